-- What a conversation waits for: the needs that it was started with, as the log has them too, most important first; and who
-- served the visitor in the conversation before, which goes before other agents while free.

alter table conversation add column needs text not null default '[]';
alter table conversation add column known_agent blob;
