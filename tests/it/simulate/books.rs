//! What must be true of the logs at any moment, whatever happened so far.

use std::collections::{BTreeMap, HashMap};

use balie::domain::conversation::{Conversation, Place, Start, start};
use balie::model::event::{Event, Mode, Seq, View};
use balie::model::id::{AgentId, CommandId, ConversationId};
use balie::model::record::ReadMarks;
use balie::model::time::At;
use balie::protocol::parts::EventFrame;
use balie::protocol::visitor::ToVisitor;
use balie::store::{ConversationFilter, Store};
use balie_loadtest::participant::compare::log_faults;
use balie_loadtest::participant::timeline;
use balie_loadtest::participant::wire;

/// What was seen of the logs before.
#[derive(Default)]
pub struct Books {
    logs: BTreeMap<ConversationId, Vec<(Seq, Event)>>,
    loads: HashMap<AgentId, usize>,
    checked_at: At,
}

impl Books {
    /// Reads everything that grew and holds it to the promises.
    pub async fn check(&mut self, store: &dyn Store, now: At) {
        let filter = ConversationFilter {
            limit: 10_000,
            ..ConversationFilter::default()
        };
        let cards = store.conversations(filter).await.unwrap();
        for known in self.logs.keys() {
            let is_there = cards.iter().any(|card| card.conversation.id == *known);
            assert!(is_there, "conversation {known} is gone");
        }
        let mut loads: HashMap<AgentId, usize> = HashMap::new();
        for card in &cards {
            self.check_log(store, &card.conversation).await;
            if let Place::Served { agent } = &card.conversation.place {
                *loads.entry(agent.id).or_default() += 1;
            }
        }
        self.check_commands();
        for (agent, load) in &loads {
            let before = self.loads.get(agent).copied().unwrap_or_default();
            let capacity = self.capacity_max(store, *agent).await;
            let most = before.max(capacity);
            assert!(
                *load <= most,
                "{agent} has {load} of {capacity}, and had {before}"
            );
        }
        self.loads = loads;
        self.checked_at = now;
    }

    /// The most that an agent's capacity was since the last check. Lowering it takes nothing away.
    async fn capacity_max(&self, store: &dyn Store, agent: AgentId) -> usize {
        let journal = store.journal_of(agent, At(0)).await.unwrap();
        let before = journal.iter().rfind(|(at, _)| *at < self.checked_at);
        let since = journal.iter().filter(|(at, _)| *at >= self.checked_at);
        let capacities = before
            .into_iter()
            .chain(since)
            .map(|(_, entry)| usize::from(entry.capacity));
        capacities.max().unwrap_or_default()
    }

    async fn check_log(&mut self, store: &dyn Store, row: &Conversation) {
        let before = self.logs.get(&row.id).map_or(&[][..], Vec::as_slice);
        let last_seq = before.last().map_or(0, |(_, event)| event.seq);
        if last_seq == row.seq {
            return;
        }
        let read = store.events(row.id, View::Agent, 0, 100_000).await.unwrap();
        assert!(read.events.starts_with(before), "a log changed its past");
        let log: Vec<Event> = read.events.iter().map(|(_, event)| event.clone()).collect();
        let fold = fold_of(row, &log);
        // Others may have read meanwhile, or said something since the row was listed.
        let row = store.conversation(row.id).await.unwrap().unwrap();
        if row.seq == fold.seq {
            let row = Conversation {
                read: ReadMarks::default(),
                ..row
            };
            assert_eq!(row, fold, "a row is not the fold of its log");
        }
        self.logs.insert(fold.id, read.events);
    }

    /// Each command made one run of events, in one log.
    fn check_commands(&self) {
        let mut made: HashMap<CommandId, (ConversationId, Seq)> = HashMap::new();
        for (id, log) in &self.logs {
            for (_, event) in log {
                let Some(cmd) = event.cmd else { continue };
                if let Some((other, seq)) = made.insert(cmd, (*id, event.seq)) {
                    let goes_on = other == *id && seq + 1 == event.seq;
                    assert!(
                        goes_on,
                        "{cmd} was carried out in {other} and again in {id}"
                    );
                }
            }
        }
    }

    /// What was acknowledged stands in the log as it was acknowledged.
    pub fn check_ack(&self, ack: &wire::Ack) {
        let id = ConversationId(ack.conversation.0);
        let log = self
            .logs
            .get(&id)
            .unwrap_or_else(|| panic!("{ack:?}: there is no log"));
        let event = log
            .iter()
            .map(|(_, event)| event)
            .find(|event| event.seq == ack.seq);
        let event = event.unwrap_or_else(|| panic!("{ack:?} is not in the log"));
        let at = At(i64::try_from(ack.at).unwrap());
        assert_eq!((event.cmd, event.at), (Some(CommandId(ack.cmd.0)), at));
    }

    pub fn log(&self, id: ConversationId) -> &[(Seq, Event)] {
        self.logs.get(&id).map_or(&[], Vec::as_slice)
    }

    /// A log as participants read it, each view checked for itself.
    pub async fn as_read(store: &dyn Store, id: ConversationId, view: View) -> Vec<wire::Event> {
        let read = store.events(id, view, 0, 100_000).await.unwrap();
        let shown: Vec<wire::Event> = read
            .events
            .iter()
            .map(|(prev, event)| {
                let frame = ToVisitor::Event(EventFrame::of(id, *prev, event, view));
                serde_json::from_value(serde_json::to_value(frame).unwrap()).unwrap()
            })
            .collect();
        let eyes = match view {
            View::Visitor => timeline::View::Visitor,
            View::Agent => timeline::View::Agent,
        };
        let faults = log_faults(eyes, &shown, wire::ConversationId(id.0));
        assert!(faults.is_empty(), "{faults:?}");
        shown
    }
}

/// The log folded from its beginning; what is no part of a log is taken from the row.
fn fold_of(row: &Conversation, log: &[Event]) -> Conversation {
    let begin = Start {
        site: row.site.clone(),
        visitor: row.visitor,
        visitor_name: row.visitor_name.clone(),
        department: row.department.clone(),
        priority: row.priority,
        mode: Mode::Chat,
        fields: Default::default(),
        needs: Vec::new(),
        known_agent: row.known_agent,
        text: None,
    };
    let (mut fold, _) = start(row.id, begin, log[0].at);
    log.iter().for_each(|event| fold.apply(event));
    fold
}
