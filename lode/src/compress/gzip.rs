//! gzip (RFC 1952).

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;

use crate::compress::{Compressor, buffered};
use crate::error::{Error, Result};

/// gzip: read everywhere, slower and larger than [`Zstd`](super::Zstd).
///
/// ```
/// use lode::compress::Gzip;
///
/// let best = Gzip::with_level(9)?;
/// assert!(Gzip::with_level(10).is_err());
/// # Ok::<(), lode::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gzip {
    level: u32,
}

impl Gzip {
    /// The default level, 6.
    #[must_use]
    pub const fn new() -> Self {
        Self { level: 6 }
    }

    /// A level from 0 (stored, not compressed) to 9 (smallest).
    ///
    /// # Errors
    /// [`Error::InvalidLevel`] for any other.
    pub fn with_level(level: u32) -> Result<Self> {
        match level {
            0..=9 => Ok(Self { level }),
            _ => Err(Error::InvalidLevel {
                compressor: "gzip",
                level: level.into(),
                lowest: 0,
                highest: 9,
            }),
        }
    }

    /// The level.
    #[must_use]
    pub const fn level(&self) -> u32 {
        self.level
    }
}

impl Default for Gzip {
    fn default() -> Self {
        Self::new()
    }
}

impl Compressor for Gzip {
    fn name(&self) -> &str {
        "gzip"
    }

    fn extension(&self) -> &str {
        ".gz"
    }

    fn compress(&self, input: &[u8], output: &mut Vec<u8>) -> io::Result<()> {
        let mut encoder = GzEncoder::new(output, Compression::new(self.level));
        encoder.write_all(input)?;
        encoder.finish()?;
        Ok(())
    }

    fn decompress<'a>(
        &self,
        input: Box<dyn Read + Send + 'a>,
    ) -> io::Result<Box<dyn Read + Send + 'a>> {
        Ok(match buffered(input)? {
            Some(input) => Box::new(MultiGzDecoder::new(input)),
            None => Box::new(io::empty()),
        })
    }
}
