//! One history: a node, the people around it, a clock, and what happens to them.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use balie::accounts::sessions::SignedIn;
use balie::coordination::Coordination;
use balie::domain::conversation::{Conversation, Place};
use balie::model::event::{Body, CloseReason, Mode, View};
use balie::model::id::{AgentId, ConversationId, DepartmentKey, SessionId};
use balie::model::record::{PairingMode, Person, PersonRole, Session, SessionKind, Status};
use balie::model::time::{At, Clock, Millis};
use balie::store::{NewPerson, Store};
use balie_loadtest::participant::agent_mind::AgentMind;
use balie_loadtest::participant::compare::log_against_timeline;
use balie_loadtest::participant::fault::Fault;
use balie_loadtest::participant::ledger::Answer;
use balie_loadtest::participant::mind::Mind;
use balie_loadtest::participant::timeline;
use balie_loadtest::participant::visitor_mind::VisitorMind;
use balie_loadtest::participant::wire;
use bytes::Bytes;
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::books::Books;
use super::coordination::Faults;
use super::dice::Dice;
use super::node::{GRACES, Node, Socket, agent_socket, visitor_socket};
use super::people::{Act, Agent, Client, Visitor};

const BEGIN: At = At(1_700_000_000_000);
/// Visitors' tabs; every other one is a second tab of the one before.
const TABS: usize = 6;
/// Longest wait for quiet. Mostly a second will do, but a busy machine may take that for one write.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks for quiet; each is a second of the history.
const LOOK: Duration = Duration::from_millis(4);

pub struct World {
    dice: Dice,
    clock: Clock,
    begun: Instant,
    folder: TempDir,
    /// `None` only while it is started anew.
    node: Option<Node>,
    visitors: Vec<Visitor>,
    agents: Vec<Agent>,
    books: Books,
}

/// What came of an act: the socket, if there still is one, and what was heard.
enum Done {
    Visitor(
        usize,
        Option<Socket<balie::web::visitor::VisitorPeer>>,
        Vec<Bytes>,
    ),
    Agent(
        usize,
        Option<Socket<balie::web::agent::AgentPeer>>,
        Vec<Bytes>,
    ),
}

type Job = Pin<Box<dyn Future<Output = Done> + Send>>;

/// Says frames and reads, in an order left to chance, as a socket's task would come to it.
async fn talk<P: balie::web::socket::Peer>(
    mut socket: Socket<P>,
    says: Vec<String>,
    mut dice: Dice,
) -> (Socket<P>, Vec<Bytes>) {
    let mut frames = Vec::new();
    for text in says {
        if dice.chance(40) {
            frames.extend(socket.read().await);
        }
        frames.extend(socket.say(&text).await);
    }
    if dice.chance(70) {
        frames.extend(socket.read().await);
    }
    (socket, frames)
}

impl World {
    pub async fn begin(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let clock = Clock::manual(BEGIN);
        let folder = tempfile::tempdir().unwrap();
        let node = Node::start(folder.path(), &clock, &mut dice).await;
        let mut agents = Vec::new();
        for (number, role) in [PersonRole::Agent, PersonRole::Agent, PersonRole::Supervisor]
            .into_iter()
            .enumerate()
        {
            agents.push(hired(&node, number, role).await);
        }
        let sales = DepartmentKey::new("sales").unwrap();
        let departments = node.store.departments().await.unwrap();
        let mut sales = departments
            .into_iter()
            .find(|one| one.key == sales)
            .unwrap();
        sales.mode = PairingMode::Offer;
        node.store.save_department(sales).await.unwrap();
        node.desk().settings.refresh().await.unwrap();
        let visitors = (0..TABS)
            .map(|_| Client::new(VisitorMind::new("demo")))
            .collect();
        Self {
            dice,
            clock,
            begun: Instant::now(),
            folder,
            node: Some(node),
            visitors,
            agents,
            books: Books::default(),
        }
    }

    fn node(&self) -> &Node {
        self.node.as_ref().unwrap()
    }

    /// The participants' clock goes with the history's.
    fn now(&self) -> Instant {
        self.begun + (self.clock.now() - BEGIN).duration()
    }

    fn passes(&self, span: Millis) {
        self.clock.advance(span);
        self.node().coordination.nudge();
    }

    pub fn set_faults(&mut self, faults: Faults, failing_appends: usize) {
        self.node().coordination.set_faults(faults);
        self.node().store.set_failing(failing_appends);
    }

