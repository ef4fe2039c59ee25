//! The only table of HTTP statuses and problem types, and of the refusals that end a socket.
//!
//! Everything that answers over HTTP ends in a [`Problem`] (RFC 9457, `application/problem+json`) where it cannot do
//! what was asked. The rooms below know no HTTP; what their errors become is decided here. Words for people say what to
//! do next and never quote what is inside.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::accounts::people::BadPerson;
use crate::accounts::sign_in::{ChangePasswordError, SetUpError, SignInError};
use crate::desk::Refused;
use crate::domain::conversation::Refusal;
use crate::model::time::Millis;
use crate::protocol::error::{Close, ErrorCode, ErrorFrame};
use crate::store::StoreError;

/// Whoever finds the store away comes back after this: long enough for a short stall to be over.
pub const STORE_RETRY: Millis = Millis::seconds(2);
/// Whoever finds the queue of password checks full comes back after this: it is empty again in half a second.
const BUSY_RETRY: Millis = Millis::seconds(1);

/// The kinds of problem, each a row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The body is not JSON, or not an object.
    BadBody,
    /// A field of body or query is missing or wrong; `field` names it.
    BadField,
    /// Nobody is signed in, or with a credential that is no good.
    Unauthorized,
    /// Known, but not allowed.
    Forbidden,
    /// There is no such thing, or it is not yours.
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// It contradicts what is.
    Conflict,
    /// Longer than the limit.
    TooLarge,
    /// The body is not declared as JSON, or a file is of a type that is not taken.
    UnsupportedMediaType,
    /// A file comes without its length.
    LengthRequired,
    /// A file came too slowly.
    Timeout,
    /// There is no room for a file; `Retry-After` says when to come back.
    NoRoom,
    /// Too many; `Retry-After` says when to come back.
    RateLimited,
    /// The store does not answer; `Retry-After` says when to come back.
    Unavailable,
    /// Our own mistake.
    Internal,
}

impl Kind {
    /// Status, name within the type's URN, title.
    fn row(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Kind::BadBody => (
                StatusCode::BAD_REQUEST,
                "bad_body",
                "The body is not what is asked for",
            ),
            Kind::BadField => (StatusCode::BAD_REQUEST, "bad_field", "A field is wrong"),
            Kind::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized", "Sign in first"),
            Kind::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "Not allowed"),
            Kind::NotFound => (StatusCode::NOT_FOUND, "not_found", "There is no such thing"),
            Kind::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "Not this way",
            ),
            Kind::Conflict => (StatusCode::CONFLICT, "conflict", "It contradicts what is"),
            Kind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large", "Too large"),
            Kind::UnsupportedMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "This type is not taken",
            ),
            Kind::LengthRequired => (
                StatusCode::LENGTH_REQUIRED,
                "length_required",
                "The length is asked for",
            ),
            Kind::Timeout => (StatusCode::REQUEST_TIMEOUT, "timeout", "Too slow"),
            Kind::NoRoom => (
                StatusCode::INSUFFICIENT_STORAGE,
                "no_room",
                "There is no room",
            ),
            Kind::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "rate_limited", "Too many"),
            Kind::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "Not at this moment",
            ),
            Kind::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Something broke on our side",
            ),
        }
    }
}

/// Why a request was not done.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Which row of the table.
    pub kind: Kind,
    /// What to do, in a sentence.
    pub detail: String,
    /// The field that is wrong.
    pub field: Option<String>,
    /// Come back after so long.
    pub retry: Option<Millis>,
}

/// A problem as it is answered: `application/problem+json`, RFC 9457.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Names the kind of problem, for programs: `urn:balie:problem:` and the kind.
    #[serde(rename = "type")]
    #[schema(example = "urn:balie:problem:bad_field")]
    pub kind: String,
    /// The kind of problem in words.
    pub title: &'static str,
    /// The status, once more.
    pub status: u16,
    /// What is wrong here, and what to do.
    pub detail: String,
    /// The field that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

