//! Agents for a load test: made with the server's own command line, or read from a file.
//!
//! Only the program uses this. The same addresses are used in every run, so that a data folder does not fill with people.

use std::path::Path;
use std::process::Stdio;

use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use uuid::Uuid;

/// Each of these hashes a password, which is meant to be slow; more at once would not be faster on a small machine.
const AT_ONCE: usize = 2;

/// Makes so many agents (where they are not there yet) and a new API token for each.
///
/// # Errors
/// What `balie` said.
pub async fn make(
    balie: &Path,
    data: &Path,
    department: &str,
    count: usize,
) -> Result<Vec<String>, String> {
    let making = stream::iter(1..=count).map(|number| async move {
        let email = format!("load-{number}@load.invalid");
        let token = ["admin", "token", &email];
        // Somebody who is there already needs only a token; that is also the quicker half.
        if let Ok(token) = run(balie, data, &token, "").await {
            return Ok(token);
        }
        let name = format!("Load {number}");
        let create = [
            "admin",
            "create",
            &email,
            "--name",
            &name,
            "--role",
            "agent",
            "--department",
            department,
            "--password-stdin",
        ];
        let password = format!("{}\n", Uuid::now_v7());
        run(balie, data, &create, &password).await?;
        run(balie, data, &token, "").await
    });
    let tokens: Vec<Result<String, String>> = making.buffered(AT_ONCE).collect().await;
    tokens.into_iter().collect()
}

/// Runs the server's program and gives what it printed, without the end of the line.
async fn run(balie: &Path, data: &Path, arguments: &[&str], input: &str) -> Result<String, String> {
    let failed = |why: String| format!("{} {} failed: {why}", balie.display(), arguments.join(" "));
    let mut child = Command::new(balie)
        .args(arguments)
        .arg("--data")
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|problem| failed(problem.to_string()))?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that does not read its input says why on its error output.
        let _ = stdin.write_all(input.as_bytes()).await;
    }
    let output = child
        .wait_with_output()
        .await
        .map_err(|problem| failed(problem.to_string()))?;
    if !output.status.success() {
        return Err(failed(
            String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The tokens of a file, one a line; empty lines and those that begin with `#` are not.
///
/// # Errors
/// The file cannot be read, or there is none in it.
pub fn read(file: &Path) -> Result<Vec<String>, String> {
    let text = std::fs::read_to_string(file)
        .map_err(|problem| format!("{} cannot be read: {problem}", file.display()))?;
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let tokens: Vec<String> = lines.map(str::to_owned).collect();
    if tokens.is_empty() {
        return Err(format!(
            "{} holds no token; put one API token on each line",
            file.display()
        ));
    }
    Ok(tokens)
}
