// A log as one reads it: the inbox shows it live, the history still. Sticks to its end only while it is there.

import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Pending, Timeline, Typist } from "../../client/timeline.ts";
import { typistsAt } from "../../client/timeline.ts";
import { useApp, useWords } from "../app.ts";
import { formatClock, formatDay, formatSpan } from "../format.ts";
import type { Words } from "../i18n/index.ts";
import { Icon, type IconName } from "../icon.tsx";
import { isForLater } from "../state/order.ts";
import { Prose } from "../parts/text.tsx";
import type { Attachment, Why } from "../state/wire.ts";
import { AttachmentView, FileCard, Viewer } from "./attachment.tsx";
import { useStillLog } from "./log_scroll.ts";
import { entriesOf, type Entry, type SaidEvent, type SystemEvent } from "./entries.ts";

/** Nearer to the end than this counts as being there. */
const END_PX = 48;
/** No mark on a message that is answered sooner. */
const QUIET_MS = 400;

export interface LogViewProps {
  label: string;
  visitor_name: string;
  timeline: Timeline;
  me: string | undefined;
  is_live: boolean;
  is_loading?: boolean;
  /** Fetches what lies before the first event held; absent when there is nothing. */
  onEarlier?: (() => Promise<void>) | undefined;
  onEdit?: (pending: Pending) => void;
  onRemove?: (pending: Pending) => void;
  onResend?: (pending: Pending) => void;
}

export function LogView(props: LogViewProps) {
  const { timeline, is_live } = props;
  const words = useWords();
  const scroller = useRef<HTMLDivElement>(null);
  const [at_end, setAtEnd] = useState(true);
  const [seen, setSeen] = useState(timeline.last ?? 0);
  const [loading_earlier, setLoadingEarlier] = useState(false);
  const [shown, setShown] = useState<Attachment | undefined>(undefined);
  const entries = useMemo(() => entriesOf(timeline), [timeline]);
  const last = timeline.last ?? 0;
  const unseen = timeline.events.filter(
    (event) => event.kind === "message" && event.seq > seen && event.from.id !== props.me,
  ).length;

  useStillLog(scroller, timeline.events[0]?.seq, at_end || !is_live);
  const toEnd = useCallback(() => scroller.current?.scrollTo({ top: 0 }), []);

  useEffect(() => {
    if (at_end) setSeen(last);
  }, [at_end, last]);
  // One's own words are always looked for at the end.
  useEffect(() => {
    if (timeline.pending.length > 0) toEnd();
  }, [timeline.pending.length, toEnd]);

  const loadEarlier = async () => {
    if (!props.onEarlier || loading_earlier) return;
    setLoadingEarlier(true);
    await props.onEarlier();
    setLoadingEarlier(false);
  };

  const onScroll = () => {
    const element = scroller.current;
    if (!element) return;
    // The column is reversed: 0 is the end, and going up counts below it.
    setAtEnd(element.scrollTop > -END_PX);
    const above_px = element.scrollHeight - element.clientHeight + element.scrollTop;
    if (above_px < element.clientHeight) void loadEarlier();
  };

  const live = is_live ? { role: "log" as const, "aria-live": "polite" as const } : { role: "region" as const };
  return (
    <div class="log-wrap">
      <div
        class={is_live ? "log" : "log log-still"}
        ref={scroller}
        {...live}
        aria-label={props.label}
        tabIndex={0}
        onScroll={onScroll}
      >
        <div class={is_live ? "log-in" : "log-in is-still"}>
          {props.onEarlier && (
            <button type="button" class="link log-more" disabled={loading_earlier} onClick={() => void loadEarlier()}>
              {loading_earlier ? words.conversation.loading_older : words.conversation.older}
            </button>
          )}
          {props.is_loading && entries.length === 0 && <LogSkeleton />}
          {entries.map((entry) => (
            <EntryView key={entry.key} entry={entry} props={props} onOpen={setShown} />
          ))}
          {is_live && <Typists {...props} />}
        </div>
      </div>
      {!at_end && (
        <button type="button" class="btn log-end" onClick={toEnd}>
          <Icon name="down" />
          {unseen > 0 ? words.conversation.new_messages(unseen) : words.conversation.to_end}
        </button>
      )}
      {shown && <Viewer conversation={timeline.conversation} attachment={shown} onClose={() => setShown(undefined)} />}
    </div>
  );
}

