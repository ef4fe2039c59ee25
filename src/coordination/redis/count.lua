-- Counts something that may be asked for so often within a span, over all nodes. In one step, so that a hundred asked for
-- at once are a hundred. The span begins with the first; Redis forgets the count when it is over.
--
-- KEYS[1] the counter. ARGV: now_ms; span in ms; most within a span.
-- Returns 0 if it may be, else after how many ms.
local COUNTER = KEYS[1]
local now_ms, span_ms, count_max = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

local count, since = unpack(redis.call('HMGET', COUNTER, 'count', 'since'))
count, since = tonumber(count or 0), tonumber(since or now_ms)
if now_ms - since >= span_ms then
  count, since = 0, now_ms
end
if count >= count_max then
  return math.max(1, since + span_ms - now_ms)
end
redis.call('HSET', COUNTER, 'count', count + 1, 'since', string.format('%.0f', since))
redis.call('PEXPIRE', COUNTER, span_ms)
return 0
