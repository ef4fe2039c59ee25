-- What was promised to those who wait, and what came of it: one row for each minute of each wait. No text; `outcome` is null
-- until the turn has come. Kept for 90 days (`store/promises.rs`).

create table promise (
    conversation uuid    not null constraint promise_conversation references conversation (id),
    -- When the wait began; a conversation may wait more than once.
    since_at     bigint  not null,
    minute       bigint  not null constraint promise_minute check (minute >= 0),
    -- Whether it was the first word of this wait.
    is_first     boolean not null,
    made_at      bigint  not null,
    department   text collate "C" not null,
    p50_ms       bigint  not null constraint promise_p50_ms check (p50_ms >= 0),
    p90_ms       bigint  not null constraint promise_p90_ms check (p90_ms >= p50_ms),
    -- When the turn came, for who left too.
    ended_at     bigint,
    outcome      text constraint promise_outcome check (outcome in ('answered', 'left', 'taken_out')),
    constraint promise_once primary key (conversation, since_at, minute),
    constraint promise_ended check ((ended_at is null) = (outcome is null) and ended_at >= made_at)
);

create index promise_in_order on promise (made_at);
create index promise_by_wait on promise (since_at);
