//! Coordination of many nodes over Redis: the rule of `domain::routing` in Lua, one script a verb.
//!
//! Redis proposes, the log disposes: Redis may be emptied, restarted, failed over, stopped or cut off at any moment. Then
//! calls answer [`Away`] at once, nobody is paired, and whatever is here is told again as soon as it answers.
//! `link.rs` keeps the connection, `keeper.rs` minds the board, `news.rs` carries notices; `board.rs` has the verbs,
//! `presence.rs` this node's sockets, `keys.rs` every key.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::coordination::{Away, Coordination, Notice};
use crate::domain::routing::{
    Claim, Due, Graces, LineState, Observed, PlaceInLine, Ringing, Seat, SocketId, Withdrawn,
};
use crate::model::event::{AgentName, Seq};
use crate::model::id::{AgentId, ConversationId, DepartmentKey};
use crate::model::time::{Clock, Millis};

mod address;
mod answers;
mod board;
mod holdings;
mod inspect;
mod keeper;
mod keys;
mod link;
mod news;
mod presence;
mod script;
mod shown;

pub use address::{Address, BadAddress};
pub use inspect::Unfit;

use board::Board;
use holdings::Holdings;
use keeper::{Found, Keeper};
use keys::Keys;
use link::{Failed, Link};
use news::News;
use presence::{Presence, Spot};

/// Longest sleep between two looks at what is due, so that a node that died after an arrival leaves nobody unseen, and a
/// moved clock is noticed.
const LOOK: Millis = Millis(1_000);

/// Looks whether this Redis can serve the installation with this epoch; answers its version.
pub async fn check(address: &Address, installation: &str) -> Result<String, Unfit> {
    let (version, _) = inspect::check(address, &Keys::new(installation)).await?;
    Ok(version)
}

/// The engine over Redis.
pub struct RedisCoordination {
    board: Arc<Board>,
    presence: Arc<Presence>,
    holdings: Arc<Holdings>,
    keeper: Arc<Keeper>,
    news: Arc<News>,
    /// End with the engine.
    _tasks: JoinSet<()>,
}

impl RedisCoordination {
    /// An engine on this Redis for the installation with this epoch. What cannot serve at all (a wrong password, an old
    /// version, a policy that drops keys) is told; a Redis that is away is waited for.
    pub async fn open(
        address: Address,
        installation: &str,
        clock: Clock,
        graces: Graces,
    ) -> Result<Self, Unfit> {
        let keys = Keys::new(installation);
        let link = Link::new(address.clone());
        match inspect::check(&address, &keys).await {
            Ok((_, wire)) => link.set(wire),
            Err(Unfit::Away { .. }) => {
                tracing::warn!(redis = %address, "Redis does not answer; serving begins without it, pairing waits for it");
            }
            Err(unfit) => return Err(unfit),
        }
        let node = Uuid::new_v4();
        let news = Arc::new(News::new(node, keys.channel()));
        let board = Arc::new(Board::new(Arc::clone(&link), keys, node, clock, graces));
        let presence = Arc::new(Presence::default());
        let holdings = Arc::new(Holdings::default());
        let (found, mut findings) = mpsc::channel(16);
        let keeper = Arc::new(Keeper::new(
            Arc::clone(&board),
            Arc::clone(&presence),
            Arc::clone(&holdings),
            found,
        ));
        if link.is_up()
            && let Err(away) = keeper.look(Millis(0)).await
        {
            tracing::warn!(error = %away, "Redis went away at the start");
        }
        let mut tasks = JoinSet::new();
        tasks.spawn(link.keep_up());
        tasks.spawn(Arc::clone(&keeper).run());
        tasks.spawn(Arc::clone(&news).send(Arc::clone(&board)));
        tasks.spawn(Arc::clone(&news).listen(Arc::clone(&board)));
        // Sockets come after this: nothing that concerns them is told before it can be heard.
        news.begins().await;
        let telling = Arc::clone(&news);
        tasks.spawn(async move {
            while let Some(found) = findings.recv().await {
                match found {
                    Found::Viewers(changed) => {
                        for (conversation, agents) in changed {
                            let agents = named(agents);
                            let notice = Notice::Viewers {
                                conversation,
                                agents,
                            };
                            telling.publish(notice).await;
                        }
                    }
                    Found::Doubt => telling.doubt().await,
                }
            }
        });
        Ok(Self {
            board,
            presence,
            holdings,
            keeper,
            news,
            _tasks: tasks,
        })
    }

