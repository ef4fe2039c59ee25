-- The next pair, if there is one: of all lines with a free agent the conversation first in order, and of its free agents
-- the first who has not declined it, and not missed it if anybody else is there. The claim takes a place of the agent's
-- in the same step, so no two claims share one, on however many nodes they are made.
--
-- Looks at the heads of the lists: O(lines · log n), whatever waits. Only conversations that every free agent declined
-- are walked past.
--
-- ARGV: none. Answers {conversation, placed_seq, department, agent}, or {}.
local not_whole = require_whole()
if not_whole then
  return not_whole
end
local PAGE = 8

local function agent_of(free)
  return free:match('|([^|]+)$')
end

local function wants_of(waiting, head)
  if #waiting.declined == 0 and #waiting.missed == 0 then
    return agent_of(head)
  end
  local second_choice
  local from = '[' .. waiting.department .. '|'
  while true do
    local page = call('ZRANGEBYLEX', FREE, from, '(' .. waiting.department .. '}', 'LIMIT', 0, PAGE)
    for _, free in ipairs(page) do
      local agent_id = agent_of(free)
      if not contains(waiting.declined, agent_id) then
        if not contains(waiting.missed, agent_id) then
          return agent_id
        end
        second_choice = second_choice or agent_id
      end
    end
    if #page < PAGE then
      return second_choice
    end
    from = '(' .. page[#page]
  end
end

local best_key, best_id, best_agent, best

local function look_at(department, head)
  local from = '[' .. department .. '|'
  while true do
    local page = call('ZRANGEBYLEX', READY, from, '(' .. department .. '}', 'LIMIT', 0, PAGE)
    for _, member in ipairs(page) do
      local key, id = member:match('|([^|]+)|([^|]+)$')
      if best and (best_key < key or (best_key == key and best_id <= id)) then
        return
      end
      local waiting = get(WAITING, id)
      local agent_id = wants_of(waiting, head)
      if agent_id then
        best_key, best_id, best_agent, best = key, id, agent_id, waiting
        return
      end
    end
    if #page < PAGE then
      return
    end
    from = '(' .. page[#page]
  end
end

local from = '-'
while true do
  local head = call('ZRANGEBYLEX', FREE, from, '+', 'LIMIT', 0, 1)[1]
  if not head then
    break
  end
  local department = head:match('^[^|]+')
  look_at(department, head)
  from = '(' .. department .. '}'
end

if not best then
  return finish({})
end
best.claim = { agent = best_agent, expires_at = now_ms + claim_ms }
put(WAITING, best_id, best)
call('ZREM', READY, ready_member(best_id, best))
set_timer('4', best_id, best.claim.expires_at)
change_agent(best_agent, function(agent)
  agent.claimed[best_id] = true
end)
return finish({ best_id, best.placed_seq, best.department, best_agent })
