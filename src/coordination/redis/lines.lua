-- Everybody who waits, in order, and who serves them, seen in one moment.
--
-- ARGV: none.
-- Answers {members of the order: 'department|key|conversation|since in ms|mode' …; conversations that ring …; of each
-- agent online: 'free places department department …'}.
local not_whole = require_whole()
if not_whole then
  return not_whole
end
local online = {}
for _, packed in ipairs(call('HVALS', AGENTS)) do
  local agent = cmsgpack.unpack(packed)
  if is_online(agent) then
    online[#online + 1] = text_of(free_places(agent)) .. ' ' .. table.concat(agent.departments, ' ')
  end
end
return show({ call('ZRANGE', ORDER, 0, -1), call('HKEYS', OFFERS), online })
