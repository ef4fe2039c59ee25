// What the visitor may do with files: choose, drop, paste, look at and save them. Checked here before anything is uploaded,
// so that the words about it come at once; the server looks at the content and has the last word.

import type { Clock } from "../client/environment.ts";
import type { Context } from "./actions.ts";
import { Word } from "./i18n/index.ts";
import { canAttach, type LateActions } from "./model.ts";
import type { Attachments } from "./attachments.ts";
import { isKind } from "./upload.ts";

/** How long a browser may take to save what it was given. */
const SAVE_MS = 10_000;

export function fileActions({ host: { origin }, clock, session, model, change }: Context, { attach, retry }: Attachments): Pick<LateActions, "attach" | "retry" | "download" | "paint"> {
  function complaintAbout(file: File): string | undefined {
    const { site: { uploads }, phrases: { say, size } } = model();
    if (uploads === null || !canAttach(model())) return say(Word.filesOff);
    if (file.size === 0) return say(Word.fileEmpty);
    if (file.size > uploads.bytes_max) return say(Word.fileTooBig, { size: size(uploads.bytes_max) });
    if (!isKind(file, uploads.types)) return say(Word.fileKind);
    return attach(file) ? undefined : say(Word.full);
  }

  async function read(path: string): Promise<Blob> {
    const answer = await fetch(`${origin}/api/conversations/${model().visit.conversation?.id}/attachments/${path}`, { credentials: "omit", headers: { authorization: `Bearer ${session.token()}` } });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.blob();
  }

  return {
    retry,
    attach(files) {
      let complaint: string | undefined;
      for (const file of files) complaint = complaintAbout(file) ?? complaint;
      change({ complaint, isAtBottom: true, below: 0 });
    },
    download: (id, name) =>
      void read(id).then(
        (blob) => save(blob, name, clock),
        () => change({ complaint: model().phrases.say(Word.errorAway) }),
      ),
    paint: (element, id) =>
      void read(`${id}/thumbnail`)
        .then(createImageBitmap)
        .then(
          (picture) => element instanceof HTMLCanvasElement && element.getContext("2d")?.drawImage(picture, 0, 0, element.width, element.height),
          () => {}, // its name is there, and it can be saved
        ),
  };
}

export function save(blob: Blob, name: string, clock: Clock): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  clock.after(SAVE_MS, () => URL.revokeObjectURL(link.href));
}
