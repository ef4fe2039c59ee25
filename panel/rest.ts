// The shapes of the REST answers that the panel reads. Fields that it does not use are left out; unknown ones are
// ignored. The socket's frames are in client/wire.ts, which is generated.

import type { CloseReason, EventFrame } from "../client/wire.ts";

export type Role = "agent" | "supervisor" | "admin";
export type AgentStatus = "online" | "away" | "offline";

export interface Agent {
  id: string;
  name: string;
  email: string;
  role: Role;
}

export interface Me extends Agent {
  departments: string[];
  capacity: number;
}

/** A colleague; who may not manage people is shown no addresses. */
export interface Person {
  id: string;
  name: string;
  email?: string;
  role: Role;
  departments: string[];
  skills: string[];
  capacity: number;
  status: AgentStatus;
  load: number;
}

export interface PersonDraft {
  name: string;
  email: string;
  role: Role;
  departments: string[];
  skills: string[];
  capacity: number;
  password: string;
}

export interface SessionRecord {
  id: string;
  created_at: number;
  seen_at: number;
  current: boolean;
}

export type FormFieldKind = "text" | "email" | "textarea" | "select";

/** One question of the form before the chat. */
export interface FormField {
  name: string;
  label: string;
  kind: FormFieldKind;
  required: boolean;
  options?: string[];
}

export type GreetedVisitor = "any" | "new" | "returning";

export interface GreetingRule {
  text: string;
  page?: string;
  after_ms?: number;
  scroll_percent?: number;
  visitor?: GreetedVisitor;
}

export interface FileKinds {
  bytes_max: number;
  /** Media types; `image/*` is every picture. */
  types: string[];
}

export interface WidgetSettings {
  logo: string | null;
  side: "end" | "start";
  offset: { x: number; y: number };
  theme: "auto" | "light" | "dark";
  connect: "open" | "load";
  greetings: GreetingRule[];
  consent: { text: string; url?: string; required: boolean } | null;
  /** What visitors may attach; null is nothing. */
  uploads: FileKinds | null;
  long_wait_ms: number;
}

export interface Site {
  key: string;
  name: string;
  origins: string[];
  departments: string[];
  form: FormField[];
  greeting: string | null;
  color: string | null;
  typing_preview: boolean;
  widget: WidgetSettings;
}

export interface SiteDraft {
  key: string;
  name: string;
  origins: string[];
  departments: string[];
  form: FormField[];
  /** Nothing said before the visitor speaks. */
  greeting: string | null;
  color: string;
  typing_preview: boolean;
  widget: WidgetSettings;
}

/** Open by the wall clock of one place. */
export interface Hours {
  tz: string;
  /** 1 is Monday; `24:00` is the end of a day. */
  week: { days: number[]; from: string; to: string }[];
  closed: string[];
}

/** The five usual definitions of the service level; docs/waiting.md has them in words. */
export type Definition = "without_short" | "strict" | "after_threshold" | "kind" | "answered_only";

export const definitions: readonly Definition[] = ["without_short", "strict", "after_threshold", "kind", "answered_only"];

/** What a team promises itself. */
export interface Standard {
  threshold_ms: number;
  target_percent: number;
  definition: Definition;
}

export interface Department {
  key: string;
  name: string;
  mode: "assign" | "offer";
  idle_limit_ms: number | null;
  priority: number;
  /** Null is always open. */
  hours: Hours | null;
  standard: Standard;
  routing: Routing;
}

export interface DepartmentDraft {
  key: string;
  name: string;
  mode: "assign" | "offer";
  idle_limit_ms: number | null;
  priority: number;
  hours: Hours | null;
  standard: Standard;
  routing: Routing;
}

/** How far a department reaches beyond its own line. */
export interface Routing {
  /** After each span of the wait another of the visitor's needs is dropped, the last first. */
  relax_after_ms: number[];
  /** Null is never. */
  overflow_after_ms: number | null;
  /** Keys of other departments, the first first. */
  stand_ins: string[];
  /** Null is no limit. */
  queue_max: number | null;
  speaks: boolean;
}

export type ArticleStatus = "draft" | "published";

export interface Article {
  id: string;
  site: string;
  lang: string;
  /** From 1, among those of its site and language. */
  position: number;
  status: ArticleStatus;
  title: string;
  body: string;
  updated_at: number;
  updated_by: { id: string; name: string } | null;
}

export interface ArticleDraft {
  site: string;
  lang: string;
  title: string;
  body: string;
  status: ArticleStatus;
}

