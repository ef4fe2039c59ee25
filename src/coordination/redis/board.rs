//! The board in Redis: each verb as a call, with its arguments and its answer in Rust's types.
//!
//! Every call says on which board it wants to act. A board that was emptied has another name (its *incarnation*), or none:
//! then the call fails, whoever minds the board (`keeper.rs`) looks, and the call is made once more.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use redis::Value;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;
use uuid::Uuid;

use super::answers::{
    Reply, id, items, nonsense, number, read_due, read_why, status_word, text, viewers,
};
use super::holdings::Held;
use super::keys::Keys;
use super::link::{Failed, Link};
use super::script::{self, Script};
use crate::coordination::Away;
use crate::domain::routing::{
    CLAIM, CLOSED_MEMORY, Claim, DECLINED, DUE_RETRY, Due, Graces, MISSED_OFFERS_MAX, Observed,
    ObservedPlace, Ringing, Seat,
};
use crate::model::event::Mode;
use crate::model::id::{AgentId, ConversationId};
use crate::model::time::{At, Clock, Millis};

/// Answers are kept so long for repeats: longer than any call is repeated, and than a claim stands.
pub const ANSWER: Millis = Millis::seconds(30);
/// A node without a sign of life for so long is dead. Longer than a stall of a busy machine.
pub const LEASE: Millis = Millis::seconds(10);
/// A node that tells an empty board everything, and stops, is replaced after this.
const OFFICE: Millis = Millis::seconds(5);
/// Time for every node to tell which sockets it has.
pub const SETTLE: Millis = Millis(1_500);
/// Nobody was heard of for so long: it was Redis that was away.
const OUTAGE: Millis = Millis::seconds(4);
/// Timers looked at in one call, and sockets buried: a script that runs long keeps everybody waiting.
pub const AT_ONCE_MAX: usize = 500;
/// What a node holds is kept so long without news of it. It is told again in a third of that.
pub const HELD: Millis = Millis::seconds(3_600);
/// A call waits so long for the board to be found again.
const REFIND: Duration = Duration::from_millis(1_500);

/// The board, as this node sees it.
pub struct Board {
    /// The way there.
    pub link: Arc<Link>,
    /// Its names.
    pub keys: Keys,
    /// This node.
    pub node: Uuid,
    clock: Clock,
    graces: Graces,
    /// Which board it is; empty before it was found.
    incarnation: watch::Sender<Arc<str>>,
    /// The board is another one, or none.
    pub lost: Notify,
    /// Somebody may be served, or something is due earlier: whoever pairs is woken.
    pub changed: Notify,
    /// Somebody may be served whom another node could serve sooner.
    pub wakes: Notify,
    /// When something is due next, as far as this node was told. A std lock: held for a comparison.
    next_due: RwLock<Option<At>>,
    /// Requests whose answer was lost: whoever asks next gets it.
    unanswered: Unanswered,
}

/// Requests without an answer, of the verbs whose answer is handed out once. A std mutex: held for a push or a pop.
#[derive(Default)]
struct Unanswered {
    claims: Mutex<Vec<(Uuid, At)>>,
    due: Mutex<Vec<(Uuid, At)>>,
}

/// What a sign of life told.
#[derive(Debug)]
pub struct Tick {
    /// Which board there is.
    pub incarnation: String,
    /// Whether it has been told everything, and pairing goes on.
    pub is_whole: bool,
    /// Whether this node is to tell it.
    pub is_teller: bool,
    /// Whether this node's sockets are known.
    pub is_known: bool,
    /// A node whose sockets are to be taken away.
    pub dead: Option<String>,
}

/// Everybody who has a conversation open.
pub type Viewers = (ConversationId, Vec<(AgentId, String)>);

impl Board {
    /// A board that is not found yet.
    #[must_use]
    pub fn new(link: Arc<Link>, keys: Keys, node: Uuid, clock: Clock, graces: Graces) -> Self {
        Self {
            link,
            keys,
            node,
            clock,
            graces,
            incarnation: watch::Sender::new(Arc::from("")),
            lost: Notify::new(),
            changed: Notify::new(),
            wakes: Notify::new(),
            next_due: RwLock::new(None),
            unanswered: Unanswered::default(),
        }
    }

