//! Taking a file in: its bytes, as they come, into the files' place, with every limit on the way.
//!
//! Called by `attachments.rs` for each upload that was let in. Runs as a task of its own, so that a sender who hangs up
//! half-way leaves nothing behind. [`Uploads`] counts those that run now, and what came of all of them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::time::{Instant, timeout, timeout_at};
use uuid::Uuid;

use crate::files::kind::{self, Sniffer};
use crate::files::{FilesError, Writing, name, picture};
use crate::model::event::Attachment;
use crate::model::time::Millis;
use crate::model::widget_settings::Uploads as Allowed;
use crate::store::attachments::NewAttachment;
use crate::web::address::counted_as;
use crate::web::error::{Kind, Problem};
use crate::web::rest::Rest;

/// Uploads at once of one visitor or agent.
const PER_SENDER_MAX: u32 = 3;
/// Uploads at once from one address (IPv6: one /64): an office shares one.
const PER_ADDRESS_MAX: u32 = 8;
/// Uploads at once on this server. With files in S3 each holds a part of 5 MiB and one on its way, so 320 MiB at most.
const ALL_MAX: u32 = 32;
/// Whoever has too many at once comes back after this.
const SLOT_RETRY: Millis = Millis::seconds(5);
/// Whoever finds the files' place full or away comes back after this.
const PLACE_RETRY: Millis = Millis::seconds(30);
/// Without a byte for so long a sender is gone.
const SILENCE_MAX: Duration = Duration::from_secs(10);
/// The whole of an upload: 100 MiB at 3 Mbit/s. Far less than the sweep leaves what is not sent.
const UPLOAD_TIME_MAX: Duration = Duration::from_secs(5 * 60);
/// The rest of a refused file is read away this far, so that its sender sees the refusal rather than a broken connection.
const REST_BYTES_MAX: usize = 32 * 1024 * 1024;
/// See [`REST_BYTES_MAX`].
const REST_TIME_MAX: Duration = Duration::from_secs(10);

/// What came of an upload, for the figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadOutcome {
    /// Whole and on durable storage.
    Stored,
    /// Too large, of a type that is not allowed, or empty.
    Refused,
    /// Too many, at once or within the hour.
    Limited,
    /// The sender was too slow or hung up.
    BrokenOff,
    /// Store or files' place could not take it.
    Failed,
}

/// The outcomes by name, as the figures show them.
pub const OUTCOMES: [(UploadOutcome, &str); 5] = [
    (UploadOutcome::Stored, "stored"),
    (UploadOutcome::Refused, "refused"),
    (UploadOutcome::Limited, "limited"),
    (UploadOutcome::BrokenOff, "broken_off"),
    (UploadOutcome::Failed, "failed"),
];

/// Uploads that run now, and what came of those that ran.
pub struct Uploads {
    counts_loopback: bool,
    /// A std mutex: held for a look-up. Bounded by [`ALL_MAX`]: an entry lives while its upload runs.
    running: Mutex<HashMap<Counted, u32>>,
    outcomes: [AtomicU64; OUTCOMES.len()],
    bytes_stored: AtomicU64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Counted {
    All,
    Sender(Uuid),
    Address(IpAddr),
}

/// One upload that is counted as long as this lives.
pub struct Slot {
    uploads: Arc<Uploads>,
    counted: Vec<Counted>,
}

impl Uploads {
    /// None yet.
    #[must_use]
    pub fn new(counts_loopback: bool) -> Arc<Self> {
        Arc::new(Self {
            counts_loopback,
            running: Mutex::default(),
            outcomes: Default::default(),
            bytes_stored: AtomicU64::new(0),
        })
    }

