//! Many visitors and agents who talk with each other, through cuts and restarts, and check everything they hear.
//!
//! The load tester measures with a chorus, and the tests that kill the server have one talk meanwhile. Gather it, let it talk, and
//! finish it: then every participant's timeline is laid beside the logs that both sides read over HTTP. Which agent gets which
//! visitor is the server's business; an agent answers whoever speaks the chorus's language.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::meter::{Meter, now_us};
use crate::metronome::{self, Beat, Metronome};
use crate::participant::agent::Agent;
use crate::participant::fault::{Fault, Trouble};
use crate::participant::handle::Participant;
use crate::participant::ledger::Deed;
use crate::participant::mind::{Mind, Sight, Tap};
use crate::participant::visitor::Visitor;
use crate::participant::wire::{CommandId, ConversationId, Event, Role};
use crate::verdict;

/// The first word of every message of a chorus.
const MARK: &str = "chorus";
/// Sockets that are opened at the same time.
const AT_ONCE: usize = 16;
/// How long a socket or an assignment may take while a chorus gathers, and the rest to arrive when it ends. Long, because many come at once.
const PATIENCE_MS: u64 = 60_000;

/// How fast a chorus talks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// Each pair bounces one message: the next is said when the last has arrived. Finds the throughput.
    Closed,
    /// Each pair says so many messages a second, both sides in turn, whatever the server does. Finds the latency, which is counted from the moment a
    /// message was to be sent.
    Open { per_pair_per_s: f64 },
}

#[derive(Debug, Clone)]
pub struct Cast {
    pub url: String,
    pub site: String,
    pub department: Option<String>,
    pub visitors: usize,
    /// The API tokens of the agents, one each.
    pub tokens: Vec<String>,
    /// How many conversations each agent takes.
    pub capacity: u64,
    pub pace: Pace,
    /// The length of a message, at least; a shorter one is filled up.
    pub text_chars: usize,
    /// The visitors' `Origin`; without it the server's own.
    pub origin: Option<String>,
    /// Where the participants come from, in turn; empty for wherever the system sends them from.
    pub sources: Vec<IpAddr>,
}

/// Who is to speak next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Speaker {
    Visitor(usize),
    Agent(usize, ConversationId),
}

/// What the taps of all participants share.
struct Stage {
    state: Mutex<StageState>,
    turns: mpsc::UnboundedSender<Beat<Speaker>>,
    pace: Pace,
}

#[derive(Default)]
struct StageState {
    meter: Meter,
    /// When each unanswered command was to be said.
    intended_us: HashMap<CommandId, u64>,
    /// Messages are counted whose moment lies in here.
    measured_us: std::ops::Range<u64>,
    is_talking: bool,
    /// The agents' conversations in which somebody spoke the chorus's language.
    ours: HashSet<(usize, ConversationId)>,
    /// Agents' conversations that are to get a place in the open loop.
    new_speakers: Vec<Speaker>,
}

impl Stage {
    fn lock(&self) -> MutexGuard<'_, StageState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ears of one participant.
    fn tap(self: &Arc<Self>, who: Ear) -> Tap {
        let stage = Arc::clone(self);
        Box::new(move |sight| match sight {
            Sight::Event(event) => stage.heard(who, event),
            Sight::Ack(ack) => {
                let mut state = stage.lock();
                if let Some(intended_us) = state.intended_us.remove(&ack.cmd)
                    && state.measured_us.contains(&intended_us)
                {
                    state
                        .meter
                        .ack_us
                        .saturating_record(now_us().saturating_sub(intended_us));
                }
            }
            Sight::Refusal(refusal) if refusal.retry_ms.is_some() => {
                let mut state = stage.lock();
                *state
                    .meter
                    .postponed
                    .entry(refusal.code.clone())
                    .or_default() += 1;
            }
            Sight::Refusal(refusal) => {
                let mut state = stage.lock();
                if let Some(cmd) = refusal.cmd {
                    state.intended_us.remove(&cmd);
                }
                *state.meter.refused.entry(refusal.code.clone()).or_default() += 1;
            }
        })
    }

