import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Routing, Site } from "../rest.ts";
import { hoursEditOf, hoursFault, hoursOf, openState } from "./hours.ts";
import { areSkills, noRouting, routingEditOf, routingFault, routingOf, skillsOf } from "./routing.ts";
import { draftOf, editOf, fieldNameFrom, kindsOf, wrongNumber } from "./site_draft.ts";

const site: Site = {
  key: "shop",
  name: "Shop",
  origins: ["https://shop.example", "self"],
  departments: ["support", "sales"],
  form: [
    { name: "name", label: "Name", kind: "text", required: true },
    { name: "about", label: "About", kind: "select", required: false, options: ["A bike", "A part"] },
  ],
  greeting: "Hello",
  color: "#1d4f91",
  typing_preview: true,
  widget: {
    logo: "https://shop.example/logo.svg",
    side: "start",
    offset: { x: 0, y: 24 },
    theme: "dark",
    connect: "load",
    greetings: [{ text: "Need a hand?", page: "/cart", after_ms: 1_500, scroll_percent: 50, visitor: "new" }, { text: "Hi" }],
    consent: { text: "We keep this.", url: "https://shop.example/privacy", required: true },
    uploads: { bytes_max: 5_242_880, types: ["image/*", "application/json"] },
    long_wait_ms: 600_000,
  },
};

describe("a site being edited", () => {
  it("comes back as it was when nothing is changed", () => {
    assert.deepEqual(draftOf(editOf(site, [])), site);
  });

  it("keeps the chosen department first, and gives a new site the first there is", () => {
    assert.deepEqual(draftOf({ ...editOf(site, []), first_department: "sales" }).departments, ["sales", "support"]);
    assert.deepEqual(editOf(undefined, ["support", "sales"]).departments, ["support"]);
  });

  it("switches off what is switched off, whatever was written there", () => {
    const { widget } = draftOf({ ...editOf(site, []), consents: false, uploads: false, logo: " " });
    assert.deepEqual([widget.consent, widget.uploads, widget.logo], [null, null, null]);
  });

  it("finds the control that holds no number, and leaves empty conditions alone", () => {
    const edit = editOf(site, []);
    assert.equal(wrongNumber(edit), undefined);
    assert.equal(wrongNumber({ ...edit, offset_y: "ten" }), "widget.offset.y");
    assert.equal(wrongNumber({ ...edit, uploads: false, upload_mb: "" }), undefined);
    const greetings = edit.greetings.map((greeting) => ({ ...greeting, after_s: "soon" }));
    assert.equal(wrongNumber({ ...edit, greetings }), "widget.greetings[0].after_ms");
  });

  it("knows kinds of file only where they are whole, and keeps the rest as written", () => {
    assert.deepEqual(kindsOf(["image/*", "application/msword", "text/plain"]), {
      kinds: ["pictures", "text"],
      other_types: "application/msword",
    });
  });

  it("makes a question's key of its label once, without taking another's", () => {
    assert.equal(fieldNameFrom("Ordernummer (één)", []), "ordernummer_een");
    assert.equal(fieldNameFrom("Name", ["name", "name_2"]), "name_3");
    assert.equal(fieldNameFrom("名前", []), "field");
    const edit = editOf(site, []);
    const added = { name: "", label: "Name", kind: "text" as const, required: false, options: "" };
    const names = draftOf({ ...edit, form: [...edit.form, added, added] }).form.map((field) => field.name);
    assert.deepEqual(names, ["name", "about", "name_2", "name_3"]);
  });
});

