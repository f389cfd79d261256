//! The scheduler beside a slow and obvious model of it, driven by a seed.
//!
//! Everything that can happen to a pool happens in drawn order and with drawn numbers; after each
//! step the two must agree on everything there is to see, and what the scheduler says is to be done
//! next must be what the model's plain rules say. `ONEPOOL_SEED=7 cargo test simulation` runs one
//! seed alone.

mod check;
mod draw;
mod model;
mod run;

use run::Run;

const SEEDS: u64 = 10_000;
const STEPS: u32 = 40;

#[test]
fn the_scheduler_does_what_the_model_says() {
    let seeds = match std::env::var("ONEPOOL_SEED") {
        Ok(seed) => {
            let seed = seed.parse().expect("ONEPOOL_SEED is a number");
            seed..seed + 1
        }
        Err(_) => 0..SEEDS,
    };
    for seed in seeds {
        let mut run = Run::new(seed);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..STEPS {
                run.step();
            }
            run.drain();
        }));
        if outcome.is_err() {
            panic!("seed {seed} fails, after:\n{}", run.story());
        }
    }
}
