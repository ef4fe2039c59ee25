//! What comes in with a request, checked: JSON bodies, queries, ids in paths, and texts within their limits.
//!
//! Used by every resource. Each refusal names the field and says what is asked for. A field that nobody knows is
//! refused too: a misspelt one would otherwise be dropped in silence.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::web::error::{Kind, Problem};
use crate::web::rest::Rest;

/// Longest body, in bytes: the longest canned reply in the widest characters fits.
pub const BODY_BYTES_MAX: usize = 64 * 1_024;

/// A JSON body.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Arc<Rest>> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Arc<Rest>) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(Problem::new(
                Kind::UnsupportedMediaType,
                "Send the body as JSON, with the header \"Content-Type: application/json\".",
            ));
        }
        let bytes = to_bytes(request.into_body(), BODY_BYTES_MAX).await;
        let bytes = bytes.map_err(|_| {
            let detail =
                format!("The body did not arrive whole, or is over {BODY_BYTES_MAX} bytes.");
            Problem::new(Kind::TooLarge, detail)
        })?;
        parse(&bytes).map(Body)
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // Serde would take an array for an object, field by field.
    let begin = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if begin != Some(&b'{') {
        return Err(bad_body());
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let parsed: Result<T, _> = serde_path_to_error::deserialize(&mut reader);
    let value = parsed.map_err(|failure| {
        let path = failure.path().to_string();
        let inner = failure.into_inner();
        if !inner.is_data() {
            return bad_body();
        }
        let message = inner.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        match named_field(message) {
            Some(name) if path == "." || path == name => Problem::field(name, sentence(message)),
            Some(name) if path.ends_with(&format!(".{name}")) => {
                Problem::field(path, sentence(message))
            }
            Some(name) => Problem::field(format!("{path}.{name}"), sentence(message)),
            None if path == "." => bad_body(),
            None => Problem::field(path, sentence(message)),
        }
    })?;
    reader.end().map_err(|_| bad_body())?;
    Ok(value)
}

fn bad_body() -> Problem {
    Problem::new(Kind::BadBody, "The body must be one JSON object.")
}

/// The field that serde names in its own words, for one that is missing or that nobody knows.
fn named_field(message: &str) -> Option<&str> {
    ["missing field `", "unknown field `"]
        .iter()
        .find_map(|begin| message.strip_prefix(begin)?.split('`').next())
}

fn sentence(message: &str) -> String {
    format!("This field is wrong: {message}.")
}

/// A small JSON body that any page may send: also declared as text, for then a browser asks nobody first, and a beacon
/// carries it when the page ends.
pub struct SimpleBody<T>(pub T);

/// Longest [`SimpleBody`], in bytes: a handful of short fields.
const SIMPLE_BODY_BYTES_MAX: usize = 4 * 1_024;

impl<T: DeserializeOwned> FromRequest<Arc<Rest>> for SimpleBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Arc<Rest>) -> Result<Self, Problem> {
        let bytes = to_bytes(request.into_body(), SIMPLE_BODY_BYTES_MAX).await;
        let bytes = bytes.map_err(|_| {
            let detail =
                format!("The body did not arrive whole, or is over {SIMPLE_BODY_BYTES_MAX} bytes.");
            Problem::new(Kind::TooLarge, detail)
        })?;
        parse(&bytes).map(SimpleBody)
    }
}

/// A query string.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Arc<Rest>> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Rest>) -> Result<Self, Problem> {
        Query::<T>::try_from_uri(&parts.uri)
            .map(|Query(asked)| Asked(asked))
            .map_err(|refused| {
                // The framework says "Failed to deserialize query string: FIELD: MESSAGE".
                let text = refused.body_text();
                let text = text
                    .split_once(": ")
                    .map_or(text.as_str(), |(_, rest)| rest);
                match (named_field(text), text.split_once(": ")) {
                    (Some(name), _) => Problem::field(name, sentence(text)),
                    (None, Some((name, message))) => Problem::field(name, sentence(message)),
                    (None, None) => Problem::new(Kind::BadField, sentence(text)),
                }
            })
    }
}

/// The one id or key in a path. What cannot be one names nothing that is there.
pub struct Named<T>(pub T);

impl<T: FromStr> FromRequestParts<Arc<Rest>> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<Rest>) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::not_found())?;
        text.parse().map(Named).map_err(|_| Problem::not_found())
    }
}

/// Two ids in a path.
pub struct NamedTwice<T, U>(pub T, pub U);

