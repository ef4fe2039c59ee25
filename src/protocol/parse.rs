//! Untrusted text to frames: what comes out is a frame of the contract, within its limits.
//!
//! Called by the sockets for each frame. Costs at most one pass over a frame that is already bounded by
//! [`super::FRAME_BYTES_MAX`]; JSON nested deeper than 128 levels is refused by the parser. Every refusal names what
//! is wrong and carries the frame's `cmd`, `conversation` and `t` as far as they could be read.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::model::event::{Fields, Mode};
use crate::model::id::AttachmentId;
use crate::model::record::{CAPACITY_MAX, Page};
use crate::protocol::TEXT_CHARS_MAX;
use crate::protocol::agent::FromAgent;
use crate::protocol::error::{ErrorCode, ErrorFrame};
use crate::protocol::visitor::{FromVisitor, VisitorHello, VisitorStart};

/// Longest address, title or referrer of a page, in characters; a longer one is cut, not refused.
pub const PAGE_CHARS_MAX: usize = 2_000;
/// Most fields in a `start`.
pub const FIELDS_MAX: usize = 32;
/// Longest name of a field, in characters.
pub const FIELD_NAME_CHARS_MAX: usize = 64;
/// Longest value of a field, in characters.
pub const FIELD_VALUE_CHARS_MAX: usize = 2_000;
/// Most needs in a `start`.
pub const NEEDS_MAX: usize = 8;
/// Longest need, in characters.
pub const NEED_CHARS_MAX: usize = 40;
/// Most tags of a conversation.
pub const TAGS_MAX: usize = 32;
/// Longest tag, in characters.
pub const TAG_CHARS_MAX: usize = 64;
/// Most conversations in an agent's `hello.after`.
pub const AFTER_MAX: usize = 1_000;
/// Longest language tag or time zone, in characters.
pub const TAG_OR_ZONE_CHARS_MAX: usize = 64;

const VISITOR_TYPES: [&str; 9] = [
    "hello", "start", "send", "typing", "read", "page", "leave", "rate", "ping",
];
const AGENT_TYPES: [&str; 15] = [
    "hello", "status", "accept", "decline", "open", "shut", "send", "note", "typing", "read",
    "transfer", "take", "close", "lanes", "ping",
];

/// The frame in a visitor's text.
pub fn visitor_frame(text: &str) -> Result<FromVisitor, Box<ErrorFrame>> {
    let object = object_of(text)?;
    let context = Context::of(&object);
    let mut frame: FromVisitor = typed(&object, &VISITOR_TYPES, &context)?;
    check_visitor(&mut frame).map_err(|error| context.refuse(error))?;
    Ok(frame)
}

/// The frame in an agent's text.
pub fn agent_frame(text: &str) -> Result<FromAgent, Box<ErrorFrame>> {
    let object = object_of(text)?;
    let context = Context::of(&object);
    let mut frame: FromAgent = typed(&object, &AGENT_TYPES, &context)?;
    check_agent(&mut frame).map_err(|error| context.refuse(error))?;
    Ok(frame)
}

/// An error about a frame that was not taken in, naming what it can of it: without `cmd` a client could not tell which of
/// its commands to repeat.
#[must_use]
pub fn refuse_unread(text: &str, error: ErrorFrame) -> Box<ErrorFrame> {
    match object_of(text) {
        Ok(object) => Context::of(&object).refuse(Box::new(error)),
        Err(_) => Box::new(error),
    }
}

fn object_of(text: &str) -> Result<Map<String, Value>, Box<ErrorFrame>> {
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) | Err(_) => Err(Box::new(ErrorFrame::new(
            ErrorCode::BadFrame,
            "A frame is one JSON object with a field \"t\".",
        ))),
    }
}

/// What of a frame an error about it repeats.
struct Context {
    t: String,
    cmd: Option<crate::model::id::CommandId>,
    conversation: Option<crate::model::id::ConversationId>,
}

impl Context {
    fn of(object: &Map<String, Value>) -> Self {
        let text = |name: &str| object.get(name).and_then(Value::as_str);
        Self {
            t: text("t").unwrap_or_default().chars().take(40).collect(),
            cmd: text("cmd").and_then(|cmd| cmd.parse().ok()),
            conversation: text("conversation").and_then(|id| id.parse().ok()),
        }
    }

    fn refuse(&self, mut error: Box<ErrorFrame>) -> Box<ErrorFrame> {
        error.cmd = self.cmd;
        error.conversation = self.conversation;
        error.re = (!self.t.is_empty()).then(|| self.t.clone());
        error
    }
}

