//! Waits foretold in a running server: what visitors, lanes and lists are told, when nothing may be promised, and that a restart
//! forgets nothing. How right it is stands in `replay.rs`, the order and the bounds of the estimator in `waiting.rs`.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use balie::model::time::Millis;
use balie::protocol::parts::Eta;
use balie_loadtest::participant::agent::Agent;
use balie_loadtest::participant::mind::Frame;
use balie_loadtest::participant::visitor::Visitor;
use balie_loadtest::plot::End;
use balie_loadtest::shifts::{self, Desk, Tempo};
use serde_json::{Value, json};

use crate::support::node::Node;
use crate::support::scenes::waiting_in;
use crate::support::{eventually, number};

/// So many chats of ben's, one after the other, so that something is known.
pub async fn chats(node: &Node, ben: &mut Agent, count: usize) {
    for _ in 0..count {
        let vera = node.visitor_who_says("help").await;
        let conversation = ben.next_assigned().await.unwrap();
        ben.end(conversation).await.unwrap();
        vera.close().await.unwrap();
    }
}

/// A visitor in line who comes back when the server does.
async fn stubborn(node: &Node) -> Visitor {
    let visitor = node.visitor_builder().keeps_going().connect().await;
    let mut visitor = visitor.unwrap();
    visitor.start("help").await.unwrap();
    visitor
}

/// The next `queue` frame with a promise.
pub async fn promised(visitor: &mut Visitor) -> Value {
    let is_it = |frame: &Frame| frame.is("queue") && frame.json["eta"].is_object();
    let told = visitor.expect_frame("a promise", is_it).await.unwrap().json;
    let (p50, p90) = (
        number(&told["eta"], "p50_ms"),
        number(&told["eta"], "p90_ms"),
    );
    assert!(0 <= p50 && p50 <= p90 && p90 < 3_600_000, "{told}");
    told
}

/// What came of the promises of the last day.
pub async fn promises(node: &Node) -> Value {
    let path = "/api/reports/promises";
    let answer = node.as_person("ada").http("GET", path, None).await;
    answer.unwrap().json().unwrap()
}

/// The next `queue` frame without one.
async fn unknown(visitor: &mut Visitor) {
    let is_it = |frame: &Frame| frame.is("queue") && frame.json["eta"].is_null();
    visitor.expect_frame("not known", is_it).await.unwrap();
}

