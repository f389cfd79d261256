//! Chance, from what the standard library has.

use std::hash::{BuildHasher, RandomState};

/// A source of numbers that differ from run to run. Not for secrets.
#[derive(Clone, Debug)]
pub struct Dice {
    keys: RandomState,
    rolls: u64,
}

impl Dice {
    /// Dice that nobody else rolls.
    pub fn new() -> Self {
        Self {
            keys: RandomState::new(),
            rolls: 0,
        }
    }

    /// A number from 0 to `sides` - 1.
    pub fn roll(&mut self, sides: u32) -> i64 {
        self.rolls += 1;
        let hash = self.keys.hash_one(self.rolls);
        // The remainder is below `sides`, so it fits.
        i64::try_from(hash % u64::from(sides)).unwrap_or(0)
    }

    /// True once in so many rolls.
    pub fn one_in(&mut self, sides: u32) -> bool {
        self.roll(sides) == 0
    }
}
