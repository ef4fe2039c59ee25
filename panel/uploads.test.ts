import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fittedSize, kindOfFile } from "./inbox/files.ts";
import { createStaged, STAGED_MAX } from "./staged.ts";
import { createUploads, type Upload, type UploadEnd } from "./uploads.ts";

function file(name: string, bytes = 100): File {
  return new File([new Uint8Array(bytes)], name);
}

function scene() {
  const under_way: { upload: Upload; tell: (bytes: number) => void; end: (end: UploadEnd) => void; stopped: boolean }[] = [];
  const ends: string[] = [];
  const reminded: string[] = [];
  let now = 0;
  const uploads = createUploads({
    now: () => now,
    post(upload, tell, end) {
      const one = { upload, tell, end, stopped: false };
      under_way.push(one);
      return () => (one.stopped = true);
    },
    onProgress: (cmd) => reminded.push(cmd),
    onEnd: ({ cmd }, end) => ends.push(`${cmd} ${end.ok ? end.attachment : end.problem.status}`),
  });
  const add = (cmd: string) => uploads.add({ cmd, conversation: "c", file: file(cmd) });
  return { uploads, under_way, ends, reminded, add, passes: (ms: number) => (now += ms) };
}

describe("files on their way", () => {
  it("go one after the other and say how far they are", () => {
    const { uploads, under_way, ends, add } = scene();
    add("a");
    add("b");
    assert.equal(under_way.length, 1);
    under_way[0]?.tell(25);
    assert.deepEqual([...uploads.progress.value], [["a", 0.25], ["b", 0]]);
    under_way[0]?.end({ ok: true, attachment: "1" });
    assert.equal(under_way[1]?.upload.cmd, "b");
    under_way[1]?.end({ ok: true, attachment: "2" });
    assert.deepEqual(ends, ["a 1", "b 2"]);
    assert.equal(uploads.progress.value.size, 0);
  });

  it("keep the bytes of what was refused, and begin anew with them", () => {
    const { uploads, under_way, ends, add } = scene();
    add("a");
    under_way[0]?.end({ ok: false, problem: { status: 503, detail: "" } });
    assert.deepEqual(ends, ["a 503"]);
    assert.ok(uploads.has("a"));
    assert.ok(uploads.retry("a"));
    under_way[1]?.end({ ok: true, attachment: "1" });
    assert.equal(uploads.has("a"), false);
    assert.equal(uploads.retry("a"), false);
  });

  it("stop without a word when they are cancelled, and let the next one go", () => {
    const { uploads, under_way, ends, add } = scene();
    add("a");
    add("b");
    add("c");
    uploads.forget("b");
    uploads.forget("a");
    assert.equal(under_way[0]?.stopped, true);
    assert.equal(under_way[1]?.upload.cmd, "c");
    assert.deepEqual(ends, []);
    assert.deepEqual([...uploads.progress.value.keys()], ["c"]);
  });

  it("remind of all that wait, but not with each packet", () => {
    const { under_way, reminded, add, passes } = scene();
    add("a");
    add("b");
    under_way[0]?.tell(1);
    under_way[0]?.tell(2);
    assert.deepEqual(reminded, ["a", "b"]);
    passes(10_000);
    under_way[0]?.tell(3);
    assert.equal(reminded.length, 4);
  });
});

describe("what is put aside to be sent", () => {
  it("is kept per conversation, up to a limit, and taken once", () => {
    const staged = createStaged();
    const many = Array.from({ length: STAGED_MAX + 2 }, () => ({ kind: "file" as const, file: file("same") }));
    assert.equal(staged.add("a", many), 2);
    assert.equal(staged.add("b", many.slice(0, 1)), 0);
    const [first] = staged.all.value.get("a") ?? [];
    staged.remove("a", first?.id ?? 0);
    assert.equal(staged.take("a").length, STAGED_MAX - 1);
    assert.equal(staged.take("a").length, 0);
    assert.equal(staged.take("b").length, 1);
  });
});

describe("a file in the log", () => {
  it("stands as a picture within bounds, never too thin to be pressed", () => {
    assert.deepEqual(fittedSize({ type: "image/png", width: 1_600, height: 1_200 }), { width: 320, height: 240 });
    assert.deepEqual(fittedSize({ type: "image/png", width: 100, height: 60 }), { width: 100, height: 60 });
    assert.deepEqual(fittedSize({ type: "image/png", width: 4_000, height: 10 }), { width: 320, height: 44 });
    assert.equal(fittedSize({ type: "application/pdf", width: 10, height: 10 }), undefined);
    assert.equal(fittedSize({ type: "image/svg+xml" }), undefined);
  });

  it("is named by its ending, else by its type", () => {
    assert.equal(kindOfFile("order.pdf", "application/pdf"), "PDF");
    assert.equal(kindOfFile("README", "text/plain"), "PLAIN");
  });
});
