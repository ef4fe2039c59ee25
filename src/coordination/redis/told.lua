-- The board has been told everything again: pairing goes on. Only the node that was asked to tell it may say so; another
-- one may have begun anew meanwhile.
--
-- ARGV: none. Answers 1, or 0 if this node is no longer who tells.
if call('HGET', STATE, 'teller') ~= node then
  return finish(0)
end
call('HSET', STATE, 'phase', 'whole')
call('HDEL', STATE, 'teller', 'teller_until')
for _, department in ipairs(call('HKEYS', ONLINE)) do
  touched[department] = true
end
return finish(1)
