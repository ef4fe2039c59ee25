// The wire contract in TypeScript, generated from the Rust types of src/protocol by tests/it/generated.rs.
// Never edit it by hand: change the Rust types and run the tests.

/**
 * One conversation between a visitor and the desk.
 */
export type ConversationId = string;

/**
 * One visitor of a site.
 */
export type VisitorId = string;

/**
 * One person who works at the desk, whatever their role.
 */
export type AgentId = string;

/**
 * One article of a site.
 */
export type ArticleId = string;

/**
 * The `cmd` a client gave a command that must happen once.
 */
export type CommandId = string;

/**
 * One file, sent in a conversation or about to be.
 */
export type AttachmentId = string;

/**
 * The key of a site: where the widget is embedded.
 */
export type SiteKey = string;

/**
 * The key of a department: where a conversation waits.
 */
export type DepartmentKey = string;

/**
 * A moment: whole milliseconds since the Unix epoch. Below 2⁵³, so that JavaScript holds it exactly.
 */
export type At = number;

/**
 * A span: whole milliseconds.
 */
export type Millis = number;

/**
 * In which capacity somebody speaks.
 */
export type Role = "visitor" | "agent" | "bot" | "system";

/**
 * Who made an event or typed something.
 */
export type Sender = { 
/**
 * In which capacity.
 */
role: Role, 
/**
 * The visitor's or agent's id.
 */
id?: string, 
/**
 * The name to show.
 */
name?: string, };

/**
 * An agent as a visitor may know one.
 */
export type AgentName = { 
/**
 * Who.
 */
id: AgentId, 
/**
 * The name to show.
 */
name: string, };

/**
 * A file that was sent, as everybody who may see the event knows it. Never changes.
 */
export type Attachment = { 
/**
 * Names it, and its bytes.
 */
id: AttachmentId, 
/**
 * The name it was sent under, cleaned: to be shown as text.
 */
name: string, 
/**
 * Its media type, by content.
 */
type: string, 
/**
 * Its size.
 */
bytes: number, 
/**
 * As shown, of a picture whose size could be read.
 */
width?: number, 
/**
 * As shown, of a picture whose size could be read.
 */
height?: number, };

/**
 * An article that was sent: what it was called then.
 */
export type ArticleName = { 
/**
 * Which; it may have been changed, hidden or removed since.
 */
id: ArticleId, 
/**
 * Its title.
 */
title: string, };

/**
 * How the visitor asked: to chat now, or to be answered later.
 */
export type Mode = "chat" | "message";

/**
 * Why a conversation went back into the line.
 */
export type RequeueReason = "agent_gone" | "agent_removed";

/**
 * Why a conversation ended.
 */
export type CloseReason = "agent" | "visitor" | "left" | "abandoned" | "system";

/**
 * Where a transfer goes.
 */
export type TransferredTo = { "agent": AgentName } | { "department": DepartmentKey };

/**
 * What decided who gets a conversation.
 */
export type Rule = "longest_idle" | "least_load" | "head_of_line" | "last_agent" | "relaxed" | "overflow" | "taken" | "transferred";

/**
 * Why this agent got this conversation, as it stood when that was decided.
 */
export type Why = { 
/**
 * What decided.
 */
rule: Rule, 
/**
 * Conversations the agent had already.
 */
load: number, 
/**
 * Conversations at once that the agent takes.
 */
capacity: number, 
/**
 * How long nothing had changed at the agent's; of who took it or was handed it nothing is said.
 */
idle_ms?: Millis, 
/**
 * Agents with a free place who could have had it, this one among them.
 */
eligible: number, };

/**
 * What happened, by kind.
 */
