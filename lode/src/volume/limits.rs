//! Limits on memory and concurrency of volumes.

/// Limits on what one call on a volume holds in memory and in flight.
///
/// ```
/// let limits = lode::VolumeLimits { block_bytes: 1 << 20, ..lode::VolumeLimits::default() };
/// assert_eq!(limits.blocks_in_flight, 4);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeLimits {
    /// The size of the blocks that a stream or a file is staged in, in bytes; the last of a run has
    /// what is left. From 1 to 1 GiB; any other counts as the nearest of these. Default: 4 MiB.
    ///
    /// A block is one put, whatever its size, and never an upload in parts; so is one that is staged
    /// [by itself](crate::Volume::stage_write_at), of any size that the store takes (S3: 5 GiB).
    pub block_bytes: usize,
    /// How many blocks of one stream or file are uploaded at once. Default: 4.
    pub blocks_in_flight: usize,
    /// How many requests one read makes at once. Default: 16.
    pub reads_in_flight: usize,
    /// How many bytes a reader or a stream reads ahead. Default: 8 MiB.
    pub read_ahead_bytes: usize,
    /// The largest manifest, in bytes, for writing and reading. Default: 1 GiB.
    pub max_manifest_bytes: u64,
}

impl VolumeLimits {
    pub(crate) fn block_size(&self) -> usize {
        self.block_bytes.clamp(1, 1 << 30)
    }
}

impl Default for VolumeLimits {
    fn default() -> Self {
        Self {
            block_bytes: 4 << 20,
            blocks_in_flight: 4,
            reads_in_flight: 16,
            read_ahead_bytes: 8 << 20,
            max_manifest_bytes: 1 << 30,
        }
    }
}
