//! Files in conversations: `/api/conversations/{id}/attachments`, for the desk and for the visitor whose it is.
//!
//! A file comes in as a raw body and is then sent by its id, over the socket. It goes out to whoever may read the event
//! it was sent with, always as something to save: no browser runs or shows it by opening its address.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::options;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::files::{FilesError, name, picture};
use crate::model::event::{Attachment, View};
use crate::model::id::{AttachmentId, ConversationId};
use crate::model::widget_settings::Uploads as Allowed;
use crate::store::attachments::{Admission, NewAttachment, StoredAttachment};
use crate::web::error::{Kind, Problem, ProblemBody};
use crate::web::rest::Rest;
use crate::web::rest::body::{Asked, Named, NamedTwice};
use crate::web::rest::caller::{ClientAddress, OriginRule};
use crate::web::rest::problems::{Forbidden, NotFound, RateLimited, Unauthorized, Unavailable};
use crate::web::rest::reader::{self, Reader};
use crate::web::rest::uploads::{UploadOutcome, problem_of, read_away, take_in, too_many_at_once};

/// The routes of this file. What a browser asks beforehand is no resource, so the document is silent about it.
pub fn routes() -> OpenApiRouter<Arc<Rest>> {
    OpenApiRouter::default()
        .routes(routes!(upload))
        .routes(routes!(download))
        .routes(routes!(thumbnail))
        .route(PATH, options(preflight_upload))
        .route(FILE_PATH, options(preflight_download))
        .route(THUMBNAIL_PATH, options(preflight_download))
}

const PATH: &str = "/api/conversations/{id}/attachments";
const FILE_PATH: &str = "/api/conversations/{id}/attachments/{attachment}";
const THUMBNAIL_PATH: &str = "/api/conversations/{id}/attachments/{attachment}/thumbnail";

/// Should anybody open the address as a page after all, it is an empty one with no rights.
const NO_RIGHTS: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

/// What the file is called.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UploadName {
    /// As on the sender's machine; folders, control characters and tricks with the direction of writing are dropped.
    name: String,
}

/// Upload a file, to be sent in the conversation
///
/// The body is the file itself, with `Content-Length`. What it is, is told by its content. Send it within an hour by
/// its id, with `send` or `note` on the socket; until then nobody else sees it.
#[utoipa::path(post, path = PATH, tag = "conversations",
    security(("session" = []), ("token" = []), ("visitor" = [])),
    params(("id" = ConversationId, Path), UploadName),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 201, body = Attachment),
        (status = 400, body = ProblemBody, content_type = "application/problem+json", description = "Empty, or not whole"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json", description = "The site takes no files, or a visitor's token on a page of another site"),
        (status = 408, body = ProblemBody, content_type = "application/problem+json", description = "It came too slowly"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "The chat is over"),
        (status = 411, body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json", description = "Larger than the site allows; says how large it may be"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json", description = "Of a type that the site does not allow; says which it is"),
        (status = 507, body = ProblemBody, content_type = "application/problem+json", description = "There is no room"),
        Unauthorized, NotFound, RateLimited, Unavailable,
    ))]
async fn upload(State(rest): State<Arc<Rest>>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let answer = uploaded(&rest, &mut parts, body).await;
    reader::shared(&rest, &parts.headers, answer)
}

