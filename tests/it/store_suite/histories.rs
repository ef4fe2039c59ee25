//! Random histories: whatever people do, each conversation's row is the fold of its log, and the figures are those of
//! the logs.
//!
//! A history is a list of steps by a few visitors and agents; most are refused, which is part of it. The seed is
//! printed when one fails; `BALIE_SEED=<number>` runs that one again.

use std::collections::BTreeMap;
use std::sync::Arc;

use balie::domain::conversation::{Command, Conversation, Place, Start, start};
use balie::domain::figures::{Cell, Figures, Ratio, Spans};
use balie::domain::happening::News;
use balie::model::event::{
    AgentName, Body, Event, Fields, Mode, RequeueReason, Role, TransferredTo, View,
};
use balie::model::id::{ConversationId, DepartmentKey, VisitorId};
use balie::model::record::{Department, PairingMode, Visitor};
use balie::model::routing::Routing;
use balie::model::standard::{Definition, Standard};
use balie::model::time::{At, Millis};
use balie::store::entries::{Feed, Scope};
use balie::store::stories;
use balie::store::{AppendError, Outcome, Store};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::{Chat, START, agent, department, entry, log_of, visitor};
use crate::recount;

const VISITORS: usize = 3;
const AGENTS: usize = 3;
const THRESHOLD: Millis = Millis(20_000);
/// After everything.
const END: At = At(START.0 + 10_000_000);

/// One thing that somebody tries; numbers choose whom it concerns.
#[derive(Clone, Debug)]
struct Step {
    visitor: usize,
    agent: usize,
    other: usize,
    is_supervisor: bool,
    /// The clock's move before it; backwards too.
    move_ms: i64,
    deed: Deed,
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Start,
    Say,
    Answer,
    Note,
    Leave,
    Abandon,
    Rate,
    Assign,
    Take,
    TransferToAgent,
    TransferToDepartment,
    StandIn,
    Close,
    Requeue,
    Away,
    Back,
    Warn,
    CloseIdle,
    Read,
    Capacity(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let deed = prop_oneof![
        4 => Just(Deed::Start),
        4 => Just(Deed::Say),
        2 => Just(Deed::Answer),
        1 => Just(Deed::Note),
        1 => Just(Deed::Leave),
        1 => Just(Deed::Abandon),
        1 => Just(Deed::Rate),
        4 => Just(Deed::Assign),
        3 => Just(Deed::Take),
        2 => Just(Deed::TransferToAgent),
        2 => Just(Deed::TransferToDepartment),
        1 => Just(Deed::StandIn),
        2 => Just(Deed::Close),
        1 => Just(Deed::Requeue),
        1 => Just(Deed::Away),
        1 => Just(Deed::Back),
        1 => Just(Deed::Warn),
        1 => Just(Deed::CloseIdle),
        1 => Just(Deed::Read),
        1 => (0_u8..4).prop_map(Deed::Capacity),
    ];
    (
        0..VISITORS,
        0..AGENTS,
        0..AGENTS,
        any::<bool>(),
        -5_000_i64..15_000,
        deed,
    )
        .prop_map(
            |(visitor, agent, other, is_supervisor, move_ms, deed)| Step {
                visitor,
                agent,
                other,
                is_supervisor,
                move_ms,
                deed,
            },
        )
}

pub async fn every_row_is_the_fold_of_its_log(store: Arc<dyn Store>) {
    let seed: u64 = match std::env::var("BALIE_SEED") {
        Ok(seed) => seed.parse().expect("BALIE_SEED is a number"),
        Err(_) => uuid::Uuid::now_v7().as_u128() as u64,
    };
    let mut seed_bytes = [0; 32];
    seed_bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        cases: 32,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed_bytes);
    let runtime = tokio::runtime::Handle::current();
    // The runner is not asynchronous; this thread may wait.
    tokio::task::block_in_place(|| {
        let history = prop::collection::vec(step(), 1..80);
        let outcome = TestRunner::new_with_rng(config, rng).run(&history, |steps| {
            runtime.block_on(live_through(&store, steps));
            Ok(())
        });
        if let Err(error) = outcome {
            panic!("BALIE_SEED={seed}: {error}");
        }
    });
}

