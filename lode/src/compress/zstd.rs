//! zstd (RFC 8878).

use std::io::{self, Cursor, Read};
use std::sync::{Mutex, PoisonError};

use zstd::bulk;
use zstd::stream::read::Decoder;

use crate::compress::{Compressor, buffered};
use crate::error::{Error, Result};

/// zstd: the one to choose unless something else has to read the files.
///
/// ```
/// use lode::compress::Zstd;
///
/// let small = Zstd::with_level(19)?;
/// assert_eq!(Zstd::default().level(), 3);
/// # Ok::<(), lode::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zstd {
    level: i32,
}

impl Zstd {
    /// The default level, 3.
    #[must_use]
    pub const fn new() -> Self {
        Self { level: 3 }
    }

    /// A level from 1 (fast) to 22 (small), or a negative one for more speed still.
    ///
    /// # Errors
    /// [`Error::InvalidLevel`] for one that zstd does not have, and for 0, by which zstd means
    /// its own default.
    pub fn with_level(level: i32) -> Result<Self> {
        let levels = zstd::compression_level_range();
        match levels.contains(&level) && level != 0 {
            true => Ok(Self { level }),
            false => Err(Error::InvalidLevel {
                compressor: "zstd",
                level: level.into(),
                lowest: (*levels.start()).into(),
                highest: (*levels.end()).into(),
            }),
        }
    }

    /// The level.
    #[must_use]
    pub const fn level(&self) -> i32 {
        self.level
    }
}

impl Default for Zstd {
    fn default() -> Self {
        Self::new()
    }
}

impl Compressor for Zstd {
    fn name(&self) -> &str {
        "zstd"
    }

    fn extension(&self) -> &str {
        ".zst"
    }

    fn compress(&self, input: &[u8], output: &mut Vec<u8>) -> io::Result<()> {
        let mut context = pool().pop().unwrap_or_default();
        context.set_compression_level(self.level)?;
        output.reserve(zstd::compress_bound(input.len()));
        let mut target = Cursor::new(&mut *output);
        target.set_position(target.get_ref().len() as u64);
        context.compress_to_buffer(input, &mut target)?;
        if self.level <= POOLED_LEVELS {
            let mut pool = pool();
            if pool.len() < POOLED {
                pool.push(context);
            }
        }
        Ok(())
    }

    fn decompress<'a>(
        &self,
        input: Box<dyn Read + Send + 'a>,
    ) -> io::Result<Box<dyn Read + Send + 'a>> {
        Ok(match buffered(input)? {
            Some(input) => Box::new(Decoder::with_buffer(input)?),
            None => Box::new(io::empty()),
        })
    }
}

/// Contexts are kept: making one costs more than compressing a small member with it.
static POOL: Mutex<Vec<bulk::Compressor<'static>>> = Mutex::new(Vec::new());

/// How many contexts are kept at most.
const POOLED: usize = 16;

/// The contexts of higher levels hold tens of megabytes, and are not worth keeping.
const POOLED_LEVELS: i32 = 9;

fn pool() -> std::sync::MutexGuard<'static, Vec<bulk::Compressor<'static>>> {
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}
