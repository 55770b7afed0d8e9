//! Compression of data files.

use std::fmt::Debug;
use std::io::{self, Read};

/// How a data file is compressed. It belongs to a codec's configuration:
/// `Jsonl::new().compress(Zstd::default())`.
///
/// # Contract
/// `compress` makes one self-contained *member*, and members written one after the other must
/// decompress to their inputs one after the other. gzip (RFC 1952 §2.2) and zstd (RFC 8878 §3)
/// have this property. It lets lode compress the chunks of one file on several threads.
pub trait Compressor: Debug + Send + Sync + 'static {
    /// The name that manifests record, such as `zstd`; it must never change its meaning.
    fn name(&self) -> &str;

    /// What file names end in, with its dot, such as `.zst`; may be empty.
    fn extension(&self) -> &str;

    /// Appends one member that holds `input` to `output`.
    ///
    /// # Errors
    /// What the compressor says; the write then fails.
    fn compress(&self, input: &[u8], output: &mut Vec<u8>) -> io::Result<()>;

    /// A reader of what the members in `input` hold. It must not allocate by sizes that the input
    /// claims, and must fail on input that is cut or damaged.
    ///
    /// # Errors
    /// If a decompressor cannot be made.
    fn decompress<'a>(
        &self,
        input: Box<dyn Read + Send + 'a>,
    ) -> io::Result<Box<dyn Read + Send + 'a>>;
}
