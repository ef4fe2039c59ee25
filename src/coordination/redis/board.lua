-- The board: what all verbs of pairing share. Each script is this text followed by that of its verb; the rule is that of
-- `domain::routing`, step by step, and random histories hold the two against each other.
--
-- A script runs alone in Redis, so no other claim, socket or piece of news falls between its steps. Nothing here reads
-- Redis' clock: `now_ms` is the caller's. A call is known by its request id: a repeat changes nothing and gets the answer
-- that the first one got, however often a connection broke in between.
--
-- KEYS: see `keys.rs`, the same for every script, all in one slot.
-- ARGV[1] incarnation, ARGV[2] node, ARGV[3] now_ms, ARGV[4..9] in ms: graces of visitor, agent, away, ring; claim;
-- retry of what is due; ARGV[10] how long a closed conversation is remembered, in ms; ARGV[11] missed offers that are
-- too many; ARGV[12] how long answers are kept, in ms; ARGV[13] how long who declined is not asked, in ms; ARGV[14…] the
-- verb's own.
-- Returns {1 if somebody who waits could be served now, else 0; when something is due next in ms, or ''; the answer}.
local STATE, WAITING, SERVED, CLOSED, CLOSING, AGENTS, VISITORS, ORDER, READY, FREE, ONLINE, DUE, REFUSALS, OFFERS, SOCKETS, LEASES, VIEWS, LIVE, SKILLED, ANSWER =
  unpack(KEYS)
local incarnation, node, now_ms = ARGV[1], ARGV[2], tonumber(ARGV[3])
local visitor_grace_ms, agent_grace_ms, away_ms, ring_ms = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local claim_ms, due_retry_ms, closed_memory_ms = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local missed_offers_max, answer_ms, declined_ms = tonumber(ARGV[11]), ARGV[12], tonumber(ARGV[13])
local ARG = 13

local call = redis.call

local known = call('HGET', STATE, 'incarnation')
if known ~= incarnation then
  return redis.error_reply('BALIEOTHER the board was emptied, or is told anew')
end
local answered = call('GET', ANSWER)
if answered then
  return cmsgpack.unpack(answered)
end

-- Whole numbers as text: Lua's own conversion keeps only 14 digits.
local function text_of(number)
  return string.format('%.0f', number)
end

-- A number as text that sorts like it, from -2^52 on.
local function sortable(number)
  return string.format('%016.0f', number + 4503599627370496)
end

local function number_of(sorted)
  return tonumber(sorted) - 4503599627370496
end

-- Lines in which somebody began to wait or to be free within this call.
local touched = {}

local function get(key, id)
  local packed = call('HGET', key, id)
  return packed and cmsgpack.unpack(packed) or nil
end

local function put(key, id, record)
  call('HSET', key, id, cmsgpack.pack(record))
end

local function first_of(key, list)
  return call('ZRANGEBYLEX', key, '[' .. list .. '|', '(' .. list .. '}', 'LIMIT', 0, 1)[1]
end

-- Whether anybody could be served now by who serves this department, whatever they need.
local function has_ready(department)
  return first_of(READY, department)
    or call('ZRANGEBYLEX', READY, '[' .. department .. '+', '(' .. department .. ',', 'LIMIT', 0, 1)[1]
end

-- Ends the call: what it did stays done when it is asked again.
local function finish(answer)
  local has_work = 0
  for department in pairs(touched) do
    if first_of(FREE, department) and has_ready(department) then
      has_work = 1
    end
  end
  local next_due = call('ZRANGE', DUE, 0, 0, 'WITHSCORES')[2] or ''
  local reply = { has_work, next_due, answer }
  call('SET', ANSWER, cmsgpack.pack(reply), 'PX', answer_ms)
  return reply
end

-- Ends a call that changed nothing and may simply be made again.
local function show(answer)
  return { 0, '', answer }
end

local function set_timer(kind, id, at_ms)
  call('ZADD', DUE, text_of(at_ms), kind .. id .. '|' .. text_of(at_ms))
end

-- --- agents --------------------------------------------------------------------------------------------------

local function count(set)
  local members = 0
  for _ in pairs(set) do
    members = members + 1
  end
  return members
end

local function load_of(agent)
  return count(agent.owned) + count(agent.claimed)
end

local function has_socket(agent)
  return next(agent.sockets) ~= nil
end

local function is_online(agent)
  return agent.status == 'online' and has_socket(agent)
end

local function free_places(agent)
  return math.max(0, agent.capacity - load_of(agent))
end

local function is_nobody(agent)
  return agent.status == 'offline' and agent.capacity == 0 and #agent.departments == 0 and #(agent.skills or {}) == 0
    and not has_socket(agent) and next(agent.owned) == nil and next(agent.claimed) == nil