/// The people of one history, in departments of their own, so that many histories share a store.
struct Town {
    agents: Vec<AgentName>,
    visitors: Vec<VisitorId>,
    departments: [DepartmentKey; 2],
    /// Each visitor's conversations, the last one last.
    chats: Vec<Vec<ConversationId>>,
    now: At,
}

async fn live_through(store: &Arc<dyn Store>, steps: Vec<Step>) {
    let mut town = found(store).await;
    for step in steps {
        town.now = town.now + Millis(step.move_ms);
        take_step(store, &mut town, &step).await;
    }
    let mut logs = Vec::new();
    for id in town.chats.concat() {
        let row = super::conversation(store, id).await;
        let log: Vec<Event> = log_of(store, id, View::Agent)
            .await
            .into_iter()
            .map(|(_, event)| event)
            .collect();
        assert_eq!(row, fold_of(&row, &log));
        check_card(store, id, &log).await;
        logs.push(log);
    }
    // Of everybody, and of those who came when the history was under way.
    for from in [At(0), START + Millis(60_000)] {
        let mut told = recount::reported(&**store, from, END, THRESHOLD).await;
        told.retain(|department, _| town.departments.contains(department));
        let begun = logs.iter().filter(|log| log[0].at >= from);
        assert_eq!(told, recount::of_logs(begun, THRESHOLD));
    }
    check_reports(store, &town, &logs).await;
}

/// What happens from a moment on, as a node follows it.
async fn follow(store: &Arc<dyn Store>, from: At, end: At) -> Figures {
    let mut figures = Figures::new();
    let (mut feed, standing) = Feed::begin(&**store, Scope::Words, from).await.unwrap();
    for (at, news) in standing {
        figures.note(at, &news);
    }
    let take = |told: Vec<(At, News)>| {
        for (at, news) in told {
            figures.note(at, &news);
        }
    };
    feed.read(&**store, end, Millis(0), take).await.unwrap();
    figures
}

type Waited = (u64, u64, Millis, Option<Millis>, [Option<Millis>; 2], Ratio);

fn waits_of(cell: &Cell) -> Waited {
    let waits = cell.waits.settled();
    (
        waits.offered(),
        waits.answered(),
        waits.sum_abandoned(),
        waits.longest(),
        [50, 90].map(|percent| waits.percentile_with_open(percent)),
        waits.service_level(THRESHOLD, Definition::Strict),
    )
}

type Talked = ([Spans; 2], [u64; 5], [u64; 5]);

fn talks_of(cell: &Cell) -> Talked {
    let talks = &cell.talks;
    let counts = [
        talks.served,
        talks.silent,
        talks.greeted,
        talks.ungreeted,
        talks.transfers,
    ];
    ([talks.responses(), talks.handled()], counts, talks.ratings)
}

/// By other means, conversation by conversation: how many were greeted in time, how many too late or not, and how many met a
/// silence, by `end`.
fn attention_of(log: &[Event], end: At) -> (u64, u64, u64) {
    let is_stretch_over = |event: &Event| {
        matches!(
            event.body,
            Body::Assigned { .. }
                | Body::Requeued { .. }
                | Body::Transferred { .. }
                | Body::Closed { .. }
        )
    };
    let is_word = |event: &Event, role: Role| {
        matches!(event.body, Body::Message { .. }) && event.from.role == role
    };
    // From where to where in the log somebody had it, the end not included.
    let stretches: Vec<(usize, usize)> = (0..log.len())
        .filter(|at| matches!(log[*at].body, Body::Assigned { .. }))
        .map(|from| {
            let over = log[from + 1..].iter().position(is_stretch_over);
            (from, over.map_or(log.len(), |over| from + 1 + over))
        })
        .collect();
    let moment = |index: usize| log.get(index).map_or(end, |event| event.at);
    let (mut greeted, mut ungreeted, mut decided) = (0, 0, None);
    for (from, to) in &stretches {
        let word = (*from..*to).find(|at| is_word(&log[*at], Role::Agent));
        let until = word.unwrap_or(*to);
        let is_late = moment(until) - moment(*from) > Millis(60_000);
        if word.is_some() || is_late {
            (greeted, ungreeted) = if is_late { (0, 1) } else { (1, 0) };
            decided = Some(until);
            break;
        }
    }
    let mut since: Option<At> = None;
    let mut is_silent = false;
    for (from, to) in &stretches {
        since = since.map(|_| moment(*from));
        let is_over =
            |since: Option<At>, at: At| since.is_some_and(|one| at - one > Millis(30_000));
        for (at, event) in log.iter().enumerate().take(*to).skip(*from) {
            if is_word(event, Role::Agent) {
                is_silent |= is_over(since, event.at);
                since = None;
            }
            let may_wait = decided.is_some_and(|decided| at > decided);
            if may_wait && is_word(event, Role::Visitor) {
                since = since.or(Some(event.at));
            }
        }
        is_silent |= is_over(since, moment(*to));
    }
    (greeted, ungreeted, u64::from(is_silent))
}

