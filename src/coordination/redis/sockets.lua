-- Notes sockets of a node that are here or gone: one as it comes and goes, or many when the board was emptied, the node
-- was taken for dead, or Redis was away meanwhile. In one step, so that somebody on two sockets is not gone in between.
--
-- ARGV: of each socket: '+' (here) or '-' (gone); kind (see `note_socket`); conversation or agent; socket; name or ''.
-- Answers the viewers of the last conversation named by kind 'w', else {}.
local viewers = {}
for index = ARG + 1, #ARGV, 5 do
  local sign, kind, id, socket, name = unpack(ARGV, index, index + 4)
  viewers = note_socket(node, kind, id, socket, sign == '+', name) or viewers
end
return finish(viewers)
