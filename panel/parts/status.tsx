// The dot of somebody's status: a full, a ringed and an empty circle, so that the shape says it without the colour.

import type { AgentStatus } from "../rest.ts";

const classes: Record<AgentStatus, string> = { online: "on", away: "away", offline: "off" };

export function StatusDot({ status }: { status: AgentStatus }) {
  return <span class={`dot ${classes[status]}`} aria-hidden="true" />;
}
