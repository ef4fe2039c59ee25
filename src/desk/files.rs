//! Files in a conversation: sending one that was uploaded, and clearing away those that never were sent.
//!
//! The upload itself is HTTP (`web/rest/attachments.rs`). Here a file becomes part of a log, once, by whoever uploaded it.

use std::sync::Arc;

use tokio::time::{Duration, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::desk::visit::Visiting;
use crate::desk::{Desk, Refused, agent_name};
use crate::domain::conversation::{Command, FileSender, Refusal};
use crate::files::{Files, FilesError};
use crate::model::event::Attachment;
use crate::model::id::{ArticleId, AttachmentId, CommandId, ConversationId};
use crate::model::record::Person;
use crate::model::time::Millis;
use crate::store::Receipt;
use crate::store::attachments::AttachmentState;

/// A file that was not sent within this time goes. Far longer than any upload may take, so that one that is still on its
/// way is never meant.
const UNSENT_KEPT: Millis = Millis::seconds(60 * 60);
/// Between two looks for what was not sent.
const LOOK: Duration = Duration::from_secs(60);
/// Files cleared away at one look; the next look goes on.
const CLEARED_AT_ONCE: u32 = 100;

/// Clears away what was not sent until the token is cancelled. A task of its own: a store of files that is far away or
/// slow must not hold up the sweep.
pub async fn run(desk: Arc<Desk>, files: Arc<Files>, stop: CancellationToken) {
    tokio::select! {
        () = look_at_place(&files) => {}
        () = stop.cancelled() => return,
    }
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = looks.tick() => {}
            () = stop.cancelled() => return,
        }
        if let Err(refused) = desk.clear_unsent_files(&files).await {
            tracing::debug!(reason = %refused, "clearing files was cut short");
        }
    }
}

/// Says at the start what would otherwise be found out by the first visitor with a picture. Nobody waits for it, and
/// chats go on without files: a key that was revoked must not keep a server down.
async fn look_at_place(files: &Files) {
    let place = files.place();
    match files.probe().await {
        Ok(()) => {}
        // It may be back in a minute.
        Err(error @ FilesError::Away(_)) => {
            tracing::warn!(%place, %error, remedy = place.remedy(&error), "files cannot be stored for now");
        }
        Err(error) => {
            tracing::error!(%place, %error, remedy = place.remedy(&error), "files cannot be stored");
        }
    }
}

impl Desk {
    /// The visitor says something in their conversation, or sends a file.
    pub async fn visitor_says(
        &self,
        who: &Visiting,
        conversation: Option<ConversationId>,
        cmd: CommandId,
        text: String,
        file: Option<AttachmentId>,
    ) -> Result<Receipt, Refused> {
        let Some(file) = file else {
            return self.visitor_send(who, conversation, cmd, text).await;
        };
        let command = self.send_file(FileSender::Visitor, file).await?;
        self.visitor_command(who, conversation, cmd, command).await
    }

    /// The owning agent says something to the visitor, with an article where one is named, or sends a file.
    pub async fn agent_says(
        &self,
        person: &Person,
        id: ConversationId,
        cmd: CommandId,
        text: String,
        article: Option<ArticleId>,
        file: Option<AttachmentId>,
    ) -> Result<Receipt, Refused> {
        let Some(file) = file else {
            return self.agent_send(person, id, cmd, text, article).await;
        };
        let by = FileSender::Agent(agent_name(person));
        let command = self.send_file(by, file).await?;
        self.owner_says(person, id, cmd, command).await
    }

    /// Somebody at the desk leaves words or a file for the others.
    pub async fn agent_notes(
        &self,
        person: &Person,
        id: ConversationId,
        cmd: CommandId,
        text: String,
        file: Option<AttachmentId>,
    ) -> Result<Receipt, Refused> {
        let Some(file) = file else {
            return self.note(person, id, cmd, text).await;
        };
        let by = FileSender::Note(agent_name(person));
        let command = self.send_file(by, file).await?;
        self.command(person, id, cmd, command).await
    }

    /// The command that sends a file. What is known of a file never changes, so it may be read before the transaction;
    /// whose it is and whether it was sent before is decided inside it.
    async fn send_file(&self, by: FileSender, file: AttachmentId) -> Result<Command, Refused> {
        let known = self.store.attachment(file).await?;
        let attachment: Attachment = known
            .filter(|known| {
                matches!(
                    known.state,
                    AttachmentState::Uploaded | AttachmentState::Sent
                )
            })
            .ok_or(Refused::Rule(Refusal::NoSuchFile))?
            .attachment;
        Ok(Command::SendFile { by, attachment })
    }

    /// Removes files that were uploaded and never sent, and what is left of uploads that failed. The rows go last: what
    /// is cut short here is found again.
    pub async fn clear_unsent_files(&self, files: &Files) -> Result<(), Refused> {
        let before = self.clock.now() - UNSENT_KEPT;
        for id in self
            .store
            .unsent_attachments(before, CLEARED_AT_ONCE)
            .await?
        {
            match files.remove(id).await {
                Ok(()) | Err(FilesError::NotThere) => self.store.forget_attachment(id).await?,
                Err(error) => {
                    tracing::warn!(%error, "a file that nobody sent stays for now");
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}
