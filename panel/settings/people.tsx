// People: who works here, what they may do and can do, which departments they serve, how many chats at a time, and when they
// mean to work.

import { useState } from "preact/hooks";
import type { Answer } from "../api.ts";
import { useApp, useWords } from "../app.ts";
import { Icon } from "../icon.tsx";
import { Avatar } from "../parts/avatar.tsx";
import { Field } from "../parts/field.tsx";
import { textOf, useSubmission, type Submission } from "../parts/form.ts";
import { NewPassword } from "../parts/new_password.tsx";
import { StatusDot } from "../parts/status.tsx";
import type { Hours, Person, PersonDraft, Role } from "../rest.ts";
import { hoursEditOf, hoursFault, hoursOf, type HoursEdit } from "./hours.ts";
import { HoursEditor, useOpenText } from "./hours_editor.tsx";
import { Checks, Editor, NewButton, PaneHead, ReadOnly, RowName, Table, useRole, useSaved } from "./pane.tsx";
import { areSkills, skillsOf } from "./routing.ts";

const CAPACITY_MAX = 100;
const roles: readonly Role[] = ["agent", "supervisor", "admin"];

export function PeoplePane() {
  const app = useApp();
  const words = useWords();
  const my_role = useRole();
  const may_change = my_role !== "agent";
  // A supervisor manages agents, an administrator everybody.
  const may_edit = (person: Person) => my_role === "admin" || (my_role === "supervisor" && person.role === "agent");
  const [open, setOpen] = useState<string | undefined>(undefined);
  const [query, setQuery] = useState("");
  const people = app.directory.people.value;
  const found = people.filter((person) => `${person.name} ${person.email ?? ""}`.toLowerCase().includes(query.toLowerCase()));
  const editing = people.find((person) => person.id === open);

  return (
    <section>
      <PaneHead title={words.settings.people}>
        <label class="search hide-s">
          <Icon name="search" />
          <span class="sr">{words.people.find}</span>
          <input
            type="search"
            placeholder={words.people.find}
            value={query}
            onInput={(event) => setQuery(event.currentTarget.value)}
          />
        </label>
        {may_change && <NewButton label={words.people.new} onClick={() => setOpen("")} />}
      </PaneHead>
      <div class="set-in">
        {!may_change && <ReadOnly text={words.settings.read_only_supervisor} />}
        <Table
          label={words.settings.people}
          heads={[
            words.people.name,
            words.people.role,
            words.people.departments,
            words.people.capacity,
            words.people.status,
            words.shifts.title,
          ]}
        >
          {found.map((person) => (
            <tr key={person.id} class={person.id === open ? "now-row" : ""}>
              <RowName open={person.id === open} onOpen={may_edit(person) ? () => setOpen(person.id) : undefined}>
                <span class="who">
                  <Avatar id={person.id} name={person.name} size="s" />
                  {person.name}
                </span>
              </RowName>
              <td>{words.names.roles[person.role]}</td>
              <td>{person.departments.map((key) => app.directory.departmentName(key)).join(", ") || words.people.none}</td>
              <td class="num">{person.capacity}</td>
              <td>
                <span class="state">
                  <StatusDot status={person.status} />
                  {words.status[person.status]}
                </span>
              </td>
              <td>
                <ShiftNow rota={app.directory.rotas.value.get(person.id) ?? null} />
              </td>
            </tr>
          ))}
        </Table>
        {may_change && open !== undefined && <PersonEditor key={open} person={editing} onClose={() => setOpen(undefined)} />}
      </div>
    </section>
  );
}

function ShiftNow({ rota }: { rota: Hours | null }) {
  return <>{useOpenText(rota, "shifts")}</>;
}