export type Body = { "kind": "queued", 
/**
 * Whose line.
 */
department: DepartmentKey, 
/**
 * When the place was taken: equal to the event's `at`, kept for ever.
 */
enqueued_at: At, 
/**
 * Chat now, or answer later.
 */
mode: Mode, 
/**
 * What the visitor filled in.
 */
fields: { [key in string]: string }, 
/**
 * Languages or skills asked for.
 */
needs: Array<string>, 
/**
 * −2 … 2, higher first. Agents only.
 */
priority?: number, } | { "kind": "message", 
/**
 * What was said: plain text, never markup. Empty, and absent on the wire, where a file was sent.
 */
text?: string, 
/**
 * The file that was sent instead of words.
 */
attachment?: Attachment, 
/**
 * The article that an agent sent with it.
 */
article?: ArticleName, } | { "kind": "assigned", 
/**
 * The new owner.
 */
agent: AgentName, 
/**
 * The department it was waiting in.
 */
department: DepartmentKey, 
/**
 * The wait that ended here.
 */
waited_ms: Millis, 
/**
 * Why this agent got it. Agents only; logs of old versions have none.
 */
why?: Why, } | { "kind": "transferred", 
/**
 * To whom.
 */
to: TransferredTo, } | { "kind": "requeued", 
/**
 * Whose line.
 */
department: DepartmentKey, 
/**
 * The first `enqueued_at`, which is the place.
 */
enqueued_at: At, 
/**
 * Why.
 */
reason: RequeueReason, } | { "kind": "agent_away", 
/**
 * Who.
 */
agent: AgentName, } | { "kind": "agent_back", 
/**
 * Who.
 */
agent: AgentName, } | { "kind": "closed", 
/**
 * Why.
 */
reason: CloseReason, 
/**
 * The wait that was given up, for `left` and `abandoned`.
 */
waited_ms?: Millis, 
/**
 * What the agent filed it under. Agents only.
 */
tags?: Array<string>, } | { "kind": "rated", 
/**
 * 1 (very bad) … 5 (very good).
 */
score: number, 
/**
 * In the visitor's words.
 */
comment?: string, } | { "kind": "note", 
/**
 * The note: plain text. Empty, and absent on the wire, where a file was left.
 */
text?: string, 
/**
 * The file that was left instead of words.
 */
attachment?: Attachment, };

/**
 * Something known of a visitor.
 */
export type Attribute = { 
/**
 * The value, as text.
 */
value: string, 
/**
 * Whether it came in a signed identity; anything else is only what the visitor says.
 */
signed: boolean, };

/**
 * The page a visitor is on.
 */
export type Page = { 
/**
 * Its address.
 */
url: string, 
/**
 * Its title.
 */
title: string, 
/**
 * Where the visitor came from.
 */
referrer?: string, };

/**
 * What a person may do; each may do all that the one before may.
 */
export type PersonRole = "agent" | "supervisor" | "admin";

/**
 * Highest `seq` that each side has seen.
 */
export type ReadMarks = { 
/**
 * By the visitor.
 */
visitor: number, 
/**
 * By an agent.
 */
agent: number, };

/**
 * Whether an agent takes conversations.
 */
export type Status = "online" | "away" | "offline";

/**
 * Where a conversation is.
 */
export type State = "queued" | "offered" | "active" | "closed";

/**
 * One event of a conversation's log, as this follower may see it.
 */
