-- Turns a claim into an offer that rings, if it still stands.
--
-- ARGV: conversation; agent. Answers until when it rings, in ms, or ''.
local id, agent_id = ARGV[ARG + 1], ARGV[ARG + 2]
local waiting = get(WAITING, id)
if not waiting or not waiting.claim or waiting.claim.agent ~= agent_id then
  return finish('')
end
waiting.claim.is_offer = true
waiting.claim.expires_at = now_ms + ring_ms
put(WAITING, id, waiting)
call('HSET', OFFERS, id, agent_id)
set_timer('4', id, waiting.claim.expires_at)
return finish(text_of(waiting.claim.expires_at))