    fn heard(&self, who: Ear, event: &Event) {
        let other = match who {
            Ear::Visitor(_) => Role::Agent,
            Ear::Agent(_) => Role::Visitor,
        };
        if event.kind != "message" || event.from.role != other {
            return;
        }
        let Some(intended_us) = event.text().and_then(moment_of) else {
            return;
        };
        let now = now_us();
        let mut state = self.lock();
        if state.measured_us.contains(&intended_us) {
            state
                .meter
                .delivery_us
                .saturating_record(now.saturating_sub(intended_us));
        }
        if state.measured_us.contains(&now) {
            state.meter.arrived += 1;
        }
        let speaker = match who {
            Ear::Visitor(index) => Speaker::Visitor(index),
            Ear::Agent(index) => Speaker::Agent(index, event.conversation),
        };
        if let Speaker::Agent(index, conversation) = speaker
            && state.ours.insert((index, conversation))
        {
            state.new_speakers.push(speaker);
        }
        if self.pace == Pace::Closed && state.is_talking {
            // The receiver goes only with the chorus itself.
            let _ = self.turns.send(Beat {
                who: speaker,
                at_us: now,
            });
        }
    }
}

/// Whose ears.
#[derive(Debug, Clone, Copy)]
enum Ear {
    Visitor(usize),
    Agent(usize),
}

/// When a message of a chorus was to be sent; `None` for anybody else's words.
fn moment_of(text: &str) -> Option<u64> {
    let mut words = text.split(' ');
    (words.next() == Some(MARK))
        .then(|| words.next())?
        .and_then(|word| word.parse().ok())
}

fn message(intended_us: u64, chars: usize) -> String {
    format!("{:.<chars$}", format!("{MARK} {intended_us} "))
}

/// A gathered chorus.
pub struct Chorus {
    cast: Cast,
    stage: Arc<Stage>,
    people: Arc<People>,
    speaking: JoinHandle<()>,
    metronome: Option<Metronome>,
    is_open: Arc<AtomicBool>,
    /// Found by the chorus itself; those that participants found are with them.
    faults: Vec<Fault>,
}

