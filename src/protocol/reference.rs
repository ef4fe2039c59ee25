//! The published reference of both sockets: an AsyncAPI 3 document made from the frames' types.
//!
//! Called by `web::rest::reference`, which serves it, and by the test that keeps `docs/asyncapi.json` fresh. A frame or
//! field that is added to a type is in the document; nothing about frames is written down twice.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use crate::protocol::agent::{FromAgent, ToAgent};
use crate::protocol::error::Close;
use crate::protocol::visitor::{FromVisitor, ToVisitor};
use crate::protocol::{FRAME_BYTES_MAX, HELLO_TIMEOUT_S, TEXT_CHARS_MAX, VERSION};

/// The document.
#[must_use]
pub fn document() -> Value {
    // Draft 7 is the dialect that AsyncAPI's own schemas are a superset of.
    let mut generator = SchemaSettings::draft07()
        .with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        })
        .into_generator();
    let frames = [
        Frames::of::<FromVisitor>("visitor", "from_visitor", "receive", &mut generator),
        Frames::of::<ToVisitor>("visitor", "to_visitor", "send", &mut generator),
        Frames::of::<FromAgent>("agent", "from_agent", "receive", &mut generator),
        Frames::of::<ToAgent>("agent", "to_agent", "send", &mut generator),
    ];
    let mut schemas = generator.take_definitions(true);
    let mut messages = Map::new();
    let mut operations = Map::new();
    for direction in &frames {
        let types = direction.take_messages(&mut schemas, &mut messages);
        operations.insert(direction.name.to_owned(), direction.operation(&types));
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Balie's sockets",
            "version": format!("{VERSION}.0.0"),
            "description": introduction(),
        },
        "defaultContentType": "application/json",
        "channels": {
            "visitor": channel("/ws/visitor", VISITOR_CHANNEL, &frames[..2], &messages),
            "agent": channel("/ws/agent", AGENT_CHANNEL, &frames[2..], &messages),
        },
        "operations": operations,
        "components": { "messages": messages, "schemas": schemas },
    })
}

const VISITOR_CHANNEL: &str =
    "A visitor's socket. The Origin must be one of a site's; the first frame is `hello`.";
const AGENT_CHANNEL: &str = "The socket of somebody at the desk. Open it with the session cookie from the server's own \
                             origin, or with an API token as `Authorization: Bearer`; the first frame is `hello`.";

fn introduction() -> String {
    let closes = [
        (Close::Binary, "a binary frame; never send that frame again"),
        (
            Close::BadUtf8,
            "a text frame that is not UTF-8; never send that frame again",
        ),
        (
            Close::Policy,
            "a breach of policy, or signed out; come back only with another credential",
        ),
        (
            Close::TooBig,
            "a frame over the limit; never send that frame again",
        ),
        (
            Close::Restart,
            "the node goes away; come back after `bye.retry_ms`",
        ),
        (
            Close::TooSlow,
            "the reader fell behind; come back and resume",
        ),
    ];
    let closes: Vec<String> = closes
        .iter()
        .map(|(close, meaning)| format!("{}: {meaning}", close.code()))
        .collect();
    format!(
        "JSON text frames, one object a frame; `t` names its type. Unknown fields are ignored. Times are milliseconds \
         since the Unix epoch, spans end in `_ms`. A frame has at most {FRAME_BYTES_MAX} bytes, a text at most \
         {TEXT_CHARS_MAX} characters; `hello` comes within {HELLO_TIMEOUT_S} s. Close codes: {}.",
        closes.join(". ")
    )
}

/// All frames of one direction of one socket.
struct Frames {
    /// On which channel.
    channel: &'static str,
    /// The operation's name, and what its messages' names begin with.
    name: &'static str,
    /// What the server does with them: `receive` or `send`.
    action: &'static str,
    /// Under which name the generator keeps the enum of them.
    definition: String,
}

impl Frames {
    fn of<T: JsonSchema>(
        channel: &'static str,
        name: &'static str,
        action: &'static str,
        generator: &mut SchemaGenerator,
    ) -> Self {
        let _: Schema = generator.subschema_for::<T>();
        Self {
            channel,
            name,
            action,
            definition: T::schema_name().into_owned(),
        }
    }

    /// Turns the variants of the enum into messages; answers their names.
    fn take_messages(
        &self,
        schemas: &mut Map<String, Value>,
        messages: &mut Map<String, Value>,
    ) -> Vec<String> {
        let definition = schemas.remove(&self.definition).unwrap_or_default();
        let variants = definition["oneOf"].as_array().cloned().unwrap_or_default();
        assert!(!variants.is_empty(), "an enum of frames has variants");
        let mut names = Vec::new();
        for mut variant in variants {
            let t = variant["properties"]["t"]["const"]
                .as_str()
                .expect("every frame is tagged by t")
                .to_owned();
            let summary = variant
                .as_object_mut()
                .and_then(|variant| variant.remove("description"))
                .unwrap_or_default();
            let name = format!("{}.{t}", self.name);
            let message = json!({ "name": t, "title": t, "summary": summary, "payload": variant });
            messages.insert(name.clone(), message);
            names.push(name);
        }
        names
    }

    fn operation(&self, names: &[String]) -> Value {
        let messages: Vec<Value> = names
            .iter()
            .map(|name| json!({ "$ref": format!("#/channels/{}/messages/{name}", self.channel) }))
            .collect();
        json!({
            "action": self.action,
            "channel": { "$ref": format!("#/channels/{}", self.channel) },
            "messages": messages,
        })
    }
}

fn channel(
    address: &str,
    description: &str,
    frames: &[Frames],
    messages: &Map<String, Value>,
) -> Value {
    let own: Map<String, Value> = messages
        .keys()
        .filter(|name| {
            frames.iter().any(|frames| {
                name.strip_prefix(frames.name)
                    .is_some_and(|rest| rest.starts_with('.'))
            })
        })
        .map(|name| {
            let link = json!({ "$ref": format!("#/components/messages/{name}") });
            (name.clone(), link)
        })
        .collect();
    json!({
        "address": address,
        "description": description,
        "messages": own,
        "bindings": { "ws": { "method": "GET", "bindingVersion": "0.1.0" } },
    })
}
