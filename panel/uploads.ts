// Files on their way to the server, one after the other, and how far each is. The outbox keeps the command that will carry a
// file at its place in the conversation; here are the bytes themselves, which live as long as the page: whoever reloads has
// to choose the file again. desk.ts adds files, and hears of each one ending: it arrived under an id, or it was refused.

import { signal, type ReadonlySignal } from "@preact/signals";
import { problemOf, type Problem } from "./api.ts";

export interface Upload {
  cmd: string;
  conversation: string;
  file: File;
}

export type UploadEnd = { ok: true; attachment: string } | { ok: false; problem: Problem };

/** Sends the bytes: tells how many went, and how it ended. What it gives back stops it without a word. */
export type Post = (upload: Upload, onProgress: (bytes: number) => void, onEnd: (end: UploadEnd) => void) => () => void;

export interface Uploads {
  add(upload: Upload): void;
  /** Begins anew with one that failed; false if its bytes are not here. */
  retry(cmd: string): boolean;
  /** Stops it if it is under way, and lets its bytes go. */
  forget(cmd: string): void;
  /** Whose bytes are here. */
  has(cmd: string): boolean;
  /** From 0 to 1, of those whose end is not told yet. */
  progress: ReadonlySignal<ReadonlyMap<string, number>>;
  stop(): void;
}

/** A command that waits for its file is reminded no more often than this; the outbox gives up after a minute. */
const REMIND_MS = 10_000;

export interface UploadsOptions {
  post: Post;
  now(): number;
  /** Told while it goes on, so that the command waits on. */
  onProgress(cmd: string): void;
  onEnd(upload: Upload, end: UploadEnd): void;
}

export function createUploads({ post, now, onProgress, onEnd }: UploadsOptions): Uploads {
  const known = new Map<string, Upload>();
  const line: Upload[] = [];
  const progress = signal<ReadonlyMap<string, number>>(new Map());
  let stopPresent: (() => void) | undefined;
  let reminded_at = Number.NEGATIVE_INFINITY;

  function show(cmd: string, share: number | undefined): void {
    const next = new Map(progress.value);
    if (share === undefined) next.delete(cmd);
    else next.set(cmd, share);
    progress.value = next;
  }

  function next(): void {
    const [upload] = line;
    if (upload === undefined || stopPresent !== undefined) return;
    const { cmd, file } = upload;
    stopPresent = post(
      upload,
      (bytes) => {
        show(cmd, file.size === 0 ? 0 : Math.min(1, bytes / file.size));
        if (now() - reminded_at < REMIND_MS) return;
        reminded_at = now();
        // Those that wait behind it are no less under way.
        for (const waiting of line) onProgress(waiting.cmd);
      },
      (end) => {
        line.shift();
        stopPresent = undefined;
        show(cmd, undefined);
        if (end.ok) known.delete(cmd);
        onEnd(upload, end);
        next();
      },
    );
  }

  function enter(upload: Upload): void {
    line.push(upload);
    show(upload.cmd, 0);
    next();
  }

  return {
    progress,
    has: (cmd) => known.has(cmd),
    add(upload) {
      known.set(upload.cmd, upload);
      enter(upload);
    },
    retry(cmd) {
      const upload = known.get(cmd);
      if (upload === undefined) return false;
      if (!line.includes(upload)) enter(upload);
      return true;
    },
    forget(cmd) {
      known.delete(cmd);
      const at = line.findIndex((upload) => upload.cmd === cmd);
      if (at < 0) return;
      line.splice(at, 1);
      show(cmd, undefined);
      if (at > 0) return;
      stopPresent?.();
      stopPresent = undefined;
      next();
    },
    stop() {
      line.length = 0;
      stopPresent?.();
      stopPresent = undefined;
    },
  };
}

/** XMLHttpRequest, because `fetch` tells no progress of what goes up. */
export const postFile: Post = ({ conversation, file }, onProgress, onEnd) => {
  const request = new XMLHttpRequest();
  request.open("POST", `${attachmentsPath(conversation)}?name=${encodeURIComponent(file.name)}`);
  request.setRequestHeader("content-type", file.type || "application/octet-stream");
  request.responseType = "json";
  request.upload.onprogress = ({ loaded }) => onProgress(loaded);
  request.onloadend = () => {
    const answer: unknown = request.response;
    const is_named = typeof answer === "object" && answer !== null && "id" in answer && typeof answer.id === "string";
    if (request.status === 201 && is_named) onEnd({ ok: true, attachment: String(answer.id) });
    else {
      const headers = new Headers({ "retry-after": request.getResponseHeader("retry-after") ?? "" });
      onEnd({ ok: false, problem: problemOf({ status: request.status, headers }, answer) });
    }
  };
  request.send(file);
  return () => {
    request.onloadend = null;
    request.abort();
  };
};

export function attachmentsPath(conversation: string): string {
  return `/api/conversations/${encodeURIComponent(conversation)}/attachments`;
}
