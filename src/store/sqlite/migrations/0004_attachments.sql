-- Files sent in conversations. The bytes lie beside the database, or in an S3 store, under the row's id; a row is written
-- before the first byte and goes after the last one, so that a crash leaves no bytes that nothing names.

create table attachment (
    id           blob    not null primary key,
    conversation blob    not null constraint attachment_conversation references conversation (id),
    role         text    not null constraint attachment_role check (role in ('visitor', 'agent')),
    uploader     blob    not null,
    name         text    not null,
    -- By content; empty until the bytes are whole.
    type         text    not null,
    -- As announced; what arrives is exactly that or the upload fails.
    bytes        integer not null,
    width        integer,
    height       integer,
    sha256       blob,
    state        text    not null constraint attachment_state check (state in ('uploading', 'uploaded', 'sent', 'removed')),
    -- Left as a note: not for visitors.
    is_note      integer not null constraint attachment_is_note check (is_note in (0, 1)),
    at           integer not null,
    constraint attachment_whole check (
        state in ('uploading', 'removed') or (sha256 is not null and length(sha256) = 32)
    )
) strict;

create index attachment_by_conversation on attachment (conversation, at);
-- What was never sent is looked for every minute; what was sent stays for ever.
create index attachment_unsent on attachment (at) where state <> 'sent';
