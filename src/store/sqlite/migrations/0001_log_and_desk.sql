-- The first shape of the store: the logs, what follows from them, and the records beside them.
--
-- Moments are `…_at`, milliseconds since the Unix epoch; spans end in `_ms`; ids are the 16 bytes of a UUID; lists and
-- maps are JSON text. `event` and `agent_journal` are the truth; `conversation` is the fold of `event`, written in the
-- same transaction, so that no list and no decision has to read a whole log.

create table installation (
    only_row         integer not null primary key constraint installation_one_row check (only_row = 1),
    epoch            text    not null,
    token_secret     blob    not null constraint installation_secret_length check (length(token_secret) = 32),
    settings_version integer not null,
    probe_count      integer not null
) strict;

create table department (
    key           text    not null primary key,
    name          text    not null,
    mode          text    not null constraint department_mode check (mode in ('assign', 'offer')),
    priority      integer not null constraint department_priority check (priority between -2 and 2),
    idle_limit_ms integer,
    idle_close_ms integer not null,
    idle_text     text    not null
) strict;

create table site (
    key                 text    not null primary key,
    name                text    not null,
    origins             text    not null,
    form                text    not null,
    greeting            text,
    color               text,
    typing_preview      integer not null constraint site_typing_preview check (typing_preview in (0, 1)),
    identity_secret     text,
    identity_public_key text
) strict;

create table site_department (
    site       text    not null constraint site_department_site references site (key) on delete cascade,
    position   integer not null,
    department text    not null constraint site_department_department references department (key),
    constraint site_department_place primary key (site, position),
    constraint site_department_once unique (site, department)
) strict, without rowid;

create index site_department_by_department on site_department (department);

create table person (
    id            blob    not null primary key,
    email         text    not null,
    -- The address in lower case: one person an address, whatever its capitals.
    email_folded  text    not null constraint person_email unique,
    name          text    not null,
    role          text    not null constraint person_role check (role in ('agent', 'supervisor', 'admin')),
    password_hash text    not null,
    created_at    integer not null,
    -- The two below follow the agents' journal.
    status        text    not null constraint person_status check (status in ('online', 'away', 'offline')),
    capacity      integer not null constraint person_capacity check (capacity between 0 and 100)
) strict;

create table person_department (
    person     blob    not null constraint person_department_person references person (id) on delete cascade,
    position   integer not null,
    department text    not null constraint person_department_department references department (key),
    constraint person_department_place primary key (person, position),
    constraint person_department_once unique (person, department)
) strict, without rowid;

create index person_department_by_department on person_department (department);

-- Outlives the person: occupancy of the past stays countable.
create table agent_journal (
    number      integer not null primary key,
    agent       blob    not null,
    at          integer not null,
    status      text    not null constraint agent_journal_status check (status in ('online', 'away', 'offline')),
    capacity    integer not null,
    departments text    not null,
    reason      text    not null
) strict;

create index agent_journal_by_agent on agent_journal (agent, at);

create table session (
    id          blob    not null primary key,
    person      blob    not null constraint session_person references person (id) on delete cascade,
    kind        text    not null constraint session_kind check (kind in ('cookie', 'token')),
    secret_hash blob    not null constraint session_secret unique,
    label       text    not null,
    created_at  integer not null,
    seen_at     integer not null,
    expires_at  integer
) strict;

create index session_by_person on session (person);

create table tag (
    tag text not null primary key
) strict, without rowid;

create table canned_reply (
    id         blob not null primary key,
    shortcut   text not null constraint canned_reply_shortcut unique,
    title      text not null,
    text       text not null,
    -- A reply outlives its department and is then for all.
    department text constraint canned_reply_department references department (key) on delete set null
) strict;

create index canned_reply_by_department on canned_reply (department);

create table visitor (
    id         blob    not null primary key,
    site       text    not null constraint visitor_site references site (key) on delete cascade,
    subject    text,
    name       text,
    email      text,
    attributes text    not null,
    priority   integer not null constraint visitor_priority check (priority between -2 and 2),
    lang       text,
    tz         text,
    page       text,
    saved_at   integer not null
) strict;

create unique index visitor_subject on visitor (site, subject) where subject is not null;
create index visitor_by_site on visitor (site);

create table conversation (
    id                   blob    not null primary key,
    site                 text    not null constraint conversation_site references site (key),
    visitor              blob    not null constraint conversation_visitor references visitor (id),
    visitor_name         text,
    department           text    not null constraint conversation_department references department (key),
    priority             integer not null,
    enqueued_at          integer not null,
    state                text    not null constraint conversation_state check (state in ('queued', 'active', 'closed')),
    waiting_since_at     integer,
    owner                blob,
    owner_name           text,
    close_reason         text,
    closed_at            integer,
    placed_seq           integer not null,
    seq                  integer not null,
    visitor_seq          integer not null,
    last_at              integer not null,
    said_at              integer not null,
    idle_warned_at       integer,
    is_agent_away        integer not null,
    is_rated             integer not null,
    tags                 text    not null,
    read_visitor         integer not null,
    read_agent           integer not null,
    summary              text    not null,
    rating               integer,
    last_agent           blob,
    first_wait_end       text,
    first_wait_ended_at  integer,
    first_wait_ms        integer,
    first_wait_department text,
    constraint conversation_place check (
        (state = 'queued' and waiting_since_at is not null and owner is null and closed_at is null)
        or (state = 'active' and waiting_since_at is null and owner is not null and closed_at is null)
        or (state = 'closed' and waiting_since_at is null and owner is null and closed_at is not null)
    )
) strict;

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
    conversation blob    not null constraint event_conversation references conversation (id),
    seq          integer not null constraint event_seq check (seq >= 1),
    at           integer not null,
    cmd          blob,
    role         text    not null constraint event_role check (role in ('visitor', 'agent', 'bot', 'system')),
    sender       blob,
    sender_name  text,
    -- The event before it that visitors may see, 0 for none; null where visitors may not see this one.
    visitor_prev integer,
    body         text    not null,
    constraint event_place primary key (conversation, seq)
) strict, without rowid;

-- What was done once and must not be done again: kept as long as the log. The `cmd` leads the key because clients make
-- them in the order of time: those of one transaction then share a few pages, where each sender has pages of its own.
create table command (
    cmd          blob    not null,
    sender       blob    not null,
    conversation blob    not null,
    seq          integer not null,
    at           integer not null,
    constraint command_once primary key (cmd, sender)
) strict, without rowid;
