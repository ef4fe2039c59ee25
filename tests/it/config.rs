//! Starts that must fail: the setting, the value and the remedy are named, the exit status tells, and nothing is touched.

use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde_json::json;

use crate::support::node::{Ended, Node, own_address, run_to_end};
use crate::support::people::beginning;

/// Runs `balie` in an empty folder with these words and this environment.
fn start(arguments: &[&str], environment: &[(&str, &str)]) -> (Ended, bool) {
    let folder = tempfile::tempdir().unwrap();
    let ended = run_to_end(folder.path(), arguments, environment);
    let is_untouched = fs::read_dir(folder.path()).unwrap().next().is_none();
    (ended, is_untouched)
}

#[test]
fn a_setting_that_cannot_be_is_named_with_its_value_and_nothing_is_touched() {
    for (arguments, environment, words) in [
        (
            &["--listen", "nowhere"][..],
            &[][..],
            &["--listen", "nowhere"][..],
        ),
        (
            &[],
            &[("BALIE_LISTEN", "127.0.0.1:99999")],
            &["127.0.0.1:99999", "listen"],
        ),
        (&[], &[("BALIE_RING_MS", "0")], &["ring_ms", "0"]),
        (&[], &[("BALIE_RING_MS", "soon")], &["soon", "ring-ms"]),
        (
            &[],
            &[("BALIE_VISITOR_GRACE_MS", "-5")],
            &["-5", "visitor-grace-ms"],
        ),
        (
            &[],
            &[("BALIE_DRAIN_MS", "60000")],
            &["drain_ms", "60000", "9000"],
        ),
        (
            &[],
            &[("BALIE_PUBLIC_URL", "chat.example.com")],
            &["chat.example.com", "https://"],
        ),
        (
            &[],
            &[("BALIE_TRUSTED_PROXIES", "10.0.0")],
            &["10.0.0", "network"],
        ),
        (
            &[],
            &[("BALIE_LOG_FILTER", "balie=loud")],
            &["log_filter", "balie=loud"],
        ),
        (&[], &[("BALIE_LISTN", "127.0.0.1:1")], &["BALIE_LISTN"]),
        (&["--lisen", "127.0.0.1:1"], &[], &["--lisen"]),
        (&["serv"], &[], &["serv"]),
        (&["--config", "nowhere.toml"], &[], &["nowhere.toml"]),
    ] {
        let (ended, is_untouched) = start(arguments, environment);
        assert!(
            ended.code.is_some_and(|code| code != 0),
            "{words:?}: {ended:?}"
        );
        assert!(
            words.iter().all(|word| ended.said.contains(word)),
            "{words:?}: {ended:?}"
        );
        assert!(!ended.said.contains("panicked"), "{ended:?}");
        assert!(is_untouched, "{words:?}: the folder is not as it was");
    }
}

