-- The sockets of this node that the board has: one page of them.
--
-- ARGV: the last one of the page before, or ''; most in this page.
-- Answers 'kind|conversation or agent|socket' of each, none after the last.
local last, sockets_max = ARGV[ARG + 1], ARGV[ARG + 2]
local first = last == '' and '[' .. node .. '|' or '(' .. node .. '|' .. last
local names = {}
for index, member in ipairs(call('ZRANGEBYLEX', SOCKETS, first, '(' .. node .. '}', 'LIMIT', 0, sockets_max)) do
  names[index] = member:sub(#node + 2)
end
return show(names)
