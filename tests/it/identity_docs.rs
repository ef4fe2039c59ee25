//! The programs of docs/identity.md, run as they stand there: each makes a token that the server takes.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::support::node::Node;

const SECRET: &str = "a secret that only the shop and the server know";
/// Quotes, a script beyond Latin and a backslash: what a program that glues its JSON together gets wrong.
const NAME: &str = r#"Véra "Vee" Ωmega \ Co"#;

/// The one program of a language: what stands between its fences.
fn program<'a>(page: &'a str, language: &str) -> &'a str {
    let fence = format!("```{language}\n");
    let programs: Vec<&str> = page
        .split(fence.as_str())
        .skip(1)
        .filter_map(|rest| rest.split("\n```").next())
        .filter(|program| program.contains("BALIE_IDENTITY_SECRET"))
        .collect();
    assert_eq!(
        programs.len(),
        1,
        "docs/identity.md has one {language} program"
    );
    programs[0]
}

async fn is_taken(language: &str, file: &str, command: &[&str]) {
    let page = include_str!("../../docs/identity.md");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    std::fs::write(&path, program(page, language)).unwrap();
    let node = Node::start().await;
    let setting = json!({ "identity_secret": SECRET });
    node.administer("PATCH", "/api/sites/demo", setting).await;
    let token = run(command, &path, folder.path());
    let mut visitor = node
        .visitor_builder()
        .identity(&token)
        .connect()
        .await
        .unwrap();
    let conversation = visitor.start("hello").await.unwrap().conversation;
    let mut sue = node.agent("sue").await;
    let seen = sue.open(conversation, None).await.unwrap()["visitor"].clone();
    assert_eq!(seen["verified"], true);
    assert_eq!(seen["name"], NAME);
    assert_eq!(seen["email"], "vera@home.example");
}

/// What the program prints for one customer.
fn run(command: &[&str], path: &Path, folder: &Path) -> String {
    let (name, arguments) = command.split_first().unwrap();
    let output = Command::new(name)
        .args(arguments)
        .arg(path)
        .args(["customer-1", NAME, "vera@home.example"])
        .env("BALIE_IDENTITY_SECRET", SECRET)
        // Go keeps what it compiles, and wants to know where.
        .env("GOCACHE", folder.join("go"))
        .output()
        .unwrap_or_else(|error| {
            panic!("{name} does not start ({error}): install it, as tests/run does")
        });
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {errors}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_program_in_javascript_makes_an_identity() {
    is_taken("js", "identity.mjs", &["node"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_program_in_python_makes_an_identity() {
    is_taken("python", "identity.py", &["python3"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_program_in_php_makes_an_identity() {
    is_taken("php", "identity.php", &["php"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_program_in_ruby_makes_an_identity() {
    is_taken("ruby", "identity.rb", &["ruby"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_program_in_go_makes_an_identity() {
    is_taken("go", "identity.go", &["go", "run"]).await;
}
