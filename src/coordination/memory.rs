//! Coordination within one process: the board behind a lock, and a channel.
//!
//! For the one-machine footing. It is never away, and it forgets everything when the process ends, as the promise of
//! [`Coordination`] allows.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::{Notify, mpsc};

use crate::coordination::{Away, Coordination, NOTICES_WAITING, Notice, waiting_in};
use crate::domain::routing::{
    Board, Claim, Due, Graces, LineState, Observed, PlaceInLine, Ringing, Seat, SocketId, Withdrawn,
};
use crate::model::event::{AgentName, Seq};
use crate::model::id::{AgentId, ConversationId, DepartmentKey};
use crate::model::time::{Clock, Millis};

/// Notices under way to the relay; publishers wait beyond.
const NOTICES_MAX: usize = 8_192;
/// Longest sleep between two looks at what is due, so that a moved clock is noticed.
const LOOK: Millis = Millis(1_000);

/// Who has one conversation open, by agent and socket.
type Viewers = BTreeMap<(AgentId, SocketId), AgentName>;

/// The in-process engine.
pub struct MemoryCoordination {
    clock: Clock,
    /// A std mutex: held for one short step of pure code, never across an await.
    board: Mutex<Board>,
    /// Who has which conversation open, and on which sockets.
    viewers: Mutex<BTreeMap<ConversationId, Viewers>>,
    changed: Notify,
    sender: mpsc::Sender<Notice>,
    receiver: Mutex<Option<mpsc::Receiver<Notice>>>,
}

impl MemoryCoordination {
    /// An engine that knows nothing yet.
    #[must_use]
    pub fn new(clock: Clock, graces: Graces) -> Self {
        let (sender, receiver) = mpsc::channel(NOTICES_MAX);
        Self {
            clock,
            board: Mutex::new(Board::new(graces)),
            viewers: Mutex::new(BTreeMap::new()),
            changed: Notify::new(),
            sender,
            receiver: Mutex::new(Some(receiver)),
        }
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        // A panic inside a step leaves at worst a proposal the log refuses: going on is safe.
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One step on the board that may have made work.
    fn change<T>(&self, step: impl FnOnce(&mut Board) -> T) -> T {
        let answer = step(&mut self.board());
        self.changed.notify_one();
        answer
    }
}

#[async_trait]
impl Coordination for MemoryCoordination {
    async fn probe(&self) -> Result<(), Away> {
        Ok(())
    }

    fn gauges(&self) -> Vec<(&'static str, &'static str, i64)> {
        let (name, what) = NOTICES_WAITING;
        vec![(name, what, waiting_in(&self.sender))]
    }

    async fn observe(&self, news: Observed) -> Result<Option<Withdrawn>, Away> {
        let now = self.clock.now();
        Ok(self.change(|board| board.observe(&news, now)))
    }

    async fn seat(&self, agent: AgentId, seat: Seat) -> Result<(), Away> {
        let now = self.clock.now();
        self.change(|board| board.seat(agent, seat, now));
        Ok(())
    }

    async fn remove_agent(&self, agent: AgentId) -> Result<(), Away> {
        let now = self.clock.now();
        self.change(|board| board.remove_agent(agent, now));
        Ok(())
    }

    async fn visitor_joined(
        &self,
        conversation: ConversationId,
        socket: SocketId,
    ) -> Result<(), Away> {
        self.change(|board| board.visitor_joined(conversation, socket));
        Ok(())
    }

    async fn visitor_left(
        &self,
        conversation: ConversationId,
        socket: SocketId,
    ) -> Result<(), Away> {
        let now = self.clock.now();
        self.change(|board| board.visitor_left(conversation, socket, now));
        Ok(())
    }

    async fn agent_joined(&self, agent: AgentId, socket: SocketId) -> Result<(), Away> {
        let now = self.clock.now();
        self.change(|board| board.agent_joined(agent, socket, now));
        Ok(())
    }

    async fn agent_left(&self, agent: AgentId, socket: SocketId) -> Result<(), Away> {
        let now = self.clock.now();
        self.change(|board| board.agent_left(agent, socket, now));
        Ok(())
    }

