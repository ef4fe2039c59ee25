//! The house rules that a compiler does not hold: who may import whom, which outside crate lives where, and how a file
//! looks.
//!
//! The tables below are the rules. If one stops you, move the code; or change the table in a commit of its own that
//! says why.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use source::{Source, all_sources, path_starts};

mod source;

/// Each room, and the rooms it may import. Arrows point down: nobody is imported by a room further down the list.
const ROOMS: &[(&str, &[&str])] = &[
    (
        "main",
        &[
            "admin",
            "check",
            "config",
            "demo",
            "replay",
            "server",
            "telemetry",
        ],
    ),
    (
        "server",
        &[
            "accounts",
            "config",
            "coordination",
            "desk",
            "files",
            "hub",
            "model",
            "protocol",
            "store",
            "web",
        ],
    ),
    ("admin", &["accounts", "config", "files", "model", "store"]),
    // Asks the listener whether the address is free, in the way the server will.
    (
        "check",
        &["config", "coordination", "files", "store", "web"],
    ),
    // Judges the rules on a recorded day, without a server.
    ("replay", &["domain", "model"]),
    // Writes logs as the desk would have written them.
    ("demo", &["accounts", "config", "domain", "model", "store"]),
    (
        "web",
        &[
            "accounts",
            "config",
            "coordination",
            "desk",
            "domain",
            "files",
            "hub",
            "model",
            "protocol",
            "store",
        ],
    ),
    (
        "desk",
        &[
            "coordination",
            "domain",
            "files",
            "hub",
            "model",
            "protocol",
            "store",
        ],
    ),
    ("accounts", &["model", "store"]),
    ("telemetry", &["config"]),
    // Names the graces as pairing counts them, and the places of store and files as they are opened.
    ("config", &["domain", "files", "model", "store"]),
    // Decides inside the transaction that writes.
    ("store", &["domain", "model"]),
    // Bytes by their id; whose they are is the store's to know.
    ("files", &["model"]),
    // The in-process engine runs the pairing rule.
    ("coordination", &["domain", "model"]),
    // Makes the frames it hands out.
    ("hub", &["domain", "model", "protocol"]),
    ("domain", &["model"]),
    ("protocol", &["model"]),
    ("model", &[]),
];

/// Each outside crate, and the files of `src` (by the beginning of their path) where it may be named: a change of
/// library is a change of one room.
const CRATES: &[(&str, &[&str])] = &[
    (
        "anyhow",
        &[
            "admin",
            "check.rs",
            "demo/",
            "main.rs",
            "replay.rs",
            "server.rs",
        ],
    ),
    ("argon2", &["accounts/"]),
    ("async_trait", &["coordination/", "store/", "web/"]),
    ("axum", &["web/"]),
    ("base64", &["accounts/", "store/", "web/handshake.rs"]),
    ("bytes", &["desk/", "files/", "hub/", "web/"]),
    (
        "clap",
        &["admin.rs", "config.rs", "demo/", "main.rs", "replay.rs"],
    ),
    ("dashmap", &["hub/"]),
    (
        "futures_util",
        &["coordination/redis/", "files/", "store/postgres/", "web/"],
    ),
    (
        "getrandom",
        &[
            "accounts/",
            "coordination/redis/",
            "demo/",
            "server.rs",
            "store/",
        ],
    ),
    ("flate2", &["replay/trace.rs"]),
    ("hmac", &["accounts/"]),
    ("hyper", &["web/listen.rs"]),
    ("hyper_util", &["web/listen.rs"]),
    ("image", &["files/picture.rs"]),
    ("infer", &["files/kind.rs"]),
    ("ipnet", &["config.rs", "web/"]),
    ("jiff", &["domain/", "replay/"]),
    ("jsonwebtoken", &["accounts/"]),
    ("object_store", &["files/mod.rs"]),
    (
        "prometheus_client",
        &["web/metrics.rs", "web/metrics/waits.rs"],
    ),
    ("pulldown_cmark", &["domain/article.rs"]),
    ("redis", &["coordination/redis/"]),
    ("rusqlite", &["store/sqlite/"]),
    ("schemars", &["model/", "protocol/"]),
    ("serde", &[""]),
    (
        "serde_json",
        &[
            "accounts/",
            "coordination/redis/",
            "hub/",
            "model/",
            "protocol/",
            "replay",
            "store/",
            "web/",
        ],
    ),
    ("serde_path_to_error", &["web/rest/"]),
    ("sha2", &["accounts/", "files/", "store/transfer/"]),
    ("sqlx", &["store/postgres/"]),
    ("subtle", &["accounts/"]),
    ("thiserror", &[""]),
    (
        "tokio",
        &[
            "accounts/",
            "coordination/",
            "demo/",
            "desk/",
            "files/",
            "hub/",
            "main.rs",
            "server.rs",
            "store/",
            "web/",
        ],
    ),
    ("tokio_util", &["desk/", "server.rs", "web/"]),
    ("toml", &["config.rs"]),
    ("tower", &["web/listen.rs"]),
    (
        "tracing",
        &[
            "accounts/",
            "admin.rs",
            "coordination/redis/",
            "desk/",
            "files/",
            "main.rs",
            "server.rs",
            "store/",
            "web/",
        ],
    ),
    ("tracing_subscriber", &["config.rs", "telemetry.rs"]),
    ("ts_rs", &["model/", "protocol/"]),
    ("tungstenite", &["web/socket.rs"]),
    ("utoipa", &["model/", "protocol/", "web/"]),
    ("utoipa_axum", &["web/rest/"]),
    ("unicode_normalization", &["domain/search.rs"]),
    (
        "uuid",
        &[
            "coordination/redis/",
            "demo/",
            "desk/",
            "hub/",
            "model/",
            "store/",
            "web/",
        ],
    ),
];

