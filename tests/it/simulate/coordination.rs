//! Coordination that behaves as badly as its promise allows, and watches that nobody is served out of turn.
//!
//! Notices are lost (and [`Notice::Lost`] follows), doubled and held up; calls are not answered, carried out or not.
//! Presence alone is reliable: on one machine nothing stands between a socket and the board. Every claim is compared
//! with what was observed: nobody before it in its line may wait whom the same agent could serve.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use balie::coordination::memory::MemoryCoordination;
use balie::coordination::{Away, Coordination, Notice};
use balie::domain::routing::{
    Claim, Due, LineState, Observed, ObservedPlace, PlaceInLine, Ringing, Seat, SocketId, Withdrawn,
};
use balie::model::event::{AgentName, Mode, Seq};
use balie::model::id::{AgentId, ConversationId, DepartmentKey};
use tokio::sync::{Notify, mpsc};

use super::dice::Dice;

/// How often things go wrong, in percent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    pub notices: usize,
    pub calls: usize,
}

pub struct Shaky {
    inner: MemoryCoordination,
    /// Held over each call that changes anything, so that what is watched is what the engine saw.
    turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    nudge: Notify,
    sender: mpsc::Sender<Notice>,
    receiver: Mutex<Option<mpsc::Receiver<Notice>>>,
}

struct State {
    dice: Dice,
    faults: Faults,
    held_up: Vec<Notice>,
    owes_lost: bool,
    watched: Watched,
}

/// What was told to the engine, as far as order goes.
#[derive(Default)]
struct Watched {
    known_seq: HashMap<ConversationId, u64>,
    waiting: HashMap<ConversationId, (DepartmentKey, i64, Mode)>,
    sockets: HashMap<ConversationId, HashSet<SocketId>>,
    held: HashMap<ConversationId, AgentId>,
    declined: HashSet<(ConversationId, AgentId)>,
}

impl Watched {
    fn observe(&mut self, news: &Observed) {
        let known = self.known_seq.entry(news.conversation).or_default();
        if *known >= news.placed_seq {
            return;
        }
        *known = news.placed_seq;
        self.held.remove(&news.conversation);
        self.declined
            .retain(|(conversation, _)| *conversation != news.conversation);
        match &news.place {
            ObservedPlace::Waiting {
                department,
                key,
                mode,
                ..
            } => {
                let place = (department.clone(), *key, *mode);
                self.waiting.insert(news.conversation, place);
            }
            ObservedPlace::Served { .. } | ObservedPlace::Closed => {
                self.waiting.remove(&news.conversation);
            }
        }
    }

    fn claim(&mut self, claim: &Claim) {
        let (department, key, _) = &self.waiting[&claim.conversation];
        let before = |other: &ConversationId, place: &(DepartmentKey, i64, Mode)| {
            place.0 == *department && (place.1, *other) < (*key, claim.conversation)
        };
        for (other, (_, _, mode)) in self.waiting.iter().filter(|(id, place)| before(id, place)) {
            let is_here = *mode == Mode::Message
                || self
                    .sockets
                    .get(other)
                    .is_some_and(|sockets| !sockets.is_empty());
            let is_held = self.held.contains_key(other);
            let is_declined = self.declined.contains(&(*other, claim.agent));
            assert!(
                !is_here || is_held || is_declined,
                "{claim:?} goes before {other}, who waits in the same line"
            );
        }
        self.held.insert(claim.conversation, claim.agent);
    }

    fn give_back(&mut self, conversation: ConversationId, agent: AgentId) {
        if self.held.get(&conversation) == Some(&agent) {
            self.held.remove(&conversation);
        }
    }
}

impl Shaky {
    pub fn new(inner: MemoryCoordination, dice: Dice) -> Self {
        let (sender, receiver) = mpsc::channel(1_024);
        Self {
            inner,
            turn: tokio::sync::Mutex::new(()),
            state: Mutex::new(State {
                dice,
                faults: Faults::default(),
                held_up: Vec::new(),
                owes_lost: false,
                watched: Watched::default(),
            }),
            nudge: Notify::new(),
            sender,
            receiver: Mutex::new(Some(receiver)),
        }
    }

