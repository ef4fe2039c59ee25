//! An agent as tests and the load tester hold one.
//!
//! ```no_run
//! # use balie_loadtest::participant::{agent::Agent, fault::Trouble};
//! # async fn example(url: &str, api_token: &str) -> Result<(), Trouble> {
//! let mut ben = Agent::connect(url, api_token).await?;
//! ben.online(3).await?;
//! let conversation = ben.next_assigned().await?;
//! ben.send(conversation, "I will look.").await?;
//! ben.end(conversation).await?;
//! ben.finish().await
//! # }
//! ```

use std::net::IpAddr;

use serde_json::{Value, json};

use super::agent_mind::AgentMind;
use super::compare;
use super::dial::Dial;
use super::driver::Manner;
use super::fault::Trouble;
use super::handle::Participant;
use super::ledger::Deed;
use super::mind::{Frame, Mind, Tap};
use super::wire::{Ack, CommandId, ConversationId, Event};

pub type Agent = Participant<AgentMind>;

/// How an agent is to come; [`Agent::of`] begins one.
pub struct AgentBuilder {
    dial: Dial,
    mind: AgentMind,
    manner: Manner,
}

impl AgentBuilder {
    /// Signs in with the cookie of a session (the value of `balie_session`) instead of an API token, from the server's own origin.
    #[must_use]
    pub fn session(mut self, cookie: &str) -> Self {
        let origin = self.dial.origin();
        let dial = self.dial.without_header("authorization");
        self.dial = dial
            .with_header("cookie", &format!("balie_session={cookie}"))
            .with_header("origin", &origin);
        self
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.dial = self.dial.with_header(name, value);
        self
    }

    #[must_use]
    pub fn without_header(mut self, name: &str) -> Self {
        self.dial = self.dial.without_header(name);
        self
    }

    /// Comes from this address.
    #[must_use]
    pub fn source(mut self, source: IpAddr) -> Self {
        self.dial = self.dial.with_source(source);
        self
    }

    /// Comes back after every cut, with the same status, until told to stop.
    #[must_use]
    pub fn keeps_going(mut self) -> Self {
        self.manner.keeps_going = true;
        self
    }

    #[must_use]
    pub fn patience_ms(mut self, patience_ms: u64) -> Self {
        self.manner.patience_ms = patience_ms;
        self
    }

    /// Under load: frames are checked and told to the tap, and not kept for a script.
    #[must_use]
    pub fn tap(mut self, tap: Tap) -> Self {
        self.mind.memory_mut().tap = Some(tap);
        self.mind.memory_mut().keeps_frames = false;
        self
    }

    /// Connects and waits for `welcome`.
    ///
    /// # Errors
    /// Why it did not come.
    pub async fn connect(self) -> Result<Agent, Trouble> {
        Participant::begin(self.mind, self.dial, self.manner)
            .welcomed()
            .await
    }
}

impl Agent {
    /// The agent of an API token, on the server at `url`.
    ///
    /// # Errors
    /// [`Trouble::Setting`] for an address that cannot be used.
    pub fn of(url: &str, api_token: &str) -> Result<AgentBuilder, Trouble> {
        let dial = Dial::new(url)?.with_header("authorization", &format!("Bearer {api_token}"));
        Ok(AgentBuilder {
            dial,
            mind: AgentMind::default(),
            manner: Manner::default(),
        })
    }

    /// Connects with everything as usual; the agent is away then.
    ///
    /// # Errors
    /// Why there was no `welcome`.
    pub async fn connect(url: &str, api_token: &str) -> Result<Agent, Trouble> {
        Agent::of(url, api_token)?.connect().await
    }

    #[must_use]
    pub fn id(&self) -> String {
        self.with(|mind| mind.me.clone().unwrap_or_default())
    }

    /// The conversations that are this agent's.
    #[must_use]
    pub fn owned(&self) -> Vec<ConversationId> {
        self.with(|mind| mind.owned.iter().copied().collect())
    }

