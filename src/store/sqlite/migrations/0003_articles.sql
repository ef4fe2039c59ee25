-- Self-service: the articles of each site, the index that finds them, and what visitors did with them.
--
-- `article_search` holds the published articles as folded words (`domain::search::tokens`), so that SQLite only cuts at
-- the spaces; `article_word` is the vocabulary that slips are looked up in. Both follow `article`.

create table article (
    -- The row of the index.
    number          integer not null primary key,
    id              blob    not null constraint article_id unique,
    site            text    not null constraint article_site references site (key) on delete cascade,
    lang            text    not null,
    position        integer not null,
    status          text    not null constraint article_status check (status in ('draft', 'published')),
    title           text    not null,
    body            text    not null,
    updated_at      integer not null,
    updated_by      blob,
    updated_by_name text
) strict;

create index article_in_order on article (site, lang, position);

create virtual table article_search using fts5 (
    title, body,
    tokenize = "unicode61 remove_diacritics 0 categories 'L* N* Co M*'",
    prefix = '2 3'
);

-- A trigger, for articles go with their site too.
create trigger article_gone after delete on article begin
    delete from article_search where rowid = old.number;
end;

-- Each word of the published articles of a site and language, and how many of them have it.
create table article_word (
    site     text    not null constraint article_word_site references site (key) on delete cascade,
    lang     text    not null,
    word     text    not null,
    articles integer not null constraint article_word_articles check (articles >= 1),
    constraint article_word_once primary key (site, lang, word)
) strict, without rowid;

create table self_service_visit (
    site        text    not null constraint self_service_visit_site references site (key) on delete cascade,
    visit       blob    not null,
    first_at    integer not null,
    searched    integer not null default 0,
    read        integer not null default 0,
    helpful     integer not null default 0,
    not_helpful integer not null default 0,
    chats       integer not null default 0,
    messages    integer not null default 0,
    constraint self_service_visit_once primary key (site, visit)
) strict, without rowid;

create index self_service_visit_by_time on self_service_visit (site, first_at);

-- One row for each article of a visit; `helpful` is null until the visitor says so or so.
create table self_service_article (
    site    text    not null,
    visit   blob    not null,
    article blob    not null constraint self_service_article_article references article (id) on delete cascade,
    read_at integer not null,
    helpful integer,
    constraint self_service_article_once primary key (site, visit, article),
    constraint self_service_article_visit foreign key (site, visit)
        references self_service_visit (site, visit) on delete cascade
) strict, without rowid;

create index self_service_article_by_article on self_service_article (article, read_at);

-- What was searched for in vain. `weight` is the binary logarithm of a count that halves every 30 days, measured at the
-- epoch: rows compare by it without being touched. `last_visit` keeps one visit from counting twice in a row.
create table self_service_phrase (
    site       text    not null constraint self_service_phrase_site references site (key) on delete cascade,
    phrase     text    not null,
    weight     real    not null,
    visits     integer not null,
    last_at    integer not null,
    last_visit blob    not null,
    constraint self_service_phrase_once primary key (site, phrase)
) strict, without rowid;

create index self_service_phrase_by_weight on self_service_phrase (site, weight);