    /// What goes wrong from here on.
    pub fn set_faults(&self, faults: Faults) {
        self.state().faults = faults;
    }

    /// The clock was moved: whoever pairs looks at once.
    pub fn nudge(&self) {
        self.nudge.notify_one();
    }

    /// Lets everything arrive that is under way, and says so if something was lost.
    pub async fn catch_up(&self) {
        let (held_up, owes_lost) = {
            let mut state = self.state();
            let owes_lost = std::mem::take(&mut state.owes_lost);
            (std::mem::take(&mut state.held_up), owes_lost)
        };
        for notice in held_up {
            self.send(notice).await;
        }
        if owes_lost {
            self.send(Notice::Lost).await;
        }
    }

    /// Whether this agent declined the conversation where it waits now.
    pub fn has_declined(&self, conversation: ConversationId, agent: AgentId) -> bool {
        self.state()
            .watched
            .declined
            .contains(&(conversation, agent))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    async fn send(&self, notice: Notice) {
        // Nobody listens once the node is gone.
        let _ = self.sender.send(notice).await;
    }

    /// What is to be delivered now of this notice and of those held up.
    fn deal(&self, notice: Notice) -> Vec<Notice> {
        let mut state = self.state();
        let faults = state.faults;
        let mut now = Vec::new();
        if !state.dice.chance(faults.notices) {
            now.push(notice);
        } else {
            match state.dice.below(3) {
                0 => state.owes_lost = true,
                1 => now.extend([notice.clone(), notice]),
                _ => state.held_up.push(notice),
            }
        }
        if !state.held_up.is_empty() && state.dice.chance(30) {
            let count = state.held_up.len();
            let late = state.dice.below(count);
            now.push(state.held_up.swap_remove(late));
        }
        if state.owes_lost && state.dice.chance(30) {
            state.owes_lost = false;
            now.push(Notice::Lost);
        }
        now
    }

    /// Whether a call fails now: `Some(true)` when it is carried out all the same.
    fn fails(&self) -> Option<bool> {
        let mut state = self.state();
        let percent = state.faults.calls;
        state.dice.chance(percent).then(|| state.dice.chance(50))
    }
}

fn away() -> Away {
    Away("a test says so".to_owned())
}

/// A call that may fail, and what is watched when it was carried out.
macro_rules! shaky {
    ($self:ident, $call:expr, |$state:ident, $answer:ident| $watch:expr) => {{
        let _turn = $self.turn.lock().await;
        let fails = $self.fails();
        if fails == Some(false) {
            return Err(away());
        }
        let $answer = $call.await?;
        {
            let $state = &mut $self.state().watched;
            $watch;
        }
        if fails.is_some() {
            Err(away())
        } else {
            Ok($answer)
        }
    }};
}

#[async_trait]
impl Coordination for Shaky {
    fn gauges(&self) -> Vec<(&'static str, &'static str, i64)> {
        self.inner.gauges()
    }

    async fn probe(&self) -> Result<(), Away> {
        self.inner.probe().await
    }

    async fn observe(&self, news: Observed) -> Result<Option<Withdrawn>, Away> {
        shaky!(self, self.inner.observe(news.clone()), |watched, answer| {
            watched.observe(&news);
        })
    }

    async fn seat(&self, agent: AgentId, seat: Seat) -> Result<(), Away> {
        self.inner.seat(agent, seat).await
    }

    async fn remove_agent(&self, agent: AgentId) -> Result<(), Away> {
        self.inner.remove_agent(agent).await
    }

    async fn visitor_joined(
        &self,
        conversation: ConversationId,
        socket: SocketId,
    ) -> Result<(), Away> {
        let _turn = self.turn.lock().await;
        self.inner.visitor_joined(conversation, socket).await?;
        let watched = &mut self.state().watched;
        watched
            .sockets
            .entry(conversation)
            .or_default()
            .insert(socket);
        Ok(())
    }

    async fn visitor_left(
        &self,
        conversation: ConversationId,
        socket: SocketId,
    ) -> Result<(), Away> {
        let _turn = self.turn.lock().await;
        self.inner.visitor_left(conversation, socket).await?;
        if let Some(sockets) = self.state().watched.sockets.get_mut(&conversation) {
            sockets.remove(&socket);
        }
        Ok(())
    }

