// The number in the visitor's hand, loaded once somebody begins to write, who will perhaps stand in line.

import type { Context } from "./actions.ts";
import { wear } from "./embed.ts";
import styles from "./later_ticket.css";
import type { Ticket } from "./model.ts";
import { belowComposer, since, ticket, waitWords } from "./view/ticket.ts";
import { waitAfter } from "./wait.ts";

export function create({ host, actions }: Context): Ticket {
  wear(host.root, styles);
  return { view: (model) => ticket(model, actions), below: (model) => belowComposer(model, actions), since, words: waitWords, after: waitAfter };
}
