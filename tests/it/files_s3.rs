//! Files in a store that speaks S3: what every place of files promises, and what is said of wrong keys and buckets.

use std::path::PathBuf;

use crate::files_suite::Home;
use crate::support::eventually;
use crate::support::files::{as_visitor, problem, upload};
use crate::support::node::{Ended, Node, own_address, run_to_end};
use crate::support::s3::{S3, SECRET_KEY};

async fn fresh() -> Home {
    Home::with_s3().await
}

crate::files_suite::cases!(fresh);

type Settings = Vec<(&'static str, String)>;

/// The settings with another value for one of them.
fn but(settings: &Settings, name: &'static str, value: &str) -> Settings {
    let mut changed = settings.clone();
    changed.retain(|(known, _)| *known != name);
    changed.push((name, value.to_owned()));
    changed
}

fn borrowed(settings: &Settings) -> Vec<(&'static str, &str)> {
    settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect()
}

fn check(settings: &Settings) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let ended = run_to_end(folder.path(), &["check"], &borrowed(settings));
    let shows_secret = ended.said.contains(SECRET_KEY) || ended.printed.contains(SECRET_KEY);
    assert!(!shows_secret, "{ended:?}");
    ended
}

#[test]
fn a_check_names_what_is_wrong_with_the_bucket_and_the_remedy() {
    let mut s3 = S3::start();
    let right = s3.settings();
    let ended = check(&right);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.printed.contains("s3://balie-files/shop"), "{ended:?}");
    assert_eq!(
        s3.objects(),
        Vec::<PathBuf>::new(),
        "a check leaves nothing"
    );
    let nobody = own_address();
    let no_keys: Settings = right
        .iter()
        .filter(|(name, _)| !name.starts_with("AWS_"))
        .cloned()
        // Where a machine in a cloud asks for keys.
        .chain([("AWS_METADATA_ENDPOINT", format!("http://{nobody}"))])
        .collect();
    for (settings, what, remedy) in [
        (
            but(&right, "AWS_SECRET_ACCESS_KEY", "mistyped"),
            "SignatureDoesNotMatch",
            "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        ),
        (
            but(&right, "AWS_ACCESS_KEY_ID", "AKIANOBODYNOBODY"),
            "the store refuses our keys",
            "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        ),
        (
            but(&right, "BALIE_FILES_URL", "s3://mistyped/shop"),
            "there is no such bucket",
            "check its name in --files-url",
        ),
        (no_keys, "cannot be stored or read", "No keys are set"),
    ] {
        let ended = check(&settings);
        assert_eq!(ended.code, Some(1), "{what}: {ended:?}");
        assert!(ended.said.contains(what), "{what}: {ended:?}");
        assert!(ended.said.contains(remedy), "{what}: {ended:?}");
        assert!(ended.said.contains("s3://"), "{what}: {ended:?}");
    }
    s3.go_away();
    let ended = check(&right);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.said.contains("Check --files-endpoint"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_server_with_wrong_keys_says_so_at_its_start_and_chats_go_on() {
    let s3 = S3::start();
    let settings = but(&s3.settings(), "AWS_SECRET_ACCESS_KEY", "mistyped");
    let mut node = Node::with(&borrowed(&settings)).await;
    node.expects_error("files cannot be stored");
    eventually("the log to name it", || async {
        let log = node.log();
        let is_named = log.contains("files cannot be stored")
            && log.contains("SignatureDoesNotMatch")
            && log.contains("Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
        is_named.then_some(())
    })
    .await;
    let mut vera = node.visitor_who_says("look").await;
    let dial = as_visitor(&node, &vera);
    let answer = upload(&dial, vera.conversation().unwrap(), "a.txt", b"words").await;
    let said = problem(&answer, 503, "unavailable");
    assert!(
        !said.contains("Signature"),
        "keys are the operator's: {said}"
    );
    vera.send("it did not go").await.unwrap();
    vera.finish().await.unwrap();
}
