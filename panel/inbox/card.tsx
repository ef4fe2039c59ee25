// What is known of the visitor: a column on a wide screen, a drawer on a middle one, a sheet on a phone.

import { useEffect, useState } from "preact/hooks";
import { useApp, useWords } from "../app.ts";
import { formatLanguage, formatLocalTime, formatMoment } from "../format.ts";
import { Icon } from "../icon.tsx";
import { Avatar } from "../parts/avatar.tsx";
import type { ConversationRecord } from "../rest.ts";
import { hrefOf } from "../route.ts";
import type { Chat } from "../state/model.ts";
import { visitorName } from "./names.ts";

const EARLIER_MAX = 5;

export function Card({ chat, open, onClose }: { chat: Chat | undefined; open: boolean; onClose: () => void }) {
  const words = useWords();
  return (
    <aside class={open ? "card is-open" : "card"} aria-label={words.card.label}>
      <button type="button" class="sheet-x icon-btn" aria-label={words.card.close} onClick={onClose}>
        <Icon name="x" />
      </button>
      {chat ? <CardBody key={chat.id} chat={chat} /> : <p class="muted card-none">{words.card.none}</p>}
    </aside>
  );
}

function CardBody({ chat }: { chat: Chat }) {
  const words = useWords();
  const { visitor } = chat;
  const name = visitorName(words, visitor);
  return (
    <>
      <header class="card-head">
        <Avatar id={visitor.id} name={visitor.name} size="xl" />
        <div>
          <h2 dir="auto">{name}</h2>
          {visitor.verified ? (
            <p class="vf-line">
              <Icon name="verified" />
              <span>{words.card.signed_in}</span>
            </p>
          ) : (
            <p class="muted tiny">{words.card.not_verified}</p>
          )}
        </div>
      </header>
      <div class="card-scroll" tabIndex={0} role="group" aria-label={words.card.scroll}>
        <PageNow chat={chat} />
        <Facts chat={chat} />
        <FormAnswers chat={chat} />
        <Earlier chat={chat} />
      </div>
    </>
  );
}

function PageNow({ chat }: { chat: Chat }) {
  const words = useWords();
  const page = chat.visitor.page;
  if (!page) return null;
  return (
    <section class="blk" aria-label={words.card.page_now}>
      <h3>{words.card.page_now}</h3>
      <div class="now">
        <span class="dot live" aria-hidden="true" />
        <div>
          <p class="now-t" dir="auto">
            {page.title || page.url}
          </p>
          <p class="muted url" dir="ltr" title={page.url}>
            {pathOf(page.url)}
          </p>
        </div>
      </div>
    </section>
  );
}

function Facts({ chat }: { chat: Chat }) {
  const app = useApp();
  const words = useWords();
  const { visitor } = chat;
  const queued = chat.timeline.events.find((event) => event.kind === "queued");
  const needs = queued?.kind === "queued" ? queued.needs : [];
  const local_time = visitor.tz && formatLocalTime(words.lang, visitor.tz, app.clock.now.value);
  return (
    <section class="blk">
      <h3>{words.card.facts}</h3>
      <dl class="facts">
        {visitor.email && <Fact term={words.card.email}>{visitor.email}</Fact>}
        {visitor.lang && <Fact term={words.card.language}>{formatLanguage(words.lang, visitor.lang)}</Fact>}
        {local_time && (
          <Fact term={words.card.local_time}>
            <span class="num">{local_time}</span> <span class="muted">{placeOf(visitor.tz)}</span>
          </Fact>
        )}
        <Fact term={words.card.department}>{app.directory.departmentName(chat.department)}</Fact>
        {needs.length > 0 && <Fact term={words.card.needs}>{needs.join(", ")}</Fact>}
        {Object.entries(visitor.attributes ?? {}).map(([key, attribute]) => (
          <Fact key={key} term={key}>
            {attribute.value} {attribute.signed && <span class="sr">({words.card.signed})</span>}
            {attribute.signed && (
              <span class="vf" aria-hidden="true">
                <Icon name="verified" />
              </span>
            )}
          </Fact>
        ))}
      </dl>
    </section>
  );
}

function Fact({ term, children }: { term: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd dir="auto">{children}</dd>
    </div>
  );
}

/** What the visitor filled in before the chat, apart from what stands above already. */
function FormAnswers({ chat }: { chat: Chat }) {
  const words = useWords();
  const queued = chat.timeline.events.find((event) => event.kind === "queued");
  const fields = queued?.kind === "queued" ? Object.entries(queued.fields) : [];
  const shown = fields.filter(([key, value]) => value !== "" && key !== "name" && key !== "email");
  if (shown.length === 0) return null;
  return (
    <section class="blk">
      <h3>{words.card.form}</h3>
      <dl class="facts">
        {shown.map(([key, value]) => (
          <Fact key={key} term={key}>
            {value}
          </Fact>
        ))}
      </dl>
    </section>
  );
}

function Earlier({ chat }: { chat: Chat }) {
  const app = useApp();
  const words = useWords();
  const [earlier, setEarlier] = useState<ConversationRecord[] | undefined>(undefined);

  useEffect(() => {
    let is_current = true;
    void app.api.conversations({ visitor: chat.visitor.id, limit: EARLIER_MAX + 1 }).then((answer) => {
      if (is_current && answer.ok)
        setEarlier(answer.value.conversations.filter((record) => record.id !== chat.id).slice(0, EARLIER_MAX));
    });
    return () => {
      is_current = false;
    };
  }, [app, chat.id, chat.visitor.id]);

  if (!earlier) return null;
  return (
    <section class="blk">
      <h3>
        {words.card.earlier} {earlier.length > 0 && <span class="num muted">{earlier.length}</span>}
      </h3>
      {earlier.length === 0 ? (
        <p class="muted">{words.card.no_earlier}</p>
      ) : (
        <ul class="earlier">
          {earlier.map((record) => (
            <li key={record.id}>
              <a href={hrefOf({ page: "history", conversation: record.id })}>
                <span class="ea-t" dir="auto">
                  {record.summary || words.history.states[record.state]}
                </span>
                <span class="muted">
                  {app.directory.departmentName(record.department)} ·{" "}
                  {formatMoment(words.lang, record.enqueued_at, app.clock.now.value)}
                </span>
              </a>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function pathOf(url: string): string {
  try {
    const { host, pathname, search } = new URL(url);
    return `${host}${pathname}${search}`;
  } catch {
    return url;
  }
}

/** "Stockholm" of "Europe/Stockholm". */
function placeOf(zone: string | undefined): string {
  return zone?.split("/").pop()?.replaceAll("_", " ") ?? "";
}
