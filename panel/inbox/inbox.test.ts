import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { emptyTimeline } from "../../client/timeline.ts";
import type { EventFrame } from "../state/wire.ts";
import { cannedQuery, fillVariables, findCanned, nextVariable } from "./canned.ts";
import { entriesOf } from "./entries.ts";
import { transferChoices } from "./transfer_choices.ts";
import { noRouting } from "../settings/routing.ts";
import { emptyDesk } from "../state/model.ts";

const replies = [
  { id: "1", shortcut: "key-courier", title: "Courier", text: "A new set of keys", department: "support" },
  { id: "2", shortcut: "spare-key", title: "Spare", text: "Under the saddle", department: null },
  { id: "3", shortcut: "hours", title: "Opening", text: "The key is at nine", department: null },
  { id: "4", shortcut: "key-lease", title: "Lease", text: "Leasing", department: "sales" },
];

describe("canned replies", () => {
  it("open where a slash begins a word before the caret, and nowhere else", () => {
    assert.deepEqual(cannedQuery("/key", 4), { text: "key", start: 0 });
    assert.deepEqual(cannedQuery("hello /ke and more", 9), { text: "ke", start: 6 });
    assert.equal(cannedQuery("and/or", 6), undefined);
    assert.equal(cannedQuery("https://x", 9), undefined);
    assert.equal(cannedQuery("/key ", 5), undefined);
  });

  it("come in order of fit and leave out other departments", () => {
    assert.deepEqual(
      findCanned(replies, "key", "support").map((reply) => reply.id),
      ["1", "2", "3"],
    );
  });

  it("fill what is known and lead the cursor to what is not", () => {
    const text = fillVariables("To {address}, {visitor.first_name}.", new Map([["visitor.first_name", "Hannah"]]));
    assert.equal(text, "To {address}, Hannah.");
    assert.deepEqual(nextVariable(text, 0), { start: 3, end: 12 });
    assert.deepEqual(nextVariable(text, 12), { start: 3, end: 12 });
    assert.equal(nextVariable("nothing left", 0), undefined);
  });
});

function said(seq: number, at: number, who: "visitor" | "agent", kind: "message" | "note" = "message"): EventFrame {
  return { conversation: "c", seq, prev: seq - 1, at, from: { role: who, id: who }, kind, text: String(seq) };
}

describe("a log as it is drawn", () => {
  it("gathers the words of one person, parts people, minutes and notes, and turns with the day", () => {
    const day = new Date(2026, 10, 21, 14, 0).getTime();
    const next_day = new Date(2026, 10, 22, 9, 0).getTime();
    const events = [
      said(1, day, "visitor"),
      said(2, day + 1_000, "visitor"),
      said(3, day + 2_000, "agent"),
      said(4, day + 3_000, "agent", "note"),
      said(5, day + 4_000, "agent"),
      said(6, day + 90_000, "agent"),
      said(7, next_day, "agent"),
    ];
    const shape = entriesOf({ ...emptyTimeline("c"), events }).map((entry) =>
      entry.kind === "said" ? `${entry.side} ${entry.events.map((event) => event.seq).join("+")}` : entry.kind,
    );
    assert.deepEqual(shape, ["day", "visitor 1+2", "agent 3", "note 4", "agent 5", "agent 6", "day", "agent 7"]);
  });

  it("shows what is on its way after everything that is in the log", () => {
    const pending = { cmd: "x", kind: "message" as const, text: "hi", made_at: 1 };
    const entries = entriesOf({ ...emptyTimeline("c"), events: [said(1, 5, "visitor")], pending: [pending] });
    assert.equal(entries.at(-1)?.kind, "pending");
  });

  it("leaves what failed for good where it was written", () => {
    const failed = {
      cmd: "x",
      kind: "message" as const,
      text: "hi",
      made_at: 10,
      failed: { code: "too_large" as const, message: "" },
    };
    const entries = entriesOf({
      ...emptyTimeline("c"),
      events: [said(1, 5, "visitor"), said(2, 20, "agent")],
      pending: [failed],
    });
    assert.deepEqual(
      entries.map((entry) => entry.kind),
      ["day", "said", "pending", "said"],
    );
  });
});

describe("who could take a chat over", () => {
  it("puts who has room first, then the lines, then the others with what stands in the way", () => {
    const place = (id: string, status: "online" | "away", load: number) =>
      [id, { id, name: id, status, load, capacity: 2 }] as const;
    const state = {
      ...emptyDesk,
      me: { id: "me", name: "me", role: "agent" as const },
      places: new Map([
        place("busy", "online", 1),
        place("free", "online", 0),
        place("full", "online", 2),
        place("gone", "away", 0),
      ]),
    };
    const people = ["me", "full", "busy", "gone", "free"].map((id) => ({
      id,
      name: id,
      role: "agent" as const,
      departments: [],
      capacity: 2,
      status: "offline" as const,
      skills: [],
      load: 0,
    }));
    const standard = { threshold_ms: 20_000, target_percent: 80, definition: "strict" as const };
    const departments = [
      { key: "sales", name: "Sales", mode: "assign" as const, idle_limit_ms: null, priority: 0, hours: null, standard, routing: noRouting },
    ];
    const choices = transferChoices(state, departments, people, { department: "support", owner: { id: "me", name: "me" } });
    assert.deepEqual(
      choices.map((choice) => [choice.name, choice.obstacle]),
      [
        ["free", undefined],
        ["busy", undefined],
        ["Sales", undefined],
        ["full", "full"],
        ["gone", "away"],
      ],
    );
  });
});
