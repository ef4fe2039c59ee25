-- Takes in where a conversation is, from its log. News may come late, twice or out of order, from several nodes: what is
-- older than what is known changes nothing. In one step, so that no claim is made on a place that is half forgotten.
--
-- ARGV: conversation; placed_seq; place: 'waiting', 'served' or 'closed'; of waiting: department, key, since in ms, mode
-- 'chat' or 'message', needs as 'fr+gold', when they are given up as '1700…,1700…' in ms, who stands in as 'sales+far',
-- from when in ms or '', the last agent or ''; of served: agent.
-- Answers the agent whose offer no longer stands, or ''.
local id, placed_seq, place = ARGV[ARG + 1], ARGV[ARG + 2], ARGV[ARG + 3]
local department_or_agent, key, since, mode = ARGV[ARG + 4], ARGV[ARG + 5], ARGV[ARG + 6], ARGV[ARG + 7]
local needs, relaxes_at, stand_ins = ARGV[ARG + 8], ARGV[ARG + 9], ARGV[ARG + 10]
local widens_at, last_agent = ARGV[ARG + 11], ARGV[ARG + 12]

local function parts(joined, separator, read)
  local list = {}
  for part in joined:gmatch('[^' .. separator .. ']+') do
    list[#list + 1] = read and read(part) or part
  end
  return list
end

local function forget_closed()
  local old = call('ZRANGEBYSCORE', CLOSING, '-inf', text_of(now_ms - closed_memory_ms), 'LIMIT', 0, 1000)
  for _, one in ipairs(old) do
    call('ZREM', CLOSING, one)
    call('HDEL', CLOSED, one)
  end
end

local waiting = get(WAITING, id)
local served = get(SERVED, id)
local seen_seq = (waiting and waiting.placed_seq) or (served and served.placed_seq) or call('HGET', CLOSED, id)
-- As numbers: a seq beyond 2^53 is only ever the one that is larger than all.
if seen_seq and tonumber(seen_seq) >= tonumber(placed_seq) then
  return finish('')
end

local withdrawn = ''
if served then
  call('HDEL', SERVED, id)
  change_agent(served.agent, function(agent)
    agent.owned[id] = nil
    agent.idle_since = now_ms
  end)
end
call('HDEL', CLOSED, id)
if waiting then
  unlist_waiting(id, waiting)
  call('ZREM', ORDER, order_member(id, waiting))
  call('ZREM', LIVE, live_member(id, waiting))
  call('HDEL', WAITING, id)
  for _, list in ipairs({ waiting.declined, waiting.missed }) do
    for _, agent_id in ipairs(list) do
      call('ZREM', REFUSALS, agent_id .. '|' .. id)
    end
  end
  if waiting.claim then
    call('HDEL', OFFERS, id)
    change_agent(waiting.claim.agent, function(agent)
      agent.claimed[id] = nil
    end)
    if waiting.claim.is_offer then
      withdrawn = waiting.claim.agent
    end
  end
end

if place == 'waiting' then
  local record = {
    department = department_or_agent, key = tonumber(key), since = since, mode = mode, placed_seq = placed_seq,
    declined = {}, missed = {}, needs = parts(needs, '+'), relaxed = {}, relaxes_at = parts(relaxes_at, ',', tonumber),
    stand_ins = parts(stand_ins, '+'), widens_at = tonumber(widens_at), last_agent = last_agent ~= '' and last_agent or nil,
  }
  call('ZADD', ORDER, 0, order_member(id, record))
  if mode == 'chat' then
    call('ZADD', LIVE, 0, live_member(id, record))
  end
  if record.relaxes_at[1] and #record.needs > 0 then
    set_timer('5', id, record.relaxes_at[1])
  end
  if record.widens_at and #record.stand_ins > 0 then
    set_timer('6', id, record.widens_at)
  end
  if mode == 'message' or call('HEXISTS', VISITORS, id) == 1 then
    put(WAITING, id, record)
    list_waiting(id, record)
  else
    start_visitor_grace(id, record)
  end
elseif place == 'served' then
  put(SERVED, id, { agent = department_or_agent, placed_seq = placed_seq })
  change_agent(department_or_agent, function(agent)
    agent.owned[id] = true
    agent.idle_since = now_ms
    if withdrawn == department_or_agent then
      agent.missed_offers = 0
    end
  end)
  start_agent_grace(department_or_agent)
  continue_agent_grace(department_or_agent)
  -- Taking one's own offer is no withdrawal.
  if withdrawn == department_or_agent then
    withdrawn = ''
  end
else
  call('HSET', CLOSED, id, placed_seq)
  call('ZADD', CLOSING, text_of(now_ms), id)
  call('HDEL', VISITORS, id)
end
forget_closed()
return finish(withdrawn)
