//! Minds the board: gives this node's sign of life, finds a board that was emptied, tells it the sockets that are here and
//! takes back those that are gone, and buries nodes that died.
//!
//! One task a node, once a second and whenever a call met another board than the one expected. What the log knows is told
//! by the desk, on the one node that is asked to ([`Keeper::asked`]).

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::board::{Board, HELD, SETTLE, Viewers};
use super::holdings::Holdings;
use super::presence::Presence;
use crate::coordination::Away;
use crate::model::time::Millis;

/// Between two signs of life.
const TICK: Duration = Duration::from_secs(1);
/// Ticks between two comparisons of this node's sockets with what the board has of them. It differs only where a server was
/// given up that had heard more than its successor.
const COMPARE_TICKS: u64 = 30;

/// Ticks between two tellings of everything that this node holds: three before it would be forgotten.
const HELD_TICKS: u64 = HELD.0.unsigned_abs() / 3_000;

/// What is to be told because of what was found at the board.
pub enum Found {
    /// Viewers that changed because a node died.
    Viewers(Vec<Viewers>),
    /// Another server serves, which may have heard less than the one before.
    Doubt,
}

/// Minds the board.
pub struct Keeper {
    board: Arc<Board>,
    presence: Arc<Presence>,
    holdings: Arc<Holdings>,
    /// Whether this node is to tell the board everything. Level-triggered: it stays so until it is done.
    asked: watch::Sender<bool>,
    /// Whether pairing went on at the last look.
    is_whole: AtomicBool,
    /// Which connection the board was last looked at through.
    connection: AtomicU64,
    /// When the board was found that is to be told. A std mutex: held for a copy.
    found_at: Mutex<Instant>,
    /// Looks at the board so far.
    looks: AtomicU64,
    found: tokio::sync::mpsc::Sender<Found>,
}

impl Keeper {
    /// A keeper of this board; what others must hear of goes to `found`.
    #[must_use]
    pub fn new(
        board: Arc<Board>,
        presence: Arc<Presence>,
        holdings: Arc<Holdings>,
        found: tokio::sync::mpsc::Sender<Found>,
    ) -> Self {
        Self {
            board,
            presence,
            holdings,
            asked: watch::Sender::new(false),
            is_whole: AtomicBool::new(false),
            connection: AtomicU64::new(0),
            found_at: Mutex::new(Instant::now()),
            looks: AtomicU64::new(0),
            found,
        }
    }

    /// Minds the board for as long as it is polled.
    pub async fn run(self: Arc<Self>) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut changes = self.board.link.changes();
        let mut heard_at = Instant::now();
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.board.lost.notified() => {}
                // Redis is back: every waiting second is one in which nobody is paired.
                Ok(()) = changes.changed() => {}
            }
            if !self.board.link.is_up() {
                continue;
            }
            let away = Millis(i64::try_from(heard_at.elapsed().as_millis()).unwrap_or(i64::MAX));
            match self.look(away).await {
                Ok(()) => heard_at = Instant::now(),
                Err(away) => tracing::debug!(error = %away, "the board was not looked at"),
            }
        }
    }

    /// One look at the board.
    pub async fn look(&self, away: Millis) -> Result<(), Away> {
        let connection = self.board.link.connections();
        let tick = self.board.tick(away).await?;
        let before = self.board.incarnation();
        let is_new = *before != *tick.incarnation;
        // A replica that became the master has the same board without what was written last: nobody would ever tell it of a
        // socket that came just before.
        let connection_before = self.connection.swap(connection, Ordering::Relaxed);
        let is_other = connection_before != connection;
        // And it may be a whole board, only an older one, that nobody tells anything anew: what it does not know of conversations
        // and seats the desk finds, which compares them.
        let is_second_board = is_new && !before.is_empty();
        if is_second_board || (is_other && connection_before != 0) {
            let _ = self.found.send(Found::Doubt).await;
        }
        if is_new || is_other || !tick.is_known {
            self.presence.owe_everything();
            self.holdings.owe_everything();
        }
        if is_new {
            if !before.is_empty() {
                tracing::warn!("Redis was emptied; everything is told again, pairing pauses");
            }
            *self.found_at.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
            self.board.found(&tick.incarnation);
        }
        let looks = self.looks.fetch_add(1, Ordering::Relaxed);
        if is_other || looks.is_multiple_of(COMPARE_TICKS) {
            let told = self.board.own_sockets().await?;
            self.presence.compare(&told);
        }
        if looks.is_multiple_of(HELD_TICKS) {
            self.holdings.owe_everything();
        }
        self.tell_owed().await?;
        self.asked
            .send_if_modified(|asked| std::mem::replace(asked, tick.is_teller) != tick.is_teller);
        let was_whole = self.is_whole.swap(tick.is_whole, Ordering::Relaxed);
        if tick.is_whole && !(was_whole && tick.is_known) {
            self.board.changed.notify_one();
        }
        // After everything that pairing waits for.
        self.tell_held().await?;
        if let Some(dead) = tick.dead {
            tracing::info!(node = %dead, "a node is gone; what it left is taken away");
            let changed = self.board.bury(&dead).await?;
            if !changed.is_empty() {
                let _ = self.found.send(Found::Viewers(changed)).await;
            }
        }
        Ok(())
    }

    /// Whether pairing went on at the last look.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.is_whole.load(Ordering::Relaxed)
    }

    async fn tell_owed(&self) -> Result<(), Away> {
        loop {
            let (spots, arguments) = self.presence.owed();
            if spots.is_empty() {
                return Ok(());
            }
            self.board.note_sockets(&arguments).await?;
            for (spot, is_here) in spots {
                self.presence.told(spot, is_here);
            }
        }
    }

    async fn tell_held(&self) -> Result<(), Away> {
        loop {
            let owed = self.holdings.owed();
            if owed.is_empty() {
                return Ok(());
            }
            self.board.hold(&owed, 0).await?;
            for (what, held) in owed {
                self.holdings.told(&what, held);
            }
        }
    }

    /// Resolves when this node is to tell the board everything.
    pub async fn asked(&self) {
        let mut asked = self.asked.subscribe();
        // The sender lives as long as `self`.
        let _ = asked.wait_for(|asked| *asked).await;
    }

    /// Everything has been told. Pairing goes on once every node had time to tell its sockets: whoever is served before
    /// could have an older one before them whose socket is not known yet.
    pub async fn told(&self) -> Result<(), Away> {
        let found_at = *self.found_at.lock().unwrap_or_else(PoisonError::into_inner);
        sleep_until(found_at + SETTLE.duration()).await;
        if self.board.told().await? {
            tracing::info!("Redis knows everything again; pairing goes on");
        }
        self.asked.send_replace(false);
        self.board.lost.notify_one();
        Ok(())
    }
}
