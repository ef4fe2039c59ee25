// Departments: how a chat reaches an agent there, when it is open, how far it reaches, and when a silent chat frees its place.

import { useState } from "preact/hooks";
import { useApp, useWords } from "../app.ts";
import { Field } from "../parts/field.tsx";
import { textOf, useSubmission, type Submission } from "../parts/form.ts";
import { definitions, type Department, type DepartmentDraft } from "../rest.ts";
import { hoursEditOf, hoursFault, hoursOf, type HoursEdit } from "./hours.ts";
import { HoursEditor, useOpenText } from "./hours_editor.tsx";
import { noRouting, routingEditOf, routingFault, routingOf } from "./routing.ts";
import { RoutingEditor } from "./routing_editor.tsx";
import { Editor, keyFrom, NewButton, PaneHead, ReadOnly, RowName, Table, useRole, useSaved } from "./pane.tsx";

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

export function DepartmentsPane() {
  const app = useApp();
  const words = useWords();
  const may_change = useRole() === "admin";
  const [open, setOpen] = useState<string | undefined>(undefined);
  const departments = app.directory.departments.value;
  const people = app.directory.people.value;
  const editing = departments.find((department) => department.key === open);

  return (
    <section>
      <PaneHead title={words.settings.departments}>
        {may_change && <NewButton label={words.departments.new} onClick={() => setOpen("")} />}
      </PaneHead>
      <div class="set-in">
        {!may_change && <ReadOnly text={words.settings.read_only} />}
        <Table
          label={words.settings.departments}
          heads={[
            words.departments.name,
            words.settings.key,
            words.departments.routing,
            words.hours.title,
            words.departments.idle,
            words.departments.people,
          ]}
        >
          {departments.map((department) => (
            <tr key={department.key} class={department.key === open ? "now-row" : ""}>
              <RowName open={department.key === open} onOpen={may_change ? () => setOpen(department.key) : undefined}>
                {department.name}
              </RowName>
              <td class="muted">{department.key}</td>
              <td>{department.mode === "assign" ? words.departments.assigns : words.departments.offers}</td>
              <td>
                <OpenNow department={department} />
              </td>
              <td class="num">
                {department.idle_limit_ms
                  ? words.departments.idle_after(minutesOf(department.idle_limit_ms))
                  : words.departments.idle_never}
              </td>
              <td class="num">{people.filter((person) => person.departments.includes(department.key)).length}</td>
            </tr>
          ))}
        </Table>
        {may_change && open !== undefined && (
          <DepartmentEditor key={open} department={editing} onClose={() => setOpen(undefined)} />
        )}
      </div>
    </section>
  );
}

function OpenNow({ department }: { department: Department }) {
  return <>{useOpenText(department.hours)}</>;
}

function DepartmentEditor({ department, onClose }: { department: Department | undefined; onClose: () => void }) {
  const app = useApp();
  const words = useWords();
  const saved = useSaved();
  const submission = useSubmission(["key", "name", "idle_limit_ms", "priority", "standard.threshold_ms", "standard.target_percent", "hours.tz", "hours.week", "hours.closed", "routing.stand_ins"]);
  const [hours, setHours] = useState<HoursEdit | undefined>(department?.hours ? hoursEditOf(department.hours) : undefined);
  const [reach, setReach] = useState(routingEditOf(department?.routing ?? noRouting));
  const [is_checked, setChecked] = useState(false);
  const done = () => {
    saved();
    onClose();
  };

  const save = (form: FormData) => {
    setChecked(true);
    if ((hours && hoursFault(hours)) || routingFault(reach)) return;
    const draft = { ...departmentDraft(form), hours: hours ? hoursOf(hours) : null, routing: routingOf(reach) };
    void submission.send(
      () =>
        department
          ? app.api.changeDepartment(department.key, draft)
          : app.api.addDepartment({ ...draft, key: textOf(form, "key") }),
      done,
    );
  };

  return (
    <Editor
      title={department?.name ?? words.departments.new}
      submission={submission}
      onSave={save}
      onClose={onClose}
      onRemove={department && (() => void submission.send(() => app.api.removeDepartment(department.key), done))}
    >
      <DepartmentFields department={department} submission={submission} />
      <HoursEditor
        kind="hours"
        edit={hours}
        onChange={setHours}
        is_checked={is_checked}
        error={["tz", "week", "closed"].map((part) => submission.errorAt(`hours.${part}`)).find((error) => error !== undefined)}
      />
      <RoutingEditor
        own={department?.key ?? ""}
        edit={reach}
        onChange={setReach}
        is_checked={is_checked}
        error={submission.errorAt("routing.stand_ins")}
      />
    </Editor>
  );
}

