//! One worker process: takes its job from its input, does it step by step, and tells its figures.

use std::ops::Range;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines, Stdin};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use balie_loadtest::chorus::{Cast, Chorus, Pace};
use balie_loadtest::meter::now_us;
use balie_loadtest::participant::fault::Trouble;
use balie_loadtest::participant::mind::Mind as _;
use balie_loadtest::participant::visitor::Visitor;

use crate::job::{ChatJob, IdleJob, IdleTally, Job, Step};
use crate::machine;

/// The parent, as a worker sees it.
struct Parent {
    lines: Lines<BufReader<Stdin>>,
}

impl Parent {
    /// Says that a step is done, and waits to go on; gives what the parent says to that.
    async fn step(&mut self, step: &Step) -> Result<String, String> {
        let line = serde_json::to_string(step).map_err(|problem| problem.to_string())?;
        let mut output = tokio::io::stdout();
        let saying = async {
            output.write_all(line.as_bytes()).await?;
            output.write_all(b"\n").await?;
            output.flush().await
        };
        saying
            .await
            .map_err(|problem| format!("the parent process is gone: {problem}"))?;
        self.line().await
    }

    async fn line(&mut self) -> Result<String, String> {
        let line = self
            .lines
            .next_line()
            .await
            .map_err(|problem| problem.to_string())?;
        line.ok_or_else(|| "the parent process is gone".into())
    }
}

/// The life of a worker.
///
/// # Errors
/// The parent is gone, or was told why the job cannot be done.
pub async fn run() -> Result<(), String> {
    machine::raise_open_files();
    let mut parent = Parent {
        lines: BufReader::new(tokio::io::stdin()).lines(),
    };
    let job = parent.line().await?;
    let job: Job = serde_json::from_str(&job).map_err(|problem| {
        format!("this command is for the program's own use, and its input is no job: {problem}")
    })?;
    let outcome = match job {
        Job::Idle(job) => idle(job, &mut parent).await,
        Job::Chat(job) => chat(job, &mut parent).await,
    };
    if let Err(why) = outcome {
        parent.step(&Step::Failed(why)).await?;
    }
    Ok(())
}

/// Steps: all connected; held.
async fn idle(job: IdleJob, parent: &mut Parent) -> Result<(), String> {
    let mut tally = IdleTally::default();
    let mut visitors = connect_all(&job, &mut tally).await;
    tally.established = visitors.len();
    parent.step(&Step::Ready).await?;
    sleep(Duration::from_secs(job.hold_s)).await;
    for visitor in &mut visitors {
        if let Some(end) = visitor.with(|mind| mind.memory().end.clone()) {
            *tally
                .lost
                .entry(Trouble::from(end).to_string())
                .or_default() += 1;
        }
        tally.faults.extend(visitor.faults());
    }
    // The visitors are still there while the parent weighs the server, and go with this process.
    parent.step(&Step::Held(tally)).await.map(|_| ())
}

async fn connect_all(job: &IdleJob, tally: &mut IdleTally) -> Vec<Visitor> {
    let mut coming = JoinSet::new();
    let began = Instant::now();
    for index in 0..job.visitors {
        sleep_until(began + Duration::from_secs_f64(index as f64 / job.per_s)).await;
        let source = index
            .checked_rem(job.sources.len())
            .and_then(|index| job.sources.get(index).copied());
        let (url, site, origin, starts) = (
            job.url.clone(),
            job.site.clone(),
            job.origin.clone(),
            job.starts,
        );
        coming.spawn(async move {
            let mut builder = Visitor::of(&url, &site)?
                .ping_every_ms(0)
                .forgets_frames()
                .patience_ms(30_000);
            if let Some(source) = source {
                builder = builder.source(source);
            }
            if let Some(origin) = origin {
                builder = builder.origin(&origin);
            }
            let mut visitor = builder.connect().await?;
            if starts {
                visitor.start_with(json!({"text": "Hello?"})).await?;
            }
            Ok::<Visitor, Trouble>(visitor)
        });
    }
    let mut visitors = Vec::with_capacity(job.visitors);
    while let Some(outcome) = coming.join_next().await {
        match outcome {
            Ok(Ok(visitor)) => {
                tally.started += usize::from(job.starts);
                visitors.push(visitor);
            }
            Ok(Err(Trouble::Fault(fault))) => tally.faults.push(fault),
            Ok(Err(trouble)) => *tally.refused.entry(trouble.to_string()).or_default() += 1,
            Err(problem) => *tally.refused.entry(problem.to_string()).or_default() += 1,
        }
    }
    visitors
}

/// Steps: agents online; visitors served; talked; settled; verified.
async fn chat(job: ChatJob, parent: &mut Parent) -> Result<(), String> {
    let cast = Cast {
        url: job.url,
        site: job.site,
        department: job.department,
        visitors: job.visitors,
        tokens: job.tokens,
        capacity: job.capacity,
        pace: job
            .rate_per_pair
            .map_or(Pace::Closed, |per_pair_per_s| Pace::Open { per_pair_per_s }),
        text_chars: job.text_chars,
        origin: job.origin,
        sources: job.sources,
    };
    let chorus = Chorus::with_agents(cast)
        .await
        .map_err(|trouble| format!("an agent cannot work: {trouble}"))?;
    parent.step(&Step::Ready).await?;
    let mut chorus = chorus
        .with_visitors()
        .await
        .map_err(|trouble| format!("a visitor cannot chat: {trouble}"))?;
    // All workers measure the same span, so that what one sends and another receives is counted by both or by neither.
    let span = parent.step(&Step::Ready).await?;
    let span: Range<u64> =
        serde_json::from_str(&span).map_err(|problem| format!("{span:?} is no span: {problem}"))?;
    chorus.measure(span.clone());
    chorus.talk();
    sleep(Duration::from_micros(span.start.saturating_sub(now_us()))).await;
    parent.step(&Step::Ready).await?;
    sleep(Duration::from_micros(span.end.saturating_sub(now_us()))).await;
    parent.step(&Step::Ready).await?;
    chorus.settle().await;
    parent.step(&Step::Ready).await?;
    let meter = chorus.verify().await;
    parent.step(&Step::Talked(Box::new(meter.tally()))).await?;
    chorus.leave().await;
    parent.step(&Step::Ready).await.map(|_| ())
}
