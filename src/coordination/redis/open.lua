-- Whether an agent who serves one of these departments is online. Counted as they come and go: every visitor asks.
--
-- ARGV: departments… Answers 1 or 0.
local not_whole = require_whole()
if not_whole then
  return not_whole
end
for index = ARG + 1, #ARGV do
  if call('HEXISTS', ONLINE, ARGV[index]) == 1 then
    return show(1)
  end
end
return show(0)
