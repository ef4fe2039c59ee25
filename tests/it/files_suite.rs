//! What every place of files promises, seen from where people send and read them.
//!
//! A case is an async function that takes a server whose files lie in one place or another. A place's own file makes such
//! servers and says `crate::files_suite::cases!(fresh);`: each case is then a test there.

use std::fs;
use std::path::PathBuf;

use balie_loadtest::participant::ledger::Deed;
use image::ImageFormat;
use rusqlite::Connection;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use crate::support::eventually;
use crate::support::files::{
    a_chat, as_visitor, files_in, get, id_of, path_of, picture, problem, upload,
};
use crate::support::node::Node;
use crate::support::s3::S3;

/// Makes a test of each case. `$fresh` is an async function that gives a fresh [`Home`].
macro_rules! cases {
    ($fresh:path) => {
        $crate::files_suite::cases! {
            $fresh:
            a_file_of_any_size_comes_back_as_it_went,
            a_small_picture_is_made_once_and_kept,
            what_is_refused_half_way_leaves_nothing,
            who_hangs_up_half_way_leaves_nothing,
            what_nobody_sent_goes_after_an_hour,
            a_place_that_is_away_refuses_in_words_and_loses_nothing,
            a_large_file_is_never_held_in_memory,
            of_the_widgets_parts_only_what_a_server_of_ours_put_there_is_served,
        }
    };
    ($fresh:path: $($case:ident,)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
            async fn $case() {
                let home = $fresh().await;
                $crate::files_suite::$case(home).await;
            }
        )+
    };
}
pub(crate) use cases;

/// The least that S3 takes as a part, and so what is sent to it at once.
const PART_BYTES: usize = 5 * 1_024 * 1_024;

/// A server and the place of its files.
pub struct Home {
    pub node: Node,
    s3: Option<S3>,
}

impl Home {
    /// Files lie in the data folder.
    pub async fn with_folder() -> Self {
        Self {
            node: Node::start().await,
            s3: None,
        }
    }

    /// Files lie in a bucket.
    pub async fn with_s3() -> Self {
        let s3 = S3::start();
        let settings = s3.settings();
        let settings: Vec<_> = settings
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        Self {
            node: Node::with(&settings).await,
            s3: Some(s3),
        }
    }

    /// All that lies there, half or whole.
    fn objects(&self) -> Vec<PathBuf> {
        match &self.s3 {
            None => files_in(&self.node),
            Some(s3) => s3.objects(),
        }
    }

    /// Where the widget's parts of all versions lie.
    fn parts(&self) -> PathBuf {
        let files = match &self.s3 {
            None => self.node.data().join("files"),
            Some(s3) => s3.objects_folder(),
        };
        files.join("widget")
    }

    /// The place cannot be reached.
    fn take_away(&mut self) {
        let folder = self.node.data().join("files");
        match &mut self.s3 {
            // A file in its place: even the superuser can make nothing in it.
            None => {
                fs::rename(&folder, folder.with_extension("away")).unwrap();
                fs::write(&folder, "in the way").unwrap();
            }
            Some(s3) => s3.go_away(),
        }
    }

    /// It can be again, with all that it held.
    fn bring_back(&mut self) {
        let folder = self.node.data().join("files");
        match &mut self.s3 {
            None => {
                fs::remove_file(&folder).unwrap();
                fs::rename(folder.with_extension("away"), &folder).unwrap();
            }
            Some(s3) => s3.come_back(),
        }
    }

    async fn takes_large_files(&self) {
        let uploads = json!({"bytes_max": 100 * 1_024 * 1_024, "types": ["text/plain"]});
        let uploads = json!({"widget": {"uploads": uploads}});
        self.node
            .administer("PATCH", "/api/sites/demo", uploads)
            .await;
    }
}

/// Text of so many bytes, no two stretches of it alike.
fn text(bytes: usize) -> Vec<u8> {
    (0_u64..)
        .flat_map(|number| format!("{number}\n").into_bytes())
        .take(bytes)
        .collect()
}

