//! What is promised across cuts, tabs and restarts: nothing missed, nothing twice, the same answer to the same command.

use balie_loadtest::participant::agent::Agent;
use balie_loadtest::participant::ledger::Deed;
use balie_loadtest::participant::visitor::Visitor;
use balie_loadtest::participant::wire::{Ack, CommandId, ConversationId, Event};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::support::PATIENCE;
use crate::support::node::Node;
use crate::support::raw::{self, error_after, next};
use crate::support::{number, refused};

/// A visitor in the queue whose log has so many events.
async fn visitor_with_log(node: &Node, events: u64) -> (Visitor, ConversationId) {
    let mut vera = node.visitor().await;
    let conversation = vera.start("first").await.unwrap().conversation;
    for number in 3..=events {
        vera.send(&format!("line {number}")).await.unwrap();
    }
    (vera, conversation)
}

/// A `hello` with these fields besides those it must have.
fn hello_with(fields: Value) -> Value {
    let mut hello = raw::hello();
    for (name, value) in fields.as_object().unwrap() {
        hello[name] = value.clone();
    }
    hello
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_visitor_who_comes_back_hears_what_was_said_meanwhile_once() {
    let node = Node::start().await;
    let mut ben = node.online("ben", 3).await;
    let mut vera = node
        .visitor_builder()
        .keeps_going()
        .connect()
        .await
        .unwrap();
    vera.start("help").await.unwrap();
    let conversation = ben.next_assigned().await.unwrap();
    vera.agent().await.unwrap();
    for round in 0..5 {
        vera.cut();
        for line in 0..4 {
            ben.send(conversation, &format!("{round}.{line}"))
                .await
                .unwrap();
        }
        vera.expect_text(&format!("{round}.3")).await.unwrap();
    }
    vera.settle(10_000).await.unwrap();
    let seen = vera.timeline(conversation).unwrap();
    let log = vera.read_log().await.unwrap();
    assert_eq!(seen.entries().len(), log.len());
    assert_eq!(log.len(), 2 + 1 + 20);
    vera.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_explicit_after_leaves_out_nothing_later_however_long_the_log_is() {
    let node = Node::with(&[("BALIE_VISITOR_FRAMES_PER_S", "0")]).await;
    let (vera, conversation) = visitor_with_log(&node, 260).await;
    let resume = |after: Option<u64>| {
        let builder = node.visitor_builder().token(&vera.token());
        match after {
            Some(after) => builder.after(conversation, after),
            None => builder,
        }
    };
    let mut whole = resume(Some(0)).connect().await.unwrap();
    assert_eq!(
        whole
            .expect_event(|event| event.seq == 260)
            .await
            .unwrap()
            .prev,
        259
    );
    assert_eq!(whole.timeline(conversation).unwrap().entries().len(), 260);
    let mut late = resume(Some(258)).connect().await.unwrap();
    let welcome = late.expect_type("welcome").await.unwrap().json;
    assert_eq!(number(&welcome["conversation"], "from_seq"), 259);
    late.expect_event(|event| event.seq == 260).await.unwrap();
    assert_eq!(late.timeline(conversation).unwrap().entries().len(), 2);
    // Without `after` a long log begins where `welcome` says, and its first `prev` is the true one.
    let mut fresh = resume(None).connect().await.unwrap();
    let welcome = fresh.expect_type("welcome").await.unwrap().json;
    let from_seq = number(&welcome["conversation"], "from_seq");
    assert!(from_seq > 1 && from_seq < 260, "{welcome}");
    assert_eq!(number(&welcome["conversation"], "seq"), 260);
    let first = fresh.expect_kind("message").await.unwrap();
    assert_eq!(i64::try_from(first.seq).unwrap(), from_seq);
    assert_eq!(first.prev + 1, first.seq);
    fresh.expect_event(|event| event.seq == 260).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn after_beyond_the_end_is_a_bad_field_and_the_next_hello_is_answered() {
    let node = Node::start().await;
    let (vera, conversation) = visitor_with_log(&node, 3).await;
    let mut socket = raw::visitor_socket(&node).await;
    let hello = |after: u64| {
        hello_with(json!({"token": vera.token(), "conversation": conversation, "after": after}))
            .to_string()
    };
    let error = error_after(&mut socket, hello(4)).await;
    assert_eq!(
        (&error["code"], &error["field"]),
        (&json!("bad_field"), &json!("after"))
    );
    assert_eq!(error["re"], "hello");
    socket.say(hello(0)).await.unwrap();
    next(&mut socket, "welcome").await;
    for seq in 1..=3 {
        assert_eq!(next(&mut socket, "event").await["seq"], seq);
    }
    socket.say(hello(3)).await.unwrap();
    next(&mut socket, "welcome").await;
    socket
        .say(json!({"t": "ping", "n": 1}).to_string())
        .await
        .unwrap();
    let nothing_again = loop {
        let frame = socket.hear_within(raw::PATIENCE_MS).await.unwrap();
        if frame["t"] == "event" || frame["t"] == "pong" {
            break frame;
        }
    };
    assert_eq!(nothing_again["t"], "pong", "all three were seen");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn after_is_ignored_with_another_epoch_or_another_conversation() {
    let node = Node::start().await;
    let (vera, conversation) = visitor_with_log(&node, 3).await;
    let other = "01928aaa-0000-7000-8000-000000000000";
    for fields in [
        json!({"epoch": "another", "conversation": conversation, "after": 3}),
        json!({"epoch": "another", "conversation": conversation, "after": 99}),
        json!({"conversation": other, "after": 99}),
    ] {
        let mut socket = raw::visitor_socket(&node).await;
        let mut hello = hello_with(fields);
        hello["token"] = json!(vera.token());
        socket.say(hello.to_string()).await.unwrap();
        let welcome = next(&mut socket, "welcome").await;
        assert_eq!(number(&welcome["conversation"], "from_seq"), 1, "{hello}");
        assert_eq!(next(&mut socket, "event").await["seq"], 1, "{hello}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_new_epoch_makes_everybody_start_anew_and_a_restart_does_not() {
    let mut node = Node::start().await;
    let mut ben = node.online("ben", 3).await;
    let (vera, _) = visitor_with_log(&node, 3).await;
    ben.next_assigned().await.unwrap();
    let epoch = |visitor: &Visitor| visitor.with(|mind| mind_epoch(mind));
    let before = epoch(&vera);
    let token = vera.token();
    drop((vera, ben));
    node.kill();
    node.restart().await;
    let again = node
        .visitor_builder()
        .token(&token)
        .connect()
        .await
        .unwrap();
    assert_eq!(epoch(&again), before);
    drop(again);
    node.stop().await;
    node.admin(&["new-epoch"], "");
    node.restart().await;
    let anew = node
        .visitor_builder()
        .token(&token)
        .connect()
        .await
        .unwrap();
    assert_ne!(epoch(&anew), before);
    assert!(anew.conversation().is_some(), "nothing was lost");
}

fn mind_epoch(mind: &balie_loadtest::participant::visitor_mind::VisitorMind) -> String {
    use balie_loadtest::participant::mind::Mind;
    mind.memory().epoch.clone().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn hello_said_again_starts_following_anew_on_the_same_socket() {
    let node = Node::start().await;
    let mut ben = node.online("ben", 3).await;
    let (mut vera, conversation) = visitor_with_log(&node, 4).await;
    ben.next_assigned().await.unwrap();
    vera.agent().await.unwrap();
    vera.hello_again().await.unwrap();
    ben.hello_again().await.unwrap();
    ben.send(conversation, "still here").await.unwrap();
    vera.expect_text("still here").await.unwrap();
    vera.send("me too").await.unwrap();
    ben.expect_text("me too").await.unwrap();
    vera.finish().await.unwrap();
    ben.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn hello_again_with_another_token_or_site_is_a_conflict_and_changes_nothing() {
    let node = Node::start().await;
    node.administer(
        "POST",
        "/api/sites",
        json!({"key": "other", "name": "Other", "origins": ["self"], "departments": ["support"]}),
    )
    .await;
    let stranger = node.visitor().await.token();
    let (mut socket, welcome) = raw::welcomed_visitor(&node).await;
    for fields in [json!({"token": stranger}), json!({"site": "other"})] {
        let error = error_after(&mut socket, hello_with(fields).to_string()).await;
        assert_eq!(error["code"], "conflict", "{error}");
        assert_eq!(error["re"], "hello", "{error}");
    }
    socket.say(raw::hello().to_string()).await.unwrap();
    assert_eq!(
        next(&mut socket, "welcome").await["visitor"],
        welcome["visitor"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_token_outlives_the_visitors_history() {
    let node = Node::start().await;
    // Nobody has heard of this visitor but the token: without a conversation nothing is stored.
    let vera = node.visitor().await;
    let (token, id) = (vera.token(), vera.id());
    vera.close().await.unwrap();
    let again = node
        .visitor_builder()
        .token(&token)
        .connect()
        .await
        .unwrap();
    assert_eq!(again.id(), id);
    assert_eq!(again.conversation(), None);
}

// --- the same command again --------------------------------------------------------------------------------------

/// Says a command on a socket of its own and gives the answer.
async fn repeat_elsewhere(node: &Node, token: &str, frame: &Value) -> Value {
    let mut socket = raw::visitor_socket(node).await;
    let hello = hello_with(json!({"token": token}));
    socket.say(hello.to_string()).await.unwrap();
    next(&mut socket, "welcome").await;
    socket.say(frame.to_string()).await.unwrap();
    loop {
        let answer = socket.hear_within(raw::PATIENCE_MS).await.unwrap();
        if answer["cmd"] == frame["cmd"] && (answer["t"] == "ack" || answer["t"] == "error") {
            return answer;
        }
    }
}

fn is_same(answer: &Value, ack: &Ack) {
    let expected = json!({
        "t": "ack", "cmd": ack.cmd, "conversation": ack.conversation, "seq": ack.seq, "at": ack.at
    });
    assert_eq!(answer, &expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_repeated_send_gets_the_same_ack_from_anywhere_and_is_done_once() {
    let mut node = Node::start().await;
    let mut vera = node.visitor_who_says("help").await;
    let first = vera.send("once").await.unwrap();
    vera.send("something else").await.unwrap();
    // The participant itself holds every further ack of this command against the first.
    vera.command_as(first.cmd, Deed::Send, json!({"text": "once"}));
    vera.ping().await.unwrap();
    vera.settle(10_000).await.unwrap();
    let token = vera.token();
    let repeat = json!({"t": "send", "cmd": first.cmd, "text": "with other content"});
    is_same(&repeat_elsewhere(&node, &token, &repeat).await, &first);
    vera.finish().await.unwrap();
    node.kill();
    node.restart().await;
    is_same(&repeat_elsewhere(&node, &token, &repeat).await, &first);
    // Even as another kind of command.
    let leave = json!({"t": "leave", "cmd": first.cmd});
    is_same(&repeat_elsewhere(&node, &token, &leave).await, &first);
    let again = node
        .visitor_builder()
        .token(&token)
        .connect()
        .await
        .unwrap();
    let texts: Vec<String> = again
        .read_log()
        .await
        .unwrap()
        .iter()
        .filter_map(|event| event.text().map(str::to_owned))
        .collect();
    assert_eq!(texts, ["help", "once", "something else"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_repeated_start_gets_the_same_ack_even_when_that_conversation_is_over() {
    let mut node = Node::start().await;
    let mut vera = node.visitor().await;
    let first = vera.start("help").await.unwrap();
    let token = vera.token();
    let repeat = json!({"t": "start", "cmd": first.cmd, "text": "other", "department": "sales"});
    is_same(&repeat_elsewhere(&node, &token, &repeat).await, &first);
    vera.leave().await.unwrap();
    is_same(&repeat_elsewhere(&node, &token, &repeat).await, &first);
    let second = vera.start("again").await.unwrap();
    assert_ne!(second.conversation, first.conversation);
    is_same(&repeat_elsewhere(&node, &token, &repeat).await, &first);
    vera.finish().await.unwrap();
    node.kill();
    node.restart().await;
    is_same(&repeat_elsewhere(&node, &token, &repeat).await, &first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn repeated_leave_and_rate_get_the_same_ack() {
    let node = Node::start().await;
    let mut vera = node.visitor_who_says("help").await;
    let left = vera.leave().await.unwrap();
    let rated = vera.rate(5, None).await.unwrap();
    let token = vera.token();
    let leave = json!({"t": "leave", "cmd": left.cmd});
    is_same(&repeat_elsewhere(&node, &token, &leave).await, &left);
    let rate = json!({"t": "rate", "cmd": rated.cmd, "score": 1});
    is_same(&repeat_elsewhere(&node, &token, &rate).await, &rated);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_agents_repeated_commands_get_the_same_ack_even_out_of_sight() {
    let mut node = Node::start().await;
    let mut gus = node.online("gus", 3).await;
    let mut ben = node.agent("ben").await;
    let mut vera = node.visitor_who_says("help").await;
    let conversation = gus.next_assigned().await.unwrap();
    let sent = gus.send(conversation, "hello").await.unwrap();
    let noted = gus.note(conversation, "careful").await.unwrap();
    gus.status("away", None).await.unwrap();
    let moved = gus
        .transfer_to_department(conversation, "sales", Some("yours"))
        .await
        .unwrap();
    let taken = {
        let mut fay = node.agent("fay").await;
        let taken = fay.take(conversation).await.unwrap();
        fay.end(conversation).await.unwrap();
        taken
    };
    vera.expect_kind("closed").await.unwrap();
    // Another sender's use of the same id is another command.
    let ours = json!({"t": "note", "cmd": sent.cmd, "conversation": conversation, "text": "x"});
    drop((vera, gus));
    node.kill();
    node.restart().await;
    for (person, t, ack) in [
        ("gus", "send", sent),
        ("gus", "note", noted),
        ("gus", "transfer", moved),
        ("fay", "take", taken),
    ] {
        let (mut socket, _) = raw::welcomed_agent(&node, person).await;
        let frame = json!({"t": t, "cmd": ack.cmd, "conversation": conversation, "text": "other",
                           "to": {"agent": "01928aaa-0000-7000-8000-000000000000"}});
        socket.say(frame.to_string()).await.unwrap();
        is_same(&next(&mut socket, "ack").await, &ack);
    }
    // Ben of support cannot see what is in sales.
    ben.faults();
    let (mut socket, _) = raw::welcomed_agent(&node, "ben").await;
    assert_eq!(
        error_after(&mut socket, ours.to_string()).await["code"],
        "not_found"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn one_command_said_on_many_sockets_at_once_happens_once() {
    let node = Node::start().await;
    let vera = node.visitor_who_says("help").await;
    let frame = json!({"t": "send", "cmd": CommandId::fresh(), "text": "all at once"});
    let token = vera.token();
    let saying = (0..8).map(|_| repeat_elsewhere(&node, &token, &frame));
    let answers = futures_util::future::join_all(saying).await;
    for answer in &answers {
        assert_eq!(answer, &answers[0]);
    }
    assert_eq!(answers[0]["t"], "ack");
    let log = vera.read_log().await.unwrap();
    assert_eq!(
        log.iter()
            .filter(|event| event.text() == Some("all at once"))
            .count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn many_starts_at_once_open_one_conversation() {
    let node = Node::start().await;
    let vera = node.visitor().await;
    let token = vera.token();
    let frames: Vec<Value> = (0..8)
        .map(|_| json!({"t": "start", "cmd": CommandId::fresh(), "text": "me first"}))
        .collect();
    let saying = frames
        .iter()
        .map(|frame| repeat_elsewhere(&node, &token, frame));
    let answers = futures_util::future::join_all(saying).await;
    let opened = answers.iter().filter(|answer| answer["t"] == "ack").count();
    assert_eq!(opened, 1, "{answers:?}");
    for refusal in answers.iter().filter(|answer| answer["t"] == "error") {
        assert_eq!(refusal["code"], "conflict");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_was_refused_is_not_remembered() {
    let node = Node::start().await;
    let mut vera = node.visitor().await;
    let cmd = CommandId::fresh();
    let early = json!({"t": "send", "cmd": cmd, "text": "too early"});
    let token = vera.token();
    let answer = repeat_elsewhere(&node, &token, &early).await;
    assert_eq!(answer["code"], "wrong_state");
    vera.start("now").await.unwrap();
    let answer = repeat_elsewhere(&node, &token, &early).await;
    assert_eq!((&answer["t"], &answer["seq"]), (&json!("ack"), &json!(3)));
    assert_eq!(refused(vera.start("again").await).code, "conflict");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_a_socket_that_was_given_up_still_brings_is_not_said_in_a_later_chat() {
    const TEXT: u8 = 0x81;
    const PING: u8 = 0x89;
    const PONG: u8 = 0x8a;
    let node = Node::start().await;
    let mut vera = node.visitor_who_says("the first chat").await;
    let mut given_up = raw::visitor_socket(&node).await;
    let mut hello = raw::hello();
    hello["token"] = json!(vera.token());
    given_up.say(hello.to_string()).await.unwrap();
    next(&mut given_up, "welcome").await;
    let mut given_up = given_up.into_stream();
    vera.leave().await.unwrap();
    // Said on the other socket too, where it is long under way.
    let late = vera.command(Deed::Send, json!({"text": "one thing more"}));
    assert_eq!(refused(vera.answer(late).await).code, "wrong_state");
    let second = vera.start("the second chat").await.unwrap();
    let second_id = second.conversation.to_string();
    let mut hears = async |wanted: &str, says: Vec<u8>| {
        given_up.write_all(&says).await.unwrap();
        let mut pings = Vec::new();
        loop {
            let (first, said) = raw::next_bytes(&mut given_up, PATIENCE).await.unwrap();
            let text = String::from_utf8_lossy(&said).into_owned();
            if first == PING {
                pings.push(said);
            } else if text.contains(wanted) {
                return (text, pings);
            }
        }
    };
    let (_, pings) = hears(&second_id, Vec::new()).await;
    let send = json!({"t": "send", "cmd": late, "text": "one thing more"}).to_string();
    let (answer, _) = hears(&late.to_string(), raw::frame_bytes(TEXT, send.as_bytes())).await;
    assert!(answer.contains("wrong_state"), "{answer}");
    // A client that is there answers pings, and what it says is about the chat that it sees.
    let ping = pings.last().expect("a ping before the second chat");
    let mut says = raw::frame_bytes(PONG, ping);
    let cmd = CommandId::fresh();
    let send = json!({"t": "send", "cmd": cmd, "text": "from the other tab"}).to_string();
    says.extend(raw::frame_bytes(TEXT, send.as_bytes()));
    let (answer, _) = hears(&cmd.to_string(), says).await;
    assert!(answer.contains(&second_id), "{answer}");
    let log = vera.read_log().await.unwrap();
    let said: Vec<_> = log.iter().filter_map(Event::text).collect();
    assert_eq!(said, ["the second chat", "from the other tab"]);
    vera.finish().await.unwrap();
}

// --- starting anew in the midst of talk --------------------------------------------------------------------------

const UNLIMITED: [(&str, &str); 2] = [
    ("BALIE_VISITOR_FRAMES_PER_S", "0"),
    ("BALIE_AGENT_FRAMES_PER_S", "0"),
];

/// Goal: whatever is on its way when a following ends belongs to it, and comes before what begins the next. Method: one side
/// pours messages out while the other says hello or opens again and again; the participants find repeats and leaps.
async fn pour(node: &Node, lines: usize) -> (Visitor, Agent, ConversationId, Vec<String>) {
    let mut ben = node.online("ben", 1).await;
    let mut vera = node.visitor_who_says("help").await;
    let conversation = ben.next_assigned().await.unwrap();
    vera.agent().await.unwrap();
    let lines = (0..lines).map(|line| format!("line {line}")).collect();
    (vera, ben, conversation, lines)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_visitor_who_says_hello_while_an_agent_talks_hears_each_word_once() {
    let node = Node::with(&UNLIMITED).await;
    let (mut vera, ben, conversation, lines) = pour(&node, 300).await;
    for chunk in lines.chunks(10) {
        for line in chunk {
            ben.send_later(conversation, line);
        }
        vera.hello_again().await.unwrap();
        vera.hello_again().await.unwrap();
    }
    vera.expect_text("line 299").await.unwrap();
    vera.finish().await.unwrap();
    ben.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_agent_who_says_hello_or_opens_while_a_visitor_talks_hears_each_word_once() {
    let node = Node::with(&UNLIMITED).await;
    let (vera, mut ben, conversation, lines) = pour(&node, 300).await;
    let mut sue = node.agent("sue").await;
    sue.open(conversation, None).await.unwrap();
    for chunk in lines.chunks(10) {
        for line in chunk {
            vera.send_later(line);
        }
        ben.hello_again().await.unwrap();
        sue.open(conversation, Some(1)).await.unwrap();
        sue.shut(conversation);
        sue.open(conversation, Some(0)).await.unwrap();
    }
    ben.expect_text("line 299").await.unwrap();
    sue.expect_text("line 299").await.unwrap();
    vera.finish().await.unwrap();
    ben.finish().await.unwrap();
    sue.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_was_acknowledged_of_one_conversation_arrives_although_the_next_has_begun() {
    let node = Node::with(&UNLIMITED).await;
    let mut vera = node.visitor().await;
    for _ in 0..40 {
        vera.start("help").await.unwrap();
        vera.leave().await.unwrap();
        vera.rate(5, None).await.unwrap();
    }
    // Waits for every event that was acknowledged.
    vera.finish().await.unwrap();
    let (mut socket, _) = raw::welcomed_visitor(&node).await;
    let mut words = Vec::new();
    for _ in 0..20 {
        for t in ["start", "leave", "rate"] {
            let frame = json!({"t": t, "cmd": CommandId::fresh(), "text": "help", "score": 4});
            words.push(frame.to_string());
        }
    }
    socket.say_all(words).await.unwrap();
    let mut kinds = Vec::new();
    while kinds.len() < 4 * 20 {
        let event = next(&mut socket, "event").await;
        kinds.push(event["kind"].as_str().unwrap().to_owned());
    }
    let whole = ["queued", "message", "closed", "rated"];
    assert!(kinds.chunks(4).all(|kinds| kinds == whole), "{kinds:?}");
}