/** On its own, because it follows the clock: the log above is drawn anew only when something is said. */
function Typists({ timeline, me, visitor_name }: LogViewProps) {
  const app = useApp();
  const typists = typistsAt(timeline, app.clock.now.value).filter((typist) => typist.from.id !== me);
  return (
    <>
      {typists.map((typist) => (
        <Peek key={typist.from.id ?? typist.from.role} typist={typist} visitor_name={visitor_name} />
      ))}
    </>
  );
}

function LogSkeleton() {
  const words = useWords();
  return (
    <div class="skel skel-late" role="status" aria-label={words.conversation.loading}>
      <span class="sk b" />
      <span class="sk bs" />
      <span class="sk b" />
      <span class="sk bs" />
    </div>
  );
}

interface EntryViewProps {
  entry: Entry;
  props: LogViewProps;
  onOpen: (attachment: Attachment) => void;
}

function EntryView({ entry, props, onOpen }: EntryViewProps) {
  const app = useApp();
  const words = useWords();
  switch (entry.kind) {
    case "day":
      return (
        <p class="day">
          <span>{formatDay(words, words.lang, entry.at, app.clock.now.value)}</span>
        </p>
      );
    case "system":
      return <SystemLine event={entry.event} />;
    case "said":
      return <Said entry={entry} props={props} onOpen={onOpen} />;
    case "pending":
      return <PendingView pending={entry.pending} props={props} />;
  }
}

function Said({ entry, props, onOpen }: EntryViewProps & { entry: Extract<Entry, { kind: "said" }> }) {
  const words = useWords();
  const { events, side } = entry;
  const last = events[events.length - 1];
  if (!last) return null;
  const is_mine = last.from.id !== undefined && last.from.id === props.me;
  const author = last.from.name ?? words.names.someone;

  if (side === "note") {
    const { attachment } = last;
    return (
      <div class="msg note">
        <div class="bub">
          <p class="note-h">
            <Icon name="note" />
            {is_mine ? words.conversation.note_mine : words.conversation.note_by(author)}
          </p>
          {attachment ? (
            <AttachmentView conversation={last.conversation} attachment={attachment} onOpen={onOpen} />
          ) : (
            <p class="prose" dir="auto">
              <Prose text={last.text ?? ""} />
            </p>
          )}
        </div>
        <p class="meta">
          <time>{formatClock(words.lang, last.at)}</time>
        </p>
      </div>
    );
  }
  return (
    // One's own words are not read back to oneself.
    <div class={side === "visitor" ? "msg vis" : "msg ag"} aria-live={is_mine && props.is_live ? "off" : undefined}>
      <span class="sr">{side === "visitor" ? props.visitor_name : is_mine ? words.names.you : author}: </span>
      {events.map((event) => (
        <SaidBubble key={event.seq} event={event} onOpen={onOpen} />
      ))}
      <p class="meta">
        {side === "agent" && !is_mine && <span>{author}</span>}
        <time>{formatClock(words.lang, last.at)}</time>
        {side === "agent" && props.is_live && <Ticks is_read={props.timeline.read.visitor >= last.seq} words={words} />}
      </p>
    </div>
  );
}

function SaidBubble({ event, onOpen }: { event: SaidEvent; onOpen: (attachment: Attachment) => void }) {
  const { attachment } = event;
  if (attachment) return <AttachmentView conversation={event.conversation} attachment={attachment} onOpen={onOpen} />;
  if (event.kind === "message" && event.article) {
    return <ArticleCard title={event.article.title} text={event.text ?? ""} />;
  }
  return (
    <p class="bub" dir="auto">
      <Prose text={event.text ?? ""} />
    </p>
  );
}

