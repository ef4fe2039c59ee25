//! The way to Redis: one multiplexed connection, kept up by one task.
//!
//! A call that gets no answer may have been carried out. It is made once more under the same request id, then given up;
//! until the task has found a connection that answers, other calls fail at once, so that nobody waits for a Redis that is
//! known to be away. Never spins: attempts are spread by a growing pause with full jitter.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::{Cmd, ErrorKind, RedisError, ServerErrorKind, Value, cmd};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout};

use super::address::{Address, CONNECT, RESPONSE, Wire};
use super::script::Script;
use crate::coordination::Away;

/// A call waits so long for a connection that just broke to be mended.
const MEND: Duration = Duration::from_millis(500);
/// Pause before the second attempt to connect; doubled for each further one.
const PAUSE: Duration = Duration::from_millis(50);
/// Longest pause: what pairing may come back late after Redis.
const PAUSE_MAX: Duration = Duration::from_millis(1_000);
/// Between two questions to the Sentinels who is in charge: a master that was cut off goes on answering.
const SENTINELS: Duration = Duration::from_secs(2);

/// The way to Redis.
pub struct Link {
    address: Address,
    /// A std mutex: held for a clone.
    wire: Mutex<Option<Wire>>,
    /// Whether calls are answered.
    up: watch::Sender<bool>,
    /// How many connections there were.
    connections: AtomicU64,
    /// When another connection took the place of one that was lost. A std mutex: held for a copy.
    moved_at: Mutex<Option<Instant>>,
    /// A call failed: the task looks.
    doubted: Notify,
    /// And a look will not do: the server answers, but is no longer in charge.
    is_misled: AtomicBool,
}

/// What came of a call.
pub enum Failed {
    /// Redis does not answer, or cannot serve just now.
    Away(Away),
    /// It refused.
    Refused(RedisError),
}

impl Link {
    /// A way that is not there yet; [`Link::keep_up`] makes it.
    #[must_use]
    pub fn new(address: Address) -> Arc<Self> {
        Arc::new(Self {
            address,
            wire: Mutex::new(None),
            up: watch::Sender::new(false),
            connections: AtomicU64::new(0),
            moved_at: Mutex::new(None),
            doubted: Notify::new(),
            is_misled: AtomicBool::new(false),
        })
    }

    /// Where it leads.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Whether calls are answered, as far as is known.
    #[must_use]
    pub fn is_up(&self) -> bool {
        *self.up.borrow()
    }

    /// Resolves with each change of [`Link::is_up`].
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<bool> {
        self.up.subscribe()
    }

    /// How many connections there were so far: another number is another server, perhaps, or one that forgot the last it was told.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// Whether this server took the place of another one within this time, or of the same one that was lost from sight.
    #[must_use]
    pub fn has_moved_within(&self, span: Duration) -> bool {
        let moved_at = *self.moved_at.lock().unwrap_or_else(PoisonError::into_inner);
        moved_at.is_some_and(|at| at.elapsed() < span)
    }

