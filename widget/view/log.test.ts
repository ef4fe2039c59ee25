/*
 * The conversation as a screen reader is given it: who said what, and that who left a message stands in no line.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyTimeline, reduce } from "../../client/timeline.ts";
import type { Body, Sender } from "../../client/wire.ts";
import type { Description } from "../dom.ts";
import { fakeModel, fakeSite } from "../fakes.ts";
import { type Actions, isWaiting, type Model } from "../model.ts";
import { emptyVisit } from "../visit.ts";
import { stage } from "./log.ts";

const ME: Sender = { role: "visitor", id: "me" };
const SANNE: Sender = { role: "agent", id: "sanne", name: "Sanne" };

function queued(mode: "chat" | "message"): [Sender, Body] {
  return [ME, { kind: "queued", department: "support", enqueued_at: 1, mode, fields: {}, needs: [] }];
}

function modelWith(...log: [Sender, Body][]): Model {
  const timeline = log.reduce((known, [from, body], index) => reduce(known, { t: "event", conversation: "c", seq: index + 1, prev: index, at: index, from, ...body }, 0), emptyTimeline("c"));
  return { ...fakeModel(fakeSite()), visit: { ...emptyVisit(), conversation: { id: "c", state: "queued", department: "support" }, timeline } };
}

function groups({ tag, props, children }: Description): unknown[] {
  const own = tag === "div" && props["role"] === "group" ? [props["aria-label"]] : [];
  return [...own, ...children.flatMap((child) => (typeof child === "string" ? [] : groups(child)))];
}

test("every message stands under the name of who said it, one's own too", () => {
  const said = (text: string): Body => ({ kind: "message", text });
  const model = modelWith([ME, said("a")], [ME, said("b")], [SANNE, said("c")], [{ role: "bot", name: "Balie" }, said("d")], [{ role: "agent" }, said("e")]);
  assert.deepEqual(groups(stage(model, {} as Actions)), ["You", "Sanne", "Balie automatic answer", "Somebody"]);
});

test("who left a message stands in no line, nor does anybody before it is known what they wait for", () => {
  const requeued: [Sender, Body] = [{ role: "system" }, { kind: "requeued", department: "support", enqueued_at: 1, reason: "agent_gone" }];
  assert.deepEqual(
    [modelWith(), modelWith(queued("message")), modelWith(queued("message"), requeued), modelWith(queued("chat")), modelWith(queued("chat"), requeued)].map(isWaiting),
    [false, false, false, true, true],
  );
});
