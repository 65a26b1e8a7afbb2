//! Random numbers for tests. A failed test prints the seed, and `VISEME_TEST_SEED` sets it.

use std::time::{SystemTime, UNIX_EPOCH};

/// A generator (SplitMix64).
pub struct Random(u64);

impl Random {
    #[allow(clippy::print_stdout, reason = "shown if the test fails")]
    pub fn new() -> Self {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
        let seed = std::env::var("VISEME_TEST_SEED").ok();
        let seed = seed.map_or_else(now, |seed| seed.parse().expect("a number"));
        println!("VISEME_TEST_SEED={seed}");
        Self(seed)
    }

    /// Returns a number from `low` to `high`, both included.
    pub fn between(&mut self, low: usize, high: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        low + ((mixed ^ (mixed >> 31)) % (high - low + 1) as u64) as usize
    }
}
