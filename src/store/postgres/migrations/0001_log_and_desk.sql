-- The first shape of the store: the logs, what follows from them, and the records beside them.
--
-- Moments are `…_at`, milliseconds since the Unix epoch; spans end in `_ms`; lists and maps are JSON. `event` and
-- `agent_journal` are the truth; `conversation` is the fold of `event`, written in the same transaction, so that no list and
-- no decision has to read a whole log.
--
-- Texts that are looked up or sorted have the collation "C": an order is then the same on every server. What people search in
-- stands beside it in small letters (`…_folded`), written by Balie, for a server's `lower` knows its own locale's letters only.

create table installation (
    only_row         bigint  not null primary key constraint installation_one_row check (only_row = 1),
    epoch            text    not null,
    token_secret     bytea   not null constraint installation_secret_length check (length(token_secret) = 32),
    settings_version bigint  not null,
    probe_count      bigint  not null
);

create table department (
    key           text collate "C" not null primary key,
    name          text    not null,
    mode          text    not null constraint department_mode check (mode in ('assign', 'offer')),
    priority      bigint  not null constraint department_priority check (priority between -2 and 2),
    idle_limit_ms bigint,
    idle_close_ms bigint  not null,
    idle_text     text    not null
);

create table site (
    key                 text collate "C" not null primary key,
    name                text    not null,
    origins             json    not null,
    form                json    not null,
    greeting            text,
    color               text,
    typing_preview      boolean not null,
    identity_secret     text,
    identity_public_key text
);

create table site_department (
    site       text collate "C" not null constraint site_department_site references site (key) on delete cascade,
    position   bigint  not null,
    department text collate "C" not null constraint site_department_department references department (key),
    constraint site_department_place primary key (site, position),
    constraint site_department_once unique (site, department)
);

create index site_department_by_department on site_department (department);

create table person (
    id            uuid    not null primary key,
    email         text    not null,
    -- The address in lower case: one person an address, whatever its capitals.
    email_folded  text collate "C" not null constraint person_email unique,
    name          text collate "C" not null,
    role          text    not null constraint person_role check (role in ('agent', 'supervisor', 'admin')),
    password_hash text    not null,
    created_at    bigint  not null,
    -- The two below follow the agents' journal.
    status        text    not null constraint person_status check (status in ('online', 'away', 'offline')),
    capacity      bigint  not null constraint person_capacity check (capacity between 0 and 100)
);

create table person_department (
    person     uuid    not null constraint person_department_person references person (id) on delete cascade,
    position   bigint  not null,
    department text collate "C" not null constraint person_department_department references department (key),
    constraint person_department_place primary key (person, position),
    constraint person_department_once unique (person, department)
);

create index person_department_by_department on person_department (department);

-- Outlives the person: occupancy of the past stays countable.
create table agent_journal (
    number      bigint  not null generated always as identity primary key,
    agent       uuid    not null,
    at          bigint  not null,
    status      text    not null constraint agent_journal_status check (status in ('online', 'away', 'offline')),
    capacity    bigint  not null,
    departments json    not null,
    reason      text    not null
);

create index agent_journal_by_agent on agent_journal (agent, at);

create table session (
    id          uuid    not null primary key,
    person      uuid    not null constraint session_person references person (id) on delete cascade,
    kind        text    not null constraint session_kind check (kind in ('cookie', 'token')),
    secret_hash bytea   not null constraint session_secret unique,
    label       text    not null,
    created_at  bigint  not null,
    seen_at     bigint  not null,
    expires_at  bigint
);

create index session_by_person on session (person);

create table tag (
    tag text collate "C" not null primary key
);

create table canned_reply (
    id         uuid    not null primary key,
    shortcut   text collate "C" not null constraint canned_reply_shortcut unique,
    title      text    not null,
    text       text    not null,
    -- A reply outlives its department and is then for all.
    department text collate "C" constraint canned_reply_department references department (key) on delete set null
);

create index canned_reply_by_department on canned_reply (department);

create table visitor (
    id         uuid    not null primary key,
    site       text collate "C" not null constraint visitor_site references site (key) on delete cascade,
    subject    text collate "C",
    name       text,
    email      text,
    name_folded  text  not null,
    email_folded text  not null,
    attributes json    not null,
    priority   bigint  not null constraint visitor_priority check (priority between -2 and 2),
    lang       text,
    tz         text,
    page       json,
    saved_at   bigint  not null
);

create unique index visitor_subject on visitor (site, subject) where subject is not null;
create index visitor_by_site on visitor (site);

create table conversation (
    id                   uuid    not null primary key,
    site                 text collate "C" not null constraint conversation_site references site (key),
    visitor              uuid    not null constraint conversation_visitor references visitor (id),
    visitor_name         text,
    department           text collate "C" not null constraint conversation_department references department (key),
    priority             bigint  not null,
    enqueued_at          bigint  not null,
    state                text    not null constraint conversation_state check (state in ('queued', 'active', 'closed')),
    waiting_since_at     bigint,
    owner                uuid,
    owner_name           text,
    close_reason         text,
    closed_at            bigint,
    placed_seq           bigint  not null,
    seq                  bigint  not null,
    visitor_seq          bigint  not null,
    last_at              bigint  not null,
    said_at              bigint  not null,
    idle_warned_at       bigint,
    is_agent_away        boolean not null,
    is_rated             boolean not null,
    tags                 json    not null,
    read_visitor         bigint  not null,
    read_agent           bigint  not null,
    summary              text    not null,
    summary_folded       text    not null,
    rating               bigint,
    last_agent           uuid,
    first_wait_end       text,
    first_wait_ended_at  bigint,
    first_wait_ms        bigint,
    first_wait_department text collate "C",
    constraint conversation_place check (
        (state = 'queued' and waiting_since_at is not null and owner is null and closed_at is null)
        or (state = 'active' and waiting_since_at is null and owner is not null and closed_at is null)
        or (state = 'closed' and waiting_since_at is null and owner is null and closed_at is not null)
    )
-- Room in each page, so that a message, which changes no indexed column, rewrites its row within the page.
) with (fillfactor = 80);

-- The guard of `start`: a visitor has one open conversation at a time.
create unique index conversation_open_of_visitor on conversation (visitor) where state <> 'closed';
create index conversation_open_in_order on conversation (enqueued_at, id) where state <> 'closed';
create index conversation_by_owner on conversation (owner) where owner is not null;
create index conversation_by_visitor on conversation (visitor, id);
create index conversation_by_last_agent on conversation (last_agent, id) where last_agent is not null;
create index conversation_by_department on conversation (department, id);
create index conversation_by_site on conversation (site);
create index conversation_by_first_wait on conversation (first_wait_ended_at) where first_wait_ended_at is not null;

create table event (
    conversation uuid    not null constraint event_conversation references conversation (id),
    seq          bigint  not null constraint event_seq check (seq >= 1),
    at           bigint  not null,
    cmd          uuid,
    role         text    not null constraint event_role check (role in ('visitor', 'agent', 'bot', 'system')),
    sender       uuid,
    sender_name  text,
    -- The event before it that visitors may see, 0 for none; null where visitors may not see this one.
    visitor_prev bigint,
    body         json    not null,
    constraint event_place primary key (conversation, seq)
);

-- What was done once and must not be done again: kept as long as the log. The `cmd` leads the key because clients make
-- them in the order of time: those of one transaction then share a few pages, where each sender has pages of its own.
create table command (
    cmd          uuid    not null,
    sender       uuid    not null,
    conversation uuid    not null,
    seq          bigint  not null,
    at           bigint  not null,
    constraint command_once primary key (cmd, sender)
);
