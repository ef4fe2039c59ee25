-- Takes in an agent's seat, from the agents' journal. Coming online clears what the agent had declined or missed: they
-- are asked again.
--
-- ARGV: agent; status 'online', 'away' or 'offline'; capacity; how many departments; departments…; skills…
-- Answers ''.
local id, status, capacity = ARGV[ARG + 1], ARGV[ARG + 2], tonumber(ARGV[ARG + 3])
local first_skill = ARG + 5 + tonumber(ARGV[ARG + 4])
local departments, skills = {}, {}
for index = ARG + 5, #ARGV do
  local list = index < first_skill and departments or skills
  list[#list + 1] = ARGV[index]
end

local agent_before = get(AGENTS, id)
local before = agent_before and agent_before.status or 'offline'
local comes_online = status == 'online' and before ~= 'online'
local comes_back = status ~= 'offline' and before == 'offline'

change_agent(id, function(agent)
  set_seat(agent, status, capacity, departments, skills)
  if comes_online then
    agent.idle_since = now_ms
    agent.missed_offers = 0
  end
end)

local function without(list, unwanted)
  local rest = {}
  for _, one in ipairs(list) do
    if one ~= unwanted then
      rest[#rest + 1] = one
    end
  end
  return rest
end

if comes_online then
  local refused = call('ZRANGEBYLEX', REFUSALS, '[' .. id .. '|', '(' .. id .. '}')
  for _, member in ipairs(refused) do
    local conversation = member:match('|(.+)$')
    local waiting = get(WAITING, conversation)
    if waiting then
      waiting.declined, waiting.missed = without(waiting.declined, id), without(waiting.missed, id)
      put(WAITING, conversation, waiting)
      -- Nobody else may be free: then they are who it goes to.
      for _, department in ipairs(open_to(waiting)) do
        touched[department] = true
      end
    end
    call('ZREM', REFUSALS, member)
  end
end
start_agent_grace(id)
if comes_back then
  -- Written when the socket was gone already: the grace may have run out with nothing to end.
  continue_agent_grace(id)
end
return finish('')
