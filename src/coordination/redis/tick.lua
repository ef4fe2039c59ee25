-- A node's sign of life, once a second: keeps its lease, finds a board that is empty or new, and buries the dead.
--
-- Founds the board anew where there is none: the first node to come tells it everything (it holds that office for a
-- while, then another may), the others add their live sockets. A node whose lease ran out is dead: its sockets are taken
-- away as if they had been closed now, so the graces of its visitors and agents begin now. Were all nodes away for
-- longer than a moment, it was Redis that could not be reached: nobody is buried for that, and pairing waits until each
-- had time to tell which sockets it has.
--
-- KEYS as in `board.lua`; this script stands alone, because it must run when there is no board.
-- ARGV: incarnation to found; node; now_ms; lease in ms; office in ms; time to settle in ms; how long this node could
-- not reach Redis, in ms; absence of all nodes that tells of an outage, in ms; most sockets to bury.
-- Returns {incarnation; 1 if pairing may go on, else 0; 1 if this node is to tell it, else 0; 1 if this node's sockets
-- are known, else 0; the dead node with sockets to bury, or ''}.
local STATE, LEASES = KEYS[1], KEYS[16]
local fresh, node, now_ms = ARGV[1], ARGV[2], tonumber(ARGV[3])
local lease_ms, office_ms, settle_ms = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local away_ms, outage_ms = tonumber(ARGV[7]), tonumber(ARGV[8])
local call = redis.call

local function text_of(number)
  return string.format('%.0f', number)
end

local incarnation, phase, teller, teller_until, ticked_at, settles_at =
  unpack(call('HMGET', STATE, 'incarnation', 'phase', 'teller', 'teller_until', 'ticked_at', 'settles_at'))
if not incarnation then
  -- Whatever is left belongs to a board that is lost.
  for index = 1, #KEYS do
    call('UNLINK', KEYS[index])
  end
  incarnation, phase, teller, teller_until, ticked_at = fresh, 'empty', node, nil, nil
  call('HSET', STATE, 'incarnation', incarnation, 'phase', phase, 'teller', teller)
end
if phase ~= 'whole' then
  if teller ~= node and (not teller_until or tonumber(teller_until) <= now_ms) then
    teller = node
    call('HSET', STATE, 'teller', node)
  end
  if teller == node then
    call('HSET', STATE, 'teller_until', text_of(now_ms + office_ms))
  end
end
if ticked_at and away_ms >= outage_ms and now_ms - tonumber(ticked_at) >= outage_ms then
  for _, one in ipairs(call('ZRANGE', LEASES, 0, -1)) do
    call('ZADD', LEASES, text_of(now_ms + lease_ms), one)
  end
  settles_at = text_of(now_ms + settle_ms)
  call('HSET', STATE, 'settles_at', settles_at)
end
call('HSET', STATE, 'ticked_at', text_of(now_ms))
local is_known = call('ZSCORE', LEASES, node)
call('ZADD', LEASES, text_of(now_ms + lease_ms), node)
local dead = call('ZRANGEBYSCORE', LEASES, '-inf', '(' .. text_of(now_ms), 'LIMIT', 0, 1)[1] or ''
local is_whole = phase == 'whole' and not (settles_at and tonumber(settles_at) > now_ms)
return { incarnation, is_whole and 1 or 0, phase ~= 'whole' and teller == node and 1 or 0, is_known and 1 or 0, dead }
