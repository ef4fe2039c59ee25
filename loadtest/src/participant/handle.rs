//! The handle by which a script or the load tester holds a participant: wait, expect, look, cut, finish.
//!
//! What is common to visitors and agents; their own verbs are in `visitor` and `agent`. Whoever waits is told of the first breach instead, and a
//! handle that is dropped with a breach nobody heard of panics.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::dial::Dial;
use super::driver::{Manner, Order, Shared, drive};
use super::fault::{Breach, Fault, Trouble};
use super::ledger::Answer;
use super::mind::{End, Frame, Memory, Mind};
use super::timeline::Timeline;
use super::wire::{Ack, CommandId, ConversationId, Event};

/// A visitor or an agent on the server.
pub struct Participant<M: Mind> {
    shared: Arc<Shared<M>>,
    task: JoinHandle<()>,
    pub(super) manner: Manner,
    pub(super) dial: Dial,
    /// A fault was handed to the caller, or is not to make a noise.
    is_reported: bool,
}

impl<M: Mind> Participant<M> {
    /// Starts the driver, without waiting for anything.
    pub(super) fn begin(mind: M, dial: Dial, manner: Manner) -> Self {
        let shared = Arc::new(Shared::new(mind));
        let task = tokio::spawn(drive(Arc::clone(&shared), dial.clone(), manner.clone()));
        Self {
            shared,
            task,
            manner,
            dial,
            is_reported: false,
        }
    }

    /// Waits for the first `welcome`.
    pub(super) async fn welcomed(mut self) -> Result<Self, Trouble> {
        match self
            .until("welcome", |mind| (mind.memory().welcomes > 0).then_some(()))
            .await
        {
            Ok(()) => Ok(self),
            Err(trouble) => {
                self.is_reported = true;
                Err(trouble)
            }
        }
    }

    /// Looks at the mind, or changes it and lets the driver act on that.
    pub fn with<R>(&self, act: impl FnOnce(&mut M) -> R) -> R {
        let result = act(&mut self.shared.lock());
        self.shared.wake();
        result
    }

    /// Waits until `ready` gives something, with the usual patience.
    ///
    /// # Errors
    /// The first fault of this participant, the end of its socket, or [`Trouble::Deadline`].
    pub async fn until<R>(
        &mut self,
        what: &str,
        ready: impl FnMut(&mut M) -> Option<R>,
    ) -> Result<R, Trouble> {
        self.until_within(self.manner.patience_ms, what, ready)
            .await
    }

    /// As [`Participant::until`], with a deadline of its own.
    ///
    /// # Errors
    /// As [`Participant::until`].
    pub async fn until_within<R>(
        &mut self,
        within_ms: u64,
        what: &str,
        mut ready: impl FnMut(&mut M) -> Option<R>,
    ) -> Result<R, Trouble> {
        self.shared.begin_to_wait(what);
        let mut changes = self.shared.changes();
        let waiting = async {
            loop {
                {
                    let mut mind = self.shared.lock();
                    if let Some(fault) = mind.memory().faults().first() {
                        return Err(Trouble::Fault(fault.clone()));
                    }
                    if let Some(result) = ready(&mut mind) {
                        return Ok(result);
                    }
                    if let Some(end) = &mind.memory().end {
                        return Err(end.clone().into());
                    }
                }
                if changes.changed().await.is_err() {
                    return Err(Trouble::Setting("the driver is gone".into()));
                }
            }
        };
        let outcome = timeout(Duration::from_millis(within_ms), waiting)
            .await
            .unwrap_or_else(|_| {
                let last = last_frames(self.shared.lock().memory());
                Err(Trouble::Deadline {
                    what: what.to_owned(),
                    waited_ms: within_ms,
                    last,
                })
            });
        if matches!(outcome, Err(Trouble::Fault(_))) {
            self.is_reported = true;
        }
        outcome
    }

    /// Takes the first frame that fits out of those not looked at yet, waiting for it if need be. Those before it stay.
    ///
    /// # Errors
    /// As [`Participant::until`].
    pub async fn expect_frame(
        &mut self,
        what: &str,
        fits: impl Fn(&Frame) -> bool,
    ) -> Result<Frame, Trouble> {
        self.until(what, |mind| take_frame(mind.memory_mut(), &fits))
            .await
    }

    /// As [`Participant::expect_frame`], of a type: `expect_type("queue")`.
    ///
    /// # Errors
    /// As [`Participant::until`].
    pub async fn expect_type(&mut self, frame_type: &str) -> Result<Frame, Trouble> {
        self.expect_frame(&format!("a `{frame_type}` frame"), |frame| {
            frame.is(frame_type)
        })
        .await
    }

