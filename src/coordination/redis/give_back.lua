-- Gives a claim or offer back: the conversation is in line at its place, the agent's place is free.
--
-- ARGV: conversation; agent. Answers ''.
give_back(ARGV[ARG + 1], ARGV[ARG + 2])
return finish('')