/// A file that is longer hides its own middle.
const LINES_MAX: usize = 600;
/// Each test stands by itself, so a file of them may be longer.
const TEST_LINES_MAX: usize = 800;

/// Files that may be longer, each with what cutting them would hide, and how long they may grow.
const LONGER: &[(&str, usize)] = &[
    // Every command, its rule and the fold that reads it back: one page to check the contract against.
    ("src/domain/conversation.rs", 970),
    // Every frame and every item of one side of the contract, each answered once.
    ("src/web/agent.rs", 710),
    ("src/web/visitor.rs", 700),
];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Fails with everything that is wrong, a line each.
fn none(rule: &str, wrong: BTreeSet<String>) {
    let list: Vec<String> = wrong.into_iter().collect();
    assert!(list.is_empty(), "{rule}:\n  {}", list.join("\n  "));
}

fn production() -> Vec<Source> {
    let mut sources = all_sources("src");
    sources.retain(|source| !source.is_test);
    assert!(sources.len() > 50, "the sources were not found");
    sources
}

#[test]
fn arrows_only_point_down() {
    let names: Vec<&str> = ROOMS.iter().map(|(name, _)| *name).collect();
    for (position, (name, below)) in ROOMS.iter().enumerate() {
        for room in *below {
            let other = names.iter().position(|other| other == room);
            assert!(other > Some(position), "{name} points up to {room}");
        }
    }
    let table: BTreeMap<&str, &[&str]> = ROOMS.iter().copied().collect();
    let sources = production();
    let mut wrong = BTreeSet::new();
    for source in sources.iter().filter(|source| !source.module.is_empty()) {
        let room = source.module[0].as_str();
        let Some(below) = table.get(room) else {
            wrong.insert(format!(
                "{} is in a room that the table does not know",
                source.path
            ));
            continue;
        };
        for import in source.imports(&sources) {
            let Some(other) = import.first() else {
                continue;
            };
            if other != room && !below.contains(&other.as_str()) {
                wrong.insert(format!("{} imports {}", source.path, import.join("::")));
            }
        }
    }
    none("a room imports only rooms below it", wrong);
}

#[test]
fn every_room_of_the_table_is_there() {
    let rooms: BTreeSet<String> = production()
        .into_iter()
        .filter_map(|source| source.module.first().cloned())
        .collect();
    let table: BTreeSet<String> = ROOMS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(rooms, table);
}

#[test]
fn no_modules_import_each_other_in_a_circle() {
    let sources = production();
    let mut edges: BTreeMap<&[String], BTreeSet<Vec<String>>> = BTreeMap::new();
    for source in &sources {
        let imports = source.imports(&sources).into_iter();
        // A child may look up to the module it is part of: that is shared ground, not a circle.
        let others = imports.filter(|import| !source.module.starts_with(import));
        edges.insert(&source.module, others.collect());
    }
    let mut done: BTreeSet<&[String]> = BTreeSet::new();
    let mut wrong = BTreeSet::new();
    for source in &sources {
        walk(
            &source.module,
            &edges,
            &mut Vec::new(),
            &mut done,
            &mut wrong,
        );
    }
    none("modules do not import each other in a circle", wrong);
}

/// Depth first; whatever is met again on the way to itself closes a circle.
fn walk<'a>(
    module: &'a [String],
    edges: &'a BTreeMap<&'a [String], BTreeSet<Vec<String>>>,
    way: &mut Vec<&'a [String]>,
    done: &mut BTreeSet<&'a [String]>,
    wrong: &mut BTreeSet<String>,
) {
    if let Some(first) = way.iter().position(|before| *before == module) {
        let circle: Vec<String> = way[first..]
            .iter()
            .map(|module| module.join("::"))
            .collect();
        wrong.insert(circle.join(" -> "));
        return;
    }
    if done.contains(module) {
        return;
    }
    way.push(module);
    for next in edges.get(module).into_iter().flatten() {
        walk(next, edges, way, done, wrong);
    }
    way.pop();
    done.insert(module);
}