export type EventFrame = { 
/**
 * Of which conversation.
 */
conversation: ConversationId, 
/**
 * Its place in the log.
 */
seq: number, 
/**
 * The place of the event before it that this follower may see; 0 for the first.
 */
prev: number, 
/**
 * When it became durable.
 */
at: At, 
/**
 * The command that made it.
 */
cmd?: CommandId, 
/**
 * Who made it.
 */
from: Sender, } & ({ "kind": "queued", 
/**
 * Whose line.
 */
department: DepartmentKey, 
/**
 * When the place was taken: equal to the event's `at`, kept for ever.
 */
enqueued_at: At, 
/**
 * Chat now, or answer later.
 */
mode: Mode, 
/**
 * What the visitor filled in.
 */
fields: { [key in string]: string }, 
/**
 * Languages or skills asked for.
 */
needs: Array<string>, 
/**
 * −2 … 2, higher first. Agents only.
 */
priority?: number, } | { "kind": "message", 
/**
 * What was said: plain text, never markup. Empty, and absent on the wire, where a file was sent.
 */
text?: string, 
/**
 * The file that was sent instead of words.
 */
attachment?: Attachment, 
/**
 * The article that an agent sent with it.
 */
article?: ArticleName, } | { "kind": "assigned", 
/**
 * The new owner.
 */
agent: AgentName, 
/**
 * The department it was waiting in.
 */
department: DepartmentKey, 
/**
 * The wait that ended here.
 */
waited_ms: Millis, 
/**
 * Why this agent got it. Agents only; logs of old versions have none.
 */
why?: Why, } | { "kind": "transferred", 
/**
 * To whom.
 */
to: TransferredTo, } | { "kind": "requeued", 
/**
 * Whose line.
 */
department: DepartmentKey, 
/**
 * The first `enqueued_at`, which is the place.
 */
enqueued_at: At, 
/**
 * Why.
 */
reason: RequeueReason, } | { "kind": "agent_away", 
/**
 * Who.
 */
agent: AgentName, } | { "kind": "agent_back", 
/**
 * Who.
 */
agent: AgentName, } | { "kind": "closed", 
/**
 * Why.
 */
reason: CloseReason, 
/**
 * The wait that was given up, for `left` and `abandoned`.
 */
waited_ms?: Millis, 
/**
 * What the agent filed it under. Agents only.
 */
tags?: Array<string>, } | { "kind": "rated", 
/**
 * 1 (very bad) … 5 (very good).
 */
score: number, 
/**
 * In the visitor's words.
 */
comment?: string, } | { "kind": "note", 
/**
 * The note: plain text. Empty, and absent on the wire, where a file was left.
 */
text?: string, 
/**
 * The file that was left instead of words.
 */
attachment?: Attachment, });

/**
 * Says that a command is on durable storage.
 */
export type Ack = { 
/**
 * Which command.
 */
cmd: CommandId, 
/**
 * Where it was written.
 */
conversation: ConversationId, 
/**
 * The last event it made.
 */
seq: number, 
/**
 * When that was written.
 */
at: At, };

/**
 * How long somebody may still wait.
 */
export type Eta = { 
/**
 * Half wait at most so long.
 */
p50_ms: Millis, 
/**
 * Nine in ten wait at most so long.
 */
p90_ms: Millis, };

/**
 * A visitor as agents see one.
 */
export type VisitorCard = { 
/**
 * Who.
 */
id: VisitorId, 
/**
 * As signed or filled in.
 */
name?: string, 
/**
 * As signed or filled in.
 */
email?: string, 
/**
 * Whether the site signed who this is.
 */
verified: boolean, 
/**
 * What else is known.
 */
attributes?: { [key in string]: Attribute }, 
/**
 * BCP 47 tag.
 */
lang?: string, 
/**
 * IANA time zone.
 */
tz?: string, 
/**
 * Where they are.
 */
page?: Page, };

/**
 * Why the server says good-bye.
 */
export type ByeReason = "restart" | "signed_out";

/**
 * Why a frame was refused.
 */
export type ErrorCode = "unknown_type" | "bad_frame" | "bad_field" | "unauthorized" | "forbidden" | "not_found" | "wrong_state" | "conflict" | "too_large" | "rate_limited" | "queue_full" | "closed_hours" | "unavailable";

/**
 * Says why a frame was refused. Final, unless it carries `retry_ms`.
 */
export type ErrorFrame = { 
/**
 * Why, for programs.
 */
code: ErrorCode, 
/**
 * Why, for people: a sentence.
 */
message: string, 
/**
 * The field that is wrong.
 */
field?: string, 
/**
 * The refused command.
 */
cmd?: CommandId, 
/**
 * The conversation it was about.
 */
conversation?: ConversationId, 
/**
 * The refused frame's `t`.
 */
re?: string, 
/**
 * Repeat the same frame after so long.
 */
retry_ms?: Millis, };

/**
 * What a visitor's client says.
 */
