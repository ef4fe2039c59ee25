-- Takes one back that was counted, as long as its span runs.
--
-- KEYS[1] the counter. ARGV: none.
-- Returns 1 if there was one to take back, else 0.
local COUNTER = KEYS[1]

local count = tonumber(redis.call('HGET', COUNTER, 'count') or 0)
if count <= 0 then
  return 0
end
redis.call('HSET', COUNTER, 'count', count - 1)
return 1
