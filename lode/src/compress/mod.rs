//! Compression of data files.

#[cfg(feature = "gzip")]
mod gzip;
mod noop;
#[cfg(feature = "zstd")]
mod zstd;

#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::io::{self, Read};
use std::sync::Arc;

use crate::error::{Error, Result};

#[cfg(feature = "gzip")]
pub use gzip::Gzip;
pub use noop::Noop;
#[cfg(feature = "zstd")]
pub use zstd::Zstd;

/// How a data file is compressed. It belongs to a codec's configuration:
/// `Jsonl::new().compress(Zstd::default())`.
///
/// # Contract
/// `compress` makes one self-contained *member*, and members written one after the other must
/// decompress to their inputs one after the other. gzip (RFC 1952 §2.2) and zstd (RFC 8878 §3)
/// have this property. It lets lode compress the chunks of one file on several threads. No bytes
/// at all decompress to no bytes.
///
/// Files are never decompressed by the handle's compressor but by the one their manifest names.
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

/// The compressor that manifests call `name`.
///
/// # Errors
/// [`Error::CodecUnavailable`] if it is not one of lode's, or its feature is off.
pub(crate) fn by_name(name: &str) -> Result<Arc<dyn Compressor>> {
    let feature = match name {
        "noop" => return Ok(Arc::new(Noop)),
        #[cfg(feature = "gzip")]
        "gzip" => return Ok(Arc::new(Gzip::default())),
        #[cfg(not(feature = "gzip"))]
        "gzip" => Some("gzip"),
        #[cfg(feature = "zstd")]
        "zstd" => return Ok(Arc::new(Zstd::default())),
        #[cfg(not(feature = "zstd"))]
        "zstd" => Some("zstd"),
        _ => None,
    };
    Err(Error::CodecUnavailable { codec: name.to_owned(), feature })
}

/// `input`, buffered, or `None` if there is nothing in it.
#[cfg(any(feature = "gzip", feature = "zstd"))]
fn buffered<'a>(
    input: Box<dyn Read + Send + 'a>,
) -> io::Result<Option<io::BufReader<Box<dyn Read + Send + 'a>>>> {
    let mut input = io::BufReader::with_capacity(128 << 10, input);
    Ok(match io::BufRead::fill_buf(&mut input)?.is_empty() {
        true => None,
        false => Some(input),
    })
}