/// A `lanes` frame whose promise for who comes next to support is there, or is not.
async fn newcomer(agent: &mut Agent, is_known: bool) {
    let is_it = |frame: &Frame| {
        let lanes = frame.json["lanes"].as_array();
        frame.is("lanes")
            && lanes.is_some_and(|lanes| {
                let support = lanes.iter().find(|lane| lane["department"] == "support");
                support.is_some_and(|lane| lane["eta"].is_object() == is_known)
            })
    };
    agent.expect_frame("the lanes", is_it).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_waits_is_promised_a_range_once_it_is_known() {
    let mut node = Node::start().await;
    let mut ben = node
        .agent_builder("ben")
        .keeps_going()
        .connect()
        .await
        .unwrap();
    ben.online(1).await.unwrap();
    ben.lanes(true);
    newcomer(&mut ben, false).await;
    chats(&node, &mut ben, 6).await;
    newcomer(&mut ben, true).await;

    let mut served = node.visitor_who_says("help").await;
    let conversation = ben.next_assigned().await.unwrap();
    served.agent().await.unwrap();
    let mut first = stubborn(&node).await;
    let mut second = stubborn(&node).await;
    let (near, far) = (promised(&mut first).await, promised(&mut second).await);
    assert_eq!(
        (number(&near, "position"), number(&far, "position")),
        (1, 2)
    );
    // Who serves the line sees the same in the list of those who wait.
    let is_row = |frame: &Frame| {
        let rows = frame.json["set"].as_array();
        frame.is("waiting")
            && rows.is_some_and(|rows| rows.iter().any(|row| row["eta"].is_object()))
    };
    ben.expect_frame("a row with a promise", is_row)
        .await
        .unwrap();

    // Nobody on duty: nothing is promised any more.
    first.take_unread();
    ben.status("away", None).await.unwrap();
    unknown(&mut first).await;
    newcomer(&mut ben, false).await;
    ben.status("online", None).await.unwrap();
    promised(&mut first).await;

    // What is known was read from the logs, and is again.
    node.kill();
    first.take_unread();
    second.take_unread();
    node.restart().await;
    promised(&mut first).await;
    promised(&mut second).await;
    ben.end(conversation).await.unwrap();
    first.agent().await.unwrap();

    // Each promise was written down, and what came of it, over the restart.
    let report = eventually("what came of the first promise", || async {
        let report = node
            .administer("GET", "/api/reports/promises", Value::Null)
            .await;
        (report["departments"][0]["first"]["judged"] == 1).then_some(report)
    })
    .await;
    let support = &report["departments"][0];
    assert_eq!(support["department"], "support");
    let quality = &support["first"];
    assert_eq!(quality["open"], 1, "the second waits still: {report}");
    let wait_ms = number(quality, "wait_mean_ms");
    assert!((1_000..120_000).contains(&wait_ms), "{report}");
    assert_eq!(
        number(quality, "error_median_ms"),
        number(quality, "bias_ms").abs()
    );
    let kept = number(quality, "kept");
    assert_eq!(quality["cover90"].as_f64(), Some(kept as f64));
    assert_eq!(report["all"]["first"], *quality, "nobody else promised");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_report_on_promises_is_for_supervisors_and_of_a_time() {
    let node = Node::start().await;
    let path = "/api/reports/promises";
    let refused = node.as_person("ben").http("GET", path, None).await.unwrap();
    assert_eq!(refused.status, 403);
    for (asked, words) in [
        ("?from=5&to=5", "begin before it ends"),
        ("?from=0&to=2682000001", "31 days at most"),
    ] {
        let path = format!("{path}{asked}");
        let answer = node.as_person("ada").http("GET", &path, None).await;
        let answer = answer.unwrap();
        assert_eq!(answer.status, 400, "{asked}");
        let problem = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(problem.contains(words), "{problem}");
    }
    // All of a month in which the clock is put back.
    let october = format!("{path}?from=0&to=2682000000");
    let answer = node.as_person("ada").http("GET", &october, None).await;
    assert_eq!(answer.unwrap().status, 200);
    let report = promises(&node).await;
    assert_eq!(report["departments"], serde_json::json!([]));
    assert_eq!(report["all"]["first"]["judged"], 0);
    assert_eq!(report["all"]["first"]["cover90"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_left_message_is_promised_nothing_and_holds_nobody_up() {
    let node = Node::start().await;
    let mut ben = node.online("ben", 1).await;
    chats(&node, &mut ben, 6).await;
    let mut served = node.visitor_who_says("help").await;
    let conversation = ben.next_assigned().await.unwrap();
    served.agent().await.unwrap();
    let mut later = node.visitor().await;
    let message = serde_json::json!({"department": "support", "mode": "message", "text": "later",
        "fields": {"email": "vera@example.com"}});
    later.start_with(message).await.unwrap();
    let mut waits = waiting_in(&node, "support").await;
    let told = promised(&mut waits).await;
    assert_eq!(number(&told, "position"), 1);
    let promise = |frame: &Frame| frame.is("queue") && frame.json["eta"].is_object();
    later.expect_none(1_500, promise).await.unwrap();
    ben.end(conversation).await.unwrap();
    waits.agent().await.unwrap();
}

/// The names of Balie's metrics in a text.
fn metrics_in(text: &str) -> BTreeSet<&str> {
    let is_name = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    text.match_indices("balie_")
        .map(|(from, _)| {
            let rest = &text[from..];
            &rest[..rest.find(|letter| !is_name(letter)).unwrap_or(rest.len())]
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn prometheus_is_told_of_waits_and_promises() {
    let node = Node::start().await;
    let mut ben = node.online("ben", 1).await;
    chats(&node, &mut ben, 6).await;
    let served = node.visitor_who_says("help").await;
    let conversation = ben.next_assigned().await.unwrap();
    let mut waits = waiting_in(&node, "support").await;
    promised(&mut waits).await;
    let mut leaves = waiting_in(&node, "support").await;
    promised(&mut leaves).await;
    leaves.leave().await.unwrap();
    ben.end(conversation).await.unwrap();
    waits.agent().await.unwrap();
    drop(served);
    let scrape = || async {
        let answer = node.stranger().http("GET", "/metrics", None).await.unwrap();
        String::from_utf8(answer.body.to_vec()).unwrap()
    };
    let text = eventually("a promise that is settled", || async {
        let text = scrape().await;
        let settled = |kept| {
            let line =
                format!("balie_promises_settled_total{{department=\"support\",kept=\"{kept}\"}} ");
            let rest = &text[text.find(&line)? + line.len()..];
            rest.lines().next()?.parse::<u64>().ok()
        };
        // One was served, and one left, whose turn has not come.
        (settled("yes")? + settled("no")? == 1).then(|| text.clone())
    })
    .await;
    for line in [
        "# TYPE balie_wait_seconds histogram",
        "balie_wait_seconds_count{department=\"support\",end=\"answered\"} 8",
        "balie_wait_seconds_count{department=\"support\",end=\"abandoned\"} 1",
        "balie_wait_seconds_bucket{le=\"+Inf\",department=\"support\",end=\"abandoned\"} 1",
        "# TYPE balie_promise_error_seconds histogram",
        "balie_promise_error_seconds_count{department=\"support\"} 1",
        "balie_service_level_ratio{department=\"support\"} ",
        "balie_wait_promised_seconds{department=\"support\",bound=\"p90\"} ",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    // The dashboard asks for nothing that is not told.
    let dashboard = std::fs::read_to_string("docs/grafana.json").unwrap();
    serde_json::from_str::<Value>(&dashboard).unwrap();
    let (asked, told) = (metrics_in(&dashboard), metrics_in(&text));
    assert!(asked.len() > 10, "{asked:?}");
    let missing: Vec<_> = asked.difference(&told).collect();
    assert!(missing.is_empty(), "{missing:?}");
    promtool(&["check", "metrics"], &in_older_text(&text));
    promtool(&["check", "rules", "/dev/stdin"], &rules_of(&dashboard));
}

/// How right the promises are takes more than seconds; that each is held against the wait that came of it does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_desk_of_the_load_tester_holds_promises_against_waits() {
    let node = Node::start().await;
    let agents = ["ana", "ben", "cas", "dia"];
    let desk = Desk {
        url: node.url(),
        tokens: agents.map(|one| node.token_of(one).to_owned()).to_vec(),
        seconds: 6.0,
        load: 3.0,
        seed: 1,
        tempo: Tempo {
            chat_s: (0.4, 1.0),
            change_s: 1.0,
            patience_s: 60.0,
        },
    };
    let course = shifts::run(&desk).await.unwrap();
    let dots = &course.dots;
    assert!(dots.is_sorted_by_key(|dot| dot.came_ms));
    let answered = dots
        .iter()
        .filter(|dot| matches!(dot.end, End::Answered(_)));
    assert!(answered.count() > 6, "{course:?}");
    let promised: Vec<_> = dots.iter().filter_map(|dot| dot.promise).collect();
    assert!(!promised.is_empty(), "{course:?}");
    assert!(
        promised
            .iter()
            .all(|one| one.after_ms >= 0 && one.p50_ms <= one.p90_ms)
    );
    let picture = course.svg();
    assert_eq!(picture.matches("<circle ").count(), dots.len());
    assert_eq!(
        picture.matches("stroke-width=\"2\"").count(),
        promised.len()
    );
    // Everybody who came is in the log, and nobody else.
    let list = node
        .administer("GET", "/api/conversations?limit=100", Value::Null)
        .await;
    let list = list["conversations"].as_array().unwrap();
    assert_eq!(list.len(), dots.len());
    assert!(list.iter().all(|one| one["state"] == "closed"), "{list:?}");
}

/// Runs Prometheus' own tool, which finds nothing to say.
fn promtool(arguments: &[&str], input: &str) {
    let mut tool = Command::new("promtool")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is missing: tests/run installs it");
    tool.stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let ended = tool.wait_with_output().unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr)
    );
    assert!(ended.status.success(), "promtool {arguments:?}: {said}");
}

/// The tool reads the format before OpenMetrics, in which a counter is described by its whole name.
fn in_older_text(metrics: &str) -> String {
    let counters: BTreeSet<&str> = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter"))
        .collect();
    let lines = metrics.lines().map(|line| {
        let mut words = line.splitn(4, ' ');
        let (hash, what) = (words.next(), words.next());
        match (hash, what, words.next(), words.next()) {
            (Some("#"), Some(what), Some(name), Some(rest)) if counters.contains(name) => {
                format!("# {what} {name}_total {rest}\n")
            }
            _ => format!("{line}\n"),
        }
    });
    lines.collect()
}

/// Every query of a dashboard as a rule, which is what the tool checks the language of.
fn rules_of(dashboard: &str) -> String {
    let mut expressions = Vec::new();
    gather(&serde_json::from_str(dashboard).unwrap(), &mut expressions);
    assert!(expressions.len() > 10, "{expressions:?}");
    let rules: Vec<Value> = (0..)
        .zip(expressions)
        .map(|(number, expr)| json!({"record": format!("dashboard:query:{number}"), "expr": expr}))
        .collect();
    // JSON is YAML.
    json!({"groups": [{"name": "dashboard", "rules": rules}]}).to_string()
}

fn gather(part: &Value, expressions: &mut Vec<String>) {
    match part {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if name == "expr" => expressions.push(text.clone()),
                    other => gather(other, expressions),
                }
            }
        }
        Value::Array(parts) => parts.iter().for_each(|part| gather(part, expressions)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn a_range_is_rounded_as_the_widget_rounds_it() {
    let text = std::fs::read_to_string("tests/wait_ranges.json").unwrap();
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(cases.len() > 10);
    for case in &cases {
        let eta = Eta {
            p50_ms: Millis(number(case, "p50_ms")),
            p90_ms: Millis(number(case, "p90_ms")),
        };
        assert_eq!(
            eta.shown(),
            (number(case, "low"), number(case, "high")),
            "{case}"
        );
    }
}