#[test]
fn each_outside_crate_keeps_to_its_room() {
    let table: BTreeMap<&str, &[&str]> = CRATES.iter().copied().collect();
    let declared = dependencies();
    let named: BTreeSet<String> = table.keys().map(|name| (*name).to_owned()).collect();
    assert_eq!(declared, named, "left: Cargo.toml, right: the table");
    let mut wrong = BTreeSet::new();
    let mut used = BTreeSet::new();
    for source in production() {
        let path = source.path.trim_start_matches("src/");
        for name in path_starts(&source.code) {
            let Some(rooms) = table.get(name.as_str()) else {
                continue;
            };
            if !rooms.iter().any(|room| path.starts_with(room)) {
                wrong.insert(format!("{} names {name}", source.path));
            }
            used.insert(name);
        }
    }
    none("an outside crate is named in its room only", wrong);
    let idle: BTreeSet<String> = declared.difference(&used).cloned().collect();
    none("every dependency is used", idle);
}

/// The names under `[dependencies]`, as code writes them.
fn dependencies() -> BTreeSet<String> {
    let manifest = read("Cargo.toml");
    let table = manifest.split("\n[dependencies]\n").nth(1).unwrap();
    let lines = table.lines().take_while(|line| !line.starts_with('['));
    lines
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| Some(line.split_once(" = ")?.0.replace('-', "_")))
        .collect()
}

fn everything() -> Vec<Source> {
    ["src", "tests/it", "loadtest/src", "loadtest/tests"]
        .into_iter()
        .flat_map(all_sources)
        .collect()
}

fn is_for_tests(source: &Source) -> bool {
    source.is_test || source.path.starts_with("tests/") || source.path.contains("/tests/")
}

#[test]
fn each_file_says_what_it_is_for() {
    let mut wrong = BTreeSet::new();
    for source in everything() {
        let first = source.text.lines().next().unwrap_or_default();
        if !first.starts_with("//! ") {
            wrong.insert(source.path);
        }
    }
    none("each file opens with `//!`", wrong);
}

#[test]
fn no_file_grows_beyond_reading() {
    let longer: BTreeMap<&str, usize> = LONGER.iter().copied().collect();
    let mut wrong = BTreeSet::new();
    for source in everything() {
        let lines = source.text.lines().count();
        let usual = if is_for_tests(&source) {
            TEST_LINES_MAX
        } else {
            LINES_MAX
        };
        let lines_max = longer.get(source.path.as_str()).copied().unwrap_or(usual);
        if lines > lines_max {
            wrong.insert(format!("{} has {lines} lines of {lines_max}", source.path));
        }
    }
    none("a file is short enough to be read", wrong);
}

#[test]
fn nothing_is_silenced_unwrapped_or_left_for_later() {
    let mut wrong = BTreeSet::new();
    for source in everything() {
        let is_test = is_for_tests(&source);
        let mut ban = |word: &str| {
            if source.code.contains(word) {
                wrong.insert(format!("{} has {word}", source.path));
            }
        };
        for word in [
            "#[allow(",
            "#![allow(",
            "todo!(",
            "unimplemented!(",
            "dbg!(",
        ] {
            ban(word);
        }
        if !is_test {
            ban(".unwrap()");
        }
        for word in [concat!("TO", "DO"), concat!("FIX", "ME")] {
            if source.text.contains(word) {
                wrong.insert(format!("{} has {word}", source.path));
            }
        }
    }
    none(
        "lints are expected with a reason, and work is finished",
        wrong,
    );
}

#[test]
fn a_clone_builds_wherever_its_registries_are() {
    let public = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let elsewhere: BTreeSet<String> = read("Cargo.lock")
        .lines()
        .filter(|line| line.starts_with("source = ") && *line != public)
        .map(str::to_owned)
        .collect();
    none("Cargo.lock names the public registry only", elsewhere);
    let npm = read("package-lock.json");
    let hosts = npm
        .lines()
        .filter(|line| line.contains("\"resolved\": \"http"));
    none(
        "package-lock.json names no host",
        hosts.map(str::to_owned).collect(),
    );
    let settings = read(".npmrc");
    assert!(settings.contains("omit-lockfile-registry-resolved=true"));
    assert!(
        !settings.contains("registry="),
        "a registry is everybody's own setting"
    );
}