async fn uploaded(
    rest: &Arc<Rest>,
    parts: &mut Parts,
    body: Body,
) -> Result<(StatusCode, Json<Attachment>), Problem> {
    let Named(id) = Named::<ConversationId>::from_request_parts(parts, rest).await?;
    let Ok(ClientAddress(address)) = ClientAddress::from_request_parts(parts, rest).await;
    let reader = reader::of(rest, id, &parts.headers, OriginRule::Changes).await?;
    let Asked(asked) = Asked::<UploadName>::from_request_parts(parts, rest).await?;
    let limited = |problem: Problem| {
        rest.uploads.note(UploadOutcome::Limited);
        problem
    };
    let Some(slot) = rest.uploads.enter(reader.id, address) else {
        return Err(limited(too_many_at_once()));
    };
    if let Err(retry) = rest.pace.files.count(address, rest.clock.now()) {
        let detail = "So many files came from this network that it needs a pause.";
        return Err(limited(
            Problem::new(Kind::RateLimited, detail).retry(retry),
        ));
    }
    let (allowed, bytes) = match within_rules(rest, &reader, &parts.headers) {
        Ok(admitted) => admitted,
        Err(problem) => {
            rest.uploads.note(UploadOutcome::Refused);
            read_away(&mut body.into_data_stream()).await;
            return Err(problem);
        }
    };
    let new = NewAttachment {
        id: AttachmentId::fresh(),
        conversation: id,
        role: reader.role,
        uploader: reader.id,
        name: name::cleaned(&asked.name),
        bytes,
    };
    let now = rest.clock.now();
    if let Admission::TooMuch(retry) = rest.store.begin_attachment(new.clone(), now).await? {
        let detail = "So many files were sent in this conversation that it needs a pause.";
        return Err(limited(
            Problem::new(Kind::RateLimited, detail).retry(retry),
        ));
    }
    let taking = tokio::spawn(take_in(Arc::clone(rest), new, allowed, body, slot));
    match taking.await {
        Ok(taken) => taken.map(|file| (StatusCode::CREATED, Json(file))),
        Err(error) => {
            tracing::error!(%error, "an upload ended by our mistake");
            let detail = "This should not happen; the server's log says more.";
            Err(Problem::new(Kind::Internal, detail))
        }
    }
}

/// What the site allows and how large the file is, if it may come.
fn within_rules(
    rest: &Rest,
    reader: &Reader,
    headers: &HeaderMap,
) -> Result<(Allowed, u64), Problem> {
    let site = rest.settings.site(&reader.conversation.site);
    let allowed = site
        .and_then(|site| site.widget.uploads.clone())
        .ok_or_else(|| Problem::forbidden("No files are taken on this site."))?;
    if reader.view == View::Visitor && !reader.conversation.is_open() {
        return Err(Problem::conflict(
            "The chat is over. You can start a new one.",
        ));
    }
    let length = headers.get(header::CONTENT_LENGTH);
    let bytes = length
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok())
        .ok_or_else(|| {
            let detail = "Say how large the file is, with the header Content-Length.";
            Problem::new(Kind::LengthRequired, detail)
        })?;
    if bytes == 0 {
        return Err(Problem::new(Kind::BadBody, "The file is empty."));
    }
    if bytes > allowed.bytes_max {
        let detail = format!(
            "The file has {bytes} bytes; at most {} ({}) are taken.",
            allowed.bytes_max,
            in_mebibytes(allowed.bytes_max)
        );
        return Err(Problem::new(Kind::TooLarge, detail));
    }
    Ok((allowed, bytes))
}

/// As people say it: `20 MB`, `1.5 MB`.
fn in_mebibytes(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10) / (1_024 * 1_024);
    match tenths % 10 {
        0 => format!("{} MB", tenths / 10),
        tenth => format!("{}.{tenth} MB", tenths / 10),
    }
}

/// A file
///
/// For whoever may read the event it was sent with, and for its uploader before. To be saved, not shown.
#[utoipa::path(get, path = FILE_PATH, tag = "conversations",
    security(("session" = []), ("token" = []), ("visitor" = [])),
    params(("id" = ConversationId, Path), ("attachment" = AttachmentId, Path)),
    responses(
        (status = 200, body = Vec<u8>, content_type = "application/octet-stream",
         headers(("content-disposition" = String), ("etag" = String))),
        (status = 304, description = "As the `If-None-Match` says"),
        Unauthorized, Forbidden, NotFound, Unavailable,
    ))]
async fn download(State(rest): State<Arc<Rest>>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let answer = whole_file(&rest, &mut parts).await;
    reader::shared(&rest, &parts.headers, answer)
}

