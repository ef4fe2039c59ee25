//! Files that are not what they seem, files that say too much, and people who send too many.

use balie_loadtest::participant::ledger::Deed;
use balie_loadtest::participant::wire::ConversationId;
use image::ImageFormat;
use serde_json::json;

use crate::support::files::{a_chat, as_visitor, get, id_of, picture, problem, upload};
use crate::support::node::Node;

/// Where the photographer lives, as a camera writes it.
const PLACE: &[u8] = b"52.3676 N 4.9041 E\0";

/// The picture as a camera that was held upright saves it: turned by 90 degrees, with a note that says so and where.
fn as_taken(jpeg: &[u8]) -> Vec<u8> {
    // TIFF, little-endian: a directory with two entries, description (0x010e, text) and orientation (0x0112, short).
    let mut notes = b"Exif\0\0II*\0\x08\0\0\0\x02\0".to_vec();
    notes.extend_from_slice(b"\x0e\x01\x02\0");
    notes.extend_from_slice(&(PLACE.len() as u32).to_le_bytes());
    // The text stands behind the directory: 8 bytes of head, 2 + 2 * 12 + 4 of directory.
    notes.extend_from_slice(&38_u32.to_le_bytes());
    notes.extend_from_slice(b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0");
    notes.extend_from_slice(&[0; 4]);
    notes.extend_from_slice(PLACE);
    let mut taken = jpeg[..2].to_vec();
    taken.extend_from_slice(b"\xff\xe1");
    taken.extend_from_slice(&(notes.len() as u16 + 2).to_be_bytes());
    taken.extend_from_slice(&notes);
    taken.extend_from_slice(&jpeg[2..]);
    taken
}

fn holds(bytes: &[u8], words: &[u8]) -> bool {
    bytes.windows(words.len()).any(|window| window == words)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_small_picture_stands_upright_and_tells_no_place() {
    let node = Node::start().await;
    let vera = node.visitor_who_says("look").await;
    let conversation = vera.conversation().unwrap();
    let dial = as_visitor(&node, &vera);
    let bytes = as_taken(&picture(640, 320, ImageFormat::Jpeg));
    let file = upload(&dial, conversation, "garden.jpg", &bytes).await;
    let id = id_of(&file);
    let file = file.json().unwrap();
    assert_eq!(
        (&file["width"], &file["height"]),
        (&json!(320), &json!(640))
    );
    let small = get(&dial, conversation, &format!("{id}/thumbnail")).await;
    assert!(!holds(&small.body, b"Exif") && !holds(&small.body, PLACE));
    let small = image::load_from_memory(&small.body).unwrap();
    assert_eq!((small.width(), small.height()), (240, 480));
    // The file itself is what was sent, to the byte.
    let whole = get(&dial, conversation, &id).await;
    assert!(holds(&whole.body, PLACE) && whole.body == bytes);
    vera.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_picture_that_is_a_page_as_well_is_only_ever_saved() {
    let node = Node::start().await;
    let vera = node.visitor_who_says("look").await;
    let conversation = vera.conversation().unwrap();
    let dial = as_visitor(&node, &vera);
    let mut painted = picture(4, 4, ImageFormat::Gif);
    painted.extend_from_slice(b"<html><script>alert(document.domain)</script></html>");
    let written = b"GIF89a/*<!doctype html><script>alert(document.domain)</script>*/=1;".to_vec();
    let paper = b"%PDF-1.4\n<!doctype html><script>alert(document.domain)</script>".to_vec();
    for (bytes, media_type, name) in [
        (&painted, "image/gif", "page.html.gif"),
        // Text to the last byte is text, whatever it begins with.
        (&written, "text/plain", "page.html.txt"),
        (&paper, "application/pdf", "page.html.pdf"),
    ] {
        let file = upload(&dial, conversation, "page.html", bytes).await;
        let id = id_of(&file);
        assert_eq!(file.json().unwrap()["name"], name, "no name of a page");
        let whole = get(&dial, conversation, &id).await;
        assert_eq!(whole.header("content-type"), Some(media_type));
        assert_eq!(whole.header("x-content-type-options"), Some("nosniff"));
        let disposition = whole.header("content-disposition").unwrap();
        assert!(disposition.starts_with("attachment;"), "{disposition}");
        let policy = whole.header("content-security-policy").unwrap();
        assert!(
            policy.contains("sandbox") && policy.contains("default-src 'none'"),
            "{policy}"
        );
        // What is made of it is pixels alone, or nothing.
        let small = get(&dial, conversation, &format!("{id}/thumbnail")).await;
        assert!(!holds(&small.body, b"<script"));
    }
    vera.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_not_ones_own_answers_as_what_is_not_there() {
    let node = Node::start().await;
    let (mut vera, ben, conversation) = a_chat(&node).await;
    let wim = node.visitor_who_says("me too").await;
    let dial = as_visitor(&node, &vera);
    let bytes = picture(8, 8, ImageFormat::Png);
    let id = id_of(&upload(&dial, conversation, "a.png", &bytes).await);
    let cmd = vera.command(Deed::Send, json!({"attachment": id}));
    vera.answer(cmd).await.unwrap();
    // Parts of a file are not promised: whoever asks for some gets the whole.
    let part = dial.clone().with_header("range", "bytes=0-3");
    let whole = get(&part, conversation, &id).await;
    assert_eq!((whole.status, whole.body), (200, bytes));
    let stranger = as_visitor(&node, &wim);
    let own = wim.conversation().unwrap();
    let nothing = "01928aaa-0000-7000-8000-000000000000";
    let no_conversation = ConversationId(nothing.parse().unwrap());
    for end in ["", "/thumbnail"] {
        let absent = get(&stranger, own, &format!("{nothing}{end}")).await;
        assert_eq!(absent.status, 404);
        for answer in [
            get(&stranger, conversation, &format!("{id}{end}")).await,
            get(&stranger, own, &format!("{id}{end}")).await,
            get(&stranger, conversation, &format!("{nothing}{end}")).await,
            get(&stranger, no_conversation, &format!("{id}{end}")).await,
        ] {
            assert_eq!((answer.status, &answer.body), (404, &absent.body));
        }
    }
    let absent = upload(&stranger, no_conversation, "a.png", b"words").await;
    let foreign = upload(&stranger, conversation, "a.png", b"words").await;
    assert_eq!((foreign.status, &foreign.body), (404, &absent.body));
    vera.finish().await.unwrap();
    wim.finish().await.unwrap();
    ben.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_conversation_takes_so_many_files_an_hour_from_each_side() {
    let node = Node::start().await;
    let (vera, ben, conversation) = a_chat(&node).await;
    let dial = as_visitor(&node, &vera);
    for _ in 0..100 {
        id_of(&upload(&dial, conversation, "a.txt", b"words").await);
    }
    let answer = upload(&dial, conversation, "a.txt", b"words").await;
    let said = problem(&answer, 429, "rate_limited");
    assert!(said.contains("pause"), "{said}");
    let seconds: u32 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((60..=3_600).contains(&seconds), "{seconds}");
    // Whoever serves them is not the one who sent too much.
    let desk = node.as_person("ben");
    id_of(&upload(&desk, conversation, "a.txt", b"words").await);
    vera.finish().await.unwrap();
    ben.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_sends_only_so_many_files_a_minute_whatever_conversations_it_starts() {
    let node = Node::with(&[("BALIE_LIMIT_LOOPBACK", "true")]).await;
    let (vera, ben, conversation) = a_chat(&node).await;
    let dial = as_visitor(&node, &vera);
    let mut refused = None;
    for _ in 0..80 {
        let answer = upload(&dial, conversation, "a.txt", b"words").await;
        if answer.status != 201 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("there is a limit below an hour's of one conversation");
    let said = problem(&refused, 429, "rate_limited");
    assert!(said.contains("network"), "{said}");
    let seconds: u32 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    vera.finish().await.unwrap();
    ben.finish().await.unwrap();
}