/** An article that was pointed to: its title, and what else was said of it. */
function ArticleCard({ title, text }: { title: string; text: string }) {
  const words = useWords();
  const rest = text.startsWith(title) ? text.slice(title.length).replace(/^\s*[—–-]\s*/u, "") : text;
  return (
    <div class="bub bub-file bub-article" dir="auto">
      <span class="file-i">
        <Icon name="book" />
      </span>
      <span class="file-t">
        <span class="muted tiny">{words.articles.one}</span>
        <b>{title}</b>
        {rest !== "" && <span>{rest}</span>}
      </span>
    </div>
  );
}

function Ticks({ is_read, words }: { is_read: boolean; words: Words }) {
  return (
    <span class="seen">
      <Icon name={is_read ? "ticks" : "tick"} />
      {is_read ? words.conversation.read : words.conversation.sent}
    </span>
  );
}

function PendingView({ pending, props }: { pending: Pending; props: LogViewProps }) {
  const app = useApp();
  const words = useWords();
  const [quiet, setQuiet] = useState(true);
  useEffect(() => {
    const timer = window.setTimeout(() => setQuiet(false), QUIET_MS);
    return () => window.clearTimeout(timer);
  }, []);
  const is_up = app.desk.value?.is_up.value ?? false;
  const share = app.desk.value?.uploads.progress.value.get(pending.cmd);

  return (
    <div class={pending.kind === "note" ? "msg note" : "msg ag"} aria-live="off">
      {pending.file && pending.kind === "message" ? (
        <FileCard {...pending.file} />
      ) : (
        <div class="bub">
          {pending.kind === "note" && (
            <p class="note-h">
              <Icon name="note" />
              {words.conversation.note_mine}
            </p>
          )}
          {pending.file ? (
            <FileCard {...pending.file} />
          ) : (
            <p class="prose" dir="auto">
              <Prose text={pending.text} />
            </p>
          )}
        </div>
      )}
      <p class="meta">
        {pending.failed ? (
          <Failed pending={pending} props={props} />
        ) : pending.sent ? (
          <Ticks is_read={false} words={words} />
        ) : share !== undefined ? (
          <Uploading share={share} name={pending.file?.name ?? ""} onCancel={() => props.onRemove?.(pending)} />
        ) : (
          !quiet && (
            <span class="seen wait">
              <Icon name="clock" />
              {is_up ? words.conversation.sending : words.conversation.waits}
            </span>
          )
        )}
      </p>
    </div>
  );
}

function Uploading({ share, name, onCancel }: { share: number; name: string; onCancel: () => void }) {
  const words = useWords();
  return (
    <>
      <progress class="up" value={share} max={1} aria-label={words.file.progress(name)} />
      <button type="button" class="link" aria-label={words.file.cancel(name)} onClick={onCancel}>
        {words.common.cancel}
      </button>
    </>
  );
}

function Failed({ pending, props }: { pending: Pending; props: LogViewProps }) {
  const app = useApp();
  const words = useWords();
  // The bytes of a file live as long as the page.
  const can_repeat = !pending.file || (app.desk.value?.uploads.has(pending.cmd) ?? false);
  return (
    <>
      <span class="seen fail" role="alert">
        <Icon name="warn" />
        {pending.failed?.message || (can_repeat ? words.conversation.failed : words.file.lost)}
      </span>
      {can_repeat && (
        <button type="button" class="link" onClick={() => props.onResend?.(pending)}>
          {words.common.retry}
        </button>
      )}
      {!pending.file && (
        <button type="button" class="link" onClick={() => props.onEdit?.(pending)}>
          {words.conversation.edit}
        </button>
      )}
      <button type="button" class="link" onClick={() => props.onRemove?.(pending)}>
        {words.conversation.remove}
      </button>
    </>
  );
}

/** Hidden from screen readers: what is being typed changes with every key and is not yet said. */
function Peek({ typist, visitor_name }: { typist: Typist; visitor_name: string }) {
  const words = useWords();
  const name = typist.from.role === "visitor" ? visitor_name : (typist.from.name ?? words.names.someone);
  return (
    <div class={typist.from.role === "visitor" ? "msg vis peek" : "msg ag peek"} aria-hidden="true">
      <p class="bub" dir="auto">
        {typist.preview ? (
          typist.preview
        ) : (
          <span class="typing-dots">
            <i />
            <i />
            <i />
          </span>
        )}
      </p>
      <p class="meta">{typist.preview ? words.conversation.typing_not_sent : words.conversation.is_typing(name)}</p>
    </div>
  );
}

