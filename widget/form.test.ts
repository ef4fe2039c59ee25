import assert from "node:assert/strict";
import { test } from "node:test";
import type { FormField } from "./embed.ts";
import { fakeModel, fakeSite } from "./fakes.ts";
import { answers, complaints, errorsOf } from "./form.ts";
import { departmentName, type Model, QUESTION } from "./model.ts";
import { DEPARTMENT } from "./view/form.ts";

const NAME: FormField = { name: "name", label: "Name", kind: "text", required: true };
const EMAIL: FormField = { name: "email", label: "Email", kind: "email", required: false };
const STORY: FormField = { name: "story", label: "What happened?", kind: "textarea", required: true };

function model(form: FormField[], values: Record<string, string>): Model {
  return fakeModel(fakeSite({ form }), values);
}

test("only what is needed must be there, and only what is surely unfinished is called so", () => {
  assert.deepEqual(Object.keys(complaints(model([NAME, EMAIL], {}))), ["name"]);
  assert.deepEqual(Object.keys(complaints(model([NAME, EMAIL], { name: "Eva", email: "eva@jansen" }))), ["email"]);
  assert.deepEqual(complaints(model([NAME, EMAIL], { name: "Eva", email: "eva@jansen.example" })), {});
  assert.deepEqual(Object.keys(complaints(model([NAME], { name: "  ", [QUESTION]: "x".repeat(10_001) }))), ["name", QUESTION]);
});

test("what goes out is the site's fields, trimmed and without empty ones, the department's key and the question", () => {
  const filled = { name: " Eva ", email: "", [DEPARTMENT]: "Sales", [QUESTION]: " Where is it? " };
  assert.deepEqual(answers(model([NAME, EMAIL], filled)), { fields: { name: "Eva" }, department: "sales", text: "Where is it?" });
  assert.deepEqual(answers(model([], {})), { fields: {}, department: "support", text: undefined });
});

test("where the site asks for the story itself, that begins the conversation", () => {
  assert.deepEqual(answers(model([STORY], { story: "It broke." })), { fields: { story: "It broke." }, department: "support", text: "It broke." });
});

test("a field that the server found wrong gets the words, in whichever way the server names it", () => {
  const refused = (field: string) => Object.keys(errorsOf({ code: "bad_field", message: "no", field }, model([NAME, EMAIL], {})));
  assert.deepEqual(refused("fields.email"), ["email"]);
  assert.deepEqual(refused("email"), ["email"]);
  assert.deepEqual(refused("text"), []);
});

test("a department is called by its name, also one that only stands in", () => {
  const site = fakeModel(fakeSite({ stand_ins: [{ key: "night", name: "Night shift" }] }), {});
  assert.deepEqual(["sales", "night", "later-on"].map((key) => departmentName(site, key)), ["Sales", "Night shift", "later-on"]);
  assert.equal(departmentName(fakeModel(fakeSite({}), {}), "night"), "night");
});
