//! Files in a chat: uploaded over HTTP, sent once over the socket, and read by whoever may read the event, and nobody else.

use std::path::PathBuf;
use std::time::Duration;

use balie_loadtest::participant::ledger::Deed;
use balie_loadtest::participant::wire::CommandId;
use image::ImageFormat;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::support::files::{a_chat, as_visitor, files_in, get, path_of, picture, problem, upload};
use crate::support::node::Node;
use crate::support::raw::hear_out;
use crate::support::{eventually, refused};

const EXECUTABLE: &[u8] = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00\xb8\x00";

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_picture_goes_from_the_visitor_to_the_agent() {
    let node = Node::start().await;
    let (mut vera, mut ben, conversation) = a_chat(&node).await;
    let bytes = picture(1_000, 700, ImageFormat::Jpeg);
    let dial = as_visitor(&node, &vera);
    let file = upload(&dial, conversation, "garden%20chair.jpg", &bytes).await;
    assert_eq!(file.status, 201);
    let file = file.json().unwrap();
    assert_eq!(file["name"], "garden chair.jpg");
    assert_eq!(file["type"], "image/jpeg");
    assert_eq!(file["bytes"], bytes.len());
    assert_eq!(
        (&file["width"], &file["height"]),
        (&json!(1_000), &json!(700))
    );
    let id = file["id"].as_str().unwrap().to_owned();
    // Until it is sent nobody at the desk sees it.
    let desk = node.as_person("ben");
    assert_eq!(get(&desk, conversation, &id).await.status, 404);
    let cmd = vera.command(Deed::Send, json!({"attachment": id}));
    let ack = vera.answer(cmd).await.unwrap();
    for event in [
        vera.expect_event(|event| event.seq == ack.seq)
            .await
            .unwrap(),
        ben.expect_event(|event| event.seq == ack.seq)
            .await
            .unwrap(),
    ] {
        assert_eq!(event.kind, "message");
        assert_eq!(event.fields["attachment"], file);
        assert!(event.text().is_none(), "a file comes without a text");
    }
    let whole = get(&desk, conversation, &id).await;
    assert_eq!(whole.body, bytes);
    assert_eq!(whole.header("content-type"), Some("image/jpeg"));
    assert_eq!(whole.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(whole.header("cache-control"), Some("private, no-cache"));
    let disposition = whole.header("content-disposition").unwrap();
    assert!(disposition.starts_with("attachment; filename=\"garden chair.jpg\""));
    let policy = whole.header("content-security-policy").unwrap();
    assert!(policy.contains("sandbox"), "{policy}");
    let again = desk.with_header("if-none-match", whole.header("etag").unwrap());
    let again = get(&again, conversation, &id).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    let small = get(&dial, conversation, &format!("{id}/thumbnail")).await;
    assert_eq!(small.header("content-type"), Some("image/jpeg"));
    let small = image::load_from_memory(&small.body).unwrap();
    assert_eq!((small.width(), small.height()), (480, 336));
    vera.finish().await.unwrap();
    ben.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_agent_sends_files_and_notes_stay_at_the_desk() {
    let node = Node::start().await;
    let (mut vera, mut ben, conversation) = a_chat(&node).await;
    let desk = node.as_person("ben");
    let mut ids = Vec::new();
    for deed in [Deed::Send, Deed::Note] {
        let file = upload(&desk, conversation, "how.txt", "Grüße\n".as_bytes()).await;
        let file = file.json().unwrap();
        assert_eq!(file["type"], "text/plain");
        let id = file["id"].as_str().unwrap().to_owned();
        let cmd = ben.command(deed, conversation, json!({"attachment": id}));
        ben.answer(cmd).await.unwrap();
        ids.push(id);
    }
    let event = vera
        .expect_event(|event| event.fields.contains_key("attachment"))
        .await
        .unwrap();
    assert_eq!(event.fields["attachment"]["id"], ids[0]);
    let dial = as_visitor(&node, &vera);
    assert_eq!(
        get(&dial, conversation, &ids[0]).await.body,
        "Grüße\n".as_bytes()
    );
    assert_eq!(get(&dial, conversation, &ids[1]).await.status, 404);
    assert_eq!(get(&desk, conversation, &ids[1]).await.status, 200);
    let no_picture = get(&desk, conversation, &format!("{}/thumbnail", ids[0])).await;
    assert_eq!(no_picture.status, 404);
    vera.finish().await.unwrap();
    ben.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_file_is_sent_once_and_only_by_its_uploader() {
    let node = Node::start().await;
    let (mut vera, mut ben, conversation) = a_chat(&node).await;
    let mut wim = node.visitor_who_says("me too").await;
    let (dial, other) = (as_visitor(&node, &vera), as_visitor(&node, &wim));
    let file = upload(&dial, conversation, "a.txt", b"mine").await;
    let id = file.json().unwrap()["id"].as_str().unwrap().to_owned();
    let attachment = json!({"attachment": id});
    // Neither another visitor, nor the agent, has it.
    let stolen = wim.command(Deed::Send, attachment.clone());
    assert_eq!(refused(wim.answer(stolen).await).code, "not_found");
    let stolen = ben.command(Deed::Send, conversation, attachment.clone());
    assert_eq!(refused(ben.answer(stolen).await).code, "not_found");
    let nothing = vera.command(
        Deed::Send,
        json!({"attachment": "01928aaa-0000-7000-8000-000000000000"}),
    );
    assert_eq!(refused(vera.answer(nothing).await).code, "not_found");
    let both = vera.command(Deed::Send, json!({"attachment": id, "text": "both"}));
    assert_eq!(refused(vera.answer(both).await).code, "bad_field");
    let cmd = CommandId::fresh();
    vera.command_as(cmd, Deed::Send, attachment.clone());
    let ack = vera.answer(cmd).await.unwrap();
    // The same command again has the same answer; another one comes too late.
    let mut tab = vera.another_tab("demo").await.unwrap();
    tab.command_as(cmd, Deed::Send, attachment.clone());
    assert_eq!(tab.answer(cmd).await.unwrap().seq, ack.seq);
    let twice = vera.command(Deed::Send, attachment);
    assert_eq!(refused(vera.answer(twice).await).code, "conflict");
    for (dial, status) in [(&dial, 200), (&other, 404), (&node.stranger(), 401)] {
        assert_eq!(get(dial, conversation, &id).await.status, status);
    }
    // In another conversation's path it is not there, for nobody.
    let wims = wim.conversation().unwrap();
    assert_eq!(get(&other, wims, &id).await.status, 404);
    assert_eq!(
        upload(&other, conversation, "a.txt", b"theirs")
            .await
            .status,
        404
    );
    tab.finish().await.unwrap();
    vera.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_program_is_refused_whatever_its_name() {
    let node = Node::start().await;
    let vera = node.visitor_who_says("look").await;
    let conversation = vera.conversation().unwrap();
    let dial = as_visitor(&node, &vera);
    let mut large = EXECUTABLE.to_vec();
    large.resize(3_000_000, 7);
    for bytes in [EXECUTABLE, &large] {
        let answer = upload(&dial, conversation, "holiday.png", bytes).await;
        let said = problem(&answer, 415, "unsupported_media_type");
        assert!(said.contains("a program"), "{said}");
        assert!(said.contains("image/*"), "it says what is allowed: {said}");
    }
    let drawing = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    let said = upload(&dial, conversation, "drawing.png", drawing).await;
    assert!(problem(&said, 415, "unsupported_media_type").contains("image/svg+xml"));
    let page = upload(&dial, conversation, "page.txt", b"<!doctype html><p>hi").await;
    assert!(problem(&page, 415, "unsupported_media_type").contains("text/html"));
    // Text to the last byte but one: that is found when most of it is written already.
    let mut odd = vec![b'a'; 900_000];
    odd.push(0);
    let odd = upload(&dial, conversation, "words.txt", &odd).await;
    problem(&odd, 415, "unsupported_media_type");
    assert_eq!(files_in(&node), Vec::<PathBuf>::new());
    vera.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_name_is_shown_as_text_and_plays_no_tricks() {
    let node = Node::start().await;
    let vera = node.visitor_who_says("look").await;
    let conversation = vera.conversation().unwrap();
    let dial = as_visitor(&node, &vera);
    for (given, kept) in [
        ("..%2F..%2Fetc%2Fpasswd.txt", "passwd.txt"),
        ("photo%E2%80%AEgnp.exe", "photognp.exe.txt"),
        (
            "%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E.txt",
            "_img src=x onerror=alert(1)_.txt",
        ),
        ("invoice.html", "invoice.html.txt"),
        ("a%0D%0ASet-Cookie%3A%20b%3Dc.txt", "a  Set-Cookie_ b=c.txt"),
        (
            "%E7%99%BA%E7%A5%A8%20%22n%C2%B0%201%22.txt",
            "発票 _n° 1_.txt",
        ),
        ("", "file.txt"),
    ] {
        let file = upload(&dial, conversation, given, b"words").await;
        let file = file.json().unwrap();
        assert_eq!(file["name"], kept, "{given}");
        let whole = get(&dial, conversation, file["id"].as_str().unwrap()).await;
        let disposition = whole.header("content-disposition").unwrap();
        assert!(disposition.is_ascii() && disposition.contains("filename*=UTF-8''"));
        assert!(whole.header("set-cookie").is_none());
    }
    let long = upload(&dial, conversation, &"x".repeat(5_000), b"words").await;
    let name = long.json().unwrap()["name"].as_str().unwrap().to_owned();
    assert_eq!(name.len(), 200);
    let nameless = dial
        .upload(&path_of(conversation), "text/plain", "words")
        .await
        .unwrap();
    assert_eq!(nameless.status, 400);
    vera.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_a_site_allows_is_kept_to_the_byte() {
    let node = Node::start().await;
    let vera = node.visitor_who_says("look").await;
    let conversation = vera.conversation().unwrap();
    let dial = as_visitor(&node, &vera);
    let mut bytes = vec![b'a'; 20 * 1_024 * 1_024 + 1];
    let answer = upload(&dial, conversation, "long.txt", &bytes).await;
    let said = problem(&answer, 413, "too_large");
    assert!(said.contains("20 MB"), "{said}");
    bytes.pop();
    assert_eq!(
        upload(&dial, conversation, "long.txt", &bytes).await.status,
        201
    );
    let empty = upload(&dial, conversation, "empty.txt", b"").await;
    problem(&empty, 400, "bad_body");
    let uploads = |uploads: Value| json!({"widget": {"uploads": uploads}});
    let only_pictures = uploads(json!({"bytes_max": 1_000, "types": ["image/*"]}));
    node.administer("PATCH", "/api/sites/demo", only_pictures)
        .await;
    let words = upload(&dial, conversation, "a.txt", b"words").await;
    problem(&words, 415, "unsupported_media_type");
    let small = picture(2, 2, ImageFormat::Png);
    assert_eq!(
        upload(&dial, conversation, "a.png", &small).await.status,
        201
    );
    node.administer("PATCH", "/api/sites/demo", uploads(Value::Null))
        .await;
    let off = upload(&dial, conversation, "a.png", &small).await;
    problem(&off, 403, "forbidden");
    vera.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_file_without_its_length_or_whole_body_is_none() {
    let node = Node::start().await;
    let vera = node.visitor_who_says("look").await;
    let conversation = vera.conversation().unwrap();
    let head = format!(
        "POST {}?name=a.txt HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n",
        path_of(conversation),
        vera.token()
    );
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n5\r\nwords\r\n0\r\n\r\n");
    let heard = crate::support::raw::exchange(&node, chunked.as_bytes(), Duration::from_secs(1));
    let heard = heard.await.answer;
    assert!(heard.starts_with("HTTP/1.1 411 "), "{heard}");
    // Somebody who hangs up half-way leaves nothing.
    let mut stream = node.stranger().tcp().await.unwrap();
    let begin = format!("{head}content-length: 1000000\r\n\r\n");
    stream.write_all(begin.as_bytes()).await.unwrap();
    stream.write_all(&vec![b'a'; 500_000]).await.unwrap();
    eventually("the beginning on the disk", || async {
        (!files_in(&node).is_empty()).then_some(())
    })
    .await;
    drop(stream);
    eventually("nothing on the disk", || async {
        files_in(&node).is_empty().then_some(())
    })
    .await;
    // Somebody who falls silent is told so, and leaves nothing either.
    let mut stream = node.stranger().tcp().await.unwrap();
    stream.write_all(begin.as_bytes()).await.unwrap();
    stream.write_all(&vec![b'a'; 500_000]).await.unwrap();
    let heard = hear_out(&mut stream, Duration::from_secs(15)).await;
    let heard = heard.answer;
    assert!(heard.starts_with("HTTP/1.1 408 "), "{heard}");
    assert_eq!(files_in(&node), Vec::<PathBuf>::new());
    vera.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn too_many_uploads_at_once_wait() {
    let node = Node::start().await;
    let vera = node.visitor_who_says("look").await;
    let conversation = vera.conversation().unwrap();
    let head = format!(
        "POST {}?name=a.txt HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: 100000\r\n\r\n",
        path_of(conversation),
        vera.token()
    );
    let mut under_way = Vec::new();
    for count in 1..=3 {
        let mut stream = node.stranger().tcp().await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b'a'; 90_000]).await.unwrap();
        under_way.push(stream);
        eventually("the beginning on the disk", || async {
            (files_in(&node).len() == count).then_some(())
        })
        .await;
    }
    let dial = as_visitor(&node, &vera);
    let fourth = upload(&dial, conversation, "a.txt", b"words").await;
    problem(&fourth, 429, "rate_limited");
    assert!(fourth.header("retry-after").is_some());
    drop(under_way);
    eventually("room for another", || async {
        let answer = upload(&dial, conversation, "a.txt", b"words").await;
        (answer.status == 201).then_some(())
    })
    .await;
    vera.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn files_survive_a_kill_and_half_of_one_is_none() {
    let mut node = Node::start().await;
    let mut vera = node
        .visitor_builder()
        .keeps_going()
        .connect()
        .await
        .unwrap();
    vera.start("look").await.unwrap();
    let conversation = vera.conversation().unwrap();
    let dial = as_visitor(&node, &vera);
    let bytes = picture(600, 600, ImageFormat::Png);
    let file = upload(&dial, conversation, "a.png", &bytes).await;
    let id = file.json().unwrap()["id"].as_str().unwrap().to_owned();
    let mut stream = node.stranger().tcp().await.unwrap();
    let head = format!(
        "POST {}?name=b.txt HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: 1000000\r\n\r\n",
        path_of(conversation),
        vera.token()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b'a'; 900_000]).await.unwrap();
    eventually("the beginning on the disk", || async {
        (files_in(&node).len() == 2).then_some(())
    })
    .await;
    node.kill();
    node.restart().await;
    let left: Vec<PathBuf> = files_in(&node);
    assert_eq!(left.len(), 1, "{left:?}");
    // What was uploaded before can be sent, and read, after.
    let cmd = vera.command(Deed::Send, json!({"attachment": id}));
    vera.answer(cmd).await.unwrap();
    let log = vera.read_log().await.unwrap();
    assert_eq!(log.last().unwrap().fields["attachment"]["id"], id);
    assert_eq!(get(&dial, conversation, &id).await.body, bytes);
    let small = get(&dial, conversation, &format!("{id}/thumbnail")).await;
    assert_eq!(image::load_from_memory(&small.body).unwrap().width(), 480);
    vera.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_full_disk_refuses_the_file_and_the_chat_goes_on() {
    let node = Node::wrapped(Some("trap '' 25; exec \"$0\""), &[]).await;
    let mut vera = node.visitor_who_says("look").await;
    let conversation = vera.conversation().unwrap();
    let dial = as_visitor(&node, &vera);
    let pid = Pid::from_raw(i32::try_from(node.pid()).unwrap()).unwrap();
    let limits = Rlimit {
        // The log has room below it, the file has not.
        current: Some(6_000_000),
        maximum: None,
    };
    prlimit(Some(pid), Resource::Fsize, limits).unwrap();
    let bytes = vec![b'a'; 8_000_000];
    let answer = upload(&dial, conversation, "a.txt", &bytes).await;
    problem(&answer, 507, "no_room");
    assert!(answer.header("retry-after").is_some());
    assert_eq!(files_in(&node), Vec::<PathBuf>::new());
    vera.send("it did not go").await.unwrap();
    assert_eq!(
        upload(&dial, conversation, "a.txt", &bytes[..1_000])
            .await
            .status,
        201
    );
    vera.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_picture_that_claims_to_be_huge_gets_no_small_one() {
    let node = Node::start().await;
    let vera = node.visitor_who_says("look").await;
    let conversation = vera.conversation().unwrap();
    let dial = as_visitor(&node, &vera);
    // The width is the first field of the first chunk, whose checksum follows its 13 bytes.
    let mut bomb = picture(16, 16, ImageFormat::Png);
    bomb[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
    bomb[20..24].copy_from_slice(&60_000_u32.to_be_bytes());
    let checksum = crc32(&bomb[12..29]).to_be_bytes();
    bomb[29..33].copy_from_slice(&checksum);
    let file = upload(&dial, conversation, "bomb.png", &bomb).await;
    let file = file.json().unwrap();
    assert!(file.get("width").is_none(), "{file}");
    let id = file["id"].as_str().unwrap();
    let before = node.resident_kib();
    let small = get(&dial, conversation, &format!("{id}/thumbnail")).await;
    problem(&small, 404, "not_found");
    assert!(node.resident_kib() < before + 50_000);
    assert_eq!(get(&dial, conversation, id).await.body, bomb);
    vera.finish().await.unwrap();
}

/// As PNG has it (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc: u32, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn pages_of_the_site_may_upload_and_others_may_not() {
    let node = Node::start().await;
    let sites = json!({"origins": ["https://shop.example"]});
    node.administer("PATCH", "/api/sites/demo", sites).await;
    let mut vera = node
        .visitor_builder()
        .header("origin", "https://shop.example")
        .connect()
        .await
        .unwrap();
    vera.start("look").await.unwrap();
    let conversation = vera.conversation().unwrap();
    let shop = as_visitor(&node, &vera).with_header("origin", "https://shop.example");
    let asked = shop
        .clone()
        .with_header("access-control-request-method", "POST")
        .http("OPTIONS", &path_of(conversation), None)
        .await
        .unwrap();
    assert_eq!(asked.status, 204);
    let methods = asked.header("access-control-allow-methods").unwrap();
    assert_eq!(methods, "POST");
    let headers = asked.header("access-control-allow-headers").unwrap();
    assert!(headers.contains("authorization") && headers.contains("content-type"));
    let file = upload(&shop, conversation, "a.txt", b"words").await;
    assert_eq!(file.status, 201);
    let allowed = file.header("access-control-allow-origin");
    assert_eq!(allowed, Some("https://shop.example"));
    let foreign = shop.with_header("origin", "https://evil.example");
    let refusal = upload(&foreign, conversation, "a.txt", b"words").await;
    problem(&refusal, 403, "forbidden");
    assert!(refusal.header("access-control-allow-origin").is_none());
    // An agent's cookie is no good from another page either.
    let cookie = node.sign_in("ada").await;
    let page = node
        .with_cookie(&cookie)
        .with_header("origin", "https://shop.example");
    let refusal = upload(&page, conversation, "a.txt", b"words").await;
    problem(&refusal, 403, "forbidden");
    vera.finish().await.unwrap();
}