/// Whoever follows what happens and whoever reads the logs whole get the same figures, and those of a recount of the logs by
/// other means.
async fn check_reports(store: &Arc<dyn Store>, town: &Town, logs: &[Vec<Event>]) {
    let mut read = Figures::new();
    stories::tell(&**store, At(0), END, &mut read)
        .await
        .unwrap();
    let followed = follow(store, At(0), END).await;
    // Whoever restarts in the middle knows as much of those who came since.
    let middle = START + Millis(100_000);
    let restarted = follow(store, middle, END).await;
    for key in &town.departments {
        let since = |figures: &Figures| {
            let cell = figures.window(key, END, END - middle);
            (waits_of(&cell), talks_of(&cell))
        };
        assert_eq!(since(&followed), since(&restarted));
    }
    let windows = town.departments.iter();
    let window = |key: &DepartmentKey| followed.window(key, END, Millis(80_000_000));
    let mut live: BTreeMap<DepartmentKey, Cell> =
        windows.map(|key| (key.clone(), window(key))).collect();
    let (read, followed) = (read.with_open(END), followed.with_open(END));
    let mut ours = Cell::default();
    for key in &town.departments {
        let all = |figures: &Figures| {
            let cell = figures.by_department().remove(key).unwrap_or_default();
            (waits_of(&cell), talks_of(&cell))
        };
        assert_eq!(all(&read), all(&followed));
        // Everybody came within the last day: that window is the whole.
        assert_eq!(
            all(&followed).1,
            talks_of(&live.remove(key).unwrap_or_default())
        );
        ours.add(&read.by_department().remove(key).unwrap_or_default());
    }
    let mut attention = (0, 0, 0);
    let mut responses = Vec::new();
    let (mut transfers, mut ratings) = (0, [0; 5]);
    for log in logs {
        let is_desk = |event: &&Event| {
            matches!(event.body, Body::Message { .. }) && event.from.role == Role::Agent
        };
        let (greeted, ungreeted, silent) = attention_of(log, END);
        attention = (
            attention.0 + greeted,
            attention.1 + ungreeted,
            attention.2 + silent,
        );
        responses.extend(log.iter().find(is_desk).map(|event| event.at - log[0].at));
        for event in log {
            match &event.body {
                Body::Transferred { .. } => transfers += 1,
                Body::Rated { score, .. } => ratings[usize::from(*score) - 1] += 1,
                _ => {}
            }
        }
    }
    assert_eq!(ours.talks.responses(), Spans::new(responses));
    let counted = (ours.talks.greeted, ours.talks.ungreeted, ours.talks.silent);
    assert_eq!(counted, attention);
    assert_eq!(ours.talks.transfers, transfers);
    assert_eq!(ours.talks.ratings, ratings);
}

async fn found(store: &Arc<dyn Store>) -> Town {
    let mut agents = Vec::new();
    for number in 0..AGENTS {
        agents.push(agent(store, &format!("agent {number}"), 2).await);
    }
    let name = uuid::Uuid::now_v7().simple().to_string();
    let departments = ["a", "b"].map(|letter| department(&format!("{letter}-{name}")));
    for key in &departments {
        let department = Department {
            hours: None,
            standard: Standard::default(),
            routing: Routing::default(),
            key: key.clone(),
            name: "Town".to_owned(),
            mode: PairingMode::Assign,
            priority: 0,
            idle_limit_ms: None,
            idle_close_ms: Millis(60_000),
            idle_text: "Still there?".to_owned(),
        };
        store.create_department(department).await.unwrap();
    }
    let visitors = (0..VISITORS).map(|_| VisitorId::fresh()).collect();
    Town {
        agents,
        visitors,
        departments,
        chats: vec![Vec::new(); VISITORS],
        now: START,
    }
}