    /// Takes the first event that fits out of those not looked at yet, waiting for it if need be.
    ///
    /// # Errors
    /// As [`Participant::until`].
    pub async fn expect_event(&mut self, fits: impl Fn(&Event) -> bool) -> Result<Event, Trouble> {
        let fits = |frame: &Frame| frame.event.as_ref().is_some_and(&fits);
        let frame = self.expect_frame("an event", fits).await?;
        frame
            .event
            .ok_or_else(|| Trouble::Setting("a frame without an event fitted".into()))
    }

    /// The next event of a kind.
    ///
    /// # Errors
    /// As [`Participant::until`].
    pub async fn expect_kind(&mut self, kind: &str) -> Result<Event, Trouble> {
        self.expect_event(|event| event.kind == kind).await
    }

    /// The next event that carries this text.
    ///
    /// # Errors
    /// As [`Participant::until`].
    pub async fn expect_text(&mut self, text: &str) -> Result<Event, Trouble> {
        self.expect_event(|event| event.text() == Some(text)).await
    }

    /// Watches for a while that no such frame comes (nor lies unread).
    ///
    /// # Errors
    /// [`Trouble::Setting`] with the frame, if one came.
    pub async fn expect_none(
        &mut self,
        for_ms: u64,
        fits: impl Fn(&Frame) -> bool,
    ) -> Result<(), Trouble> {
        match self
            .until_within(for_ms, "nothing", |mind| {
                take_frame(mind.memory_mut(), &fits)
            })
            .await
        {
            Ok(frame) => Err(Trouble::Setting(format!(
                "this was not to come: {}",
                frame.json
            ))),
            Err(Trouble::Deadline { .. }) => Ok(()),
            Err(trouble) => Err(trouble),
        }
    }

    /// The frames not looked at yet; they are looked at with this.
    pub fn take_unread(&mut self) -> Vec<Frame> {
        self.with(|mind| mind.memory_mut().unread.drain(..).collect())
    }

    /// Waits for the answer to a command.
    ///
    /// # Errors
    /// [`Trouble::Refused`] if it is final, else as [`Participant::until`].
    pub async fn answer(&mut self, cmd: CommandId) -> Result<Ack, Trouble> {
        match self
            .until("the answer to a command", |mind| mind.memory().answer(cmd))
            .await?
        {
            Answer::Ack(ack) => Ok(ack),
            Answer::Refusal(refusal) => Err(Trouble::Refused(refusal)),
        }
    }

    /// Says a frame of one's own making, as it is.
    pub fn say_raw(&self, text: impl Into<String>) {
        self.with(|mind| mind.memory_mut().say.push(text.into()));
    }

    /// `ping`, until its `pong` came. Everything that the server sent before it has been heard then.
    ///
    /// # Errors
    /// As [`Participant::until`].
    pub async fn ping(&mut self) -> Result<(), Trouble> {
        let number = self.with(|mind| mind.memory_mut().ping());
        self.until("pong", |mind| {
            mind.memory()
                .last_pong
                .filter(|pong| pong.n >= number)
                .map(|_| ())
        })
        .await
    }

    /// Says `hello` again on the same socket, until the next `welcome`.
    ///
    /// # Errors
    /// As [`Participant::until`].
    pub async fn hello_again(&mut self) -> Result<(), Trouble> {
        let before = self.with(|mind| {
            mind.memory_mut().hello_at = Some(Instant::now());
            mind.memory().welcomes
        });
        self.until("welcome", |mind| {
            (mind.memory().welcomes > before).then_some(())
        })
        .await
    }

    /// Drops the connection as a dead network does. One that keeps going comes back by itself.
    pub fn cut(&self) {
        self.shared.order(Order::Cut);
    }

    /// [`Participant::cut`] for somebody else to do, while the participant is busy.
    #[must_use]
    pub fn scissors(&self) -> Box<dyn Fn() + Send + Sync> {
        let shared = Arc::clone(&self.shared);
        Box::new(move || shared.order(Order::Cut))
    }

    /// How it stands and what it waits for, told to somebody else while the participant is busy.
    #[must_use]
    pub fn account(&self) -> Box<dyn Fn() -> String + Send + Sync> {
        let shared = Arc::clone(&self.shared);
        Box::new(move || {
            let waits_for = shared.waits_for();
            let mind = shared.lock();
            let memory = mind.memory();
            let state = if memory.is_live { "live" } else { "cut off" };
            let unanswered = memory.outbox.len();
            let last = last_frames(memory);
            format!(
                "{state}, waits for {waits_for}, {unanswered} commands unanswered; last frames: {last}"
            )
        })
    }