    async fn is_agent_here(&self, agent: AgentId) -> Result<bool, Away> {
        Ok(self.board().is_agent_here(agent))
    }

    async fn view(
        &self,
        conversation: ConversationId,
        agent: AgentName,
        socket: SocketId,
        is_open: bool,
    ) -> Result<Vec<AgentName>, Away> {
        let mut viewers = self.viewers.lock().unwrap_or_else(PoisonError::into_inner);
        let open = viewers.entry(conversation).or_default();
        if is_open {
            open.insert((agent.id, socket), agent);
        } else {
            open.remove(&(agent.id, socket));
        }
        let mut agents: Vec<AgentName> = open.values().cloned().collect();
        agents.dedup_by_key(|agent| agent.id);
        if agents.is_empty() {
            viewers.remove(&conversation);
        }
        Ok(agents)
    }

    async fn work(&self) {
        let now = self.clock.now();
        let sleep = self
            .board()
            .next_due()
            .map_or(LOOK, |due| (due - now).clamp(Millis(0), LOOK));
        tokio::select! {
            () = self.changed.notified() => {}
            () = tokio::time::sleep(sleep.duration()) => {}
        }
    }

    async fn claim(&self) -> Result<Option<Claim>, Away> {
        let now = self.clock.now();
        Ok(self.board().claim(now))
    }

    async fn offer(&self, claim: &Claim) -> Result<Option<Ringing>, Away> {
        let now = self.clock.now();
        let expires_at = self.change(|board| board.offer(claim.conversation, claim.agent, now));
        Ok(expires_at.map(|expires_at| Ringing {
            conversation: claim.conversation,
            agent: claim.agent,
            department: claim.department.clone(),
            expires_at,
            why: claim.why.clone(),
        }))
    }

    async fn give_back(&self, conversation: ConversationId, agent: AgentId) -> Result<(), Away> {
        let now = self.clock.now();
        self.change(|board| board.give_back(conversation, agent, now));
        Ok(())
    }

    async fn decline(&self, conversation: ConversationId, agent: AgentId) -> Result<bool, Away> {
        let now = self.clock.now();
        Ok(self.change(|board| board.decline(conversation, agent, now)))
    }

    async fn widen(&self, conversation: ConversationId) -> Result<(), Away> {
        self.change(|board| board.widen(conversation));
        Ok(())
    }

    async fn ringing_at(&self, agent: AgentId) -> Result<Vec<Ringing>, Away> {
        Ok(self.board().ringing_at(agent))
    }

    async fn is_offered(&self, conversation: ConversationId) -> Result<bool, Away> {
        Ok(self.board().is_offered(conversation))
    }

    async fn due(&self) -> Result<Vec<Due>, Away> {
        let now = self.clock.now();
        Ok(self.board().take_due(now))
    }

    async fn lines(&self, first_max: usize) -> Result<Vec<LineState>, Away> {
        Ok(self.board().lines(first_max))
    }

    async fn places(
        &self,
        conversations: &[ConversationId],
    ) -> Result<Vec<Option<PlaceInLine>>, Away> {
        Ok(self.board().places(conversations))
    }

    async fn is_open(&self, departments: &[DepartmentKey]) -> Result<bool, Away> {
        Ok(self.board().is_open(departments))
    }

    async fn placed(&self) -> Result<HashMap<ConversationId, Seq>, Away> {
        Ok(self.board().placed())
    }

    async fn seats(&self) -> Result<HashMap<AgentId, Seat>, Away> {
        Ok(self.board().seats())
    }

    async fn load(&self, agent: AgentId) -> Result<u32, Away> {
        Ok(self.board().load(agent))
    }

    async fn publish(&self, notice: Notice) {
        // Waits when the relay is behind, rather than lose: the relay never waits for a publisher. It is gone only when
        // the process ends.
        let _ = self.sender.send(notice).await;
    }

    fn notices(&self) -> Option<mpsc::Receiver<Notice>> {
        self.receiver
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}
