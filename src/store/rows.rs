//! The records beside the logs as rows, whatever the engine: which columns a record is read from, in which order.
//!
//! Where an engine must say a column in its own words (a list of departments, say), only the reading is shared.

use crate::domain::conversation::{Room, order_key};
use crate::domain::happening::Move;
use crate::model::article::Article;
use crate::model::event::{AgentName, Attachment, Body, Seq};
use crate::model::hours::Hours;
use crate::model::id::{AgentId, AttachmentId};
use crate::model::record::{CannedReply, Department, JournalEntry, Person, Session, Site, Visitor};
use crate::model::time::At;
use crate::store::articles::{ArticleFigures, SelfServiceFigures, Unanswered};
use crate::store::attachments::StoredAttachment;
use crate::store::entries::{Entry, Mark, Rank, Told};
use crate::store::promises::{NewPromise, PromiseFigures};
use crate::store::stored;
use crate::store::stories::{Story, StoryRow, StoryStep};
use crate::store::values::{Columns, Json, Word};
use crate::store::{Card, Receipt, Standing};

/// The columns of `visitor as v` that [`visitor`] takes, in its order.
macro_rules! visitor_columns {
    () => {
        "v.id, v.site, v.subject, v.name, v.email, v.attributes, v.priority, v.lang, v.tz, v.page"
    };
}
pub(super) use visitor_columns;

/// Reads `visitor_columns!()`.
pub(super) fn visitor<C: Columns>(columns: &mut C) -> Result<Visitor, C::Error> {
    Ok(Visitor {
        id: columns.take()?,
        site: columns.take()?,
        subject: columns.take()?,
        name: columns.take()?,
        email: columns.take()?,
        attributes: columns.take::<Json<_>>()?.0,
        priority: columns.take()?,
        lang: columns.take()?,
        tz: columns.take()?,
        page: columns.take::<Option<Json<_>>>()?.map(|page| page.0),
    })
}

/// Reads a conversation, its visitor, and the name of whoever served it last.
pub(super) fn card<C: Columns>(columns: &mut C) -> Result<Card, C::Error> {
    let stored = stored::read(columns)?;
    let visitor = visitor(columns)?;
    let last_agent_name: Option<String> = columns.take()?;
    Ok(Card {
        conversation: stored.conversation,
        visitor,
        summary: stored.digest.summary,
        rating: stored.digest.rating,
        last_agent: stored
            .digest
            .last_agent
            .zip(last_agent_name)
            .map(|(id, name)| AgentName { id, name }),
    })
}

/// The columns of `conversation as c` that [`standing`] takes, in its order.
macro_rules! standing_columns {
    () => {
        "c.id, c.visitor, c.visitor_seq, c.seq, c.owner, c.placed_seq"
    };
}
pub(super) use standing_columns;

/// Reads `standing_columns!()`.
pub(super) fn standing<C: Columns>(columns: &mut C) -> Result<Standing, C::Error> {
    let (conversation, visitor) = (columns.take()?, columns.take()?);
    let (visitor_seq, seq) = (columns.take()?, columns.take()?);
    let owner: Option<AgentId> = columns.take()?;
    let placed_seq: Seq = columns.take()?;
    Ok(Standing {
        conversation,
        visitor,
        visitor_seq,
        seq,
        owner: owner.map(|agent| (agent, placed_seq)),
    })
}

/// Reads id, address, name, role, departments as JSON, skills, since when, status and capacity.
pub(super) fn person<C: Columns>(columns: &mut C) -> Result<Person, C::Error> {
    Ok(Person {
        id: columns.take()?,
        email: columns.take()?,
        name: columns.take()?,
        role: columns.take::<Word<_>>()?.0,
        departments: columns.take::<Json<_>>()?.0,
        skills: columns.take::<Json<_>>()?.0,
        created_at: columns.take()?,
        status: columns.take::<Word<_>>()?.0,
        capacity: columns.take()?,
    })
}

/// Reads status, capacity and load.
pub(super) fn room<C: Columns>(columns: &mut C) -> Result<Room, C::Error> {
    Ok(Room {
        status: columns.take::<Word<_>>()?.0,
        capacity: columns.take()?,
        load: columns.take()?,
    })
}

/// Reads an agent's journal: at, status, capacity, departments, reason.
pub(super) fn journal_entry<C: Columns>(
    columns: &mut C,
    agent: AgentId,
) -> Result<(At, JournalEntry), C::Error> {
    let at = columns.take()?;
    let entry = JournalEntry {
        agent,
        status: columns.take::<Word<_>>()?.0,
        capacity: columns.take()?,
        departments: columns.take::<Json<_>>()?.0,
        reason: columns.take::<Word<_>>()?.0,
    };
    Ok((at, entry))
}

