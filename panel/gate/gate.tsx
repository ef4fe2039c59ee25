// The frame of everything before one is signed in: mark, heading, form, and the scene beside it.

import type { ComponentChildren } from "preact";
import { Icon } from "../icon.tsx";
import { useTitle } from "../parts/hooks.ts";
import { Art } from "./art.tsx";

export interface GateProps {
  title: string;
  lead: string;
  quote: string;
  foot?: string;
  children?: ComponentChildren;
}

export function Gate({ title, lead, quote, foot, children }: GateProps) {
  useTitle(title);
  return (
    <main class="gate">
      <div class="gate-form">
        <span class="mark" aria-hidden="true">
          <Icon name="balie" />
        </span>
        <div>
          <h1>{title}</h1>
          <p class="lead">{lead}</p>
        </div>
        {children}
        {foot && <p class="muted">{foot}</p>}
      </div>
      <Art quote={quote} />
    </main>
  );
}

/** A refusal or a reason, above the form it belongs to. */
export function GateAlert({ title, text, mild = false }: { title: string; text?: string; mild?: boolean }) {
  return (
    <div class={mild ? "alert" : "alert bad"} role={mild ? "status" : "alert"}>
      <Icon name="warn" />
      <p>
        <b>{title}</b> {text}
      </p>
    </div>
  );
}