#[test]
fn a_wrong_settings_file_is_named_with_the_line() {
    for (text, words) in [
        (
            "listen = \"127.0.0.1:0\"\nlistn = \"x\"\n",
            &["balie.toml", "listn"][..],
        ),
        ("ring_ms = \"soon\"\n", &["balie.toml", "ring_ms"]),
        ("ring_ms = 0\n", &["ring_ms", "0"]),
        ("listen =\n", &["balie.toml"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("balie.toml"), text).unwrap();
        let ended = run_to_end(folder.path(), &[], &[]);
        assert!(ended.code.is_some_and(|code| code != 0), "{ended:?}");
        assert!(
            words.iter().all(|word| ended.said.contains(word)),
            "{words:?}: {ended:?}"
        );
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "only the settings"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_data_folder_serves_one_server_and_an_address_too() {
    let node = Node::start().await;
    let data = node.data().display().to_string();
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = own_address().to_string();
    let second = run_to_end(
        folder.path(),
        &["--data", &data, "--listen", &elsewhere],
        &[],
    );
    assert!(second.code.is_some_and(|code| code != 0), "{second:?}");
    assert!(second.said.contains(&data), "{second:?}");
    let taken = node.address().to_string();
    let second = run_to_end(folder.path(), &["--listen", &taken], &[]);
    assert!(second.code.is_some_and(|code| code != 0), "{second:?}");
    assert!(
        second.said.contains(&taken) && second.said.contains("--listen"),
        "{second:?}"
    );
    node.visitor().await;
}

#[test]
fn a_database_that_is_damaged_or_foreign_is_named_with_the_remedy_and_left_alone() {
    let whole = &beginning().database;
    let mut torn = whole.clone();
    // Pages in the middle: the header is sound, what it leads to is not.
    for page in 2..whole.len() / 4_096 - 1 {
        torn[page * 4_096..page * 4_096 + 512].fill(0xa5);
    }
    for (what, bytes) in [
        ("damaged", torn),
        ("cut short", whole[..whole.len() / 2].to_vec()),
        ("no database", b"my shopping list\n".repeat(200)),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("balie.db");
        fs::write(&file, &bytes).unwrap();
        let data = folder.path().display().to_string();
        let ended = run_to_end(
            folder.path(),
            &["--data", &data, "--listen", &own_address().to_string()],
            &[],
        );
        assert!(
            ended.code.is_some_and(|code| code != 0),
            "{what}: {ended:?}"
        );
        assert!(ended.said.contains("balie.db"), "{what}: {ended:?}");
        assert!(
            ended.said.contains("balie admin restore"),
            "{what}: {ended:?}"
        );
        assert!(!ended.said.contains("panicked"), "{what}: {ended:?}");
        assert!(
            fs::read(&file).unwrap() == bytes,
            "{what}: the file was changed"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_backup_brings_back_a_damaged_folder() {
    let mut node = Node::start().await;
    let mut vera = node.visitor_who_says("remember this").await;
    let backup = node.data().with_file_name("backup.db");
    node.admin(&["backup", &backup.display().to_string()], "");
    vera.send("said after the backup").await.unwrap();
    let token = vera.token();
    vera.close().await.unwrap();
    assert!(node.stop().await.success());
    damage(&node.data().join("balie.db"));
    let ended = run_to_end(
        &node.data(),
        &[
            "--data",
            &node.data().display().to_string(),
            "--listen",
            &own_address().to_string(),
        ],
        &[],
    );
    assert!(ended.said.contains("balie admin restore"), "{ended:?}");
    node.admin(&["restore", &backup.display().to_string()], "");
    node.restart().await;
    let back = node
        .visitor_builder()
        .token(&token)
        .connect()
        .await
        .unwrap();
    let log = back.read_log().await.unwrap();
    assert_eq!(log.len(), 2);
    assert_eq!(log[1].text(), Some("remember this"));
}

fn damage(file: &Path) {
    let mut file = fs::File::options()
        .read(true)
        .write(true)
        .open(file)
        .unwrap();
    let mut page = [0; 512];
    file.seek(SeekFrom::Start(4_096)).unwrap();
    file.read_exact(&mut page).unwrap();
    file.seek(SeekFrom::Start(4_096)).unwrap();
    file.write_all(&page.map(|byte| !byte)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_restored_server_tells_everybody_to_start_anew() {
    let mut node = Node::start().await;
    let mut vera = node
        .visitor_builder()
        .keeps_going()
        .connect()
        .await
        .unwrap();
    vera.start("before").await.unwrap();
    let backup = node.data().with_file_name("backup.db");
    node.admin(&["backup", &backup.display().to_string()], "");
    vera.send("lost with the restore").await.unwrap();
    let epoch = vera.expect_type("welcome").await.unwrap().json["epoch"].clone();
    node.kill();
    node.admin(&["restore", &backup.display().to_string()], "");
    node.restart().await;
    // The participant has seen three events and would call a shorter log a loss, were the epoch the same.
    let welcome = vera.expect_type("welcome").await.unwrap().json;
    assert_ne!(welcome["epoch"], epoch);
    assert_eq!(welcome["conversation"]["seq"], json!(2));
    vera.expect_text("before").await.unwrap();
    vera.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_command_line_goes_over_the_environment_and_that_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("balie.toml"), "data = \"from-file\"\n").unwrap();
    let said = |arguments: &[&str], environment: &[(&str, &str)]| {
        let arguments = [&["check"], arguments].concat();
        let ended = run_to_end(folder.path(), &arguments, environment);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended.printed
    };
    let environment = [("BALIE_DATA", "from-environment")];
    assert!(said(&[], &[]).contains("from-file"));
    assert!(said(&[], &environment).contains("from-environment"));
    assert!(said(&["--data", "from-words"], &environment).contains("from-words"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_running_server_says_that_it_is_up_and_ready() {
    let node = Node::start().await;
    let get = async |path| node.stranger().http("GET", path, None).await.unwrap();
    assert_eq!(get("/healthz").await.status, 200);
    let ready = get("/readyz").await;
    assert_eq!(
        ready.json().unwrap(),
        json!({"store": "ok", "coordination": "ok"})
    );
    let metrics = get("/metrics").await;
    assert_eq!(metrics.status, 200);
    let text = String::from_utf8(metrics.body).unwrap();
    assert!(text.contains("balie_sockets{side=\"visitor\"} 0"), "{text}");
    assert!(text.trim_end().ends_with("# EOF"), "{text}");
    // Each pool and queue has its figure.
    let of_the_store = if node.is_on_postgres() {
        [
            "store_connections",
            "store_connections_idle",
            "store_calls_waiting",
        ]
    } else {
        [
            "store_wal_bytes",
            "store_database_bytes",
            "store_readers_idle",
        ]
    };
    let of_all = [
        "store_jobs_waiting",
        "notices_waiting",
        "mailbox_bytes",
        "mailbox_bytes_max",
        "pairing_paused",
    ];
    for name in of_the_store.into_iter().chain(of_all) {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(&format!("balie_{name} ")));
        let value: i64 = line
            .unwrap_or_else(|| panic!("{name}: {text}"))
            .parse()
            .unwrap();
        assert!(value >= 0, "{name}: {text}");
    }
    let page = get("/panel/").await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
}
