//! What an agent can do with a conversation: note, transfer, take, close, look on.

use balie_loadtest::participant::mind::Frame;
use serde_json::{Value, json};

use crate::support::node::Node;
use crate::support::refused;
use crate::support::scenes::{chat, is_not_theirs, kinds};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_new_session_begins_away_and_gets_nothing_until_it_is_online() {
    let node = Node::start().await;
    let mut ben = node.agent("ben").await;
    let welcome = ben.expect_type("welcome").await.unwrap().json;
    assert_eq!(welcome["status"], "away");
    assert_eq!(welcome["capacity"], 3);
    assert_eq!(welcome["departments"], json!(["support"]));
    assert_eq!(
        welcome["agent"],
        json!({"id": ben.id(), "name": "ben", "role": "agent"})
    );
    assert_eq!(welcome["conversations"], json!([]));
    let _vera = node.visitor_who_says("help").await;
    ben.expect_none(300, |frame| frame.is("assigned"))
        .await
        .unwrap();
    ben.online(3).await.unwrap();
    ben.next_assigned().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_status_is_told_to_oneself_and_to_those_who_share_a_department() {
    let node = Node::start().await;
    let mut ana = node.agent("ana").await;
    let mut fay = node.agent("fay").await;
    let mut sue = node.agent("sue").await;
    let ben = node.online("ben", 7).await;
    let is_ben = |frame: &Frame| frame.is("agent") && frame.json["status"] == "online";
    for colleague in [&mut ana, &mut sue] {
        let told = colleague.expect_frame("ben", is_ben).await.unwrap().json;
        let expected = json!({"t": "agent", "id": ben.id(), "name": "ben", "status": "online", "load": 0, "capacity": 7});
        assert_eq!(told, expected);
    }
    fay.expect_none(300, is_ben).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn notes_are_for_agents_only_and_prev_leaps_over_them() {
    let node = Node::start().await;
    let (mut ben, mut vera, conversation) = chat(&node).await;
    let mut sue = node.agent("sue").await;
    sue.open(conversation, None).await.unwrap();
    let noted = ben.note(conversation, "a regular").await.unwrap();
    // A supervisor's note to the agent is a whisper.
    sue.note(conversation, "be kind").await.unwrap();
    let whisper = ben.expect_text("be kind").await.unwrap();
    assert_eq!(
        (whisper.kind.as_str(), whisper.from.name.as_deref()),
        ("note", Some("sue"))
    );
    ben.send(conversation, "hello").await.unwrap();
    let heard = vera.expect_text("hello").await.unwrap();
    assert_eq!((heard.seq, heard.prev), (noted.seq + 2, noted.seq - 1));
    let visitors = vera.read_log().await.unwrap();
    assert_eq!(
        kinds(&visitors),
        ["queued", "message", "assigned", "message"]
    );
    let agents = ben.read_log(conversation).await.unwrap();
    assert_eq!(
        kinds(&agents),
        ["queued", "message", "assigned", "note", "note", "message"]
    );
    // A visitor who comes back is told the last `seq` that is for visitors, and the true `prev`.
    ben.note(conversation, "last").await.unwrap();
    let mut tab = vera.another_tab("demo").await.unwrap();
    let welcome = tab.expect_type("welcome").await.unwrap().json;
    assert_eq!(welcome["conversation"]["seq"], json!(heard.seq));
    assert_eq!(tab.expect_text("hello").await.unwrap().prev, noted.seq - 1);
    vera.finish().await.unwrap();
    tab.finish().await.unwrap();
    ben.finish().await.unwrap();
    sue.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn close_files_under_tags_that_the_visitor_never_sees() {
    let node = Node::start().await;
    let (mut ben, mut vera, conversation) = chat(&node).await;
    let ack = ben
        .end_with_tags(conversation, &["parcel", "angry"])
        .await
        .unwrap();
    let theirs = ben.expect_kind("closed").await.unwrap();
    assert_eq!(theirs.fields["tags"], json!(["parcel", "angry"]));
    assert_eq!((theirs.seq, theirs.at), (ack.seq, ack.at));
    let closed = vera.expect_kind("closed").await.unwrap();
    assert!(!closed.fields.contains_key("tags"), "{closed:?}");
    let over_http = vera.read_log().await.unwrap();
    assert!(!over_http.last().unwrap().fields.contains_key("tags"));
    assert_eq!(ben.unassigned(conversation).await.unwrap(), "closed");
    let late = ben.send(conversation, "one more thing").await;
    assert_eq!(refused(late).code, "wrong_state");
    let again = ben.end(conversation).await;
    assert_eq!(refused(again).code, "wrong_state");
    vera.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_transfer_to_an_agent_writes_note_transferred_and_assigned_in_one_step() {
    let node = Node::start().await;
    let (mut ben, mut vera, conversation) = chat(&node).await;
    let mut ana = node.online("ana", 3).await;
    let ack = ben
        .transfer_to_agent(conversation, &ana.id(), Some("speaks French"))
        .await
        .unwrap();
    assert_eq!(ana.next_assigned().await.unwrap(), conversation);
    assert_eq!(ben.unassigned(conversation).await.unwrap(), "transferred");
    let log = ana.read_log(conversation).await.unwrap();
    assert_eq!(
        kinds(&log),
        [
            "queued",
            "message",
            "assigned",
            "note",
            "transferred",
            "assigned"
        ]
    );
    let assigned = log.last().unwrap();
    assert_eq!((assigned.seq, assigned.at), (ack.seq, ack.at));
    assert!(log[3..].iter().all(|event| event.cmd == Some(ack.cmd)));
    assert_eq!(assigned.number("waited_ms"), Some(0), "no wait ended");
    let transferred = vera.expect_kind("transferred").await.unwrap();
    assert_eq!(
        transferred.fields["to"],
        json!({"agent": {"id": ana.id(), "name": "ana"}})
    );
    let state = |frame: &Frame| frame.is("assigned") && frame.json["agent"]["name"] == "ana";
    vera.expect_frame("ana", state).await.unwrap();
    // Only the owner writes to the visitor.
    let refusal = refused(ben.send(conversation, "bye").await);
    assert_eq!(refusal.code, "forbidden");
    ana.send(conversation, "Bonjour").await.unwrap();
    vera.expect_text("Bonjour").await.unwrap();
    for one in [ben, ana] {
        one.finish().await.unwrap();
    }
    vera.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_transfer_to_an_agent_who_is_full_or_not_online_is_a_conflict() {
    let node = Node::start().await;
    let (mut ben, _vera, conversation) = chat(&node).await;
    let mut ana = node.agent("ana").await;
    let away = refused(ben.transfer_to_agent(conversation, &ana.id(), None).await);
    assert_eq!(away.code, "conflict");
    ana.online(0).await.unwrap();
    let full = refused(ben.transfer_to_agent(conversation, &ana.id(), None).await);
    assert_eq!(full.code, "conflict");
    ana.online(1).await.unwrap();
    let id = ana.id();
    ana.close().await.unwrap();
    let gone = refused(ben.transfer_to_agent(conversation, &id, None).await);
    assert_eq!(gone.code, "conflict");
    let nobody = "01928aaa-0000-7000-8000-000000000000";
    let nobody = refused(ben.transfer_to_agent(conversation, nobody, None).await);
    assert_eq!(nobody.code, "not_found");
    let own = ben.id();
    let oneself = refused(ben.transfer_to_agent(conversation, &own, None).await);
    assert_eq!(oneself.code, "conflict");
    let log = ben.read_log(conversation).await.unwrap();
    assert_eq!(kinds(&log), ["queued", "message", "assigned"]);
    ben.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_transfer_to_a_department_waits_there_at_the_first_place_it_had() {
    let node = Node::start().await;
    let (mut ben, mut vera, conversation) = chat(&node).await;
    let mut early = node.visitor().await;
    early
        .start_with(json!({"department": "sales", "text": "later"}))
        .await
        .unwrap();
    ben.transfer_to_department(conversation, "sales", Some("wants to buy"))
        .await
        .unwrap();
    assert_eq!(ben.unassigned(conversation).await.unwrap(), "transferred");
    let queued = vera.expect_kind("queued").await.unwrap();
    let is_sales = |frame: &Frame| frame.is("queued") && frame.json["department"] == "sales";
    let state = vera
        .expect_frame("queued again", is_sales)
        .await
        .unwrap()
        .json;
    assert_eq!(state["enqueued_at"], queued.fields["enqueued_at"]);
    let transferred = vera.expect_kind("transferred").await.unwrap();
    assert_eq!(transferred.fields["to"], json!({"department": "sales"}));
    let mut fay = node.online("fay", 1).await;
    assert_eq!(
        fay.next_assigned().await.unwrap(),
        conversation,
        "it came first"
    );
    let assigned = vera
        .expect_event(|event| event.kind == "assigned" && event.seq > transferred.seq)
        .await
        .unwrap();
    assert_eq!(
        assigned.number("waited_ms"),
        Some(assigned.at - transferred.at)
    );
    assert_eq!(assigned.fields["department"], "sales");
    vera.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_transfer_to_no_department_is_not_found() {
    let node = Node::start().await;
    let (mut ben, _vera, conversation) = chat(&node).await;
    let refusal = refused(
        ben.transfer_to_department(conversation, "nowhere", None)
            .await,
    );
    assert_eq!(refusal.code, "not_found");
    ben.send(conversation, "still here").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn take_gets_a_waiting_conversation_out_of_turn_also_while_away() {
    let node = Node::start().await;
    let _first = node.visitor_who_says("first").await;
    let mut second = node.visitor_who_says("second").await;
    let mut ben = node.agent("ben").await;
    let conversation = second.conversation().unwrap();
    let ack = ben.take(conversation).await.unwrap();
    assert_eq!(ben.next_assigned().await.unwrap(), conversation);
    let assigned = second.expect_kind("assigned").await.unwrap();
    assert_eq!((assigned.seq, assigned.at), (ack.seq, ack.at));
    ben.send(conversation, "hello").await.unwrap();
    second.expect_text("hello").await.unwrap();
    assert_eq!(refused(ben.take(conversation).await).code, "conflict");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn take_by_one_who_is_full_or_of_what_is_somebodys_or_closed_is_refused() {
    let node = Node::start().await;
    let (mut ben, mut vera, conversation) = chat(&node).await;
    ben.online(1).await.unwrap();
    let waiting = node.visitor_who_says("me too").await;
    let mut ana = node.agent("ana").await;
    ana.status("away", Some(0)).await.unwrap();
    let full = refused(ana.take(waiting.conversation().unwrap()).await);
    assert_eq!(full.code, "conflict");
    ana.status("away", Some(3)).await.unwrap();
    is_not_theirs(&refused(ana.take(conversation).await));
    vera.leave().await.unwrap();
    assert_eq!(refused(ana.take(conversation).await).code, "wrong_state");
    drop(ben);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_supervisor_takes_somebody_elses_and_the_agent_is_told() {
    let node = Node::start().await;
    let (mut ben, mut vera, conversation) = chat(&node).await;
    let mut sue = node.agent("sue").await;
    sue.take(conversation).await.unwrap();
    assert_eq!(ben.unassigned(conversation).await.unwrap(), "taken");
    assert_eq!(sue.next_assigned().await.unwrap(), conversation);
    let log = sue.read_log(conversation).await.unwrap();
    assert_eq!(kinds(&log)[2..], ["assigned", "transferred", "assigned"]);
    sue.send(conversation, "I am the boss").await.unwrap();
    vera.expect_text("I am the boss").await.unwrap();
    is_not_theirs(&refused(ben.end(conversation).await));
    sue.end(conversation).await.unwrap();
    vera.expect_kind("closed").await.unwrap();
    ben.finish().await.unwrap();
    sue.finish().await.unwrap();
    vera.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn whoever_opens_a_conversation_follows_it_silently_until_shut() {
    let node = Node::start().await;
    let (mut ben, mut vera, conversation) = chat(&node).await;
    vera.take_unread();
    let mut sue = node.agent("sue").await;
    let opened = sue.open(conversation, None).await.unwrap();
    assert_eq!(opened["state"], "active");
    assert_eq!(opened["agent"], json!({"id": ben.id(), "name": "ben"}));
    assert_eq!(
        (&opened["seq"], &opened["from_seq"]),
        (&json!(3), &json!(1))
    );
    sue.expect_kind("assigned").await.unwrap();
    // Typing and reading of one who only looks is nobody's business.
    sue.typing(conversation, true);
    sue.read(conversation, 3);
    sue.ping().await.unwrap();
    vera.send("anybody?").await.unwrap();
    let seen = sue.expect_text("anybody?").await.unwrap();
    vera.expect_none(200, |frame| frame.is("typing") || frame.is("read"))
        .await
        .unwrap();
    sue.shut(conversation);
    sue.ping().await.unwrap();
    sue.take_unread();
    ben.send(conversation, "I am here").await.unwrap();
    sue.expect_none(200, |frame| frame.event.is_some())
        .await
        .unwrap();
    // Opened again on the same socket, it goes on where it stopped.
    let opened = sue.open(conversation, Some(seen.seq)).await.unwrap();
    assert_eq!(opened["from_seq"], json!(seen.seq + 1));
    sue.expect_text("I am here").await.unwrap();
    ben.end(conversation).await.unwrap();
    sue.expect_kind("closed").await.unwrap();
    sue.finish().await.unwrap();
    ben.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn following_goes_on_after_the_last_event_sent_on_the_socket() {
    let node = Node::start().await;
    let (mut ben, mut vera, conversation) = chat(&node).await;
    vera.send("one").await.unwrap();
    ben.expect_text("one").await.unwrap();
    let mut ana = node.online("ana", 3).await;
    ben.transfer_to_agent(conversation, &ana.id(), None)
        .await
        .unwrap();
    ben.unassigned(conversation).await.unwrap();
    ana.next_assigned().await.unwrap();
    ana.send(conversation, "two").await.unwrap();
    let own = ben.id();
    ana.transfer_to_agent(conversation, &own, None)
        .await
        .unwrap();
    let again = ben.expect_type("assigned").await.unwrap().json;
    // After `transferred` (5) and before `assigned` to ana (6).
    assert_eq!(again["from_seq"], json!(6), "{again}");
    ben.expect_text("two").await.unwrap();
    ben.send(conversation, "three").await.unwrap();
    vera.expect_text("three").await.unwrap();
    ben.finish().await.unwrap();
    ana.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn everybody_who_looks_is_told_who_looks() {
    let node = Node::start().await;
    let (ben, _vera, conversation) = chat(&node).await;
    let mut sue = node.agent("sue").await;
    let mut ana = node.agent("ana").await;
    sue.open(conversation, None).await.unwrap();
    ana.open(conversation, None).await.unwrap();
    let names = |frame: &Value| -> Vec<String> {
        let mut names: Vec<String> = frame["agents"]
            .as_array()
            .unwrap()
            .iter()
            .map(|agent| agent["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    let both = |frame: &Frame| frame.is("viewers") && names(&frame.json) == ["ana", "sue"];
    sue.expect_frame("both viewers", both).await.unwrap();
    ana.expect_frame("both viewers", both).await.unwrap();
    let alone = |frame: &Frame| frame.is("viewers") && names(&frame.json) == ["sue"];
    sue.take_unread();
    ana.shut(conversation);
    sue.expect_frame("sue alone", alone).await.unwrap();
    ana.open(conversation, None).await.unwrap();
    sue.expect_frame("both viewers", both).await.unwrap();
    // A socket that is gone looks no longer.
    ana.close().await.unwrap();
    sue.expect_frame("sue alone", alone).await.unwrap();
    drop(ben);
}
