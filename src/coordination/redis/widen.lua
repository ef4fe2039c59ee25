-- Opens a conversation that waits to the departments that stand in, ahead of its time: its wait is foretold to be too long.
--
-- ARGV: conversation.
-- Answers ''.
local id = ARGV[ARG + 1]
local waiting = get(WAITING, id)
if waiting and not waiting.is_wide then
  waiting.is_wide = true
  put(WAITING, id, waiting)
  list_waiting(id, waiting)
end
return finish('')
