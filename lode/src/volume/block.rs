//! Staged blocks, and their names.

#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::{SessionId, VolumeId, VolumeSnapshotId};
use crate::manifest::BlockRef;

/// A block that was staged, and is not committed by having been so.
///
/// It can be sent to another process, which commits it: it is serialisable, as the volume and the
/// name of the block's object. That name tells all about the block, so there is nothing in it that
/// could be changed without naming another object; what is accepted is looked up in the store.
///
/// ```
/// let sent = r#"{"volume":"disk","block":"4096-512-0000000000000000007-w-019a3c5e7b2d7c1f8a90b1c2d3e4f506-00000-99aa06d3014798d86001c324468d497f.bin"}"#;
/// let block: lode::StagedBlock = serde_json::from_str(sent)?;
/// assert_eq!(block.range(), 4096..4608);
/// assert_eq!(serde_json::to_string(&block)?, sent);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StagedBlock {
    pub(super) volume: VolumeId,
    #[serde(rename = "block")]
    pub(super) name: BlockName,
}

/// The name of a block's object, which tells all about it:
/// `<offset>-<length>-<base>-<kind>-<session>-<seq>-<xxh3-128>.bin`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct BlockName {
    pub(super) offset: u64,
    /// More than none; the block ends at `u64::MAX` or before.
    pub(super) length: u64,
    /// The snapshot that the staging handle read; 0 for none.
    pub(super) base: u64,
    pub(super) kind: Kind,
    pub(super) session: SessionId,
    pub(super) seq: u32,
    pub(super) checksum: u128,
}

/// How a block was staged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Where nothing was: `w`.
    Write,
    /// Over what may have been there: `o`.
    Overwrite,
}

impl StagedBlock {
    /// The volume it was staged for.
    #[must_use]
    pub fn volume(&self) -> &VolumeId {
        &self.volume
    }

    /// The bytes of the volume that it holds.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        self.name.range()
    }

    /// The session that staged it.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.name.session
    }

    /// The snapshot that was read by the handle which staged it; `None` if that was a new volume's.
    #[must_use]
    pub fn base(&self) -> Option<VolumeSnapshotId> {
        VolumeSnapshotId::checked(self.name.base)
    }

    /// Whether it was staged to go over what may be there.
    #[must_use]
    pub fn is_overwrite(&self) -> bool {
        self.name.kind == Kind::Overwrite
    }

    /// The key of its object, relative to the store's root: as [`Error::Condemned`](crate::Error::Condemned)
    /// and the manifest name it.
    #[must_use]
    pub fn path(&self) -> String {
        format!("volumes/{}/data/{}", self.volume, self.name)
    }

    /// The block as it stands in a manifest whose checksums are xxh3-128.
    pub(super) fn to_ref(&self) -> BlockRef {
        BlockRef {
            offset: self.name.offset,
            length: self.name.length,
            path: self.path(),
            path_offset: 0,
            object_length: self.name.length,
            checksum: Some(self.name.checksum()),
            checksum_algorithm: None,
        }
    }
}

impl BlockName {
    /// The same for a block that was staged once more.
    pub(super) fn but_for_seq(&self) -> Self {
        Self { seq: 0, ..self.clone() }
    }

    /// The xxh3-128 of the bytes, as manifests have it.
    pub(super) fn checksum(&self) -> String {
        format!("{:032x}", self.checksum)
    }

    /// Exactly what `Display` gives; `None` for any other text.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let mut parts = name.strip_suffix(".bin")?.split('-');
        let mut part = || parts.next();
        let parsed = Self {
            offset: plain(part()?)?,
            length: plain(part()?)?,
            base: base(part()?)?,
            kind: Kind::parse(part()?)?,
            session: SessionId::parse(part()?)?,
            seq: seq(part()?)?,
            checksum: checksum(part()?)?,
        };
        let sound = parsed.length > 0 && parsed.offset.checked_add(parsed.length).is_some();
        if sound && part().is_none() { Some(parsed) } else { None }
    }

    pub(super) fn range(&self) -> Range<u64> {
        self.offset..self.offset.saturating_add(self.length)
    }
}

impl Kind {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "w" => Some(Self::Write),
            "o" => Some(Self::Overwrite),
            _ => None,
        }
    }

    fn letter(self) -> char {
        match self {
            Self::Write => 'w',
            Self::Overwrite => 'o',
        }
    }
}

impl fmt::Display for BlockName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { offset, length, base, kind, session, seq, checksum } = self;
        let kind = kind.letter();
        write!(f, "{offset}-{length}-{base:019}-{kind}-{session}-{seq:05}-{checksum:032x}.bin")
    }
}

impl Serialize for BlockName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BlockName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format_args!("{text:?} is not the name of a staged block"))
        })
    }
}

/// A number without leading zeros.
fn plain(text: &str) -> Option<u64> {
    if text.starts_with('0') && text.len() > 1 { None } else { digits(text)?.parse().ok() }
}

/// A snapshot's id in 19 digits, or 0 for none.
fn base(text: &str) -> Option<u64> {
    let number = if text.len() == 19 { digits(text)?.parse().ok()? } else { return None };
    if number == 0 { Some(0) } else { VolumeSnapshotId::checked(number).map(VolumeSnapshotId::get) }
}

/// At least five digits; zeros before it only as far as these five need them.
fn seq(text: &str) -> Option<u32> {
    let padded = text.len() == 5 || (text.len() > 5 && !text.starts_with('0'));
    if padded { digits(text)?.parse().ok() } else { None }
}

fn checksum(text: &str) -> Option<u128> {
    let hex = |b: u8| b.is_ascii_digit() || matches!(b, b'a'..=b'f');
    let all = text.len() == 32 && text.bytes().all(hex);
    if all { u128::from_str_radix(text, 16).ok() } else { None }
}

/// The text, if it is digits and nothing else: `parse` takes a sign too.
fn digits(text: &str) -> Option<&str> {
    let all = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if all { Some(text) } else { None }
}