    /// A few people act at the same time; then everything promised must hold.
    pub async fn step(&mut self) {
        let span = match self.dice.below(30) {
            0 => Millis(5_000 + self.dice.below(60_000) as i64),
            1..5 => Millis(1_000),
            _ => Millis(self.dice.below(200) as i64),
        };
        self.passes(span);
        let jobs = self.choose();
        let mut tasks = jobs.into_iter().collect::<JoinSet<Done>>();
        while let Some(done) = tasks.join_next().await {
            self.take_in(done.unwrap());
        }
        self.check().await;
    }

    /// The process is killed while people act, and started again.
    pub async fn kill(&mut self) {
        let jobs = self.choose();
        let mut tasks = jobs.into_iter().collect::<JoinSet<Done>>();
        sleep(Duration::from_micros(self.dice.below(3_000) as u64)).await;
        tasks.abort_all();
        // What was heard before the end was heard; the rest is lost with the connections.
        while let Some(done) = tasks.join_next().await {
            if let Ok(done) = done {
                self.take_in(done);
            }
        }
        self.visitors.iter_mut().for_each(Client::lose);
        for agent in &mut self.agents {
            agent.client.lose();
            agent.offers.clear();
        }
        if let Some(node) = self.node.take() {
            node.kill().await;
        }
        let node = Node::start(self.folder.path(), &self.clock, &mut self.dice).await;
        self.node = Some(node);
        self.check().await;
    }

    /// What some of the people do next.
    fn choose(&mut self) -> Vec<Job> {
        let now = self.now();
        let known = self.known();
        let colleagues: Vec<String> = self
            .agents
            .iter()
            .map(|agent| agent.signed_in.person.id.to_string())
            .collect();
        let mut jobs = Vec::new();
        for index in 0..self.visitors.len() {
            self.share_token(index);
            if self.dice.chance(30)
                && let Some(act) = self.visitors[index].decides(&mut self.dice, now)
            {
                jobs.push(self.visitor_job(index, act));
            }
        }
        for index in 0..self.agents.len() {
            let agent = &mut self.agents[index];
            if self.dice.chance(40)
                && let Some(act) = agent.decides(&mut self.dice, now, &known, &colleagues)
            {
                jobs.push(self.agent_job(index, act));
            }
        }
        jobs
    }

    /// A second tab finds the token that the first one keeps.
    fn share_token(&mut self, index: usize) {
        if index % 2 == 1 && self.visitors[index].mind.token.is_none() {
            self.visitors[index].mind.token = self.visitors[index - 1].mind.token.clone();
        }
    }

    fn known(&self) -> Vec<wire::ConversationId> {
        let minds = self.visitors.iter().map(|visitor| &visitor.mind);
        let known: BTreeSet<_> = minds
            .flat_map(|mind| mind.memory().timelines.keys())
            .collect();
        known.into_iter().copied().collect()
    }

    fn visitor_job(&mut self, index: usize, act: Act) -> Job {
        let web = Arc::clone(&self.node().web);
        let dice = self.dice.fork();
        let visitor = &mut self.visitors[index];
        match act {
            Act::Connect(hello) => Box::pin(async move {
                let (socket, frames) = visitor_socket(web, hello).await;
                Done::Visitor(index, socket, frames)
            }),
            Act::Talk(says) => {
                let socket = visitor.socket.take().unwrap();
                Box::pin(async move {
                    let (socket, frames) = talk(socket, says, dice).await;
                    Done::Visitor(index, Some(socket), frames)
                })
            }
            Act::Leave => {
                let socket = visitor.socket.take().unwrap();
                visitor.lose();
                Box::pin(async move {
                    socket.leave().await;
                    Done::Visitor(index, None, Vec::new())
                })
            }
        }
    }

    fn agent_job(&mut self, index: usize, act: Act) -> Job {
        let web = Arc::clone(&self.node().web);
        let dice = self.dice.fork();
        let agent = &mut self.agents[index];
        match act {
            Act::Connect(hello) => {
                let signed_in = Arc::clone(&agent.signed_in);
                Box::pin(async move {
                    let (socket, frames) = agent_socket(web, signed_in, hello).await;
                    Done::Agent(index, socket, frames)
                })
            }
            Act::Talk(says) => {
                let socket = agent.client.socket.take().unwrap();
                Box::pin(async move {
                    let (socket, frames) = talk(socket, says, dice).await;
                    Done::Agent(index, Some(socket), frames)
                })
            }
            Act::Leave => {
                let socket = agent.client.socket.take().unwrap();
                agent.client.lose();
                agent.offers.clear();
                Box::pin(async move {
                    socket.leave().await;
                    Done::Agent(index, None, Vec::new())
                })
            }
        }
    }