export type FromVisitor = { "t": "hello" } & VisitorHello | { "t": "start" } & VisitorStart | { "t": "send", 
/**
 * Happens once.
 */
cmd: CommandId, 
/**
 * What.
 */
text?: string, 
/**
 * A file instead, uploaded by the sender for this conversation.
 */
attachment?: AttachmentId, } | { "t": "typing", 
/**
 * Typing now.
 */
on: boolean, 
/**
 * What stands in the field, where the site allows it.
 */
preview?: string, } | { "t": "read", 
/**
 * The last event seen.
 */
seq: number, } | { "t": "page", 
/**
 * Its address.
 */
url: string, 
/**
 * Its title.
 */
title: string, } | { "t": "leave", 
/**
 * Happens once.
 */
cmd: CommandId, } | { "t": "rate", 
/**
 * Happens once.
 */
cmd: CommandId, 
/**
 * 1 (very bad) … 5 (very good).
 */
score: number, 
/**
 * In the visitor's words.
 */
comment?: string, } | { "t": "ping", 
/**
 * Comes back in `pong`.
 */
n: number, };

/**
 * `hello` of a visitor.
 */
export type VisitorHello = { 
/**
 * The site's key.
 */
site: SiteKey, 
/**
 * From an earlier `welcome`.
 */
token?: string, 
/**
 * From an earlier `welcome`; with another one `after` is ignored.
 */
epoch?: string, 
/**
 * Which conversation `after` is about.
 */
conversation?: ConversationId, 
/**
 * The last event seen of it.
 */
after?: number, 
/**
 * Where the visitor is.
 */
page: Page, 
/**
 * BCP 47 tag.
 */
lang?: string, 
/**
 * IANA time zone.
 */
tz?: string, 
/**
 * A JWT that the site signed.
 */
identity?: string, };

/**
 * `start` of a visitor.
 */
export type VisitorStart = { 
/**
 * Happens once.
 */
cmd: CommandId, 
/**
 * Whose line; without it the site's first department.
 */
department?: DepartmentKey, 
/**
 * The site's form, filled in.
 */
fields?: { [key in string]: string }, 
/**
 * Languages or skills asked for.
 */
needs?: Array<string>, 
/**
 * Chat now (default), or answer later.
 */
mode?: Mode, 
/**
 * The first message.
 */
text?: string, };

/**
 * What the server says to a visitor's client.
 */
export type ToVisitor = { "t": "welcome" } & VisitorWelcome | { "t": "queued", 
/**
 * Which.
 */
conversation: ConversationId, 
/**
 * Whose line.
 */
department: DepartmentKey, 
/**
 * Since when.
 */
enqueued_at: At, } | { "t": "queue", 
/**
 * Which.
 */
conversation: ConversationId, 
/**
 * 1 is next.
 */
position: number, 
/**
 * How many wait in this line.
 */
waiting: number, 
/**
 * The present wait so far.
 */
waited_ms: Millis, 
/**
 * How much longer; null while unknown.
 */
eta: Eta | null, 
/**
 * Pairing pauses: the server cannot hand out conversations just now.
 */
paused?: boolean, 
/**
 * As of when.
 */
at: At, } | { "t": "assigned", 
/**
 * Which.
 */
conversation: ConversationId, 
/**
 * Who.
 */
agent: AgentName, 
/**
 * The wait that ended.
 */
waited_ms: Millis, } | { "t": "event" } & EventFrame | { "t": "ack" } & Ack | { "t": "typing", 
/**
 * Who.
 */
from: Sender, 
/**
 * Typing now.
 */
on: boolean, } | { "t": "read", 
/**
 * Who.
 */
from: Sender, 
/**
 * The last event seen.
 */
seq: number, } | { "t": "presence", 
/**
 * They could.
 */
open: boolean, } | { "t": "error" } & ErrorFrame | { "t": "pong", 
/**
 * As asked.
 */
n: number, 
/**
 * The server's clock.
 */
now: At, } | { "t": "bye", 
/**
 * Why.
 */
reason: ByeReason, 
/**
 * Come back after so long.
 */
retry_ms: Millis, };

/**
 * `welcome` of a visitor.
 */