pub async fn a_file_of_any_size_comes_back_as_it_went(home: Home) {
    let vera = home.node.visitor_who_says("look").await;
    let conversation = vera.conversation().unwrap();
    let dial = as_visitor(&home.node, &vera);
    let sizes = [1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 11_111_111];
    for (count, size) in (1..).zip(sizes) {
        let bytes = text(size);
        let id = id_of(&upload(&dial, conversation, "a.txt", &bytes).await);
        let whole = get(&dial, conversation, &id).await;
        assert_eq!(whole.status, 200);
        assert!(whole.body == bytes, "{size} bytes came back otherwise");
        assert_eq!(home.objects().len(), count, "one file is one object");
    }
    vera.finish().await.unwrap();
}

pub async fn a_small_picture_is_made_once_and_kept(home: Home) {
    let vera = home.node.visitor_who_says("look").await;
    let conversation = vera.conversation().unwrap();
    let dial = as_visitor(&home.node, &vera);
    let bytes = picture(960, 700, ImageFormat::Jpeg);
    let id = id_of(&upload(&dial, conversation, "a.jpg", &bytes).await);
    assert_eq!(home.objects().len(), 1);
    let path = format!("{id}/thumbnail");
    let small = get(&dial, conversation, &path).await;
    let seen = image::load_from_memory(&small.body).unwrap();
    assert_eq!((seen.width(), seen.height()), (480, 350));
    let objects = home.objects();
    assert_eq!(objects.len(), 2, "the small one lies beside it");
    let is_small = |one: &&PathBuf| one.to_string_lossy().ends_with("thumbnail");
    let kept = objects.iter().find(is_small).unwrap();
    // What is served from here on is what was kept: another picture in its place shows it.
    let other = picture(3, 3, ImageFormat::Png);
    fs::write(kept, &other).unwrap();
    let again = get(&dial, conversation, &path).await;
    assert_eq!(again.header("content-type"), Some("image/png"));
    assert_eq!(again.body, other);
    vera.finish().await.unwrap();
}

pub async fn what_is_refused_half_way_leaves_nothing(home: Home) {
    let vera = home.node.visitor_who_says("look").await;
    let conversation = vera.conversation().unwrap();
    let dial = as_visitor(&home.node, &vera);
    // Text to the last byte but one: its first part has arrived in the place by then.
    let mut odd = text(PART_BYTES + 1_000_000);
    odd.push(0);
    let answer = upload(&dial, conversation, "words.txt", &odd).await;
    problem(&answer, 415, "unsupported_media_type");
    assert_eq!(home.objects(), Vec::<PathBuf>::new());
    vera.finish().await.unwrap();
}

pub async fn who_hangs_up_half_way_leaves_nothing(home: Home) {
    let vera = home.node.visitor_who_says("look").await;
    let conversation = vera.conversation().unwrap();
    let head = format!(
        "POST {}?name=a.txt HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: 15000000\r\n\r\n",
        path_of(conversation),
        vera.token()
    );
    let mut stream = home.node.stranger().tcp().await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&text(PART_BYTES + 500_000)).await.unwrap();
    eventually("the beginning in the place", || async {
        (!home.objects().is_empty()).then_some(())
    })
    .await;
    drop(stream);
    eventually("nothing in the place", || async {
        home.objects().is_empty().then_some(())
    })
    .await;
    vera.finish().await.unwrap();
}

pub async fn what_nobody_sent_goes_after_an_hour(mut home: Home) {
    let (mut vera, ben, conversation) = a_chat(&home.node).await;
    let dial = as_visitor(&home.node, &vera);
    let bytes = picture(600, 600, ImageFormat::Png);
    let mut ids = Vec::new();
    for _ in 0..3 {
        let id = id_of(&upload(&dial, conversation, "a.png", &bytes).await);
        let small = get(&dial, conversation, &format!("{id}/thumbnail")).await;
        assert_eq!(small.status, 200);
        ids.push(id);
    }
    let cmd = vera.command(Deed::Send, json!({"attachment": ids[0]}));
    vera.answer(cmd).await.unwrap();
    vera.close().await.unwrap();
    ben.close().await.unwrap();
    assert!(home.node.stop().await.success());
    let database = Connection::open(home.node.data().join("balie.db")).unwrap();
    for (id, minutes) in ids.iter().zip([600, 61, 58]) {
        let id: Uuid = id.parse().unwrap();
        let aged = "update attachment set at = at - ?2 * 60000 where id = ?1";
        let rows = database.execute(aged, (id.into_bytes(), minutes)).unwrap();
        assert_eq!(rows, 1);
    }
    drop(database);
    home.node.restart().await;
    eventually("one file and its small picture to be gone", || async {
        (home.objects().len() == 4).then_some(())
    })
    .await;
    // What was sent is safe whatever its age, what was not has its hour.
    for (id, status) in ids.iter().zip([200, 404, 200]) {
        assert_eq!(get(&dial, conversation, id).await.status, status);
    }
}