/** Text that looks alike from begin to end. */
export interface Run {
  text: string;
  strong?: boolean;
  emphasis?: boolean;
  code?: boolean;
  href?: string;
}

export interface Block {
  kind: "paragraph" | "heading" | "item" | "code";
  /** Of an item in a numbered list. */
  number?: number;
  runs: Run[];
}

export interface FoundArticle {
  id: string;
  title: string;
  excerpt: string;
}

export interface PublishedArticle {
  id: string;
  title: string;
  blocks: Block[];
}

/** What came of the articles in a span of time; a visit is one opening of the widget on which something was done. */
export interface SelfServiceReport {
  visits: number;
  searched: number;
  read: number;
  helpful: number;
  not_helpful: number;
  chats: number;
  messages: number;
  deflected: number;
  articles: { id: string; title: string; reads: number; helpful: number; not_helpful: number }[];
  unanswered: { phrase: string; visits: number; last_at: number }[];
}

export interface TagRecord {
  tag: string;
}

export interface CannedReply {
  id: string;
  shortcut: string;
  title: string;
  text: string;
  department: string | null;
}

export interface CannedReplyDraft {
  shortcut: string;
  title: string;
  text: string;
  department: string | null;
}

export type ConversationState = "queued" | "offered" | "active" | "closed";

export interface ConversationFilter {
  state?: string;
  department?: string;
  agent?: string;
  visitor?: string;
  q?: string;
  before?: string;
  limit?: number;
}

export interface ConversationRecord {
  id: string;
  site: string;
  state: ConversationState;
  department: string;
  agent?: { id: string; name: string };
  visitor: { id: string; name?: string; email?: string; lang?: string; verified?: boolean };
  /** The visitor's first words. */
  summary: string;
  enqueued_at: number;
  /** When anything last happened in it. */
  last_at: number;
  closed_at?: number;
  closed_reason?: CloseReason;
  tags: string[];
  rating?: number;
  seq: number;
}

export interface EventPage {
  events: EventFrame[];
  more: boolean;
}

/** Waits of those who arrived within a report's time. */
export interface WaitFigures {
  offered: number;
  answered: number;
  abandoned: number;
  short_abandoned: number;
  open: number;
  p50_ms: number | null;
  p90_ms: number | null;
  p95_ms: number | null;
  max_ms: number | null;
  in_time: number;
  judged: number;
  service_level: number | null;
}

export interface TalkFigures {
  served: number;
  response_p50_ms: number | null;
  response_p90_ms: number | null;
  handled: number;
  handled_p50_ms: number | null;
  handled_p90_ms: number | null;
  handled_ms: number;
  greeted: number;
  ungreeted: number;
  silent: number;
  transfers: number;
  /** How many gave each score, that of 1 first. */
  ratings: number[];
  score: number | null;
}

export interface WorkFigures {
  online_ms: number;
  busy_ms: number;
  occupancy: number | null;
  slot_occupancy: number | null;
}

export interface FiguresLine {
  key: string;
  name: string | null;
  waits: WaitFigures | null;
  talks: TalkFigures;
  work: WorkFigures | null;
}

export interface FiguresReport {
  from: number;
  to: number;
  tz: string;
  standards: Record<string, Standard>;
  total: FiguresLine;
  lines: FiguresLine[];
}

/** How good promises were; shares and spans are null while none was judged. */
export interface PromiseQuality {
  /** Of how many it is known what came of them. */
  judged: number;
  kept: number;
  error_median_ms: number | null;
  /** By how much the promised medians were too long, on average; below 0 they were too short. */
  bias_ms: number | null;
  open: number;
  taken_out: number;
}

/** The first promises of each wait, and those of its later minutes. */
export interface PromisesMade {
  first: PromiseQuality;
  later: PromiseQuality;
}

export interface PromiseReport {
  all: PromisesMade;
  departments: (PromisesMade & { department: string })[];
}

export interface StaffingQuarter {
  start: number;
  time: string;
  arrivals: number;
  agents: number | null;
  service_level: number | null;
  wait_ms: number | null;
  occupancy: number | null;
}

export interface StaffingReport {
  department: string;
  day: string;
  tz: string;
  standard: Standard;
  basis: {
    days: number;
    chats: number;
    chats_needed: number;
    chat_alone_ms: number | null;
    chat_full_ms: number | null;
    patience_ms: number | null;
    chats_each: number;
  };
  quarters: StaffingQuarter[];
}