fn typed<T: DeserializeOwned>(
    object: &Map<String, Value>,
    known: &[&str],
    context: &Context,
) -> Result<T, Box<ErrorFrame>> {
    match object.get("t") {
        None => {
            return Err(context.refuse(bad_field("t", "Every frame names its type in \"t\".")));
        }
        Some(Value::String(_)) => {}
        Some(_) => {
            return Err(context.refuse(bad_field("t", "The type in \"t\" is a text.")));
        }
    }
    if !known.contains(&context.t.as_str()) {
        let message = "This socket knows no frame of this type.";
        return Err(context.refuse(Box::new(ErrorFrame::new(ErrorCode::UnknownType, message))));
    }
    match T::deserialize(object) {
        Ok(frame) => Ok(frame),
        Err(failure) => {
            let message = failure.to_string();
            let field = missing_field(&message)
                .or_else(|| wrong_field::<T>(object, context))
                .unwrap_or_default();
            Err(context.refuse(bad_field(field, format!("This field is wrong: {message}."))))
        }
    }
}

/// The field that serde misses, by its own words.
fn missing_field(message: &str) -> Option<String> {
    let name = message.strip_prefix("missing field `")?.split('`').next()?;
    Some(name.to_owned())
}

/// The field whose value is of the wrong kind. Each is tried alone beside `t`: then any complaint but a missing field
/// is about it. Serde itself cannot tell, because a tagged frame is buffered before its fields are read.
fn wrong_field<T: DeserializeOwned>(
    object: &Map<String, Value>,
    context: &Context,
) -> Option<String> {
    object
        .iter()
        .filter(|(name, _)| *name != "t")
        .find(|(name, value)| {
            let mut alone = Map::new();
            alone.insert("t".into(), Value::String(context.t.clone()));
            alone.insert((*name).clone(), (*value).clone());
            T::deserialize(&alone)
                .is_err_and(|failure| missing_field(&failure.to_string()).is_none())
        })
        .map(|(name, _)| name.clone())
}

fn bad_field(field: impl Into<String>, message: impl Into<String>) -> Box<ErrorFrame> {
    Box::new(ErrorFrame::bad_field(field, message))
}

fn check_visitor(frame: &mut FromVisitor) -> Result<(), Box<ErrorFrame>> {
    match frame {
        FromVisitor::Hello(hello) => check_hello(hello),
        FromVisitor::Start(start) => check_start(start),
        FromVisitor::Send {
            text, attachment, ..
        } => check_words(text, *attachment),
        FromVisitor::Typing { preview, .. } => {
            if let Some(preview) = preview {
                check_length("preview", preview, TEXT_CHARS_MAX)?;
            }
            Ok(())
        }
        FromVisitor::Page { url, title } => {
            cut(url, PAGE_CHARS_MAX);
            cut(title, PAGE_CHARS_MAX);
            Ok(())
        }
        FromVisitor::Rate { score, comment, .. } => {
            if !(1..=5).contains(score) {
                return Err(bad_field(
                    "score",
                    "A rating is a whole number from 1 to 5.",
                ));
            }
            if comment
                .as_ref()
                .is_some_and(|comment| comment.trim().is_empty())
            {
                *comment = None;
            }
            comment
                .as_deref()
                .map_or(Ok(()), |comment| check_text("comment", comment))
        }
        FromVisitor::Read { .. } | FromVisitor::Leave { .. } | FromVisitor::Ping { .. } => Ok(()),
    }
}

fn check_agent(frame: &mut FromAgent) -> Result<(), Box<ErrorFrame>> {
    match frame {
        FromAgent::Hello(hello) => {
            if hello.after.len() > AFTER_MAX {
                return Err(bad_field(
                    "after",
                    format!("At most {AFTER_MAX} conversations."),
                ));
            }
            Ok(())
        }
        FromAgent::Status { capacity, .. } => {
            if capacity.is_some_and(|capacity| capacity > CAPACITY_MAX) {
                return Err(bad_field(
                    "capacity",
                    format!("Capacity is 0 to {CAPACITY_MAX}."),
                ));
            }
            Ok(())
        }
        FromAgent::Send {
            attachment: Some(_),
            article: Some(_),
            ..
        } => Err(bad_field(
            "article",
            "A frame carries an article or a file, not both. Send them one after the other.",
        )),
        FromAgent::Send {
            text, attachment, ..
        }
        | FromAgent::Note {
            text, attachment, ..
        } => check_words(text, *attachment),
        FromAgent::Transfer { note, .. } => {
            if note.as_ref().is_some_and(|note| note.trim().is_empty()) {
                *note = None;
            }
            note.as_deref()
                .map_or(Ok(()), |note| check_text("note", note))
        }
        FromAgent::Close { tags, .. } => check_tags(tags),
        FromAgent::Accept { .. }
        | FromAgent::Decline { .. }
        | FromAgent::Open { .. }
        | FromAgent::Shut { .. }
        | FromAgent::Typing { .. }
        | FromAgent::Read { .. }
        | FromAgent::Take { .. }
        | FromAgent::Lanes { .. }
        | FromAgent::Ping { .. } => Ok(()),
    }
}

