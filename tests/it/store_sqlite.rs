//! The store on SQLite: the common suite, and what concerns the file it lives in.
//!
//! A full disk is made with the limit on the size of a file, which needs no rights: a test runs itself once more as a
//! child whose limit can be set and lifted from outside (`prlimit`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command as Program, Output};
use std::sync::Arc;
use std::time::{Duration, Instant};

use balie::model::event::View;
use balie::model::record::PersonRole;
use balie::model::widget_settings::WidgetSettings;
use balie::store::sqlite::{self, OpenError, Restored, Restoring, SqliteStore};
use balie::store::{AppendError, Outcome, Store, StoreError};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::store_suite::{
    START, agent, conversation, log_of, new_person, started, take, texts, written,
};

async fn fresh() -> (Arc<dyn Store>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (open(folder.path()), folder)
}

crate::store_suite::cases!(fresh);

fn open(folder: &Path) -> Arc<dyn Store> {
    Arc::new(SqliteStore::open(folder).unwrap())
}

fn database(folder: &Path) -> PathBuf {
    folder.join("balie.db")
}

/// The error of opening the folder, and its words.
fn refusal(folder: &Path) -> (OpenError, String) {
    match SqliteStore::open(folder) {
        Ok(_) => panic!("{} was opened", folder.display()),
        Err(error) => {
            let words = error.to_string();
            (error, words)
        }
    }
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("made/if/missing");
    let store = open(&data);
    let chat = started(&store, "Hello").await;
    let said = chat.visitor_says("again");
    written(&store, said.clone()).await;
    let installation = store.installation().await.unwrap();
    drop(store);
    let files: Vec<_> = fs::read_dir(&data)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(files, ["balie.db"], "a stopped store rests in one file");

    let store = open(&data);
    assert_eq!(store.installation().await.unwrap(), installation);
    assert_eq!(
        texts(&log_of(&store, chat.id, View::Agent).await),
        ["Hello", "again"]
    );
    assert!(matches!(
        store.append(said).await.unwrap(),
        Outcome::Repeated(_)
    ));
}

#[tokio::test]
async fn one_server_has_the_folder_and_commands_run_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = SqliteStore::open_exclusive(folder.path()).unwrap();
    let second = SqliteStore::open_exclusive(folder.path());
    assert!(matches!(second, Err(OpenError::InUse { .. })));
    let server: Arc<dyn Store> = Arc::new(server);
    let beside = open(folder.path());

    let version = server.settings_version().await.unwrap();
    let ana = new_person("Ana", PersonRole::Admin, 1);
    beside.create_person(ana.clone(), START).await.unwrap();
    assert!(server.person(ana.id).await.unwrap().is_some());
    assert!(
        server.settings_version().await.unwrap() > version,
        "told across connections"
    );

    // Both write at once and nobody hears of a busy database.
    let mut tasks = JoinSet::new();
    for number in 0..40 {
        let store = Arc::clone(if number % 2 == 0 { &server } else { &beside });
        tasks.spawn(async move {
            let chat = started(&store, "Hello").await;
            for number in 0..10 {
                written(&store, chat.visitor_says(&number.to_string())).await;
            }
            assert_eq!(log_of(&store, chat.id, View::Agent).await.len(), 12);
        });
    }
    tasks.join_all().await;
    drop(server);
    SqliteStore::open_exclusive(folder.path()).unwrap();
}

#[tokio::test]
async fn a_fresh_folder_opened_by_several_at_once_is_made_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_path_buf();
    let opening: Vec<_> = (0..6)
        .map(|_| {
            let path = path.clone();
            std::thread::spawn(move || open(&path))
        })
        .collect();
    let stores: Vec<_> = opening
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect();
    let installation = stores[0].installation().await.unwrap();
    for store in &stores {
        assert_eq!(store.installation().await.unwrap(), installation);
        assert_eq!(store.sites().await.unwrap().len(), 1);
        store.probe().await.unwrap();
    }
}

