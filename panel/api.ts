// The REST side of the panel: one function an endpoint, no exceptions. Views call these; what changes by itself comes
// over the socket and never through here. A 401 while signed in ends the session through `on_signed_out`.

import type {
  Agent,
  Article,
  ArticleDraft,
  Block,
  CannedReply,
  CannedReplyDraft,
  ConversationFilter,
  ConversationRecord,
  Department,
  DepartmentDraft,
  EventPage,
  FiguresReport,
  FoundArticle,
  Hours,
  Me,
  Person,
  PersonDraft,
  PromiseReport,
  PublishedArticle,
  SelfServiceReport,
  SessionRecord,
  Site,
  SiteDraft,
  StaffingReport,
  TagRecord,
} from "./rest.ts";

/** What the server refused and why; `status` 0 means that no answer came at all. */
export interface Problem {
  status: number;
  detail: string;
  field?: string;
  /** How long to wait before trying again, where the server said so. */
  retry_ms?: number;
}

export type Answer<T> = { ok: true; value: T } | { ok: false; problem: Problem };

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface ApiOptions {
  fetch: typeof globalThis.fetch;
  on_signed_out: () => void;
}

export type Api = ReturnType<typeof createApi>;

export function createApi(options: ApiOptions) {
  const { fetch, on_signed_out } = options;

  async function call<T>(method: Method, path: string, body?: unknown): Promise<Answer<T>> {
    const answer = await request<T>(fetch, method, path, body);
    if (!answer.ok && answer.problem.status === 401) on_signed_out();
    return answer;
  }

  return {
    setupNeeded: () => request<{ needed: boolean }>(fetch, "GET", "/api/setup"),
    setup: (body: { token: string; name: string; email: string; password: string }) =>
      request<{ agent: Agent }>(fetch, "POST", "/api/setup", body),
    login: (body: { email: string; password: string }) => request<{ agent: Agent }>(fetch, "POST", "/api/login", body),
    logout: () => request<undefined>(fetch, "POST", "/api/logout"),
    /** Does not report a 401 as a loss: it is how the panel finds out whether anybody is signed in. */
    whoAmI: () => request<{ agent: Me }>(fetch, "GET", "/api/me"),
    renameMe: (name: string) => call<{ agent: Me }>("PATCH", "/api/me", { name }),
    /** A wrong present password may be answered by 401, which is about the words typed and not about the session. */
    changePassword: (current: string, next: string) =>
      request<undefined>(fetch, "PUT", "/api/me/password", { current, new: next }),

    sessions: () => call<{ sessions: SessionRecord[] }>("GET", "/api/sessions"),
    endSession: (id: string) => call<undefined>("DELETE", `/api/sessions/${encodeURIComponent(id)}`),
    endAllSessions: () => call<undefined>("DELETE", "/api/sessions"),

    sites: () => call<{ sites: Site[] }>("GET", "/api/sites"),
    addSite: (draft: SiteDraft) => call<unknown>("POST", "/api/sites", draft),
    changeSite: (key: string, draft: Partial<SiteDraft>) =>
      call<unknown>("PATCH", `/api/sites/${encodeURIComponent(key)}`, draft),
    removeSite: (key: string) => call<undefined>("DELETE", `/api/sites/${encodeURIComponent(key)}`),

    departments: () => call<{ departments: Department[] }>("GET", "/api/departments"),
    addDepartment: (draft: DepartmentDraft) => call<unknown>("POST", "/api/departments", draft),
    changeDepartment: (key: string, draft: Partial<DepartmentDraft>) =>
      call<unknown>("PATCH", `/api/departments/${encodeURIComponent(key)}`, draft),
    removeDepartment: (key: string) => call<undefined>("DELETE", `/api/departments/${encodeURIComponent(key)}`),

    people: () => call<{ agents: Person[] }>("GET", "/api/agents"),
    addPerson: (draft: PersonDraft) => call<unknown>("POST", "/api/agents", draft),
    changePerson: (id: string, draft: Partial<PersonDraft>) =>
      call<unknown>("PATCH", `/api/agents/${encodeURIComponent(id)}`, draft),
    removePerson: (id: string) => call<undefined>("DELETE", `/api/agents/${encodeURIComponent(id)}`),

    rotas: () => call<{ rotas: { agent: string; rota: Hours }[] }>("GET", "/api/rotas"),
    /** Undefined takes the person out of the plan. */
    planPerson: (id: string, rota: Hours | undefined) =>
      call<unknown>(rota ? "PUT" : "DELETE", `/api/agents/${encodeURIComponent(id)}/rota`, rota),

    conversations: (filter: ConversationFilter) =>
      call<{ conversations: ConversationRecord[]; more: boolean }>("GET", `/api/conversations${queryOf(filter)}`),
    conversation: (id: string) => call<ConversationRecord>("GET", `/api/conversations/${encodeURIComponent(id)}`),
    events: (id: string, after: number, limit: number) =>
      call<EventPage>("GET", `/api/conversations/${encodeURIComponent(id)}/events${queryOf({ after, limit })}`),

    articles: (filter: { site: string; skip: number; limit: number }) =>
      call<{ articles: Article[]; has_more: boolean }>("GET", `/api/articles${queryOf(filter)}`),
    addArticle: (draft: ArticleDraft) => call<Article>("POST", "/api/articles", draft),
    changeArticle: (id: string, change: Partial<ArticleDraft> & { position?: number }) =>
      call<Article>("PATCH", `/api/articles/${encodeURIComponent(id)}`, change),
    removeArticle: (id: string) => call<undefined>("DELETE", `/api/articles/${encodeURIComponent(id)}`),
    previewArticle: (body: string) => call<{ blocks: Block[] }>("POST", "/api/articles/preview", { body }),
    /** As visitors find them. */
    foundArticles: (site: string, search: { lang: string; q: string; limit: number }) =>
      call<{ lang: string | null; articles: FoundArticle[] }>(
        "GET",
        `/api/sites/${encodeURIComponent(site)}/articles${queryOf(search)}`,
      ),
    publishedArticle: (site: string, id: string) =>
      call<PublishedArticle>("GET", `/api/sites/${encodeURIComponent(site)}/articles/${encodeURIComponent(id)}`),
    selfService: (span: { site: string; from: number }) =>
      call<SelfServiceReport>("GET", `/api/reports/self-service${queryOf(span)}`),

    figures: (asked: { from: number; to: number; by: string; department?: string; tz: string }) =>
      call<FiguresReport>("GET", `/api/reports/figures${queryOf(asked)}`),
    /** Of 31 days at most. */
    promises: (span: { from: number; to: number }) => call<PromiseReport>("GET", `/api/reports/promises${queryOf(span)}`),
    staffing: (asked: { department: string; day: string; tz: string }) =>
      call<StaffingReport>("GET", `/api/reports/staffing${queryOf(asked)}`),

    tags: () => call<{ tags: TagRecord[] }>("GET", "/api/tags"),
    addTag: (tag: string) => call<unknown>("POST", "/api/tags", { tag }),
    removeTag: (tag: string) => call<undefined>("DELETE", `/api/tags/${encodeURIComponent(tag)}`),

    cannedReplies: () => call<{ canned_replies: CannedReply[] }>("GET", "/api/canned-replies"),
    addCannedReply: (draft: CannedReplyDraft) => call<unknown>("POST", "/api/canned-replies", draft),
    changeCannedReply: (id: string, draft: Partial<CannedReplyDraft>) =>
      call<unknown>("PATCH", `/api/canned-replies/${encodeURIComponent(id)}`, draft),
    removeCannedReply: (id: string) => call<undefined>("DELETE", `/api/canned-replies/${encodeURIComponent(id)}`),
  };
}

