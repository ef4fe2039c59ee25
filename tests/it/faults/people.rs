//! Who comes to the desk while everything fails: they chat like people, check every frame, and write down what they were told.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use balie_loadtest::participant::agent::Agent;
use balie_loadtest::participant::compare::log_against_timeline;
use balie_loadtest::participant::fault::Trouble;
use balie_loadtest::participant::handle::Participant;
use balie_loadtest::participant::mind::Mind;
use balie_loadtest::participant::timeline::View;
use balie_loadtest::participant::visitor::Visitor;
use balie_loadtest::participant::wire::{Ack, ConversationId};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::dice::Dice;
use super::world::World;
use crate::support::eventually;

/// Serve the line for support, in which people come and go.
const SERVING: [&str; 4] = ["ana", "ben", "cas", "dia"];
/// Comes when all is over, to the line for sales, in which people wait all the while.
const LATE: &str = "fay";
const PASSERS_BY: usize = 8;
const IN_LINE: usize = 4;
/// Longer than anything takes once everything is healed, on any machine; whoever waits longer is stranded.
const STRANDED_MS: u64 = 180_000;
/// Participants themselves wait longer: when a history fails everybody is still there, to tell what they wait for.
const PATIENCE_MS: u64 = 900_000;

/// Something that was acknowledged.
#[derive(Clone, Debug)]
pub struct Act {
    /// The visitor or agent.
    pub by: Uuid,
    pub ack: Ack,
    /// What was said, where something was.
    pub text: Option<String>,
}

/// What participants were told.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// In each participant's own order.
    pub acts: Vec<Act>,
    /// Those who waited through it all, in the order they came.
    pub line: Vec<ConversationId>,
}

/// Everybody at the desk.
#[derive(Default)]
pub struct People {
    record: Arc<Mutex<Told>>,
    /// Nobody comes anew.
    is_closing: Arc<AtomicBool>,
    /// Nobody is left to be served.
    is_over: Arc<AtomicBool>,
    /// The ids of those who serve.
    colleagues: Vec<String>,
    acquaintances: Vec<Acquaintance>,
    visitors: JoinSet<()>,
    line: JoinSet<()>,
    agents: JoinSet<()>,
    late: Option<Agent>,
}

/// A participant, as seen by the others.
struct Acquaintance {
    /// What they do here, and their id.
    who: String,
    scissors: Box<dyn Fn() + Send + Sync>,
    account: Box<dyn Fn() -> String + Send + Sync>,
}

/// What one participant needs to know of all.
struct Place {
    record: Arc<Mutex<Told>>,
    is_closing: Arc<AtomicBool>,
    is_over: Arc<AtomicBool>,
    colleagues: Vec<String>,
    dice: Dice,
}

impl Place {
    fn note(&self, by: &str, text: Option<&str>, outcome: Result<Ack, Trouble>) {
        match outcome {
            Ok(ack) => self.record.lock().unwrap().acts.push(Act {
                by: by.parse().unwrap(),
                ack,
                text: text.map(str::to_owned),
            }),
            // Somebody else was quicker: honest, and final.
            Err(Trouble::Refused(_)) => {}
            Err(trouble) => panic!("{by} could not go on: {trouble}"),
        }
    }

    /// Words that nobody else says.
    fn words(&self, about: &str) -> String {
        format!("{about} {}", Uuid::new_v4())
    }
}

async fn comes(world: &World) -> Visitor {
    let builder = Visitor::of(&world.url(), "demo").unwrap();
    let builder = builder.keeps_going().patience_ms(PATIENCE_MS);
    // A server that is stopped says nothing.
    builder.ping_every_ms(2_000).connect().await.unwrap()
}

async fn at_the_desk(world: &World, person: &str) -> Agent {
    let token = world.nodes[0].token_of(person);
    let builder = Agent::of(&world.url(), token).unwrap();
    let builder = builder.keeps_going().patience_ms(PATIENCE_MS);
    builder.connect().await.unwrap()
}