fn check_hello(hello: &mut VisitorHello) -> Result<(), Box<ErrorFrame>> {
    cut_page(&mut hello.page);
    check_lang_and_tz(hello.lang.as_deref(), hello.tz.as_deref())
}

/// A page within its limits; also for REST.
pub fn cut_page(page: &mut Page) {
    let Page {
        url,
        title,
        referrer,
    } = page;
    cut(url, PAGE_CHARS_MAX);
    cut(title, PAGE_CHARS_MAX);
    if let Some(referrer) = referrer {
        cut(referrer, PAGE_CHARS_MAX);
    }
}

/// A language and a time zone within their limits; also for REST.
pub fn check_lang_and_tz(lang: Option<&str>, tz: Option<&str>) -> Result<(), Box<ErrorFrame>> {
    for (name, value) in [("lang", lang), ("tz", tz)] {
        if let Some(value) = value {
            check_length(name, value, TAG_OR_ZONE_CHARS_MAX)?;
        }
    }
    Ok(())
}

/// A `start` within its limits; also for REST, where a message may be left without a socket.
pub fn check_start(start: &VisitorStart) -> Result<(), Box<ErrorFrame>> {
    check_fields(&start.fields)?;
    if start.needs.len() > NEEDS_MAX {
        return Err(bad_field("needs", format!("At most {NEEDS_MAX} needs.")));
    }
    for need in &start.needs {
        if need.is_empty() || need.chars().count() > NEED_CHARS_MAX || need.contains('\0') {
            return Err(bad_field(
                "needs",
                format!("A need has 1 to {NEED_CHARS_MAX} characters."),
            ));
        }
    }
    match (&start.text, start.mode) {
        (Some(text), _) => check_text("text", text),
        (None, Mode::Chat) => Ok(()),
        (None, Mode::Message) => Err(bad_field("text", "Write the message that you leave.")),
    }
}

fn check_fields(fields: &Fields) -> Result<(), Box<ErrorFrame>> {
    if fields.len() > FIELDS_MAX {
        return Err(bad_field("fields", format!("At most {FIELDS_MAX} fields.")));
    }
    for (name, value) in fields {
        if name.is_empty() || name.chars().count() > FIELD_NAME_CHARS_MAX || name.contains('\0') {
            let message = format!("A field's name has 1 to {FIELD_NAME_CHARS_MAX} characters.");
            return Err(bad_field("fields", message));
        }
        check_length(&format!("fields.{name}"), value, FIELD_VALUE_CHARS_MAX)?;
    }
    Ok(())
}

/// Tags as a conversation may carry them; also for REST.
pub fn check_tags(tags: &[String]) -> Result<(), Box<ErrorFrame>> {
    if tags.len() > TAGS_MAX {
        return Err(bad_field("tags", format!("At most {TAGS_MAX} tags.")));
    }
    for tag in tags {
        if tag.trim().is_empty() || tag.chars().count() > TAG_CHARS_MAX || tag.contains('\0') {
            return Err(bad_field(
                "tags",
                format!("A tag has 1 to {TAG_CHARS_MAX} characters."),
            ));
        }
    }
    Ok(())
}

/// What is said is words or a file, one of the two.
fn check_words(text: &str, attachment: Option<AttachmentId>) -> Result<(), Box<ErrorFrame>> {
    match attachment {
        None => check_text("text", text),
        Some(_) if text.is_empty() => Ok(()),
        Some(_) => Err(bad_field(
            "text",
            "A frame carries a text or a file, not both. Send them one after the other.",
        )),
    }
}

fn check_text(field: &str, text: &str) -> Result<(), Box<ErrorFrame>> {
    if text.trim().is_empty() {
        return Err(bad_field(field, "The text is empty."));
    }
    check_length(field, text, TEXT_CHARS_MAX)
}

