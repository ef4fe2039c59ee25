-- Takes the sockets of a dead node away, some at a time, as if they had been closed now.
--
-- ARGV: the dead node; most sockets in this call.
-- Answers {1 if there are more, else 0; {conversation, agent, name, agent, name …} … of each that was open on one}.
local dead, sockets_max = ARGV[ARG + 1], tonumber(ARGV[ARG + 2])
local lease = call('ZSCORE', LEASES, dead)
-- It is back: nothing is taken from the living.
if not lease or tonumber(lease) >= now_ms then
  return finish({ 0, {} })
end
local members = call('ZRANGEBYLEX', SOCKETS, '[' .. dead .. '|', '(' .. dead .. '}', 'LIMIT', 0, sockets_max)
local changed = {}
for _, member in ipairs(members) do
  local kind, id, socket = member:match('|(%a)|([^|]+)|([^|]+)$')
  local viewers = note_socket(dead, kind, id, socket, false)
  if viewers then
    local entry = { id }
    for _, part in ipairs(viewers) do
      entry[#entry + 1] = part
    end
    changed[#changed + 1] = entry
  end
end
local has_more = #members == sockets_max
if not has_more then
  call('ZREM', LEASES, dead)
end
return finish({ has_more and 1 or 0, changed })
