// A small modal over the desk: the browser's own dialog, which keeps the focus inside and gives it back at the end.

import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

export interface DialogProps {
  title: string;
  onClose: () => void;
  /** What Ctrl Enter does; a dialog that only shows something has none. */
  onSubmit?: () => void;
  wide?: boolean;
  /** As large as what is shown in it. */
  size?: "picture";
  children: ComponentChildren;
}

export function Dialog({ title, onClose, onSubmit, wide = false, size, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title_id = useId();

  useEffect(() => {
    const element = dialog.current;
    if (!element) return undefined;
    const opener = document.activeElement;
    element.showModal();
    return () => {
      element.close();
      // The browser gives the focus back only while the dialog still stands in the page.
      if (document.activeElement === document.body && opener instanceof HTMLElement) opener.focus();
    };
  }, []);

  return (
    <dialog
      ref={dialog}
      class={size ? `dlg dlg-${size}` : wide ? "dlg dlg-wide" : "dlg"}
      aria-labelledby={title_id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        // Only the backdrop belongs to the dialog element itself; everything inside is covered by the form.
        if (event.target === dialog.current) onClose();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        onSubmit?.();
      }}
    >
      <form
        class="dlg-in"
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit?.();
        }}
      >
        <h2 id={title_id} dir="auto">
          {title}
        </h2>
        {children}
      </form>
    </dialog>
  );
}