async fn whole_file(rest: &Arc<Rest>, parts: &mut Parts) -> Result<Response, Problem> {
    let known = readable(rest, parts).await?;
    let etag = etag_of(&known, "");
    if is_known(&parts.headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, kept(&etag)).into_response());
    }
    let file = &known.attachment;
    let bytes = rest.files.read(file.id).await.map_err(missing)?;
    let media_type = match file.media_type.as_str() {
        // What a browser might run keeps its name and loses its type.
        "text/html" | "text/xml" | "image/svg+xml" => "application/octet-stream",
        harmless => harmless,
    };
    let headers = [
        (header::CONTENT_TYPE, media_type.to_owned()),
        (header::CONTENT_LENGTH, file.bytes.to_string()),
        (header::CONTENT_DISPOSITION, name::disposition(&file.name)),
    ];
    Ok((headers, kept(&etag), Body::from_stream(bytes)).into_response())
}

/// A picture made small
///
/// JPEG or PNG, at most 480 pixels wide and high, without anything that the picture holds beside its pixels. Of PNG,
/// JPEG, GIF and WebP.
#[utoipa::path(get, path = THUMBNAIL_PATH, tag = "conversations",
    security(("session" = []), ("token" = []), ("visitor" = [])),
    params(("id" = ConversationId, Path), ("attachment" = AttachmentId, Path)),
    responses(
        (status = 200, body = Vec<u8>, content_type = "image/jpeg", headers(("etag" = String))),
        (status = 304, description = "As the `If-None-Match` says"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json", description = "There is no such file, or no small picture of it"),
        Unauthorized, Forbidden, Unavailable,
    ))]
async fn thumbnail(State(rest): State<Arc<Rest>>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let answer = small_picture(&rest, &mut parts).await;
    reader::shared(&rest, &parts.headers, answer)
}

async fn small_picture(rest: &Arc<Rest>, parts: &mut Parts) -> Result<Response, Problem> {
    let known = readable(rest, parts).await?;
    let file = &known.attachment;
    if picture::format_of(&file.media_type).is_none() {
        return Err(Problem::not_found());
    }
    let etag = etag_of(&known, "-small");
    if is_known(&parts.headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, kept(&etag)).into_response());
    }
    let (bytes, media_type) = rest
        .files
        .thumbnail(file.id, &file.media_type)
        .await
        .map_err(missing)?;
    let headers = [(header::CONTENT_TYPE, media_type)];
    Ok((headers, kept(&etag), bytes).into_response())
}

/// The file that the path names, if its reader may have it.
async fn readable(rest: &Arc<Rest>, parts: &mut Parts) -> Result<StoredAttachment, Problem> {
    let NamedTwice(id, attachment) =
        NamedTwice::<ConversationId, AttachmentId>::from_request_parts(parts, rest).await?;
    let reader = reader::of(rest, id, &parts.headers, OriginRule::Reads).await?;
    let known = rest.store.attachment(attachment).await?;
    known
        .filter(|known| known.conversation == id && known.is_for(reader.view, reader.id))
        .ok_or_else(Problem::not_found)
}

/// A file that the store knows and its place does not: somebody must look, whoever asked is told that it is gone.
fn missing(error: FilesError) -> Problem {
    if matches!(error, FilesError::NotThere) {
        tracing::warn!(
            "a file is known but not in its place: was a backup restored without its files?"
        );
    }
    problem_of(error)
}

/// By content, which never changes. The browser asks again each time, so that it shows nothing to whoever is signed out.
fn etag_of(known: &StoredAttachment, suffix: &str) -> String {
    let hash = known.sha256.unwrap_or_default();
    let hex: String = hash[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("\"{hex}{suffix}\"")
}

fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let asked = headers.get_all(header::IF_NONE_MATCH);
    asked
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|one| one.trim().trim_start_matches("W/") == etag)
}

fn kept(etag: &str) -> AppendHeaders<[(HeaderName, HeaderValue); 3]> {
    let etag = HeaderValue::from_str(etag).expect("hexadecimal digits make a header");
    AppendHeaders([
        (header::ETAG, etag),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-cache"),
        ),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(NO_RIGHTS),
        ),
    ])
}

async fn preflight_upload(State(rest): State<Arc<Rest>>, headers: HeaderMap) -> Response {
    reader::allowed(&rest, &headers, "POST", "authorization, content-type")
}

async fn preflight_download(State(rest): State<Arc<Rest>>, headers: HeaderMap) -> Response {
    reader::allowed(&rest, &headers, "GET", "authorization, if-none-match")
}
