//! What agents see of each other and of the desk: what they missed, what their role lets them, who waits.

use balie_loadtest::participant::ledger::Deed;
use balie_loadtest::participant::mind::Frame;
use serde_json::{Value, json};

use crate::support::node::Node;
use crate::support::raw::{self, error_after, next};
use crate::support::refused;
use crate::support::scenes::{chat, is_not_theirs, kinds};

// --- what one missed ---------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn hello_tells_how_a_conversation_went_away_meanwhile() {
    let node = Node::start().await;
    let mut ben = node
        .agent_builder("ben")
        .keeps_going()
        .connect()
        .await
        .unwrap();
    ben.online(3).await.unwrap();
    let mut vera = node.visitor_who_says("help").await;
    let conversation = ben.next_assigned().await.unwrap();
    vera.agent().await.unwrap();
    let mut sue = node.agent("sue").await;
    ben.cut();
    vera.send("are you there?").await.unwrap();
    sue.take(conversation).await.unwrap();
    sue.send(conversation, "I took over").await.unwrap();
    // The participant knows that the log goes up to the event that took it, and not beyond.
    assert_eq!(ben.unassigned(conversation).await.unwrap(), "taken");
    ben.expect_text("are you there?").await.unwrap();
    ben.expect_kind("transferred").await.unwrap();
    ben.expect_none(200, |frame| {
        frame
            .event
            .as_ref()
            .is_some_and(|event| event.text() == Some("I took over"))
    })
    .await
    .unwrap();
    ben.finish().await.unwrap();
    sue.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn hello_after_of_what_was_never_ones_own_is_refused_and_does_not_hold_up_the_rest() {
    let node = Node::start().await;
    let (ben, vera, conversation) = chat(&node).await;
    let nowhere = "01928aaa-0000-7000-8000-000000000000";
    let hello =
        json!({"t": "hello", "after": {conversation.to_string(): 1, nowhere: 0}}).to_string();
    let mut codes = Vec::new();
    let mut socket = node.as_person("fay").socket("/ws/agent").await.unwrap();
    socket.say(hello.clone()).await.unwrap();
    next(&mut socket, "welcome").await;
    for _ in 0..2 {
        let error = next(&mut socket, "error").await;
        assert_eq!(error["re"], "hello");
        codes.push(error["code"].clone());
    }
    assert_eq!(
        codes,
        ["not_found", "not_found"],
        "fay of sales sees neither"
    );
    // Ana of support may see it, and does not follow it.
    let mut socket = node.as_person("ana").socket("/ws/agent").await.unwrap();
    socket.say(hello).await.unwrap();
    next(&mut socket, "welcome").await;
    let error = loop {
        let error = next(&mut socket, "error").await;
        if error["conversation"] == json!(conversation) {
            break error;
        }
    };
    assert_eq!(error["code"], "forbidden");
    drop((ben, vera));
}

