//! A chorus against a desk in memory: it talks through kills without a fault, and notices what a lying desk does.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on is to stop at once"
)]

mod desk;

use std::time::{Duration, Instant};

use balie_loadtest::chorus::{Cast, Chorus, Pace};
use balie_loadtest::meter::Meter;
use balie_loadtest::participant::fault::Breach;
use desk::{Desk, Lie};

fn cast(desk: &Desk, pace: Pace) -> Cast {
    Cast {
        url: desk.url.clone(),
        site: "demo".into(),
        department: None,
        visitors: 6,
        tokens: vec!["agent-one".into(), "agent-two".into()],
        capacity: 3,
        pace,
        text_chars: 40,
        origin: None,
        sources: Vec::new(),
    }
}

/// Waits until so many messages more have arrived.
async fn hears(chorus: &Chorus, more: u64) {
    let goal = chorus.arrived() + more;
    let deadline = Instant::now() + Duration::from_secs(20);
    while chorus.arrived() < goal {
        assert!(
            Instant::now() < deadline,
            "{} of {goal} messages arrived",
            chorus.arrived()
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn talks(desk: &Desk, pace: Pace, kills: usize) -> Meter {
    let mut chorus = Chorus::gather(cast(desk, pace)).await.unwrap();
    chorus.measure(0..u64::MAX);
    chorus.talk();
    hears(&chorus, 50).await;
    for _ in 0..kills {
        desk.kill();
        hears(&chorus, 50).await;
    }
    let meter = chorus.finish().await;
    chorus.leave().await;
    meter
}

#[tokio::test]
async fn a_chorus_talks_through_kills_without_a_fault() {
    let desk = Desk::that(Lie::None).await;
    let meter = talks(&desk, Pace::Closed, 5).await;
    assert_eq!(meter.faults_shown, []);
    assert_eq!(meter.reconnects, 5 * 8);
    assert!(meter.arrived >= 300);
    // Everything that was acknowledged has arrived at the other side.
    assert!(meter.delivery_us.len() >= meter.ack_us.len());
    assert_eq!(meter.ack_us.len(), meter.sent);
}

#[tokio::test]
async fn an_open_loop_lets_both_sides_speak_at_their_pace() {
    let desk = Desk::that(Lie::None).await;
    let began = Instant::now();
    let meter = talks(
        &desk,
        Pace::Open {
            per_pair_per_s: 40.0,
        },
        1,
    )
    .await;
    assert_eq!(meter.faults_shown, []);
    // Six pairs at 40 messages a second, and no more than that whatever the desk could do.
    assert!(
        meter.sent as f64 <= began.elapsed().as_secs_f64() * 240.0 + 12.0,
        "{}",
        meter.sent
    );
    assert_eq!(meter.ack_us.len(), meter.sent);
}

#[tokio::test]
async fn a_desk_that_forgets_in_a_kill_is_caught() {
    let desk = Desk::that(Lie::ForgetsTheNewest).await;
    let mut chorus = Chorus::gather(cast(&desk, Pace::Closed)).await.unwrap();
    chorus.measure(0..u64::MAX);
    chorus.talk();
    hears(&chorus, 50).await;
    desk.kill();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let meter = chorus.finish().await;
    // Where others had spoken in the forgotten places before everybody was back, the log is not shorter, but another.
    let is_caught = |breach| meter.faults.contains_key(&breach);
    assert!(
        is_caught(Breach::HistoryLost) || is_caught(Breach::Differs),
        "{:?}",
        meter.faults
    );
    chorus.leave().await;
}

#[tokio::test]
async fn a_log_that_reads_otherwise_than_it_was_shown_is_caught() {
    let desk = Desk::that(Lie::ShowsAnotherText).await;
    let meter = talks(&desk, Pace::Closed, 0).await;
    assert!(
        meter.faults.contains_key(&Breach::Differs),
        "{:?}",
        meter.faults
    );
}

#[tokio::test]
async fn messages_that_one_side_never_gets_are_caught() {
    let desk = Desk::that(Lie::HidesTheLast).await;
    let mut chorus = Chorus::gather(cast(
        &desk,
        Pace::Open {
            per_pair_per_s: 40.0,
        },
    ))
    .await
    .unwrap();
    chorus.measure(0..u64::MAX);
    chorus.talk();
    hears(&chorus, 20).await;
    let meter = chorus.finish().await;
    assert!(
        meter.faults.contains_key(&Breach::Gap) || meter.faults.contains_key(&Breach::Differs),
        "{:?}",
        meter.faults
    );
    chorus.leave().await;
}