    /// Says the status, and waits until the server repeats it. It is said again after each reconnect.
    ///
    /// # Errors
    /// As [`Participant::until`].
    pub async fn status(&mut self, status: &str, capacity: Option<u64>) -> Result<(), Trouble> {
        let keeps_frames = self.with(|mind| {
            mind.wanted_status = Some((status.to_owned(), capacity));
            mind.say_status();
            mind.memory().keeps_frames
        });
        if !keeps_frames {
            // Commands of one socket take effect in the order sent, so the answer to a later ping is an answer to this too.
            return self.ping().await;
        }
        let me = self.id();
        let is_it = |frame: &Frame| {
            let says = |field: &str| frame.json.get(field).cloned().unwrap_or_default();
            let fits_capacity = capacity.is_none_or(|capacity| says("capacity") == json!(capacity));
            frame.is("agent")
                && says("id") == json!(me)
                && says("status") == json!(status)
                && fits_capacity
        };
        self.expect_frame(&format!("to be {status}"), is_it)
            .await
            .map(|_| ())
    }

    /// Online, with room for so many.
    ///
    /// # Errors
    /// As [`Participant::until`].
    pub async fn online(&mut self, capacity: u64) -> Result<(), Trouble> {
        self.status("online", Some(capacity)).await
    }

    /// Waits for the next `assigned` frame.
    ///
    /// # Errors
    /// As [`Participant::until`].
    pub async fn next_assigned(&mut self) -> Result<ConversationId, Trouble> {
        let frame = self.expect_type("assigned").await?;
        conversation_of(&frame)
    }

    /// Waits for the next `offer`.
    ///
    /// # Errors
    /// As [`Participant::until`].
    pub async fn next_offer(&mut self) -> Result<ConversationId, Trouble> {
        let frame = self.expect_type("offer").await?;
        conversation_of(&frame)
    }

    /// Waits for `unassigned` of this conversation, and gives the reason.
    ///
    /// # Errors
    /// As [`Participant::until`].
    pub async fn unassigned(&mut self, conversation: ConversationId) -> Result<String, Trouble> {
        let is_it = |frame: &Frame| {
            frame.is("unassigned") && frame.json.get("conversation") == Some(&json!(conversation))
        };
        let frame = self.expect_frame("`unassigned`", is_it).await?;
        Ok(frame
            .json
            .get("reason")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned())
    }

    /// Accepts an offer. The answer is an `assigned` or an `error` frame.
    pub fn accept(&self, conversation: ConversationId) {
        self.say_raw(json!({"t": "accept", "conversation": conversation}).to_string());
    }

    pub fn decline(&self, conversation: ConversationId) {
        self.say_raw(json!({"t": "decline", "conversation": conversation}).to_string());
    }

    /// Follows a log, and waits for `opened`.
    ///
    /// # Errors
    /// The refusal, or as [`Participant::until`].
    pub async fn open(
        &mut self,
        conversation: ConversationId,
        after: Option<u64>,
    ) -> Result<Value, Trouble> {
        self.with(|mind| mind.open(conversation, after));
        let is_answer = |frame: &Frame| {
            let is_refusal = frame.is("error") && frame.json.get("re") == Some(&json!("open"));
            (frame.is("opened") || is_refusal)
                && frame.json.get("conversation") == Some(&json!(conversation))
        };
        let frame = self.expect_frame("`opened`", is_answer).await?;
        if frame.is("opened") {
            return Ok(frame.json);
        }
        let refusal = serde_json::from_value(frame.json)
            .map_err(|problem| Trouble::Setting(problem.to_string()))?;
        Err(Trouble::Refused(Box::new(refusal)))
    }

    /// Stops following a log that was opened.
    pub fn shut(&self, conversation: ConversationId) {
        self.with(|mind| mind.shut(conversation));
    }

    /// Gives a command to be said, and does not wait for the answer. `fields` are those of the frame besides `t`, `cmd` and
    /// `conversation`.
    pub fn command(&self, deed: Deed, conversation: ConversationId, fields: Value) -> CommandId {
        let cmd = CommandId::fresh();
        self.command_as(cmd, deed, conversation, fields);
        cmd
    }

