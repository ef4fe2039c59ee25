//! The golden frames of `tests/wire`: what the contract says, as bytes that Rust, schema and TypeScript all agree on.
//!
//! A file a frame type and direction, with every optional field and without. Each frame is read into its type and
//! written back without loss, and holds against the schema of `docs/asyncapi.json`. `client/golden_frames.ts` is made of
//! the same files, so that the TypeScript types are held to them by the compiler.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use balie::protocol::agent::{FromAgent, ToAgent};
use balie::protocol::parse::{agent_frame, visitor_frame};
use balie::protocol::reference;
use balie::protocol::visitor::{FromVisitor, ToVisitor};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::generated::keep_fresh;

/// Every golden frame by message, as `to_visitor.welcome`.
fn golden_frames() -> BTreeMap<String, Vec<Value>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire");
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let frames = serde_json::from_str(&fs::read_to_string(&path).unwrap());
            let frames = frames.unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, frames)
        })
        .collect()
}

/// Reads the frame as `T` and writes it again.
fn rewritten<T: Serialize + DeserializeOwned>(frame: &Value) -> Value {
    let read: T = serde_json::from_value(frame.clone()).unwrap();
    serde_json::to_value(read).unwrap()
}

#[test]
fn every_golden_frame_is_read_and_written_without_loss() {
    for (name, frames) in golden_frames() {
        let (direction, t) = name.split_once('.').unwrap();
        for frame in frames {
            assert_eq!(frame["t"], t, "{name}");
            let text = frame.to_string();
            let again = match direction {
                "from_visitor" => serde_json::to_value(visitor_frame(&text).unwrap()).unwrap(),
                "from_agent" => serde_json::to_value(agent_frame(&text).unwrap()).unwrap(),
                "to_visitor" => rewritten::<ToVisitor>(&frame),
                "to_agent" => rewritten::<ToAgent>(&frame),
                other => panic!("no direction is called {other}"),
            };
            assert_eq!(again, frame, "{name}");
        }
    }
}

#[test]
fn every_frame_type_and_kind_of_event_has_golden_frames() {
    let document = reference::document();
    let described: BTreeSet<String> = document["components"]["messages"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    let golden = golden_frames();
    assert_eq!(described, golden.keys().cloned().collect());
    let kinds = |name: &str| -> BTreeSet<String> {
        let kind = |frame: &Value| frame["kind"].as_str().unwrap().to_owned();
        golden[name].iter().map(kind).collect()
    };
    let all = [
        "agent_away",
        "agent_back",
        "assigned",
        "closed",
        "message",
        "note",
        "queued",
        "rated",
        "requeued",
        "transferred",
    ];
    let all: BTreeSet<String> = all.into_iter().map(str::to_owned).collect();
    assert_eq!(kinds("to_agent.event"), all);
    let hidden: BTreeSet<String> = all
        .difference(&kinds("to_visitor.event"))
        .cloned()
        .collect();
    assert_eq!(hidden, BTreeSet::from(["note".to_owned()]));
}

/// The schema of one message, with the parts it refers to.
fn validator(document: &Value, message: &str) -> jsonschema::Validator {
    let mut schema = document["components"]["messages"][message]["payload"].clone();
    schema["components"] = json!({ "schemas": document["components"]["schemas"] });
    jsonschema::draft7::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap()
}

#[test]
fn every_golden_frame_holds_against_the_published_schema() {
    let document = reference::document();
    for (name, frames) in golden_frames() {
        let validator = validator(&document, &name);
        for frame in frames {
            let wrong: Vec<String> = validator
                .iter_errors(&frame)
                .map(|error| error.to_string())
                .collect();
            assert!(wrong.is_empty(), "{name}: {wrong:?} in {frame}");
            // The schema says more than "an object": without its type the frame is none.
            let mut nameless = frame;
            nameless.as_object_mut().unwrap().remove("t");
            assert!(!validator.is_valid(&nameless), "{name}");
        }
    }
}

#[test]
fn the_reference_refers_only_to_what_is_in_it() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                    found.insert(reference.to_owned());
                }
                fields.values().for_each(|one| references(one, found));
            }
            Value::Array(items) => items.iter().for_each(|one| references(one, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let document = reference::document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 100, "{}", found.len());
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        // A `/` within a name would be written `~1`; none of ours has one.
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

/// The frames as they come from a client hold against the types that clients are written with.
#[test]
fn the_typescript_of_the_golden_frames_is_fresh() {
    let mut text = String::from(
        "// The golden frames of tests/wire, written by tests/it/wire.rs so that the compiler holds the types to them.\n\
         // Never edit it by hand: change the frames and run the tests.\n\n\
         import type { FromAgent, FromVisitor, ToAgent, ToVisitor } from \"./wire.ts\";\n",
    );
    let golden = golden_frames();
    let directions = [
        ("from_visitor", "fromVisitor", "FromVisitor"),
        ("to_visitor", "toVisitor", "ToVisitor"),
        ("from_agent", "fromAgent", "FromAgent"),
        ("to_agent", "toAgent", "ToAgent"),
    ];
    for (direction, constant, kind) in directions {
        text.push_str(&format!("\nexport const {constant} = [\n"));
        for (name, frames) in &golden {
            if name.split('.').next() == Some(direction) {
                for frame in frames {
                    text.push_str(&format!("  {frame},\n"));
                }
            }
        }
        text.push_str(&format!("] satisfies {kind}[];\n"));
    }
    keep_fresh("client/golden_frames.ts", &text);
}

/// What no client sends must not be read as something else: the types themselves are strict about their fields.
#[test]
fn a_golden_frame_of_the_other_socket_is_none_of_this_one() {
    for (name, frames) in golden_frames() {
        for frame in frames {
            let t = frame["t"].as_str().unwrap();
            match name.split('.').next().unwrap() {
                "from_visitor" if matches!(t, "start" | "page" | "leave" | "rate") => {
                    assert!(
                        serde_json::from_value::<FromAgent>(frame).is_err(),
                        "{name}"
                    );
                }
                "from_agent" if matches!(t, "accept" | "take" | "close" | "lanes") => {
                    assert!(
                        serde_json::from_value::<FromVisitor>(frame).is_err(),
                        "{name}"
                    );
                }
                _ => {}
            }
        }
    }
}
