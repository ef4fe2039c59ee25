-- Where some stand in their lines: O(log n) each, whatever waits.
--
-- ARGV: conversations…
-- Answers of each {department, position from 1, since in ms, mode}, or {} where it waits in no line.
local not_whole = require_whole()
if not_whole then
  return not_whole
end

-- How many stand in the lines sorted before this one.
local before = {}
local function members_before(department)
  before[department] = before[department] or call('ZLEXCOUNT', ORDER, '-', '(' .. department .. '|')
  return before[department]
end

local places = {}
for index = ARG + 1, #ARGV do
  local id = ARGV[index]
  local waiting = get(WAITING, id)
  local rank = waiting and call('ZRANK', ORDER, order_member(id, waiting))
  places[#places + 1] = rank and {
    waiting.department, rank - members_before(waiting.department) + 1, waiting.since, waiting.mode,
  } or {}
end
return show(places)
