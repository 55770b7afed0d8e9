//! What the hammer's processes write, and its test reads.

/// The dataset they all write to.
pub const DATASET: &str = "marks";

/// One record for each commit.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, lode::Record,
)]
pub struct Mark {
    /// The number of the writer.
    pub writer: u32,
    /// The number of the commit, by that writer.
    pub commit: u32,
}
