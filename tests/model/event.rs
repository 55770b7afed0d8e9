//! The records of the model.

use chrono::{DateTime, Utc};
use lode::Record;

/// One record. `write` and `row` say where it comes from, so that no two are equal.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
pub struct Event {
    #[lode(partition)]
    pub group: String,
    #[lode(partition)]
    pub lane: Option<i8>,
    #[lode(timestamp)]
    pub at: Option<DateTime<Utc>>,
    pub write: u32,
    pub row: u32,
    pub score: f64,
    pub text: String,
}

/// Values that are hard on paths.
const GROUPS: [&str; 6] = ["a", "", "a/b=c%2F", "..", "ä \n*", "a b\\c#1"];

impl Event {
    /// The records of one write: `shape` decides their partitions, `wide` makes them long.
    pub fn rows(write: u32, count: u32, shape: u8, wide: bool) -> Vec<Self> {
        (0..count).map(|row| Self::row(write, row, shape, wide)).collect()
    }

    fn row(write: u32, row: u32, shape: u8, wide: bool) -> Self {
        let mixed = mix(u64::from(write) << 40 | u64::from(row) << 8 | u64::from(shape));
        // One group, groups in turn, or any of them.
        let group = match shape % 3 {
            0 => usize::from(shape / 3),
            1 => row as usize,
            _ => mixed as usize,
        };
        let lane = [None, Some(0), Some(-1)][mixed as usize / 16 % if shape < 128 { 1 } else { 3 }];
        let nanoseconds = (mixed % 1_000_000_007) as u32 % 1_000_000_000;
        let at = DateTime::from_timestamp(mixed as i64 % 50_000_000_000, nanoseconds);
        Self {
            group: GROUPS[group % GROUPS.len()].to_owned(),
            lane,
            at: at.filter(|_| !mixed.is_multiple_of(5)),
            write,
            row,
            score: f64::from_bits(mixed & !(1 << 62)),
            text: format!("\u{1F6EB}\"<{mixed}").repeat(if wide {
                2_500
            } else {
                mixed as usize % 4
            }),
        }
    }

    pub fn partition(&self) -> (String, Option<String>) {
        (self.group.clone(), self.lane.map(|lane| lane.to_string()))
    }

    pub fn order(&self) -> (u32, u32) {
        (self.write, self.row)
    }
}

/// The finisher of splitmix64.
pub fn mix(n: u64) -> u64 {
    let n = (n ^ n >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ n >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ n >> 31
}