    /// Uses a connection that stands already.
    pub fn set(&self, wire: Wire) {
        // Relaxed: whoever asks too early asks again within a second.
        if self.connections.fetch_add(1, Ordering::Relaxed) > 0 {
            // Before the connection is used: what it is asked first is judged by this already.
            *self.moved_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        *self.wire.lock().unwrap_or_else(PoisonError::into_inner) = Some(wire);
        self.up.send_replace(true);
    }

    /// Keeps the connection up for as long as anybody holds the link.
    pub async fn keep_up(self: Arc<Self>) {
        let mut attempts = 0;
        // Connections in a row that were of no use at once.
        let mut in_vain = 0;
        loop {
            if self.wire().is_none() {
                match timeout(CONNECT * 2, self.address.connect()).await {
                    Ok(Ok(wire)) => {
                        if attempts > 0 {
                            tracing::info!("Redis is back");
                        }
                        attempts = 0;
                        self.set(wire);
                    }
                    failed => {
                        if attempts == 0 {
                            let reason = match failed {
                                Ok(Err(error)) => error.to_string(),
                                Ok(Ok(_)) | Err(_) => "no answer".to_owned(),
                            };
                            tracing::warn!(%reason, "Redis is away; pairing pauses, chats go on");
                        }
                        attempts += 1;
                        sleep(pause(attempts)).await;
                        continue;
                    }
                }
            }
            let begun = Instant::now();
            self.mind().await;
            // Whoever lets us in and cannot serve, as a replica, is not asked more often than one who does not answer.
            if begun.elapsed() < PAUSE_MAX {
                in_vain += 1;
                sleep(pause(in_vain)).await;
            } else {
                in_vain = 0;
            }
        }
    }

    /// Returns when the connection is of no more use.
    async fn mind(&self) {
        loop {
            let look = async {
                if self.address.has_sentinels() {
                    sleep(SENTINELS).await;
                } else {
                    std::future::pending().await
                }
            };
            tokio::select! {
                () = self.doubted.notified() => {
                    self.up.send_replace(false);
                    let is_misled = self.is_misled.swap(false, Ordering::Relaxed);
                    if !is_misled && self.answers().await {
                        self.up.send_replace(true);
                        continue;
                    }
                }
                () = look => if self.is_in_charge().await { continue },
            }
            self.up.send_replace(false);
            *self.wire.lock().unwrap_or_else(PoisonError::into_inner) = None;
            return;
        }
    }

    async fn answers(&self) -> bool {
        match self.wire() {
            Some(wire) => timeout(RESPONSE, wire.send(&cmd("PING")))
                .await
                .is_ok_and(|answer| answer.is_ok()),
            None => false,
        }
    }

    /// Whether the server that is talked to is still the master that the Sentinels name. They may be away themselves.
    async fn is_in_charge(&self) -> bool {
        let Some(wire) = self.wire() else {
            return false;
        };
        let Ok(named) = self.address.in_charge().await else {
            return true;
        };
        let asked = timeout(RESPONSE, wire.send(&cmd("ROLE"))).await;
        let is_master = matches!(asked, Ok(Ok(Value::Array(role)))
            if matches!(role.first(), Some(Value::BulkString(word)) if word == b"master"));
        let talks_to = self.talks_to(&wire).await;
        is_master && talks_to.is_none_or(|port| named.addr().to_string().ends_with(&port))
    }

    /// The port of the server that is talked to, as it says itself.
    async fn talks_to(&self, wire: &Wire) -> Option<String> {
        let info = timeout(RESPONSE, wire.send(cmd("INFO").arg("server")))
            .await
            .ok()?
            .ok()?;
        let text: String = redis::from_redis_value(info).ok()?;
        let port = text
            .lines()
            .find_map(|line| line.strip_prefix("tcp_port:"))?;
        Some(format!(":{}", port.trim()))
    }

    fn wire(&self) -> Option<Wire> {
        self.wire
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Runs a script. `keys` lie in one slot. The arguments hold the request id, so that a repeat does nothing twice.
    pub async fn run(
        &self,
        script: &Script,
        keys: &[impl redis::ToRedisArgs],
        arguments: &[String],
    ) -> Result<Value, Failed> {
        let mut by_hash = cmd("EVALSHA");
        by_hash
            .arg(&script.hash)
            .arg(keys.len())
            .arg(keys)
            .arg(arguments);
        match self.send(&by_hash).await {
            Err(Failed::Refused(error)) if is_unknown_script(&error) => {
                let mut by_text = cmd("EVAL");
                by_text
                    .arg(&script.text)
                    .arg(keys.len())
                    .arg(keys)
                    .arg(arguments);
                self.send(&by_text).await
            }
            outcome => outcome,
        }
    }

    /// Sends a command that may be carried out twice without harm.
    pub async fn send(&self, command: &Cmd) -> Result<Value, Failed> {
        let was_up = self.is_up();
        match self.send_once(command).await {
            // Only a way that has just broken is waited for.
            Err(Failed::Away(away)) if was_up => {
                let mut changes = self.changes();
                let mended = timeout(MEND, changes.wait_for(|is_up| *is_up)).await;
                if matches!(mended, Ok(Ok(_))) {
                    drop(mended);
                    self.send_once(command).await
                } else {
                    Err(Failed::Away(away))
                }
            }
            outcome => outcome,
        }
    }

    /// Sends a command, and does not try again.
    pub async fn send_once(&self, command: &Cmd) -> Result<Value, Failed> {
        let wire = self.wire().filter(|_| self.is_up());
        let Some(wire) = wire else {
            return Err(Failed::Away(Away("Redis does not answer".to_owned())));
        };
        let begun = Instant::now();
        // The crate's own limit is of one answer; this one is of the whole call, redirections of a cluster included.
        let error = match timeout(RESPONSE + RESPONSE / 2, wire.send(command)).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => error,
            Err(_elapsed) => std::io::Error::from(std::io::ErrorKind::TimedOut).into(),
        };
        match judge(&error) {
            Judged::Refused => Err(Failed::Refused(error)),
            judged => {
                tracing::debug!(%error, waited_ms = begun.elapsed().as_millis(), "a call to Redis failed");
                if matches!(judged, Judged::Misled) {
                    self.is_misled.store(true, Ordering::Relaxed);
                }
                self.up.send_replace(false);
                self.doubted.notify_one();
                Err(Failed::Away(Away(error.to_string())))
            }
        }
    }
}

enum Judged {
    /// The server said no to this call.
    Refused,
    /// Nobody answered.
    Unanswered,
    /// Whoever answers is not, or not yet, in charge.
    Misled,
}

fn judge(error: &RedisError) -> Judged {
    match error.kind() {
        ErrorKind::Server(
            ServerErrorKind::BusyLoading
            | ServerErrorKind::ReadOnly
            | ServerErrorKind::MasterDown
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::TryAgain
            | ServerErrorKind::Moved
            | ServerErrorKind::Ask,
        )
        | ErrorKind::ClusterConnectionNotFound
        | ErrorKind::MasterNameNotFoundBySentinel => Judged::Misled,
        ErrorKind::Io | ErrorKind::Parse | ErrorKind::Client => Judged::Unanswered,
        _ if error.is_connection_dropped() || error.is_timeout() => Judged::Unanswered,
        _ => match error.code() {
            Some("BUSY" | "MISCONF" | "NOREPLICAS" | "OOM") => Judged::Unanswered,
            _ => Judged::Refused,
        },
    }
}

fn is_unknown_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

/// A random part of a pause that doubles with each attempt: nodes that lost the same Redis do not come back in one
/// instant.
pub fn pause(attempts: u32) -> Duration {
    let longest = PAUSE_MAX.min(PAUSE * 2_u32.saturating_pow(attempts.min(10)));
    let share = f64::from(getrandom::u32().unwrap_or(u32::MAX / 2)) / f64::from(u32::MAX);
    // Never nothing: a refused connection costs no time by itself.
    longest.mul_f64(0.1 + 0.9 * share)
}
