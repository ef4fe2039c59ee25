//! What the store keeps of a file: who uploaded it for which conversation, what it is, and how far it came.
//!
//! The bytes are elsewhere (`files`), under the attachment's id. A row is written before the first byte and removed after
//! the last, so that no bytes are ever without a row: whatever a crash left behind is found by its row and cleared away.

use crate::domain::conversation::Refusal;
use crate::model::event::{Attachment, Body, Event, Role, View};
use crate::model::id::{AttachmentId, ConversationId};
use crate::model::time::{At, Millis};
use uuid::Uuid;

/// Limits are counted over this time.
pub const WINDOW: Millis = Millis::seconds(60 * 60);
/// Uploads that each side of a conversation may begin within [`WINDOW`], those that failed included.
pub const FILES_MAX: u64 = 100;
/// Bytes that each side of a conversation may announce within [`WINDOW`].
pub const BYTES_MAX: u64 = 1_000 * 1_024 * 1_024;

/// How far a file came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentState {
    /// Its bytes are on their way.
    Uploading,
    /// Whole and on durable storage, seen by nobody but its uploader.
    Uploaded,
    /// Part of a log.
    Sent,
    /// Refused, given up, or never sent: its bytes are going.
    Removed,
}

/// An upload that begins.
#[derive(Clone, Debug)]
pub struct NewAttachment {
    /// Names the row and the bytes.
    pub id: AttachmentId,
    /// For which conversation.
    pub conversation: ConversationId,
    /// [`Role::Visitor`] or [`Role::Agent`].
    pub role: Role,
    /// The visitor's or agent's id.
    pub uploader: Uuid,
    /// As cleaned.
    pub name: String,
    /// As announced.
    pub bytes: u64,
}

/// Whether an upload may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Its row is written.
    Granted,
    /// This side uploaded too much within the last hour; there is room again after so long.
    TooMuch(Millis),
}

/// A file as the store knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAttachment {
    /// What an event says of it.
    pub attachment: Attachment,
    /// For which conversation.
    pub conversation: ConversationId,
    /// Which side uploaded it.
    pub role: Role,
    /// Who.
    pub uploader: Uuid,
    /// Of its bytes, once they are whole.
    pub sha256: Option<[u8; 32]>,
    /// How far it came.
    pub state: AttachmentState,
    /// Whether it was left as a note, which visitors do not see.
    pub is_note: bool,
    /// When the upload began.
    pub at: At,
}

impl StoredAttachment {
    /// Whether somebody who may read the log in this view may read the file: it shows there, or it is their own.
    #[must_use]
    pub fn is_for(&self, view: View, reader: Uuid) -> bool {
        match self.state {
            AttachmentState::Sent => view == View::Agent || !self.is_note,
            AttachmentState::Uploaded => self.uploader == reader,
            AttachmentState::Uploading | AttachmentState::Removed => false,
        }
    }
}

/// Refuses an upload of a side that began so many files with so many bytes within [`WINDOW`], the first of them at
/// `oldest`; `None` lets it in.
pub(super) fn too_much(
    files: u64,
    bytes: u64,
    oldest: Option<At>,
    new: &NewAttachment,
    now: At,
) -> Option<Admission> {
    let is_too_much = files >= FILES_MAX || bytes.saturating_add(new.bytes) > BYTES_MAX;
    let room_again = oldest.unwrap_or(now) + WINDOW;
    is_too_much.then(|| Admission::TooMuch(room_again - now))
}

/// The file that an event sends, and whether it is left as a note.
pub(super) fn file_of(body: &Body) -> Option<(&Attachment, bool)> {
    match body {
        Body::Message {
            attachment: Some(file),
            ..
        } => Some((file, false)),
        Body::Note {
            attachment: Some(file),
            ..
        } => Some((file, true)),
        _ => None,
    }
}

/// Whether an event may send the file that the store knows by its id: its sender's own, for this conversation, whole, and sent
/// by nobody before.
pub(super) fn may_send(
    known: Option<&StoredAttachment>,
    conversation: ConversationId,
    event: &Event,
) -> Result<(), Refusal> {
    let own = known.filter(|known| {
        known.conversation == conversation
            && known.role == event.from.role
            && Some(known.uploader) == event.from.id
    });
    match own.map(|known| known.state) {
        Some(AttachmentState::Uploaded) => Ok(()),
        Some(AttachmentState::Sent) => Err(Refusal::FileSent),
        Some(AttachmentState::Uploading | AttachmentState::Removed) | None => {
            Err(Refusal::NoSuchFile)
        }
    }
}
