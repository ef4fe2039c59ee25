//! Sends large files, one after the other, and weighs the server before and after: what a file takes of its memory on the way.

use std::time::Instant;

use serde_json::{Value, json};

use balie_loadtest::participant::dial::Dial;
use balie_loadtest::participant::visitor::Visitor;

use crate::arguments::Upload;
use crate::machine::{self, Usage};
use crate::report::{self, Table};

/// What was measured.
struct Sum {
    bytes: usize,
    times: usize,
    seconds: f64,
    /// After a small file, and after the large ones.
    usage: Option<[Usage; 2]>,
}

impl Sum {
    /// How much more than before the server had, at most.
    fn grown_bytes(&self) -> Option<u64> {
        let [before, after] = self.usage?;
        Some(after.high_water_bytes.saturating_sub(before.resident_bytes))
    }

    fn bytes_a_second(&self) -> u64 {
        ((self.bytes * self.times) as f64 / self.seconds) as u64
    }
}

/// Runs the test.
///
/// # Errors
/// What kept it from running, a file that was refused included.
pub async fn run(upload: Upload) -> Result<bool, String> {
    let target = &upload.target;
    let mut visitor = connect(&upload).await?;
    let ack = visitor.start("Files are coming").await;
    ack.map_err(|trouble| trouble.to_string())?;
    let conversation = visitor.conversation().ok_or("no conversation was begun")?;
    let bearer = format!("Bearer {}", visitor.token());
    let dial = Dial::new(&target.url)
        .map_err(|trouble| trouble.to_string())?
        .with_header("authorization", &bearer);
    let path = format!("/api/conversations/{conversation}/attachments?name=large.txt");
    // What a first upload needs once, for buffers and threads, is no part of the question.
    send(&dial, &path, b"small".to_vec()).await?;
    let weigh = || target.server_pid.map(machine::usage).transpose();
    let text: Vec<u8> = b"No two files are alike, but all are text.\n"
        .iter()
        .copied()
        .cycle()
        .take(upload.bytes)
        .collect();
    target
        .server_pid
        .map(machine::forget_high_water)
        .transpose()?;
    let before = weigh()?;
    let began = Instant::now();
    for _ in 0..upload.times {
        send(&dial, &path, text.clone()).await?;
    }
    let sum = Sum {
        bytes: upload.bytes,
        times: upload.times,
        seconds: began.elapsed().as_secs_f64(),
        usage: before.zip(weigh()?).map(|(before, after)| [before, after]),
    };
    let left = visitor.leave().await;
    left.map_err(|trouble| trouble.to_string())?;
    let finished = visitor.finish().await;
    finished.map_err(|fault| fault.to_string())?;
    if target.json {
        println!("{}", as_json(&sum));
    } else {
        print!("{}", as_text(&upload, &sum));
    }
    Ok(true)
}

async fn connect(upload: &Upload) -> Result<Visitor, String> {
    let target = &upload.target;
    let builder = Visitor::of(&target.url, &target.site).map_err(|trouble| trouble.to_string())?;
    let builder = match &target.origin {
        Some(origin) => builder.origin(origin),
        None => builder,
    };
    let connected = builder.connect().await;
    connected.map_err(|trouble| trouble.to_string())
}

async fn send(dial: &Dial, path: &str, bytes: Vec<u8>) -> Result<(), String> {
    let answer = dial.upload(path, "text/plain", bytes).await;
    let answer = answer.map_err(|trouble| trouble.to_string())?;
    if answer.status == 201 {
        return Ok(());
    }
    let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    Err(format!(
        "a file was refused with {}: {}; let the site take text/plain of this size (`widget.uploads`)",
        answer.status, said["detail"]
    ))
}

fn as_json(sum: &Sum) -> Value {
    json!({
        "test": "upload",
        "bytes": sum.bytes,
        "times": sum.times,
        "seconds": sum.seconds,
        "bytes_per_s": sum.bytes_a_second(),
        "server": sum.usage.map(|[before, after]| json!({"before": before, "after": after})),
        "grown_bytes": sum.grown_bytes(),
    })
}

fn as_text(upload: &Upload, sum: &Sum) -> String {
    let mut table = Table::new(&format!(
        "{} of {} to {}",
        report::plural(sum.times, "file", "files"),
        report::bytes(sum.bytes as u64),
        upload.target.url,
    ));
    let pace = report::bytes(sum.bytes_a_second());
    table.row("sent", &format!("in {:.1} s, {pace} a second", sum.seconds));
    match sum.usage.zip(sum.grown_bytes()) {
        None => table.row("server memory", "not read; give --server-pid"),
        Some(([before, after], grown_bytes)) => {
            table.row("server before", &report::bytes(before.resident_bytes));
            table.row("after", &report::bytes(after.resident_bytes));
            table.row("most meanwhile", &report::bytes(after.high_water_bytes));
            table.row("which is more by", &report::bytes(grown_bytes));
            let cpu_ms = after.cpu_ms.saturating_sub(before.cpu_ms);
            table.row("CPU meanwhile", &format!("{cpu_ms} ms"));
        }
    }
    table.finish()
}
