// Files in a log: a picture as itself, anything else as a card with its name, kind and size. Pictures hold their place before
// they are there, so that nothing moves. What stands in a file is never shown as a page, only saved.

import { useState } from "preact/hooks";
import { useApp, useWords } from "../app.ts";
import { formatBytes } from "../format.ts";
import { Icon } from "../icon.tsx";
import { Dialog } from "../parts/dialog.tsx";
import type { Attachment } from "../state/wire.ts";
import { attachmentsPath } from "../uploads.ts";
import { fittedSize, kindOfFile } from "./files.ts";

export interface AttachmentViewProps {
  conversation: string;
  attachment: Attachment;
  onOpen: (attachment: Attachment) => void;
}

export function AttachmentView({ conversation, attachment, onOpen }: AttachmentViewProps) {
  const words = useWords();
  const [is_missing, setMissing] = useState(false);
  const path = pathOf(conversation, attachment);
  const size = fittedSize(attachment);
  if (size === undefined || is_missing) return <FileCard {...attachment} path={path} />;
  return (
    <button
      type="button"
      class="bub bub-pic"
      aria-label={words.file.open(attachment.name)}
      title={attachment.name}
      onClick={() => onOpen(attachment)}
    >
      <img
        src={`${path}/thumbnail`}
        alt=""
        width={size.width}
        height={size.height}
        loading="lazy"
        decoding="async"
        onError={() => setMissing(true)}
      />
    </button>
  );
}

export interface FileCardProps {
  name: string;
  type: string;
  bytes: number;
  /** Where it can be saved from; absent while it is not there yet. */
  path?: string;
}

export function FileCard({ name, type, bytes, path }: FileCardProps) {
  const words = useWords();
  return (
    <div class="bub bub-file">
      <span class="file-i">
        <Icon name={type.startsWith("image/") ? "image" : "page"} />
      </span>
      <span class="file-t">
        <bdi class="file-n">{name}</bdi>
        <span class="muted num">
          {kindOfFile(name, type)} · {formatBytes(words.lang, bytes)}
        </span>
      </span>
      {path !== undefined && (
        <a class="icon-btn" href={path} download={name} aria-label={words.file.download(name)} title={words.file.save}>
          <Icon name="download" />
        </a>
      )}
    </div>
  );
}

/** The whole picture, with a way to save it. */
export function Viewer({ conversation, attachment, onClose }: { conversation: string; attachment: Attachment; onClose: () => void }) {
  const app = useApp();
  const words = useWords();
  const path = pathOf(conversation, attachment);
  return (
    <Dialog title={attachment.name} onClose={onClose} size="picture">
      <div class="viewer">
        <img
          src={path}
          alt={words.file.picture}
          width={attachment.width}
          height={attachment.height}
          onError={() => {
            app.toast.value = { text: words.file.not_there };
            onClose();
          }}
        />
      </div>
      <div class="act">
        <span class="muted num viewer-n">
          {kindOfFile(attachment.name, attachment.type)} · {formatBytes(words.lang, attachment.bytes)}
        </span>
        <span class="grow" />
        <a class="btn" href={path} download={attachment.name}>
          <Icon name="download" />
          {words.file.save}
        </a>
        <button type="button" class="btn btn-p" onClick={onClose}>
          {words.common.close}
        </button>
      </div>
    </Dialog>
  );
}

function pathOf(conversation: string, attachment: Attachment): string {
  return `${attachmentsPath(conversation)}/${encodeURIComponent(attachment.id)}`;
}
