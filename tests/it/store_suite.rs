//! What every engine of the store promises, tested through its one trait.
//!
//! A case is an async function that takes a fresh installation. An engine's own file makes such installations and says
//! `crate::store_suite::cases!(fresh);`: each case is then a test there. What only one engine does stands in its file.

use std::sync::Arc;

use balie::domain::conversation::{Command, Conversation, Refusal, Start};
use balie::model::event::{AgentName, Body, Event, Fields, Mode, Seq, View};
use balie::model::id::{AgentId, CommandId, ConversationId, DepartmentKey, SiteKey, VisitorId};
use balie::model::record::{JournalEntry, JournalReason, PersonRole, Status, Visitor};
use balie::model::time::At;
use balie::store::{Append, AppendError, Appended, NewPerson, Outcome, Store};
use uuid::Uuid;

pub mod articles;
pub mod entries;
pub mod histories;
pub mod lists;
pub mod log;
pub mod people;
pub mod promises;
pub mod races;
pub mod self_service;
pub mod settings;
pub mod visitors;

/// Makes a test of each case. `$fresh` is an async function that gives a fresh store and whatever must outlive it.
macro_rules! cases {
    ($fresh:path) => {
        $crate::store_suite::cases! {
            $fresh:
            log: a_start_is_written_with_its_text,
            log: a_repeat_gets_the_first_receipt_whatever_it_says,
            log: a_refused_command_leaves_nothing,
            log: a_command_on_nothing_is_refused,
            log: an_unknown_department_or_site_is_named,
            log: the_room_is_that_of_the_moment,
            log: a_decision_on_an_older_place_is_refused,
            log: the_owner_before_is_told,
            log: visitors_see_no_notes_and_no_tags,
            log: a_log_can_be_read_page_by_page,
            log: the_last_events_can_be_asked_for,
            log: time_never_falls_within_a_log,
            log: read_marks_only_rise,
            log: tags_may_change_after_the_close,
            races: producers_of_one_command_get_one_receipt,
            races: fifty_writers_leave_no_gap_and_meet_no_error,
            races: thirty_two_assigns_never_exceed_the_capacity,
            races: a_late_append_of_a_stalled_node_changes_nothing,
            races: a_visitor_starts_one_conversation_at_a_time,
            races: an_assignment_and_a_removal_exclude_each_other,
            histories: every_row_is_the_fold_of_its_log,
            histories: a_history_can_be_imported,
            lists: lists_show_what_is_asked_for,
            lists: open_conversations_stand_in_their_order,
            lists: standings_tell_how_far_each_log_has_come,
            lists: a_visitor_finds_the_open_conversation_or_the_last,
            lists: a_card_shows_first_words_and_rating,
            lists: silent_conversations_are_found,
            lists: a_left_message_is_kept_as_one_and_counts_nowhere,
            lists: reports_count_waits_against_a_threshold,
            entries: what_happened_is_told_in_order_of_time,
            entries: one_may_begin_anywhere_in_history,
            entries: entries_are_read_page_by_page,
            entries: what_is_written_late_is_told_once,
            entries: words_are_told_to_whoever_asks_for_them,
            promises: a_promise_is_kept_once_a_minute,
            promises: what_came_of_promises_is_counted,
            promises: promises_are_forgotten_in_time,
            visitors: a_visitor_is_saved_as_given,
            visitors: one_subject_is_one_visitor_of_a_site,
            visitors: an_identity_takes_over_the_open_conversation,
            visitors: an_identity_with_an_open_conversation_takes_nothing_over,
            people: an_address_is_one_person,
            people: the_first_person_is_made_once,
            people: the_last_administrator_stays,
            people: skills_of_a_person_are_kept_as_given,
            people: changes_of_a_person_are_journalled,
            people: whoever_owns_a_conversation_is_not_removed,
            people: status_follows_the_journal,
            people: a_rota_is_kept_as_written_and_goes_with_its_person,
            people: a_session_is_found_by_its_secret,
            people: a_new_password_ends_the_other_sessions,
            people: expired_sessions_are_forgotten,
            settings: a_fresh_installation_has_the_demo_site,
            settings: sites_are_kept_as_given,
            settings: departments_are_kept_as_given,
            settings: tags_and_canned_replies_are_kept_as_given,
            settings: every_change_of_a_setting_is_counted,
            settings: an_epoch_is_new_only_when_asked_for,
            articles: articles_are_kept_as_given,
            articles: articles_stand_in_the_order_given,
            articles: a_search_finds_words_and_ranks_them,
            articles: a_search_forgives_slips,
            articles: a_search_finds_what_is_published_and_nothing_else,
            articles: a_hostile_search_is_just_words,
            articles: a_word_that_most_articles_have_says_nothing,
            self_service: what_a_visit_did_is_counted_once,
            self_service: what_is_not_there_is_passed_over,
            self_service: searches_in_vain_are_counted_and_bounded,
            self_service: visits_and_phrases_are_forgotten_in_time,
        }
    };
    ($fresh:path: $($room:ident: $case:ident,)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let (store, _kept) = $fresh().await;
                $crate::store_suite::$room::$case(store).await;
            }
        )+
    };
}
pub(crate) use cases;

/// A moment to begin with; its number means nothing.
pub const START: At = At(1_700_000_000_000);

