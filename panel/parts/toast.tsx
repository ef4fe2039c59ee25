// One line about what has already happened elsewhere: four seconds, paused under the pointer, never in the way.

import { useEffect, useState } from "preact/hooks";
import { useApp } from "../app.ts";
import { Icon } from "../icon.tsx";

const SHOWN_MS = 4_000;

export function ToastView() {
  const app = useApp();
  const [paused, setPaused] = useState(false);
  const toast = app.toast.value;

  useEffect(() => {
    if (!toast || paused) return undefined;
    const timer = window.setTimeout(() => (app.toast.value = undefined), SHOWN_MS);
    return () => window.clearTimeout(timer);
  }, [app, toast, paused]);

  return (
    <div class="toasts" role="status">
      {toast && (
        <div class="toast" onPointerEnter={() => setPaused(true)} onPointerLeave={() => setPaused(false)}>
          <Icon name="done" />
          <span>{toast.text}</span>
          <button
            type="button"
            class="icon-btn"
            aria-label={app.words.value.common.dismiss}
            onClick={() => (app.toast.value = undefined)}
          >
            <Icon name="x" />
          </button>
        </div>
      )}
    </div>
  );
}