export type VisitorWelcome = { 
/**
 * Who the visitor is.
 */
visitor: VisitorId, 
/**
 * Proves it next time; valid for 30 days from now.
 */
token: string, 
/**
 * New only after a restore.
 */
epoch: string, 
/**
 * The open conversation, or the one closed within the last day.
 */
conversation?: VisitorConversation, 
/**
 * Whether agents could answer now.
 */
open: boolean, 
/**
 * The server's clock.
 */
now: At, };

/**
 * The conversation that `welcome` names.
 */
export type VisitorConversation = { 
/**
 * Names it.
 */
id: ConversationId, 
/**
 * Where it is.
 */
state: State, 
/**
 * Chat now (where absent), or answered later.
 */
mode?: Mode, 
/**
 * Whose line or whose agent's.
 */
department: DepartmentKey, 
/**
 * The owner.
 */
agent?: AgentName, 
/**
 * While it waits: since when its place counts.
 */
enqueued_at?: At, 
/**
 * The last event that the visitor may see.
 */
seq: number, 
/**
 * The log is sent from this place on.
 */
from_seq: number, 
/**
 * Who has read how far.
 */
read: ReadMarks, };

/**
 * What an agent's client says.
 */
export type FromAgent = { "t": "hello" } & AgentHello | { "t": "status", 
/**
 * The wish.
 */
status: Status, 
/**
 * 0–100 conversations at once; unchanged if absent.
 */
capacity?: number, } | { "t": "accept", 
/**
 * Which.
 */
conversation: ConversationId, } | { "t": "decline", 
/**
 * Which.
 */
conversation: ConversationId, } | { "t": "open", 
/**
 * Which.
 */
conversation: ConversationId, 
/**
 * The last event seen.
 */
after?: number, } | { "t": "shut", 
/**
 * Which.
 */
conversation: ConversationId, } | { "t": "send", 
/**
 * Happens once.
 */
cmd: CommandId, 
/**
 * To whom.
 */
conversation: ConversationId, 
/**
 * What.
 */
text?: string, 
/**
 * A file instead, uploaded by the sender for this conversation.
 */
attachment?: AttachmentId, 
/**
 * An article that is published on the conversation's site, to be sent with it.
 */
article?: ArticleId, } | { "t": "note", 
/**
 * Happens once.
 */
cmd: CommandId, 
/**
 * About which conversation.
 */
conversation: ConversationId, 
/**
 * What.
 */
text?: string, 
/**
 * A file instead, uploaded by the sender for this conversation.
 */
attachment?: AttachmentId, } | { "t": "typing", 
/**
 * Where.
 */
conversation: ConversationId, 
/**
 * Typing now.
 */
on: boolean, } | { "t": "read", 
/**
 * Where.
 */
conversation: ConversationId, 
/**
 * The last event seen.
 */
seq: number, } | { "t": "transfer", 
/**
 * Happens once.
 */
cmd: CommandId, 
/**
 * Which.
 */
conversation: ConversationId, 
/**
 * To whom.
 */
to: TransferTo, 
/**
 * A word for whoever takes it.
 */
note?: string, } | { "t": "take", 
/**
 * Happens once.
 */
cmd: CommandId, 
/**
 * Which.
 */
conversation: ConversationId, } | { "t": "close", 
/**
 * Happens once.
 */
cmd: CommandId, 
/**
 * Which.
 */
conversation: ConversationId, 
/**
 * What it is filed under.
 */
tags?: Array<string>, } | { "t": "lanes", 
/**
 * Wants them.
 */
on: boolean, } | { "t": "ping", 
/**
 * Comes back in `pong`.
 */
n: number, };

/**
 * `hello` of an agent.
 */
export type AgentHello = { 
/**
 * From an earlier `welcome`; with another one `after` is ignored.
 */
epoch?: string, 
/**
 * The last event seen of each conversation the client shows.
 */
after?: Record<string, number>, };

/**
 * Where a transfer is to go.
 */
export type TransferTo = { "agent": AgentId } | { "department": DepartmentKey };

/**
 * What the server says to an agent's client.
 */