/// The columns of `agent_journal as j` that [`seat_entry`] takes, in its order.
macro_rules! seat_columns {
    () => {
        "j.agent, j.number, j.at, j.status, j.capacity, j.departments, j.reason"
    };
}
pub(super) use seat_columns;

/// Reads a person's id and their `week`.
pub(super) fn rota<C: Columns>(columns: &mut C) -> Result<(AgentId, Hours), C::Error> {
    Ok((columns.take()?, columns.take::<Json<_>>()?.0))
}

/// Reads `seat_columns!()`.
pub(super) fn seat_entry<C: Columns>(columns: &mut C) -> Result<Entry, C::Error> {
    let (agent, number) = (columns.take()?, columns.take()?);
    let (at, seat) = journal_entry(columns, agent)?;
    let rank = Rank::Seat(agent, number);
    Ok(Entry {
        mark: Mark { at, rank },
        told: Told::Seat(seat),
    })
}

/// Whether `event as e` moves its conversation: the condition of the index `event_moving`, word for word.
macro_rules! moves {
    () => {
        "e.body ->> 'kind' in ('queued', 'assigned', 'transferred', 'requeued', 'closed')"
    };
}
pub(super) use moves;

/// The columns of `event as e` and its `conversation as c` that [`move_entry`] takes, in its order.
macro_rules! move_columns {
    () => {
        "e.at, e.conversation, e.seq, c.enqueued_at, c.priority, c.mode, e.body"
    };
}
pub(super) use move_columns;

/// Reads `move_columns!()`.
pub(super) fn move_entry<C: Columns>(columns: &mut C) -> Result<Entry, C::Error> {
    let at = columns.take()?;
    let (conversation, seq) = (columns.take()?, columns.take()?);
    let (enqueued_at, priority) = (columns.take()?, columns.take()?);
    let mode = columns.take::<Word<_>>()?.0;
    let step = Move {
        conversation,
        key: order_key(enqueued_at, priority, mode),
        mode,
        body: columns.take::<Json<_>>()?.0,
    };
    let rank = Rank::Log(conversation, seq);
    Ok(Entry {
        mark: Mark { at, rank },
        told: Told::Move(Box::new(step)),
    })
}

/// Which rows of `event as e` are words: said, or a score. The condition of the index `event_speaking`.
macro_rules! words {
    () => {
        "e.body ->> 'kind' in ('message', 'rated')"
    };
}
pub(super) use words;

/// The columns of `event as e` that [`word_entry`] takes, in its order. What was said is left where it is.
macro_rules! word_columns {
    () => {
        "e.at, e.conversation, e.seq, e.role, cast(e.body ->> 'score' as bigint)"
    };
}
pub(super) use word_columns;

/// Reads `word_columns!()`.
pub(super) fn word_entry<C: Columns>(columns: &mut C) -> Result<Entry, C::Error> {
    let at = columns.take()?;
    let rank = Rank::Log(columns.take()?, columns.take()?);
    let role = columns.take::<Word<_>>()?.0;
    let score = columns.take::<Option<u8>>()?;
    let told = score.map_or(Told::Said(role), Told::Rated);
    Ok(Entry {
        mark: Mark { at, rank },
        told,
    })
}

/// The columns of `event as e` and its `conversation as c` that [`story_row`] takes, in its order. Words that were said are
/// left where they are.
macro_rules! story_columns {
    () => {
        "c.id, c.enqueued_at, c.priority, c.mode, e.at, e.role,
         case e.body ->> 'kind' when 'message' then null else e.body end"
    };
}
pub(super) use story_columns;

/// Reads `story_columns!()`.
pub(super) fn story_row<C: Columns>(columns: &mut C) -> Result<StoryRow, C::Error> {
    let (conversation, enqueued_at, priority) = (columns.take()?, columns.take()?, columns.take()?);
    let mode = columns.take::<Word<_>>()?.0;
    let (at, role) = (columns.take()?, columns.take::<Word<_>>()?.0);
    let body = columns.take::<Option<Json<Body>>>()?;
    let step = body.map_or(StoryStep::Said(role), |body| {
        StoryStep::Told(Box::new(body.0))
    });
    let story = Story {
        conversation,
        enqueued_at,
        key: order_key(enqueued_at, priority, mode),
        mode,
        steps: Vec::new(),
    };
    Ok(StoryRow {
        story,
        step: (at, step),
    })
}

/// The columns of `session as s` that [`session`] takes, in its order.
macro_rules! session_columns {
    () => {
        "s.id, s.person, s.kind, s.secret_hash, s.label, s.created_at, s.seen_at, s.expires_at"
    };
}
pub(super) use session_columns;

