-- What is due now. Graces that ran out are handed out again after a while until the log says that they were dealt with;
-- claims of nodes that died and offers that rang out are given back here, needs are given up, and who declined is asked
-- again. A timer whose cause is gone does nothing.
--
-- ARGV: most timers to look at in this call.
-- Answers {1 if there may be more, else 0; {kind, id, gone_at in ms or agent, 1 if once too often else 0} …}: kinds v
-- (a visitor is gone), w (an agent is away), g (an agent is gone), m (an offer was missed).
local timers_max = tonumber(ARGV[ARG + 1])
local not_whole = require_whole()
if not_whole then
  return not_whole
end
local due = {}

local function visitor_gone(id, at_ms)
  local waiting = get(WAITING, id)
  if waiting and waiting.gone_at and waiting.gone_due_at == at_ms then
    waiting.gone_due_at = now_ms + due_retry_ms
    put(WAITING, id, waiting)
    set_timer('1', id, waiting.gone_due_at)
    due[#due + 1] = { 'v', id, text_of(waiting.gone_at), 0 }
  end
end

local function agent_away(id, at_ms)
  local agent = get(AGENTS, id)
  if agent and agent.gone_at and agent.gone_at + away_ms <= at_ms and next(agent.owned) ~= nil then
    due[#due + 1] = { 'w', id, '', 0 }
  end
end

local function agent_gone(id, at_ms)
  local agent = get(AGENTS, id)
  if not agent or not agent.gone_at or agent.gone_due_at ~= at_ms then
    return
  end
  local has_something = agent.status ~= 'offline' or next(agent.owned) ~= nil
  agent.gone_due_at = has_something and now_ms + due_retry_ms or nil
  put(AGENTS, id, agent)
  if has_something then
    set_timer('3', id, agent.gone_due_at)
    due[#due + 1] = { 'g', id, '', 0 }
  end
end

local function claim_over(id, at_ms)
  local held = (get(WAITING, id) or {}).claim
  if not held or held.expires_at > at_ms then
    return
  end
  local waiting = give_back(id, held.agent)
  if not held.is_offer then
    return
  end
  if not contains(waiting.missed, held.agent) then
    waiting.missed[#waiting.missed + 1] = held.agent
    put(WAITING, id, waiting)
    call('ZADD', REFUSALS, 0, held.agent .. '|' .. id)
  end
  local missed = 0
  local agent = get(AGENTS, held.agent)
  if agent then
    missed = math.min(255, agent.missed_offers + 1)
    agent.missed_offers = missed
    put(AGENTS, held.agent, agent)
  end
  due[#due + 1] = { 'm', id, held.agent, missed >= missed_offers_max and 1 or 0 }
end

local function relax(id, at_ms)
  local waiting = get(WAITING, id)
  local next_at = waiting and waiting.relaxes_at and waiting.relaxes_at[1]
  if not next_at or next_at > at_ms or #waiting.needs == 0 then
    return
  end
  unlist_waiting(id, waiting)
  table.remove(waiting.relaxes_at, 1)
  waiting.relaxed[#waiting.relaxed + 1] = table.remove(waiting.needs)
  put(WAITING, id, waiting)
  if waiting.relaxes_at[1] and #waiting.needs > 0 then
    set_timer('5', id, waiting.relaxes_at[1])
  end
  list_waiting(id, waiting)
end

local function widen(id, at_ms)
  local waiting = get(WAITING, id)
  if waiting and waiting.widens_at and waiting.widens_at <= at_ms then
    waiting.is_wide = true
    put(WAITING, id, waiting)
    list_waiting(id, waiting)
  end
end

local function ask_again(id, at_ms)
  local waiting = get(WAITING, id)
  if not waiting or not waiting.declined_until or waiting.declined_until > at_ms then
    return
  end
  for _, agent_id in ipairs(waiting.declined) do
    if not contains(waiting.missed, agent_id) then
      waiting.missed[#waiting.missed + 1] = agent_id
    end
  end
  waiting.declined = {}
  put(WAITING, id, waiting)
  for _, department in ipairs(open_to(waiting)) do
    touched[department] = true
  end
end

local fire = { ['1'] = visitor_gone, ['2'] = agent_away, ['3'] = agent_gone, ['4'] = claim_over, ['5'] = relax, ['6'] = widen, ['7'] = ask_again }
local looked = 0
while looked < timers_max do
  local first = call('ZRANGE', DUE, 0, 0, 'WITHSCORES')
  if not first[1] or tonumber(first[2]) > now_ms then
    break
  end
  call('ZREM', DUE, first[1])
  local kind, id = first[1]:match('^(%d)([^|]+)|')
  fire[kind](id, tonumber(first[2]))
  looked = looked + 1
end
for _, one in ipairs(call('ZRANGEBYSCORE', CLOSING, '-inf', text_of(now_ms - closed_memory_ms), 'LIMIT', 0, 1000)) do
  call('ZREM', CLOSING, one)
  call('HDEL', CLOSED, one)
end
return finish({ looked == timers_max and 1 or 0, due })