export type ToAgent = { "t": "welcome" } & AgentWelcome | { "t": "offer", 
/**
 * Which.
 */
conversation: ConversationId, 
/**
 * Whose.
 */
visitor: VisitorCard, 
/**
 * From which line.
 */
department: DepartmentKey, 
/**
 * It goes to the next agent then.
 */
expires_at: At, 
/**
 * The visitor's first words.
 */
summary: string, } | { "t": "assigned", 
/**
 * Which.
 */
conversation: ConversationId, 
/**
 * Whose.
 */
visitor: VisitorCard, 
/**
 * From which line.
 */
department: DepartmentKey, 
/**
 * The wait that ended.
 */
waited_ms: Millis, 
/**
 * The last event.
 */
seq: number, 
/**
 * The log is sent from this place on.
 */
from_seq: number, } | { "t": "opened", 
/**
 * Which.
 */
conversation: ConversationId, 
/**
 * Where it is.
 */
state: State, 
/**
 * Whose.
 */
visitor: VisitorCard, 
/**
 * Whose line or whose agent's.
 */
department: DepartmentKey, 
/**
 * The owner.
 */
agent?: AgentName, 
/**
 * The last event.
 */
seq: number, 
/**
 * The log is sent from this place on.
 */
from_seq: number, 
/**
 * Who has read how far.
 */
read: ReadMarks, } | { "t": "unassigned", 
/**
 * Which.
 */
conversation: ConversationId, 
/**
 * Why.
 */
reason: UnassignReason, } | { "t": "event" } & EventFrame | { "t": "ack" } & Ack | { "t": "typing", 
/**
 * Where.
 */
conversation: ConversationId, 
/**
 * Who.
 */
from: Sender, 
/**
 * Typing now.
 */
on: boolean, 
/**
 * What stands in the visitor's field, where the site allows it.
 */
preview?: string, } | { "t": "read", 
/**
 * Where.
 */
conversation: ConversationId, 
/**
 * Who.
 */
from: Sender, 
/**
 * The last event seen.
 */
seq: number, } | { "t": "agent", 
/**
 * Who.
 */
id: AgentId, 
/**
 * The name to show.
 */
name: string, 
/**
 * Takes conversations, or not.
 */
status: Status, 
/**
 * Conversations owned now.
 */
load: number, 
/**
 * Conversations at once.
 */
capacity: number, } | { "t": "lanes", 
/**
 * One row a department.
 */
lanes: Array<Lane>, 
/**
 * Agents whose visitor waits for a word, one row each.
 */
silences: Array<Silence>, } | { "t": "waiting", 
/**
 * New or changed rows.
 */
set: Array<WaitingRow>, 
/**
 * No longer waiting.
 */
gone: Array<ConversationId>, 
/**
 * Whether `set` is everybody.
 */
all: boolean, } | { "t": "viewers", 
/**
 * Which.
 */
conversation: ConversationId, 
/**
 * Who.
 */
agents: Array<AgentName>, } | { "t": "error" } & ErrorFrame | { "t": "pong", 
/**
 * As asked.
 */
n: number, 
/**
 * The server's clock.
 */
now: At, } | { "t": "bye", 
/**
 * Why.
 */
reason: ByeReason, 
/**
 * Come back after so long.
 */
retry_ms: Millis, };

/**
 * `welcome` of an agent.
 */
export type AgentWelcome = { 
/**
 * New only after a restore.
 */
epoch: string, 
/**
 * Who the agent is.
 */
agent: Me, 
/**
 * Takes conversations, or not.
 */
status: Status, 
/**
 * Conversations at once.
 */
capacity: number, 
/**
 * The departments served.
 */
departments: Array<DepartmentKey>, 
/**
 * The agent's own conversations; their logs follow.
 */
conversations: Array<AgentConversation>, 
/**
 * The server's clock.
 */
now: At, };

/**
 * Oneself.
 */
export type Me = { 
/**
 * Names me.
 */
id: AgentId, 
/**
 * The name to show.
 */
name: string, 
/**
 * What I may do.
 */
role: PersonRole, };

/**
 * One of the agent's own conversations in `welcome`.
 */
