// What was said before: a list that can be searched and filtered, and one conversation open to read.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { useApp, useWords } from "../app.ts";
import { formatMoment } from "../format.ts";
import { Icon } from "../icon.tsx";
import { languageMark, visitorName } from "../inbox/names.ts";
import { useCommand, useTitle } from "../parts/hooks.ts";
import type { ConversationRecord, ConversationState } from "../rest.ts";
import { hrefOf } from "../route.ts";
import { Transcript } from "./transcript.tsx";
import { useResults, type Results } from "./results.ts";

const states: readonly ConversationState[] = ["queued", "active", "closed"];

export function History({ conversation }: { conversation: string | undefined }) {
  const app = useApp();
  const words = useWords();
  const search = useRef<HTMLInputElement>(null);
  const [query, setQuery] = useState("");
  const [state, setState] = useState("");
  const [department, setDepartment] = useState("");
  const results = useResults({ q: query.trim(), state, department });
  const is_filtered = query.trim() !== "" || state !== "" || department !== "";
  const selected = results.records.find((record) => record.id === conversation);

  useTitle(words.history.title);
  useCommand("search", () => search.current?.focus());
  const clear = useCallback(() => {
    setQuery("");
    setState("");
    setDepartment("");
  }, []);
  const step = (by: number) => {
    const at = results.records.findIndex((record) => record.id === conversation);
    const next = results.records[Math.min(results.records.length - 1, Math.max(0, at + by))];
    if (next) app.router.go({ page: "history", conversation: next.id }, "replace");
  };
  useCommand("down", () => step(1));
  useCommand("up", () => step(-1));

  return (
    <main class="desk">
      <h1 class="sr">{words.history.title}</h1>
      <section class="hist-list" aria-label={words.history.label}>
        <div class="hist-top">
          <p class="hist-t" aria-hidden="true">
            {words.history.title}
          </p>
          <label class="search">
            <Icon name="search" />
            <span class="sr">{words.common.search}</span>
            <input
              ref={search}
              type="search"
              placeholder={words.history.search}
              value={query}
              onInput={(event) => setQuery(event.currentTarget.value)}
            />
            <kbd aria-hidden="true">/</kbd>
          </label>
          <div class="filters">
            <Choice
              label={words.history.state}
              value={state}
              onChange={setState}
              options={[["", words.history.any_state], ...states.map((one) => [one, words.history.states[one]] as const)]}
            />
            <Choice
              label={words.history.department}
              value={department}
              onChange={setDepartment}
              options={[
                ["", words.history.any_department],
                ...app.directory.departments.value.map((one) => [one.key, one.name] as const),
              ]}
            />
          </div>
        </div>
        <ResultList results={results} query={query.trim()} is_filtered={is_filtered} selected={conversation} onClear={clear} />
      </section>
      {conversation === undefined ? (
        <section class="conv conv-empty" aria-label={words.history.transcript}>
          <div class="empty">
            <Icon name="history" />
            <p>{words.history.pick}</p>
          </div>
        </section>
      ) : (
        <Transcript key={conversation} id={conversation} record={selected} />
      )}
    </main>
  );
}

interface ResultListProps {
  results: Results;
  query: string;
  is_filtered: boolean;
  selected: string | undefined;
  onClear: () => void;
}

function ResultList({ results, query, is_filtered, selected, onClear }: ResultListProps) {
  const app = useApp();
  const words = useWords();
  return (
    <>
      <div class="sec-head hist-n">
        <span class="muted num" role="status">
          {results.is_loaded ? words.history.count(results.records.length, results.has_more) : ""}
        </span>
        <span class="grow" />
        <span class="muted tiny">{words.history.newest}</span>
      </div>
      <div class="list-scroll hist-scroll" tabIndex={0} role="group" aria-label={words.history.results}>
        {results.problem && <p class="empty">{app.explain(results.problem)}</p>}
        {results.is_loaded && results.records.length === 0 && !results.problem && (
          <div class="empty">
            <Icon name="search" />
            <b>{words.history.none(query)}</b>
            <p>{is_filtered ? words.history.none_help : words.history.none_yet}</p>
            {is_filtered && (
              <button type="button" class="btn" onClick={onClear}>
                {words.history.clear}
              </button>
            )}
          </div>
        )}
        <ul>
          {results.records.map((record) => (
            <Row key={record.id} record={record} is_open={record.id === selected} />
          ))}
        </ul>
        {results.has_more && (
          <button type="button" class="btn hist-more" onClick={results.loadMore}>
            {words.common.more}
          </button>
        )}
      </div>
    </>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  options: readonly (readonly [string, string])[];
}

function Choice({ label, value, onChange, options }: ChoiceProps) {
  return (
    <label class="chip choice">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {options.map(([key, name]) => (
          <option key={key} value={key}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function Row({ record, is_open }: { record: ConversationRecord; is_open: boolean }) {
  const app = useApp();
  const words = useWords();
  const name = visitorName(words, record.visitor);
  const item = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    if (is_open) item.current?.scrollIntoView({ block: "nearest" });
  }, [is_open]);

  return (
    <li>
      <a
        ref={item}
        class="hrow"
        href={hrefOf({ page: "history", conversation: record.id })}
        aria-current={is_open ? "true" : undefined}
      >
        <span class="row-a">
          <b dir="auto">{name}</b>
          {record.visitor.lang && <span class="lang">{languageMark(record.visitor.lang)}</span>}
          {record.visitor.verified && (
            <span class="vf" role="img" aria-label={words.list.verified}>
              <Icon name="verified" />
            </span>
          )}
        </span>
        <span class="side num">
          <span>{formatMoment(words.lang, record.last_at, app.clock.now.value)}</span>
          <Outcome record={record} />
        </span>
        <span class="row-b" dir="auto">
          {record.summary}
        </span>
        <span class="meta">
          {[app.directory.departmentName(record.department), ...(record.agent ? [record.agent.name] : []), ...record.tags].join(
            " · ",
          )}
        </span>
      </a>
    </li>
  );
}

function Outcome({ record }: { record: ConversationRecord }) {
  const words = useWords();
  const score = record.rating;
  if (score !== undefined) {
    return (
      <span class="stars" role="img" aria-label={words.history.rated(score)}>
        <Icon name="star" />
        {score}
      </span>
    );
  }
  if (record.state !== "closed") return <span class="chip ok">{words.history.states[record.state]}</span>;
  if (record.closed_reason === "abandoned") return <span class="lost">{words.history.gave_up}</span>;
  if (record.closed_reason === "left") return <span class="lost">{words.history.left}</span>;
  return null;
}
