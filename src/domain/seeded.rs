//! Random histories for tests: a property is held against many, and the seed of one that breaks it is printed.
//!
//! `BALIE_SEED=<number>` runs the same histories again, `BALIE_SOAK=1` fifty times as many. What is found is shrunk to
//! a small history before it is shown.

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

/// Holds `property` against `histories` values of `strategy`.
///
/// # Panics
/// With the seed and the smallest history found, when it does not hold.
pub fn hold<S: Strategy>(
    histories: u32,
    strategy: &S,
    property: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let seed: u64 = match std::env::var("BALIE_SEED") {
        Ok(seed) => seed.parse().expect("BALIE_SEED is a number"),
        Err(_) => uuid::Uuid::now_v7().as_u64_pair().1,
    };
    let soak = if std::env::var_os("BALIE_SOAK").is_some() {
        50
    } else {
        1
    };
    let config = Config {
        cases: histories * soak,
        failure_persistence: None,
        max_shrink_iters: 50_000,
        // Where a step goes over a wire, all of them would take hours; in milliseconds.
        max_shrink_time: 120_000,
        ..Config::default()
    };
    let mut seed_bytes = [0; 32];
    seed_bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed_bytes);
    if let Err(error) = TestRunner::new_with_rng(config, rng).run(strategy, property) {
        panic!("BALIE_SEED={seed}: {error}");
    }
}
