// What a site is: its name, where its widget may run, and whom visitors reach there.

import { useApp, useWords } from "../app.ts";
import { SelectField, TextField, Toggle } from "./controls.tsx";
import { keyFrom } from "./pane.tsx";
import type { SitePartProps } from "./sites.tsx";

export function SiteFields({ edit, change, errorAt, is_new }: SitePartProps & { is_new: boolean }) {
  const app = useApp();
  const words = useWords();
  const departments = app.directory.departments.value;
  const offered = departments.filter((department) => edit.departments.includes(department.key));
  const error = errorAt("departments");

  const offer = (key: string, is_offered: boolean) => {
    const next = is_offered ? [...edit.departments, key] : edit.departments.filter((other) => other !== key);
    change({
      departments: next,
      first_department: next.includes(edit.first_department) ? edit.first_department : (next[0] ?? ""),
    });
  };

  return (
    <div class="cols">
      <TextField
        name="name"
        label={words.sites.name}
        value={edit.name}
        onChange={(name) =>
          change({ name, ...(is_new && edit.key === keyFrom(edit.name) ? { key: keyFrom(name) } : {}) })
        }
        error={errorAt("name")}
      />
      <TextField
        name="key"
        label={words.sites.key}
        help={words.settings.key_help}
        value={edit.key}
        onChange={(key) => change({ key })}
        error={errorAt("key")}
        disabled={!is_new}
        dir="ltr"
      />
      <TextField
        wide
        name="origins"
        label={words.sites.origins}
        help={words.sites.origins_help}
        value={edit.origins}
        onChange={(origins) => change({ origins })}
        error={errorAt("origins")}
        rows={3}
        dir="ltr"
      />
      <fieldset class="f wide">
        <legend>{words.sites.departments}</legend>
        <div class="checks">
          {departments.map((department) => (
            <label key={department.key}>
              <input
                type="checkbox"
                checked={edit.departments.includes(department.key)}
                onChange={(event) => offer(department.key, event.currentTarget.checked)}
              />
              {department.name}
            </label>
          ))}
        </div>
        {error ? (
          <p class="err" role="alert">
            {error}
          </p>
        ) : (
          <p class="help">{words.sites.departments_help}</p>
        )}
      </fieldset>
      <SelectField
        name="first_department"
        label={words.sites.first_department}
        options={offered.map((department) => [department.key, department.name] as const)}
        value={edit.first_department}
        onChange={(first_department) => change({ first_department })}
      />
      <Toggle
        label={words.sites.preview}
        help={words.sites.preview_help}
        checked={edit.typing_preview}
        onChange={(typing_preview) => change({ typing_preview })}
      />
    </div>
  );
}
