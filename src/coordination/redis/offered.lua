-- Whether a conversation rings at an agent.
--
-- ARGV: conversation. Answers 1 or 0.
return show(call('HEXISTS', OFFERS, ARGV[ARG + 1]))
