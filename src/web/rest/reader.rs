//! Who may read a conversation's log over HTTP, and with it the files in it: people at the desk, and its visitor.
//!
//! A visitor comes with the bearer token of `welcome`, from a page of the site (CORS) or from a program; never with a
//! cookie, so another page cannot read with their rights.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use crate::accounts::visitor_tokens::BadToken;
use crate::domain::conversation::Conversation;
use crate::model::event::{Role, View};
use crate::model::id::ConversationId;
use crate::web::error::{Kind, Problem};
use crate::web::rest::Rest;
use crate::web::rest::caller::{self, OriginRule};
use crate::web::rest::conversations::visible;

/// Somebody who may read a conversation.
pub struct Reader {
    /// What of it.
    pub view: View,
    /// Their id.
    pub id: Uuid,
    /// On which side.
    pub role: Role,
    /// The conversation.
    pub conversation: Conversation,
}

/// Who sends these headers, if they may read this conversation; else what is not theirs looks like what is not there.
pub async fn of(
    rest: &Rest,
    id: ConversationId,
    headers: &HeaderMap,
    rule: OriginRule,
) -> Result<Reader, Problem> {
    match caller::bearer(headers)? {
        Some(token) if !caller::is_api_token(token) => visitor(rest, id, token, headers).await,
        Some(_) | None => {
            let caller = caller::authenticate(rest, headers, rule).await?;
            let card = visible(&*rest.store, caller.person(), id).await?;
            Ok(Reader {
                view: View::Agent,
                id: caller.person().id.0,
                role: Role::Agent,
                conversation: card.conversation,
            })
        }
    }
}

async fn visitor(
    rest: &Rest,
    id: ConversationId,
    token: &str,
    headers: &HeaderMap,
) -> Result<Reader, Problem> {
    let tokens = &rest.accounts.visitor_tokens;
    let (visitor, key) = tokens
        .read(token, rest.clock.now())
        .map_err(|bad| match bad {
            BadToken::Forged | BadToken::OtherSite | BadToken::Expired => Problem::new(
                Kind::Unauthorized,
                "The visitor's token is no good any more. Say hello again for a fresh one.",
            ),
        })?;
    if let Some(origin) = headers.get(header::ORIGIN) {
        let site = rest.settings.site(&key);
        let is_allowed = origin
            .to_str()
            .is_ok_and(|origin| site.is_some_and(|site| rest.settings.allows(&site, origin)));
        if !is_allowed {
            return Err(Problem::forbidden(
                "This page's origin is not on the site's list.",
            ));
        }
    }
    let conversation = rest.store.conversation(id).await?;
    let conversation = conversation
        .filter(|found| found.visitor == visitor && found.site == key)
        .ok_or_else(Problem::not_found)?;
    Ok(Reader {
        view: View::Visitor,
        id: visitor.0,
        role: Role::Visitor,
        conversation,
    })
}

/// What a browser asks before it sends an `Authorization` from another origin.
pub fn allowed(
    rest: &Rest,
    headers: &HeaderMap,
    method: &'static str,
    allowed_headers: &'static str,
) -> Response {
    let allowed = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, method),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, allowed_headers),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    shared(rest, headers, (StatusCode::NO_CONTENT, allowed))
}

/// The answer, for pages of the sites to read, the refusals too: what they may read is decided by the token. No
/// `Access-Control-Allow-Credentials`: cookies stay at home.
pub fn shared(rest: &Rest, asked: &HeaderMap, answer: impl IntoResponse) -> Response {
    let mut answer = answer.into_response();
    let headers = answer.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = asked.get(header::ORIGIN)
        && let Ok(text) = origin.to_str()
        && rest.settings.is_known_origin(text)
    {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("content-disposition, etag, retry-after"),
        );
    }
    answer
}