export type AgentConversation = { 
/**
 * Names it.
 */
id: ConversationId, 
/**
 * Where it is.
 */
state: State, 
/**
 * Whose.
 */
visitor: VisitorCard, 
/**
 * From which line.
 */
department: DepartmentKey, 
/**
 * The last event.
 */
seq: number, 
/**
 * The log is sent from this place on.
 */
from_seq: number, 
/**
 * Who has read how far.
 */
read: ReadMarks, };

/**
 * Why a conversation or an offer is no longer the agent's.
 */
export type UnassignReason = "closed" | "transferred" | "taken" | "requeued" | "declined" | "missed";

/**
 * Live figures of one department.
 */
export type Lane = { 
/**
 * Which.
 */
department: DepartmentKey, 
/**
 * How many wait live.
 */
waiting: number, 
/**
 * How many messages were left and wait to be answered; not among `waiting`.
 */
messages: number, 
/**
 * The longest of the present live waits, as of this frame.
 */
longest_wait_ms: Millis, 
/**
 * Agents who take its conversations.
 */
agents_online: number, 
/**
 * Places free at them.
 */
free_slots: number, 
/**
 * What somebody who comes now would wait; null while unknown.
 */
eta: Eta | null, 
/**
 * The share that the department's standard counts as answered in time, of those who arrived within the last 24 hours, 0 … 1;
 * null while there were none.
 */
service_level: number | null, 
/**
 * How many of those who arrived within the last 24 hours gave up.
 */
abandoned: number, 
/**
 * What the department promises itself.
 */
standard: Standard, 
/**
 * Those who arrived within the last 15 minutes.
 */
quarter: LaneFigures, 
/**
 * Those who arrived within the last 24 hours.
 */
day: LaneFigures, 
/**
 * What came of promises of late.
 */
promises: LanePromises, 
/**
 * What is to come as things stand; null while too little is known of how long chats take.
 */
staffing: LaneStaffing | null, };

/**
 * A department's standard.
 */
export type Standard = { 
/**
 * Answered within this wait (T); 1,000 to 86,400,000 ms.
 */
threshold_ms: Millis, 
/**
 * So many in a hundred; 1 to 99.
 */
target_percent: number, 
/**
 * Of whom.
 */
definition: Definition, };

/**
 * The five usual definitions of the service level for a threshold T.
 */
export type Definition = "without_short" | "strict" | "after_threshold" | "kind" | "answered_only";

/**
 * How visitors of a department waited who arrived within a time that ends now. Open waits count, with their length so far.
 */
export type LaneFigures = { 
/**
 * Who came.
 */
offered: number, 
/**
 * Answered by now.
 */
answered: number, 
/**
 * Gone by now.
 */
abandoned: number, 
/**
 * Of these, within 5 s.
 */
short_abandoned: number, 
/**
 * Waiting still.
 */
open: number, 
/**
 * What the standard counts as answered in time.
 */
in_time: number, 
/**
 * And of how many.
 */
judged: number, 
/**
 * Half of the answered and open waits are no longer; null where there are none.
 */
p50_ms: Millis | null, 
/**
 * Nine in ten are no longer.
 */
p90_ms: Millis | null, 
/**
 * Nineteen in twenty are no longer.
 */
p95_ms: Millis | null, 
/**
 * The longest wait of anybody.
 */
max_ms: Millis | null, 
/**
 * How much of the time at the desk its agents had a chat to look after, 0 … 1; null without agents. Who serves several
 * departments counts in each.
 */
occupancy: number | null, 
/**
 * How much of their places was taken.
 */
slot_occupancy: number | null, 
/**
 * What became of those who were answered.
 */
talks: LaneTalks, };

/**
 * What became of those of them who were answered, as far as it is known by now.
 */
