//! Whatever fails of three nodes, Redis and PostgreSQL, and whenever: nothing acknowledged is lost, doubled or out of order, one
//! owner, no agent over capacity, first come first served, nobody stranded, and figures that are those of the logs.
//!
//! Method: three whole servers behind haproxy, a Redis with its replica and a Sentinel, and a PostgreSQL, all of the test's own, with a
//! wire of its own from each node to each (`world.rs`). People come, chat, hand on, are cut off and return (`people.rs`); faults of
//! twelve kinds begin and end at random moments, up to three at once. Then everything heals, everybody must come to an end
//! of what they do, and the whole history — what participants were told, and the logs with the order in which PostgreSQL committed
//! them — is held to the promises (`checker.rs`). Each history is also spoilt in every way that the checker must notice
//! (`mutants.rs`), so that it is known to see. `BALIE_SEED=<number>` begins with that history, `BALIE_SOAK=1` lives through 200,
//! `BALIE_HISTORIES=<number>` through so many instead.
//! Threads, processes and a network make a repetition likely, not certain.

use dice::Dice;
use people::People;
use world::World;

use crate::simulate::dice;

mod account;
mod checker;
mod history;
mod mutants;
mod people;
mod world;

fn first_seed() -> u64 {
    match std::env::var("BALIE_SEED") {
        Ok(seed) => seed.parse().expect("BALIE_SEED is a number"),
        Err(_) => uuid::Uuid::now_v7().as_u64_pair().1 >> 32,
    }
}

fn histories() -> u64 {
    match std::env::var("BALIE_HISTORIES") {
        Ok(count) => count.parse().expect("BALIE_HISTORIES is a number"),
        Err(_) if std::env::var_os("BALIE_SOAK").is_some() => 200,
        Err(_) => 5,
    }
}

async fn live_through(seed: u64) {
    // Shown when the test fails.
    println!("BALIE_SEED={seed}");
    let mut world = World::begin().await;
    let mut people = People::default();
    let story = tell(seed, &mut world, &mut people);
    if let Err(panic) = account::caught(story).await {
        println!("{}", account::of(&world, &people).await);
        std::panic::resume_unwind(panic);
    }
    drop(people);
    world.end().await;
}

async fn tell(seed: u64, world: &mut World, people: &mut People) {
    let mut dice = Dice::new(seed);
    people.come(world, &mut dice).await;
    world.storm(&mut dice, people).await;
    world.heal().await;
    let told = people.come_to_an_end(world).await;
    let history = history::read(world, told).await;
    let breaches = checker::check(&history);
    assert!(breaches.is_empty(), "{breaches:#?}");
    let caught = mutants::all_are_caught(&history);
    println!(
        "seed {seed}: {} conversations, {} events, {} acknowledged, {caught} ways to spoil it seen, after {}",
        history.logs.len(),
        history.logs.values().map(Vec::len).sum::<usize>(),
        history.told.acts.len(),
        world.summary(),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_the_promises_hold() {
    let first = first_seed();
    for seed in first..first + histories() {
        live_through(seed).await;
    }
}
