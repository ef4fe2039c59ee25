-- The next pair, if there is one: of all lanes with a free agent the conversation first in order, and of the free agents of
-- its own department, or else of one that stands in, the best who has what is needed, has not declined it, and not missed
-- it if anybody else is there; the last agent before all others. The claim takes a place of the agent's in the same step,
-- so no two claims share one, on however many nodes they are made.
--
-- Looks at the heads of the lists: O(lanes · log n), whatever waits. Only conversations that every free agent declined
-- are walked past, and agents are walked past who declined or missed one, or lack the second of several needs.
--
-- ARGV: none. Answers {conversation, placed_seq, department, agent, why: {rule, load, capacity, idle in ms, eligible}}, or {}.
local not_whole = require_whole()
if not_whole then
  return not_whole
end
if call('ZCARD', FREE) == 0 then
  return finish({})
end
local PAGE = 8

-- Needs that nobody of the department has are none there.
local known_skills = {}
local function that_somebody_has(department, needs)
  local left = {}
  for _, need in ipairs(needs) do
    local place = department .. '+' .. need
    if known_skills[place] == nil then
      known_skills[place] = call('HEXISTS', SKILLED, place) == 1
    end
    if known_skills[place] then
      left[#left + 1] = need
    end
  end
  return left
end

local function has_all(agent, needs)
  for _, need in ipairs(needs) do
    if not contains(agent.skills or {}, need) then
      return false
    end
  end
  return true
end

-- The list of a department's free agents who have the first of these needs.
local function list_of(department, needs)
  return needs[1] and department .. '+' .. needs[1] or department
end

-- Those of them who have them all, best first, one after the other: `visit(id, share)` answers true to end it.
local function each_able(department, needs, visit)
  local list = list_of(department, needs)
  local from = '[' .. list .. '|'
  while true do
    local page = call('ZRANGEBYLEX', FREE, from, '(' .. list .. '}', 'LIMIT', 0, PAGE)
    for _, member in ipairs(page) do
      local share, agent_id = member:match('|(%d+)|[^|]+|([^|]+)$')
      if #needs <= 1 or has_all(get(AGENTS, agent_id), needs) then
        if visit(agent_id, share) then
          return
        end
      end
    end
    if #page < PAGE then
      return
    end
    from = '(' .. page[#page]
  end
end

local function has_willing(department, needs, declined)
  local found = false
  each_able(department, needs, function(agent_id)
    found = not contains(declined, agent_id)
    return found
  end)
  return found
end

-- --- the conversation ----------------------------------------------------------------------------------------

local best_key, best_id, best

local function look_at(lane)
  local names = {}
  for name in lane:gmatch('[^+]+') do
    names[#names + 1] = name
  end
  local department = table.remove(names, 1)
  local needs = that_somebody_has(department, names)
  -- Without anybody who could serve the lane nobody in it is looked at.
  if not has_willing(department, needs, {}) then
    return
  end
  local from = '[' .. lane .. '|'
  while true do
    local page = call('ZRANGEBYLEX', READY, from, '(' .. lane .. '}', 'LIMIT', 0, PAGE)
    for _, member in ipairs(page) do
      local key, id = member:match('|([^|]+)|([^|]+)$')
      if best and (best_key < key or (best_key == key and best_id <= id)) then
        return
      end
      local waiting = get(WAITING, id)
      if #waiting.declined == 0 or has_willing(department, needs, waiting.declined) then
        best_key, best_id, best = key, id, waiting
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
  local head = call('ZRANGEBYLEX', READY, from, '+', 'LIMIT', 0, 1)[1]
  if not head then
    break
  end
  local lane = head:match('^[^|]+')
  look_at(lane)
  from = '(' .. lane .. '}'
end

if not best then
  return finish({})
end

-- --- its agent -----------------------------------------------------------------------------------------------

-- Answers the agent and why, or nothing.
local function choose_of(department)
  local is_own = department == best.department
  local needs = that_somebody_has(department, best.needs or {})
  local willing, has_answerer, eligible = {}, false, nil
  local has_refused = #best.declined > 0 or #best.missed > 0
  if not has_refused and #needs <= 1 then
    local list = list_of(department, needs)
    eligible = call('ZLEXCOUNT', FREE, '[' .. list .. '|', '(' .. list .. '}')
  end
  each_able(department, needs, function(agent_id, share)
    if not contains(best.declined, agent_id) then
      willing[#willing + 1] = { agent_id, share }
      has_answerer = has_answerer or not contains(best.missed, agent_id)
    end
    return eligible and #willing == 2
  end)
  local candidates = {}
  for _, one in ipairs(willing) do
    if not has_answerer or not contains(best.missed, one[1]) then
      candidates[#candidates + 1] = one
    end
  end
  if #candidates == 0 then
    return
  end
  eligible = eligible or #candidates
  local agent_id, rule = candidates[1][1], nil
  local last_id = is_own and best.last_agent
  if last_id and not contains(best.declined, last_id) and not (has_answerer and contains(best.missed, last_id)) then
    local last = get(AGENTS, last_id)
    if last and last.listed_share and contains(last.departments, department) and has_all(last, needs) then
      agent_id, rule = last_id, 'last_agent'
    end
  end
  local agent = get(AGENTS, agent_id)
  if not is_own then
    rule = 'overflow'
  elseif not rule and not has_all(agent, best.relaxed or {}) then
    rule = 'relaxed'
  elseif not rule and not candidates[2] then
    rule = 'head_of_line'
  elseif not rule then
    rule = candidates[2][2] > candidates[1][2] and 'least_load' or 'longest_idle'
  end
  return agent_id, { rule, load_of(agent), agent.capacity, math.max(0, now_ms - agent.idle_since), eligible }
end

local agent_id, why
for _, department in ipairs(open_to(best)) do
  agent_id, why = choose_of(department)
  if agent_id then
    break
  end
end
unlist_waiting(best_id, best)
best.claim = { agent = agent_id, expires_at = now_ms + claim_ms, why = why }
put(WAITING, best_id, best)
set_timer('4', best_id, best.claim.expires_at)
change_agent(agent_id, function(agent)
  agent.claimed[best_id] = true
end)
return finish({ best_id, best.placed_seq, best.department, agent_id, why })
