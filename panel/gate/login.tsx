// Signing in, and the words for why one has to.

import { useApp, useWords, type Session } from "../app.ts";
import type { Problem } from "../api.ts";
import { useState } from "preact/hooks";
import { Field } from "../parts/field.tsx";
import { textOf } from "../parts/form.ts";
import { Gate, GateAlert } from "./gate.tsx";

type Reason = Extract<Session, { kind: "login" }>["reason"];

export function Login({ reason }: { reason: Reason }) {
  const app = useApp();
  const words = useWords();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | undefined>(undefined);
  const [missing, setMissing] = useState<"email" | "password" | undefined>(undefined);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement) || busy) return;
    const form = new FormData(event.currentTarget);
    const email = textOf(form, "email");
    const password = String(form.get("password") ?? "");
    setProblem(undefined);
    setMissing(email === "" ? "email" : password === "" ? "password" : undefined);
    if (email === "" || password === "") return;
    setBusy(true);
    const answer = await app.api.login({ email, password });
    if (answer.ok) await app.signIn();
    else setProblem(answer.problem);
    setBusy(false);
  };

  return (
    <Gate
      title={words.gate.login_title}
      lead={words.gate.login_lead}
      quote={words.gate.login_quote}
      foot={words.gate.login_forgotten}
    >
      {problem ? <LoginAlert problem={problem} /> : <ReasonAlert reason={reason} />}
      <form onSubmit={(event) => void submit(event)} noValidate>
        <Field name="email" label={words.gate.email} error={missing === "email" ? words.gate.missing_email : undefined}>
          {(control) => <input {...control} class="in" type="email" autocomplete="username" dir="ltr" autofocus />}
        </Field>
        <Field
          name="password"
          label={words.gate.password}
          error={missing === "password" ? words.gate.missing_password : undefined}
        >
          {(control) => <input {...control} class="in" type="password" autocomplete="current-password" />}
        </Field>
        <button type="submit" class="btn btn-p btn-l" disabled={busy}>
          {words.gate.login_button}
        </button>
      </form>
    </Gate>
  );
}

function LoginAlert({ problem }: { problem: Problem }) {
  const app = useApp();
  const words = useWords();
  if (problem.status === 401) return <GateAlert title={words.gate.login_wrong} text={words.gate.login_wrong_help} />;
  return <GateAlert title={app.explain(problem)} />;
}

function ReasonAlert({ reason }: { reason: Reason }) {
  const words = useWords();
  switch (reason) {
    case "signed_out":
      return <GateAlert mild title={words.gate.signed_out} />;
    case "ended":
      return <GateAlert mild title={words.gate.signed_out_elsewhere} />;
    case "setup_used":
      return <GateAlert mild title={words.gate.setup_used_title} text={words.gate.setup_used_lead} />;
    case "setup_needed":
      return <GateAlert mild title={words.gate.setup_needed} />;
    case undefined:
      return null;
  }
}
