-- Notes how much of something this node holds, of which there may be so much at once over all nodes: sockets of one address.
-- In one step, so that two nodes do not both take the last place. What a node held dies with its lease: no tidying up after
-- a node that was killed, and those it served find room elsewhere.
--
-- KEYS[1] the leases; KEYS[2…] one holding each: node → 'how much|version'.
-- ARGV: node; now_ms; most of it over all nodes, 0 where that is not asked; how long it is kept without news, in ms; of
-- each holding: how much this node holds of it, and the version of that: calls may overtake each other.
-- Returns 1; or 0, and nothing is noted, if all nodes would hold more than that.
local LEASES = KEYS[1]
local node, now_ms, held_max, kept_ms = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local call = redis.call

-- What the others hold, and those forgotten that are dead.
local function held_elsewhere(holding)
  local held = 0
  local all = call('HGETALL', holding)
  for index = 1, #all, 2 do
    if all[index] ~= node then
      local lease = call('ZSCORE', LEASES, all[index])
      if lease and tonumber(lease) >= now_ms then
        held = held + tonumber(all[index + 1]:match('^%d+'))
      else
        call('HDEL', holding, all[index])
      end
    end
  end
  return held
end

for index = 2, #KEYS do
  local holding = KEYS[index]
  local held, version = ARGV[2 * index + 1], ARGV[2 * index + 2]
  local known = call('HGET', holding, node)
  if not known or tonumber(known:match('%d+$')) <= tonumber(version) then
    if held_max > 0 and tonumber(held) + held_elsewhere(holding) > held_max then
      return 0
    end
    if tonumber(held) == 0 then
      call('HDEL', holding, node)
    else
      call('HSET', holding, node, held .. '|' .. version)
      call('PEXPIRE', holding, kept_ms)
    end
  end
end
return 1
