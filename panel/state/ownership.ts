// Whose a conversation is and where it stands, as each event of its log changes it.

import type { AgentName, EventFrame, State } from "./wire.ts";

export interface Standing {
  state: State;
  department: string;
  owner: AgentName | undefined;
}

export function standingAfter(before: Standing, event: EventFrame): Standing {
  switch (event.kind) {
    case "queued":
      return { ...before, state: "queued", department: event.department };
    case "requeued":
      return { state: "queued", department: event.department, owner: undefined };
    case "assigned":
      return { state: "active", department: event.department, owner: event.agent };
    case "transferred":
      return "department" in event.to
        ? { state: "queued", department: event.to.department, owner: undefined }
        : { ...before, owner: event.to.agent };
    case "closed":
      return { ...before, state: "closed" };
    case "message":
    case "note":
    case "rated":
    case "agent_away":
    case "agent_back":
      return before;
    default:
      // A kind that only a newer server knows changes nothing that is shown here.
      event satisfies never;
      return before;
  }
}