    /// The clock of the log.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Which board this node acts on.
    #[must_use]
    pub fn incarnation(&self) -> Arc<str> {
        self.incarnation.borrow().clone()
    }

    /// Acts on this board from now on.
    pub fn found(&self, incarnation: &str) {
        self.incarnation.send_replace(Arc::from(incarnation));
    }

    /// When something is due next.
    #[must_use]
    pub fn next_due(&self) -> Option<At> {
        *self.next_due.read().unwrap_or_else(PoisonError::into_inner)
    }

    // --- calls ------------------------------------------------------------------------------------------------

    fn arguments(&self, verb: &[String]) -> Vec<String> {
        let graces = self.graces;
        let mut arguments = vec![
            self.incarnation().to_string(),
            self.node.simple().to_string(),
            self.clock.now().0.to_string(),
        ];
        let spans = [
            graces.visitor,
            graces.agent,
            graces.away,
            graces.ring,
            CLAIM,
            DUE_RETRY,
            CLOSED_MEMORY,
        ];
        arguments.extend(spans.iter().map(|span| span.0.to_string()));
        arguments.extend([
            MISSED_OFFERS_MAX.to_string(),
            ANSWER.0.to_string(),
            DECLINED.0.to_string(),
        ]);
        arguments.extend_from_slice(verb);
        arguments
    }

    /// Calls a verb under a request id.
    async fn call_as(
        &self,
        request: Uuid,
        script: &Script,
        verb: &[String],
    ) -> Result<Value, Away> {
        let mut keys = self.keys.board().to_vec();
        keys.push(self.keys.answer(request));
        let mut has_refound = false;
        loop {
            let incarnation = self.incarnation();
            let outcome = self.link.run(script, &keys, &self.arguments(verb)).await;
            let error = match outcome {
                Ok(value) => return self.take(value),
                Err(Failed::Away(away)) => return Err(away),
                Err(Failed::Refused(error)) => error,
            };
            if error.code() == Some("BALIEOTHER") && !has_refound {
                has_refound = true;
                self.lost.notify_one();
                let mut boards = self.incarnation.subscribe();
                let another = boards.wait_for(|found| **found != *incarnation);
                if timeout(REFIND, another).await.is_ok() {
                    continue;
                }
            }
            let is_expected = matches!(error.code(), Some("BALIEOTHER" | "BALIEPAUSED"));
            if !is_expected {
                tracing::error!(script = script.name, %error, "Redis refused a script");
            }
            return Err(Away(error.to_string()));
        }
    }

    /// Calls a verb.
    pub async fn call(&self, script: &Script, verb: &[String]) -> Result<Value, Away> {
        self.call_as(Uuid::new_v4(), script, verb).await
    }

    /// Calls a verb whose answer is handed out once: one that was lost on the way is fetched first.
    async fn call_once(
        &self,
        lost: &Mutex<Vec<(Uuid, At)>>,
        script: &Script,
        verb: &[String],
    ) -> Result<Value, Away> {
        let now = self.clock.now();
        let pop = || {
            let mut lost = lost.lock().unwrap_or_else(PoisonError::into_inner);
            lost.retain(|(_, at)| now - *at < CLAIM);
            lost.pop()
        };
        let (request, at) = pop().unwrap_or((Uuid::new_v4(), now));
        let guard = Kept {
            lost,
            request: Some((request, at)),
        };
        let outcome = self.call_as(request, script, verb).await;
        if outcome.is_ok() {
            guard.done();
        }
        outcome
    }

    fn take(&self, value: Value) -> Result<Value, Away> {
        let reply = Reply::read(value).ok_or_else(|| nonsense("a script"))?;
        if let Some(due) = reply.next_due {
            let mut known = self
                .next_due
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            let is_earlier = known.is_none_or(|before| due < before);
            *known = Some(due);
            drop(known);
            if is_earlier {
                self.changed.notify_one();
            }
        }
        if reply.has_work {
            self.changed.notify_one();
            self.wakes.notify_one();
        }
        Ok(reply.answer)
    }

