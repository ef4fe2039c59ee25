import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Site } from "../rest.ts";
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
