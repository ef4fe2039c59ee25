// Leaves a message over HTTP, where no socket comes through: session.ts has it done so, and shows what came of it.

import { wellFormed } from "../client/limits.ts";
import { postedKey } from "./embed.ts";
import type { HttpLine, Message, RefusedStart } from "./session.ts";

/** Gives the token that makes this browser the sender, or why it was refused. */
type Post = (message: object, token: string | undefined) => Promise<{ token?: string } | RefusedStart>;

/** Kept under one `cmd` until it is answered, so that it arrives once. */
export async function leaveByHttp({ fields, department, text }: Message, { site, local, visit, refusedStart, newId, about, token, own }: HttpLine, post: Post): Promise<void> {
  const key = postedKey(site);
  const cmd = local.get(key) ?? newId();
  local.set(key, cmd);
  visit.set({ ...visit.get(), doing: { ...visit.get().doing, message: cmd } });
  const told = await post({ cmd, fields, department, text: wellFormed(text), ...about() }, token());
  const isRefused = "code" in told;
  const { doing, posted, ...present } = visit.get();
  if (!isRefused) {
    local.remove(key);
    if (told.token !== undefined) own(told.token);
  }
  visit.set({ ...present, doing: { ...doing, message: undefined }, posted: isRefused ? posted : { email: fields["email"], text } });
  if (isRefused) refusedStart.set(told);
}
