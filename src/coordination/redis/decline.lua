-- The agent does not want an offered conversation: it goes on to the next, and for a while not to them again.
--
-- ARGV: conversation; agent. Answers 1 if it rang at them, else 0.
local id, agent_id = ARGV[ARG + 1], ARGV[ARG + 2]
local waiting = get(WAITING, id)
if not waiting or not waiting.claim or waiting.claim.agent ~= agent_id or not waiting.claim.is_offer then
  return finish(0)
end
waiting.declined[#waiting.declined + 1] = agent_id
waiting.declined_until = now_ms + declined_ms
set_timer('7', id, waiting.declined_until)
put(WAITING, id, waiting)
call('ZADD', REFUSALS, 0, agent_id .. '|' .. id)
give_back(id, agent_id)
local agent = get(AGENTS, agent_id)
if agent then
  agent.missed_offers = 0
  put(AGENTS, agent_id, agent)
end
return finish(1)
