-- How a site wants its widget: one JSON object, whose absent members have their defaults. It is read and replaced whole
-- and nothing is ever looked up by it, so it needs no columns of its own.

alter table site add column widget json not null default '{}';