    /// Counts one more; `None` if there are too many of this sender, from this address or at all.
    pub fn enter(self: &Arc<Self>, sender: Uuid, address: IpAddr) -> Option<Slot> {
        let mut limits = vec![
            (Counted::All, ALL_MAX),
            (Counted::Sender(sender), PER_SENDER_MAX),
        ];
        let address = address.to_canonical();
        if self.counts_loopback || !address.is_loopback() {
            limits.push((Counted::Address(counted_as(address)), PER_ADDRESS_MAX));
        }
        let mut running = self.running();
        let is_full = |(counted, max): &(Counted, u32)| {
            running.get(counted).is_some_and(|count| count >= max)
        };
        if limits.iter().any(is_full) {
            return None;
        }
        let counted: Vec<Counted> = limits.into_iter().map(|(counted, _)| counted).collect();
        for one in &counted {
            *running.entry(*one).or_default() += 1;
        }
        Some(Slot {
            uploads: Arc::clone(self),
            counted,
        })
    }

    /// Notes what came of one.
    pub fn note(&self, outcome: UploadOutcome) {
        for ((one, _), count) in OUTCOMES.iter().zip(&self.outcomes) {
            if *one == outcome {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// How many ended so since the start, by name.
    pub fn outcomes(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self
            .outcomes
            .iter()
            .map(|count| count.load(Ordering::Relaxed));
        OUTCOMES.iter().map(|(_, name)| *name).zip(counts)
    }

    /// Bytes stored since the start.
    #[must_use]
    pub fn bytes_stored(&self) -> u64 {
        self.bytes_stored.load(Ordering::Relaxed)
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Counted, u32>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut running = self.uploads.running();
        for one in &self.counted {
            if let Some(count) = running.get_mut(one) {
                *count -= 1;
                if *count == 0 {
                    running.remove(one);
                }
            }
        }
    }
}

/// What is said when too many run at once.
#[must_use]
pub fn too_many_at_once() -> Problem {
    let detail = "Too many files are on their way at once. Wait until one has arrived.";
    Problem::new(Kind::RateLimited, detail).retry(SLOT_RETRY)
}

/// Reads the rest of a body away, within limits.
pub async fn read_away(body: &mut BodyDataStream) {
    let reading = async {
        let mut bytes = 0;
        while let Some(Ok(part)) = body.next().await {
            bytes += part.len();
            if bytes > REST_BYTES_MAX {
                return;
            }
        }
    };
    // Whatever comes of it, the refusal is said now.
    let _ = timeout(REST_TIME_MAX, reading).await;
}

/// Takes in one upload whose row is written, and answers what an event will say of it.
pub async fn take_in(
    rest: Arc<Rest>,
    new: NewAttachment,
    allowed: Allowed,
    body: Body,
    slot: Slot,
) -> Result<Attachment, Problem> {
    let mut body = body.into_data_stream();
    let taken = stream_in(&rest, &new, &allowed, &mut body).await;
    let uploads = &slot.uploads;
    match taken {
        Ok(file) => {
            uploads.note(UploadOutcome::Stored);
            uploads
                .bytes_stored
                .fetch_add(file.bytes, Ordering::Relaxed);
            Ok(file)
        }
        Err((outcome, problem)) => {
            uploads.note(outcome);
            // Should this fail, the sweep finds the row as it is.
            rest.store.give_up_attachment(new.id).await.ok();
            if outcome == UploadOutcome::Refused {
                read_away(&mut body).await;
            }
            Err(problem)
        }
    }
}

type Broken = (UploadOutcome, Problem);

async fn stream_in(
    rest: &Rest,
    new: &NewAttachment,
    allowed: &Allowed,
    body: &mut BodyDataStream,
) -> Result<Attachment, Broken> {
    let deadline = Instant::now() + UPLOAD_TIME_MAX;
    let mut incoming = Incoming {
        body,
        deadline,
        left: new.bytes,
    };
    let mut sniffer = Sniffer::default();
    // Nothing is written before the beginning says that it may be allowed.
    let mut first = Vec::new();
    while !sniffer.is_ready() {
        let Some(part) = incoming.next().await? else {
            break;
        };
        sniffer.push(&part);
        first.push(part);
    }
    let is_hopeful = |found: &&str| kind::is_allowed(&allowed.types, found);
    if !sniffer.could_be().iter().any(is_hopeful) {
        let found = sniffer.could_be();
        let found = found.last().copied().unwrap_or(kind::UNKNOWN);
        return Err(refused_type(found, allowed));
    }
    let mut writing = rest.files.write(new.id).await.map_err(place_failed)?;
    let written = write_all(&mut writing, &mut incoming, &mut sniffer, first).await;
    let found = sniffer.finish();
    let written = written.and_then(|()| {
        if kind::is_allowed(&allowed.types, found) {
            Ok(())
        } else {
            Err(refused_type(found, allowed))
        }
    });
    if let Err(broken) = written {
        writing.give_up().await;
        return Err(broken);
    }
    let sha256 = writing.finish().await.map_err(place_failed)?;
    let measured = picture::measure(sniffer.head(), found);
    let file = Attachment {
        id: new.id,
        name: name::fitting(&new.name, found),
        media_type: found.to_owned(),
        bytes: new.bytes,
        width: measured.map(|(width, _)| width),
        height: measured.map(|(_, height)| height),
    };
    match rest.store.finish_attachment(file.clone(), sha256).await {
        Ok(()) => Ok(file),
        // The bytes stay until the sweep: whether the row was written is not known.
        Err(error) => Err((UploadOutcome::Failed, error.into())),
    }
}

async fn write_all(
    writing: &mut Writing,
    incoming: &mut Incoming<'_>,
    sniffer: &mut Sniffer,
    first: Vec<Bytes>,
) -> Result<(), Broken> {
    for part in first {
        writing.part(part).await.map_err(place_failed)?;
    }
    while let Some(part) = incoming.next().await? {
        sniffer.push(&part);
        writing.part(part).await.map_err(place_failed)?;
    }
    Ok(())
}

/// The bytes of a body, exactly as many as were announced, each in time.
struct Incoming<'body> {
    body: &'body mut BodyDataStream,
    deadline: Instant,
    left: u64,
}

impl Incoming<'_> {
    async fn next(&mut self) -> Result<Option<Bytes>, Broken> {
        let until = self.deadline.min(Instant::now() + SILENCE_MAX);
        let broken_off = |kind, detail: &str| {
            let problem = Problem::new(kind, detail);
            Err((UploadOutcome::BrokenOff, problem))
        };
        let part = match timeout_at(until, self.body.next()).await {
            Err(_) => {
                let detail = "The file came too slowly. Try again on a better connection.";
                return broken_off(Kind::Timeout, detail);
            }
            Ok(None) if self.left == 0 => return Ok(None),
            Ok(Some(Ok(part))) if part.len() as u64 <= self.left => part,
            Ok(None | Some(_)) => {
                let detail = "The file did not arrive whole. Send it again.";
                return broken_off(Kind::BadBody, detail);
            }
        };
        self.left -= part.len() as u64;
        Ok(Some(part))
    }
}

fn refused_type(found: &'static str, allowed: &Allowed) -> Broken {
    let detail = format!(
        "This is {} ({found}), whatever its name says. Allowed here: {}.",
        kind::described(found),
        allowed.types.join(", ")
    );
    let problem = Problem::new(Kind::UnsupportedMediaType, detail);
    (UploadOutcome::Refused, problem)
}

fn place_failed(error: FilesError) -> Broken {
    (UploadOutcome::Failed, problem_of(error))
}

/// What a refusal of the files' place becomes.
pub fn problem_of(error: FilesError) -> Problem {
    match error {
        FilesError::NotThere | FilesError::NotAPicture => Problem::not_found(),
        FilesError::Full(_) => {
            tracing::warn!(%error, "there is no room for a file");
            let detail = "There is no room for files at the moment. Try again later.";
            Problem::new(Kind::NoRoom, detail).retry(PLACE_RETRY)
        }
        FilesError::Away(_) | FilesError::Denied(_) | FilesError::NoBucket => {
            tracing::warn!(%error, "files cannot be stored or read");
            let detail = "Files cannot be stored or read at the moment. Try again later.";
            Problem::new(Kind::Unavailable, detail).retry(PLACE_RETRY)
        }
    }
}
