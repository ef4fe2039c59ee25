//! Backups with the files that people sent: made beside a running server, and put back into an empty folder.

use std::fs;
use std::path::PathBuf;

use balie_loadtest::participant::ledger::Deed;
use balie_loadtest::participant::wire::ConversationId;
use image::ImageFormat;
use serde_json::json;

use crate::support::files::{a_chat, as_visitor, files_in, get, id_of, picture, upload};
use crate::support::node::{Node, run_to_end};
use crate::support::s3::{S3, SECRET_KEY};

/// A chat in which a picture was sent: its conversation, the visitor's token, and the picture's id and bytes.
async fn a_picture_was_sent(node: &Node) -> (ConversationId, String, String, Vec<u8>) {
    let (mut vera, ben, conversation) = a_chat(node).await;
    let dial = as_visitor(node, &vera);
    let bytes = picture(640, 640, ImageFormat::Png);
    let id = id_of(&upload(&dial, conversation, "a.png", &bytes).await);
    let small = get(&dial, conversation, &format!("{id}/thumbnail")).await;
    assert_eq!(small.status, 200);
    let cmd = vera.command(Deed::Send, json!({"attachment": id}));
    vera.answer(cmd).await.unwrap();
    let token = vera.token();
    vera.close().await.unwrap();
    ben.close().await.unwrap();
    (conversation, token, id, bytes)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_backup_brings_back_chats_with_their_files() {
    let mut node = Node::start().await;
    let (conversation, token, id, bytes) = a_picture_was_sent(&node).await;
    let dial = node
        .stranger()
        .with_header("authorization", &format!("Bearer {token}"));
    let waits = id_of(&upload(&dial, conversation, "b.txt", b"to be sent").await);
    let backup = node.data().with_file_name("backup.db");
    let file = backup.display().to_string();
    node.admin(&["backup", &file], "");
    let late = id_of(&upload(&dial, conversation, "c.txt", b"after the backup").await);
    assert!(node.stop().await.success());
    // A machine of its own: nothing is left but the backup.
    fs::remove_dir_all(node.data()).unwrap();
    let mut came_later: Option<String> = None;
    for _ in 0..2 {
        let said = node.admin(&["restore", &file], "");
        assert!(said.contains("2 files restored"), "{said}");
        assert_eq!(files_in(&node).len(), 2);
        node.restart().await;
        assert_eq!(get(&dial, conversation, &id).await.body, bytes);
        assert_eq!(get(&dial, conversation, &waits).await.body, b"to be sent");
        assert_eq!(get(&dial, conversation, &late).await.status, 404);
        let small = get(&dial, conversation, &format!("{id}/thumbnail")).await;
        assert_eq!(small.status, 200, "small pictures are made anew");
        // Nothing is lost by a restore: what came after the backup is beside it.
        let aside = node.data().join("files.before-restore-1");
        match came_later {
            None => assert!(!aside.exists()),
            Some(ref later) => assert!(aside.join(later).exists()),
        }
        let later = upload(&dial, conversation, "d.txt", b"after the restore").await;
        came_later = Some(id_of(&later));
        assert!(node.stop().await.success());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_backup_is_made_once_and_whole_or_not_at_all() {
    let node = Node::start().await;
    let folder = tempfile::tempdir().unwrap();
    let data = node.data().display().to_string();
    let backup = |name: &str| {
        run_to_end(
            folder.path(),
            &["--data", &data, "admin", "backup", name],
            &[],
        )
    };
    assert_eq!(backup("one.db").code, Some(0));
    let beside = |name: &str| folder.path().join(name);
    assert!(beside("one.db").is_file() && beside("one.db.files").is_dir());
    let twice = backup("one.db");
    assert_eq!(twice.code, Some(1));
    assert!(twice.said.contains("one.db is there already"), "{twice:?}");
    fs::write(beside("two.db.files"), "somebody's notes").unwrap();
    let taken = backup("two.db");
    assert_eq!(taken.code, Some(1));
    assert!(
        taken.said.contains("two.db.files is there already"),
        "{taken:?}"
    );
    assert!(!beside("two.db").exists());
    // A folder of files that cannot be read makes no backup of half of everything.
    let (_, _, id, _) = a_picture_was_sent(&node).await;
    let file = node.data().join("files").join(&id);
    fs::rename(&file, beside("kept")).unwrap();
    fs::create_dir(&file).unwrap();
    let broken = backup("three.db");
    assert_eq!(broken.code, Some(1), "{broken:?}");
    assert!(broken.said.contains("three.db"), "{broken:?}");
    let mut left: Vec<PathBuf> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    left.retain(|path| path.to_string_lossy().contains("three"));
    assert_eq!(left, Vec::<PathBuf>::new());
    // One that is simply gone is said to be, and keeps nobody from a backup of the rest.
    fs::remove_dir(&file).unwrap();
    let gone = backup("four.db");
    assert_eq!(gone.code, Some(0), "{gone:?}");
    assert!(gone.printed.contains("1 that are nowhere"), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_backup_says_in_which_bucket_its_files_are_and_no_secret() {
    let s3 = S3::start();
    let settings = s3.settings();
    let mut settings: Vec<_> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let mut node = Node::with(&settings).await;
    let (conversation, token, id, bytes) = a_picture_was_sent(&node).await;
    let data = node.data().display().to_string();
    settings.push(("BALIE_DATA", &data));
    let folder = tempfile::tempdir().unwrap();
    let made = run_to_end(folder.path(), &["admin", "backup", "one.db"], &settings);
    assert_eq!(made.code, Some(0), "{made:?}");
    let note = fs::read_to_string(folder.path().join("one.db.files")).unwrap();
    let place = format!("s3://balie-files/shop at {}", s3.endpoint());
    assert!(note.contains(&place), "{note}");
    assert!(
        made.printed.contains("needs a backup of its own"),
        "{made:?}"
    );
    assert!(!note.contains(SECRET_KEY) && !made.printed.contains(SECRET_KEY));
    assert!(node.stop().await.success());
    fs::remove_dir_all(node.data()).unwrap();
    let back = run_to_end(folder.path(), &["admin", "restore", "one.db"], &settings);
    assert_eq!(back.code, Some(0), "{back:?}");
    assert!(back.printed.contains(&place), "{back:?}");
    node.restart().await;
    let dial = node
        .stranger()
        .with_header("authorization", &format!("Bearer {token}"));
    assert_eq!(get(&dial, conversation, &id).await.body, bytes);
}
