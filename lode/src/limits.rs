//! Limits on memory, concurrency and file sizes.

/// What the limits that errors speak of are set by.
pub(crate) mod setting {
    pub(crate) const RECORD: &str = "max_record_bytes";
    pub(crate) const DECODED: &str = "max_decoded_bytes";
    pub(crate) const MANIFEST: &str = "max_manifest_bytes";
}

/// Limits on what one call reads, writes and holds in memory.
///
/// The same limits hold for reading and writing, so that nothing can be written which the same
/// handle could not read.
///
/// ```
/// let limits = lode::Limits { target_file_bytes: 64 << 20, ..lode::Limits::default() };
/// assert_eq!(limits.part_bytes, 8 << 20);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// A record writer begins a new data file once the current one has this many stored bytes
    /// (after compression). Default: 512 MiB.
    pub target_file_bytes: u64,
    /// The size of one part of a multipart upload, in bytes; smaller files are put whole. All parts
    /// but the last have this size. S3 wants at least 5 MiB. Default: 8 MiB.
    ///
    /// S3 takes at most 10,000 parts of one upload, so there an object that has more than 10,000 times
    /// this size after compression (by default 78 GiB) needs larger parts: it refuses the next one,
    /// and the write fails.
    pub part_bytes: usize,
    /// How many parts of one file are in flight at once. Default: 2.
    pub parts_in_flight: usize,
    /// How many data files a partitioned write holds open at once; of a stream, the one that waited
    /// longest is finished when another is needed; of a batch, all are. Default: 64.
    pub open_files: usize,
    /// How many bytes of encoded, not yet stored records a partitioned write holds in memory over
    /// all its open files. One file alone may hold `parts_in_flight + 1` parts and a few MiB, even
    /// if that is more. Default: 64 MiB.
    ///
    /// A batch that needs more than this, or more open files, is encoded twice: no data object of a
    /// batch is stored before all of its records are known to be good.
    pub buffered_bytes: usize,
    /// How many files are read at once. Each takes about 1.5 MiB of memory for each core (of 16 at
    /// most), beside its largest record. Default: 4.
    pub read_concurrency: usize,
    /// The largest encoded record, in bytes, for writing and reading; `None` for no limit.
    /// Default: 1 GiB.
    pub max_record_bytes: Option<u64>,
    /// The largest size of one data file before compression, in bytes, for writing and reading;
    /// `None` for no limit. Default: none; memory use does not depend on it, except for reading a
    /// blob whole.
    ///
    /// Of a Parquet file, which has its own compression, both its size and that of its pages before
    /// compression count; of memory, a row group is what matters.
    ///
    /// A larger blob is refused. A record writer begins a new file at half of it, so that a record
    /// of up to half of it is never too large.
    pub max_decoded_bytes: Option<u64>,
    /// The largest manifest, in bytes, for writing and reading. Default: 1 GiB.
    pub max_manifest_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            target_file_bytes: 512 << 20,
            part_bytes: 8 << 20,
            parts_in_flight: 2,
            open_files: 64,
            buffered_bytes: 64 << 20,
            read_concurrency: 4,
            max_record_bytes: Some(1 << 30),
            max_decoded_bytes: None,
            max_manifest_bytes: 1 << 30,
        }
    }
}
