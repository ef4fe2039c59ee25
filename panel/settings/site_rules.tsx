// What the widget does: when it connects, what visitors may attach, what they agree to, and when a wait is called long.

import { useWords } from "../app.ts";
import { Segments, TextField, Toggle } from "./controls.tsx";
import { fileKinds, type FileKind } from "./site_draft.ts";
import type { SitePartProps } from "./sites.tsx";

const kinds = Object.keys(fileKinds).filter((name): name is FileKind => name in fileKinds);

export function SiteRules(props: SitePartProps) {
  const { edit, change, errorAt } = props;
  const words = useWords();
  return (
    <section class="sub" aria-labelledby="site-rules">
      <h3 id="site-rules">{words.sites.rules}</h3>
      <div class="cols">
        <Segments
          legend={words.sites.connect}
          options={[
            ["open", words.sites.connects.open],
            ["load", words.sites.connects.load],
          ]}
          value={edit.connect}
          onChange={(connect) => change({ connect })}
          help={words.sites.connect_help[edit.connect]}
        />
        <TextField
          name="widget.long_wait_ms"
          label={words.sites.long_wait}
          help={words.sites.long_wait_help}
          value={edit.long_wait_min}
          onChange={(long_wait_min) => change({ long_wait_min })}
          error={errorAt("widget.long_wait_ms")}
          unit={words.departments.minutes}
          dir="ltr"
        />
        <Toggle label={words.sites.uploads} checked={edit.uploads} onChange={(uploads) => change({ uploads })} />
        {edit.uploads && <UploadRules {...props} />}
        <Toggle
          label={words.sites.consents}
          help={words.sites.consents_help}
          checked={edit.consents}
          onChange={(consents) => change({ consents })}
        />
        {edit.consents && <ConsentRules {...props} />}
      </div>
    </section>
  );
}

function UploadRules({ edit, change, errorAt }: SitePartProps) {
  const words = useWords();
  return (
    <>
      <fieldset class="f wide">
        <legend>{words.sites.file_kinds}</legend>
        <div class="checks">
          {kinds.map((kind) => (
            <label key={kind}>
              <input
                type="checkbox"
                checked={edit.kinds.includes(kind)}
                onChange={(event) =>
                  change({
                    kinds: event.currentTarget.checked
                      ? [...edit.kinds, kind]
                      : edit.kinds.filter((other) => other !== kind),
                  })
                }
              />
              {words.sites.files[kind]}
            </label>
          ))}
        </div>
      </fieldset>
      <TextField
        name="widget.uploads.types"
        label={words.sites.other_types}
        optional={words.common.optional}
        help={words.sites.other_types_help}
        value={edit.other_types}
        onChange={(other_types) => change({ other_types })}
        error={errorAt("widget.uploads.types")}
        dir="ltr"
      />
      <TextField
        name="widget.uploads.bytes_max"
        label={words.sites.upload_max}
        help={words.sites.upload_max_help}
        value={edit.upload_mb}
        onChange={(upload_mb) => change({ upload_mb })}
        error={errorAt("widget.uploads.bytes_max")}
        unit="MB"
        dir="ltr"
      />
    </>
  );
}

function ConsentRules({ edit, change, errorAt }: SitePartProps) {
  const words = useWords();
  return (
    <>
      <TextField
        wide
        name="widget.consent.text"
        label={words.sites.consent_text}
        value={edit.consent_text}
        onChange={(consent_text) => change({ consent_text })}
        error={errorAt("widget.consent.text")}
        rows={2}
      />
      <TextField
        name="widget.consent.url"
        label={words.sites.consent_url}
        optional={words.common.optional}
        value={edit.consent_url}
        onChange={(consent_url) => change({ consent_url })}
        error={errorAt("widget.consent.url")}
        dir="ltr"
        placeholder="https://"
      />
      <Toggle
        label={words.sites.consent_required}
        help={words.sites.consent_required_help}
        checked={edit.consent_required}
        onChange={(consent_required) => change({ consent_required })}
      />
    </>
  );
}