function SystemLine({ event }: { event: SystemEvent }) {
  const app = useApp();
  const words = useWords();
  const line = systemLine(words, event, (key) => app.directory.departmentName(key));
  if (!line) return null;
  return (
    <div class="sys">
      <span class="sys-i">
        <Icon name={line.icon} />
      </span>
      <div>{line.text}</div>
      <time>{formatClock(words.lang, event.at)}</time>
    </div>
  );
}

/** Why an agent got a chat; of a rule that only a newer server knows, how much the agent had. */
function whyLine(words: Words, why: Why): string {
  const rule = words.event.why[why.rule] as string | ((eligible: number) => string) | undefined;
  const said = typeof rule === "function" ? rule(why.eligible) : rule;
  const load = words.event.why_load(why.load, why.capacity);
  return said === undefined ? load : `${said}, ${load}`;
}

/** A system event in words; nothing for a kind that only a newer server knows. */
function systemLine(
  words: Words,
  event: SystemEvent,
  departmentName: (key: string) => string,
): { icon: IconName; text: ComponentChildren } | undefined {
  switch (event.kind) {
    case "queued":
      return isForLater(event.mode)
        ? { icon: "mail", text: emphasised(words.event.left(departmentName(event.department))) }
        : { icon: "clock", text: emphasised(words.event.queued(departmentName(event.department))) };
    case "assigned":
      return {
        icon: "person",
        text: (
          <>
            {emphasised(
              event.waited_ms < 1_000
                ? words.event.assigned_at_once(event.agent.name)
                : words.event.assigned(event.agent.name, formatSpan(words, event.waited_ms)),
            )}
            {event.why && <span class="sys-why">{whyLine(words, event.why)}</span>}
          </>
        ),
      };
    case "transferred": {
      const name = "agent" in event.to ? event.to.agent.name : departmentName(event.to.department);
      // Nobody hands on who waits where it closes: that is the desk's own doing.
      const said = event.from.role === "system" ? words.event.stood_in(name) : words.event.transferred(name);
      return { icon: "transfer", text: emphasised(said) };
    }
    case "requeued":
      return { icon: "refresh", text: emphasised(words.event.requeued(departmentName(event.department))) };
    case "agent_away":
      return { icon: "offline", text: emphasised(words.event.agent_away(event.agent.name)) };
    case "agent_back":
      return { icon: "person", text: emphasised(words.event.agent_back(event.agent.name)) };
    case "closed":
      return { icon: "done", text: closedLine(words, event) };
    case "rated":
      return {
        icon: "star",
        text: (
          <>
            {words.event.rated(event.score)} {event.comment && <q dir="auto">{event.comment}</q>}
          </>
        ),
      };
    default:
      event satisfies never;
      return undefined;
  }
}

function closedLine(words: Words, event: Extract<SystemEvent, { kind: "closed" }>): ComponentChildren {
  const waited = formatSpan(words, event.waited_ms ?? 0);
  const texts: Record<typeof event.reason, string> = {
    agent: words.event.closed.agent(event.from.name ?? words.names.someone),
    visitor: words.event.closed.visitor,
    left: words.event.closed.left(waited),
    abandoned: words.event.closed.abandoned(waited),
    system: words.event.closed.system,
  };
  const tags = event.tags ?? [];
  return (
    <>
      {texts[event.reason]}{" "}
      {tags.map((tag) => (
        <span key={tag} class="chip" dir="auto">
          {tag}
        </span>
      ))}
    </>
  );
}

/** Words come as [before, name, after]: the name stands out. */
function emphasised([before, name, after]: readonly string[]): ComponentChildren {
  return (
    <>
      {before}
      <b>{name}</b>
      {after}
    </>
  );
}
