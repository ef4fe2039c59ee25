//! Sending files over HTTP, as visitors and agents do.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use balie_loadtest::participant::agent::Agent;
use balie_loadtest::participant::dial::{Dial, HttpAnswer};
use balie_loadtest::participant::visitor::Visitor;
use balie_loadtest::participant::wire::ConversationId;
use image::{DynamicImage, ImageFormat, RgbImage};
use serde_json::Value;

use super::node::Node;

/// A picture of this size, as a file.
pub fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let paint = |x, y| image::Rgb([(x % 251) as u8, (y % 241) as u8, 90]);
    let picture = DynamicImage::from(RgbImage::from_fn(width, height, paint));
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// HTTP with the visitor's token.
pub fn as_visitor(node: &Node, visitor: &Visitor) -> Dial {
    let bearer = format!("Bearer {}", visitor.token());
    node.stranger().with_header("authorization", &bearer)
}

/// Where files of a conversation are.
pub fn path_of(conversation: ConversationId) -> String {
    format!("/api/conversations/{conversation}/attachments")
}

/// Sends bytes as a file of this name, which is part of an address.
pub async fn upload(
    dial: &Dial,
    conversation: ConversationId,
    name: &str,
    bytes: &[u8],
) -> HttpAnswer {
    let path = format!("{}?name={name}", path_of(conversation));
    dial.upload(&path, "image/png", bytes.to_vec())
        .await
        .unwrap()
}

/// The id of a file that was taken.
///
/// # Panics
/// When it was not.
pub fn id_of(answer: &HttpAnswer) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(answer.status, 201, "{body}");
    body["id"].as_str().unwrap().to_owned()
}

/// What a refusal says.
///
/// # Panics
/// When it is another one, or none.
pub fn problem(answer: &HttpAnswer, status: u16, kind: &str) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(answer.status, status, "{body}");
    assert_eq!(body["type"], format!("urn:balie:problem:{kind}"));
    body["detail"].as_str().unwrap().to_owned()
}

/// A file, or what belongs to it.
pub async fn get(dial: &Dial, conversation: ConversationId, rest: &str) -> HttpAnswer {
    let path = format!("{}/{rest}", path_of(conversation));
    dial.http("GET", &path, None).await.unwrap()
}

/// What lies in the folder of files, half or whole.
pub fn files_in(node: &Node) -> Vec<PathBuf> {
    objects_in(&node.data().join("files"))
}

/// What people sent, in a folder where files go: not the few bytes that a server stores at its start to see whether it can,
/// nor the folder of the widget's parts.
pub fn objects_in(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with("probe-"))
        .map(|entry| entry.path())
        .filter(|path| !path.is_dir())
        .collect()
}

/// A visitor and the agent who serves them.
pub async fn a_chat(node: &Node) -> (Visitor, Agent, ConversationId) {
    let mut ben = node.online("ben", 2).await;
    let mut vera = node.visitor_who_says("look at this").await;
    let conversation = ben.next_assigned().await.unwrap();
    vera.agent().await.unwrap();
    (vera, ben, conversation)
}