    fn take_in(&mut self, done: Done) {
        let now = self.now();
        match done {
            Done::Visitor(index, socket, frames) => {
                self.visitors[index].hear(frames, now);
                self.visitors[index].socket = socket;
            }
            Done::Agent(index, socket, frames) => {
                self.agents[index].hear(frames, now);
                self.agents[index].client.socket = socket;
            }
        }
    }

    async fn check(&mut self) {
        let node = self.node.as_mut().unwrap();
        node.check_tasks();
        self.books
            .check(node.store.as_ref(), self.clock.now())
            .await;
        for visitor in &self.visitors {
            check_acks(&self.books, visitor);
        }
        for agent in &self.agents {
            check_acks(&self.books, &agent.client);
        }
    }

    /// Nothing goes wrong any more and everybody comes back: soon everybody knows everything, and nobody waits whom
    /// somebody could serve.
    pub async fn comes_to_rest(&mut self) {
        self.set_faults(Faults::default(), 0);
        let mut unsettled = Vec::new();
        let mut tick = 0;
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            tick += 1;
            self.node().coordination.catch_up().await;
            // As the sweep does every second.
            self.node().desk().look(tick).await.unwrap();
            self.everybody_listens().await;
            unsettled = self.unsettled().await;
            if unsettled.is_empty() {
                self.check().await;
                return self.check_timelines().await;
            }
            self.passes(Millis::seconds(1));
            sleep(LOOK).await;
        }
        for visitor in &self.visitors {
            println!("a visitor's tab:\n{}", visitor.trace());
        }
        for agent in &self.agents {
            println!("{}:\n{}", agent.signed_in.person.name, agent.client.trace());
        }
        panic!("it did not come to rest:\n  {}", unsettled.join("\n  "));
    }

    /// Everybody connects who is not, says what is to be said, accepts what rings, and reads everything.
    async fn everybody_listens(&mut self) {
        let now = self.now();
        for index in 0..self.visitors.len() {
            self.share_token(index);
            let visitor = &mut self.visitors[index];
            let act = match visitor.socket {
                None => Act::Connect(visitor.hello()),
                Some(_) => Act::Talk(visitor.says(now)),
            };
            let done = self.visitor_job(index, act).await;
            self.take_in(done);
            if let Some(socket) = &mut self.visitors[index].socket {
                let frames = socket.read().await;
                self.visitors[index].hear(frames, now);
            }
        }
        for index in 0..self.agents.len() {
            let agent = &mut self.agents[index];
            for conversation in std::mem::take(&mut agent.offers) {
                agent.say(&json!({"t": "accept", "conversation": conversation}));
            }
            let act = match agent.client.socket {
                None => Act::Connect(agent.client.hello()),
                Some(_) => Act::Talk(agent.client.says(now)),
            };
            let done = self.agent_job(index, act).await;
            self.take_in(done);
            if let Some(socket) = &mut self.agents[index].client.socket {
                let frames = socket.read().await;
                self.agents[index].hear(frames, now);
            }
        }
    }

    /// What is still missing before all is quiet.
    async fn unsettled(&self) -> Vec<String> {
        let store = &self.node().store;
        let mut missing = Vec::new();
        for (index, visitor) in self.visitors.iter().enumerate() {
            let memory = visitor.mind.memory();
            if !memory.is_settled() {
                missing.push(format!("tab {index} has no answer: {:?}", memory.missing()));
            }
            let Some(id) = visitor.mind.conversation else {
                continue;
            };
            let known = memory.timelines[&id].last_seq();
            let log = store
                .conversation(ConversationId(id.0))
                .await
                .unwrap()
                .unwrap();
            let present = store
                .conversation_of_visitor(log.visitor, At(0))
                .await
                .unwrap();
            if known != log.visitor_seq || present.is_some_and(|one| one.id.0 != id.0) {
                missing.push(format!(
                    "tab {index} knows {id} up to {known} of {}",
                    log.visitor_seq
                ));
            }
        }
        for agent in &self.agents {
            missing.extend(self.unsettled_agent(agent).await);
        }
        missing.extend(self.stranded().await);
        missing
    }

    async fn unsettled_agent(&self, agent: &Agent) -> Vec<String> {
        let (node, mind) = (self.node(), &agent.client.mind);
        let (id, name) = (agent.signed_in.person.id, &agent.signed_in.person.name);
        let mut missing = Vec::new();
        // What is said of a conversation that was shut need not come.
        let is_followed = |fault: &Fault| {
            let follows = |id| mind.owned.contains(&id) || mind.opened.contains(&id);
            fault.conversation.is_some_and(follows)
        };
        let mut awaited = mind.memory().missing();
        awaited.retain(is_followed);
        let is_answered = mind.memory().is_live && mind.memory().outbox.is_empty();
        if !is_answered || !awaited.is_empty() {
            missing.push(format!("{name} has no answer: {awaited:?}"));
        }
        let cards = node.store.conversations_of_agent(id).await.unwrap();
        let owned: BTreeSet<_> = cards.iter().map(|card| card.conversation.id.0).collect();
        let shown: BTreeSet<_> = mind
            .owned
            .iter()
            .map(|conversation| conversation.0)
            .collect();
        if owned != shown {
            missing.push(format!("{name} owns {owned:?} and is shown {shown:?}"));
        }
        for conversation in mind.owned.iter().chain(&mind.opened) {
            let log = node
                .store
                .conversation(ConversationId(conversation.0))
                .await
                .unwrap();
            let (known, seq) = (
                mind.memory().timelines[conversation].last_seq(),
                log.map_or(0, |log| log.seq),
            );
            if known != seq {
                missing.push(format!(
                    "{name} knows {conversation} up to {known} of {seq}"
                ));
            }
        }
        let rings = node.coordination.ringing_at(id).await.unwrap().len();
        let load = node.coordination.load(id).await.unwrap() as usize;
        if rings > 0 || load != owned.len() {
            missing.push(format!(
                "{name} has load {load} with {} owned, {rings} ring",
                owned.len()
            ));
        }
        missing
    }

    /// Those who wait although somebody online has room for them and has not declined.
    async fn stranded(&self) -> Vec<String> {
        let node = self.node();
        let mut free = Vec::new();
        for agent in &self.agents {
            let person = node
                .store
                .person(agent.signed_in.person.id)
                .await
                .unwrap()
                .unwrap();
            let owned = node
                .store
                .conversations_of_agent(person.id)
                .await
                .unwrap()
                .len();
            if person.status == Status::Online && owned < usize::from(person.capacity) {
                free.push(person);
            }
        }
        let open = node.store.open_conversations().await.unwrap();
        let waiting = open
            .iter()
            .filter(|one| matches!(one.place, Place::Waiting { .. }));
        waiting
            .filter_map(|one| {
                let could = |agent: &&Person| {
                    agent.departments.contains(&one.department)
                        && !node.coordination.has_declined(one.id, agent.id)
                };
                let agent = free.iter().find(could)?;
                Some(format!("{} waits although {} is free", one.id, agent.name))
            })
            .collect()
    }

    /// What everybody was shown is the log, in their view, word for word.
    async fn check_timelines(&self) {
        let store = self.node().store.as_ref();
        for visitor in &self.visitors {
            for (id, seen) in &visitor.mind.memory().timelines {
                let mut seen = seen.clone();
                if visitor.mind.conversation != Some(*id) {
                    seen.unfollow();
                }
                let log = Books::as_read(store, ConversationId(id.0), View::Visitor).await;
                let faults = log_against_timeline(timeline::View::Visitor, &log, &seen, *id);
                assert!(faults.is_empty(), "{faults:?}");
            }
        }
        for agent in &self.agents {
            let mind = &agent.client.mind;
            for (id, seen) in &mind.memory().timelines {
                let mut seen = seen.clone();
                if !mind.owned.contains(id) && !mind.opened.contains(id) {
                    seen.unfollow();
                }
                let log = Books::as_read(store, ConversationId(id.0), View::Agent).await;
                let faults = log_against_timeline(timeline::View::Agent, &log, &seen, *id);
                assert!(
                    faults.is_empty(),
                    "{}: {faults:?}",
                    agent.signed_in.person.name
                );
            }
        }
    }

    /// Everybody goes at the same moment and nobody comes back: what waits is abandoned, what is served goes back into
    /// the line first, and nothing stays open but the messages that were left.
    pub async fn everybody_goes(&mut self) {
        let gone_at = self.clock.now();
        let open = self.node().store.open_conversations().await.unwrap();
        for visitor in &mut self.visitors {
            let socket = visitor.socket.take().unwrap();
            visitor.lose();
            socket.leave().await;
        }
        for agent in &mut self.agents {
            let socket = agent.client.socket.take().unwrap();
            agent.client.lose();
            socket.leave().await;
        }
        let mut tick = 0;
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            tick += 1;
            self.passes(Millis::seconds(1));
            sleep(LOOK).await;
            let node = self.node();
            // The sweep: the clock runs so fast that news may come later than coordination remembers.
            node.desk().look(tick).await.unwrap();
            let open = node.store.open_conversations().await.unwrap();
            let placed = node.coordination.placed().await.unwrap();
            let is_over = open.iter().all(is_left_message) && placed.len() == open.len();
            if is_over {
                break;
            }
        }
        let mut left = self.node().store.open_conversations().await.unwrap();
        left.retain(|one| !is_left_message(one));
        assert!(left.is_empty(), "still open with nobody there: {left:?}");
        self.check().await;
        let (messages, live): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|one| one.mode == Mode::Message);
        for one in &messages {
            let now = self.node().store.conversation(one.id).await.unwrap();
            assert!(
                now.is_some_and(|now| is_left_message(&now)),
                "given up: {one:?}"
            );
        }
        for one in live {
            let log = self.books.log(one.id);
            let waited = log.iter().rev().find_map(|(_, event)| match event.body {
                Body::Closed {
                    reason: CloseReason::Abandoned,
                    waited_ms,
                    ..
                } => waited_ms,
                _ => None,
            });
            let closed_at = log.last().unwrap().1.at;
            match one.place {
                Place::Waiting { since } => {
                    assert_eq!(
                        waited,
                        Some(gone_at - since),
                        "measured to when the socket went"
                    );
                    assert!(closed_at >= gone_at + GRACES.visitor);
                }
                Place::Served { .. } => {
                    let requeued = log.iter().rev().find_map(|(_, event)| match event.body {
                        Body::Requeued { enqueued_at, .. } => Some((event.at, enqueued_at)),
                        _ => None,
                    });
                    let (requeued_at, enqueued_at) = requeued.unwrap();
                    assert!(requeued_at >= gone_at + GRACES.agent);
                    assert_eq!(enqueued_at, one.enqueued_at);
                    assert!(closed_at >= requeued_at + GRACES.visitor);
                }
                Place::Closed { .. } => unreachable!("it was open"),
            }
        }
        let lines = self.node().coordination.lines(0).await.unwrap();
        let in_line: u64 = lines.iter().map(|line| line.live + line.messages).sum();
        assert_eq!(in_line, messages.len() as u64);
        self.node.take().unwrap().kill().await;
    }
}

