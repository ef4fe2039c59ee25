-- When people mean to work, week by week: what waits are foretold from besides what happened. One JSON object for each who
-- has a rota, read and replaced whole; who has no row is in no plan.

create table rota (
    person uuid not null constraint rota_of primary key constraint rota_person references person (id) on delete cascade,
    week   json not null
);
