// Who could take a chat over, best first, and what stands in the way of the others. Pure.

import type { AgentStatus, Department, Person } from "../rest.ts";
import type { Chat, DeskState } from "../state/model.ts";

export type Obstacle = "full" | "away" | "offline" | "has_it";

export type TransferChoice =
  | {
      kind: "agent";
      key: string;
      id: string;
      name: string;
      status: AgentStatus;
      load: number;
      capacity: number;
      obstacle: Obstacle | undefined;
    }
  | { kind: "department"; key: string; id: string; name: string; waiting: number; obstacle: Obstacle | undefined };

/** People with room, the emptiest first; then departments; then who cannot take it now. */
export function transferChoices(
  state: DeskState,
  departments: readonly Department[],
  people: readonly Person[],
  chat: Pick<Chat, "department" | "owner">,
): TransferChoice[] {
  const agents = people.filter((person) => person.id !== state.me?.id).map((person) => agentChoice(state, person, chat));
  const lines: TransferChoice[] = departments.map((department) => ({
    kind: "department",
    key: `department ${department.key}`,
    id: department.key,
    name: department.name,
    waiting: [...state.waiting.values()].filter((row) => row.department === department.key).length,
    obstacle: department.key === chat.department && chat.owner === undefined ? "has_it" : undefined,
  }));
  const with_room = agents
    .filter((choice) => choice.obstacle === undefined)
    .sort((a, b) => shareOf(a) - shareOf(b) || a.name.localeCompare(b.name));
  const without = agents.filter((choice) => choice.obstacle !== undefined).sort((a, b) => a.name.localeCompare(b.name));
  return [...with_room, ...lines, ...without];
}

/** What the socket said last is newer than what was loaded over HTTP. */
function agentChoice(state: DeskState, person: Person, chat: Pick<Chat, "owner">): Extract<TransferChoice, { kind: "agent" }> {
  const place = state.places.get(person.id);
  const status = place?.status ?? person.status;
  const load = place?.load ?? person.load;
  const capacity = place?.capacity ?? person.capacity;
  const obstacle: Obstacle | undefined =
    chat.owner?.id === person.id ? "has_it" : status !== "online" ? status : load >= capacity ? "full" : undefined;
  return { kind: "agent", key: `agent ${person.id}`, id: person.id, name: person.name, status, load, capacity, obstacle };
}

function shareOf(choice: TransferChoice): number {
  return choice.kind === "agent" ? choice.load / Math.max(1, choice.capacity) : 0;
}