impl People {
    /// Everybody comes.
    pub async fn come(&mut self, world: &World, dice: &mut Dice) {
        let mut agents = Vec::new();
        for person in SERVING {
            let mut agent = at_the_desk(world, person).await;
            self.meets(person, &agent.id(), &agent);
            agent.online(2).await.unwrap();
            self.colleagues.push(agent.id());
            agents.push(agent);
        }
        for agent in agents {
            let place = self.place(dice);
            self.agents.spawn(serves(agent, place));
        }
        for _ in 0..IN_LINE {
            let mut visitor = comes(world).await;
            self.meets("in line", &visitor.id(), &visitor);
            let start = visitor.start_with(json!({"department": "sales", "text": "I have time"}));
            start.await.unwrap();
            // Behind those who came before: nodes agree on the time, but for some milliseconds.
            let stands = visitor.expect_frame("a place", |frame| frame.is("queue"));
            stands.await.unwrap();
            let conversation = visitor.conversation().unwrap();
            self.record.lock().unwrap().line.push(conversation);
            self.line.spawn(waits(visitor));
        }
        for _ in 0..PASSERS_BY {
            let visitor = comes(world).await;
            self.meets("passes by", &visitor.id(), &visitor);
            let place = self.place(dice);
            self.visitors.spawn(visits(visitor, place));
        }
    }

    fn meets<M: Mind>(&mut self, what: &str, id: &str, participant: &Participant<M>) {
        self.acquaintances.push(Acquaintance {
            who: format!("{what} {id}"),
            scissors: participant.scissors(),
            account: participant.account(),
        });
    }

    /// How each of them stands.
    pub fn accounts(&self) -> impl Iterator<Item = String> {
        let told = |one: &Acquaintance| format!("{}: {}", one.who, (one.account)());
        self.acquaintances.iter().map(told)
    }

    fn place(&self, dice: &mut Dice) -> Place {
        Place {
            record: Arc::clone(&self.record),
            is_closing: Arc::clone(&self.is_closing),
            is_over: Arc::clone(&self.is_over),
            colleagues: self.colleagues.clone(),
            dice: dice.fork(),
        }
    }

    /// Half of them lose their connection at this moment.
    pub fn cut_some(&self, dice: &mut Dice) {
        let unlucky = self.acquaintances.iter().filter(|_| dice.chance(50));
        unlucky.for_each(|one| (one.scissors)());
    }

    /// Once everything is healed: nobody comes any more, everybody who is there is served, and the line is.
    pub async fn come_to_an_end(&mut self, world: &World) -> Told {
        self.is_closing.store(true, Ordering::Relaxed);
        // Whoever is just on the way back would be passed over.
        world.all_can_be_served(IN_LINE).await;
        let fay = at_the_desk(world, LATE).await;
        self.meets(LATE, &fay.id(), &fay);
        let fay = self.late.insert(fay);
        sits(fay, "online", Some(1)).await;
        for _ in 0..IN_LINE {
            let next = fay.until_within(STRANDED_MS, "the next in line", |mind| {
                mind.owned.iter().next().copied()
            });
            let conversation = next.await.unwrap();
            let text = "It took a while";
            let ack = fay.send(conversation, text).await.unwrap();
            let by = fay.id().parse().unwrap();
            let text = Some(text.to_owned());
            self.record.lock().unwrap().acts.push(Act { by, ack, text });
            fay.end(conversation).await.unwrap();
            let gone = fay.until_within(STRANDED_MS, "the end of it", |mind| {
                (!mind.owned.contains(&conversation)).then_some(())
            });
            gone.await.unwrap();
        }
        if let Some(fay) = self.late.take() {
            fay.finish().await.unwrap();
        }
        everybody(&mut self.line, "the line").await;
        everybody(&mut self.visitors, "who passes by").await;
        self.is_over.store(true, Ordering::Relaxed);
        everybody(&mut self.agents, "the agents").await;
        let told = self.record.lock().unwrap();
        told.clone()
    }
}

async fn everybody(tasks: &mut JoinSet<()>, who: &str) {
    let ending = async {
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap();
        }
    };
    let longest = Duration::from_millis(STRANDED_MS);
    timeout(longest, ending)
        .await
        .unwrap_or_else(|_| panic!("{who} did not come to an end"));
}

/// Waits in line through everything, is served in the end, and leaves when the chat is over.
async fn waits(mut visitor: Visitor) {
    let conversation = visitor.conversation().unwrap();
    closed(&mut visitor, conversation).await;
    goes(visitor).await;
}

/// Comes, chats, leaves or is told good-bye, rates, and comes again.
async fn visits(mut visitor: Visitor, mut place: Place) {
    while !place.is_closing.load(Ordering::Relaxed) {
        visit(&mut visitor, &mut place).await;
    }
    goes(visitor).await;
}