function PersonEditor({ person, onClose }: { person: Person | undefined; onClose: () => void }) {
  const app = useApp();
  const words = useWords();
  const saved = useSaved();
  const submission = useSubmission(["name", "email", "role", "capacity", "skills", "password", "tz", "week", "closed"]);
  const known = person && app.directory.rotas.value.get(person.id);
  const [rota, setRota] = useState<HoursEdit | undefined>(known && hoursEditOf(known));
  const [is_checked, setChecked] = useState(false);
  const session = app.session.value;
  const offered = useRole() === "admin" ? roles : roles.slice(0, 1);
  const is_me = session.kind === "signed_in" && session.me.id === person?.id;
  const done = () => {
    saved();
    onClose();
  };

  const save = (form: FormData) => {
    setChecked(true);
    if (rota && hoursFault(rota)) return undefined;
    const draft = personDraft(form, offered);
    if (!Number.isInteger(draft.capacity) || draft.capacity < 0 || draft.capacity > CAPACITY_MAX) {
      return submission.refuse("capacity", words.people.capacity_wrong);
    }
    if (!areSkills(draft.skills)) return submission.refuse("skills", words.people.skills_wrong);
    const password = String(form.get("password") ?? "");
    const change = { ...draft, ...(password === "" ? {} : { password }) };
    const send = async (): Promise<Answer<unknown>> => {
      if (!person) return app.api.addPerson({ ...draft, password });
      const changed = await app.api.changePerson(person.id, change);
      const has_rota = rota !== undefined || known !== undefined;
      return changed.ok && has_rota ? app.api.planPerson(person.id, rota && hoursOf(rota)) : changed;
    };
    return void submission.send(send, done);
  };

  return (
    <Editor
      title={person?.name ?? words.people.new}
      submission={submission}
      onSave={save}
      onClose={onClose}
      onRemove={person && !is_me ? () => void submission.send(() => app.api.removePerson(person.id), done) : undefined}
    >
      <PersonFields person={person} is_me={is_me} offered={offered} submission={submission} />
      {person && (
        <HoursEditor
          kind="shifts"
          edit={rota}
          onChange={setRota}
          is_checked={is_checked}
          error={["tz", "week", "closed"].map((part) => submission.errorAt(part)).find((error) => error !== undefined)}
        />
      )}
    </Editor>
  );
}

interface PersonFieldsProps {
  person: Person | undefined;
  is_me: boolean;
  /** The roles that one may give. */
  offered: readonly Role[];
  submission: Submission;
}

function PersonFields({ person, is_me, offered, submission }: PersonFieldsProps) {
  const app = useApp();
  const words = useWords();
  return (
    <div class="cols">
      <Field name="name" label={words.people.name} error={submission.errorAt("name")}>
        {(control) => <input {...control} class="in" defaultValue={person?.name} autocomplete="off" />}
      </Field>
      <Field name="email" label={words.people.email} error={submission.errorAt("email")}>
        {(control) => <input {...control} class="in" type="email" dir="ltr" defaultValue={person?.email} autocomplete="off" />}
      </Field>
      <Field name="role" label={words.people.role} error={submission.errorAt("role")}>
        {(control) => (
          <select {...control} class="in">
            {offered.map((role) => (
              <option key={role} value={role} selected={role === (person?.role ?? "agent")}>
                {words.names.roles[role]}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field
        name="capacity"
        label={words.people.capacity}
        help={words.people.capacity_help}
        error={submission.errorAt("capacity")}
      >
        {(control) => <input {...control} class="in in-n num" inputMode="numeric" defaultValue={String(person?.capacity ?? 3)} />}
      </Field>
      <Checks
        legend={words.people.departments}
        name="departments"
        options={app.directory.departments.value.map((department) => ({ value: department.key, label: department.name }))}
        chosen={person?.departments ?? app.directory.departments.value.slice(0, 1).map((department) => department.key)}
      />
      <Field name="skills" label={words.people.skills} help={words.people.skills_help} error={submission.errorAt("skills")} wide>
        {(control) => <input {...control} class="in" defaultValue={person?.skills.join(", ")} autocomplete="off" autocapitalize="off" spellcheck={false} />}
      </Field>
      {!person && <NewPassword name="password" label={words.people.password} error={submission.errorAt("password")} onMend={submission.clear} />}
      {person && !is_me && (
        <Field
          name="password"
          label={words.people.new_password}
          help={words.people.new_password_help}
          error={submission.errorAt("password")}
        >
          {(control) => <input {...control} class="in" type="password" autocomplete="new-password" />}
        </Field>
      )}
    </div>
  );
}

function personDraft(form: FormData, offered: readonly Role[]): Omit<PersonDraft, "password"> {
  return {
    name: textOf(form, "name"),
    email: textOf(form, "email"),
    role: offered.find((role) => role === form.get("role")) ?? "agent",
    capacity: Number(textOf(form, "capacity") || Number.NaN),
    departments: form.getAll("departments").map(String),
    skills: skillsOf(textOf(form, "skills")),
  };
}