    // --- news from the log ------------------------------------------------------------------------------------

    /// Answers the agent whose offer no longer stands.
    pub async fn observe(&self, news: &Observed) -> Result<Option<AgentId>, Away> {
        let mut verb = vec![news.conversation.to_string(), news.placed_seq.to_string()];
        match &news.place {
            ObservedPlace::Waiting {
                department,
                key,
                since,
                mode,
                terms,
            } => verb.extend([
                "waiting".to_owned(),
                department.to_string(),
                key.to_string(),
                since.0.to_string(),
                match mode {
                    Mode::Chat => "chat".to_owned(),
                    Mode::Message => "message".to_owned(),
                },
                joined(&terms.needs, "+"),
                joined(terms.relaxes_at.iter().map(|at| at.0), ","),
                joined(&terms.stand_ins, "+"),
                terms
                    .widens_at
                    .map_or_else(String::new, |at| at.0.to_string()),
                terms
                    .last_agent
                    .map_or_else(String::new, |agent| agent.to_string()),
            ]),
            ObservedPlace::Served { agent } => {
                verb.extend(["served".to_owned(), agent.to_string()]);
            }
            ObservedPlace::Closed => verb.push("closed".to_owned()),
        }
        let answer = self.call(&script::OBSERVE, &verb).await?;
        let agent = text(&answer).ok_or_else(|| nonsense("observe"))?;
        Ok(agent.parse().ok())
    }

    pub async fn seat(&self, agent: AgentId, seat: &Seat) -> Result<(), Away> {
        let mut verb = vec![
            agent.to_string(),
            status_word(seat.status).to_owned(),
            seat.capacity.to_string(),
            seat.departments.len().to_string(),
        ];
        verb.extend(seat.departments.iter().map(ToString::to_string));
        verb.extend(seat.skills.iter().map(ToString::to_string));
        self.call(&script::SEAT, &verb).await.map(|_| ())
    }

    pub async fn remove_agent(&self, agent: AgentId) -> Result<(), Away> {
        self.call(&script::REMOVE, &[agent.to_string()])
            .await
            .map(|_| ())
    }

    // --- presence ---------------------------------------------------------------------------------------------

    /// Notes sockets; `verb` as `sockets.lua` takes it. Answers the viewers of the last conversation named.
    pub async fn note_sockets(&self, verb: &[String]) -> Result<Vec<(AgentId, String)>, Away> {
        let answer = self.call(&script::SOCKETS, verb).await?;
        viewers(items(answer)).ok_or_else(|| nonsense("sockets"))
    }

    /// Whether the agent is here, how much they have, what rings at them.
    pub async fn agent(&self, agent: AgentId) -> Result<(bool, u32, Vec<Ringing>), Away> {
        let answer = self.call(&script::AGENT, &[agent.to_string()]).await?;
        let read = || {
            let mut parts = items(answer).into_iter();
            let is_here = number(&parts.next()?)? == 1;
            let load = u32::try_from(number(&parts.next()?)?).ok()?;
            let mut ringing = Vec::new();
            for offer in items(parts.next()?) {
                let parts = items(offer);
                ringing.push(Ringing {
                    conversation: id(parts.first()?)?,
                    agent,
                    department: id(parts.get(1)?)?,
                    expires_at: At(id(parts.get(2)?)?),
                    why: read_why(parts.get(3)?)?,
                });
            }
            ringing.sort_by_key(|offer| offer.expires_at);
            Some((is_here, load, ringing))
        };
        read().ok_or_else(|| nonsense("agent"))
    }

    // --- pairing ----------------------------------------------------------------------------------------------