/** `?a=1&b=2` of what is set; nothing for an empty filter. Exported for its test. */
export function queryOf(values: object): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== "") query.set(name, String(value));
  }
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}

async function request<T>(fetch: typeof globalThis.fetch, method: Method, path: string, body?: unknown): Promise<Answer<T>> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      credentials: "same-origin",
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
    });
  } catch {
    return { ok: false, problem: { status: 0, detail: "" } };
  }
  const value: unknown = await response.json().catch(() => undefined);
  // The one place where what the server answered is believed to have the shape that rest.ts writes down.
  if (response.ok) return { ok: true, value: value as T };
  return { ok: false, problem: problemOf(response, value) };
}

/** Reads application/problem+json without trusting that it is one: a proxy in between may answer with anything. */
export function problemOf(response: Pick<Response, "status" | "headers">, value: unknown): Problem {
  const fields =
    typeof value === "object" && value !== null ? new Map<string, unknown>(Object.entries(value)) : new Map<string, unknown>();
  const detail = fields.get("detail") ?? fields.get("title");
  const field = fields.get("field");
  const retry_s = Number(response.headers.get("retry-after") ?? Number.NaN);
  return {
    status: response.status,
    detail: typeof detail === "string" ? detail : "",
    ...(typeof field === "string" ? { field } : {}),
    ...(Number.isFinite(retry_s) ? { retry_ms: retry_s * 1_000 } : {}),
  };
}
