//! What is drawn from a seed.

use std::env;

/// The seeds of a test: so many, or the one that the environment asks for.
pub(super) fn seeds(count: u64) -> Vec<u64> {
    match env::var("ONEPOOL_SEED") {
        Ok(seed) => vec![seed.parse().expect("ONEPOOL_SEED is a number")],
        Err(_) => (0..count).collect(),
    }
}

/// Fails with all seeds that failed, and how to run one of them again.
pub(super) fn none_failed(failed: &[String]) {
    assert!(
        failed.is_empty(),
        "{} seeds failed; run one again with ONEPOOL_SEED=...\n{}",
        failed.len(),
        failed.join("\n")
    );
}

/// Draws from a seed; the same seed draws the same.
pub(super) struct Draw(fastrand::Rng);

impl Draw {
    pub(super) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// True once in so many times.
    pub(super) fn once_in(&mut self, times: u32) -> bool {
        self.0.u32(..times) == 0
    }

    /// From one to this many.
    pub(super) fn up_to(&mut self, most: usize) -> usize {
        self.0.usize(1..=most)
    }

    pub(super) fn one_of<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.0.usize(..choices.len())]
    }

    /// A statement of these, its `{a|b|c}` decided.
    pub(super) fn statement(&mut self, templates: &[&str]) -> String {
        let mut rest = self.one_of(templates);
        let mut statement = String::new();
        while let Some((before, choices)) = rest.split_once('{') {
            let (choices, behind) = choices.split_once('}').expect(rest);
            let choices: Vec<_> = choices.split('|').collect();
            statement.push_str(before);
            statement.push_str(self.one_of(&choices));
            rest = behind;
        }
        statement + rest
    }
}