/// Reads `session_columns!()`.
pub(super) fn session<C: Columns>(columns: &mut C) -> Result<Session, C::Error> {
    Ok(Session {
        id: columns.take()?,
        person: columns.take()?,
        kind: columns.take::<Word<_>>()?.0,
        secret_hash: columns.take()?,
        label: columns.take()?,
        created_at: columns.take()?,
        seen_at: columns.take()?,
        expires_at: columns.take()?,
    })
}

/// Reads where and when a command was written: conversation, seq, at.
pub(super) fn receipt<C: Columns>(columns: &mut C) -> Result<Receipt, C::Error> {
    Ok(Receipt {
        conversation: columns.take()?,
        seq: columns.take()?,
        at: columns.take()?,
    })
}

/// Reads key, name, origins, departments, form, greeting, colour, preview, widget and both identity keys.
pub(super) fn site<C: Columns>(columns: &mut C) -> Result<Site, C::Error> {
    Ok(Site {
        key: columns.take()?,
        name: columns.take()?,
        origins: columns.take::<Json<_>>()?.0,
        departments: columns.take::<Json<_>>()?.0,
        form: columns.take::<Json<_>>()?.0,
        greeting: columns.take()?,
        color: columns.take()?,
        typing_preview: columns.take()?,
        widget: columns.take::<Json<_>>()?.0,
        identity_secret: columns.take()?,
        identity_public_key: columns.take()?,
    })
}

/// All departments, by key, with the columns that [`department`] takes.
pub(super) const SELECT_DEPARTMENTS: &str = "select key, name, mode, priority, idle_limit_ms, idle_close_ms, idle_text, hours, \
                                             standard, routing \
                                             from department order by key";

/// Reads a department.
pub(super) fn department<C: Columns>(columns: &mut C) -> Result<Department, C::Error> {
    Ok(Department {
        key: columns.take()?,
        name: columns.take()?,
        mode: columns.take::<Word<_>>()?.0,
        priority: columns.take()?,
        idle_limit_ms: columns.take()?,
        idle_close_ms: columns.take()?,
        idle_text: columns.take()?,
        hours: columns.take::<Option<Json<_>>>()?.map(|hours| hours.0),
        standard: columns
            .take::<Option<Json<_>>>()?
            .map(|standard| standard.0)
            .unwrap_or_default(),
        routing: columns
            .take::<Option<Json<_>>>()?
            .map(|routing| routing.0)
            .unwrap_or_default(),
    })
}

/// All canned replies, by shortcut, with the columns that [`canned_reply`] takes.
pub(super) const SELECT_CANNED_REPLIES: &str =
    "select id, shortcut, title, text, department from canned_reply order by shortcut";

/// Reads a canned reply.
pub(super) fn canned_reply<C: Columns>(columns: &mut C) -> Result<CannedReply, C::Error> {
    Ok(CannedReply {
        id: columns.take()?,
        shortcut: columns.take()?,
        title: columns.take()?,
        text: columns.take()?,
        department: columns.take()?,
    })
}

/// The first promise of each wait that began at or after a moment, with the columns that [`promise`] takes.
pub(super) const FIRST_PROMISES: &str = "select conversation, since_at, department, made_at, p50_ms, p90_ms, outcome is not null from promise
     where since_at >= $1 and is_first order by since_at, conversation";

/// Reads a promise and whether it is settled.
pub(super) fn promise<C: Columns>(columns: &mut C) -> Result<(NewPromise, bool), C::Error> {
    let promise = NewPromise {
        conversation: columns.take()?,
        since: columns.take()?,
        department: columns.take()?,
        made_at: columns.take()?,
        p50: columns.take()?,
        p90: columns.take()?,
    };
    Ok((promise, columns.take()?))
}