end

-- Under which names an agent stands in `FREE`: each department, and each of its lanes of one need.
local function free_members(agent, id)
  local members = {}
  local rest = '|' .. string.format('%06d', agent.listed_share) .. '|' .. sortable(agent.listed_idle_since) .. '|' .. id
  for _, department in ipairs(agent.departments) do
    members[#members + 1] = department .. rest
    for _, skill in ipairs(agent.skills or {}) do
      members[#members + 1] = department .. '+' .. skill .. rest
    end
  end
  return members
end

-- Sits down somewhere else: within `change_agent`.
local function set_seat(agent, status, capacity, departments, skills)
  local function count_skills(step)
    for _, department in ipairs(agent.departments) do
      for _, skill in ipairs(agent.skills or {}) do
        local place = department .. '+' .. skill
        if call('HINCRBY', SKILLED, place, step) <= 0 then
          call('HDEL', SKILLED, place)
        end
        -- Who waited for this skill alone may go to anybody now.
        touched[department] = true
      end
    end
  end
  count_skills(-1)
  agent.status, agent.capacity, agent.departments, agent.skills = status, capacity, departments, skills
  count_skills(1)
end

-- The one place where an agent changes: out of the lists, the change, back into the lists. Without it a list would
-- show a free place that is taken.
local function change_agent(id, change)
  local agent = get(AGENTS, id)
  if agent then
    if agent.listed_share then
      for _, member in ipairs(free_members(agent, id)) do
        call('ZREM', FREE, member)
      end
      agent.listed_share, agent.listed_idle_since = nil, nil
    end
    if agent.is_counted then
      for _, department in ipairs(agent.departments) do
        if call('HINCRBY', ONLINE, department, -1) <= 0 then
          call('HDEL', ONLINE, department)
        end
      end
      agent.is_counted = nil
    end
  else
    agent = {
      status = 'offline', capacity = 0, departments = {}, skills = {}, sockets = {}, owned = {}, claimed = {},
      idle_since = now_ms, missed_offers = 0,
    }
  end
  change(agent)
  if is_nobody(agent) then
    call('HDEL', AGENTS, id)
    return
  end
  if is_online(agent) then
    agent.is_counted = true
    for _, department in ipairs(agent.departments) do
      call('HINCRBY', ONLINE, department, 1)
    end
    if free_places(agent) > 0 then
      -- Whole thousandths, rounded down, as Rust counts them.
      agent.listed_share = math.floor(load_of(agent) * 1000 / agent.capacity)
      agent.listed_idle_since = agent.idle_since
      for _, member in ipairs(free_members(agent, id)) do
        call('ZADD', FREE, 0, member)
      end
      for _, department in ipairs(agent.departments) do
        touched[department] = true
      end
    end
  end
  put(AGENTS, id, agent)
end

-- Also for an agent who came to have something after the last socket went, by a write that was under way.
local function continue_agent_grace(id)
  local agent = get(AGENTS, id)
  if agent and agent.gone_at then
    set_timer('2', id, math.max(now_ms, agent.gone_at + away_ms))
    if not agent.gone_due_at then
      agent.gone_due_at = math.max(now_ms, agent.gone_at + agent_grace_ms)
      set_timer('3', id, agent.gone_due_at)
      put(AGENTS, id, agent)
    end
  end
end

local function start_agent_grace(id)
  local agent = get(AGENTS, id)
  if agent and not has_socket(agent) and not agent.gone_at then
    agent.gone_at = now_ms
    put(AGENTS, id, agent)
    continue_agent_grace(id)
  end
end

-- --- conversations -------------------------------------------------------------------------------------------

-- The departments whose agents may serve it now, its own first.
local function open_to(waiting)
  local departments = { waiting.department }
  for _, department in ipairs(waiting.is_wide and waiting.stand_ins or {}) do
    departments[#departments + 1] = department
  end
  return departments
end

local function ready_member(department, id, waiting)
  local lane = table.concat({ department, unpack(waiting.needs or {}) }, '+')
  return lane .. '|' .. sortable(waiting.key) .. '|' .. id
end

-- Under `ORDER`, with all that is shown of a place.
local function order_member(id, waiting)
  return waiting.department .. '|' .. sortable(waiting.key) .. '|' .. id .. '|' .. waiting.since .. '|' .. waiting.mode
end

local function live_member(id, waiting)
  return waiting.department .. '|' .. sortable(tonumber(waiting.since)) .. '|' .. id
end

local function list_waiting(id, waiting)
  if not waiting.gone_at and not waiting.claim then
    for _, department in ipairs(open_to(waiting)) do
      call('ZADD', READY, 0, ready_member(department, id, waiting))
      touched[department] = true
    end
  end
end

local function unlist_waiting(id, waiting)
  for _, department in ipairs(open_to(waiting)) do
    call('ZREM', READY, ready_member(department, id, waiting))
  end
end

local function start_visitor_grace(id, waiting)
  waiting.gone_at = now_ms
  waiting.gone_due_at = now_ms + visitor_grace_ms
  set_timer('1', id, waiting.gone_due_at)
  put(WAITING, id, waiting)
end

-- Gives a claim or offer back: the conversation is in line again, the agent's place is free. Answers the record.
local function give_back(id, agent_id)
  local waiting = get(WAITING, id)
  if waiting and waiting.claim and waiting.claim.agent == agent_id then
    waiting.claim = nil
    call('HDEL', OFFERS, id)
    put(WAITING, id, waiting)
    list_waiting(id, waiting)
    change_agent(agent_id, function(agent)
      agent.claimed[id] = nil
    end)
  end
  return waiting
end

local function contains(list, wanted)
  for _, one in ipairs(list) do
    if one == wanted then
      return true
    end
  end
  return false
end

-- --- sockets -------------------------------------------------------------------------------------------------

-- Under `SOCKETS` a node's sockets stand together, so that those of a dead node are found without a search.
local function socket_member(of_node, kind, id, socket)
  return of_node .. '|' .. kind .. '|' .. id .. '|' .. socket
end

local function visitor_joined(id, socket)
  if call('HEXISTS', CLOSED, id) == 1 then
    return
  end
  local sockets = get(VISITORS, id) or {}
  sockets[socket] = true
  put(VISITORS, id, sockets)
  local waiting = get(WAITING, id)
  if waiting then
    waiting.gone_at, waiting.gone_due_at = nil, nil
    put(WAITING, id, waiting)
    list_waiting(id, waiting)
  end
end

local function visitor_left(id, socket)
  local sockets = get(VISITORS, id)
  if not sockets or not sockets[socket] then
    return
  end
  sockets[socket] = nil
  if next(sockets) ~= nil then
    put(VISITORS, id, sockets)
    return
  end
  call('HDEL', VISITORS, id)
  local waiting = get(WAITING, id)
  if waiting and waiting.mode == 'chat' then
    unlist_waiting(id, waiting)
    start_visitor_grace(id, waiting)
  end
end

local function agent_joined(id, socket)
  change_agent(id, function(agent)
    agent.sockets[socket] = true
    agent.gone_at, agent.gone_due_at = nil, nil
  end)
end

local function agent_left(id, socket)
  if call('HEXISTS', AGENTS, id) == 0 then
    return
  end
  change_agent(id, function(agent)
    agent.sockets[socket] = nil
  end)
  start_agent_grace(id)
end

-- Answers everybody who has the conversation open: {id, name, id, name …}, each once.
local function view(id, agent_id, socket, name, is_open)
  local open = get(VIEWS, id) or {}
  open[agent_id .. '|' .. socket] = is_open and name or nil
  if next(open) == nil then
    call('HDEL', VIEWS, id)
    return {}
  end
  put(VIEWS, id, open)
  local names, ids, shown = {}, {}, {}
  for viewer, viewer_name in pairs(open) do
    local viewer_id = viewer:match('^[^|]+')
    if not names[viewer_id] then
      ids[#ids + 1] = viewer_id
    end
    names[viewer_id] = viewer_name
  end
  table.sort(ids)
  for _, viewer_id in ipairs(ids) do
    shown[#shown + 1] = viewer_id
    shown[#shown + 1] = names[viewer_id]
  end
  return shown
end

-- Notes that a socket is here, or gone. `kind`: v, a visitor's at a conversation; a, an agent's; w, one on which an agent
-- has a conversation open, with the agent's id before the socket.
local function note_socket(of_node, kind, id, socket, is_here, name)
  local member = socket_member(of_node, kind, id, socket)
  if is_here then
    call('ZADD', SOCKETS, 0, member)
  else
    call('ZREM', SOCKETS, member)
  end
  if kind == 'v' then
    (is_here and visitor_joined or visitor_left)(id, socket)
  elseif kind == 'a' then
    (is_here and agent_joined or agent_left)(id, socket)
  else
    local agent_id, number = socket:match('^(.-)/(.+)$')
    return view(id, agent_id, number, name, is_here)
  end
end

-- Pairing waits while the board is told anew, and for a moment after all nodes were away: what is not known yet would be
-- passed over.
local function require_whole()
  local phase, settles_at = unpack(call('HMGET', STATE, 'phase', 'settles_at'))
  if phase ~= 'whole' or (settles_at and tonumber(settles_at) > now_ms) then
    return redis.error_reply('BALIEPAUSED the board is being told anew')
  end
end