    /// Tells the board of a socket; what cannot be told is owed, and told later.
    async fn note(
        &self,
        spot: Spot,
        is_here: bool,
        arguments: [String; 5],
    ) -> Result<Vec<AgentName>, Away> {
        let viewers = self.board.note_sockets(&arguments).await?;
        self.presence.told(spot, is_here);
        Ok(named(viewers))
    }

    async fn join(&self, spot: Spot) -> Result<(), Away> {
        let arguments = self.presence.joined(spot, "");
        self.note(spot, true, arguments).await.map(|_| ())
    }

    async fn leave(&self, spot: Spot) -> Result<(), Away> {
        let arguments = self.presence.left(spot);
        self.note(spot, false, arguments).await.map(|_| ())
    }
}

fn named(viewers: Vec<(AgentId, String)>) -> Vec<AgentName> {
    let name = |(id, name)| AgentName { id, name };
    viewers.into_iter().map(name).collect()
}

#[async_trait]
impl Coordination for RedisCoordination {
    fn gauges(&self) -> Vec<(&'static str, &'static str, i64)> {
        self.news.gauges()
    }

    async fn probe(&self) -> Result<(), Away> {
        match self.board.link.send(&redis::cmd("PING")).await {
            Ok(_) => Ok(()),
            Err(Failed::Away(away)) => Err(away),
            Err(Failed::Refused(error)) => Err(Away(error.to_string())),
        }
    }

    async fn observe(&self, news: Observed) -> Result<Option<Withdrawn>, Away> {
        let agent = self.board.observe(&news).await?;
        Ok(agent.map(|agent| Withdrawn {
            conversation: news.conversation,
            agent,
        }))
    }

    async fn seat(&self, agent: AgentId, seat: Seat) -> Result<(), Away> {
        self.board.seat(agent, &seat).await
    }

    async fn remove_agent(&self, agent: AgentId) -> Result<(), Away> {
        self.board.remove_agent(agent).await
    }

    async fn visitor_joined(
        &self,
        conversation: ConversationId,
        socket: SocketId,
    ) -> Result<(), Away> {
        self.join(Spot::Visitor(conversation, socket)).await
    }

    async fn visitor_left(
        &self,
        conversation: ConversationId,
        socket: SocketId,
    ) -> Result<(), Away> {
        self.leave(Spot::Visitor(conversation, socket)).await
    }

    async fn agent_joined(&self, agent: AgentId, socket: SocketId) -> Result<(), Away> {
        self.join(Spot::Agent(agent, socket)).await
    }

    async fn agent_left(&self, agent: AgentId, socket: SocketId) -> Result<(), Away> {
        self.leave(Spot::Agent(agent, socket)).await
    }

    async fn is_agent_here(&self, agent: AgentId) -> Result<bool, Away> {
        self.board.agent(agent).await.map(|(is_here, _, _)| is_here)
    }

    async fn view(
        &self,
        conversation: ConversationId,
        agent: AgentName,
        socket: SocketId,
        is_open: bool,
    ) -> Result<Vec<AgentName>, Away> {
        let spot = Spot::Viewer(conversation, agent.id, socket);
        let arguments = if is_open {
            self.presence.joined(spot, &agent.name)
        } else {
            self.presence.left(spot)
        };
        self.note(spot, is_open, arguments).await
    }