impl Problem {
    /// A problem of this kind in these words.
    #[must_use]
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            field: None,
            retry: None,
        }
    }

    /// This field is wrong.
    #[must_use]
    pub fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            field: Some(field.into()),
            ..Self::new(Kind::BadField, detail)
        }
    }

    /// There is no such thing, or it is not yours: the words are the same.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(Kind::NotFound, "There is nothing here that you may see.")
    }

    /// Nobody is signed in.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new(
            Kind::Unauthorized,
            "Sign in, or send \"Authorization: Bearer\" and an API token.",
        )
    }

    /// Known, but not allowed.
    #[must_use]
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(Kind::Forbidden, detail)
    }

    /// It contradicts what is.
    #[must_use]
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(Kind::Conflict, detail)
    }

    /// The same, to be repeated after `retry`.
    #[must_use]
    pub fn retry(self, retry: Millis) -> Self {
        Self {
            retry: Some(retry),
            ..self
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, name, title) = self.kind.row();
        let body = ProblemBody {
            kind: format!("urn:balie:problem:{name}"),
            title,
            status: status.as_u16(),
            detail: self.detail,
            field: self.field,
        };
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if self.kind == Kind::Unauthorized {
            // RFC 9110, 11.6.1, asks for a challenge; this one makes no browser open a window.
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(retry) = self.retry {
            // Whole seconds, rounded up: coming back a moment early would only be refused again.
            let seconds = retry.0.max(0).unsigned_abs().div_ceil(1_000).max(1);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        (status, headers, Json(body)).into_response()
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Away(_) => {
                tracing::warn!(%error, "a request found the store away");
                let detail = "The store does not answer. Repeat the request in a moment.";
                Problem::new(Kind::Unavailable, detail).retry(STORE_RETRY)
            }
            StoreError::Taken(what) => Problem {
                field: field_of(what).map(Into::into),
                ..Problem::conflict(format!("This {what} exists already. Choose another."))
            },
            StoreError::InUse("administrator") => {
                Problem::conflict("This is the last administrator. Make somebody else one first.")
            }
            StoreError::InUse(what) => Problem::conflict(format!(
                "This {what} is still in use, so it stays. Remove what refers to it first."
            )),
            StoreError::NotThere(_) => Problem::not_found(),
            StoreError::Elsewhere(words) => Problem::conflict(words),
            StoreError::Corrupt(_) => {
                tracing::error!(%error, "the store broke a promise");
                let detail = "This should not happen; the server's log says more.";
                Problem::new(Kind::Internal, detail)
            }
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let words = refused.to_string();
        match refused {
            Refused::Rule(Refusal::NotThere) | Refused::NotFound(_) => Problem::not_found(),
            Refused::Rule(_)
            | Refused::Conflict(_)
            | Refused::ClosedHours(_)
            | Refused::QueueFull(_) => Problem::conflict(words),
            Refused::Forbidden(_) => Problem::forbidden(words),
            Refused::BadField { field, .. } => Problem::field(field, words),
            Refused::Away => Problem::new(Kind::Unavailable, words).retry(STORE_RETRY),
        }
    }
}

/// What is refused as a frame of a socket, refused as a body.
impl From<Box<ErrorFrame>> for Problem {
    fn from(error: Box<ErrorFrame>) -> Self {
        let kind = match error.code {
            ErrorCode::TooLarge => Kind::TooLarge,
            _ if error.field.is_some() => Kind::BadField,
            _ => Kind::BadBody,
        };
        Self {
            field: error.field,
            ..Self::new(kind, error.message)
        }
    }
}

/// The field that holds what is taken.
fn field_of(what: &str) -> Option<&'static str> {
    match what {
        "address" => Some("email"),
        "site" | "department" => Some("key"),
        "tag" => Some("tag"),
        "shortcut" => Some("shortcut"),
        _ => None,
    }
}

impl From<BadPerson> for Problem {
    fn from(error: BadPerson) -> Self {
        let field = match error {
            BadPerson::Name => "name",
            BadPerson::Email => "email",
            BadPerson::Password(_) => "password",
            BadPerson::Busy(_) => return busy(),
        };
        Problem::field(field, error.to_string())
    }
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::WrongWords => Problem::new(Kind::Unauthorized, error.to_string()),
            SignInError::Throttled(throttled) => Problem::new(
                Kind::RateLimited,
                format!(
                    "Too many failed attempts. Try again in {} minutes.",
                    throttled.0.0.max(0).unsigned_abs().div_ceil(60_000)
                ),
            )
            .retry(throttled.0),
            SignInError::Busy(_) => busy(),
            SignInError::Store(error) => error.into(),
        }
    }
}

impl From<SetUpError> for Problem {
    fn from(error: SetUpError) -> Self {
        match error {
            SetUpError::WrongToken => Problem::forbidden(error.to_string()),
            SetUpError::Person(error) => error.into(),
            SetUpError::Store(error) => error.into(),
        }
    }
}

impl From<ChangePasswordError> for Problem {
    fn from(error: ChangePasswordError) -> Self {
        match error {
            // Not 401: whoever asks is signed in, and a page that reads 401 would send them to the login.
            ChangePasswordError::Current(SignInError::WrongWords) => {
                Problem::field("current", "This is not your present password.")
            }
            ChangePasswordError::Current(error) => error.into(),
            ChangePasswordError::New(fault) => Problem::field("new", fault.to_string()),
        }
    }
}

fn busy() -> Problem {
    let detail = "Too many people are signing in at this moment. Try again in a second.";
    Problem::new(Kind::Unavailable, detail).retry(BUSY_RETRY)
}

/// Whether a refusal ends the socket, and how: a credential that is no good does, nothing else by itself.
#[must_use]
pub fn close_after(code: ErrorCode) -> Option<Close> {
    match code {
        ErrorCode::Unauthorized => Some(Close::Policy),
        ErrorCode::UnknownType
        | ErrorCode::BadFrame
        | ErrorCode::BadField
        | ErrorCode::Forbidden
        | ErrorCode::NotFound
        | ErrorCode::WrongState
        | ErrorCode::Conflict
        | ErrorCode::TooLarge
        | ErrorCode::RateLimited
        | ErrorCode::QueueFull
        | ErrorCode::ClosedHours
        | ErrorCode::Unavailable => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header;
    use axum::response::IntoResponse;

    use super::{Kind, Problem};
    use crate::model::time::Millis;
    use crate::store::StoreError;

    #[test]
    fn a_problem_says_when_to_come_back_in_whole_seconds_rounded_up() {
        for (retry, seconds) in [(0, "1"), (1, "1"), (1_000, "1"), (1_001, "2")] {
            let problem = Problem::new(Kind::RateLimited, "").retry(Millis(retry));
            let answer = problem.into_response();
            assert_eq!(answer.status(), 429);
            assert_eq!(answer.headers()[header::RETRY_AFTER], seconds);
            assert_eq!(
                answer.headers()[header::CONTENT_TYPE],
                "application/problem+json"
            );
        }
    }

    #[test]
    fn what_is_inside_the_store_is_never_quoted() {
        for error in [
            StoreError::Away("/secret/path".into()),
            StoreError::Corrupt("/secret/path".into()),
        ] {
            let problem = Problem::from(error);
            assert!(!problem.detail.contains("secret"), "{}", problem.detail);
        }
    }
}
