//! The program itself, as a person runs it, against a server that only welcomes visitors.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on is to stop at once"
)]

use std::process::Output;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio_tungstenite::tungstenite::Message;

/// Welcomes everybody but each `refuses_each`-th, who is told that there are too many.
async fn welcoming_server(refuses_each: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut number = 0;
        while let Ok((mut stream, _)) = listener.accept().await {
            number += 1;
            let refuses = number % refuses_each == 0;
            tokio::spawn(async move {
                if refuses {
                    // The whole request has to be read, or the answer is lost in a reset.
                    let _ = stream.read(&mut [0; 4_096]).await.unwrap();
                    let answer = "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 4\r\n\r\nfull";
                    stream.write_all(answer.as_bytes()).await.unwrap();
                    return;
                }
                let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
                while let Some(Ok(Message::Text(_))) = socket.next().await {
                    let welcome = json!({"t": "welcome", "visitor": "v", "token": "t", "epoch": "e", "open": true, "now": 1});
                    socket
                        .send(Message::text(welcome.to_string()))
                        .await
                        .unwrap();
                }
            });
        }
    });
    url
}

async fn balie_loadtest(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_balie-loadtest"))
        .args(arguments)
        .output()
        .await
        .unwrap()
}

#[tokio::test]
async fn idle_visitors_come_from_several_processes_and_are_counted() {
    let url = welcoming_server(usize::MAX).await;
    let own_pid = std::process::id().to_string();
    let arguments = [
        "idle",
        "--url",
        &url,
        "--visitors",
        "25",
        "--processes",
        "2",
        "--hold-s",
        "0",
        "--json",
    ];
    let output =
        balie_loadtest(&[arguments.as_slice(), &["--server-pid", &own_pid]].concat()).await;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["established"], 25);
    assert_eq!(report["faults"], 0);
    assert!(report["bytes_per_visitor"].is_u64());
    assert!(report["server"]["held"]["resident_bytes"].as_u64().unwrap() > 100_000);
}

#[tokio::test]
async fn those_who_are_refused_are_reported_with_the_reason() {
    let url = welcoming_server(3).await;
    let output = balie_loadtest(&["idle", "--url", &url, "--visitors", "9", "--hold-s", "0"]).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    assert!(text.contains("established       6 "), "{text}");
    assert!(text.contains("refused           3\n"), "{text}");
    assert!(
        text.contains("3 × the upgrade was answered with HTTP 429: full\n"),
        "{text}"
    );
}

#[tokio::test]
async fn nothing_measured_is_a_failure() {
    let nobody = ["--url", "http://127.0.0.1:1"];
    let output = balie_loadtest(
        &[
            ["idle"].as_slice(),
            &nobody,
            &["--visitors", "2", "--hold-s", "0"],
        ]
        .concat(),
    )
    .await;
    assert!(!output.status.success());
    let tokens = std::env::temp_dir().join(format!("balie-loadtest-{}", std::process::id()));
    std::fs::write(&tokens, "# agents\nsecret\n").unwrap();
    let url = welcoming_server(1).await;
    let chat = [
        "chat",
        "--url",
        &url,
        "--pairs",
        "101",
        "--seconds",
        "1",
        "--tokens-file",
        tokens.to_str().unwrap(),
    ];
    let output = balie_loadtest(&chat).await;
    std::fs::remove_file(&tokens).unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("give 2 agents or more"), "{said}");
}

#[tokio::test]
async fn a_missing_or_empty_file_of_tokens_says_what_to_do() {
    let missing = [
        "chat",
        "--url",
        "http://127.0.0.1:1",
        "--pairs",
        "1",
        "--tokens-file",
        "/nowhere/tokens",
    ];
    let output = balie_loadtest(&missing).await;
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("/nowhere/tokens cannot be read"));
    let empty = [
        "chat",
        "--url",
        "http://127.0.0.1:1",
        "--pairs",
        "1",
        "--tokens-file",
        "/dev/null",
    ];
    let output = balie_loadtest(&empty).await;
    assert!(String::from_utf8_lossy(&output.stderr).contains("one API token on each line"));
}

#[tokio::test]
async fn a_desk_that_cannot_run_says_so_before_it_begins() {
    let folder = std::env::temp_dir().join(format!("balie-loadtest-wait-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let svg = folder.join("promises.svg");
    let wait = async |balie: &str, svg: &str| {
        let arguments = [
            "wait",
            "--url",
            "http://127.0.0.1:1",
            "--data",
            "/nowhere",
            "--balie",
            balie,
            "--svg",
            svg,
        ];
        let output = balie_loadtest(&arguments).await;
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = wait("/bin/true", "/nowhere/promises.svg").await;
    assert!(
        said.contains("/nowhere/promises.svg cannot be written"),
        "{said}"
    );
    std::fs::write(&svg, "an earlier run").unwrap();
    let said = wait("/nowhere/balie", svg.to_str().unwrap()).await;
    assert!(said.contains("/nowhere/balie admin create"), "{said}");
    // Nobody listens there, and the picture of before stays.
    let said = wait("/bin/true", svg.to_str().unwrap()).await;
    assert!(!said.is_empty());
    assert_eq!(std::fs::read_to_string(&svg).unwrap(), "an earlier run");
    std::fs::remove_dir_all(&folder).unwrap();
}
