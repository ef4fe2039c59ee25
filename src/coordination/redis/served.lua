-- The conversations that the board believes are with an agent, to be compared with the log.
--
-- ARGV: none. Answers their ids.
return show(call('HKEYS', SERVED))