    /// As [`Agent::command`], under an id of one's own choice.
    pub fn command_as(
        &self,
        cmd: CommandId,
        deed: Deed,
        conversation: ConversationId,
        mut fields: Value,
    ) {
        fields["conversation"] = json!(conversation);
        self.with(|mind| {
            mind.memory_mut()
                .command_as(cmd, deed, Some(conversation), fields)
        });
    }

    /// # Errors
    /// The refusal, or as [`Participant::until`].
    pub async fn send(&mut self, conversation: ConversationId, text: &str) -> Result<Ack, Trouble> {
        let cmd = self.send_later(conversation, text);
        self.answer(cmd).await
    }

    /// Sends as soon as the commands of this conversation before it are answered.
    pub fn send_later(&self, conversation: ConversationId, text: &str) -> CommandId {
        self.command(Deed::Send, conversation, json!({"text": text}))
    }

    /// # Errors
    /// As [`Agent::send`].
    pub async fn note(&mut self, conversation: ConversationId, text: &str) -> Result<Ack, Trouble> {
        let cmd = self.command(Deed::Note, conversation, json!({"text": text}));
        self.answer(cmd).await
    }

    /// # Errors
    /// As [`Agent::send`].
    pub async fn transfer_to_agent(
        &mut self,
        conversation: ConversationId,
        agent: &str,
        note: Option<&str>,
    ) -> Result<Ack, Trouble> {
        self.transfer(conversation, json!({"agent": agent}), note)
            .await
    }

    /// # Errors
    /// As [`Agent::send`].
    pub async fn transfer_to_department(
        &mut self,
        conversation: ConversationId,
        department: &str,
        note: Option<&str>,
    ) -> Result<Ack, Trouble> {
        self.transfer(conversation, json!({"department": department}), note)
            .await
    }

    async fn transfer(
        &mut self,
        conversation: ConversationId,
        to: Value,
        note: Option<&str>,
    ) -> Result<Ack, Trouble> {
        let fields = note.map_or_else(|| json!({"to": to}), |note| json!({"to": to, "note": note}));
        let cmd = self.command(Deed::Transfer, conversation, fields);
        self.answer(cmd).await
    }

    /// # Errors
    /// As [`Agent::send`].
    pub async fn take(&mut self, conversation: ConversationId) -> Result<Ack, Trouble> {
        let cmd = self.command(Deed::Take, conversation, json!({}));
        self.answer(cmd).await
    }

    /// Says `close` of a conversation. (`close` alone would close the socket.)
    ///
    /// # Errors
    /// As [`Agent::send`].
    pub async fn end(&mut self, conversation: ConversationId) -> Result<Ack, Trouble> {
        self.end_with_tags(conversation, &[]).await
    }

    /// # Errors
    /// As [`Agent::send`].
    pub async fn end_with_tags(
        &mut self,
        conversation: ConversationId,
        tags: &[&str],
    ) -> Result<Ack, Trouble> {
        let cmd = self.command(Deed::Close, conversation, json!({"tags": tags}));
        self.answer(cmd).await
    }

    pub fn typing(&self, conversation: ConversationId, on: bool) {
        self.say_raw(json!({"t": "typing", "conversation": conversation, "on": on}).to_string());
    }

    pub fn read(&self, conversation: ConversationId, seq: u64) {
        self.say_raw(json!({"t": "read", "conversation": conversation, "seq": seq}).to_string());
    }

    /// Asks for the departments' live figures, or stops them. Asked for again after each reconnect.
    pub fn lanes(&self, on: bool) {
        self.with(|mind| {
            mind.wants_lanes = on;
            mind.memory_mut()
                .say
                .push(json!({"t": "lanes", "on": on}).to_string());
        });
    }

    /// A conversation as HTTP gives it to this agent.
    ///
    /// # Errors
    /// No good answer.
    pub async fn read_log(&self, conversation: ConversationId) -> Result<Vec<Event>, Trouble> {
        compare::read_log(&self.dial, conversation).await
    }
}

fn conversation_of(frame: &Frame) -> Result<ConversationId, Trouble> {
    let id = frame.json.get("conversation").cloned().unwrap_or_default();
    serde_json::from_value(id)
        .map_err(|problem| Trouble::Setting(format!("{problem} in {}", frame.json)))
}
