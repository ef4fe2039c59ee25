// One's own account: name, password, where one is signed in, and what this browser does.

import { useCallback, useEffect, useState } from "preact/hooks";
import { useApp, useWords } from "../app.ts";
import { formatMoment } from "../format.ts";
import { PASSWORD_CHARACTERS_MIN } from "../gate/password.ts";
import { Field } from "../parts/field.tsx";
import { textOf, useSubmission } from "../parts/form.ts";
import { NewPassword } from "../parts/new_password.tsx";
import type { Preferences } from "../preferences.ts";
import type { SessionRecord } from "../rest.ts";
import { PaneHead } from "./pane.tsx";

export function AccountPane() {
  const words = useWords();
  return (
    <section>
      <PaneHead title={words.settings.account} />
      <div class="set-in set-narrow">
        <NameForm />
        <PreferencesForm />
        <PasswordForm />
        <Sessions />
      </div>
    </section>
  );
}

function NameForm() {
  const app = useApp();
  const words = useWords();
  const submission = useSubmission(["name"]);
  const session = app.session.value;
  if (session.kind !== "signed_in") return null;

  const save = (event: SubmitEvent) => {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement)) return;
    const name = textOf(new FormData(event.currentTarget), "name");
    void submission.send(
      () => app.api.renameMe(name),
      () => {
        app.session.value = { kind: "signed_in", me: { ...session.me, name } };
        app.toast.value = { text: words.common.saved };
        void app.directory.reload();
      },
    );
  };

  return (
    <form class="panel form" onSubmit={save} aria-label={words.account.name}>
      {submission.message && <p role="alert">{submission.message}</p>}
      <Field name="name" label={words.account.name} help={session.me.email} error={submission.errorAt("name")}>
        {(control) => <input {...control} class="in" defaultValue={session.me.name} autocomplete="name" />}
      </Field>
      <div class="form-act">
        <button type="submit" class="btn btn-p" disabled={submission.busy}>
          {words.common.save}
        </button>
      </div>
    </form>
  );
}

function PasswordForm() {
  const app = useApp();
  const words = useWords();
  const submission = useSubmission(["current", "new"]);
  const [round, setRound] = useState(0);

  const save = (event: SubmitEvent) => {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement)) return;
    const form = new FormData(event.currentTarget);
    const next = String(form.get("new") ?? "");
    const missing = PASSWORD_CHARACTERS_MIN - [...next].length;
    if (missing > 0) return submission.refuse("new", words.gate.password_short(missing));
    void submission.send(
      () => app.api.changePassword(String(form.get("current") ?? ""), next),
      () => {
        app.toast.value = { text: words.account.changed };
        setRound(round + 1);
      },
    );
  };

  return (
    <form key={round} class="panel form" onSubmit={save} aria-label={words.account.password} noValidate>
      <h2>{words.account.password}</h2>
      {submission.message && <p role="alert">{submission.message}</p>}
      <Field name="current" label={words.account.current} error={submission.errorAt("current")}>
        {(control) => <input {...control} class="in" type="password" autocomplete="current-password" />}
      </Field>
      <NewPassword name="new" label={words.account.next} error={submission.errorAt("new")} onMend={submission.clear} />
      <div class="form-act">
        <button type="submit" class="btn btn-p" disabled={submission.busy}>
          {words.account.change}
        </button>
      </div>
    </form>
  );
}

function Sessions() {
  const app = useApp();
  const words = useWords();
  const [sessions, setSessions] = useState<SessionRecord[]>([]);
  const submission = useSubmission([]);
  const now = app.clock.now.value;

  const reload = useCallback(async () => {
    const answer = await app.api.sessions();
    if (answer.ok) setSessions(answer.value.sessions);
  }, [app]);
  useEffect(() => void reload(), [reload]);

  return (
    <section class="panel form" aria-label={words.account.sessions}>
      <h2>{words.account.sessions}</h2>
      {submission.message && <p role="alert">{submission.message}</p>}
      <ul class="sessions">
        {sessions.map((session) => (
          <li key={session.id}>
            <span>
              {words.account.session_since(formatMoment(words.lang, session.created_at, now))},{" "}
              {words.account.session_seen(formatMoment(words.lang, session.seen_at, now))}{" "}
              {session.current && <span class="chip ok">{words.account.session_here}</span>}
            </span>
            {!session.current && (
              <button
                type="button"
                class="link"
                onClick={() =>
                  void submission.send(
                    () => app.api.endSession(session.id),
                    () => void reload(),
                  )
                }
              >
                {words.account.session_end}
              </button>
            )}
          </li>
        ))}
      </ul>
      <div class="form-act">
        <button
          type="button"
          class="btn"
          onClick={() =>
            void submission.send(
              () => app.api.endAllSessions(),
              () => void app.signOut(),
            )
          }
        >
          {words.account.everywhere}
        </button>
      </div>
    </section>
  );
}

function PreferencesForm() {
  const app = useApp();
  const words = useWords();
  const preferences = app.preferences.value;
  const toggles = [
    ["letter_keys", words.account.letters, words.account.letters_help],
    ["enter_sends", words.account.enter, words.account.enter_help],
    ["sound", words.account.sound, words.account.sound_help],
    ["hints", words.account.hints, words.account.hints_help],
  ] as const satisfies readonly (readonly [keyof Preferences, string, string])[];

  return (
    <section class="panel form" aria-label={words.account.preferences}>
      <h2>{words.account.preferences}</h2>
      <Field name="language" label={words.account.language}>
        {(control) => (
          <select
            {...control}
            class="in"
            onChange={(event) => {
              const language = event.currentTarget.value;
              if (language === "en" || language === "nl" || language === "auto") app.changePreferences({ language });
            }}
          >
            {(["auto", "en", "nl"] as const).map((language) => (
              <option key={language} value={language} selected={language === preferences.language}>
                {words.account.languages[language]}
              </option>
            ))}
          </select>
        )}
      </Field>
      {toggles.map(([name, label, help]) => (
        <label key={name} class="sw">
          <input
            type="checkbox"
            role="switch"
            checked={preferences[name]}
            onChange={(event) => app.changePreferences({ [name]: event.currentTarget.checked })}
          />
          <span>
            <b>{label}</b>
            <br />
            <span class="muted">{help}</span>
          </span>
        </label>
      ))}
    </section>
  );
}