    /// The next pair: conversation, the place the decision was made on, department, agent.
    pub async fn claim(&self) -> Result<Option<Claim>, Away> {
        let lost = &self.unanswered.claims;
        let answer = self.call_once(lost, &script::CLAIM, &[]).await?;
        let parts = items(answer);
        if parts.is_empty() {
            return Ok(None);
        }
        let read = || {
            Some(Claim {
                conversation: id(parts.first()?)?,
                placed_seq: id(parts.get(1)?)?,
                department: id(parts.get(2)?)?,
                agent: id(parts.get(3)?)?,
                why: read_why(parts.get(4)?)?,
            })
        };
        read().map(Some).ok_or_else(|| nonsense("claim"))
    }

    /// Until when the offer rings, if the claim still stands.
    pub async fn offer(
        &self,
        conversation: ConversationId,
        agent: AgentId,
    ) -> Result<Option<At>, Away> {
        let verb = [conversation.to_string(), agent.to_string()];
        let answer = self.call(&script::OFFER, &verb).await?;
        Ok(id(&answer).map(At))
    }

    pub async fn give_back(
        &self,
        conversation: ConversationId,
        agent: AgentId,
    ) -> Result<(), Away> {
        let verb = [conversation.to_string(), agent.to_string()];
        self.call(&script::GIVE_BACK, &verb).await.map(|_| ())
    }

    pub async fn decline(
        &self,
        conversation: ConversationId,
        agent: AgentId,
    ) -> Result<bool, Away> {
        let verb = [conversation.to_string(), agent.to_string()];
        let answer = self.call(&script::DECLINE, &verb).await?;
        Ok(number(&answer) == Some(1))
    }

    pub async fn widen(&self, conversation: ConversationId) -> Result<(), Away> {
        self.call(&script::WIDEN, &[conversation.to_string()])
            .await
            .map(|_| ())
    }

    pub async fn is_offered(&self, conversation: ConversationId) -> Result<bool, Away> {
        let answer = self
            .call(&script::OFFERED, &[conversation.to_string()])
            .await?;
        Ok(number(&answer) == Some(1))
    }

    /// What is due now.
    pub async fn due(&self) -> Result<Vec<Due>, Away> {
        let mut due = Vec::new();
        loop {
            *self
                .next_due
                .write()
                .unwrap_or_else(PoisonError::into_inner) = None;
            let lost = &self.unanswered.due;
            let verb = [AT_ONCE_MAX.to_string()];
            let answer = match self.call_once(lost, &script::DUE, &verb).await {
                Ok(answer) => answer,
                // What was handed out already is dealt with all the same.
                Err(_) if !due.is_empty() => return Ok(due),
                Err(away) => return Err(away),
            };
            let mut parts = items(answer).into_iter();
            let has_more = parts.next().as_ref().and_then(number) == Some(1);
            for one in items(parts.next().unwrap_or(Value::Nil)) {
                due.push(read_due(&items(one)).ok_or_else(|| nonsense("due"))?);
            }
            if !has_more {
                return Ok(due);
            }
        }
    }

    // --- beside the board -------------------------------------------------------------------------------------

    /// Counts one more, in a key of its own; answers after how long one may come, if there are too many.
    pub async fn count(
        &self,
        what: &str,
        count_max: u32,
        span: Millis,
    ) -> Result<Option<Millis>, Away> {
        let keys = [self.keys.counter(what)];
        let arguments = [
            self.clock.now().0.to_string(),
            span.0.to_string(),
            count_max.to_string(),
        ];
        match self.link.run(&script::COUNT, &keys, &arguments).await {
            Ok(answer) => {
                let wait_ms = number(&answer).ok_or_else(|| nonsense("count"))?;
                Ok((wait_ms > 0).then_some(Millis(wait_ms)))
            }
            Err(Failed::Away(away)) => Err(away),
            Err(Failed::Refused(error)) => Err(Away(error.to_string())),
        }
    }

    /// Takes one back that was counted.
    pub async fn uncount(&self, what: &str) -> Result<(), Away> {
        let keys = [self.keys.counter(what)];
        match self.link.run(&script::UNCOUNT, &keys, &[]).await {
            Ok(_) => Ok(()),
            Err(Failed::Away(away)) => Err(away),
            Err(Failed::Refused(error)) => Err(Away(error.to_string())),
        }
    }

