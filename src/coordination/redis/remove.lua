-- Forgets an agent who was removed: what was claimed for them is in line again.
--
-- ARGV: agent.
-- Answers ''.
local id = ARGV[ARG + 1]
local agent_before = get(AGENTS, id)
if agent_before then
  for conversation in pairs(agent_before.claimed) do
    give_back(conversation, id)
  end
end
change_agent(id, function(agent)
  set_seat(agent, 'offline', 0, {}, {})
  agent.sockets = {}
end)
-- What they still own has not been put back into the line yet: whoever does it is told that it is due.
start_agent_grace(id)
return finish('')