/// In line without anybody there.
fn is_left_message(conversation: &Conversation) -> bool {
    conversation.mode == Mode::Message && matches!(conversation.place, Place::Waiting { .. })
}

/// Everything acknowledged is in the log.
fn check_acks<M: Mind, P>(books: &Books, client: &Client<M, P>) {
    for (cmd, _, _) in &client.commands {
        if let Some(Answer::Ack(ack)) = client.mind.memory().answer(*cmd) {
            books.check_ack(&ack);
        }
    }
}

pub async fn hired(node: &Node, number: usize, role: PersonRole) -> Agent {
    let id = AgentId::fresh();
    let person = NewPerson {
        id,
        email: format!("agent{number}@example.com"),
        name: format!("Agent {number}"),
        role,
        departments: ["support", "sales"]
            .map(|key| DepartmentKey::new(key).unwrap())
            .to_vec(),
        skills: Vec::new(),
        capacity: 2,
        password_hash: "not a hash".to_owned(),
    };
    node.store.create_person(person, BEGIN).await.unwrap();
    let person = node.store.person(id).await.unwrap().unwrap();
    let session = Session {
        id: SessionId::fresh(),
        person: id,
        kind: SessionKind::Token,
        secret_hash: [u8::try_from(number).unwrap(); 32],
        label: String::new(),
        created_at: BEGIN,
        seen_at: BEGIN,
        expires_at: None,
    };
    node.store.create_session(session.clone()).await.unwrap();
    Agent {
        client: Client::new(AgentMind::default()),
        signed_in: Arc::new(SignedIn { session, person }),
        offers: BTreeSet::new(),
    }
}