#[cfg(unix)]
#[tokio::test]
async fn secrets_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let store = open(folder.path());
    store.probe().await.unwrap();
    let backup = folder.path().join("backup.db");
    store.backup(&backup).await.unwrap();
    for name in ["balie.db", "balie.db-wal", "backup.db"] {
        let mode = fs::metadata(folder.path().join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{name} {mode:o}");
    }
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let connection = rusqlite::Connection::open(database(folder.path())).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let (error, words) = refusal(folder.path());
    assert!(
        matches!(error, OpenError::Newer { found: 99, .. }),
        "{words}"
    );
    assert!(
        words.contains("balie.db") && words.contains("newer Balie"),
        "{words}"
    );
}

#[tokio::test]
async fn a_folder_of_the_first_schema_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let connection = rusqlite::Connection::open(database(folder.path())).unwrap();
    let first = include_str!("../../src/store/sqlite/migrations/0001_log_and_desk.sql");
    connection.execute_batch(first).unwrap();
    connection
        .execute_batch(
            "pragma application_id = 0x42616c69;
             pragma user_version = 1;
             insert into installation (only_row, epoch, token_secret, settings_version, probe_count)
             values (1, 'then', randomblob(32), 1, 0);
             insert into site (key, name, origins, form, typing_preview) values ('old', 'Old', '[]', '[]', 0);
             insert into department (key, name, mode, priority, idle_close_ms, idle_text)
             values ('old', 'Old', 'assign', 0, 1000, '?');",
        )
        .unwrap();
    drop(connection);
    let store = open(folder.path());
    let sites = store.sites().await.unwrap();
    assert_eq!(sites.len(), 1, "nothing is seeded into what is there");
    assert_eq!(sites[0].key.as_str(), "old");
    assert_eq!(sites[0].widget, WidgetSettings::default());
    assert_eq!(store.departments().await.unwrap()[0].hours, None);
    assert_eq!(store.installation().await.unwrap().epoch, "then");
}

#[tokio::test]
async fn a_damaged_database_is_named_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for _ in 0..500 {
        started(&store, &"words ".repeat(100)).await;
    }
    drop(store);
    let file = database(folder.path());
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 20_000].fill(0xa5);
    fs::write(&file, &bytes).unwrap();
    let (error, words) = refusal(folder.path());
    assert!(matches!(error, OpenError::Damaged { .. }), "{words}");
    assert!(
        words.contains(file.to_str().unwrap()) && words.contains("balie admin restore"),
        "{words}"
    );

    bytes.truncate(middle);
    fs::write(&file, &bytes).unwrap();
    let (error, words) = refusal(folder.path());
    assert!(matches!(error, OpenError::Damaged { .. }), "{words}");
    assert!(matches!(
        sqlite::check(folder.path()),
        Err(OpenError::Damaged { .. })
    ));
}

#[tokio::test]
async fn a_foreign_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = database(folder.path());
    fs::write(&file, "Dear diary, this is no database.").unwrap();
    let (error, words) = refusal(folder.path());
    assert!(matches!(error, OpenError::Foreign { .. }), "{words}");
    assert!(words.contains(file.to_str().unwrap()), "{words}");
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        "Dear diary, this is no database."
    );

    fs::remove_file(&file).unwrap();
    rusqlite::Connection::open(&file)
        .unwrap()
        .execute_batch("create table recipe (name text)")
        .unwrap();
    let before = fs::read(&file).unwrap();
    let (error, words) = refusal(folder.path());
    assert!(matches!(error, OpenError::Foreign { .. }), "{words}");
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a file");
    fs::write(&file, "").unwrap();
    let (error, words) = refusal(&file.join("data"));
    assert!(matches!(error, OpenError::Folder { .. }), "{words}");
    assert!(
        words.contains("a file/data") && words.contains("--data"),
        "{words}"
    );
    let as_folder = folder.path().join("data");
    fs::create_dir_all(database(&as_folder)).unwrap();
    let (error, words) = refusal(&as_folder);
    assert!(matches!(error, OpenError::Away { .. }), "{words}");
}