pub fn department(key: &str) -> DepartmentKey {
    DepartmentKey::new(key).unwrap()
}

pub fn site(key: &str) -> SiteKey {
    SiteKey::new(key).unwrap()
}

/// A conversation and its visitor.
#[derive(Clone, Copy, Debug)]
pub struct Chat {
    pub id: ConversationId,
    pub visitor: VisitorId,
}

impl Chat {
    pub fn fresh() -> Self {
        Self {
            id: ConversationId::fresh(),
            visitor: VisitorId::fresh(),
        }
    }

    /// The start of this chat in the demo site's line for support.
    pub fn start(&self, text: &str) -> Append {
        Append {
            conversation: self.id,
            once: once(self.visitor.0),
            command: Command::Start(self.start_in("support", Some(text))),
            now: START,
        }
    }

    pub fn start_in(&self, line: &str, text: Option<&str>) -> Start {
        Start {
            site: site("demo"),
            visitor: self.visitor,
            visitor_name: Some("Vera".to_owned()),
            department: department(line),
            priority: 0,
            mode: Mode::Chat,
            fields: Fields::new(),
            needs: Vec::new(),
            known_agent: None,
            text: text.map(str::to_owned),
        }
    }

    pub fn visitor_says(&self, text: &str) -> Append {
        Append {
            conversation: self.id,
            once: once(self.visitor.0),
            command: Command::VisitorSend {
                text: text.to_owned(),
            },
            now: START,
        }
    }

    /// A command of the server's own.
    pub fn does(&self, command: Command) -> Append {
        Append {
            conversation: self.id,
            once: None,
            command,
            now: START,
        }
    }
}

/// A `cmd` that was never used.
pub fn once(sender: Uuid) -> Option<(Uuid, CommandId)> {
    Some((sender, CommandId::fresh()))
}

/// The same append at another moment.
pub fn at(now: At, append: Append) -> Append {
    Append { now, ..append }
}

/// Writes, and fails the test if it was refused or a repeat.
pub async fn written(store: &Arc<dyn Store>, append: Append) -> Appended {
    match store.append(append).await {
        Ok(Outcome::Written(appended)) => *appended,
        other => panic!("not written: {other:?}"),
    }
}

/// Appends, and fails the test unless it was refused.
pub async fn refused(store: &Arc<dyn Store>, append: Append) -> Refusal {
    match store.append(append).await {
        Err(AppendError::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

pub async fn started(store: &Arc<dyn Store>, text: &str) -> Chat {
    let chat = Chat::fresh();
    written(store, chat.start(text)).await;
    chat
}

/// A started conversation that this agent owns.
pub async fn served(store: &Arc<dyn Store>, agent: &AgentName) -> Chat {
    let chat = started(store, "Hello").await;
    written(store, chat.does(take(agent))).await;
    chat
}

pub fn take(agent: &AgentName) -> Command {
    Command::Take {
        agent: agent.clone(),
        is_supervisor: false,
    }
}

pub fn close(agent: &AgentName, tags: &[&str]) -> Command {
    let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
    Command::Close {
        agent: agent.clone(),
        is_supervisor: false,
        tags,
    }
}

pub fn new_person(name: &str, role: PersonRole, capacity: u8) -> NewPerson {
    let id = AgentId::fresh();
    NewPerson {
        id,
        email: format!("{name}.{id}@example.com"),
        name: name.to_owned(),
        role,
        departments: vec![department("support"), department("sales")],
        skills: Vec::new(),
        capacity,
        password_hash: "not a hash".to_owned(),
    }
}

/// Somebody at the desk, online.
pub async fn agent(store: &Arc<dyn Store>, name: &str, capacity: u8) -> AgentName {
    let person = new_person(name, PersonRole::Agent, capacity);
    let agent = AgentName {
        id: person.id,
        name: person.name.clone(),
    };
    store.create_person(person, START).await.unwrap();
    store
        .journal(entry(&agent, Status::Online, capacity), START)
        .await
        .unwrap();
    agent
}

pub fn entry(agent: &AgentName, status: Status, capacity: u8) -> JournalEntry {
    JournalEntry {
        agent: agent.id,
        status,
        capacity,
        departments: vec![department("support"), department("sales")],
        reason: JournalReason::Chosen,
    }
}

pub fn visitor(name: &str) -> Visitor {
    Visitor {
        id: VisitorId::fresh(),
        site: site("demo"),
        subject: None,
        name: Some(name.to_owned()),
        email: None,
        attributes: Default::default(),
        priority: 0,
        lang: None,
        tz: None,
        page: None,
    }
}

pub async fn conversation(store: &Arc<dyn Store>, id: ConversationId) -> Conversation {
    store.conversation(id).await.unwrap().unwrap()
}

/// The whole log, with each event's `prev`.
pub async fn log_of(store: &Arc<dyn Store>, id: ConversationId, view: View) -> Vec<(Seq, Event)> {
    let events = store.events(id, view, 0, 10_000).await.unwrap();
    assert!(!events.has_more);
    events.events
}

pub fn texts(events: &[(Seq, Event)]) -> Vec<&str> {
    events
        .iter()
        .filter_map(|(_, event)| match &event.body {
            Body::Message { text, .. } | Body::Note { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect()
}