// --- roles -------------------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_of_another_department_is_not_there() {
    let node = Node::start().await;
    let (ben, vera, conversation) = chat(&node).await;
    let mut fay = node.online("fay", 3).await;
    assert_eq!(
        refused(fay.open(conversation, None).await).code,
        "not_found"
    );
    for (deed, fields) in [
        (Deed::Send, json!({"text": "hi"})),
        (Deed::Note, json!({"text": "hi"})),
        (Deed::Take, json!({})),
        (Deed::Close, json!({})),
        (Deed::Transfer, json!({"to": {"department": "sales"}})),
    ] {
        let cmd = fay.command(deed, conversation, fields);
        assert_eq!(refused(fay.answer(cmd).await).code, "not_found", "{deed:?}");
    }
    let (mut socket, _) = raw::welcomed_agent(&node, "fay").await;
    for t in ["accept", "decline"] {
        let frame = json!({"t": t, "conversation": conversation}).to_string();
        let error = error_after(&mut socket, frame).await;
        assert_eq!(
            (&error["code"], &error["re"]),
            (&json!("not_found"), &json!(t))
        );
        assert_eq!(error["conversation"], json!(conversation));
    }
    let path = format!("/api/conversations/{conversation}/events");
    let answer = node
        .as_person("fay")
        .http("GET", &path, None)
        .await
        .unwrap();
    assert_eq!(answer.status, 404);
    let log = ben.read_log(conversation).await.unwrap();
    assert_eq!(
        kinds(&log),
        ["queued", "message", "assigned"],
        "nothing was done"
    );
    drop(vera);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_agent_cannot_write_into_or_end_a_colleagues_chat() {
    let node = Node::start().await;
    let (ben, vera, conversation) = chat(&node).await;
    let mut ana = node.agent("ana").await;
    assert_eq!(
        refused(ana.send(conversation, "hi").await).code,
        "forbidden"
    );
    is_not_theirs(&refused(ana.end(conversation).await));
    let to_sales = ana
        .transfer_to_department(conversation, "sales", None)
        .await;
    is_not_theirs(&refused(to_sales));
    // A note is for everybody at the desk.
    ana.note(conversation, "I know her").await.unwrap();
    drop((ben, vera));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_admin_may_do_what_a_supervisor_may_and_in_any_department() {
    let node = Node::start().await;
    let (mut ben, vera, conversation) = chat(&node).await;
    let mut ada = node.agent("ada").await;
    ada.open(conversation, None).await.unwrap();
    ada.take(conversation).await.unwrap();
    assert_eq!(ben.unassigned(conversation).await.unwrap(), "taken");
    ada.end(conversation).await.unwrap();
    drop(vera);
}

// --- the desk at a glance ----------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn lanes_show_who_waits_and_then_what_changes() {
    let node = Node::start().await;
    let mut vera = node.visitor_builder().connect().await.unwrap();
    vera.start_with(json!({"text": "first words", "fields": {"name": "Vera"}}))
        .await
        .unwrap();
    let mut ana = node.agent("ana").await;
    ana.lanes(true);
    let lanes = ana.expect_type("lanes").await.unwrap().json;
    let lane = &lanes["lanes"][0];
    assert_eq!(
        lanes["lanes"].as_array().unwrap().len(),
        1,
        "only one's own departments: {lanes}"
    );
    assert_eq!(
        (&lane["department"], &lane["waiting"]),
        (&json!("support"), &json!(1))
    );
    assert_eq!(
        (&lane["agents_online"], &lane["free_slots"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(lane["eta"], Value::Null);
    let all = ana.expect_type("waiting").await.unwrap().json;
    assert_eq!(all["all"], true);
    let row = &all["set"][0];
    assert_eq!(row["conversation"], json!(vera.conversation()));
    assert_eq!(
        (&row["summary"], &row["visitor"]["name"]),
        (&json!("first words"), &json!("Vera"))
    );
    assert_eq!(
        (&row["priority"], &row["mode"]),
        (&json!(0), &json!("chat"))
    );
    let mut wim = node.visitor_who_says("second").await;
    let change = ana.expect_type("waiting").await.unwrap().json;
    assert_eq!(change["all"], false);
    assert_eq!(change["set"][0]["conversation"], json!(wim.conversation()));
    assert_eq!(change["gone"], json!([]));
    let gone = wim.conversation();
    wim.leave().await.unwrap();
    let change = ana.expect_type("waiting").await.unwrap().json;
    assert_eq!(
        (&change["gone"], &change["set"]),
        (&json!([gone]), &json!([]))
    );
    let mut ben = node.online("ben", 3).await;
    ben.next_assigned().await.unwrap();
    let is_empty = |frame: &Frame| {
        let lane = &frame.json["lanes"][0];
        frame.is("lanes")
            && lane["waiting"] == 0
            && lane["free_slots"] == 2
            && lane["agents_online"] == 1
    };
    ana.expect_frame("nobody waits", is_empty).await.unwrap();
    // Once more from the start, and then no longer.
    ana.take_unread();
    ana.lanes(false);
    ana.ping().await.unwrap();
    ana.take_unread();
    let _tom = node.visitor_who_says("third").await;
    ben.next_assigned().await.unwrap();
    ana.expect_none(600, |frame| frame.is("lanes") || frame.is("waiting"))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_supervisor_sees_every_lane() {
    let node = Node::start().await;
    let mut sue = node.agent("sue").await;
    sue.lanes(true);
    let lanes = sue.expect_type("lanes").await.unwrap().json;
    let departments: Vec<&Value> = lanes["lanes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|lane| &lane["department"])
        .collect();
    assert_eq!(departments, ["sales", "support"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn two_sockets_of_an_agent_both_follow_what_is_theirs() {
    let node = Node::start().await;
    let (mut ben, mut vera, conversation) = chat(&node).await;
    let mut also = node.agent("ben").await;
    let welcome = also.expect_type("welcome").await.unwrap().json;
    assert_eq!(welcome["status"], "online", "the session goes on");
    assert_eq!(also.owned(), [conversation]);
    vera.send("to both").await.unwrap();
    ben.expect_text("to both").await.unwrap();
    also.expect_text("to both").await.unwrap();
    also.send(conversation, "from the other").await.unwrap();
    ben.expect_text("from the other").await.unwrap();
    let mut wim = node.visitor_who_says("me too").await;
    wim.agent().await.unwrap();
    assert_eq!(
        ben.next_assigned().await.unwrap(),
        also.next_assigned().await.unwrap()
    );
    also.end(conversation).await.unwrap();
    assert_eq!(ben.unassigned(conversation).await.unwrap(), "closed");
    assert_eq!(also.unassigned(conversation).await.unwrap(), "closed");
    ben.finish().await.unwrap();
    also.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_lane_tells_how_those_who_came_of_late_waited_as_soon_as_it_changes() {
    let node = Node::start().await;
    let mut ben = node.online("ben", 1).await;
    let mut sue = node.agent("sue").await;
    sue.lanes(true);
    let support = |frame: &Frame| {
        let lanes = frame.json["lanes"].as_array().cloned().unwrap_or_default();
        let mut ours = lanes
            .into_iter()
            .filter(|one| one["department"] == "support");
        ours.next().unwrap_or(Value::Null)
    };
    let first = support(&sue.expect_type("lanes").await.unwrap());
    assert_eq!(first["standard"]["threshold_ms"], 20_000);
    assert_eq!(
        (&first["quarter"]["offered"], &first["staffing"]),
        (&json!(0), &Value::Null)
    );
    let _vera = node.visitor_who_says("hello").await;
    let conversation = ben.next_assigned().await.unwrap();
    let is_answered = |frame: &Frame| {
        let lane = support(frame);
        lane["quarter"]["answered"] == 1
            && lane["quarter"]["in_time"] == 1
            && lane["day"]["offered"] == 1
            && lane["service_level"] == 1.0
    };
    sue.expect_frame("one was answered in time", is_answered)
        .await
        .unwrap();
    let silences = |frame: &Frame| frame.json["silences"].as_array().map_or(0, Vec::len);
    let is_awaited = |frame: &Frame| silences(frame) == 1;
    let awaited = sue.expect_frame("she waits for a word", is_awaited).await;
    assert_eq!(awaited.unwrap().json["silences"][0]["agent"], ben.id());
    ben.send(conversation, "Hello").await.unwrap();
    let is_greeted = |frame: &Frame| {
        let talks = &support(frame)["quarter"]["talks"];
        silences(frame) == 0
            && (&talks["served"], &talks["greeted"]) == (&json!(1), &json!(1))
            && talks["response_p50_ms"].is_number()
            && talks["response_p50_ms"] == support(frame)["day"]["talks"]["response_p90_ms"]
    };
    sue.expect_frame("she was greeted", is_greeted)
        .await
        .unwrap();
    let mut wim = node.visitor_who_says("I wait").await;
    let waits = |frame: &Frame| support(frame)["quarter"]["open"] == 1;
    sue.expect_frame("one waits", waits).await.unwrap();
    wim.leave().await.unwrap();
    let is_gone = |frame: &Frame| {
        let lane = support(frame);
        lane["quarter"]["abandoned"] == 1 && lane["abandoned"] == 1 && lane["quarter"]["open"] == 0
    };
    sue.expect_frame("one gave up", is_gone).await.unwrap();
}
