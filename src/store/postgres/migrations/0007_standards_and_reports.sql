-- What a department promises itself, and conversations in order of arrival, for reports on it.
--
-- A standard says within which time visitors are answered, how many in a hundred, and counted how: one JSON object, read and
-- replaced whole. Null is the usual one, by which departments were judged before.

alter table department add column standard json;

create index conversation_by_arrival on conversation (enqueued_at, id);
