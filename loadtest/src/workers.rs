//! The parent's side of the worker processes: start them, hand each its job, keep them in step.
//!
//! A worker reads its job as the first line of its input, and from then on says one line whenever it has finished a step and waits
//! for one line to go on. A worker that dies ends the run.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::job::{Job, Step};

struct Worker {
    /// Killed when it is dropped, so that no load is left behind.
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

pub struct Workers {
    workers: Vec<Worker>,
}

impl Workers {
    /// Starts one process for each job.
    ///
    /// # Errors
    /// This program cannot be started again.
    pub async fn start(jobs: &[Job]) -> Result<Workers, String> {
        let program = std::env::current_exe()
            .map_err(|problem| format!("this program cannot be found again: {problem}"))?;
        let mut workers = Vec::new();
        for job in jobs {
            let mut child = Command::new(&program)
                .arg("worker")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .kill_on_drop(true)
                .spawn()
                .map_err(|problem| format!("a worker process does not start: {problem}"))?;
            let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
                return Err("a worker process has no input or output".into());
            };
            let job = serde_json::to_string(job).map_err(|problem| problem.to_string())?;
            tell(&mut input, &job).await?;
            workers.push(Worker {
                child,
                input,
                output: BufReader::new(output).lines(),
            });
        }
        Ok(Workers { workers })
    }

    /// Waits until every worker has finished its step.
    ///
    /// # Errors
    /// What one of them could not do, or that it died.
    pub async fn steps(&mut self) -> Result<Vec<Step>, String> {
        let mut steps = Vec::new();
        for worker in &mut self.workers {
            let line = worker
                .output
                .next_line()
                .await
                .map_err(|problem| problem.to_string())?;
            let line = line.ok_or("a worker process died; its message stands above")?;
            match serde_json::from_str(&line)
                .map_err(|problem| format!("a worker process said {line:?}: {problem}"))?
            {
                Step::Failed(why) => return Err(why),
                step => steps.push(step),
            }
        }
        Ok(steps)
    }

    /// Lets all go on.
    ///
    /// # Errors
    /// One of them is gone.
    pub async fn go(&mut self) -> Result<(), String> {
        self.go_with("").await
    }

    /// Lets all go on, and tells each the same.
    ///
    /// # Errors
    /// One of them is gone.
    pub async fn go_with(&mut self, line: &str) -> Result<(), String> {
        for worker in &mut self.workers {
            tell(&mut worker.input, line).await?;
        }
        Ok(())
    }

    /// Lets all go on to their end, and waits for it, so that their CPU time counts as this program's.
    pub async fn finish(mut self) {
        // One that is gone already needs no telling.
        let _ = self.go().await;
        for mut worker in self.workers {
            drop(worker.input);
            let _ = timeout(Duration::from_secs(5), worker.child.wait()).await;
        }
    }
}

async fn tell(input: &mut ChildStdin, line: &str) -> Result<(), String> {
    let telling = async {
        input.write_all(line.as_bytes()).await?;
        input.write_all(b"\n").await?;
        input.flush().await
    };
    telling
        .await
        .map_err(|problem| format!("a worker process is gone: {problem}"))
}