/// Also refuses NUL: no text needs it, and not every store can hold it.
fn check_length(field: &str, text: &str, chars_max: usize) -> Result<(), Box<ErrorFrame>> {
    if text.contains('\0') {
        return Err(bad_field(field, "A text cannot hold the NUL character."));
    }
    // Bytes first: as many bytes as characters are allowed settle it without counting.
    if text.len() > chars_max && text.chars().count() > chars_max {
        let message =
            format!("This is longer than {chars_max} characters. Shorten it and send it again.");
        return Err(Box::new(ErrorFrame {
            field: Some(field.into()),
            ..ErrorFrame::new(ErrorCode::TooLarge, message)
        }));
    }
    Ok(())
}

fn cut(text: &mut String, chars_max: usize) {
    text.retain(|character| character != '\0');
    if let Some((end, _)) = text.char_indices().nth(chars_max) {
        text.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::{agent_frame, visitor_frame};
    use crate::protocol::error::ErrorCode;

    const CMD: &str = "0198c5a0-0000-7000-8000-000000000001";

    fn refused(text: &str) -> (ErrorCode, Option<String>) {
        let error = visitor_frame(text).expect_err(text);
        (error.code, error.field)
    }

    #[test]
    fn a_refusal_names_the_field() {
        let field = |name: &str| (ErrorCode::BadField, Some(name.to_owned()));
        assert_eq!(refused(r#"{"t":"send","text":"hi"}"#), field("cmd"));
        assert_eq!(
            refused(&format!(r#"{{"t":"send","cmd":"{CMD}","text":5}}"#)),
            field("text")
        );
        assert_eq!(
            refused(r#"{"t":"send","text":"hi","cmd":"nope","more":{}}"#),
            field("cmd")
        );
        assert_eq!(
            refused(&format!(r#"{{"t":"send","cmd":"{CMD}","text":"  "}}"#)),
            field("text")
        );
        assert_eq!(
            refused(&format!(r#"{{"t":"rate","cmd":"{CMD}","score":6}}"#)),
            field("score")
        );
        assert_eq!(
            refused(r#"{"t":"hello","site":"demo","page":7}"#),
            field("page")
        );
        assert_eq!(
            refused(r#"{"t":"hello","site":"Not A Key","page":{"url":"u","title":"t"}}"#),
            field("site")
        );
        assert_eq!(
            refused(&format!(r#"{{"t":"start","cmd":"{CMD}","mode":"shout"}}"#)),
            field("mode")
        );
        assert_eq!(
            refused(&format!(
                r#"{{"t":"start","cmd":"{CMD}","fields":{{"name":{{}}}}}}"#
            )),
            field("fields")
        );
        assert_eq!(refused(r#"{"text":"hi"}"#), field("t"));
    }

    #[test]
    fn a_refusal_tells_apart_what_is_wrong() {
        assert_eq!(refused("[1]").0, ErrorCode::BadFrame);
        assert_eq!(refused("{").0, ErrorCode::BadFrame);
        assert_eq!(refused(&"[".repeat(60_000)).0, ErrorCode::BadFrame);
        assert_eq!(refused(r#"{"t":"nonsense"}"#).0, ErrorCode::UnknownType);
        let long = "é".repeat(10_001);
        let error = visitor_frame(&format!(r#"{{"t":"send","cmd":"{CMD}","text":"{long}"}}"#))
            .expect_err("long");
        assert_eq!(
            (error.code, error.field.as_deref()),
            (ErrorCode::TooLarge, Some("text"))
        );
        assert_eq!(error.cmd.map(|cmd| cmd.to_string()).as_deref(), Some(CMD));
        let both = format!(r#"{{"t":"send","cmd":"{CMD}","text":"x","attachment":"{CMD}"}}"#);
        assert_eq!(refused(&both), (ErrorCode::BadField, Some("text".into())));
        let file = format!(r#"{{"t":"send","cmd":"{CMD}","attachment":"{CMD}"}}"#);
        assert!(visitor_frame(&file).is_ok());
    }

    #[test]
    fn what_is_within_the_limits_passes() {
        let long = "é".repeat(10_000);
        assert!(
            visitor_frame(&format!(
                r#"{{"t":"send","cmd":"{CMD}","text":"{long}","new_field":1}}"#
            ))
            .is_ok()
        );
        assert!(agent_frame(r#"{"t":"hello"}"#).is_ok());
        let transfer = format!(
            r#"{{"t":"transfer","cmd":"{CMD}","conversation":"{CMD}","to":{{"department":"sales"}}}}"#
        );
        assert!(agent_frame(&transfer).is_ok());
        let error = agent_frame(r#"{"t":"status","status":"online","capacity":101}"#)
            .expect_err("too many");
        assert_eq!(error.field.as_deref(), Some("capacity"));
    }
}
