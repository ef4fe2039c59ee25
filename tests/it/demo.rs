//! `balie demo`: the week it makes is one that could have been lived.
//!
//! The binary fills a folder; then everything is judged from outside: by `balie check`, by the logs read back from the
//! store, and by what the server shows of them.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use balie::domain::conversation::{Conversation, PRIORITY_STEP};
use balie::model::event::{Body, CloseReason, Event, TransferredTo, View};
use balie::model::id::{AgentId, ConversationId, DepartmentKey};
use balie::model::record::{PairingMode, Status};
use balie::model::time::{At, Millis};
use balie::store::sqlite::SqliteStore;
use balie::store::{ConversationFilter, Store};
use balie_loadtest::participant::dial::Dial;
use serde_json::{Value, json};

/// While an offer rings, for 20 s at most, a later one may be accepted first; one that rang out at somebody who lost the
/// line rings once more elsewhere.
const RINGS: Millis = Millis::seconds(40);

fn balie(data: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_balie"))
        .arg("--data")
        .arg(data)
        .args(arguments)
        .current_dir(data.parent().unwrap())
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn demo(data: &Path) -> String {
    let made = balie(data, &["demo"]);
    assert!(made.status.success(), "{made:?}");
    String::from_utf8(made.stdout).unwrap()
}

/// One wait in one line, from the log.
struct Wait {
    conversation: ConversationId,
    department: DepartmentKey,
    key: i64,
    from: At,
    until: At,
    /// Who ended it, in turn.
    assigned: Option<AgentId>,
}

/// The waits of one log. A transfer to an agent and the `assigned` after it end none.
fn waits_of(id: ConversationId, log: &[Event]) -> Vec<Wait> {
    let Body::Queued {
        department,
        enqueued_at,
        priority,
        ..
    } = &log[0].body
    else {
        panic!("a log begins with queued");
    };
    let key = enqueued_at.0 - i64::from(priority.unwrap()) * PRIORITY_STEP.0;
    let mut department = department.clone();
    let mut since = Some(log[0].at);
    let mut waits = Vec::new();
    for event in log {
        let end = match &event.body {
            Body::Assigned {
                agent, waited_ms, ..
            } => {
                let waited = since.map_or(Millis(0), |since| event.at - since);
                assert_eq!(*waited_ms, waited, "{id} waited as long as its log tells");
                Some((event.at, Some(agent.id)))
            }
            Body::Closed {
                reason, waited_ms, ..
            } => match (reason, since) {
                // The page was gone from there on: passed over.
                (CloseReason::Abandoned, Some(since)) => Some((since + waited_ms.unwrap(), None)),
                _ => Some((event.at, None)),
            },
            Body::Transferred {
                to: TransferredTo::Department(to),
            } => {
                department = to.clone();
                since = Some(event.at);
                None
            }
            Body::Requeued { .. } => {
                since = Some(event.at);
                None
            }
            _ => None,
        };
        if let (Some((until, assigned)), Some(from)) = (end, since) {
            since = None;
            let department = department.clone();
            waits.push(Wait {
                conversation: id,
                department,
                key,
                from,
                until,
                assigned,
            });
        }
    }
    waits
}

/// Every log of the store, oldest first, each checked against its row.
async fn logs(store: &SqliteStore) -> Vec<(ConversationId, Vec<Event>)> {
    let mut logs = Vec::new();
    let mut before = None;
    loop {
        let filter = ConversationFilter {
            before,
            limit: 200,
            ..ConversationFilter::default()
        };
        let cards = store.conversations(filter).await.unwrap();
        let Some(last) = cards.last() else { break };
        before = Some(last.conversation.id);
        for card in cards {
            let id = card.conversation.id;
            let read = store.events(id, View::Agent, 0, 10_000).await.unwrap();
            let log: Vec<Event> = read.events.into_iter().map(|(_, event)| event).collect();
            assert_eq!(fold(&card.conversation, &log), card.conversation);
            logs.push((id, log));
        }
    }
    logs.reverse();
    logs
}

/// The log folded anew over the row's first state.
fn fold(row: &Conversation, log: &[Event]) -> Conversation {
    let mut folded = Conversation {
        seq: 0,
        placed_seq: 0,
        visitor_seq: 0,
        is_rated: false,
        tags: Vec::new(),
        ..row.clone()
    };
    for event in log {
        folded.apply(event);
    }
    folded
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demos_week_keeps_the_promises() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    demo(&data);
    let checked = balie(&data, &["--listen", "127.0.0.1:0", "check"]);
    assert!(checked.status.success(), "{checked:?}");

    let store = SqliteStore::open(&data).unwrap();
    let logs = logs(&store).await;
    assert!(logs.len() > 300, "{} conversations are no week", logs.len());
    let first = logs[0].1[0].at;
    let last = logs
        .iter()
        .map(|(_, log)| log[log.len() - 1].at)
        .max()
        .unwrap();
    assert!(last - first > Millis::seconds(5 * 24 * 60 * 60));

    let offering: Vec<DepartmentKey> = store
        .departments()
        .await
        .unwrap()
        .into_iter()
        .filter(|department| department.mode == PairingMode::Offer)
        .map(|department| department.key)
        .collect();
    let waits: Vec<Wait> = logs
        .iter()
        .flat_map(|(id, log)| waits_of(*id, log))
        .collect();
    let mut longest = Millis(0);
    for served in waits.iter().filter(|wait| wait.assigned.is_some()) {
        longest = longest.max(served.until - served.from);
        for other in &waits {
            let is_overtaken = other.department == served.department
                && (other.key, other.conversation) < (served.key, served.conversation)
                && other.from < served.until
                && other.until > served.until;
            let was_on_offer =
                offering.contains(&other.department) && other.until - served.until < RINGS;
            assert!(
                !is_overtaken || was_on_offer,
                "{} was served before {}, who waited longer",
                served.conversation,
                other.conversation
            );
        }
    }
    assert!(longest > Millis::seconds(60), "nobody ever had to wait");
    agents_had_room_and_were_online(&store, &logs).await;
}

/// Nobody had more conversations than places, and whoever was assigned one was online by the journal.
async fn agents_had_room_and_were_online(
    store: &SqliteStore,
    logs: &[(ConversationId, Vec<Event>)],
) {
    // In the order of time; within one moment what frees a place comes first.
    let mut changes: Vec<(At, i64, AgentId)> = Vec::new();
    for (_, log) in logs {
        let mut owner = None;
        for event in log {
            match &event.body {
                Body::Assigned { agent, .. } => {
                    assert_eq!(owner, None, "one owner at a time");
                    owner = Some(agent.id);
                    changes.push((event.at, 1, agent.id));
                }
                Body::Transferred { .. } | Body::Requeued { .. } | Body::Closed { .. } => {
                    changes.extend(owner.take().map(|agent| (event.at, -1, agent)));
                }
                _ => {}
            }
        }
    }
    changes.sort_unstable();
    let people = store.people().await.unwrap();
    assert_eq!(people.len(), 8);
    for person in people {
        let journal = store.journal_of(person.id, At(0)).await.unwrap();
        assert!(journal.windows(2).all(|two| two[0].0 <= two[1].0));
        assert_eq!(journal.last().unwrap().1.status, Status::Offline);
        let mut load = 0;
        for (at, change, _) in changes.iter().filter(|(_, _, agent)| *agent == person.id) {
            load += change;
            assert!(
                load <= i64::from(person.capacity),
                "{} had no room",
                person.name
            );
            let is_assigned = *change > 0;
            let before = journal.iter().rev().find(|(entry_at, _)| entry_at <= at);
            let status = before.unwrap().1.status;
            assert!(
                !is_assigned || status != Status::Offline,
                "{} was not there",
                person.name
            );
        }
        assert_eq!(load, 0, "everything is closed");
    }
}

/// A server over the folder, ended when dropped.
struct Served {
    child: Child,
    url: String,
    /// Kept open: the server goes on printing after its first line.
    _said: BufReader<ChildStdout>,
}

impl Served {
    fn over(data: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_balie"))
            .arg("--data")
            .arg(data)
            .args(["--listen", "127.0.0.1:0"])
            .current_dir(data.parent().unwrap())
            .env_clear()
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        let url = line.trim().rsplit(' ').next().unwrap().to_owned();
        Self {
            child,
            url,
            _said: said,
        }
    }

    async fn ask(&self, cookie: &str, path: &str) -> Value {
        let dial = Dial::new(&self.url).unwrap().with_header("cookie", cookie);
        let answer = dial.http("GET", path, None).await.unwrap();
        assert_eq!(answer.status, 200, "{path}");
        serde_json::from_slice(&answer.body).unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_signs_in_with_the_printed_password_and_sees_the_history() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let told = demo(&data);
    let password = told
        .lines()
        .find_map(|line| {
            line.trim()
                .strip_prefix("password of everybody, shown this once: ")
        })
        .unwrap();
    let served = Served::over(&data);
    let mut seen = BTreeMap::new();
    for person in ["femke", "noor"] {
        let email = format!("{person}@noordbikes.example");
        assert!(told.contains(&email));
        let login = json!({"email": email, "password": password});
        let dial = Dial::new(&served.url)
            .unwrap()
            .with_header("origin", &served.url);
        let answer = dial.http("POST", "/api/login", Some(&login)).await.unwrap();
        assert_eq!(answer.status, 200);
        let cookie = answer
            .header("set-cookie")
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        let list = served.ask(&cookie, "/api/conversations?limit=200").await;
        let rows = list["conversations"].as_array().unwrap().clone();
        assert_eq!(rows.len(), 200);
        let id = rows[0]["id"].as_str().unwrap();
        let events = served
            .ask(&cookie, &format!("/api/conversations/{id}/events"))
            .await;
        assert_eq!(events["events"][0]["kind"], "queued");
        seen.insert(person, rows);
    }
    let departments = |person: &str| -> Vec<String> {
        let mut keys: Vec<String> = seen[person]
            .iter()
            .map(|row| row["department"].as_str().unwrap().to_owned())
            .collect();
        keys.sort();
        keys.dedup();
        keys
    };
    assert_eq!(departments("femke"), ["returns", "sales", "support"]);
    assert!(seen["femke"].iter().all(|row| row["state"] == "closed"));
    for (query, title) in [
        ("lang=nl&q=retouneren", "Iets terugsturen"),
        ("lang=en&q=warrenty", "Warranty"),
        ("lang=nl", "Iets terugsturen"),
    ] {
        let path = format!("/api/sites/demo/articles?{query}");
        let found = served.ask("", &path).await;
        assert_eq!(found["articles"][0]["title"], title, "{query}");
    }
}

#[test]
fn a_folder_in_use_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    demo(&data);
    let again = balie(&data, &["demo"]);
    assert!(!again.status.success());
    let said = String::from_utf8_lossy(&again.stderr);
    assert!(
        said.contains("Choose an empty folder with --data"),
        "{said}"
    );

    let other = folder.path().join("other");
    let served = Served::over(&other);
    let beside = balie(&other, &["demo"]);
    assert!(!beside.status.success());
    let said = String::from_utf8_lossy(&beside.stderr);
    assert!(said.contains("another Balie server uses"), "{said}");
    drop(served);
}