/// How good the promises of a time were, with the columns that [`promise_figures`] takes. The median is the nearest rank, which is
/// why all departments together are counted as one more, without a name: it does not follow from theirs.
pub(super) const PROMISE_FIGURES: &str = "with made as (
         select department, is_first, p50_ms, p90_ms, ended_at - made_at as wait_ms, outcome
         from promise where made_at >= $1 and made_at < $2
     ), told as (
         select * from made
         union all
         select cast(null as text), is_first, p50_ms, p90_ms, wait_ms, outcome from made
     ), judged as (
         select department, is_first, p50_ms, p90_ms, wait_ms, abs(p50_ms - wait_ms) as error_ms
         from told where outcome in ('answered', 'left')
     ), ranked as (
         select *, row_number() over (partition by department, is_first order by error_ms) as place,
                count(*) over (partition by department, is_first) as of_all
         from judged
     ), counted as (
         select department, is_first, count(*) as judged,
                count(*) filter (where wait_ms <= p90_ms) as kept,
                count(*) filter (where wait_ms > p50_ms) as over_median,
                max(error_ms) filter (where place = (of_all + 1) / 2) as error_ms,
                sum(p50_ms - wait_ms) as bias_ms, sum(wait_ms) as wait_ms
         from ranked group by department, is_first
     ), others as (
         select department, is_first, count(*) filter (where outcome is null) as open,
                count(*) filter (where outcome = 'taken_out') as taken_out
         from told group by department, is_first
     )
     select o.department, o.is_first, coalesce(judged, 0), coalesce(kept, 0), coalesce(over_median, 0),
            coalesce(error_ms, 0), cast(coalesce(bias_ms, 0) as bigint), cast(coalesce(wait_ms, 0) as bigint),
            o.open, o.taken_out
     from others as o
     left join counted as c on c.department is not distinct from o.department and c.is_first = o.is_first
     order by o.department nulls first, o.is_first desc";

/// Reads whose, whether first, and the figures in order.
pub(super) fn promise_figures<C: Columns>(columns: &mut C) -> Result<PromiseFigures, C::Error> {
    Ok(PromiseFigures {
        department: columns.take()?,
        is_first: columns.take()?,
        judged: columns.take()?,
        kept: columns.take()?,
        over_median: columns.take()?,
        error_median: columns.take()?,
        bias_sum: columns.take()?,
        wait_sum: columns.take()?,
        open: columns.take()?,
        taken_out: columns.take()?,
    })
}

/// The columns of `attachment` that [`attachment`] takes, in its order.
macro_rules! attachment_columns {
    () => {
        "name, type, bytes, width, height, conversation, role, uploader, sha256, state, is_note, at"
    };
}
pub(super) use attachment_columns;

/// Reads `attachment_columns!()`.
pub(super) fn attachment<C: Columns>(
    columns: &mut C,
    id: AttachmentId,
) -> Result<StoredAttachment, C::Error> {
    Ok(StoredAttachment {
        attachment: Attachment {
            id,
            name: columns.take()?,
            media_type: columns.take()?,
            bytes: columns.take()?,
            width: columns.take()?,
            height: columns.take()?,
        },
        conversation: columns.take()?,
        role: columns.take::<Word<_>>()?.0,
        uploader: columns.take()?,
        sha256: columns.take()?,
        state: columns.take::<Word<_>>()?.0,
        is_note: columns.take()?,
        at: columns.take()?,
    })
}

/// The columns of `article as a` that [`article`] takes, in its order.
macro_rules! article_columns {
    () => {
        "a.id, a.site, a.lang, a.position, a.status, a.title, a.body, a.updated_at, a.updated_by, a.updated_by_name"
    };
}
pub(super) use article_columns;

/// Reads `article_columns!()`.
pub(super) fn article<C: Columns>(columns: &mut C) -> Result<Article, C::Error> {
    Ok(Article {
        id: columns.take()?,
        site: columns.take()?,
        lang: columns.take()?,
        position: columns.take()?,
        status: columns.take::<Word<_>>()?.0,
        title: columns.take()?,
        body: columns.take()?,
        updated_at: columns.take()?,
        updated_by: {
            let (id, name) = (columns.take::<Option<_>>()?, columns.take::<Option<_>>()?);
            id.zip(name).map(|(id, name)| AgentName { id, name })
        },
    })
}

/// Reads the sums over visits, without articles and phrases.
pub(super) fn self_service<C: Columns>(columns: &mut C) -> Result<SelfServiceFigures, C::Error> {
    Ok(SelfServiceFigures {
        visits: columns.take()?,
        searched: columns.take()?,
        read: columns.take()?,
        helpful: columns.take()?,
        not_helpful: columns.take()?,
        chats: columns.take()?,
        messages: columns.take()?,
        deflected: columns.take()?,
        articles: Vec::new(),
        unanswered: Vec::new(),
    })
}

/// Reads id, title, language, reads, helpful, not helpful.
pub(super) fn article_figures<C: Columns>(columns: &mut C) -> Result<ArticleFigures, C::Error> {
    Ok(ArticleFigures {
        id: columns.take()?,
        title: columns.take()?,
        lang: columns.take()?,
        reads: columns.take()?,
        helpful: columns.take()?,
        not_helpful: columns.take()?,
    })
}

/// Reads phrase, visits, last.
pub(super) fn unanswered<C: Columns>(columns: &mut C) -> Result<Unanswered, C::Error> {
    Ok(Unanswered {
        phrase: columns.take()?,
        visits: columns.take()?,
        last_at: columns.take()?,
    })
}