describe("opening hours", () => {
  const hours = {
    tz: "Europe/Amsterdam",
    week: [
      { days: [1, 2, 3, 4, 5], from: "09:00", to: "12:30" },
      { days: [1, 2, 3, 4, 5], from: "13:00", to: "17:00" },
      { days: [6], from: "22:00", to: "24:00" },
      { days: [7], from: "00:00", to: "02:00" },
    ],
    closed: ["2026-12-25"],
  };
  const at = (text: string): number => Date.parse(text);

  it("are the same after a look in the editor", () => {
    const again = hoursOf(hoursEditOf(hours));
    assert.deepEqual(hoursEditOf(again), hoursEditOf(hours));
    assert.equal(again.week.length, 4);
    assert.deepEqual(again.week.find((span) => span.days.includes(6))?.to, "24:00");
  });

  it("name the day that is at fault, and why", () => {
    const edit = hoursEditOf(hours);
    const tuesday = (...spans: { from: string; to: string }[]) =>
      hoursFault({ ...edit, days: edit.days.map((known, day) => (day === 1 ? spans : known)) });
    assert.equal(hoursFault(edit), undefined);
    assert.deepEqual(tuesday({ from: "17:00", to: "09:00" }), { day: 1, fault: "order" });
    assert.deepEqual(tuesday({ from: "09:00", to: "" }), { day: 1, fault: "missing" });
    assert.deepEqual(tuesday({ from: "11:00", to: "12:00" }, { from: "09:00", to: "11:30" }), { day: 1, fault: "overlap" });
    assert.equal(tuesday({ from: "09:00", to: "11:00" }, { from: "11:00", to: "00:00" }), undefined);
    assert.deepEqual(hoursFault({ ...edit, days: edit.days.map(() => []) }), { day: undefined, fault: "never" });
  });

  it("say when it opens or closes next, by the clock of the place", () => {
    const state = (moment: string) => openState(hours, at(moment));
    // Monday 23 November 2026: Amsterdam is an hour ahead of UTC.
    assert.deepEqual(state("2026-11-23T07:59:00Z"), { is_open: false, until: at("2026-11-23T08:00:00Z") });
    assert.deepEqual(state("2026-11-23T08:00:00Z"), { is_open: true, until: at("2026-11-23T11:30:00Z") });
    // Saturday night goes on into Sunday without a break.
    assert.deepEqual(state("2026-11-21T22:30:00Z"), { is_open: true, until: at("2026-11-22T01:00:00Z") });
    // In summer the same clock is two hours ahead.
    assert.deepEqual(state("2026-07-06T06:00:00Z"), { is_open: false, until: at("2026-07-06T07:00:00Z") });
    // 25 December 2026 is a Friday, and closed.
    assert.deepEqual(state("2026-12-24T17:00:00Z"), { is_open: false, until: at("2026-12-26T21:00:00Z") });
  });

  it("never close where the week has no gap, and never open where every day is closed", () => {
    const always = { tz: "UTC", week: [{ days: [1, 2, 3, 4, 5, 6, 7], from: "00:00", to: "24:00" }], closed: [] };
    assert.deepEqual(openState(always, at("2026-11-23T08:00:00Z")), { is_open: true, until: undefined });
    assert.deepEqual(openState({ ...always, tz: "Nowhere/At_All" }, 0), { is_open: false, until: undefined });
  });
});

describe("what a department reaches for", () => {
  const routing: Routing = { relax_after_ms: [30_000, 60_500], overflow_after_ms: 90_000, stand_ins: ["sales", "night"], queue_max: 0, speaks: true };

  it("comes back as it was when nothing is changed", () => {
    for (const known of [routing, noRouting]) assert.deepEqual(routingOf(routingEditOf(known)), known);
  });

  it("reads numbers as people write them", () => {
    const edit = { ...routingEditOf(noRouting), steps: " 30 60,90; 120 ", stand_ins: ["sales"], overflow: "1,5" };
    assert.deepEqual(routingOf(edit).relax_after_ms, [30_000, 60_000, 90_000, 120_000]);
    assert.equal(routingOf(edit).overflow_after_ms, 90_000);
    assert.equal(routingFault(edit), undefined);
  });

  it("says nothing of overflow while nobody stands in", () => {
    assert.equal(routingOf({ ...routingEditOf(routing), stand_ins: [] }).overflow_after_ms, null);
  });

  it("finds the control that makes no sense", () => {
    const edit = routingEditOf(routing);
    assert.equal(routingFault(edit), undefined);
    for (const steps of ["soon", "60, 30", "30, 30", "0", "-5", "86401", "1 2 3 4 5 6 7 8 9"]) assert.equal(routingFault({ ...edit, steps }), "steps", steps);
    for (const queue_max of ["many", "1.5", "-1", "4294967296"]) assert.equal(routingFault({ ...edit, queue_max }), "queue_max", queue_max);
    for (const overflow of ["soon", "0", "-1", "1441"]) assert.equal(routingFault({ ...edit, overflow }), "overflow", overflow);
  });

  it("keeps skills as the server does", () => {
    assert.deepEqual(skillsOf(" NL, billing;  nl\nfr "), ["billing", "fr", "nl"]);
    assert.deepEqual(skillsOf(" "), []);
    assert.ok(areSkills(["nl", "tier-2"]));
    assert.ok(!areSkills(["façade"]) && !areSkills(["x".repeat(41)]) && !areSkills(Array.from({ length: 33 }, (_, at) => `s${at}`)));
  });
});
