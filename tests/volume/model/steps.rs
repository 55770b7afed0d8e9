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
    /// The volume has 64 bytes, and so many more.
    pub length: u8,
    pub settings: [Settings; SLOTS],
}

/// How many processes there are.
pub const SLOTS: usize = 3;

#[derive(Debug, Clone, Copy, Default)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Settings {
    /// Whether a commit that lost is a conflict.
    pub fail_on_conflict: bool,
    pub block_bytes: u8,
    pub blocks_in_flight: u8,
}

#[derive(Debug, Clone)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Step {
    Call {
        slot: u8,
        call: Call,
        under: Under,
    },
    Discard {
        slot: u8,
        offset: u8,
        length: u8,
    },
    /// Drops the handle on which something is staged.
    Drop {
        slot: u8,
    },
    /// Opens the volume again; what is staged stays, on its old base.
    Reopen {
        slot: u8,
        opens: Opens,
    },
    /// The first is about to put its manifest when all of the second's commit happens.
    Overtaken {
        first: u8,
        second: u8,
    },
    /// Both commit at once, store calls interleaved as `pauses` says.
    Race {
        first: u8,
        second: u8,
        pauses: u64,
    },
}

#[derive(Debug, Clone, Copy)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Opens {
    New { other_length: bool },
    Latest,
    At(u8),
}

/// Through the handle that has staged something, or else through the one that is open.
#[derive(Debug, Clone)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Call {
    Stage(Put),
    /// All at once.
    Many(Vec<Put>),
    Stream {
        put: Put,
        /// The source fails after its last byte.
        fails: bool,
        as_reader: bool,
        chunk: u8,
    },
    /// By a stager, for whoever accepts it.
    Apart(Put),
    /// Any block that was ever stored.
    Accept {
        which: u8,
        verified: bool,
    },
    /// Any session that ever was, or one that never was.
    Resume {
        which: u8,
        /// Of the blocks that overlap, those whose bits are set.
        choose: Option<u8>,
        verified: bool,
    },
    Commit,
}

#[derive(Debug, Clone, Copy)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Put {
    pub offset: u8,
    pub length: u8,
    pub overwrite: bool,
    /// Which bytes: some come again.
    pub seed: u8,
}

/// What happens to a call.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Under {
    Nothing,
    /// One of its store calls fails.
    Fault { nth: u8, fault: Failure },
    /// Its future is polled so many times and then dropped.
    Dropped { polls: u8 },
}

#[derive(Debug, Clone, Copy)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Failure {
    Before,
    /// The reply is lost.
    After,
    Late(u8),
    /// It, and all that follow.
    Down,
    DownAfter,
}