export type LaneTalks = { 
/**
 * Conversations that an agent has or had.
 */
served: number, 
/**
 * From arrival to the first word of the desk: half of them took no longer; null where there is none.
 */
response_p50_ms: Millis | null, 
/**
 * Nine in ten took no longer.
 */
response_p90_ms: Millis | null, 
/**
 * Times that an agent was done with a conversation.
 */
handled: number, 
/**
 * Half of these took no longer, from getting it on; null where there is none.
 */
handled_p50_ms: Millis | null, 
/**
 * Nine in ten took no longer.
 */
handled_p90_ms: Millis | null, 
/**
 * Greeted within 60 s of being taken.
 */
greeted: number, 
/**
 * Not greeted within 60 s.
 */
ungreeted: number, 
/**
 * Of those served, with a visitor's word that had no answer for more than 30 s.
 */
silent: number, 
/**
 * Handed on, to an agent or a department.
 */
transfers: number, 
/**
 * How many gave a score.
 */
rated: number, 
/**
 * The mean of the scores, 1 … 5; null where there is none.
 */
score: number | null, };

/**
 * What came of the first promises of the waits of a department whose turn came within the last four hours.
 */
export type LanePromises = { 
/**
 * The wait was shorter than the promised median.
 */
early: number, 
/**
 * It was not, and within the 90th percentile: with `early` these are the promises that were kept, nine in ten of all.
 */
within: number, 
/**
 * It was longer.
 */
late: number, 
/**
 * Half of the medians were off by no more, either way; null where there is none.
 */
error_median_ms: Millis | null, };

/**
 * What a number of agents would do now (Erlang A for agents with several chats at once).
 */
export type LaneStaffing = { 
/**
 * Agents on now.
 */
agents: number, 
/**
 * At the rate of the last 15 minutes.
 */
arrivals_per_hour: number, 
/**
 * From one agent fewer to two more.
 */
steps: Array<StaffingStep>, 
/**
 * What is to be expected at the end of each of the next four quarter hours if visitors go on coming so.
 */
ahead: Array<LaneCourse>, 
/**
 * The standard will be missed if nothing changes.
 */
warning: LaneWarning | null, };

/**
 * What is to be expected at a moment.
 */
export type LaneCourse = { 
/**
 * When.
 */
at: At, 
/**
 * Agents who will be on, as far as their shifts are planned.
 */
agents: number, 
/**
 * The share answered in time.
 */
service_level: number, 
/**
 * The same if more come than of late, by as much as is usual between two quarter hours.
 */
low: number, 
/**
 * And if fewer come.
 */
high: number, };

/**
 * One number of agents.
 */
export type StaffingStep = { 
/**
 * So many.
 */
agents: number, 
/**
 * The share answered in time.
 */
service_level: number, 
/**
 * The mean wait; null where the line only grows.
 */
wait_ms: Millis | null, 
/**
 * How much of their places is taken.
 */
occupancy: number, };

/**
 * A standard that will be missed.
 */
export type LaneWarning = { 
/**
 * The service level to expect.
 */
expected: number, 
/**
 * Why.
 */
reason: WarningReason, 
/**
 * Arrivals in the hour before the last 15 minutes.
 */
arrivals_before_per_hour: number, 
/**
 * Agents who would keep the standard; null where no number would, or where it is the line that is late.
 */
agents_needed: number | null, 
/**
 * When; null is now.
 */
at: At | null, 
/**
 * Whose shifts end until then, where that is the reason.
 */
leaving: Array<AgentId>, };

/**
 * Why a standard will be missed.
 */
export type WarningReason = "arrivals" | "agents" | "line" | "shifts";

/**
 * A visitor who waits for a word of the agent who has them.
 */
export type Silence = { 
/**
 * Who should say something.
 */
agent: AgentId, 
/**
 * Since when the visitor waits: of the agent's visitors the one who has waited longest.
 */
since: At, };

/**
 * One who waits.
 */
export type WaitingRow = { 
/**
 * Which.
 */
conversation: ConversationId, 
/**
 * In whose line.
 */
department: DepartmentKey, 
/**
 * Since when the place counts.
 */
enqueued_at: At, 
/**
 * −2 … 2, higher first.
 */
priority: number, 
/**
 * Chat now or answer later.
 */
mode: Mode, 
/**
 * Who.
 */
visitor: VisitorCard, 
/**
 * Their first words.
 */
summary: string, 
/**
 * What was promised first, of the wait as a whole; absent while nothing was.
 */
promised?: Eta, 
/**
 * How long they will still wait; absent while unknown.
 */
eta?: Eta, };