#[derive(Default)]
struct People {
    visitors: Mutex<Vec<Visitor>>,
    agents: Mutex<Vec<Agent>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Chorus {
    /// Brings the agents online. With several processes this is done in each before any visitor comes.
    ///
    /// # Errors
    /// An agent cannot connect.
    pub async fn with_agents(cast: Cast) -> Result<Chorus, Trouble> {
        let (turns, spoken) = mpsc::unbounded_channel();
        let stage = Arc::new(Stage {
            state: Mutex::default(),
            turns,
            pace: cast.pace,
        });
        let coming = stream::iter(cast.tokens.iter().enumerate()).map(|(index, token)| {
            let tap = stage.tap(Ear::Agent(index));
            let source = source_of(&cast, index);
            let (url, capacity) = (cast.url.as_str(), cast.capacity);
            async move {
                let mut builder = Agent::of(url, token)?
                    .keeps_going()
                    .patience_ms(PATIENCE_MS)
                    .tap(tap);
                if let Some(source) = source {
                    builder = builder.source(source);
                }
                let mut agent = builder.connect().await?;
                // Conversations from before take room, and are left alone.
                let before = agent.owned().len() as u64;
                agent.online((capacity + before).min(100)).await?;
                Ok::<Agent, Trouble>(agent)
            }
        });
        let agents: Vec<Result<Agent, Trouble>> = coming.buffered(AT_ONCE).collect().await;
        let people = Arc::new(People::default());
        for agent in agents {
            lock(&people.agents).push(agent?);
        }
        let speaking = tokio::spawn(speak(
            Arc::clone(&stage),
            Arc::clone(&people),
            spoken,
            cast.text_chars,
        ));
        Ok(Chorus {
            cast,
            stage,
            people,
            speaking,
            metronome: None,
            is_open: Arc::default(),
            faults: Vec::new(),
        })
    }

    /// Brings the visitors, each with a conversation that an agent has.
    ///
    /// # Errors
    /// A visitor cannot connect or start, or gets no agent.
    pub async fn with_visitors(self) -> Result<Chorus, Trouble> {
        let cast = &self.cast;
        let coming = stream::iter(0..cast.visitors).map(|index| {
            let tap = self.stage.tap(Ear::Visitor(index));
            let source = source_of(cast, index);
            async move {
                let mut builder = Visitor::of(&cast.url, &cast.site)?
                    .keeps_going()
                    .patience_ms(PATIENCE_MS)
                    .tap(tap);
                if let Some(source) = source {
                    builder = builder.source(source);
                }
                if let Some(origin) = &cast.origin {
                    builder = builder.origin(origin);
                }
                let mut visitor = builder.connect().await?;
                let text = message(now_us(), cast.text_chars);
                let mut fields =
                    json!({"text": text, "fields": {"name": format!("Visitor {index}")}});
                if let Some(department) = &cast.department {
                    fields["department"] = json!(department);
                }
                visitor.start_with(fields).await?;
                Ok::<Visitor, Trouble>(visitor)
            }
        });
        let visitors: Vec<Result<Visitor, Trouble>> = coming.buffered(AT_ONCE).collect().await;
        let mut gathered = Vec::with_capacity(visitors.len());
        for visitor in visitors {
            gathered.push(visitor?);
        }
        for visitor in &mut gathered {
            visitor.agent().await?;
        }
        *lock(&self.people.visitors) = gathered;
        Ok(self)
    }

    /// All in one, for a chorus in a single process.
    ///
    /// # Errors
    /// As the two steps.
    pub async fn gather(cast: Cast) -> Result<Chorus, Trouble> {
        Chorus::with_agents(cast).await?.with_visitors().await
    }

    /// Begins to talk. What is to be measured is said with [`Chorus::measure`].
    pub fn talk(&mut self) {
        let now = now_us();
        self.stage.lock().is_talking = true;
        let visitors = (0..self.cast.visitors).map(Speaker::Visitor);
        match self.cast.pace {
            Pace::Closed => {
                for who in visitors {
                    // The receiver goes only with the chorus itself.
                    let _ = self.stage.turns.send(Beat { who, at_us: now });
                }
            }
            Pace::Open { per_pair_per_s } => {
                // Half of a pair's messages are the visitor's.
                let every_us = (2_000_000.0 / per_pair_per_s).max(1.0) as u64;
                let stage = Arc::clone(&self.stage);
                let newcomers = move || std::mem::take(&mut stage.lock().new_speakers);
                self.is_open.store(true, Ordering::Relaxed);
                let turns = self.stage.turns.clone();
                let speakers: Vec<Speaker> = visitors.collect();
                self.metronome = Some(metronome::start(
                    speakers,
                    every_us,
                    newcomers,
                    turns,
                    Arc::clone(&self.is_open),
                ));
            }
        }
    }

    /// Counts the messages of this span, on the clock of [`now_us`].
    pub fn measure(&self, span_us: std::ops::Range<u64>) {
        self.stage.lock().measured_us = span_us;
    }

    /// How many messages have arrived at the other side so far, within what is measured. For whoever wants to see it go on.
    #[must_use]
    pub fn arrived(&self) -> u64 {
        self.stage.lock().meter.arrived
    }

    /// Falls silent and waits for everything under way. With several processes this is done in each before any verifies.
    pub async fn settle(&mut self) {
        self.stage.lock().is_talking = false;
        self.is_open.store(false, Ordering::Relaxed);
        self.metronome = None;
        let mut visitors = std::mem::take(&mut *lock(&self.people.visitors));
        let mut agents = std::mem::take(&mut *lock(&self.people.agents));
        let deadline = Instant::now() + Duration::from_millis(PATIENCE_MS);
        for visitor in &mut visitors {
            settle_by(visitor, deadline, &mut self.faults).await;
        }
        for agent in &mut agents {
            settle_by(agent, deadline, &mut self.faults).await;
        }
        *lock(&self.people.visitors) = visitors;
        *lock(&self.people.agents) = agents;
    }

    /// Lays every timeline beside the logs that both sides read over HTTP, and gives all that was measured and all that was wrong.
    pub async fn verify(&mut self) -> Meter {
        let mut visitors = std::mem::take(&mut *lock(&self.people.visitors));
        let mut agents = std::mem::take(&mut *lock(&self.people.agents));
        let ours = self.stage.lock().ours.clone();
        let mut faults = std::mem::take(&mut self.faults);
        let agent_logs = verdict::compare_agents(&mut agents, &ours, &mut faults).await;
        verdict::compare_visitors(&mut visitors, &agent_logs, &mut faults).await;
        let mut meter = self.stage.lock().meter.clone();
        visitors
            .iter_mut()
            .for_each(|visitor| collect(visitor, &mut meter));
        agents
            .iter_mut()
            .for_each(|agent| collect(agent, &mut meter));
        faults.into_iter().for_each(|fault| meter.fault(fault));
        *lock(&self.people.visitors) = visitors;
        *lock(&self.people.agents) = agents;
        meter
    }

    /// Settles and verifies, for a chorus in a single process.
    pub async fn finish(&mut self) -> Meter {
        self.settle().await;
        self.verify().await
    }

    /// Ends the conversations of this chorus and leaves. What goes wrong here is not measured any more.
    pub async fn leave(self) {
        self.speaking.abort();
        let agents = std::mem::take(&mut *lock(&self.people.agents));
        let visitors = std::mem::take(&mut *lock(&self.people.visitors));
        let ours = self.stage.lock().ours.clone();
        for (index, mut agent) in agents.into_iter().enumerate() {
            let mine: Vec<ConversationId> = agent.owned();
            for conversation in mine
                .into_iter()
                .filter(|conversation| ours.contains(&(index, *conversation)))
            {
                agent.command(Deed::Close, conversation, json!({}));
            }
            agent.faults();
            let settled = agent.settle(5_000).await;
            if settled.is_ok() {
                let _ = agent.status("offline", None).await;
            }
            let _ = agent.close().await;
        }
        for visitor in visitors {
            let _ = visitor.close().await;
        }
    }
}

fn source_of(cast: &Cast, index: usize) -> Option<IpAddr> {
    cast.sources
        .get(index.checked_rem(cast.sources.len())?)
        .copied()
}

/// Gives the word to whoever's turn it is, until the chorus is gone.
async fn speak(
    stage: Arc<Stage>,
    people: Arc<People>,
    mut turns: mpsc::UnboundedReceiver<Beat<Speaker>>,
    text_chars: usize,
) {
    while let Some(Beat { who, at_us }) = turns.recv().await {
        let cmd = CommandId::fresh();
        {
            let mut state = stage.lock();
            if !state.is_talking {
                continue;
            }
            if state.measured_us.contains(&at_us) {
                state.meter.sent += 1;
            }
            state.intended_us.insert(cmd, at_us);
        }
        let fields = json!({"text": message(at_us, text_chars)});
        match who {
            Speaker::Visitor(index) => {
                if let Some(visitor) = lock(&people.visitors).get(index) {
                    visitor.command_as(cmd, Deed::Send, fields);
                }
            }
            Speaker::Agent(index, conversation) => {
                if let Some(agent) = lock(&people.agents).get(index) {
                    agent.command_as(cmd, Deed::Send, conversation, fields);
                }
            }
        }
    }
}

/// Not to be settled in time is a failure of its own, unless a breach explains it, which is collected with the others.
async fn settle_by<M: Mind>(
    participant: &mut Participant<M>,
    deadline: Instant,
    faults: &mut Vec<Fault>,
) {
    let within_ms = deadline
        .saturating_duration_since(Instant::now())
        .as_millis()
        .max(1) as u64;
    match participant.settle(within_ms).await {
        Ok(()) | Err(Trouble::Fault(_)) => {}
        Err(trouble) => faults.push(verdict::unverified(None, &trouble)),
    }
}

fn collect<M: Mind>(participant: &mut Participant<M>, meter: &mut Meter) {
    participant
        .faults()
        .into_iter()
        .for_each(|fault| meter.fault(fault));
    meter.reconnects += participant.with(|mind| mind.memory().cuts);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_carries_its_moment_and_is_as_long_as_asked() {
        let text = message(123_456, 100);
        assert_eq!(text.chars().count(), 100);
        assert_eq!(moment_of(&text), Some(123_456));
        assert_eq!(moment_of(&message(7, 0)), Some(7));
        assert_eq!(moment_of("hello there"), None);
        assert_eq!(moment_of("chorus of the opera"), None);
    }
}
