//! `balie admin export` and `import`: everything moves between the engines, in both directions, and nothing else does.
//!
//! A whole desk is exported, imported into the other engine, exported again and so on: the bytes must stay the same, and a server on
//! a copy must serve the same people the same conversations. Wrong files are made of a right one, line by line.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use balie::store::transfer::shape::TABLES;
use balie_loadtest::participant::agent::Agent;
use balie_loadtest::participant::ledger::Deed;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::foretold::{chats, promised, promises};
use crate::support::eventually;
use crate::support::files::{as_visitor, get, id_of, upload};
use crate::support::node::{Ended, Node, run_to_end};
use crate::support::people::create;
use crate::support::postgres::shared;
use crate::support::scenes::chat;

/// Somewhere to keep a store, and the commands on it.
struct Place {
    folder: TempDir,
    url: Option<String>,
}

impl Place {
    /// A data folder that is not there yet.
    fn folder() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            url: None,
        }
    }

    /// A database that holds nothing yet.
    fn database() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            url: Some(shared().url(&shared().database())),
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let data = self.data().display().to_string();
        let mut environment = vec![("BALIE_DATA", data.as_str())];
        environment.extend(self.url.as_deref().map(|url| ("BALIE_DATABASE_URL", url)));
        run_to_end(self.folder.path(), arguments, &environment)
    }

    fn export(&self) -> Vec<u8> {
        let ended = self.run(&["admin", "export", "export.jsonl"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let file = self.folder.path().join("export.jsonl");
        let bytes = fs::read(&file).unwrap();
        fs::remove_file(file).unwrap();
        bytes
    }

    fn import(&self, export: &[u8]) -> Ended {
        fs::write(self.folder.path().join("import.jsonl"), export).unwrap();
        self.run(&["admin", "import", "import.jsonl"])
    }

    fn imported(self, export: &[u8]) -> Self {
        let ended = self.import(export);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        self
    }
}

/// The rows of an export by table.
fn rows_of(export: &[u8]) -> BTreeMap<String, Vec<Value>> {
    let mut rows: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in std::str::from_utf8(export).unwrap().lines() {
        let line: BTreeMap<String, Value> = serde_json::from_str(line).unwrap();
        for (name, value) in line {
            rows.entry(name).or_default().push(value);
        }
    }
    rows
}

async fn told(node: &Node, path: &str, body: Value) {
    let page = node
        .stranger()
        .with_header("origin", "https://elsewhere.example")
        .with_header("sec-fetch-site", "cross-site");
    let answer = page.http("POST", path, Some(&body)).await.unwrap();
    assert_eq!(answer.status, 204, "{path}");
}

/// Changes a bit of everything that a desk keeps beside its conversations.
async fn settle_in(node: &Node) {
    let returns = json!({"site": "demo", "lang": "nl", "title": "Retourneren", "status": "published",
        "body": "Binnen *dertig* dagen, naar Café België."});
    let returns = node.administer("POST", "/api/articles", returns).await;
    let draft =
        json!({"site": "demo", "lang": "en", "title": "Later", "body": "Soon.", "status": "draft"});
    node.administer("POST", "/api/articles", draft).await;
    let reply = json!({"shortcut": "hi", "title": "Hello", "text": "Two\nlines \"and\" \\ more ✓", "department": "sales"});
    node.administer("POST", "/api/canned-replies", reply).await;
    node.administer("POST", "/api/tags", json!({"tag": "refund"}))
        .await;
    let hours = json!({"hours": {"tz": "Europe/Amsterdam", "closed": ["2031-12-25"],
        "week": [{"days": [1, 2, 3, 4, 5, 6, 7], "from": "00:00", "to": "24:00"}]}});
    node.administer("PATCH", "/api/departments/sales", hours)
        .await;
    let agents = node.administer("GET", "/api/agents", Value::Null).await;
    let path = format!(
        "/api/agents/{}/rota",
        agents["agents"][0]["id"].as_str().unwrap()
    );
    let week = json!({"tz": "UTC", "week": [{"days": [1], "from": "08:00", "to": "16:00"}], "closed": ["2031-12-25"]});
    node.administer("PUT", &path, week).await;
    let article = returns["id"].as_str().unwrap();
    let visit = |number: u32| format!("0198c5a0-0000-4000-8000-{number:012}");
    for (number, note) in [
        (1, json!({"kind": "read", "article": article})),
        (2, json!({"kind": "searched", "found": 0, "q": "cadeaubon"})),
        (3, json!({"kind": "searched", "found": 0, "q": "cadeaubon"})),
    ] {
        let mut note = note;
        note["visit"] = json!(visit(number));
        told(node, "/api/sites/demo/self-service", note).await;
    }
    let feedback = format!("/api/sites/demo/articles/{article}/feedback");
    told(node, &feedback, json!({"helpful": true, "visit": visit(1)})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desk_moves_between_the_engines_and_everybody_finds_everything_there() {
    let mut node = Node::start().await;
    settle_in(&node).await;
    let (mut ben, mut vera, conversation) = chat(&node).await;
    let file = id_of(&upload(&as_visitor(&node, &vera), conversation, "a.txt", b"look").await);
    let cmd = vera.command(Deed::Send, json!({"attachment": file}));
    vera.answer(cmd).await.unwrap();
    ben.note(conversation, "only for us").await.unwrap();
    ben.send(conversation, "Zeer \"goed\" 👍").await.unwrap();
    let mut over = node.visitor_who_says("short").await;
    let closed = ben.next_assigned().await.unwrap();
    ben.end_with_tags(closed, &["refund"]).await.unwrap();
    over.rate(4, Some("fine")).await.unwrap();
    over.finish().await.unwrap();
    chats(&node, &mut ben, 6).await;
    ben.online(1).await.unwrap();
    let mut waiting = node.visitor_who_says("anybody?").await;
    promised(&mut waiting).await;
    eventually("the promise in the store", || async {
        let departments = promises(&node).await["departments"].take();
        departments
            .as_array()
            .filter(|list| !list.is_empty())
            .map(|_| ())
    })
    .await;
    ben.status("away", None).await.unwrap();
    let left = json!({"mode": "message", "department": "support", "text": "call me", "fields": {"email": "w@example.com"}});
    let mut writer = node.visitor().await;
    writer.start_with(left).await.unwrap();
    writer.close().await.unwrap();
    let (token, waits) = (vera.token(), waiting.token());
    let seen = ben.read_log(conversation).await.unwrap();
    let ben_token = node.token_of("ben");
    let cookie = node.sign_in("sue").await;
    for one in [vera, waiting] {
        one.close().await.unwrap();
    }
    ben.close().await.unwrap();
    // An export beside the running server is as good as one without it.
    let beside = node
        .data()
        .with_file_name("beside.jsonl")
        .display()
        .to_string();
    let said = node.admin(&["export", &beside], "");
    assert!(
        said.contains("files that people sent are not in it"),
        "{said}"
    );
    assert!(node.stop().await.success());
    let first = node
        .data()
        .with_file_name("first.jsonl")
        .display()
        .to_string();
    node.admin(&["export", &first], "");
    let first = fs::read(first).unwrap();
    let same: BTreeSet<&str> = ["event", "conversation", "article", "command", "attachment"].into();
    let (rows, live) = (rows_of(&first), rows_of(&fs::read(beside).unwrap()));
    for table in TABLES {
        assert!(
            rows.contains_key(table.name),
            "the desk has no `{}`",
            table.name
        );
        if same.contains(table.name) {
            assert_eq!(rows[table.name], live[table.name], "{}", table.name);
        }
    }

    let database = Place::database().imported(&first);
    assert_eq!(database.export(), first);
    let folder = Place::folder().imported(&database.export());
    assert_eq!(folder.export(), first);
    let checked = folder.run(&["check"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert_eq!(Place::folder().imported(&first).export(), first);
    let again = Place::database().imported(&first);
    assert_eq!(again.export(), first);
    assert_eq!(again.run(&["check"]).code, Some(0));

    let files = node.data().display().to_string();
    let (in_folder, in_database) = (folder.data(), database.url.clone().unwrap());
    // The folder of files goes along by hand, as the command says.
    copy_files(&node.data(), &in_folder);
    let in_folder = in_folder.display().to_string();
    for settings in [
        vec![
            ("BALIE_DATABASE_URL", in_database.as_str()),
            ("BALIE_DATA", files.as_str()),
        ],
        vec![
            ("BALIE_DATA", in_folder.as_str()),
            ("BALIE_DATABASE_URL", ""),
        ],
    ] {
        let copy = Node::with(&settings).await;
        let mut vera = copy
            .visitor_builder()
            .token(&token)
            .connect()
            .await
            .unwrap();
        let welcome = vera.expect_type("welcome").await.unwrap().json;
        assert_eq!(welcome["conversation"]["id"], json!(conversation));
        vera.expect_text("Zeer \"goed\" 👍").await.unwrap();
        let bearer = copy
            .stranger()
            .with_header("authorization", &format!("Bearer {token}"));
        assert_eq!(get(&bearer, conversation, &file).await.body, b"look");
        let mut ben = Agent::of(&copy.url(), ben_token)
            .unwrap()
            .connect()
            .await
            .unwrap();
        assert_eq!(ben.read_log(conversation).await.unwrap(), seen);
        assert_eq!(ben.owned(), [conversation]);
        ben.send(conversation, "still here").await.unwrap();
        vera.expect_text("still here").await.unwrap();
        // Who waited first is served first, at the old place.
        let mut waiting = copy
            .visitor_builder()
            .token(&waits)
            .connect()
            .await
            .unwrap();
        ben.online(2).await.unwrap();
        let next = ben.next_assigned().await.unwrap();
        assert_eq!(Some(next), waiting.conversation());
        waiting.agent().await.unwrap();
        let found = "/api/sites/demo/articles?lang=nl&q=cafe";
        let found = copy
            .stranger()
            .http("GET", found, None)
            .await
            .unwrap()
            .json()
            .unwrap();
        assert_eq!(found["articles"][0]["title"], "Retourneren", "{found}");
        let signed_in = copy
            .with_cookie(&cookie)
            .http("GET", "/api/me", None)
            .await
            .unwrap();
        assert_eq!(signed_in.status, 200);
        copy.sign_in("ada").await;
        for one in [vera, waiting] {
            one.close().await.unwrap();
        }
        ben.close().await.unwrap();
    }
}

fn copy_files(from: &Path, to: &Path) {
    let (from, to) = (from.join("files"), to.join("files"));
    fs::create_dir_all(&to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        if file.path().is_dir() {
            // The widget's parts of each version, which a server keeps there by itself.
            continue;
        }
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

/// Many more rows than are read or written at once.
#[test]
fn a_week_of_conversations_moves_with_every_byte() {
    let demo = Place::folder();
    let made = demo.run(&["demo"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    let first = demo.export();
    assert!(rows_of(&first)["event"].len() > 1_000);
    let database = Place::database().imported(&first);
    assert_eq!(database.export(), first);
    let back = Place::folder().imported(&database.export());
    assert_eq!(back.export(), first);
    assert_eq!(back.run(&["check"]).code, Some(0));
}

/// Columns that an engine keeps for itself and makes anew, or that count nothing worth keeping.
const LEFT_OUT: &[&str] = &[
    "article.vocabulary",
    "article.words",
    "conversation.summary_folded",
    "installation.probe_count",
    "installation.settings_version",
    "visitor.email_folded",
    "visitor.name_folded",
];

/// Tables that hold nothing of a desk's, or only what follows from the others.
const TABLES_LEFT_OUT: &[&str] = &["article_search", "article_word", "balie_migration"];

#[test]
fn an_export_leaves_out_no_column_of_either_schema() {
    let folder = Place::folder();
    assert_eq!(folder.run(&["admin", "new-epoch"]).code, Some(0));
    let sqlite = rusqlite::Connection::open(folder.data().join("balie.db")).unwrap();
    let sql = "select t.name || '.' || c.name from sqlite_schema as t, pragma_table_info(t.name) as c where t.type = 'table'";
    let mut statement = sqlite.prepare(sql).unwrap();
    let in_sqlite: Vec<String> = statement
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let database = shared().database();
    let place = Place {
        url: Some(shared().url(&database)),
        ..Place::folder()
    };
    assert_eq!(place.run(&["admin", "new-epoch"]).code, Some(0));
    let in_postgres = shared().sql(
        &database,
        "select table_name || '.' || column_name from information_schema.columns where table_schema = 'public'",
    );
    let in_postgres: Vec<String> = in_postgres.lines().map(str::to_owned).collect();
    let exported: BTreeSet<String> = TABLES
        .iter()
        .flat_map(|table| {
            let columns = table.columns.iter();
            columns.map(|column| format!("{}.{}", table.name, column.name))
        })
        .collect();
    for schema in [in_sqlite, in_postgres] {
        assert!(schema.len() > 100, "{schema:?}");
        let is_desks = |column: &&String| {
            let table = column.split('.').next().unwrap();
            let is_inner = table.starts_with("article_search_") || table.starts_with("sqlite_");
            !is_inner && !TABLES_LEFT_OUT.contains(&table) && !LEFT_OUT.contains(&column.as_str())
        };
        let there: BTreeSet<String> = schema.iter().filter(is_desks).cloned().collect();
        assert_eq!(there, exported, "left: the schema, right: the export");
    }
}

/// Puts a head and an end with the right figures on lines that were changed.
fn resealed(lines: &[String]) -> Vec<u8> {
    let mut head: Value = serde_json::from_str(&lines[0]).unwrap();
    let mut counts = serde_json::Map::new();
    for table in TABLES {
        let begin = format!("{{\"{}\":", table.name);
        let count = lines.iter().filter(|line| line.starts_with(&begin)).count();
        counts.insert(table.name.to_owned(), json!(count));
    }
    let total: u64 = counts.values().map(|count| count.as_u64().unwrap()).sum();
    // `serde_json` sorts members, and the order of tables counts.
    let in_order: Vec<String> = TABLES
        .iter()
        .map(|table| format!("\"{}\":{}", table.name, counts[table.name]))
        .collect();
    head["balie"].as_object_mut().unwrap().remove("rows");
    let rest = head["balie"].to_string();
    let rest = rest.strip_prefix('{').unwrap();
    let mut text = format!(
        "{{\"balie\":{{\"rows\":{{{}}},{rest}}}\n",
        in_order.join(",")
    );
    for line in &lines[1..lines.len() - 1] {
        text.push_str(line);
        text.push('\n');
    }
    let digest: String = Sha256::digest(&text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    text.push_str(&format!(
        "{{\"end\":{{\"rows\":{total},\"sha256\":\"{digest}\"}}}}\n"
    ));
    text.into_bytes()
}

/// The place, from 0, of the first line of a table that holds the text.
fn line_with(lines: &[String], table: &str, text: &str) -> usize {
    let begin = format!("{{\"{table}\":");
    let is_it = |line: &String| line.starts_with(&begin) && line.contains(text);
    lines
        .iter()
        .position(is_it)
        .unwrap_or_else(|| panic!("no {text} in `{table}`"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_file_is_named_with_line_and_field_and_nothing_of_it_is_imported() {
    let mut node = Node::start().await;
    let (ben, vera, _) = chat(&node).await;
    vera.close().await.unwrap();
    ben.close().await.unwrap();
    assert!(node.stop().await.success());
    let file = node
        .data()
        .with_file_name("export.jsonl")
        .display()
        .to_string();
    node.admin(&["export", &file], "");
    let good = fs::read(file).unwrap();
    let lines: Vec<String> = std::str::from_utf8(&good)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    assert_eq!(rows_of(&resealed(&lines))["event"], rows_of(&good)["event"]);
    let nobody = "0198c5a0-0000-7000-8000-00000000dead";
    // One text in the first line of a table that has it becomes another.
    let changed = |table: &str, from: &str, to: &str| {
        let place = line_with(&lines, table, from);
        let mut lines = lines.clone();
        lines[place] = lines[place].replacen(from, to, 1);
        (resealed(&lines), place + 1)
    };
    let visitor = line_with(&lines, "visitor", "");
    let visitor: Value = serde_json::from_str(&lines[visitor]).unwrap();
    let visitor = visitor["visitor"]["id"].as_str().unwrap();
    let mut wrong: Vec<(Vec<u8>, Vec<String>)> = Vec::new();
    for (table, from, to, field, why) in [
        ("person", "\"capacity\":", "\"capacity\":20", "capacity", ""),
        (
            "person",
            "\"role\":\"agent\"",
            "\"role\":\"king\"",
            "role",
            "king",
        ),
        ("conversation", visitor, nobody, "visitor", "not there"),
        (
            "conversation",
            "\"state\":\"active\"",
            "\"state\":\"closed\"",
            "",
            "conversation_place",
        ),
        (
            "event",
            "\"seq\":2",
            "\"seq\":3",
            "seq",
            "3 where the log goes on with 2",
        ),
        (
            "event",
            "\"kind\":\"assigned\"",
            "\"kind\":\"unheard\"",
            "body",
            "unheard",
        ),
        (
            "event",
            "\"visitor_prev\":0",
            "\"visitor_prev\":null",
            "visitor_prev",
            "visitors may see",
        ),
        (
            "session",
            "\"secret_hash\":\"",
            "\"secret_hash\":\"z",
            "secret_hash",
            "hexadecimal",
        ),
    ] {
        let (file, line) = changed(table, from, to);
        let mut words = vec![format!("line {line}"), why.to_owned()];
        if !field.is_empty() {
            words.push(format!("field `{field}`"));
        }
        wrong.push((file, words));
    }
    let mut twice = lines.clone();
    let person = line_with(&lines, "person", "");
    twice.insert(person, lines[person].clone());
    wrong.push((
        resealed(&twice),
        vec![
            format!("line {}", person + 2),
            "another row has the same".into(),
        ],
    ));
    let mut short = lines.clone();
    let last = lines
        .iter()
        .rposition(|line| line.starts_with("{\"event\":"))
        .unwrap();
    short.remove(last);
    wrong.push((
        resealed(&short),
        vec!["the log of conversation".into(), "its row says 3".into()],
    ));
    let mut late = lines.clone();
    late.swap(last, line_with(&lines, "command", ""));
    wrong.push((resealed(&late), vec!["cannot follow on".into()]));
    let text = |lines: &[String]| format!("{}\n", lines.join("\n")).into_bytes();
    let mut touched = lines.clone();
    touched[person] = touched[person].replacen("\"name\":\"", "\"name\":\"X", 1);
    wrong.push((
        text(&touched),
        vec!["digest".into(), "changed after the export".into()],
    ));
    let mut fewer = lines.clone();
    fewer.remove(line_with(&lines, "command", ""));
    wrong.push((text(&fewer), vec!["rows of `command`".into()]));
    wrong.push((text(&lines[..person]), vec!["breaks off after line".into()]));
    wrong.push((
        good[..good.len() / 2].to_vec(),
        vec!["line".into(), "cut off".into()],
    ));
    let mut more = good.clone();
    more.extend_from_slice(b"{}\n");
    wrong.push((
        more,
        vec![format!("line {}", lines.len() + 1), "behind the end".into()],
    ));
    let mut other = lines.clone();
    other[0] = lines[0].replacen("\"schema\":", "\"schema\":9", 1);
    wrong.push((resealed(&other), vec!["the same version".into()]));
    wrong.push((b"SQLite format 3\0".to_vec(), vec!["line 1".into()]));
    wrong.push((
        Vec::new(),
        vec!["line 1".into(), "balie admin export".into()],
    ));
    for place in [Place::folder(), Place::database()] {
        for (file, words) in &wrong {
            let refused = place.import(file);
            assert_eq!(refused.code, Some(1), "{words:?}: {refused:?}");
            for word in words
                .iter()
                .chain([&"nothing was imported from import.jsonl".to_owned()])
            {
                assert!(refused.said.contains(word), "{word}: {refused:?}");
            }
        }
        // It is as fresh as it was.
        let place = place.imported(&good);
        assert_eq!(place.export(), good);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_in_use_or_not_fresh_is_left_alone() {
    let demo = Place::folder();
    assert_eq!(demo.run(&["admin", "new-epoch"]).code, Some(0));
    let export = demo.export();
    let nobody = Place::folder().run(&["admin", "export", "export.jsonl"]);
    assert_eq!(nobody.code, Some(1));
    assert!(nobody.said.contains("there is no database"), "{nobody:?}");
    assert!(fs::read_dir(demo.folder.path()).unwrap().all(|entry| {
        let name = entry.unwrap().file_name();
        !name.to_string_lossy().contains("unfinished")
    }));
    for place in [Place::folder(), Place::database()] {
        let place = place.imported(&export);
        create(&place.data(), place.url.as_deref(), "ada", "admin", &[]);
        let before = place.export();
        let refused = place.import(&export);
        assert_eq!(refused.code, Some(1), "{refused:?}");
        for words in ["is not fresh", "1 rows of `person`", "Import into"] {
            assert!(refused.said.contains(words), "{words}: {refused:?}");
        }
        assert_eq!(place.export(), before);
        // Nor is anything of the file that an export would take.
        fs::write(place.folder.path().join("taken"), "mine").unwrap();
        let refused = place.run(&["admin", "export", "taken"]);
        assert_eq!(refused.code, Some(1));
        assert!(refused.said.contains("never overwrites"), "{refused:?}");
        assert_eq!(
            fs::read(place.folder.path().join("taken")).unwrap(),
            b"mine"
        );
    }
    // A fresh one on which a server runs.
    for place in [Place::folder(), Place::database()] {
        let data = place.data().display().to_string();
        let mut settings = vec![("BALIE_DATA", data.as_str())];
        settings.push(("BALIE_DATABASE_URL", place.url.as_deref().unwrap_or("")));
        let node = Node::with(&settings).await;
        let refused = place.import(&export);
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.said.contains("server uses the da"), "{refused:?}");
        drop(node);
    }
}
