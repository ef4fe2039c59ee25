-- What was promised to those who wait, and what came of it: one row for each minute of each wait. No text; `outcome` is null
-- until the turn has come. Kept for 90 days (`store/promises.rs`).

create table promise (
    conversation blob    not null constraint promise_conversation references conversation (id),
    -- When the wait began; a conversation may wait more than once.
    since_at     integer not null,
    minute       integer not null constraint promise_minute check (minute >= 0),
    -- Whether it was the first word of this wait.
    is_first     integer not null constraint promise_is_first check (is_first in (0, 1)),
    made_at      integer not null,
    department   text    not null,
    p50_ms       integer not null constraint promise_p50_ms check (p50_ms >= 0),
    p90_ms       integer not null constraint promise_p90_ms check (p90_ms >= p50_ms),
    -- When the turn came, for who left too.
    ended_at     integer,
    outcome      text constraint promise_outcome check (outcome in ('answered', 'left', 'taken_out')),
    constraint promise_once primary key (conversation, since_at, minute),
    constraint promise_ended check ((ended_at is null) = (outcome is null) and ended_at >= made_at)
) strict, without rowid;

create index promise_in_order on promise (made_at);
create index promise_by_wait on promise (since_at);