    /// A copy of what was seen of one log.
    #[must_use]
    pub fn timeline(&self, conversation: ConversationId) -> Option<Timeline> {
        self.shared
            .lock()
            .memory()
            .timelines
            .get(&conversation)
            .cloned()
    }

    /// Waits until everything said is answered and everything acknowledged has arrived.
    ///
    /// # Errors
    /// A fault that says which acknowledged event is missing; otherwise as [`Participant::until`].
    pub async fn settle(&mut self, within_ms: u64) -> Result<(), Trouble> {
        let settled = self.until_within(within_ms, "everything to be answered", |mind| {
            mind.memory().is_settled().then_some(())
        });
        let outcome = settled.await;
        if matches!(outcome, Err(Trouble::Deadline { .. })) {
            let missing = self.shared.lock().memory().missing();
            if let Some(fault) = missing.first() {
                let fault = fault.clone();
                self.with(|mind| {
                    missing
                        .into_iter()
                        .for_each(|fault| mind.memory_mut().fault(fault))
                });
                self.is_reported = true;
                return Err(fault.into());
            }
        }
        outcome
    }

    /// Settles, leaves properly, and gives what it was unhappy with.
    ///
    /// # Errors
    /// As [`Participant::settle`]; the first fault, if there was any.
    pub async fn finish(mut self) -> Result<(), Trouble> {
        let has_ended = self.shared.lock().memory().end.is_some();
        if !has_ended {
            self.settle(self.manner.patience_ms).await?;
        }
        self.close().await
    }

    /// Leaves properly, without waiting for anything under way.
    ///
    /// # Errors
    /// The first fault, if there was any.
    pub async fn close(mut self) -> Result<(), Trouble> {
        self.shared.order(Order::Close);
        // A second is more than a closing handshake takes; a server that does not answer it is not waited for.
        let _ = timeout(Duration::from_secs(1), &mut self.task).await;
        self.is_reported = true;
        match self.faults().first() {
            Some(fault) => Err(fault.clone().into()),
            None => Ok(()),
        }
    }

    /// The breaches seen so far. Who asks is expected to deal with them: they make no noise when this is dropped.
    pub fn faults(&mut self) -> Vec<Fault> {
        self.is_reported = true;
        self.shared.lock().memory().faults().to_vec()
    }

    /// How many breaches there were, also those not kept in detail.
    #[must_use]
    pub fn fault_count(&self) -> u64 {
        self.shared.lock().memory().fault_count()
    }

    /// Records a breach that was found by other means than this socket.
    pub fn add_fault(&self, breach: Breach, conversation: ConversationId, detail: String) {
        self.with(|mind| {
            mind.memory_mut()
                .fault(Fault::of(breach, conversation, detail))
        });
    }
}

impl<M: Mind> Drop for Participant<M> {
    /// # Panics
    /// In a test that saw a breach and never looked: a participant fails by itself.
    fn drop(&mut self) {
        self.task.abort();
        if self.is_reported || std::thread::panicking() {
            return;
        }
        let fault = self.shared.lock().memory().faults().first().cloned();
        if let Some(fault) = fault {
            panic!("the server broke the contract: {fault}");
        }
    }
}

impl From<End> for Trouble {
    fn from(end: End) -> Self {
        match end {
            End::Closed { code, reason } => Trouble::Closed { code, reason },
            End::Upgrade {
                status,
                retry_after_s,
                body,
            } => Trouble::Upgrade {
                status,
                retry_after_s,
                body,
            },
            End::Connect { address, reason } => Trouble::Connect { address, reason },
            End::Refused(refusal) => Trouble::Refused(Box::new(refusal)),
        }
    }
}

fn take_frame(memory: &mut Memory, fits: impl Fn(&Frame) -> bool) -> Option<Frame> {
    let index = memory.unread.iter().position(fits)?;
    memory.unread.remove(index)
}

/// The newest frames that nobody looked at, signs of life apart, for the message of a failed test.
fn last_frames(memory: &Memory) -> String {
    let newest: Vec<String> = memory
        .unread
        .iter()
        .rev()
        .filter(|frame| !frame.is("pong"))
        .take(4)
        .map(|frame| frame.json.to_string())
        .collect();
    if newest.is_empty() {
        "none unread".into()
    } else {
        newest.join(" ← ")
    }
}
