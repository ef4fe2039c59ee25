//! Random histories of a whole desk: people come, talk, hand on, reload and vanish; notices are lost, calls and appends
//! fail, the process is killed; and the promises hold after each step.
//!
//! Goal: what no hand-written test thinks of. Method: the real store, desk, hub, pairing and both sides of the sockets in
//! this process, without a network; clients that check the whole contract by themselves (those of the load tester); a
//! clock of the test's own; and a seed that all of chance comes from. After each step the logs are held to the promises
//! (`books.rs`); now and then everything must come to rest, with everybody knowing everything and nobody stranded
//! (`world.rs`). `BALIE_SEED=<number>` begins with that history, `BALIE_SOAK=1` lives through many more. Threads make a
//! repetition likely, not certain.

use coordination::Faults;
use dice::Dice;
use world::World;

pub mod books;
mod coordination;
pub mod dice;
pub mod node;
mod people;
mod store;
mod world;

/// What goes wrong in a history.
#[derive(Clone, Copy)]
struct Weather {
    faults: Faults,
    failing_appends: usize,
    kills: bool,
}

const CALM: Weather = Weather {
    faults: Faults {
        notices: 0,
        calls: 0,
    },
    failing_appends: 0,
    kills: false,
};

fn seed() -> u64 {
    match std::env::var("BALIE_SEED") {
        Ok(seed) => seed.parse().expect("BALIE_SEED is a number"),
        Err(_) => uuid::Uuid::now_v7().as_u64_pair().1 >> 32,
    }
}

/// Lives through so many histories, or ten times as many in a soak.
async fn live_through(histories: u64, weather: Weather) {
    let first = seed();
    let soak = if std::env::var_os("BALIE_SOAK").is_some() {
        10
    } else {
        1
    };
    for seed in first..first + histories * soak {
        // Shown when the test fails.
        println!("BALIE_SEED={seed}");
        let mut dice = Dice::new(seed);
        let mut world = World::begin(dice.fork().below(usize::MAX) as u64).await;
        for _ in 0..3 {
            world.set_faults(weather.faults, weather.failing_appends);
            for _ in 0..30 {
                world.step().await;
                if weather.kills && dice.chance(4) {
                    world.kill().await;
                    world.set_faults(weather.faults, weather.failing_appends);
                }
            }
            world.comes_to_rest().await;
        }
        world.everybody_goes().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_calm_desk_keeps_its_promises() {
    live_through(6, CALM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desk_that_is_killed_keeps_its_promises() {
    let weather = Weather {
        kills: true,
        ..CALM
    };
    live_through(6, weather).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desk_that_misses_news_keeps_its_promises() {
    let faults = Faults {
        notices: 15,
        calls: 10,
    };
    let weather = Weather { faults, ..CALM };
    live_through(6, weather).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desk_whose_disk_fails_keeps_its_promises() {
    let weather = Weather {
        failing_appends: 10,
        ..CALM
    };
    live_through(6, weather).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desk_that_has_it_all_at_once_keeps_its_promises() {
    let faults = Faults {
        notices: 10,
        calls: 5,
    };
    let weather = Weather {
        faults,
        failing_appends: 5,
        kills: true,
    };
    live_through(6, weather).await;
}
