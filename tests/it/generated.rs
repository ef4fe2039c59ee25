//! What is generated from the Rust types stays what they are: the TypeScript of the wire, the references of the sockets and
//! of HTTP, and the README's table of settings.
//!
//! A file that is out of date is written anew and the test fails once, so that whoever changed a type commits both.

use std::fs;
use std::path::Path;

use balie::model::event::{
    AgentName, ArticleName, Attachment, Body, CloseReason, Mode, RequeueReason, Role, Sender,
    TransferredTo,
};
use balie::model::id::{
    AgentId, ArticleId, AttachmentId, CommandId, ConversationId, DepartmentKey, SiteKey, VisitorId,
};
use balie::model::record::{Attribute, Page, PersonRole, ReadMarks, Status};
use balie::model::standard::{Definition, Standard};
use balie::model::time::{At, Millis};
use balie::model::why::{Rule, Why};
use balie::protocol::agent::{
    AgentConversation, AgentHello, AgentWelcome, FromAgent, Lane, Me, ToAgent, TransferTo,
    UnassignReason, WaitingRow,
};
use balie::protocol::error::{ErrorCode, ErrorFrame};
use balie::protocol::lane::{
    LaneCourse, LaneFigures, LanePromises, LaneStaffing, LaneTalks, LaneWarning, Silence,
    StaffingStep, WarningReason,
};
use balie::protocol::parts::{Ack, ByeReason, Eta, EventFrame, State, VisitorCard};
use balie::protocol::visitor::{
    FromVisitor, ToVisitor, VisitorConversation, VisitorHello, VisitorStart, VisitorWelcome,
};
use ts_rs::TS;

/// Compares a file with what it should be.
pub fn keep_fresh(path: &str, fresh: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let kept = fs::read_to_string(&file).unwrap_or_default();
    if kept != fresh {
        fs::write(&file, fresh).expect("the work tree can be written");
        panic!("{path} was out of date and has been written anew: look at it and commit it");
    }
}

macro_rules! declarations {
    ($config:expr, $($type:ty),+ $(,)?) => {{
        let mut text = String::new();
        $(
            if let Some(docs) = <$type as TS>::docs() {
                text.push_str(&docs);
            }
            text.push_str("export ");
            text.push_str(&<$type as TS>::decl($config));
            text.push_str("\n\n");
        )+
        text
    }};
}

#[test]
fn the_typescript_of_the_wire_is_fresh() {
    let config = ts_rs::Config::new().with_large_int("number");
    let declarations = declarations!(
        &config,
        ConversationId,
        VisitorId,
        AgentId,
        ArticleId,
        CommandId,
        AttachmentId,
        SiteKey,
        DepartmentKey,
        At,
        Millis,
        Role,
        Sender,
        AgentName,
        Attachment,
        ArticleName,
        Mode,
        RequeueReason,
        CloseReason,
        TransferredTo,
        Rule,
        Why,
        Body,
        Attribute,
        Page,
        PersonRole,
        ReadMarks,
        Status,
        State,
        EventFrame,
        Ack,
        Eta,
        VisitorCard,
        ByeReason,
        ErrorCode,
        ErrorFrame,
        FromVisitor,
        VisitorHello,
        VisitorStart,
        ToVisitor,
        VisitorWelcome,
        VisitorConversation,
        FromAgent,
        AgentHello,
        TransferTo,
        ToAgent,
        AgentWelcome,
        Me,
        AgentConversation,
        UnassignReason,
        Lane,
        Standard,
        Definition,
        LaneFigures,
        LaneTalks,
        LanePromises,
        LaneStaffing,
        LaneCourse,
        StaffingStep,
        LaneWarning,
        WarningReason,
        Silence,
        WaitingRow,
    );
    let head = "// The wire contract in TypeScript, generated from the Rust types of src/protocol by tests/it/generated.rs.\n\
                // Never edit it by hand: change the Rust types and run the tests.\n\n";
    keep_fresh(
        "client/wire.ts",
        &format!("{head}{}\n", declarations.trim_end()),
    );
}

/// JSON for people: indented, with a line's end.
fn pretty(document: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(document).unwrap() + "\n"
}

#[test]
fn the_reference_of_the_sockets_is_fresh() {
    keep_fresh(
        "docs/asyncapi.json",
        &pretty(&balie::protocol::reference::document()),
    );
}

#[test]
fn the_reference_of_http_is_fresh() {
    keep_fresh(
        "docs/openapi.json",
        &pretty(&balie::web::rest::reference::document()),
    );
}

/// The README's table of settings, between its two marks.
#[test]
fn the_readme_lists_every_setting() {
    const BEGIN: &str = "<!-- settings: written by tests/it/generated.rs -->\n";
    const END: &str = "<!-- end of settings -->";
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let (before, rest) = readme
        .split_once(BEGIN)
        .expect("the README has the first mark");
    let (_, after) = rest
        .split_once(END)
        .expect("the README has the second mark");
    let mut table =
        String::from("| command line | environment | default | what it is |\n|---|---|---|---|\n");
    for (key, variable, default, what) in balie::config::table() {
        let default = if default.is_empty() {
            "none".to_owned()
        } else {
            format!("`{default}`")
        };
        let option = key.replace('_', "-");
        table.push_str(&format!(
            "| `--{option}` | `{variable}` | {default} | {} |\n",
            what.trim()
        ));
    }
    keep_fresh("README.md", &format!("{before}{BEGIN}{table}{END}{after}"));
}