async fn visit(visitor: &mut Visitor, place: &mut Place) {
    let id = visitor.id();
    let text = place.words("a question");
    let start = visitor.start_with(json!({"department": "support", "text": text}));
    let started = start.await;
    // The end of the chat before may still be on its way; what is waited for is about this one.
    let begun = started.as_ref().map(|ack| ack.conversation).ok();
    let conversation = begun.or(visitor.conversation()).unwrap();
    place.note(&id, Some(&text), started);
    let served = visitor.until("to be served", |mind| {
        let story = mind.memory().timelines.get(&conversation)?.story();
        (story.owner().is_some() || story.is_closed()).then_some(())
    });
    served.await.unwrap();
    for _ in 0..=place.dice.below(4) {
        // Not a wait for anything: people think.
        sleep(Duration::from_millis(place.dice.below(400) as u64)).await;
        let text = place.words("more about it");
        place.note(&id, Some(&text), visitor.send(&text).await);
    }
    if place.dice.chance(40) {
        place.note(&id, None, visitor.leave().await);
    } else {
        closed(visitor, conversation).await;
    }
    if place.dice.chance(30) {
        place.note(&id, None, visitor.rate(4, None).await);
    }
}

/// Waits for the end of the chat.
async fn closed(visitor: &mut Visitor, conversation: ConversationId) {
    let closed = visitor.until("the end of the chat", |mind| {
        let story = mind.memory().timelines.get(&conversation)?.story();
        story.is_closed().then_some(())
    });
    closed.await.unwrap();
}

/// Leaves for good, once what it saw of its last chat is what the server says that there is.
async fn goes(mut visitor: Visitor) {
    visitor.settle(PATIENCE_MS).await.unwrap();
    let conversation = visitor.conversation().unwrap();
    // A request that was on its way while the balancer gave a node up is made again, as any page does.
    let log = eventually("a log to be read", async || visitor.read_log().await.ok()).await;
    // What somebody else said last may be on its way still, and must come.
    let last_seq = log.last().map(|event| event.seq);
    let shown = visitor.until("all that the log has", |mind| {
        let seen = mind.memory().timelines.get(&conversation)?.last_seq();
        (Some(seen) >= last_seq).then_some(())
    });
    shown.await.unwrap();
    let seen = visitor.timeline(conversation).unwrap();
    let faults = log_against_timeline(View::Visitor, &log, &seen, conversation);
    assert_eq!(faults, []);
    visitor.finish().await.unwrap();
}

/// Serves whoever comes, until nobody is left.
async fn serves(mut agent: Agent, mut place: Place) {
    let id = agent.id();
    while !place.is_over.load(Ordering::Relaxed) {
        for frame in agent.take_unread() {
            // Some are missed, as happens.
            if frame.is("offer") && place.dice.chance(85) {
                let conversation = serde_json::from_value(frame.json["conversation"].clone());
                agent.accept(conversation.unwrap());
            }
        }
        if place.dice.chance(3) {
            sits(&mut agent, "away", None).await;
        }
        // Also whoever missed too many offers, or was away for too long, and was set away for it.
        if place.dice.chance(10) {
            sits(&mut agent, "online", Some(2)).await;
        }
        let owned = agent.until_within(200, "somebody", |mind| mind.owned.iter().next().copied());
        match owned.await {
            Ok(conversation) => serve(&mut agent, &id, conversation, &mut place).await,
            Err(Trouble::Deadline { .. }) => {}
            Err(trouble) => panic!("{id} could not go on: {trouble}"),
        }
    }
    agent.settle(PATIENCE_MS).await.unwrap();
    agent.finish().await.unwrap();
}

/// Says it until it is so: while the store is away it is refused.
async fn sits(agent: &mut Agent, status: &str, capacity: Option<u64>) {
    let saying = async {
        loop {
            match timeout(Duration::from_secs(3), agent.status(status, capacity)).await {
                Ok(Ok(())) => return,
                Ok(Err(trouble)) => panic!("{status} could not be said: {trouble}"),
                Err(_again) => {}
            }
        }
    };
    let longest = Duration::from_millis(STRANDED_MS);
    timeout(longest, saying).await.expect("a status is taken");
}

async fn serve(agent: &mut Agent, id: &str, conversation: ConversationId, place: &mut Place) {
    match place.dice.below(20) {
        0..11 => {
            let text = place.words("an answer");
            place.note(id, Some(&text), agent.send(conversation, &text).await);
        }
        11 | 12 => {
            let text = place.words("a word among us");
            place.note(id, Some(&text), agent.note(conversation, &text).await);
        }
        13 | 14 => {
            let handed = agent.transfer_to_department(conversation, "support", None);
            place.note(id, None, handed.await);
        }
        15 => {
            let colleague = place.dice.one_of(&place.colleagues).unwrap();
            let handed = agent.transfer_to_agent(conversation, &colleague, None);
            place.note(id, None, handed.await);
        }
        _ => place.note(id, None, agent.end(conversation).await),
    }
    sleep(Duration::from_millis(place.dice.below(200) as u64)).await;
}
