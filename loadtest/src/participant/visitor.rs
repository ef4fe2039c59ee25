//! A visitor as tests and the load tester hold one.
//!
//! ```no_run
//! # use balie_loadtest::participant::{fault::Trouble, visitor::Visitor};
//! # async fn example(url: &str) -> Result<(), Trouble> {
//! let mut ana = Visitor::connect(url, "demo").await?;
//! ana.start("Where is my parcel?").await?;
//! ana.expect_kind("assigned").await?;
//! ana.send("It was due on Monday.").await?;
//! ana.expect_event(|event| event.text() == Some("I will look.")).await?;
//! ana.finish().await
//! # }
//! ```

use std::net::IpAddr;

use serde_json::{Value, json};

use super::compare;
use super::dial::Dial;
use super::driver::Manner;
use super::fault::Trouble;
use super::handle::Participant;
use super::ledger::Deed;
use super::mind::{Mind, Tap};
use super::visitor_mind::VisitorMind;
use super::wire::{Ack, CommandId, ConversationId, Event};

pub type Visitor = Participant<VisitorMind>;

/// How a visitor is to come; [`Visitor::of`] begins one.
pub struct VisitorBuilder {
    dial: Dial,
    mind: VisitorMind,
    manner: Manner,
}

impl VisitorBuilder {
    /// Comes back as whoever this token names.
    #[must_use]
    pub fn token(mut self, token: &str) -> Self {
        self.mind.token = Some(token.to_owned());
        self
    }

    /// With an identity that the site signed.
    #[must_use]
    pub fn identity(mut self, identity: &str) -> Self {
        self.mind.identity = Some(identity.to_owned());
        self
    }

    /// Knows this conversation, and wants what comes after a `seq`.
    #[must_use]
    pub fn after(mut self, conversation: ConversationId, after: u64) -> Self {
        self.mind.conversation = Some(conversation);
        self.mind.after_once = Some(after);
        self
    }

    /// More or other fields of `hello`, as an object.
    #[must_use]
    pub fn hello_fields(mut self, fields: Value) -> Self {
        if let (Value::Object(known), Value::Object(fields)) = (&mut self.mind.hello_fields, fields)
        {
            known.extend(fields);
        }
        self
    }

    /// Another `Origin` than the server's own.
    #[must_use]
    pub fn origin(mut self, origin: &str) -> Self {
        self.dial = self.dial.with_header("origin", origin);
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

    /// Comes back after every cut until told to stop.
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

    /// 0 for a visitor who never says `ping`.
    #[must_use]
    pub fn ping_every_ms(mut self, ping_every_ms: u64) -> Self {
        self.manner.ping_every_ms = ping_every_ms;
        self
    }

    /// Under load: frames are checked and told to the tap, and not kept for a script.
    #[must_use]
    pub fn tap(mut self, tap: Tap) -> Self {
        self.mind.memory_mut().tap = Some(tap);
        self.forgets_frames()
    }

    /// Frames are checked and not kept for a script.
    #[must_use]
    pub fn forgets_frames(mut self) -> Self {
        self.mind.memory_mut().keeps_frames = false;
        self
    }

    /// Connects and waits for `welcome`.
    ///
    /// # Errors
    /// Why it did not come.
    pub async fn connect(self) -> Result<Visitor, Trouble> {
        Participant::begin(self.mind, self.dial, self.manner)
            .welcomed()
            .await
    }
}

impl Visitor {
    /// A visitor of `site` on the server at `url`.
    ///
    /// # Errors
    /// [`Trouble::Setting`] for an address that cannot be used.
    pub fn of(url: &str, site: &str) -> Result<VisitorBuilder, Trouble> {
        let dial = Dial::new(url)?;
        let origin = dial.origin();
        Ok(VisitorBuilder {
            dial: dial.with_header("origin", &origin),
            mind: VisitorMind::new(site),
            manner: Manner::default(),
        })
    }

    /// A new visitor with everything as usual.
    ///
    /// # Errors
    /// Why there was no `welcome`.
    pub async fn connect(url: &str, site: &str) -> Result<Visitor, Trouble> {
        Visitor::of(url, site)?.connect().await
    }

    /// Another tab of the same visitor, which knows only the token.
    ///
    /// # Errors
    /// As [`Visitor::connect`].
    pub async fn another_tab(&self, site: &str) -> Result<Visitor, Trouble> {
        let mut mind = VisitorMind::new(site);
        mind.token = Some(self.token());
        Participant::begin(mind, self.dial.clone(), self.manner.clone())
            .welcomed()
            .await
    }

