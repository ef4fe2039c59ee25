/*
 * Files on their way, against a server that the test plays: one at a time, each with one ending, and what can be done about
 * those that failed.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createUploads, isKind, type Post, type Upload, type UploadNews } from "./upload.ts";

const fileOf = (name: string, type = "image/png"): File => new File(["abc"], name, { type });
const upload = (cmd: string): Upload => ({ cmd, conversation: "c", file: fileOf(`${cmd}.png`) });

function house() {
  const under: { cmd: string; news: UploadNews }[] = [];
  const told: string[] = [];
  const stopped: string[] = [];
  const post: Post = ({ cmd }, news) => {
    under.push({ cmd, news });
    return () => stopped.push(cmd);
  };
  const uploads = createUploads(post, {
    progress: (cmd, bytes) => told.push(`${cmd} ${bytes}`),
    arrived: (cmd, id) => told.push(`${cmd} is ${id}`),
    failed: (cmd, code) => told.push(`${cmd} failed: ${code}`),
  });
  const begun = (): string[] => under.map(({ cmd }) => cmd);
  const news = (): UploadNews => under.at(-1)?.news ?? assert.fail("nothing is under way");
  return { uploads, begun, news, told, stopped };
}

test("several files go one after the other, in the order chosen", () => {
  const { uploads, begun, news, told } = house();
  for (const cmd of ["one", "two", "three"]) uploads.add(upload(cmd));
  assert.deepEqual(begun(), ["one"]);
  news().progress(2);
  news().arrived("a1");
  assert.deepEqual(begun(), ["one", "two"]);
  news().failed("too_large");
  news().arrived("a3");
  assert.deepEqual(told, ["one 2", "one is a1", "two failed: too_large", "three is a3"]);
  assert.deepEqual(uploads.open(), []);
});

test("what failed can be tried again as long as the page has the file", () => {
  const { uploads, begun, news } = house();
  uploads.add(upload("one"));
  news().failed("not_sent");
  assert.equal(uploads.retry("one"), true);
  assert.deepEqual(begun(), ["one", "one"]);
  news().arrived("a1");
  uploads.forget("one");
  assert.equal(uploads.retry("one"), false);
  assert.equal(uploads.retry("of an earlier page"), false);
});

test("one that is cancelled stops, and the next begins; one that waited is never begun", () => {
  const { uploads, begun, stopped } = house();
  for (const cmd of ["one", "two", "three"]) uploads.add(upload(cmd));
  uploads.forget("two");
  uploads.forget("one");
  assert.deepEqual(stopped, ["one"]);
  assert.deepEqual(begun(), ["one", "three"]);
});

test("a kind is judged by type, family or ending", () => {
  const types = ["image/*", "application/pdf", ".zip"];
  const kinds = [fileOf("a.png"), fileOf("a.pdf", "application/pdf"), fileOf("A.ZIP", ""), fileOf("a.png", "imagery/x"), fileOf("a.exe", "application/x-msdownload"), fileOf("zip", "")];
  assert.deepEqual(kinds.map((file) => isKind(file, types)), [true, true, true, false, false, false]);
});
