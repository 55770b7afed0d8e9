use parquet::basic::{Compression, GzipLevel, ZstdLevel};

use crate::error::{Error, Result};

/// How a Parquet file compresses its pages.
///
/// ```
/// use lode::codec::{Parquet, ParquetCompression};
///
/// let small = Parquet::new().compression(ParquetCompression::zstd(9)?);
/// let plain = Parquet::new().compression(ParquetCompression::None);
/// # Ok::<(), lode::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParquetCompression {
    /// zstd of some level: see [`zstd`](Self::zstd).
    Zstd(ParquetLevel),
    /// Snappy: what other tools write by default.
    Snappy,
    /// gzip of some level: see [`gzip`](Self::gzip).
    Gzip(ParquetLevel),
    /// LZ4 blocks (`LZ4_RAW`).
    Lz4,
    /// Pages as they are.
    None,
}

/// A level that has been found to exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParquetLevel(i32);

impl ParquetLevel {
    /// The level.
    #[must_use]
    pub const fn get(self) -> i32 {
        self.0
    }
}

impl ParquetCompression {
    /// zstd of a level from 1 (fast) to 22 (small).
    ///
    /// # Errors
    /// [`Error::InvalidLevel`] for any other.
    pub fn zstd(level: i32) -> Result<Self> {
        in_range("zstd", level, 1, 22).map(Self::Zstd)
    }

    /// gzip of a level from 0 (none) to 9 (small).
    ///
    /// # Errors
    /// [`Error::InvalidLevel`] for any other.
    pub fn gzip(level: i32) -> Result<Self> {
        in_range("gzip", level, 0, 9).map(Self::Gzip)
    }

    pub(super) fn to_parquet(self) -> Compression {
        match self {
            Self::Zstd(level) => Compression::ZSTD(ZstdLevel::try_new(level.0).unwrap_or_default()),
            Self::Snappy => Compression::SNAPPY,
            Self::Gzip(level) => {
                let level = u32::try_from(level.0).ok().and_then(|it| GzipLevel::try_new(it).ok());
                Compression::GZIP(level.unwrap_or_default())
            }
            Self::Lz4 => Compression::LZ4_RAW,
            Self::None => Compression::UNCOMPRESSED,
        }
    }
}

/// zstd of level 1.
impl Default for ParquetCompression {
    fn default() -> Self {
        Self::Zstd(ParquetLevel(1))
    }
}

fn in_range(
    compressor: &'static str,
    level: i32,
    lowest: i32,
    highest: i32,
) -> Result<ParquetLevel> {
    match (lowest..=highest).contains(&level) {
        true => Ok(ParquetLevel(level)),
        false => Err(Error::InvalidLevel {
            compressor,
            level: level.into(),
            lowest: lowest.into(),
            highest: highest.into(),
        }),
    }
}