impl<T: FromStr, U: FromStr> FromRequestParts<Arc<Rest>> for NamedTwice<T, U> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<Rest>) -> Result<Self, Problem> {
        let Path((first, second)) = Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::not_found())?;
        match (first.parse(), second.parse()) {
            (Ok(first), Ok(second)) => Ok(NamedTwice(first, second)),
            _ => Err(Problem::not_found()),
        }
    }
}

/// For fields that may be cleared: absent keeps what is (`None`), `null` clears it (`Some(None)`).
pub fn present<'de, T, D>(from: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(from).map(Some)
}

/// One line of text with 1 to `chars_max` characters, without space around it.
pub fn line(field: &str, text: &str, chars_max: usize) -> Result<String, Problem> {
    let text = text.trim();
    let length = text.chars().count();
    if length == 0 || length > chars_max || text.chars().any(char::is_control) {
        let detail = format!("This must be one line of 1 to {chars_max} characters.");
        return Err(Problem::field(field, detail));
    }
    Ok(text.to_owned())
}

/// Text with 1 to `chars_max` characters; line breaks and tabs may stay.
pub fn paragraph(field: &str, text: &str, chars_max: usize) -> Result<String, Problem> {
    let text = text.trim();
    let length = text.chars().count();
    let is_odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if length == 0 || length > chars_max || text.chars().any(is_odd) {
        let detail = format!("This must be a text of 1 to {chars_max} characters.");
        return Err(Problem::field(field, detail));
    }
    Ok(text.to_owned())
}

/// At most `most` things, none of them twice.
pub fn set_of<T: Ord + Clone>(field: &str, items: &[T], most: usize) -> Result<(), Problem> {
    let mut counts = BTreeMap::new();
    for item in items {
        *counts.entry(item).or_insert(0) += 1;
    }
    if items.len() > most || counts.values().any(|count| *count > 1) {
        let detail = format!("Name at most {most}, each of them once.");
        return Err(Problem::field(field, detail));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::{parse, present};
    use crate::web::error::Kind;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only whether it is read matters")]
        label: String,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only whether it is read matters")]
        name: String,
        #[serde(default)]
        #[expect(dead_code, reason = "only whether it is read matters")]
        form: Vec<Inner>,
        #[serde(default, deserialize_with = "present")]
        greeting: Option<Option<String>>,
    }

    #[test]
    fn a_refusal_names_the_field() {
        for (body, field) in [
            (r#"{}"#, "name"),
            (r#"{"name":5}"#, "name"),
            (r#"{"name":"a","nmae":"b"}"#, "nmae"),
            (
                r#"{"name":"a","form":[{"label":"b"},{"label":7}]}"#,
                "form[1].label",
            ),
            (r#"{"name":"a","form":[{}]}"#, "form[0].label"),
            (r#"{"name":"a","form":[{"label":"b","x":1}]}"#, "form[0].x"),
            (r#"{"name":"a","form":{}}"#, "form"),
        ] {
            let problem = parse::<Outer>(body.as_bytes()).expect_err(body);
            assert_eq!(problem.kind, Kind::BadField, "{body}");
            assert_eq!(
                problem.field.as_deref(),
                Some(field),
                "{body}: {}",
                problem.detail
            );
        }
    }

    #[test]
    fn what_is_no_object_is_a_bad_body() {
        let deep = "[".repeat(50_000);
        for body in [
            "",
            "{",
            "5",
            "[]",
            "null",
            r#"["a",[]]"#,
            r#"{"name":"a"} x"#,
            &deep,
            "\u{0}",
        ] {
            let problem = parse::<Outer>(body.as_bytes()).expect_err(body);
            assert_eq!(problem.kind, Kind::BadBody, "{body:.20}");
        }
        assert_eq!(
            parse::<Outer>(b"{\"name\":\"\xff\"}")
                .expect_err("not UTF-8")
                .kind,
            Kind::BadBody
        );
    }

    #[test]
    fn null_clears_and_absence_keeps() {
        let greeting = |body: &str| parse::<Outer>(body.as_bytes()).unwrap().greeting;
        assert_eq!(greeting(r#"{"name":"a"}"#), None);
        assert_eq!(greeting(r#"{"name":"a","greeting":null}"#), Some(None));
        assert_eq!(
            greeting(r#"{"name":"a","greeting":"hi"}"#),
            Some(Some("hi".into()))
        );
    }
}
