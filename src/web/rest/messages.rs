//! Messages that are left without a socket: `POST /api/sites/{site}/messages`, for pages in networks that forbid WebSockets.
//!
//! Decided as `start` with `mode` `message` on the socket is, within the same limits, and once for its `cmd`. From pages
//! of the site only (CORS). Whoever comes without a token is a new visitor, and gets the token of one.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing::options;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::desk::visit::Whereabouts;
use crate::model::event::{Fields, Mode, Seq};
use crate::model::id::{CommandId, ConversationId, DepartmentKey, SiteKey, VisitorId};
use crate::model::record::{Page, Site};
use crate::model::time::{At, Millis};
use crate::protocol::parse::{check_lang_and_tz, check_start, cut_page};
use crate::protocol::visitor::VisitorStart;
use crate::store::Receipt;
use crate::web::error::{Kind, Problem, ProblemBody};
use crate::web::rest::Rest;
use crate::web::rest::body::{Body, Named};
use crate::web::rest::caller::{self, ClientAddress};
use crate::web::rest::problems::{BadRequest, RateLimited, Unavailable};
use crate::web::rest::reader::{allowed, shared};

/// The routes of this file. What a browser asks beforehand is no resource, so the document is silent about it.
pub fn routes() -> OpenApiRouter<Arc<Rest>> {
    OpenApiRouter::default()
        .routes(routes!(leave_message))
        .route(PATH, options(preflight))
}

const PATH: &str = "/api/sites/{site}/messages";

/// A repeat without a token is given one for so long: whoever lost the first answer repeats within minutes, and agents,
/// who see a command in the log, are not to speak for the visitor with it later.
const TOKEN_REPEATED: Millis = Millis::seconds(10 * 60);

/// A message to be answered later.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeftMessage {
    /// A UUID made for this message: repeated with it, the message is left once.
    cmd: CommandId,
    /// The site's form, filled in. `email` must be there, unless the token is of somebody whose address the site has
    /// signed.
    #[serde(default)]
    fields: Fields,
    /// Whose line; without it the site's first department.
    #[serde(default)]
    department: Option<DepartmentKey>,
    /// The message.
    text: String,
    /// Where the visitor is.
    #[serde(default)]
    page: Option<Page>,
    /// BCP 47 tag.
    #[serde(default)]
    lang: Option<String>,
    /// IANA time zone.
    #[serde(default)]
    tz: Option<String>,
}

/// The message is on durable storage.
#[derive(Serialize, utoipa::ToSchema)]
pub struct MessageLeft {
    conversation: ConversationId,
    /// Of the message in the log.
    seq: Seq,
    /// When it was left.
    at: At,
    /// Makes this browser the same visitor from here, as the one of `welcome` does. Absent where a message of long ago is
    /// repeated without a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

/// Leave a message
///
/// It becomes a conversation in the department's line, at any hour, and is assigned after those who wait live. From
/// pages of the site only; with a visitor's token as bearer it is that visitor's.
#[utoipa::path(post, path = PATH, tag = "widget", security((), ("visitor" = [])),
    params(("site" = SiteKey, Path)),
    request_body = LeftMessage,
    responses(
        (status = 201, body = MessageLeft),
        (status = 401, body = ProblemBody, content_type = "application/problem+json", description = "The visitor's token is no good any more"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json", description = "Not a page of this site"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "The visitor has a conversation open already"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json"),
        BadRequest, RateLimited, Unavailable,
    ))]
async fn leave_message(State(rest): State<Arc<Rest>>, request: Request) -> Response {
    let asked = request.headers().clone();
    let answer = left(&rest, request).await;
    shared(&rest, &asked, answer)
}

async fn left(
    rest: &Arc<Rest>,
    request: Request,
) -> Result<(StatusCode, Json<MessageLeft>), Problem> {
    let (mut parts, body) = request.into_parts();
    let Named(key) = Named::<SiteKey>::from_request_parts(&mut parts, rest).await?;
    let Ok(ClientAddress(address)) = ClientAddress::from_request_parts(&mut parts, rest).await;
    let site = site_of_page(rest, &key, &parts.headers)?;
    let known = known_visitor(rest, &site, &parts.headers)?;
    let request = Request::from_parts(parts, body);
    let Body(message) = Body::<LeftMessage>::from_request(request, rest).await?;
    let (start, whereabouts) = checked(message)?;
    let tokens = &rest.accounts.visitor_tokens;
    let cmd = start.cmd;
    let visitor = known.unwrap_or_else(|| tokens.newcomer(&key, cmd));
    let receipt = match rest.addresses.start_from(address, rest.clock.now()).await {
        Ok(()) => {
            let left = rest.desk.leave_message(visitor, &site, &whereabouts, start);
            left.await?
        }
        // A repeat of what was acknowledged is no new start.
        Err(retry) => match rest.store.receipt(visitor.0, cmd).await? {
            Some(receipt) => receipt,
            None => {
                let detail = "Too many chats were started from here. Wait a moment and try again.";
                return Err(Problem::new(Kind::RateLimited, detail).retry(retry));
            }
        },
    };
    let Receipt {
        conversation,
        seq,
        at,
    } = receipt;
    let now = rest.clock.now();
    let may_have_token = known.is_some() || now - at < TOKEN_REPEATED;
    let left = MessageLeft {
        conversation,
        seq,
        at,
        token: may_have_token.then(|| tokens.issue(visitor, &key, now)),
    };
    Ok((StatusCode::CREATED, Json(left)))
}

/// The site, if the page that asks is one of its own. A site that is not there looks like one that does not allow it.
fn site_of_page(rest: &Rest, key: &SiteKey, headers: &HeaderMap) -> Result<Arc<Site>, Problem> {
    let origin = headers.get(header::ORIGIN);
    let origin = origin.and_then(|origin| origin.to_str().ok());
    let site = rest.settings.site(key);
    site.filter(|site| origin.is_some_and(|origin| rest.settings.allows(site, origin)))
        .ok_or_else(|| {
            Problem::forbidden(
                "This page may not leave a message at that site. Check the site's key and its allowed origins.",
            )
        })
}

fn known_visitor(
    rest: &Rest,
    site: &Site,
    headers: &HeaderMap,
) -> Result<Option<VisitorId>, Problem> {
    let Some(token) = caller::bearer(headers)? else {
        return Ok(None);
    };
    let tokens = &rest.accounts.visitor_tokens;
    let visitor = tokens.verify(token, &site.key, rest.clock.now());
    visitor.map(Some).map_err(|bad| {
        let detail = format!("Leave the message without this token: {bad}.");
        Problem::new(Kind::Unauthorized, detail)
    })
}

fn checked(message: LeftMessage) -> Result<(VisitorStart, Whereabouts), Problem> {
    let start = VisitorStart {
        cmd: message.cmd,
        department: message.department,
        fields: message.fields,
        needs: Vec::new(),
        mode: Mode::Message,
        text: Some(message.text),
    };
    check_start(&start)?;
    check_lang_and_tz(message.lang.as_deref(), message.tz.as_deref())?;
    let mut page = message.page;
    if let Some(page) = &mut page {
        cut_page(page);
    }
    let whereabouts = Whereabouts {
        page,
        lang: message.lang,
        tz: message.tz,
    };
    Ok((start, whereabouts))
}

/// What a browser asks before it sends JSON from another origin.
async fn preflight(State(rest): State<Arc<Rest>>, headers: HeaderMap) -> Response {
    allowed(&rest, &headers, "POST", "authorization, content-type")
}