    async fn agent_joined(&self, agent: AgentId, socket: SocketId) -> Result<(), Away> {
        self.inner.agent_joined(agent, socket).await
    }

    async fn agent_left(&self, agent: AgentId, socket: SocketId) -> Result<(), Away> {
        self.inner.agent_left(agent, socket).await
    }

    async fn is_agent_here(&self, agent: AgentId) -> Result<bool, Away> {
        self.inner.is_agent_here(agent).await
    }

    async fn view(
        &self,
        conversation: ConversationId,
        agent: AgentName,
        socket: SocketId,
        is_open: bool,
    ) -> Result<Vec<AgentName>, Away> {
        self.inner.view(conversation, agent, socket, is_open).await
    }

    async fn work(&self) {
        tokio::select! {
            () = self.inner.work() => {}
            () = self.nudge.notified() => {}
        }
    }

    async fn claim(&self) -> Result<Option<Claim>, Away> {
        shaky!(self, self.inner.claim(), |watched, claim| {
            if let Some(claim) = &claim {
                watched.claim(claim);
            }
        })
    }

    async fn offer(&self, claim: &Claim) -> Result<Option<Ringing>, Away> {
        shaky!(self, self.inner.offer(claim), |_watched, answer| {})
    }

    async fn give_back(&self, conversation: ConversationId, agent: AgentId) -> Result<(), Away> {
        shaky!(
            self,
            self.inner.give_back(conversation, agent),
            |watched, answer| { watched.give_back(conversation, agent) }
        )
    }

    async fn decline(&self, conversation: ConversationId, agent: AgentId) -> Result<bool, Away> {
        shaky!(
            self,
            self.inner.decline(conversation, agent),
            |watched, rang| {
                if rang {
                    watched.give_back(conversation, agent);
                    watched.declined.insert((conversation, agent));
                }
            }
        )
    }

    async fn widen(&self, conversation: ConversationId) -> Result<(), Away> {
        self.inner.widen(conversation).await
    }

    async fn ringing_at(&self, agent: AgentId) -> Result<Vec<Ringing>, Away> {
        self.inner.ringing_at(agent).await
    }

    async fn is_offered(&self, conversation: ConversationId) -> Result<bool, Away> {
        self.inner.is_offered(conversation).await
    }

    async fn due(&self) -> Result<Vec<Due>, Away> {
        // What is due is handed out once or again later; an answer that is lost would be an offer missed unseen, which an
        // engine over a network must think of and this one need not.
        let _turn = self.turn.lock().await;
        if self.fails().is_some() {
            return Err(away());
        }
        let due = self.inner.due().await?;
        let watched = &mut self.state().watched;
        for one in &due {
            if let Due::OfferMissed {
                conversation,
                agent,
                ..
            } = one
            {
                watched.give_back(*conversation, *agent);
            }
        }
        Ok(due)
    }

    async fn lines(&self, first_max: usize) -> Result<Vec<LineState>, Away> {
        if self.fails().is_some() {
            return Err(away());
        }
        self.inner.lines(first_max).await
    }

    async fn places(
        &self,
        conversations: &[ConversationId],
    ) -> Result<Vec<Option<PlaceInLine>>, Away> {
        if self.fails().is_some() {
            return Err(away());
        }
        self.inner.places(conversations).await
    }

    async fn is_open(&self, departments: &[DepartmentKey]) -> Result<bool, Away> {
        self.inner.is_open(departments).await
    }

    async fn placed(&self) -> Result<HashMap<ConversationId, Seq>, Away> {
        self.inner.placed().await
    }

    async fn seats(&self) -> Result<HashMap<AgentId, Seat>, Away> {
        self.inner.seats().await
    }

    async fn load(&self, agent: AgentId) -> Result<u32, Away> {
        self.inner.load(agent).await
    }

    async fn publish(&self, notice: Notice) {
        for one in self.deal(notice) {
            self.send(one).await;
        }
    }

    fn notices(&self) -> Option<mpsc::Receiver<Notice>> {
        self.receiver.lock().unwrap().take()
    }
}
