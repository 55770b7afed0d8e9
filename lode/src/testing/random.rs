//! Repeatable random numbers.

/// Repeatable random numbers, for tests: the same seed gives the same ones. Not for secrets.
///
/// ```
/// let mut random = lode::testing::Random::new(7);
/// let die = 1 + random.below(6);
/// assert!((1..=6).contains(&die));
/// assert_eq!(random.clone().number(), random.number());
/// ```
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The numbers of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The numbers that `name` has under this seed: other names have others.
    pub(super) fn named(seed: u64, name: &str) -> Self {
        // FNV-1a, and one step of the generator, so that seeds that are close are not alike.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(Self(seed).number() ^ hash)
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        // SplitMix64 (Steele, Lea and Flood, 'Fast splittable pseudorandom number generators', 2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 if that is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // What is not even about this matters for bounds near 2^64 only.
        self.number().checked_rem(bound).unwrap_or(0)
    }

    /// True in this share of cases: never for 0, always for 1.
    pub fn chance(&mut self, share: f64) -> bool {
        self.share() < share
    }

    /// A number in `0.0..1.0`.
    pub(super) fn share(&mut self) -> f64 {
        // 53 bits are what an `f64` holds.
        (self.number() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