    async fn work(&self) {
        let now = self.board.clock().now();
        let due = self.board.next_due();
        let sleep = due.map_or(LOOK, |due| (due - now).clamp(Millis(0), LOOK));
        tokio::select! {
            () = self.board.changed.notified() => {}
            () = tokio::time::sleep(sleep.duration()) => {}
        }
    }

    async fn claim(&self) -> Result<Option<Claim>, Away> {
        self.board.claim().await
    }

    async fn offer(&self, claim: &Claim) -> Result<Option<Ringing>, Away> {
        let expires_at = self.board.offer(claim.conversation, claim.agent).await?;
        Ok(expires_at.map(|expires_at| Ringing {
            conversation: claim.conversation,
            agent: claim.agent,
            department: claim.department.clone(),
            expires_at,
            why: claim.why.clone(),
        }))
    }

    async fn give_back(&self, conversation: ConversationId, agent: AgentId) -> Result<(), Away> {
        self.board.give_back(conversation, agent).await
    }

    async fn decline(&self, conversation: ConversationId, agent: AgentId) -> Result<bool, Away> {
        self.board.decline(conversation, agent).await
    }

    async fn widen(&self, conversation: ConversationId) -> Result<(), Away> {
        self.board.widen(conversation).await
    }

    async fn ringing_at(&self, agent: AgentId) -> Result<Vec<Ringing>, Away> {
        self.board.agent(agent).await.map(|(_, _, ringing)| ringing)
    }

    async fn is_offered(&self, conversation: ConversationId) -> Result<bool, Away> {
        self.board.is_offered(conversation).await
    }

    async fn due(&self) -> Result<Vec<Due>, Away> {
        self.board.due().await
    }

    async fn lines(&self, first_max: usize) -> Result<Vec<LineState>, Away> {
        self.board.lines(first_max).await
    }

    async fn places(
        &self,
        conversations: &[ConversationId],
    ) -> Result<Vec<Option<PlaceInLine>>, Away> {
        self.board.places(conversations).await
    }

    async fn is_open(&self, departments: &[DepartmentKey]) -> Result<bool, Away> {
        self.board.is_open(departments).await
    }

    async fn load(&self, agent: AgentId) -> Result<u32, Away> {
        self.board.agent(agent).await.map(|(_, load, _)| load)
    }

    async fn placed(&self) -> Result<HashMap<ConversationId, Seq>, Away> {
        self.board.placed().await
    }

    async fn seats(&self) -> Result<HashMap<AgentId, Seat>, Away> {
        self.board.seats().await
    }

    async fn count(
        &self,
        what: &str,
        count_max: u32,
        span: Millis,
    ) -> Result<Option<Millis>, Away> {
        self.board.count(what, count_max, span).await
    }

    async fn uncount(&self, what: &str) -> Result<(), Away> {
        self.board.uncount(what).await
    }

    fn hold(&self, what: &str) {
        self.holdings.change(what, 1);
    }

    fn release(&self, what: &str) {
        self.holdings.change(what, -1);
    }

    async fn has_room(&self, what: &str, held_max: u32) -> Result<bool, Away> {
        let held = self.holdings.of(what);
        let has_room = self
            .board
            .hold(&[(what.to_owned(), held)], held_max)
            .await?;
        if has_room {
            self.holdings.told(what, held);
        }
        Ok(has_room)
    }

    async fn publish(&self, notice: Notice) {
        self.news.publish(notice).await;
    }

    fn notices(&self) -> Option<mpsc::Receiver<Notice>> {
        self.news.take()
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn has_moved_within(&self, span: Millis) -> bool {
        self.board.link.has_moved_within(span.duration())
    }

    fn is_whole(&self) -> bool {
        self.board.link.is_up() && self.keeper.is_whole()
    }

    async fn emptied(&self) {
        self.keeper.asked().await;
    }

    async fn rebuilt(&self) -> Result<(), Away> {
        self.keeper.told().await
    }
}