#[tokio::test]
async fn a_long_transaction_of_another_process_makes_calls_wait_then_fail_then_succeed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let chat = started(&store, "Hello").await;
    let other = rusqlite::Connection::open(database(folder.path())).unwrap();
    other.execute_batch("begin immediate").unwrap();
    let said = chat.visitor_says("patience");
    let begun = Instant::now();
    let outcome = store.append(said.clone()).await;
    assert!(
        matches!(outcome, Err(AppendError::Store(StoreError::Away(_)))),
        "{outcome:?}"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(6),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(conversation(&store, chat.id).await.seq, 2, "reads go on");
    other.execute_batch("rollback").unwrap();
    until_written(&store, &said).await;
    assert_eq!(
        texts(&log_of(&store, chat.id, View::Agent).await),
        ["Hello", "patience"]
    );
}

/// Repeats the same command until it is answered with a receipt.
async fn until_written(store: &Arc<dyn Store>, append: &balie::store::Append) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        match store.append(append.clone()).await {
            Ok(Outcome::Written(_) | Outcome::Repeated(_)) => return,
            Err(AppendError::Store(StoreError::Away(_))) => {}
            Err(error) => panic!("{error}"),
        }
        assert!(Instant::now() < deadline, "the store did not recover");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

const FULL_DISK_FOLDER: &str = "BALIE_TEST_FULL_DISK_FOLDER";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_writes_keeps_reads_and_recovers() {
    if let Ok(folder) = std::env::var(FULL_DISK_FOLDER) {
        return fill_the_disk(Path::new(&folder)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let name = "store_sqlite::a_full_disk_refuses_writes_keeps_reads_and_recovers";
    // The signal that comes with the limit is ignored, so that the write fails as it does on a full disk.
    let child = Program::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(FULL_DISK_FOLDER, folder.path())
        .output()
        .unwrap();
    let Output {
        status,
        stdout,
        stderr,
    } = child;
    let told = format!(
        "{}{}",
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr)
    );
    assert!(status.success() && told.contains("1 passed"), "{told}");

    // A new start finds each acknowledged message once.
    let store = open(folder.path());
    let report = sqlite::check(folder.path()).unwrap().unwrap();
    assert_eq!(report.problems, [""; 0]);
    let open = store.open_conversations().await.unwrap();
    assert_eq!(open.len(), 1);
    let log = log_of(&store, open[0].id, View::Agent).await;
    let numbers: Vec<usize> = texts(&log)[1..]
        .iter()
        .map(|text| text.split(' ').next().unwrap().parse().unwrap())
        .collect();
    assert!(numbers.iter().copied().eq(0..numbers.len()), "{numbers:?}");
    assert!(numbers.len() > 20, "{numbers:?}");
}

async fn fill_the_disk(folder: &Path) {
    let store = open(folder);
    let chat = started(&store, "Hello").await;
    for round in 0..3 {
        let wal_bytes = fs::metadata(folder.join("balie.db-wal")).unwrap().len();
        limit_files(&format!("{}:", wal_bytes + 400_000));
        // Messages go in until one does not.
        let mut refused = None;
        for _ in 0..500 {
            let number = conversation(&store, chat.id).await.seq - 2;
            let said = chat.visitor_says(&format!("{number} {}", "x".repeat(2_000)));
            match store.append(said.clone()).await {
                Ok(Outcome::Written(_)) => {}
                Err(AppendError::Store(StoreError::Away(_))) => {
                    refused = Some(said);
                    break;
                }
                other => panic!("round {round}: {other:?}"),
            }
        }
        let refused = refused.expect("the limit was met");
        let seq = conversation(&store, chat.id).await.seq;
        assert_eq!(
            log_of(&store, chat.id, View::Visitor).await.len() as u64,
            seq,
            "reads go on"
        );
        // Now not even the smallest write finds room.
        limit_files("1000:");
        let again = store.append(refused.clone()).await;
        assert!(
            matches!(again, Err(AppendError::Store(StoreError::Away(_)))),
            "{again:?}"
        );
        assert!(store.probe().await.is_err());
        limit_files("unlimited:");
        until_written(&store, &refused).await;
        store.probe().await.unwrap();
    }
}

/// Sets how large a file this process may write, as `prlimit` spells it.
fn limit_files(limit: &str) {
    let own = std::process::id().to_string();
    let status = Program::new("prlimit")
        .args(["--pid", &own, &format!("--fsize={limit}")])
        .status();
    assert!(status.unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_write_ahead_log_stays_bounded_while_somebody_reads() {
    /// It begins anew at 16 MiB; what is written until that is done comes on top.
    const WAL_BYTES_MAX: u64 = 40 * 1024 * 1024;
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(folder.path()).unwrap());
    let dynamic: Arc<dyn Store> = store.clone();
    let chat = started(&dynamic, "Hello").await;
    let is_done = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let reading = tokio::task::spawn_blocking({
        let (file, is_done) = (database(folder.path()), Arc::clone(&is_done));
        move || read_again_and_again(&file, &is_done)
    });
    let mut written_bytes = 0;
    let mut wal_bytes_max = 0;
    while written_bytes < 2 * WAL_BYTES_MAX {
        let mut tasks = JoinSet::new();
        for _ in 0..50 {
            let store = Arc::clone(&dynamic);
            tasks.spawn(
                async move { written(&store, chat.visitor_says(&"y".repeat(20_000))).await },
            );
            written_bytes += 20_000;
        }
        tasks.join_all().await;
        wal_bytes_max = wal_bytes_max.max(store.wal_bytes());
    }
    is_done.store(true, std::sync::atomic::Ordering::Relaxed);
    let reads = reading.await.unwrap();
    assert!(reads > 10, "{reads}");
    assert!(wal_bytes_max < WAL_BYTES_MAX, "{wal_bytes_max}");
}

/// Another program's reader: it holds each snapshot for a while.
fn read_again_and_again(file: &Path, is_done: &std::sync::atomic::AtomicBool) -> u32 {
    let connection = rusqlite::Connection::open(file).unwrap();
    let mut reads = 0;
    while !is_done.load(std::sync::atomic::Ordering::Relaxed) {
        connection
            .execute_batch("begin; select count(*) from conversation")
            .unwrap();
        std::thread::sleep(Duration::from_millis(20));
        connection.execute_batch("commit").unwrap();
        reads += 1;
    }
    reads
}

fn restore(data_folder: &Path, backup: &Path) -> Result<Restored, OpenError> {
    Restoring::begin(data_folder, backup)?.finish()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_made_under_load_can_be_restored() {
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup.db");
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open_exclusive(folder.path()).unwrap());
    let before = store.installation().await.unwrap();
    let chat = started(&store, "Hello").await;
    let talking = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for number in 0..200 {
                written(&store, chat.visitor_says(&number.to_string())).await;
            }
        })
    };
    store.backup(&backup).await.unwrap();
    let twice = store.backup(&backup).await;
    assert!(matches!(twice, Err(StoreError::Taken(_))), "{twice:?}");
    talking.await.unwrap();
    let refused = restore(folder.path(), &backup);
    assert!(
        matches!(refused, Err(OpenError::InUse { .. })),
        "{refused:?}"
    );
    let later = started(&store, "After the backup").await;
    drop(store);

    let restored = restore(folder.path(), &backup).unwrap();
    let store = open(folder.path());
    let after = store.installation().await.unwrap();
    assert_eq!(
        (&after.epoch, after.token_secret),
        (&restored.epoch, before.token_secret)
    );
    assert_ne!(after.epoch, before.epoch);
    assert_eq!(store.conversation(later.id).await.unwrap(), None);
    let log = log_of(&store, chat.id, View::Agent).await;
    assert_eq!(conversation(&store, chat.id).await.seq, log.len() as u64);
    written(&store, chat.visitor_says("life goes on")).await;
    drop(store);

    // What was there lies aside, whole.
    let aside = restored.moved_aside.unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    fs::copy(&aside, database(elsewhere.path())).unwrap();
    let old = open(elsewhere.path());
    assert_eq!(conversation(&old, chat.id).await.seq, 202);
    assert!(old.conversation(later.id).await.unwrap().is_some());
}

