//! What can happen. All of it is plain data that proptest shrinks and a fuzzer makes of bytes;
//! numbers are taken modulo what there is.

/// One run.
#[derive(Debug, Clone)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Case {
    pub setup: Setup,
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Setup {
    pub layout: Layout,
    /// On the local disk instead of in memory.
    pub disk: bool,
    /// Those of the first handles.
    pub settings: [Settings; HANDLES],
}

/// How many handles there are of each dataset.
pub const HANDLES: usize = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Layout {
    Default,
    Hive,
    Flat,
}

/// Those of one handle.
#[derive(Debug, Clone, Copy, Default)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Settings {
    /// None, gzip, zstd; with levels.
    pub compression: u8,
    /// Off, or an algorithm.
    pub checksum: u8,
    /// An index of each of several small limits.
    pub limits: u8,
    /// Whether an append that lost is a conflict.
    pub fail_on_conflict: bool,
}

#[derive(Debug, Clone)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Step {
    /// One write.
    Write(Write),
    /// One write whose future is polled so many times and then dropped.
    Dropped { write: Write, polls: u8 },
    /// The first is about to put its manifest when all of the second happens.
    Overtaken { first: Write, second: Write },
    /// Both at once, store calls interleaved as `pauses` says.
    Race { first: Write, second: Write, pauses: u64 },
    /// So many small appends, to get idempotency keys out of reach.
    Burst { appends: u8 },
    /// Another process opens the datasets.
    Reopen { handle: u8, settings: Settings },
    /// Something happens to the hint of one of the datasets.
    Hint { blobs: bool, becomes: Hint },
}

#[derive(Debug, Clone, Copy)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Hint {
    Lost,
    /// An id that is there.
    Stale(u8),
    /// An id that is not there yet.
    Ahead(u8),
    Garbage(u8),
}

#[derive(Debug, Clone)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Write {
    pub handle: u8,
    /// To the dataset of blobs instead of that of records.
    pub blob: bool,
    pub operation: Operation,
    pub via: Via,
    pub rows: u8,
    /// How rows are divided over partitions.
    pub shape: u8,
    /// So much data that chunks, parts and files fill.
    pub wide: bool,
    pub expect: Expect,
    /// One of a few idempotency keys.
    pub key: Option<u8>,
}

/// What it is called; for blobs always the first, and the last only in the Hive layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Operation {
    Write,
    Append,
    ReplacePartitions,
}

/// Which of the ways to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Via {
    Batch,
    Iterator,
    Stream,
    /// A source that fails after its last row.
    BrokenStream,
    Writer,
    AbortedWriter,
    DroppedWriter,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Expect {
    Anything,
    TheHead,
    /// Nothing at all, or an older snapshot.
    Wrong(u8),
}
