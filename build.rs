//! Builds the pages (widget, panel, demo shop) and leaves them for the binary to embed.
//!
//! Runs `npm ci` when the packages are missing or older than the lock file, then `client/bundle.mjs`, which writes the
//! files into `$OUT_DIR/pages` and their table to `$OUT_DIR/assets.rs`. `web::assets` takes the table in with
//! `static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));` where `Asset` has the fields `path`,
//! `content_type`, `etag` (`&'static str`, the last with its quotes), `immutable` (`bool`), `bytes` (`&'static [u8]`) and `brotli`
//! (`Option<&'static [u8]>`). What the widget is told of each language goes to `$OUT_DIR/languages.json`, for `web::rest::language`.
//! Nothing here touches the network but npm.

use std::path::Path;
use std::process::{Command, exit};
use std::time::SystemTime;
use std::{env, fs};

/// What a change of must build the pages anew. Folders are watched with all that is in them.
const SOURCES: [&str; 8] = [
    "build.rs",
    "client",
    "widget",
    "panel",
    "static",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
];

/// The oldest Node.js that the bundler runs on, as package.json's `engines` says.
const NODE_MAJOR_MIN: u32 = 20;

/// How much of npm's complaint is shown.
const NPM_LINES_MAX: usize = 20;

fn main() {
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
    }
    require_node();
    if packages_are_stale() {
        install_packages();
    }
    bundle();
}

/// Ends the build with a message that says what to do. `cargo::error` shows it without a backtrace.
fn fail(lines: &str) -> ! {
    for line in lines.lines() {
        println!("cargo::error={line}");
    }
    exit(1)
}

fn require_node() {
    let Ok(output) = Command::new("node").arg("--version").output() else {
        fail(
            "Balie's pages are built with Node.js, and there is no `node` on the PATH.\n\
             Install Node.js 20.19 or newer with npm (https://nodejs.org, or your system's packages `nodejs` and `npm`) and build again.",
        );
    };
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let major = version
        .trim_start_matches('v')
        .split('.')
        .next()
        .and_then(|part| part.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE_MAJOR_MIN) {
        fail(&format!(
            "Balie's pages need Node.js 20.19 or newer; this is {version}.\nInstall a newer Node.js (https://nodejs.org) and build again."
        ));
    }
}

/// npm writes `node_modules/.package-lock.json` last, so its time says when the packages were last in step.
fn packages_are_stale() -> bool {
    let time = |path: &str| {
        fs::metadata(path)
            .and_then(|meta| meta.modified())
            .unwrap_or(SystemTime::UNIX_EPOCH)
    };
    !Path::new("node_modules/esbuild").exists()
        || time("node_modules/.package-lock.json") < time("package-lock.json")
}

/// Leaves out the test tools, unless they were there: a developer's `npm test` should not stop working because of a build.
fn install_packages() {
    let mut npm = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    npm.args(["ci", "--no-audit", "--no-fund"]);
    if !Path::new("node_modules/typescript").exists() {
        npm.arg("--omit=dev");
    }
    match npm.output() {
        Err(error) => fail(&format!(
            "Balie's pages need npm, which comes with Node.js, and it could not be started: {error}.\n\
             Install it (https://nodejs.org, or your system's package `npm`) and build again."
        )),
        Ok(output) if !output.status.success() => fail(&format!(
            "`npm ci` could not install what the pages need:\n{}\nIs the network there? Run `npm ci` in the repository by hand, then build again.",
            first_lines(&output.stderr)
        )),
        Ok(_) => {}
    }
}

/// Enough to see what is wrong; npm adds its whole manual.
fn first_lines(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .lines()
        .take(NPM_LINES_MAX)
        .collect::<Vec<_>>()
        .join("\n")
}

fn bundle() {
    let Ok(out) = env::var("OUT_DIR") else {
        fail("OUT_DIR is not set; this runs as cargo's build script.")
    };
    let output = Command::new("node")
        .args(["client/bundle.mjs", "--out"])
        .arg(format!("{out}/pages"))
        .args(["--rust", &out])
        .output();
    match output {
        Err(error) => fail(&format!("node could not be started: {error}.")),
        Ok(output) if !output.status.success() => fail(&format!(
            "the pages could not be bundled (`npm run build` says the same):\n{}",
            String::from_utf8_lossy(&output.stderr)
        )),
        Ok(_) => {}
    }
}