#[tokio::test]
async fn a_bad_backup_replaces_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let chat = started(&store, "Hello").await;
    drop(store);
    let bad = folder.path().join("bad.db");
    for content in [&b""[..], b"no database at all", &[0x53; 10_000]] {
        fs::write(&bad, content).unwrap();
        let restored = restore(folder.path(), &bad);
        assert!(
            matches!(restored, Err(OpenError::Foreign { .. })),
            "{restored:?}"
        );
    }
    let mut torn = fs::read(database(folder.path())).unwrap();
    torn.truncate(torn.len() / 2);
    fs::write(&bad, torn).unwrap();
    let restored = restore(folder.path(), &bad);
    assert!(
        matches!(restored, Err(OpenError::Damaged { .. })),
        "{restored:?}"
    );
    let restored = restore(folder.path(), &folder.path().join("missing.db"));
    assert!(
        matches!(restored, Err(OpenError::Away { .. })),
        "{restored:?}"
    );

    let store = open(folder.path());
    assert_eq!(
        texts(&log_of(&store, chat.id, View::Agent).await),
        ["Hello"]
    );
}

#[tokio::test]
async fn a_damaged_database_can_be_replaced_by_a_backup() {
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup.db");
    let store = open(folder.path());
    let chat = started(&store, "Hello").await;
    store.backup(&backup).await.unwrap();
    drop(store);
    fs::write(database(folder.path()), "ruins").unwrap();
    fs::write(folder.path().join("balie.db-wal"), "more ruins").unwrap();
    let restored = restore(folder.path(), &backup).unwrap();
    assert_eq!(
        fs::read_to_string(restored.moved_aside.unwrap()).unwrap(),
        "ruins"
    );
    let store = open(folder.path());
    assert_eq!(
        texts(&log_of(&store, chat.id, View::Agent).await),
        ["Hello"]
    );
}

