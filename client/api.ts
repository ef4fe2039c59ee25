// What a page may ask of the widget: the one global, `Balie`. These types are published with the client; docs/widget.md
// explains each with an example. Types only: nothing here is ever loaded.

/** What happened, by name, and what is told about it. */
export interface BalieEvents {
  /** The launcher is there and the site's settings are known. */
  ready: { open: boolean };
  open: undefined;
  close: undefined;
  /** Messages that the visitor has not seen. */
  unread: { count: number };
  /** Whether agents could answer now. */
  presence: { open: boolean };
  connection: { state: "idle" | "connecting" | "open" | "waiting" | "offline" | "signed_out" | "refused" };
  "form:shown": undefined;
  "form:sent": { fields: Record<string, string> };
  "chat:start": undefined;
  "chat:queued": { conversation: string; department: string };
  "chat:position": { position: number; waiting: number };
  "chat:assigned": { conversation: string; agent: { id: string; name: string } };
  "chat:transferred": { conversation: string };
  "chat:requeued": { conversation: string };
  "chat:ended": { conversation: string; reason: string };
  "agent:away": { conversation: string };
  "agent:back": { conversation: string };
  "message:sent": { conversation: string; seq: number; text?: string };
  "message:received": { conversation: string; seq: number; text?: string; from?: string };
  "message:failed": { text: string };
  "file:sent": { conversation: string; seq: number; name: string };
  rating: { conversation: string; score: number };
  "greeting:shown": { text: string };
  "greeting:closed": { text: string };
  /** The chat could not be loaded, or the identity was refused. */
  error: { message: string };
}

export type BalieEvent = keyof BalieEvents;
export type BalieHandler<E extends BalieEvent> = (detail: BalieEvents[E]) => void;

export interface BalieApi {
  open(): void;
  close(): void;
  toggle(): void;
  /**
   * A JWT that the site signed about its visitor. Never stored. Another person's begins anew; without one, whoever was
   * signed in before is forgotten, and a visitor whom the site never knew stays who they were.
   */
  identify(jwt?: string | null): void;
  /** Fills in fields of the site's form by their names. What the visitor wrote stays. */
  setFields(fields: Record<string, string>): void;
  /** Where the visitor is, for pages whose address does not say it. */
  setPage(page: { url: string; title?: string }): void;
  /** Opens the chat; with a text it starts with these words, unless there is one already. */
  startChat(wish?: { text?: string; department?: string }): void;
  on<E extends BalieEvent>(event: E, handler: BalieHandler<E>): void;
  off<E extends BalieEvent>(event: E, handler: BalieHandler<E>): void;
  /** Takes away everything it put into the page. The conversation goes on, on the server. */
  shutdown(): void;
  /** Calls as lists, `["on", "ready", handler]`: those that were made before the script had loaded, and later ones. */
  q: { push(...calls: BalieCall[]): void };
}

export type BalieCall = { [M in Exclude<keyof BalieApi, "q">]: [M, ...Parameters<BalieApi[M]>] }[Exclude<keyof BalieApi, "q">];

declare global {
  interface Window {
    Balie?: BalieApi;
  }
}
