// How far a department reaches: the visitor's language, needs that relax, how many may wait, and who stands in for it.

import { useApp, useWords } from "../app.ts";
import { RuleActions, SelectField, TextField, Toggle } from "./controls.tsx";
import { routingFault, type RoutingEdit, type RoutingField } from "./routing.ts";

const STAND_INS_MAX = 8;

export interface RoutingEditorProps {
  /** The department itself, which cannot stand in for itself; empty while it is new. */
  own: string;
  edit: RoutingEdit;
  onChange: (edit: RoutingEdit) => void;
  /** Somebody tried to save: faults are shown. */
  is_checked: boolean;
  /** What the server refused. */
  error: string | undefined;
}

export function RoutingEditor({ own, edit, onChange, is_checked, error }: RoutingEditorProps) {
  const words = useWords().reach;
  const fault = is_checked ? routingFault(edit) : undefined;
  const faultAt = (field: RoutingField) => (fault === field ? words.faults[field] : undefined);
  return (
    <section class="sub wide" aria-labelledby="reach">
      <h3 id="reach">{words.title}</h3>
      <Toggle label={words.speaks} help={words.speaks_help} checked={edit.speaks} onChange={(speaks) => onChange({ ...edit, speaks })} />
      <div class="cols">
        <TextField
          name="steps"
          label={words.steps}
          help={words.steps_help}
          value={edit.steps}
          error={faultAt("steps")}
          onChange={(steps) => onChange({ ...edit, steps })}
        />
        <TextField
          name="queue_max"
          label={words.queue_max}
          help={words.queue_max_help}
          unit={words.visitors}
          value={edit.queue_max}
          error={faultAt("queue_max")}
          onChange={(queue_max) => onChange({ ...edit, queue_max })}
        />
      </div>
      <StandIns own={own} edit={edit} onChange={onChange} />
      {edit.stand_ins.length > 0 && (
        <div class="cols">
          <TextField
            name="overflow"
            label={words.overflow}
            help={words.overflow_help}
            unit={words.minutes}
            value={edit.overflow}
            error={faultAt("overflow")}
            onChange={(overflow) => onChange({ ...edit, overflow })}
          />
        </div>
      )}
      {error && (
        <p class="err" role="alert">
          {error}
        </p>
      )}
    </section>
  );
}

function StandIns({ own, edit, onChange }: Pick<RoutingEditorProps, "own" | "edit" | "onChange">) {
  const app = useApp();
  const words = useWords().reach;
  const { stand_ins } = edit;
  const change = (changed: readonly string[]) => onChange({ ...edit, stand_ins: changed });
  const others = app.directory.departments.value.filter(({ key }) => key !== own && !stand_ins.includes(key));
  return (
    <fieldset class="f wide">
      <legend>{words.stand_ins}</legend>
      <p class="help">{words.stand_ins_help}</p>
      {stand_ins.length > 0 && (
        <ol class="rules">
          {stand_ins.map((key, index) => (
            <li key={key} class="rule rule-line">
              <span>{app.directory.departmentName(key)}</span>
              <RuleActions
                name={app.directory.departmentName(key)}
                onUp={index === 0 ? undefined : () => change(stand_ins.toSpliced(index - 1, 2, key, stand_ins[index - 1] ?? key))}
                onRemove={() => change(stand_ins.filter((other) => other !== key))}
              />
            </li>
          ))}
        </ol>
      )}
      {others.length > 0 && stand_ins.length < STAND_INS_MAX && (
        <SelectField
          name="stand_in"
          label={words.add}
          options={[["", words.nobody] as const, ...others.map(({ key, name }) => [key, name] as const)]}
          value=""
          onChange={(key) => key !== "" && change([...stand_ins, key])}
        />
      )}
    </fieldset>
  );
}