#[tokio::test]
async fn a_check_tells_what_is_there_and_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(sqlite::check(folder.path()).unwrap(), None);
    let store = open(folder.path());
    let chat = started(&store, "Hello").await;
    store
        .create_person(new_person("Ana", PersonRole::Admin, 1), START)
        .await
        .unwrap();
    let report = sqlite::check(folder.path()).unwrap().unwrap();
    assert_eq!(
        (report.conversations, report.events, report.people),
        (1, 2, 1)
    );
    let migrations = fs::read_dir("src/store/sqlite/migrations").unwrap().count();
    assert_eq!(report.schema_version as usize, migrations, "each was run");
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    drop(store);

    let connection = rusqlite::Connection::open(database(folder.path())).unwrap();
    connection
        .execute_batch(
            "pragma foreign_keys = off; delete from event where seq = 1; delete from visitor",
        )
        .unwrap();
    drop(connection);
    let problems = sqlite::check(folder.path()).unwrap().unwrap().problems;
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].contains("visitor"), "{problems:?}");
    assert!(
        problems[1].contains(&chat.id.0.simple().to_string()),
        "{problems:?}"
    );
}

#[tokio::test]
async fn a_broken_promise_is_noticed_by_whoever_meets_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let ana = agent(&store, "Ana", 2).await;
    let chat = started(&store, "Hello").await;
    let connection = rusqlite::Connection::open(database(folder.path())).unwrap();
    // Only our own mistake could bring about what this trigger does: a load that does not grow with an assignment.
    connection
        .execute_batch(
            "create trigger mistake after insert on event when new.body like '%assigned%' begin
                 update conversation set owner = zeroblob(16) where id = new.conversation;
             end",
        )
        .unwrap();
    let taking = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.append(chat.does(take(&ana))).await.is_ok() }
    });
    assert!(taking.await.unwrap_err().is_panic());
    assert_eq!(
        conversation(&store, chat.id).await.seq,
        2,
        "nothing is left of it"
    );

    connection
        .execute_batch("update event set at = 0 where seq = 2")
        .unwrap();
    let reading = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.events(chat.id, View::Agent, 0, 10).await.is_ok() }
    });
    assert!(reading.await.unwrap_err().is_panic());

    // The others never hear of it.
    let other = started(&store, "I am fine").await;
    assert_eq!(
        texts(&log_of(&store, other.id, View::Agent).await),
        ["I am fine"]
    );
}
