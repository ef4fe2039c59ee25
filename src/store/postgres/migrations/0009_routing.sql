-- Who can do what, and how far a department reaches beyond its own line.
--
-- A department's routing is one JSON object, read and replaced whole; null is: wait for the department's own agents, by which
-- departments were served before. A person's skills are a JSON list of keys, sorted, none of them twice.

alter table department add column routing json;

alter table person add column skills json not null default '[]';
