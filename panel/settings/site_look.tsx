// How the widget looks, with a picture of it in both of its themes. The picture is drawn here with the same tokens, so its
// colours keep the same contrast as the widget's; the logo, which is another server's, is only shown on the site itself.

import { useWords } from "../app.ts";
import { Icon } from "../icon.tsx";
import { Field } from "../parts/field.tsx";
import { Segments, TextField } from "./controls.tsx";
import type { SiteEdit } from "./site_draft.ts";
import type { SitePartProps } from "./sites.tsx";

export function SiteLook({ edit, change, errorAt }: SitePartProps) {
  const words = useWords();
  return (
    <section class="sub" aria-labelledby="site-look">
      <h3 id="site-look">{words.sites.look}</h3>
      <div class="cols">
        <Field name="color" label={words.sites.color} help={words.sites.color_help} error={errorAt("color")}>
          {(control) => (
            <input
              {...control}
              class="in in-color"
              type="color"
              value={edit.color}
              onInput={(event) => change({ color: event.currentTarget.value })}
            />
          )}
        </Field>
        <TextField
          name="greeting"
          label={words.sites.greeting}
          optional={words.common.optional}
          value={edit.greeting}
          onChange={(greeting) => change({ greeting })}
          error={errorAt("greeting")}
        />
        <TextField
          name="widget.logo"
          label={words.sites.logo}
          optional={words.common.optional}
          help={words.sites.logo_help}
          value={edit.logo}
          onChange={(logo) => change({ logo })}
          error={errorAt("widget.logo")}
          dir="ltr"
          placeholder="https://"
        />
        <Segments
          legend={words.sites.theme}
          options={[
            ["auto", words.sites.themes.auto],
            ["light", words.sites.themes.light],
            ["dark", words.sites.themes.dark],
          ]}
          value={edit.theme}
          onChange={(theme) => change({ theme })}
        />
        <Segments
          legend={words.sites.side}
          options={[
            ["start", words.sites.sides.start],
            ["end", words.sites.sides.end],
          ]}
          value={edit.side}
          onChange={(side) => change({ side })}
          help={words.sites.side_help}
        />
        <div class="in-row in-pair">
          <TextField
            name="widget.offset.x"
            label={words.sites.offset_x}
            value={edit.offset_x}
            onChange={(offset_x) => change({ offset_x })}
            error={errorAt("widget.offset.x")}
            unit="px"
            dir="ltr"
          />
          <TextField
            name="widget.offset.y"
            label={words.sites.offset_y}
            value={edit.offset_y}
            onChange={(offset_y) => change({ offset_y })}
            error={errorAt("widget.offset.y")}
            unit="px"
            dir="ltr"
          />
        </div>
      </div>
      <Preview edit={edit} />
    </section>
  );
}

function Preview({ edit }: { edit: SiteEdit }) {
  const words = useWords();
  const themes = edit.theme === "auto" ? (["light", "dark"] as const) : [edit.theme];
  return (
    <figure class="prevs" aria-label={words.sites.preview_title}>
      {themes.map((theme) => (
        <Stage key={theme} edit={edit} theme={theme} />
      ))}
    </figure>
  );
}

/** Distances are shown at half their size, as everything here is; what would leave the picture stays at its edge. */
const SCALE = 0.5;
const SHOWN_PX_MAX = 60;

function Stage({ edit, theme }: { edit: SiteEdit; theme: "light" | "dark" }) {
  const words = useWords();
  const name = edit.name.trim() || words.sites.new;
  const shownPx = (text: string): string => `${Math.min(SHOWN_PX_MAX, Math.max(0, Number(text) || 0) * SCALE)}px`;
  const vars = { "--brand": edit.color, "--x": shownPx(edit.offset_x), "--y": shownPx(edit.offset_y) };
  return (
    <div class={`prev-stage prev-${edit.side}`} data-theme={theme} data-brand style={vars}>
      <p class="prev-theme">{words.sites.themes[theme]}</p>
      <div class="prev-win">
        <div class="prev-hello">
          <p class="prev-site">
            <span class="prev-logo" aria-hidden="true">
              {[...name][0]}
            </span>
            <span dir="auto">{name}</span>
          </p>
          <p class="prev-lead" dir="auto">
            {edit.greeting.trim() || words.sites.preview_lead}
          </p>
        </div>
        <p class="prev-btn">{words.sites.preview_button}</p>
      </div>
      <span class="prev-launch">
        <Icon name="balie" />
      </span>
    </div>
  );
}
