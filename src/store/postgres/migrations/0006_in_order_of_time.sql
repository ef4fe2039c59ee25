-- Waits and work in order of time, for promises and figures: the events that move a conversation, the agents' journal, and
-- what was open at a moment of the past. Nothing new is kept, so nodes of two versions and restored copies agree by themselves.
--
-- The condition is that of `moves!` in `store/rows.rs`, word for word: an index serves only who asks for the same.

create index event_moving on event (at, conversation, seq)
    where body ->> 'kind' in ('queued', 'assigned', 'transferred', 'requeued', 'closed');

create index agent_journal_in_order on agent_journal (at, agent, number);

create index conversation_by_close on conversation (closed_at, enqueued_at, id) where closed_at is not null;
