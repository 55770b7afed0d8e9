//! Checksums over stored bytes.

#[cfg(test)]
mod tests;

use std::fmt::{self, Write};

use md5::Digest;
use twox_hash::XxHash3_128;

use crate::error::{Error, Result};

/// How the stored bytes of data files are checksummed. Every full read verifies them, each file by
/// the algorithm it was written with.
///
/// An algorithm whose feature is off does not exist here, so it cannot be chosen by mistake.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Checksum {
    /// XXH3 with 128 bits: as fast as memory, finds any damage that is not made on purpose. It
    /// is written as `xxhsum -H2` prints it: the number in hexadecimal, highest digit first.
    #[default]
    Xxh3_128,
    /// BLAKE3: cryptographic, fast. Feature `blake3`.
    #[cfg(feature = "blake3")]
    Blake3,
    /// SHA-256: cryptographic, known everywhere. Feature `sha2`.
    #[cfg(feature = "sha2")]
    Sha256,
    /// MD5, which the Go library writes: slow, and no protection against intent.
    Md5,
}

impl Checksum {
    /// The name that manifests record, such as `xxh3-128`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Xxh3_128 => "xxh3-128",
            #[cfg(feature = "blake3")]
            Self::Blake3 => "blake3",
            #[cfg(feature = "sha2")]
            Self::Sha256 => "sha256",
            Self::Md5 => "md5",
        }
    }

    /// The checksum of `bytes`, in lower-case hexadecimal.
    ///
    /// ```
    /// use lode::checksum::Checksum;
    /// assert_eq!(Checksum::Xxh3_128.of(b""), "99aa06d3014798d86001c324468d497f");
    /// ```
    #[must_use]
    pub fn of(self, bytes: &[u8]) -> String {
        let mut hasher = self.hasher();
        hasher.update(bytes);
        hasher.finish()
    }

    /// The algorithm that manifests call `name`.
    ///
    /// # Errors
    /// [`Error::CodecUnavailable`] if there is none of that name, or its feature is off.
    pub(crate) fn by_name(name: &str) -> Result<Self> {
        let feature = match name {
            "xxh3-128" => return Ok(Self::Xxh3_128),
            "md5" => return Ok(Self::Md5),
            #[cfg(feature = "blake3")]
            "blake3" => return Ok(Self::Blake3),
            #[cfg(not(feature = "blake3"))]
            "blake3" => Some("blake3"),
            #[cfg(feature = "sha2")]
            "sha256" => return Ok(Self::Sha256),
            #[cfg(not(feature = "sha2"))]
            "sha256" => Some("sha2"),
            _ => None,
        };
        Err(Error::CodecUnavailable { codec: name.to_owned(), feature })
    }

    pub(crate) fn hasher(self) -> Hasher {
        match self {
            Self::Xxh3_128 => Hasher::Xxh3(Box::new(XxHash3_128::new())),
            #[cfg(feature = "blake3")]
            Self::Blake3 => Hasher::Blake3(Box::default()),
            #[cfg(feature = "sha2")]
            Self::Sha256 => Hasher::Sha256(sha2::Sha256::default()),
            Self::Md5 => Hasher::Md5(md5::Md5::default()),
        }
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A checksum in the making.
#[derive(Clone)]
pub(crate) enum Hasher {
    Xxh3(Box<XxHash3_128>),
    #[cfg(feature = "blake3")]
    Blake3(Box<blake3::Hasher>),
    #[cfg(feature = "sha2")]
    Sha256(sha2::Sha256),
    Md5(md5::Md5),
}

impl Hasher {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Xxh3(state) => state.write(bytes),
            #[cfg(feature = "blake3")]
            Self::Blake3(state) => drop(state.update(bytes)),
            #[cfg(feature = "sha2")]
            Self::Sha256(state) => state.update(bytes),
            Self::Md5(state) => state.update(bytes),
        }
    }

    /// The checksum, in lower-case hexadecimal.
    pub(crate) fn finish(self) -> String {
        match self {
            Self::Xxh3(state) => format!("{:032x}", state.finish_128()),
            #[cfg(feature = "blake3")]
            Self::Blake3(state) => state.finalize().to_hex().as_str().to_owned(),
            #[cfg(feature = "sha2")]
            Self::Sha256(state) => hex(&state.finalize()),
            Self::Md5(state) => hex(&state.finalize()),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
