-- Messages that are left to be answered later, and the hours of departments.
--
-- A left message waits behind those who wait live and never counts as given up: figures and the sweep of silent chats
-- pass it over, so its mode stands in the row. What was started before was a live chat. Hours are one JSON object, null
-- for always; they are read and replaced whole.

alter table conversation add column mode text not null default 'chat'
    constraint conversation_mode check (mode in ('chat', 'message'));

alter table department add column hours json;
