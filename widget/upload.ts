// Files on their way to the server, one after the other. The outbox keeps the command that will carry a file; here are the
// bytes themselves, which live as long as the page: whoever reloads has to choose the file again.
//
// attachments.ts says what is to be uploaded and hears of each file one ending: it arrived under an id, or it was refused.

import type { Cancel } from "../client/environment.ts";
import type { Refusal } from "../client/outbox.ts";
import type { Barred, RefusedStart } from "./session.ts";

/** @inside */
export interface Upload {
  cmd: string;
  conversation: string;
  file: File;
}

/** @inside */
export interface UploadNews {
  progress(bytes: number): void;
  /** Under which id the server has it. */
  arrived(attachment: string): void;
  failed(code: Refusal["code"]): void;
}

/** Sends the bytes and tells how it goes, with one ending; what it returns stops it without a word. */
export type Post = (upload: Upload, news: UploadNews) => Cancel;

/** @inside */
export interface Uploads {
  add(upload: Upload): void;
  /** Begins anew with a file that failed; false if this page does not have it. */
  retry(cmd: string): boolean;
  /** Forgets the file, and stops it if it is under way. */
  forget(cmd: string): void;
  /** All whose ending is not told yet. */
  open(): string[];
  /** All of this page that are not forgotten. */
  known(): string[];
}

/** What is told of each file, by the `cmd` that carries it. */
export type UploadsNews = { [K in keyof UploadNews]: (cmd: string, ...news: Parameters<UploadNews[K]>) => void };

export function createUploads(post: Post, told: UploadsNews): Uploads {
  const known = new Map<string, Upload>();
  const line: Upload[] = [];
  let stop: Cancel | undefined;

  function next(): void {
    const [upload] = line;
    if (upload === undefined || stop !== undefined) return;
    const { cmd } = upload;
    const end = (tell: () => void): void => {
      line.shift();
      stop = undefined;
      tell();
      next();
    };
    stop = post(upload, {
      progress: (bytes) => told.progress(cmd, bytes),
      arrived: (attachment) => end(() => told.arrived(cmd, attachment)),
      failed: (code) => end(() => told.failed(cmd, code)),
    });
  }

  return {
    add(upload) {
      known.set(upload.cmd, upload);
      line.push(upload);
      next();
    },
    retry(cmd) {
      const upload = known.get(cmd);
      if (upload === undefined) return false;
      line.push(upload);
      next();
      return true;
    },
    forget(cmd) {
      known.delete(cmd);
      const at = line.findIndex((upload) => upload.cmd === cmd);
      if (at < 0) return;
      line.splice(at, 1);
      if (at > 0) return;
      stop?.();
      stop = undefined;
      next();
    },
    known: () => [...known.keys()],
    open: () => line.map(({ cmd }) => cmd),
  };
}

/** What the server's refusals mean to who sends a file or a message. */
const CODES: Record<number, Refusal["code"]> = { 400: "bad_field", 409: "conflict", 403: "forbidden", 404: "not_found", 413: "too_large", 415: "bad_field", 429: "rate_limited", 503: "unavailable", 507: "unavailable" };

/** XMLHttpRequest, because `fetch` tells no progress of what goes up. */
export function postTo(origin: string, token: () => string | undefined): Post {
  return ({ conversation, file }, news) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${origin}/api/conversations/${conversation}/attachments?name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("authorization", `Bearer ${token()}`);
    request.setRequestHeader("content-type", file.type || "application/octet-stream");
    request.upload.onprogress = ({ loaded }) => news.progress(loaded);
    request.onloadend = () => {
      if (request.status === 201) news.arrived((JSON.parse(request.responseText) as { id: string }).id);
      else news.failed(CODES[request.status] ?? "not_sent");
    };
    request.send(file);
    return () => {
      request.onloadend = null;
      request.abort();
    };
  };
}

/** Leaves a message where no socket comes through; gives the token that makes this browser its sender, or the refusal. */
export async function postMessageTo(origin: string, site: string, message: object, token: string | undefined): Promise<{ token?: string } | RefusedStart> {
  try {
    const answer = await messages(origin, site, message, token === undefined ? {} : { authorization: `Bearer ${token}` });
    if (answer.status === 401 && token !== undefined) return await postMessageTo(origin, site, message, undefined);
    const told = (await answer.json()) as { token?: string; field?: string };
    return answer.ok ? told : { ...told, code: CODES[answer.status] ?? "unavailable", message: "" };
  } catch {
    return { code: "unavailable", message: "" };
  }
}

function messages(origin: string, site: string, body: object, headers: Record<string, string>): Promise<Response> {
  return fetch(`${origin}/api/sites/${site}/messages`, { method: "POST", credentials: "omit", headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(body) });
}

/**
 * Why no socket opens. Throws if the server does not answer at all; a page that it does not take may not read the refusal
 * of an empty message, while anybody may read what the site shows.
 */
export async function probeAt(origin: string, site: string): Promise<"refused" | Barred> {
  await fetch(`${origin}/api/sites/${site}/widget`, { cache: "no-store", credentials: "omit" });
  const isTaken = await messages(origin, site, {}, {}).then(
    ({ status }) => status !== 403,
    () => false,
  );
  if (!isTaken) return "refused";
  // Why an upgrade failed no browser tells; asked for none, the server says whether it has sockets left for this address.
  return fetch(`${origin}/ws/visitor`, { credentials: "omit" }).then(
    ({ status }) => (status === 429 || status === 503 ? "busy" : "blocked"),
    () => "blocked",
  );
}

/** Whether an `accept` list (`image/*`, `application/pdf`, `.zip`) lets the file through. What it really is the server looks at. */
export function isKind({ name, type }: File, types: readonly string[]): boolean {
  return types.some((each) => each === type || (each.endsWith("/*") && type.startsWith(each.slice(0, -1))) || (each.startsWith(".") && name.toLowerCase().endsWith(each)));
}
