-- The seats as the board has them, to be compared with the store.
--
-- ARGV: none. Answers of each agent who has one {agent, status, capacity, {departments}, {skills}}.
local seats = {}
local packed = call('HGETALL', AGENTS)
for index = 1, #packed, 2 do
  local agent = cmsgpack.unpack(packed[index + 1])
  if agent.status ~= 'offline' or agent.capacity > 0 or #agent.departments > 0 or #(agent.skills or {}) > 0 then
    seats[#seats + 1] = { packed[index], agent.status, agent.capacity, agent.departments, agent.skills or {} }
  end
end
return show(seats)
