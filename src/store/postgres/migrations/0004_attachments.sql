-- Files sent in conversations. The bytes lie in a folder that all nodes share, or in an S3 store, under the row's id; a row is
-- written before the first byte and goes after the last one, so that a crash leaves no bytes that nothing names.

create table attachment (
    id           uuid    not null primary key,
    conversation uuid    not null constraint attachment_conversation references conversation (id),
    role         text    not null constraint attachment_role check (role in ('visitor', 'agent')),
    uploader     uuid    not null,
    name         text    not null,
    -- By content; empty until the bytes are whole.
    type         text    not null,
    -- As announced; what arrives is exactly that or the upload fails.
    bytes        bigint  not null,
    width        bigint,
    height       bigint,
    sha256       bytea,
    state        text    not null constraint attachment_state check (state in ('uploading', 'uploaded', 'sent', 'removed')),
    -- Left as a note: not for visitors.
    is_note      boolean not null,
    at           bigint  not null,
    constraint attachment_whole check (
        state in ('uploading', 'removed') or (sha256 is not null and length(sha256) = 32)
    )
);

create index attachment_by_conversation on attachment (conversation, at);
-- What was never sent is looked for every minute; what was sent stays for ever.
create index attachment_unsent on attachment (at) where state <> 'sent';