pub async fn a_place_that_is_away_refuses_in_words_and_loses_nothing(mut home: Home) {
    let (mut vera, mut ben, conversation) = a_chat(&home.node).await;
    let dial = as_visitor(&home.node, &vera);
    let before = picture(600, 600, ImageFormat::Png);
    let kept = id_of(&upload(&dial, conversation, "before.png", &before).await);
    home.take_away();
    let bytes = text(PART_BYTES + 1);
    for answer in [
        upload(&dial, conversation, "a.txt", &bytes).await,
        get(&dial, conversation, &kept).await,
        get(&dial, conversation, &format!("{kept}/thumbnail")).await,
    ] {
        let said = problem(&answer, 503, "unavailable");
        assert!(said.contains("Try again later"), "{said}");
        assert!(answer.header("retry-after").is_some());
    }
    // Words go on as if nothing were the matter.
    let cmd = vera.command(Deed::Send, json!({"text": "the picture will follow"}));
    vera.answer(cmd).await.unwrap();
    ben.expect_text("the picture will follow").await.unwrap();
    home.bring_back();
    let id = id_of(&upload(&dial, conversation, "a.txt", &bytes).await);
    assert!(get(&dial, conversation, &id).await.body == bytes);
    assert_eq!(get(&dial, conversation, &kept).await.body, before);
    assert_eq!(home.objects().len(), 2, "nothing is left of what failed");
    vera.finish().await.unwrap();
    ben.finish().await.unwrap();
}

pub async fn a_large_file_is_never_held_in_memory(home: Home) {
    home.takes_large_files().await;
    let vera = home.node.visitor_who_says("look").await;
    let conversation = vera.conversation().unwrap();
    let dial = as_visitor(&home.node, &vera);
    // What a first upload needs once, for buffers and threads, is no part of the question.
    id_of(&upload(&dial, conversation, "a.txt", b"words").await);
    let bytes = text(32 * 1_024 * 1_024);
    let before_kib = home.node.resident_kib_max();
    let id = id_of(&upload(&dial, conversation, "a.txt", &bytes).await);
    assert!(get(&dial, conversation, &id).await.body == bytes);
    let grown_kib = home.node.resident_kib_max() - before_kib;
    // A part in hand and one on its way, and what the allocator makes of it: less than the file, however large that is.
    assert!(grown_kib < 20 * 1_024, "it took {grown_kib} KiB more");
    vera.finish().await.unwrap();
}

/// What another version put there is served in `tests/browser/upgrade.flow.ts`.
pub async fn of_the_widgets_parts_only_what_a_server_of_ours_put_there_is_served(home: Home) {
    let stranger = home.node.stranger();
    let read = async |path: &str| stranger.http("GET", path, None).await.unwrap();
    let loader = String::from_utf8(read("/widget.js").await.body).unwrap();
    let (before, _) = loader.split_once(".js`").unwrap(); // the one hash of all that it loads
    let own = format!("app-{}.js", &before[before.len() - 10..]);
    let kept = home.parts().join(&own);
    eventually("the chat to be kept for other versions", async || {
        kept.exists().then_some(())
    })
    .await;
    assert_eq!(read(&format!("/widget/{own}")).await.status, 200);
    // A script that somebody slipped into the bucket, and a good one under the name of another.
    fs::write(kept.with_file_name("app-0000000001.js"), "alert(1)").unwrap();
    fs::copy(&kept, kept.with_file_name("app-0000000002.js")).unwrap();
    for strange in [
        "app-0000000001.js",
        "app-0000000002.js",
        "app-0000000003.js",
    ] {
        let answer = read(&format!("/widget/{strange}")).await;
        assert_eq!(answer.status, 404, "{strange}");
    }
    let log = home.node.log();
    let told = log.matches("was not put there by this installation");
    assert_eq!(told.count(), 2, "{log}");
}
