//! Replies ready to be inserted: `/api/canned-replies`. Everybody uses those of their departments; supervisors keep
//! them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::model::id::{CannedReplyId, DepartmentKey};
use crate::model::record::CannedReply;
use crate::protocol::TEXT_CHARS_MAX;
use crate::web::error::{Problem, ProblemBody};
use crate::web::rest::Rest;
use crate::web::rest::body::{Body, Named, line, paragraph, present};
use crate::web::rest::caller::{Caller, Supervisor};
use crate::web::rest::problems::{BadRequest, Forbidden, NotFound, Unauthorized};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Arc<Rest>> {
    OpenApiRouter::default()
        .routes(routes!(list_canned_replies, add_canned_reply))
        .routes(routes!(change_canned_reply, remove_canned_reply))
}

/// Most replies: the panel reads them all to search in them.
const REPLIES_MAX: usize = 1_000;
/// Longest shortcut, in characters.
const SHORTCUT_CHARS_MAX: usize = 40;
/// Longest title, in characters.
const TITLE_CHARS_MAX: usize = 100;

/// Replies, by shortcut.
#[derive(Serialize, utoipa::ToSchema)]
pub struct CannedReplies {
    canned_replies: Vec<OneReply>,
}

/// A reply ready to be inserted.
#[derive(Serialize, utoipa::ToSchema)]
pub struct OneReply {
    id: CannedReplyId,
    /// Typed after `/`.
    shortcut: String,
    /// Shown in lists.
    title: String,
    /// What is inserted.
    text: String,
    /// For one department only.
    department: Option<DepartmentKey>,
}

impl From<CannedReply> for OneReply {
    fn from(reply: CannedReply) -> Self {
        Self {
            id: reply.id,
            shortcut: reply.shortcut,
            title: reply.title,
            text: reply.text,
            department: reply.department,
        }
    }
}

/// A reply to add.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReply {
    shortcut: String,
    title: String,
    text: String,
    #[serde(default)]
    department: Option<DepartmentKey>,
}

/// What changes about a reply. What is absent stays; `null` gives it to every department.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplyChange {
    #[serde(default)]
    shortcut: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<DepartmentKey>)]
    department: Option<Option<DepartmentKey>>,
}

/// Replies that I may use
///
/// For an agent those of the own departments and those of all; for a supervisor every one.
#[utoipa::path(get, path = "/api/canned-replies", tag = "canned replies",
    responses(
        (status = 200, body = CannedReplies),
        Unauthorized,
    ))]
async fn list_canned_replies(
    State(rest): State<Arc<Rest>>,
    caller: Caller,
) -> Result<Json<CannedReplies>, Problem> {
    let mut replies = rest.store.canned_replies().await?;
    if !caller.is_supervisor() {
        let own = &caller.person().departments;
        replies.retain(|reply| {
            reply
                .department
                .as_ref()
                .is_none_or(|key| own.contains(key))
        });
    }
    Ok(Json(CannedReplies {
        canned_replies: replies.into_iter().map(OneReply::from).collect(),
    }))
}

/// Add a reply
#[utoipa::path(post, path = "/api/canned-replies", tag = "canned replies",
    request_body = NewReply,
    responses(
        (status = 201, body = OneReply),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "The shortcut is taken"),
        BadRequest, Unauthorized, Forbidden,
    ))]
async fn add_canned_reply(
    State(rest): State<Arc<Rest>>,
    _: Supervisor,
    Body(new): Body<NewReply>,
) -> Result<(StatusCode, Json<OneReply>), Problem> {
    let reply = CannedReply {
        id: CannedReplyId::fresh(),
        shortcut: new.shortcut,
        title: new.title,
        text: new.text,
        department: new.department,
    };
    let reply = checked(&rest, reply).await?;
    if rest.store.canned_replies().await?.len() >= REPLIES_MAX {
        return Err(Problem::conflict(format!(
            "There are {REPLIES_MAX} replies already. Remove one that is not used any more."
        )));
    }
    rest.store.create_canned_reply(reply.clone()).await?;
    Ok((StatusCode::CREATED, Json(reply.into())))
}

/// Change a reply
#[utoipa::path(patch, path = "/api/canned-replies/{id}", tag = "canned replies",
    params(("id" = CannedReplyId, Path)),
    request_body = ReplyChange,
    responses(
        (status = 200, body = OneReply),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "The shortcut is taken"),
        BadRequest, Unauthorized, Forbidden, NotFound,
    ))]
async fn change_canned_reply(
    State(rest): State<Arc<Rest>>,
    _: Supervisor,
    Named(id): Named<CannedReplyId>,
    Body(change): Body<ReplyChange>,
) -> Result<Json<OneReply>, Problem> {
    let _change = rest.changes.lock().await;
    let replies = rest.store.canned_replies().await?;
    let reply = replies.into_iter().find(|reply| reply.id == id);
    let reply = reply.ok_or_else(Problem::not_found)?;
    let reply = CannedReply {
        id,
        shortcut: change.shortcut.unwrap_or(reply.shortcut),
        title: change.title.unwrap_or(reply.title),
        text: change.text.unwrap_or(reply.text),
        department: change.department.unwrap_or(reply.department),
    };
    let reply = checked(&rest, reply).await?;
    rest.store.save_canned_reply(reply.clone()).await?;
    Ok(Json(reply.into()))
}

/// Remove a reply
#[utoipa::path(delete, path = "/api/canned-replies/{id}", tag = "canned replies",
    params(("id" = CannedReplyId, Path)),
    responses(
        (status = 204, description = "Removed"),
        Unauthorized, Forbidden, NotFound,
    ))]
async fn remove_canned_reply(
    State(rest): State<Arc<Rest>>,
    _: Supervisor,
    Named(id): Named<CannedReplyId>,
) -> Result<StatusCode, Problem> {
    rest.store.remove_canned_reply(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn checked(rest: &Rest, reply: CannedReply) -> Result<CannedReply, Problem> {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let length = reply.shortcut.chars().count();
    if !(1..=SHORTCUT_CHARS_MAX).contains(&length) || !reply.shortcut.chars().all(is_plain) {
        let detail = format!("A shortcut has 1 to {SHORTCUT_CHARS_MAX} letters, digits, - or _.");
        return Err(Problem::field("shortcut", detail));
    }
    if let Some(key) = &reply.department {
        let departments = rest.store.departments().await?;
        if departments.iter().all(|department| department.key != *key) {
            return Err(Problem::field("department", "There is no such department."));
        }
    }
    Ok(CannedReply {
        title: line("title", &reply.title, TITLE_CHARS_MAX)?,
        text: paragraph("text", &reply.text, TEXT_CHARS_MAX)?,
        ..reply
    })
}
