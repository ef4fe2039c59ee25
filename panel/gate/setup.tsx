// First run: whoever holds the one-time link names the first administrator.

import { useApp, useWords } from "../app.ts";
import { Field } from "../parts/field.tsx";
import { textOf, useSubmission } from "../parts/form.ts";
import { NewPassword } from "../parts/new_password.tsx";
import { Gate, GateAlert } from "./gate.tsx";
import { PASSWORD_CHARACTERS_MIN } from "./password.ts";

export function Setup({ token }: { token: string }) {
  const app = useApp();
  const words = useWords();
  const submission = useSubmission(["name", "email", "password"]);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement) || submission.busy) return;
    const form = new FormData(event.currentTarget);
    const name = textOf(form, "name");
    const email = textOf(form, "email");
    const password = String(form.get("password") ?? "");
    if (name === "") return submission.refuse("name", words.gate.missing_name);
    if (!/^\S+@\S+$/u.test(email)) return submission.refuse("email", words.gate.missing_email);
    const missing = PASSWORD_CHARACTERS_MIN - [...password].length;
    if (missing > 0) return submission.refuse("password", words.gate.password_short(missing));
    if (await submission.send(() => app.api.setup({ token, name, email, password }))) await app.signIn();
  };

  return (
    <Gate
      title={words.gate.setup_title}
      lead={words.gate.setup_lead}
      quote={words.gate.setup_quote}
      foot={words.gate.setup_stays}
    >
      {submission.message && <GateAlert title={submission.message} />}
      <form onSubmit={(event) => void submit(event)} noValidate>
        <Field name="name" label={words.gate.name} error={submission.errorAt("name")}>
          {(control) => <input {...control} class="in" autocomplete="name" autofocus />}
        </Field>
        <Field name="email" label={words.gate.email} error={submission.errorAt("email")}>
          {(control) => <input {...control} class="in" type="email" autocomplete="username" dir="ltr" />}
        </Field>
        <NewPassword name="password" label={words.gate.password} error={submission.errorAt("password")} onMend={submission.clear} />
        <button type="submit" class="btn btn-p btn-l" disabled={submission.busy}>
          {words.gate.setup_button}
        </button>
      </form>
    </Gate>
  );
}
