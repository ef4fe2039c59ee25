-- How an agent stands: whether a socket of theirs is here, how much they own or are about to, what rings at them.
--
-- ARGV: agent.
-- Answers {1 if here else 0; load; {conversation, department, until when in ms, why as `claim` has it} … of each offer that
-- rings}.
local id = ARGV[ARG + 1]
local agent = get(AGENTS, id)
if not agent then
  return show({ 0, 0, {} })
end
local ringing = {}
for conversation in pairs(agent.claimed) do
  local waiting = get(WAITING, conversation)
  if waiting and waiting.claim and waiting.claim.is_offer then
    ringing[#ringing + 1] = { conversation, waiting.department, text_of(waiting.claim.expires_at), waiting.claim.why }
  end
end
return show({ has_socket(agent) and 1 or 0, load_of(agent), ringing })
