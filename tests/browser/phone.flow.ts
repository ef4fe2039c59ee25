// The panel on a phone: one view at a time, so what stands beside the list on a desk must be said in it.

import { test } from "node:test";
import { agentAt } from "./support/agent.ts";
import { PHONE, somebody } from "./support/browser.ts";
import { startHouse } from "./support/house.ts";
import { look } from "./support/look.ts";
import { visitorAt } from "./support/visitor.ts";

test("who is away on a phone is told so above the list, and goes online from there", async (t) => {
  const house = await startHouse(t);
  const noor = await agentAt(t, house, house.admin);
  await noor.page.setViewportSize(PHONE);
  const ana = await visitorAt(await (await somebody(t)).tab(), `${house.origin}/demo/`);
  await ana.starts("Is anybody there?");
  await noor.sees("Is anybody there?");
  await noor.sees("You are away.");
  await look(noor.page, "phone-away", { sizes: ["phone"] });
  await noor.page.getByRole("button", { name: "Go online" }).filter({ visible: true }).click();
  await ana.sees("Noor Haddad joined the chat");
  await noor.page.getByText("You are away.").filter({ visible: true }).waitFor({ state: "detached" });
});
