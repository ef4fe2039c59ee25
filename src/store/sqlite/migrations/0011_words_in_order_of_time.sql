-- Who says something when, in order of time, for what is counted live of first responses, greetings, silences and ratings. Nothing
-- new is kept, so nodes of two versions and restored copies agree by themselves.
--
-- The condition is that of `words!` in `store/rows.rs`, word for word: an index serves only who asks for the same.

create index event_speaking on event (at, conversation, seq)
    where body ->> 'kind' in ('message', 'rated');