    /// Tells how much this node holds of some things; answers whether all nodes together hold no more of each than `held_max`,
    /// if that is not 0. If not, nothing of it is taken in.
    pub async fn hold(&self, holdings: &[(String, Held)], held_max: u32) -> Result<bool, Away> {
        let mut keys = vec![self.keys.leases()];
        let mut arguments = vec![
            self.node.simple().to_string(),
            self.clock.now().0.to_string(),
            held_max.to_string(),
            HELD.0.to_string(),
        ];
        for (what, held) in holdings {
            keys.push(self.keys.holding(what));
            arguments.extend([held.count.to_string(), held.version.to_string()]);
        }
        match self.link.run(&script::HOLD, &keys, &arguments).await {
            Ok(answer) => Ok(number(&answer) == Some(1)),
            Err(Failed::Away(away)) => Err(away),
            Err(Failed::Refused(error)) => Err(Away(error.to_string())),
        }
    }

    // --- the board itself -------------------------------------------------------------------------------------

    /// Gives a sign of life. `away` is how long Redis could not be reached from here.
    pub async fn tick(&self, away: Millis) -> Result<Tick, Away> {
        let mut keys = self.keys.board().to_vec();
        let fresh = Uuid::new_v4();
        keys.push(self.keys.answer(fresh));
        let node = self.node.simple().to_string();
        let mut arguments = vec![
            fresh.simple().to_string(),
            node,
            self.clock.now().0.to_string(),
        ];
        let spans = [LEASE, OFFICE, SETTLE, away, OUTAGE];
        arguments.extend(spans.iter().map(|span| span.0.to_string()));
        let value = match self.link.run(&script::TICK, &keys, &arguments).await {
            Ok(value) => value,
            Err(Failed::Away(away)) => return Err(away),
            Err(Failed::Refused(error)) => return Err(Away(error.to_string())),
        };
        let parts = items(value);
        let read = || {
            Some(Tick {
                incarnation: text(parts.first()?)?,
                is_whole: number(parts.get(1)?)? == 1,
                is_teller: number(parts.get(2)?)? == 1,
                is_known: number(parts.get(3)?)? == 1,
                dead: text(parts.get(4)?).filter(|dead| !dead.is_empty()),
            })
        };
        read().ok_or_else(|| nonsense("tick"))
    }

    /// Says that the board has been told everything. Answers false if this node was not to say so.
    pub async fn told(&self) -> Result<bool, Away> {
        let answer = self.call(&script::TOLD, &[]).await?;
        Ok(number(&answer) == Some(1))
    }

    /// Takes away the sockets of a dead node; answers whose viewers changed.
    pub async fn bury(&self, dead: &str) -> Result<Vec<Viewers>, Away> {
        let mut changed = Vec::new();
        loop {
            let verb = [dead.to_owned(), AT_ONCE_MAX.to_string()];
            let mut parts = items(self.call(&script::BURY, &verb).await?).into_iter();
            let has_more = parts.next().as_ref().and_then(number) == Some(1);
            for one in items(parts.next().unwrap_or(Value::Nil)) {
                let mut parts = items(one);
                if parts.is_empty() {
                    continue;
                }
                let conversation = id(&parts.remove(0)).ok_or_else(|| nonsense("bury"))?;
                let left = viewers(parts).ok_or_else(|| nonsense("bury"))?;
                changed.push((conversation, left));
            }
            if !has_more {
                return Ok(changed);
            }
        }
    }
}

/// Several in one argument: no key, skill or number contains the separator.
fn joined<T: ToString>(parts: impl IntoIterator<Item = T>, separator: &str) -> String {
    let parts: Vec<String> = parts.into_iter().map(|part| part.to_string()).collect();
    parts.join(separator)
}

/// A request under way: if its answer is lost, or the caller gives up, the next one asks for it again.
struct Kept<'a> {
    lost: &'a Mutex<Vec<(Uuid, At)>>,
    request: Option<(Uuid, At)>,
}

impl Kept<'_> {
    fn done(mut self) {
        self.request = None;
    }
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        if let Some(request) = self.request.take() {
            let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
            lost.push(request);
        }
    }
}
