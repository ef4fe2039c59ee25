// Which of the panel's faces is shown: setting up, signing in, or the desk.

import { useApp, useWords } from "./app.ts";
import { Gate, GateAlert } from "./gate/gate.tsx";
import { Login } from "./gate/login.tsx";
import { Setup } from "./gate/setup.tsx";
import { Shell } from "./shell.tsx";

export function Root({ begin }: { begin: () => void }) {
  const app = useApp();
  const words = useWords();
  const session = app.session.value;
  switch (session.kind) {
    case "starting":
      return null;
    case "setup":
      return <Setup token={session.token} />;
    case "login":
      return <Login reason={session.reason} />;
    case "unreachable":
      return (
        <Gate title={words.gate.login_title} lead={words.gate.login_lead} quote={words.gate.login_quote}>
          <GateAlert title={words.problem.network} />
          <button type="button" class="btn btn-p btn-l" onClick={begin}>
            {words.common.retry}
          </button>
        </Gate>
      );
    case "signed_in":
      // A moment passes between the answer to "who am I" and the desk that is made of it.
      return app.desk.value ? <Shell /> : null;
  }
}