interface DepartmentFieldsProps {
  department: Department | undefined;
  submission: Submission;
}

function DepartmentFields({ department, submission }: DepartmentFieldsProps) {
  const words = useWords();
  const [key, setKey] = useState(department?.key ?? "");
  return (
    <div class="cols">
      <Field name="name" label={words.departments.name} error={submission.errorAt("name")}>
        {(control) => (
          <input
            {...control}
            class="in"
            defaultValue={department?.name}
            onInput={(event) => !department && setKey(keyFrom(event.currentTarget.value))}
          />
        )}
      </Field>
      <Field name="key" label={words.settings.key} help={words.settings.key_help} error={submission.errorAt("key")}>
        {(control) => (
          <input
            {...control}
            class="in"
            value={key}
            disabled={department !== undefined}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        )}
      </Field>
      <fieldset class="f wide">
        <legend>{words.departments.route_label}</legend>
        <div class="pick">
          {(["assign", "offer"] as const).map((mode) => (
            <label key={mode}>
              <input type="radio" name="mode" value={mode} defaultChecked={mode === (department?.mode ?? "assign")} />
              <b>{words.departments[mode]}</b>
              <span>{words.departments[`${mode}_help`]}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <Field
        name="idle_limit"
        label={words.departments.idle_limit}
        help={words.departments.idle_limit_help}
        error={submission.errorAt("idle_limit_ms")}
      >
        {(control) => (
          <div class="in-row">
            <input {...control} class="in in-n num" inputMode="numeric" defaultValue={minutesOf(department?.idle_limit_ms)} />{" "}
            {words.departments.minutes}
          </div>
        )}
      </Field>
      <Field
        name="priority"
        label={words.departments.priority}
        help={words.departments.priority_help}
        error={submission.errorAt("priority")}
      >
        {(control) => (
          <select {...control} class="in in-auto" defaultValue={String(department?.priority ?? 0)}>
            {[-2, -1, 0, 1, 2].map((priority) => (
              <option key={priority} value={String(priority)} selected={priority === (department?.priority ?? 0)}>
                {priority}
              </option>
            ))}
          </select>
        )}
      </Field>
      <StandardFields department={department} submission={submission} />
    </div>
  );
}

function StandardFields({ department, submission }: DepartmentFieldsProps) {
  const words = useWords();
  const standard = department?.standard ?? { threshold_ms: 20_000, target_percent: 80, definition: "without_short" };
  return (
    <fieldset class="f wide">
      <legend>{words.departments.standard}</legend>
      <p class="help">{words.departments.standard_help}</p>
      <div class="cols">
        <Field name="threshold" label={words.departments.threshold} error={submission.errorAt("standard.threshold_ms")}>
          {(control) => (
            <div class="in-row">
              <input {...control} class="in in-n num" inputMode="numeric" defaultValue={String(standard.threshold_ms / SECOND_MS)} />{" "}
              {words.departments.seconds}
            </div>
          )}
        </Field>
        <Field name="target" label={words.departments.target} error={submission.errorAt("standard.target_percent")}>
          {(control) => (
            <div class="in-row">
              <input {...control} class="in in-n num" inputMode="numeric" defaultValue={String(standard.target_percent)} />{" "}
              {words.departments.percent}
            </div>
          )}
        </Field>
        <Field name="definition" label={words.departments.definition}>
          {(control) => (
            <select {...control} class="in in-auto">
              {definitions.map((one) => (
                <option key={one} value={one} selected={one === standard.definition}>
                  {words.departments.definitions[one]}
                </option>
              ))}
            </select>
          )}
        </Field>
      </div>
    </fieldset>
  );
}

function departmentDraft(form: FormData): Omit<DepartmentDraft, "key" | "hours" | "routing"> {
  const minutes = Number(textOf(form, "idle_limit"));
  return {
    name: textOf(form, "name"),
    mode: form.get("mode") === "offer" ? "offer" : "assign",
    idle_limit_ms: minutes > 0 ? Math.round(minutes * MINUTE_MS) : null,
    priority: Number(textOf(form, "priority")),
    standard: {
      // What is no number is left to the server to refuse in words.
      threshold_ms: Math.round(Number(textOf(form, "threshold")) * SECOND_MS),
      target_percent: Math.round(Number(textOf(form, "target"))),
      definition: definitions.find((one) => one === form.get("definition")) ?? "without_short",
    },
  };
}

function minutesOf(span_ms: number | null | undefined): string {
  return span_ms ? String(Math.round((span_ms / MINUTE_MS) * 10) / 10) : "";
}
