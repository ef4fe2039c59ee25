//! What a visitor can do: say hello, start, talk, type, read, leave and rate.

use balie_loadtest::participant::ledger::Deed;
use serde_json::{Value, json};

use crate::support::node::Node;
use crate::support::raw::{self, next};
use crate::support::{number, refused};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_visitor_and_an_agent_talk() {
    let node = Node::start().await;
    let mut ben = node.online("ben", 3).await;
    let mut vera = node.visitor_who_says("Where is my parcel?").await;
    let conversation = ben.next_assigned().await.unwrap();
    ben.expect_text("Where is my parcel?").await.unwrap();
    let state = vera.expect_type("assigned").await.unwrap().json;
    assert_eq!(
        state["agent"],
        json!({"id": ben.id(), "name": "ben"}),
        "{state}"
    );
    vera.expect_kind("assigned").await.unwrap();
    ben.send(conversation, "I will look.").await.unwrap();
    let heard = vera.expect_text("I will look.").await.unwrap();
    assert_eq!(heard.from.name.as_deref(), Some("ben"));
    vera.send("Thank you.").await.unwrap();
    ben.expect_text("Thank you.").await.unwrap();
    ben.end(conversation).await.unwrap();
    assert_eq!(ben.unassigned(conversation).await.unwrap(), "closed");
    let closed = vera.expect_kind("closed").await.unwrap();
    assert_eq!(closed.fields["reason"], "agent");
    vera.finish().await.unwrap();
    ben.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_first_hello_gives_a_token_and_no_conversation() {
    let node = Node::start().await;
    let (mut socket, welcome) = raw::welcomed_visitor(&node).await;
    for field in ["visitor", "token", "epoch"] {
        assert!(
            welcome[field].as_str().is_some_and(|text| !text.is_empty()),
            "{welcome}"
        );
    }
    assert_eq!(welcome["open"], false);
    assert!(number(&welcome, "now") > 1_700_000_000_000);
    assert!(welcome.get("conversation").is_none(), "{welcome}");
    socket
        .say(json!({"t": "ping", "n": -7}).to_string())
        .await
        .unwrap();
    assert_eq!(next(&mut socket, "pong").await["n"], -7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn welcome_says_whether_agents_could_answer_and_presence_when_that_changes() {
    let node = Node::start().await;
    let mut vera = node.visitor().await;
    let welcome = vera.expect_type("welcome").await.unwrap().json;
    assert_eq!(welcome["open"], false);
    let mut ben = node.online("ben", 3).await;
    assert_eq!(
        vera.expect_type("presence").await.unwrap().json["open"],
        true
    );
    let mut wim = node.visitor().await;
    assert_eq!(wim.expect_type("welcome").await.unwrap().json["open"], true);
    ben.status("away", None).await.unwrap();
    assert_eq!(
        vera.expect_type("presence").await.unwrap().json["open"],
        false
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn start_appends_queued_and_the_text_and_its_ack_names_the_last() {
    let node = Node::start().await;
    let mut vera = node.visitor().await;
    let ack = vera
        .start_with(json!({"text": "Hello?", "needs": ["dutch"], "fields": {"name": "Vera"}}))
        .await
        .unwrap();
    assert_eq!(ack.seq, 2);
    let queued = vera.expect_kind("queued").await.unwrap();
    assert_eq!((queued.seq, queued.prev), (1, 0));
    assert_eq!(queued.cmd, Some(ack.cmd));
    assert_eq!(queued.fields["department"], "support");
    assert_eq!(queued.fields["mode"], "chat");
    assert_eq!(queued.fields["fields"], json!({"name": "Vera"}));
    assert_eq!(queued.fields["needs"], json!(["dutch"]));
    assert!(!queued.fields.contains_key("priority"), "{queued:?}");
    let message = vera.expect_kind("message").await.unwrap();
    assert_eq!((message.seq, message.prev), (2, 1));
    assert_eq!((message.cmd, message.at), (Some(ack.cmd), ack.at));
    let state = vera.expect_type("queued").await.unwrap().json;
    assert_eq!(state["enqueued_at"], queued.fields["enqueued_at"]);
    assert_eq!(state["department"], "support");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn start_without_a_text_appends_only_queued() {
    let node = Node::start().await;
    let mut vera = node.visitor().await;
    let ack = vera
        .start_with(json!({"department": "sales"}))
        .await
        .unwrap();
    assert_eq!(ack.seq, 1);
    let queued = vera.expect_kind("queued").await.unwrap();
    assert_eq!(queued.fields["department"], "sales");
    vera.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_second_start_while_one_is_open_is_a_conflict() {
    let node = Node::start().await;
    let mut vera = node.visitor_who_says("first").await;
    assert_eq!(refused(vera.start("second").await).code, "conflict");
    vera.leave().await.unwrap();
    vera.start("third").await.unwrap();
    vera.expect_text("third").await.unwrap();
    vera.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_unknown_department_or_mode_is_a_bad_field() {
    let node = Node::start().await;
    let mut vera = node.visitor().await;
    for (fields, field) in [
        (json!({"department": "nowhere"}), "department"),
        (json!({"mode": "later"}), "mode"),
    ] {
        let refusal = refused(vera.start_with(fields).await);
        assert_eq!(
            (refusal.code.as_str(), refusal.field.as_deref()),
            ("bad_field", Some(field))
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_form_field_that_the_site_requires_is_asked_for() {
    let node = Node::start().await;
    let form =
        json!([{"name": "email", "label": "Your address", "kind": "email", "required": true}]);
    node.administer("PATCH", "/api/sites/demo", json!({"form": form}))
        .await;
    let mut vera = node.visitor().await;
    let refusal = refused(vera.start("help").await);
    assert_eq!(refusal.code, "bad_field");
    assert_eq!(refusal.field.as_deref(), Some("fields.email"));
    vera.start_with(json!({"fields": {"email": "vera@home.example"}}))
        .await
        .unwrap();
    vera.expect_kind("queued").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_sent_in_one_breath_is_written_in_that_order() {
    let node = Node::start().await;
    let mut vera = node.visitor_who_says("first").await;
    let mut socket = raw::visitor_socket(&node).await;
    let mut hello = raw::hello();
    hello["token"] = json!(vera.token());
    socket.say(hello.to_string()).await.unwrap();
    next(&mut socket, "welcome").await;
    let texts: Vec<String> = (0..20).map(|number| format!("line {number}")).collect();
    let frames = texts.iter().map(|text| raw::send(text).to_string());
    socket.say_all(frames.collect()).await.unwrap();
    for text in &texts {
        let event = vera
            .expect_event(|event| event.kind == "message" && event.text() != Some("first"))
            .await
            .unwrap();
        assert_eq!(event.text(), Some(text.as_str()));
    }
    vera.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_refused_command_does_not_hold_up_the_next() {
    let node = Node::start().await;
    let mut vera = node.visitor_who_says("first").await;
    let empty = vera.command(Deed::Send, json!({"text": "   "}));
    let good = vera.command(Deed::Send, json!({"text": "second"}));
    assert_eq!(refused(vera.answer(empty).await).code, "bad_field");
    assert_eq!(vera.answer(good).await.unwrap().seq, 3);
    vera.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_tab_follows_what_one_of_them_does() {
    let node = Node::start().await;
    let mut first = node.visitor().await;
    let mut second = first.another_tab("demo").await.unwrap();
    let ack = first.start("Is anybody there?").await.unwrap();
    let message = second.expect_text("Is anybody there?").await.unwrap();
    assert_eq!((message.conversation, message.seq), (ack.conversation, 2));
    second.send("From the other tab.").await.unwrap();
    first.expect_text("From the other tab.").await.unwrap();
    // Each hears of its own words as well, once.
    second.expect_text("From the other tab.").await.unwrap();
    assert_eq!(
        refused(second.start("once more").await).code,
        "conflict",
        "a visitor has one open conversation, whichever tab asks"
    );
    first.leave().await.unwrap();
    second.expect_kind("closed").await.unwrap();
    first.finish().await.unwrap();
    second.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn typing_reaches_the_other_side_without_what_is_typed() {
    let node = Node::start().await;
    node.administer("PATCH", "/api/sites/demo", json!({"typing_preview": false}))
        .await;
    let mut ben = node.online("ben", 3).await;
    let mut vera = node.visitor_who_says("help").await;
    let mut tab = vera.another_tab("demo").await.unwrap();
    let conversation = ben.next_assigned().await.unwrap();
    vera.typing_preview("my password is");
    let typing = ben.expect_type("typing").await.unwrap().json;
    assert_eq!(typing["on"], true);
    assert_eq!(typing["from"]["role"], "visitor");
    assert_eq!(typing["conversation"], json!(conversation));
    assert!(typing.get("preview").is_none(), "{typing}");
    vera.typing(false);
    assert_eq!(ben.expect_type("typing").await.unwrap().json["on"], false);
    vera.agent().await.unwrap();
    ben.typing(conversation, true);
    for one in [&mut vera, &mut tab] {
        let typing = one.expect_type("typing").await.unwrap().json;
        assert_eq!(typing["from"]["name"], "ben", "{typing}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_site_may_show_agents_what_is_typed() {
    let node = Node::start().await;
    node.administer("PATCH", "/api/sites/demo", json!({"typing_preview": true}))
        .await;
    let mut ben = node.online("ben", 3).await;
    let mut vera = node.visitor_who_says("help").await;
    let mut tab = vera.another_tab("demo").await.unwrap();
    ben.next_assigned().await.unwrap();
    vera.typing_preview("I think that");
    let typing = ben.expect_type("typing").await.unwrap().json;
    assert_eq!(typing["preview"], "I think that");
    // Never stored: who comes later is not told.
    vera.ping().await.unwrap();
    tab.expect_none(200, |frame| frame.is("typing"))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn read_marks_are_told_kept_and_never_fall() {
    let node = Node::start().await;
    let mut ben = node.online("ben", 3).await;
    let mut vera = node.visitor_who_says("help").await;
    let conversation = ben.next_assigned().await.unwrap();
    vera.agent().await.unwrap();
    vera.read(3);
    let read = ben.expect_type("read").await.unwrap().json;
    assert_eq!(
        (&read["seq"], &read["from"]["role"]),
        (&json!(3), &json!("visitor"))
    );
    ben.read(conversation, 2);
    let read = vera.expect_type("read").await.unwrap().json;
    assert_eq!(
        (&read["seq"], &read["from"]["role"]),
        (&json!(2), &json!("agent"))
    );
    // Lower, and beyond the end: neither is a place that was read.
    vera.read(1);
    vera.read(99);
    vera.ping().await.unwrap();
    let marks = json!({"visitor": 3, "agent": 2});
    let mut tab = vera.another_tab("demo").await.unwrap();
    let welcome = tab.expect_type("welcome").await.unwrap().json;
    assert_eq!(welcome["conversation"]["read"], marks, "{welcome}");
    let mut sue = node.agent("sue").await;
    let opened = sue.open(conversation, None).await.unwrap();
    assert_eq!(opened["read"], marks, "{opened}");
    ben.hello_again().await.unwrap();
    let is_second = |frame: &balie_loadtest::participant::mind::Frame| {
        frame.is("welcome") && frame.json["conversations"] != json!([])
    };
    let welcome = ben.expect_frame("welcome", is_second).await.unwrap().json;
    assert_eq!(welcome["conversations"][0]["read"], marks, "{welcome}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn agents_see_the_page_that_the_visitor_is_on() {
    let node = Node::start().await;
    let mut vera = node
        .visitor_builder()
        .hello_fields(json!({"lang": "nl-BE", "tz": "Europe/Brussels", "page": {"url": "http://shop.example/a", "title": "A", "referrer": "http://search.example/"}}))
        .connect()
        .await
        .unwrap();
    let ack = vera.start("help").await.unwrap();
    let mut sue = node.agent("sue").await;
    let opened = sue.open(ack.conversation, None).await.unwrap();
    let visitor = &opened["visitor"];
    assert_eq!(visitor["page"]["url"], "http://shop.example/a");
    assert_eq!(visitor["page"]["referrer"], "http://search.example/");
    assert_eq!(
        (&visitor["lang"], &visitor["tz"]),
        (&json!("nl-BE"), &json!("Europe/Brussels"))
    );
    assert_eq!(visitor["verified"], false);
    vera.page("http://shop.example/b", "B");
    vera.ping().await.unwrap();
    sue.shut(ack.conversation);
    let opened = sue.open(ack.conversation, None).await.unwrap();
    assert_eq!(opened["visitor"]["page"]["title"], "B", "{opened}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn leaving_the_queue_is_left_with_the_wait_measured() {
    let node = Node::start().await;
    let mut vera = node.visitor_who_says("help").await;
    let queued = vera.expect_kind("queued").await.unwrap();
    let ack = vera.leave().await.unwrap();
    let closed = vera.expect_kind("closed").await.unwrap();
    assert_eq!(closed.fields["reason"], "left");
    assert_eq!(closed.number("waited_ms"), Some(closed.at - queued.at));
    assert_eq!((closed.seq, closed.at), (ack.seq, ack.at));
    assert_eq!(refused(vera.leave().await).code, "wrong_state");
    assert_eq!(refused(vera.send("too late").await).code, "wrong_state");
    vera.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn leaving_a_chat_closes_it_as_the_visitor() {
    let node = Node::start().await;
    let mut ben = node.online("ben", 3).await;
    let mut vera = node.visitor_who_says("help").await;
    let conversation = ben.next_assigned().await.unwrap();
    vera.agent().await.unwrap();
    vera.leave().await.unwrap();
    let closed = vera.expect_kind("closed").await.unwrap();
    assert_eq!(closed.fields["reason"], "visitor");
    assert!(!closed.fields.contains_key("waited_ms"), "{closed:?}");
    assert_eq!(ben.unassigned(conversation).await.unwrap(), "closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_closed_conversation_is_rated_once_and_an_open_one_never() {
    let node = Node::start().await;
    let mut ben = node.online("ben", 3).await;
    let mut vera = node.visitor().await;
    assert_eq!(refused(vera.rate(5, None).await).code, "wrong_state");
    vera.start("help").await.unwrap();
    assert_eq!(refused(vera.rate(5, None).await).code, "wrong_state");
    let conversation = ben.next_assigned().await.unwrap();
    ben.end(conversation).await.unwrap();
    vera.expect_kind("closed").await.unwrap();
    vera.rate(4, Some("quick")).await.unwrap();
    let rated = vera.expect_kind("rated").await.unwrap();
    assert_eq!(rated.fields["score"], 4);
    assert_eq!(rated.fields["comment"], "quick");
    assert_eq!(refused(vera.rate(1, None).await).code, "wrong_state");
    let log = ben.read_log(conversation).await.unwrap();
    assert_eq!(log.last().unwrap().kind, "rated");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_conversation_closed_today_is_named_in_welcome_and_can_be_rated_from_another_tab() {
    let node = Node::start().await;
    let mut vera = node.visitor_who_says("never mind").await;
    vera.leave().await.unwrap();
    let mut tab = vera.another_tab("demo").await.unwrap();
    let welcome = tab.expect_type("welcome").await.unwrap().json;
    assert_eq!(welcome["conversation"]["state"], "closed");
    tab.expect_kind("closed").await.unwrap();
    tab.rate(3, None).await.unwrap();
    vera.expect_kind("rated").await.unwrap();
    tab.finish().await.unwrap();
    vera.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_score_beyond_five_is_a_bad_field() {
    let node = Node::start().await;
    let mut vera = node.visitor_who_says("never mind").await;
    vera.leave().await.unwrap();
    for score in [json!(0), json!(6), json!(2.5), json!("5"), Value::Null] {
        let cmd = vera.command(Deed::Rate, json!({"score": score}));
        let refusal = refused(vera.answer(cmd).await);
        assert_eq!(refusal.code, "bad_field", "{score}");
        assert_eq!(refusal.field.as_deref(), Some("score"), "{score}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_visitor_reads_the_own_log_over_http_and_nobody_elses() {
    let node = Node::start().await;
    let mut vera = node.visitor_who_says("mine").await;
    let ack = vera.send("and this").await.unwrap();
    let log = vera.read_log().await.unwrap();
    let kinds: Vec<&str> = log.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["queued", "message", "message"]);
    let path = format!("/api/conversations/{}/events", ack.conversation);
    let wim = node.visitor().await;
    let theirs = node
        .stranger()
        .with_header("authorization", &format!("Bearer {}", wim.token()));
    assert_eq!(theirs.http("GET", &path, None).await.unwrap().status, 404);
    assert_eq!(
        node.stranger()
            .http("GET", &path, None)
            .await
            .unwrap()
            .status,
        401
    );
}
