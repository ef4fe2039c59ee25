// A house with people in it: the first administrator through the one-time link, everybody else over the REST interface.

import type { TestContext } from "node:test";
import { type Server, type ServerOptions, startServer } from "./server.ts";

/** Long enough for the password rules; one for all, because no test is about guessing it. */
export const PASSWORD = "a bicycle by the water";

export interface Person {
  name: string;
  email: string;
}

export interface House extends Server {
  /** The first administrator. */
  admin: Person;
  /** A request in the administrator's name; fails unless it succeeded. Gives the answer's JSON, if any. */
  request(method: string, path: string, body?: unknown): Promise<unknown>;
  /** Adds somebody who may sign in with `PASSWORD`. */
  person(name: string, role?: "agent" | "supervisor" | "admin", departments?: string[]): Promise<Person>;
}

export async function startHouse(test: TestContext, options: ServerOptions = {}): Promise<House> {
  const server = await startServer(test, options);
  const admin = personOf("Noor Haddad");
  const token = server.setupLink().split("#setup=")[1] ?? "";
  const answer = await fetch(`${server.origin}/api/setup`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token, ...admin, password: PASSWORD }),
  });
  if (!answer.ok) throw new Error(`set-up: ${answer.status} ${await answer.text()}`);
  const cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? "";

  async function request(method: string, path: string, body?: unknown): Promise<unknown> {
    const reply = await fetch(server.origin + path, {
      method,
      headers: { cookie, origin: server.origin, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await reply.text();
    if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  return {
    ...server,
    admin,
    request,
    async person(name, role = "agent", departments = ["support", "sales"]) {
      const person = personOf(name);
      await request("POST", "/api/agents", { ...person, role, departments, password: PASSWORD });
      return person;
    },
  };
}

function personOf(name: string): Person {
  return { name, email: `${name.split(" ")[0]?.toLowerCase()}@shop.example` };
}

/** One event of a log, as far as the flows look at it. */
export interface LoggedEvent {
  seq: number;
  kind: string;
  text?: string;
  from: { role: string; name?: string };
}

/** The whole log of the newest conversation; fails on a gap or a repeat in `seq`. */
export async function newestLog(house: House): Promise<LoggedEvent[]> {
  const { conversations } = (await house.request("GET", "/api/conversations?limit=1")) as { conversations: { id: string }[] };
  const id = conversations[0]?.id;
  if (id === undefined) throw new Error("There is no conversation.");
  const events: LoggedEvent[] = [];
  for (let more = true; more; ) {
    const page = (await house.request("GET", `/api/conversations/${id}/events?after=${events.at(-1)?.seq ?? 0}&limit=100`)) as { events: LoggedEvent[]; more: boolean };
    events.push(...page.events);
    more = page.more;
  }
  events.forEach(({ seq }, at) => {
    if (seq !== at + 1) throw new Error(`The log has ${seq} where ${at + 1} belongs.`);
  });
  return events;
}
