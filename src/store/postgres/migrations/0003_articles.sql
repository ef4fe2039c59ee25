-- Self-service: the articles of each site, the index that finds them, and what visitors did with them.
--
-- `article.words` holds a published article's folded words (`domain::search::tokens`) in their places, the title's with the
-- weight A and the body's with D, so that no text search configuration of the server has a say; `article_word` is the
-- vocabulary that slips are looked up in. Both follow `article`.

create table article (
    number          bigint  not null generated always as identity primary key,
    id              uuid    not null constraint article_id unique,
    site            text collate "C" not null constraint article_site references site (key) on delete cascade,
    lang            text collate "C" not null,
    position        bigint  not null,
    status          text    not null constraint article_status check (status in ('draft', 'published')),
    title           text collate "C" not null,
    body            text    not null,
    updated_at      bigint  not null,
    updated_by      uuid,
    updated_by_name text,
    -- Both null where the article is not published.
    words           tsvector,
    -- What it counts for in `article_word`: kept, for a newer version may cut words by other rules.
    vocabulary      text[] collate "C"
);

create index article_in_order on article (site, lang, position);
create index article_search on article using gin (words);

-- Each word of the published articles of a site and language, and how many of them have it.
create table article_word (
    site     text collate "C" not null constraint article_word_site references site (key) on delete cascade,
    lang     text collate "C" not null,
    word     text collate "C" not null,
    articles bigint  not null constraint article_word_articles check (articles >= 1),
    constraint article_word_once primary key (site, lang, word)
);

create table self_service_visit (
    site        text collate "C" not null constraint self_service_visit_site references site (key) on delete cascade,
    visit       uuid    not null,
    first_at    bigint  not null,
    searched    bigint  not null default 0,
    read        bigint  not null default 0,
    helpful     bigint  not null default 0,
    not_helpful bigint  not null default 0,
    chats       bigint  not null default 0,
    messages    bigint  not null default 0,
    constraint self_service_visit_once primary key (site, visit)
);

create index self_service_visit_by_time on self_service_visit (site, first_at);

-- One row for each article of a visit; `helpful` is null until the visitor says so or so.
create table self_service_article (
    site    text collate "C" not null,
    visit   uuid    not null,
    article uuid    not null constraint self_service_article_article references article (id) on delete cascade,
    read_at bigint  not null,
    helpful boolean,
    constraint self_service_article_once primary key (site, visit, article),
    constraint self_service_article_visit foreign key (site, visit)
        references self_service_visit (site, visit) on delete cascade
);

create index self_service_article_by_article on self_service_article (article, read_at);

-- What was searched for in vain. `weight` is the binary logarithm of a count that halves every 30 days, measured at the
-- epoch: rows compare by it without being touched. `last_visit` keeps one visit from counting twice in a row.
create table self_service_phrase (
    site       text collate "C" not null constraint self_service_phrase_site references site (key) on delete cascade,
    phrase     text collate "C" not null,
    weight     double precision not null,
    visits     bigint  not null,
    last_at    bigint  not null,
    last_visit uuid    not null,
    constraint self_service_phrase_once primary key (site, phrase)
);

create index self_service_phrase_by_weight on self_service_phrase (site, weight);
