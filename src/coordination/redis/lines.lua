-- Each line's head and its lengths, and who serves it, seen in one moment: O(lines · log n + agents), whatever waits.
--
-- ARGV: most of those who stand first in a line.
-- Answers {of each line that somebody waits in {department; how many live; how many messages; since when the longest live
-- wait, in ms, or ''; members of the order: 'department|key|conversation|since in ms|mode' …} …; conversations that ring …;
-- of each agent online: 'free places department department …'}.
local first_max = tonumber(ARGV[ARG + 1])
local not_whole = require_whole()
if not_whole then
  return not_whole
end

local function longest_since(department)
  local member = first_of(LIVE, department)
  return member and text_of(number_of(member:match('|([^|]+)|'))) or ''
end

local lines = {}
local from = '-'
while true do
  local head = call('ZRANGEBYLEX', ORDER, from, '+', 'LIMIT', 0, 1)[1]
  if not head then
    break
  end
  local department = head:match('^[^|]+')
  local first, last = '[' .. department .. '|', '(' .. department .. '}'
  local live = call('ZLEXCOUNT', LIVE, first, last)
  lines[#lines + 1] = {
    department, live, call('ZLEXCOUNT', ORDER, first, last) - live, longest_since(department),
    call('ZRANGEBYLEX', ORDER, first, last, 'LIMIT', 0, first_max),
  }
  from = last
end
local online = {}
for _, packed in ipairs(call('HVALS', AGENTS)) do
  local agent = cmsgpack.unpack(packed)
  if is_online(agent) then
    online[#online + 1] = text_of(free_places(agent)) .. ' ' .. table.concat(agent.departments, ' ')
  end
end
return show({ lines, call('HKEYS', OFFERS), online })
