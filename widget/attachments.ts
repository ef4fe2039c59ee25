// Files that the visitor chose on this page, between the session and their upload: each stands in the outbox at its place
// among the words, held until the server has its bytes, and goes when the page goes.

import { type Clock, observable, type Observable } from "../client/environment.ts";
import type { Session } from "./session.ts";
import { createUploads, type Post } from "./upload.ts";

/** @inside */
export interface Attachments {
  /** How much of the file that is under way has gone. */
  progress: Observable<{ cmd: string; bytes: number } | undefined>;
  /** False if too much is waiting already, or there is no conversation. */
  attach(file: File): boolean;
  /** Anything that failed, file or words. */
  retry(cmd: string): void;
  /** The page goes, and with it the files that it was uploading. */
  drop(): void;
  stop(): void;
}

/** A tab that uploads says so to the others at most so often. */
const HOLD_EVERY_MS = 5_000;

export function createAttachments(session: Session, clock: Clock, post: Post): Attachments {
  const { outbox, visit } = session;
  const progress = observable<{ cmd: string; bytes: number } | undefined>(undefined);
  let held_at = 0;
  const uploads = createUploads(post, {
    progress(cmd, bytes) {
      progress.set({ cmd, bytes });
      if (clock.now() - held_at < HOLD_EVERY_MS) return;
      held_at = clock.now();
      outbox.hold(cmd);
    },
    arrived: (cmd, attachment) => outbox.complete({ t: "send", cmd, text: "", attachment }),
    failed: (cmd, code) => outbox.refused(cmd, { code, message: "" }),
  });

  /** What is not in the outbox any more was sent or thrown away, perhaps in another tab. */
  const stop = visit.subscribe(() => {
    const known = new Set(outbox.entries().map(({ command }) => command.cmd));
    for (const cmd of uploads.known()) if (!known.has(cmd)) uploads.forget(cmd);
  });

  function drop(): void {
    for (const cmd of uploads.open()) {
      uploads.forget(cmd);
      outbox.refused(cmd, { code: "gone", message: "" });
    }
  }

  return {
    progress,
    attach(file) {
      const cmd = session.newId();
      const { id } = visit.get().conversation ?? {};
      if (!id || !session.add({ t: "send", cmd, text: "" }, { name: file.name, type: file.type, bytes: file.size })) return false;
      uploads.add({ cmd, conversation: id, file });
      return true;
    },
    retry(cmd) {
      const isHeld = outbox.entries().some(({ command, held_until }) => command.cmd === cmd && held_until);
      if (isHeld && !uploads.retry(cmd)) outbox.refused(cmd, { code: "gone", message: "" });
      else outbox.retry(cmd);
    },
    drop,
    stop() {
      drop();
      stop();
    },
  };
}
