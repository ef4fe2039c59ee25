// What is said beside the launcher before anybody opens it: rules in order, of which the first that fits speaks.

import { useWords } from "../app.ts";
import { Icon } from "../icon.tsx";
import { RuleActions, SelectField, TextField } from "./controls.tsx";
import { emptyGreeting, type GreetingEdit } from "./site_draft.ts";
import type { SitePartProps } from "./sites.tsx";

/** The server's limit. */
const GREETINGS_MAX = 20;

export function SiteGreetings({ edit, change, errorAt }: SitePartProps) {
  const words = useWords();
  const { greetings } = edit;
  const set = (at: number, part: Partial<GreetingEdit>) =>
    change({ greetings: greetings.map((greeting, index) => (index === at ? { ...greeting, ...part } : greeting)) });
  const moved = (at: number) => {
    const next = [...greetings];
    next.splice(at - 1, 0, ...next.splice(at, 1));
    return next;
  };

  return (
    <section class="sub" aria-labelledby="site-greetings">
      <h3 id="site-greetings">{words.sites.greetings}</h3>
      <p class="muted">{words.sites.greetings_help}</p>
      <ol class="rules">
        {greetings.map((greeting, at) => (
          <li key={at} class="rule" aria-label={words.sites.greeting_n(at + 1)}>
            <div class="rule-in">
              <TextField
                wide
                name={`widget.greetings[${at}].text`}
                label={words.sites.greeting_text}
                value={greeting.text}
                onChange={(text) => set(at, { text })}
                error={errorAt(`widget.greetings[${at}].text`)}
              />
              <TextField
                name={`widget.greetings[${at}].page`}
                label={words.sites.greeting_page}
                optional={words.common.optional}
                value={greeting.page}
                onChange={(page) => set(at, { page })}
                error={errorAt(`widget.greetings[${at}].page`)}
                dir="ltr"
                placeholder="/checkout"
              />
              <SelectField
                name={`widget.greetings[${at}].visitor`}
                label={words.sites.greeting_for}
                options={(["any", "new", "returning"] as const).map((who) => [who, words.sites.greeted[who]])}
                value={greeting.visitor}
                onChange={(visitor) => set(at, { visitor })}
              />
              <TextField
                name={`widget.greetings[${at}].after_ms`}
                label={words.sites.greeting_after}
                optional={words.common.optional}
                value={greeting.after_s}
                onChange={(after_s) => set(at, { after_s })}
                error={errorAt(`widget.greetings[${at}].after_ms`)}
                unit={words.sites.seconds}
                dir="ltr"
              />
              <TextField
                name={`widget.greetings[${at}].scroll_percent`}
                label={words.sites.greeting_scroll}
                optional={words.common.optional}
                value={greeting.scroll_percent}
                onChange={(scroll_percent) => set(at, { scroll_percent })}
                error={errorAt(`widget.greetings[${at}].scroll_percent`)}
                unit="%"
                dir="ltr"
              />
            </div>
            <RuleActions
              name={words.sites.greeting_n(at + 1)}
              onUp={at === 0 ? undefined : () => change({ greetings: moved(at) })}
              onRemove={() => change({ greetings: greetings.filter((_, index) => index !== at) })}
            />
          </li>
        ))}
      </ol>
      <button
        type="button"
        class="btn btn-add"
        disabled={greetings.length >= GREETINGS_MAX}
        onClick={() => change({ greetings: [...greetings, emptyGreeting] })}
      >
        <Icon name="plus" />
        {words.sites.add_greeting}
      </button>
    </section>
  );
}
