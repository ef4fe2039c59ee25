//! Files in a folder of the machine: what every place of files promises, and what is said of a folder that cannot be
//! written.

use std::fs;
use std::process::Command;

use crate::files_suite::Home;
use crate::support::node::run_to_end;

async fn fresh() -> Home {
    Home::with_folder().await
}

crate::files_suite::cases!(fresh);

#[test]
fn a_check_names_a_folder_that_cannot_hold_files() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("balie-data/files");
    fs::create_dir_all(&files).unwrap();
    let ended = run_to_end(folder.path(), &["check"], &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        ended.printed.contains("files     balie-data/files"),
        "{ended:?}"
    );
    assert_eq!(
        fs::read_dir(&files).unwrap().count(),
        0,
        "a check leaves nothing"
    );
    // Rights do not stop the superuser, who runs the tests here and there; a limit on what may be written does.
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" check"])
        .arg(env!("CARGO_BIN_EXE_balie"))
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("balie-data/files") && said.contains("room"),
        "{said}"
    );
    assert_eq!(
        fs::read_dir(&files).unwrap().count(),
        0,
        "not even half of a file"
    );
    fs::remove_dir(&files).unwrap();
    fs::write(&files, "in the way").unwrap();
    let ended = run_to_end(folder.path(), &["check"], &[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.said.contains("balie-data/files"), "{ended:?}");
    assert!(ended.said.contains("--files-url"), "the remedy: {ended:?}");
}
