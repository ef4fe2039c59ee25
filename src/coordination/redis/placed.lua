-- What the board believes of where conversations are, to be compared with the log: one page of it. What changes between two
-- pages may be missed; whatever stays is in one of them.
--
-- ARGV: list, 'waiting' or 'served'; cursor, '0' at first; about how many.
-- Answers {cursor of the next page, '0' after the last; conversation, placed_seq, conversation, placed_seq …}.
local list, cursor, count_about = ARGV[ARG + 1], ARGV[ARG + 2], ARGV[ARG + 3]
local page = call('HSCAN', list == 'waiting' and WAITING or SERVED, cursor, 'COUNT', count_about)
local placed = {}
for index = 1, #page[2], 2 do
  placed[index] = page[2][index]
  placed[index + 1] = cmsgpack.unpack(page[2][index + 1]).placed_seq
end
return show({ page[1], placed })
