//! Where a live chat begins, and when none may: full lines, closed departments and who stands in for them, languages.

use balie_loadtest::participant::mind::Frame;
use balie_loadtest::participant::visitor::Visitor;
use balie_loadtest::participant::wire::{Refusal, Role};
use serde_json::{Value, json};

use crate::support::fleet::Fleet;
use crate::support::node::Node;
use crate::support::redis_server::Server;
use crate::support::refused;
use crate::support::scenes::{closed_now, kinds, waiting_in};

/// Changes a department's routing.
async fn routing(node: &Node, department: &str, routing: Value) {
    let path = format!("/api/departments/{department}");
    let change = json!({ "routing": routing });
    node.administer("PATCH", &path, change).await;
}

async fn close_now(node: &Node, department: &str) {
    let path = format!("/api/departments/{department}");
    let change = json!({ "hours": closed_now() });
    node.administer("PATCH", &path, change).await;
}

/// What a new visitor of support is refused with.
async fn turned_away(node: &Node) -> (Visitor, Refusal) {
    let mut visitor = node.visitor().await;
    let start = json!({"department": "support", "text": "help"});
    let refusal = refused(visitor.start_with(start).await);
    (visitor, refusal)
}

/// The department in whose line the visitor's conversation began, and what it needs.
async fn began(visitor: &Visitor) -> (String, Value) {
    let log = visitor.read_log().await.unwrap();
    let queued = &log[0].fields;
    let department = queued["department"].as_str().unwrap().to_owned();
    (department, queued["needs"].clone())
}

/// Who waits is first, and the line is known: while it is told anew nobody is turned away.
async fn stands_first(visitor: &mut Visitor) {
    let is_it = |frame: &Frame| {
        frame.is("queue") && frame.json["position"] == 1 && frame.json["paused"] != true
    };
    visitor
        .expect_frame("the first place", is_it)
        .await
        .unwrap();
}