async fn take_step(store: &Arc<dyn Store>, town: &mut Town, step: &Step) {
    let chat = Chat {
        visitor: town.visitors[step.visitor],
        ..town.chats[step.visitor]
            .last()
            .map_or_else(Chat::fresh, |id| Chat {
                id: *id,
                ..Chat::fresh()
            })
    };
    let agent = town.agents[step.agent].clone();
    if let Deed::Capacity(capacity) = step.deed {
        let entry = entry(&agent, balie::model::record::Status::Online, capacity);
        return store.journal(entry, town.now).await.unwrap();
    }
    if let Deed::Read = step.deed {
        if town.chats[step.visitor].is_empty() {
            return;
        }
        store
            .mark_read(chat.id, View::Agent, step.other as u64)
            .await
            .unwrap();
        return;
    }
    let known = store.conversation(chat.id).await.unwrap();
    let append = match step.deed {
        Deed::Start => {
            let fresh = Chat {
                visitor: chat.visitor,
                ..Chat::fresh()
            };
            let line = town.departments[step.other % 2].as_str().to_owned();
            let start = Start {
                priority: step.agent as i8 - 1,
                ..fresh.start_in(&line, step.is_supervisor.then_some("help"))
            };
            fresh.does(Command::Start(start))
        }
        _ => chat.does(command_of(step, town, agent, known.as_ref())),
    };
    let (append, id) = (super::at(town.now, append.clone()), append.conversation);
    match store.append(append).await {
        Ok(Outcome::Written(appended)) => {
            let row = super::conversation(store, id).await;
            assert_eq!(appended.conversation, row, "the answer is what was written");
            if matches!(step.deed, Deed::Start) {
                town.chats[step.visitor].push(id);
            }
        }
        Err(AppendError::Refused(_)) => {
            assert_eq!(store.conversation(chat.id).await.unwrap(), known)
        }
        other => panic!("{other:?}"),
    }
}

fn command_of(step: &Step, town: &Town, agent: AgentName, known: Option<&Conversation>) -> Command {
    let is_supervisor = step.is_supervisor;
    let (placed_seq, said_at) = known.map_or((0, START), |known| (known.placed_seq, known.said_at));
    let note = step.is_supervisor.then(|| "take care".to_owned());
    match step.deed {
        Deed::Say => Command::VisitorSend {
            text: "visitor".to_owned(),
        },
        Deed::Answer => Command::AgentSend {
            agent,
            text: "agent".to_owned(),
        },
        Deed::Note => Command::Note {
            agent,
            text: "note".to_owned(),
        },
        Deed::Leave => Command::Leave,
        Deed::Abandon => Command::Abandon {
            gone_at: town.now - Millis(1_000),
        },
        Deed::Rate => Command::Rate {
            score: step.other as u8 + 1,
            comment: None,
        },
        Deed::Assign => Command::Assign {
            agent,
            placed_seq,
            why: None,
        },
        Deed::Take => Command::Take {
            agent,
            is_supervisor,
        },
        Deed::TransferToAgent => {
            let to = TransferredTo::Agent(town.agents[step.other].clone());
            Command::Transfer {
                agent,
                is_supervisor,
                to,
                note,
            }
        }
        Deed::TransferToDepartment => {
            let to = TransferredTo::Department(town.departments[step.other % 2].clone());
            Command::Transfer {
                agent,
                is_supervisor,
                to,
                note,
            }
        }
        Deed::StandIn => Command::StandIn {
            department: town.departments[step.other % 2].clone(),
            placed_seq,
        },
        Deed::Close => Command::Close {
            agent,
            is_supervisor,
            tags: vec!["tag".to_owned()],
        },
        Deed::Requeue => Command::Requeue {
            agent: agent.id,
            reason: RequeueReason::AgentGone,
        },
        Deed::Away => Command::AgentAway { agent: agent.id },
        Deed::Back => Command::AgentBack { agent: agent.id },
        Deed::Warn => Command::WarnIdle {
            said_at,
            text: "Still there?".to_owned(),
        },
        Deed::CloseIdle => Command::CloseIdle { said_at },
        Deed::Start | Deed::Read | Deed::Capacity(_) => {
            unreachable!("no command on a conversation")
        }
    }
}