    /// The token of the last `welcome`.
    #[must_use]
    pub fn token(&self) -> String {
        self.with(|mind| mind.token.clone().unwrap_or_default())
    }

    #[must_use]
    pub fn id(&self) -> String {
        self.with(|mind| mind.visitor.clone().unwrap_or_default())
    }

    /// The conversation that the last `welcome` named or that began since.
    #[must_use]
    pub fn conversation(&self) -> Option<ConversationId> {
        self.with(|mind| mind.conversation)
    }

    /// Gives a command to be said, and does not wait for the answer. `fields` are those of the frame besides `t` and `cmd`.
    pub fn command(&self, deed: Deed, fields: Value) -> CommandId {
        self.with(|mind| mind.memory_mut().command(deed, None, fields))
    }

    /// As [`Visitor::command`], under an id of one's own choice.
    pub fn command_as(&self, cmd: CommandId, deed: Deed, fields: Value) {
        self.with(|mind| mind.memory_mut().command_as(cmd, deed, None, fields));
    }

    /// Begins a conversation with a first message.
    ///
    /// # Errors
    /// The refusal, or as [`Participant::until`].
    pub async fn start(&mut self, text: &str) -> Result<Ack, Trouble> {
        self.start_with(json!({"text": text})).await
    }

    /// Begins a conversation; `fields` are those of the `start` frame (`department`, `fields`, `needs`, `mode`, `text`).
    ///
    /// # Errors
    /// As [`Visitor::start`].
    pub async fn start_with(&mut self, mut fields: Value) -> Result<Ack, Trouble> {
        if fields.get("fields").is_none() {
            fields["fields"] = json!({});
        }
        let cmd = self.command(Deed::Start, fields);
        self.answer(cmd).await
    }

    /// # Errors
    /// As [`Visitor::start`].
    pub async fn send(&mut self, text: &str) -> Result<Ack, Trouble> {
        let cmd = self.send_later(text);
        self.answer(cmd).await
    }

    /// Sends as soon as the commands before it are answered.
    pub fn send_later(&self, text: &str) -> CommandId {
        self.command(Deed::Send, json!({"text": text}))
    }

    /// # Errors
    /// As [`Visitor::start`].
    pub async fn leave(&mut self) -> Result<Ack, Trouble> {
        let cmd = self.command(Deed::Leave, json!({}));
        self.answer(cmd).await
    }

    /// # Errors
    /// As [`Visitor::start`].
    pub async fn rate(&mut self, score: u8, comment: Option<&str>) -> Result<Ack, Trouble> {
        let fields = comment.map_or_else(
            || json!({"score": score}),
            |comment| json!({"score": score, "comment": comment}),
        );
        let cmd = self.command(Deed::Rate, fields);
        self.answer(cmd).await
    }

    pub fn typing(&self, on: bool) {
        self.say_raw(json!({"t": "typing", "on": on}).to_string());
    }

    pub fn typing_preview(&self, preview: &str) {
        self.say_raw(json!({"t": "typing", "on": true, "preview": preview}).to_string());
    }

    pub fn read(&self, seq: u64) {
        self.say_raw(json!({"t": "read", "seq": seq}).to_string());
    }

    pub fn page(&self, url: &str, title: &str) {
        self.say_raw(json!({"t": "page", "url": url, "title": title}).to_string());
    }

    /// Waits until an agent has the conversation, and gives the agent's id.
    ///
    /// # Errors
    /// As [`Participant::until`].
    pub async fn agent(&mut self) -> Result<String, Trouble> {
        self.until("an agent", |mind| {
            let timeline = mind.memory().timelines.get(&mind.conversation?)?;
            timeline.story().owner().map(str::to_owned)
        })
        .await
    }

    /// The present conversation as HTTP gives it to this visitor.
    ///
    /// # Errors
    /// No conversation yet, or no good answer.
    pub async fn read_log(&self) -> Result<Vec<Event>, Trouble> {
        let none = || Trouble::Setting("this visitor has no conversation".into());
        let dial = self
            .dial
            .clone()
            .with_header("authorization", &format!("Bearer {}", self.token()));
        compare::read_log(&dial, self.conversation().ok_or_else(none)?).await
    }
}