async fn a_full_line_turns_newcomers_away(node: &Node) {
    routing(node, "support", json!({"queue_max": 1})).await;
    let mut waits = waiting_in(node, "support").await;
    stands_first(&mut waits).await;
    let (mut late, refusal) = turned_away(node).await;
    assert_eq!(refusal.code, "queue_full");
    assert!(refusal.message.contains("leave a message"), "{refusal}");
    // Never a dead end; and what is left for later takes nobody's place.
    let message = json!({
        "department": "support", "mode": "message", "text": "help", "fields": {"email": "late@example.com"},
    });
    late.start_with(message).await.unwrap();
    // Whoever waits already is not told of others.
    let again = json!({"department": "support", "text": "help"});
    assert_eq!(refused(waits.start_with(again).await).code, "conflict");
    // One goes: there is a place again.
    waits.leave().await.unwrap();
    let mut next = waiting_in(node, "support").await;
    let (third, refusal) = turned_away(node).await;
    assert_eq!(refusal.code, "queue_full");
    let mut ben = node.online("ben", 1).await;
    let conversation = ben.next_assigned().await.unwrap();
    assert_eq!(Some(conversation), next.conversation());
    next.agent().await.unwrap();
    let mut last = waiting_in(node, "support").await;
    last.leave().await.unwrap();
    for visitor in [waits, late, next, third, last] {
        visitor.finish().await.unwrap();
    }
    ben.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_full_line_turns_newcomers_away_who_may_leave_a_message() {
    a_full_line_turns_newcomers_away(&Node::start().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_redis_a_full_line_turns_newcomers_away_too_but_not_while_redis_is_away() {
    let mut redis = Server::start(&[]).await;
    let node = Node::with(&[("BALIE_REDIS_URL", &redis.url())]).await;
    a_full_line_turns_newcomers_away(&node).await;
    let mut waits = waiting_in(&node, "support").await;
    stands_first(&mut waits).await;
    let (late, refusal) = turned_away(&node).await;
    assert_eq!(refusal.code, "queue_full");
    redis.kill();
    // Nobody knows how many wait: nobody is sent away.
    let let_in = waiting_in(&node, "support").await;
    redis.start_again().await;
    for visitor in [waits, late, let_in] {
        visitor.finish().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn where_nobody_may_wait_the_free_are_reached_all_the_same() {
    let node = Node::start().await;
    routing(&node, "support", json!({"queue_max": 0})).await;
    let (nobody, refusal) = turned_away(&node).await;
    assert_eq!(refusal.code, "queue_full");
    let mut ben = node.online("ben", 1).await;
    let mut served = waiting_in(&node, "support").await;
    let conversation = ben.next_assigned().await.unwrap();
    served.agent().await.unwrap();
    let (late, refusal) = turned_away(&node).await;
    assert_eq!(refusal.code, "queue_full");
    ben.end(conversation).await.unwrap();
    for visitor in [nobody, served, late] {
        visitor.finish().await.unwrap();
    }
    ben.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn while_a_department_is_closed_chats_go_to_the_first_stand_in_that_is_open() {
    let node = Node::start().await;
    let night = json!({"key": "night", "name": "Night"});
    node.administer("POST", "/api/departments", night).await;
    // The site offers support alone: who stands in is not for visitors to choose.
    let offers = json!({"departments": ["support"]});
    node.administer("PATCH", "/api/sites/demo", offers).await;
    close_now(&node, "support").await;
    close_now(&node, "night").await;
    let (late, refusal) = turned_away(&node).await;
    assert_eq!(refusal.code, "closed_hours");
    assert!(refusal.message.contains("It opens on"), "{refusal}");
    let hint = async || {
        let path = "/api/sites/demo/widget";
        let answer = node.stranger().http("GET", path, None).await;
        let widget: Value = answer.unwrap().json().unwrap();
        let is_open = widget["open"] == true;
        (
            is_open,
            widget["next_open_at"].is_null(),
            widget["stand_ins"].clone(),
        )
    };
    let mut fay = node.online("fay", 2).await;
    assert_eq!(hint().await, (false, false, json!([])));

    routing(&node, "support", json!({"stand_ins": ["night", "sales"]})).await;
    let names = json!([{"key": "night", "name": "Night"}, {"key": "sales", "name": "Sales"}]);
    assert_eq!(hint().await, (true, true, names));
    let mut vera = waiting_in(&node, "support").await;
    let conversation = fay.next_assigned().await.unwrap();
    assert_eq!(Some(conversation), vera.conversation());
    assert_eq!(began(&vera).await.0, "sales");
    vera.agent().await.unwrap();
    // What is left for later is for those who were asked.
    let mut later = node.visitor().await;
    let message =
        json!({"mode": "message", "text": "later", "fields": {"email": "vera@example.com"}});
    later.start_with(message).await.unwrap();
    assert_eq!(began(&later).await.0, "support");
    for visitor in [late, vera, later] {
        visitor.finish().await.unwrap();
    }
    fay.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_visitors_language_is_a_need_where_somebody_speaks_it() {
    let node = Node::start().await;
    let ben = node.agent("ben").await;
    let path = format!("/api/agents/{}", ben.id());
    node.administer("PATCH", &path, json!({"skills": ["billing", "nl"]}))
        .await;
    let needs = async |lang: &str, told: Value| {
        let hello = json!({ "lang": lang });
        let visitor = node.visitor_builder().hello_fields(hello).connect().await;
        let mut visitor = visitor.unwrap();
        let start = json!({"department": "support", "text": "help", "needs": told});
        visitor.start_with(start).await.unwrap();
        let needs = began(&visitor).await.1;
        visitor.finish().await.unwrap();
        needs
    };
    assert_eq!(needs("nl-BE", json!([])).await, json!([]), "not asked for");
    routing(&node, "support", json!({"speaks": true})).await;
    for (lang, told, expected) in [
        ("nl-BE", json!(["billing"]), json!(["nl", "billing"])),
        ("NL", json!(["billing", "nl"]), json!(["nl", "billing"])),
        // Nobody in support speaks it: who waits for that waits in vain.
        ("fr", json!(["billing"]), json!(["billing"])),
    ] {
        assert_eq!(needs(lang, told).await, expected, "{lang}");
    }
    ben.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_waits_when_a_department_closes_moves_to_its_stand_in_with_their_place_in_time() {
    let node = Node::start().await;
    routing(&node, "support", json!({"stand_ins": ["sales"]})).await;
    let mut first = waiting_in(&node, "support").await;
    stands_first(&mut first).await;
    let mut second = waiting_in(&node, "sales").await;
    let mut later = node.visitor().await;
    let message = json!({"department": "support", "mode": "message", "text": "later", "fields": {"email": "a@example.com"}});
    later.start_with(message).await.unwrap();
    close_now(&node, "support").await;
    let moved = first.expect_kind("transferred").await.unwrap();
    assert_eq!(moved.fields["to"], json!({"department": "sales"}));
    assert_eq!(moved.from.role, Role::System);
    // They hear where they stand there at once, though the number is the same.
    let is_anew = |frame: &Frame| {
        let at = frame.json["at"].as_u64();
        frame.is("queue") && frame.json["position"] == 1 && at >= Some(moved.at)
    };
    first
        .expect_frame("the place there", is_anew)
        .await
        .unwrap();
    // First come, first served, also by those who stand in.
    let mut fay = node.online("fay", 1).await;
    for visitor in [&mut first, &mut second] {
        let conversation = fay.next_assigned().await.unwrap();
        assert_eq!(Some(conversation), visitor.conversation());
        visitor.agent().await.unwrap();
        fay.end(conversation).await.unwrap();
    }
    let log = first.read_log().await.unwrap();
    assert_eq!(
        kinds(&log),
        ["queued", "message", "transferred", "assigned", "closed"]
    );
    let log = later.read_log().await.unwrap();
    assert_eq!(kinds(&log), ["queued", "message"], "a message waits");
    for visitor in [first, second, later] {
        visitor.finish().await.unwrap();
    }
    fay.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_nodes_one_moves_who_waits_when_a_department_closes() {
    let fleet = Fleet::of(2, &[]).await;
    let node = &fleet.nodes[0];
    routing(node, "support", json!({"stand_ins": ["sales"]})).await;
    let mut line = Vec::new();
    for _ in 0..5 {
        line.push(waiting_in(node, "support").await);
    }
    close_now(node, "support").await;
    for visitor in &mut line {
        visitor.expect_kind("transferred").await.unwrap();
    }
    // Both have looked by now, and look once more.
    for visitor in &mut line {
        let again = |frame: &Frame| frame.json["kind"] == "transferred";
        visitor.expect_none(300, again).await.unwrap();
    }
    let mut fay = node.online("fay", 5).await;
    for visitor in line {
        fay.next_assigned().await.unwrap();
        let log = visitor.read_log().await.unwrap();
        assert_eq!(kinds(&log)[..3], ["queued", "message", "transferred"]);
        visitor.finish().await.unwrap();
    }
    fay.finish().await.unwrap();
}