/// The conversation that the log alone makes; who started it where, and who has read how far, stands beside the log.
fn fold_of(row: &Conversation, log: &[Event]) -> Conversation {
    let Body::Queued {
        department,
        priority,
        ..
    } = &log[0].body
    else {
        panic!("{:?}", log[0])
    };
    let begun = Start {
        site: row.site.clone(),
        visitor: row.visitor,
        visitor_name: row.visitor_name.clone(),
        department: department.clone(),
        priority: priority.unwrap(),
        mode: Mode::Chat,
        fields: Fields::new(),
        needs: Vec::new(),
        known_agent: None,
        text: None,
    };
    let (mut conversation, _) = start(row.id, begun, log[0].at);
    for event in log {
        conversation.apply(event);
    }
    conversation.read = row.read;
    conversation
}

async fn check_card(store: &Arc<dyn Store>, id: ConversationId, log: &[Event]) {
    let card = store.card(id).await.unwrap().unwrap();
    let is_said = log.iter().find_map(|event| match &event.body {
        Body::Message { text, .. } if text == "help" || text == "visitor" => Some(text.clone()),
        _ => None,
    });
    assert_eq!(card.summary, is_said.unwrap_or_default());
    let rated = log.iter().find_map(|event| match &event.body {
        Body::Rated { score, .. } => Some(*score),
        _ => None,
    });
    assert_eq!(card.rating, rated);
}

pub async fn a_history_can_be_imported(store: Arc<dyn Store>) {
    let ana = agent(&store, "Ana", 1).await;
    // A log that was lived through, so that it is a true one.
    let lived = super::served(&store, &ana).await;
    super::written(
        &store,
        super::at(
            START + Millis(9_000),
            lived.does(super::close(&ana, &["old"])),
        ),
    )
    .await;
    let events: Vec<Event> = log_of(&store, lived.id, View::Agent)
        .await
        .into_iter()
        .map(|(_, event)| event)
        .collect();

    let logs: Vec<(Visitor, ConversationId, Vec<Event>)> = (0..450)
        .map(|_| {
            (
                visitor("Vera"),
                ConversationId::fresh(),
                log_of_its_own(&events),
            )
        })
        .collect();
    store.import_history(logs.clone()).await.unwrap();
    for (visitor, id, log) in &logs {
        let row = super::conversation(&store, *id).await;
        assert_eq!(row, fold_of(&row, log));
        assert!(matches!(row.place, Place::Closed { .. }));
        assert_eq!(row.visitor, visitor.id);
        let read = log_of(&store, *id, View::Agent).await;
        assert!(read.iter().map(|(_, event)| event).eq(log));
    }
    let told = recount::reported(&*store, START, END, THRESHOLD).await;
    assert_eq!(told.values().map(|line| line.answered).sum::<u64>(), 451);
    // What a command did in the past is remembered like any other.
    let (_, id, log) = &logs[7];
    let receipt = store
        .receipt(log[1].from.id.unwrap(), log[1].cmd.unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!((receipt.conversation, receipt.seq), (*id, 2));

    let broken = log_of_its_own(&events)[1..].to_vec();
    assert!(
        store
            .import_history(vec![(visitor("Vera"), ConversationId::fresh(), broken)])
            .await
            .is_err()
    );
}

/// The same events with commands of their own.
fn log_of_its_own(events: &[Event]) -> Vec<Event> {
    let cmd = balie::model::id::CommandId::fresh();
    let renew = |event: &Event| Event {
        cmd: event.cmd.map(|_| cmd),
        ..event.clone()
    };
    events.iter().map(renew).collect()
}
