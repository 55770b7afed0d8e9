//! The version of the format.

use std::fmt;

use serde::{Serialize, Serializer};

/// The version of the format that a manifest is written in.
///
/// A reader that knows a major version reads every minor version of it correctly; a writer builds
/// only upon minor versions that it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FormatVersion {
    /// Differs where an older reader would read wrong data.
    pub major: u32,
    /// Differs where an older writer would lose something.
    pub minor: u32,
    /// Means nothing to programs.
    pub patch: u32,
}

impl FormatVersion {
    /// What Go Lode 0.9 writes.
    pub const GO: Self = Self::new(1, 0);

    /// What lode writes at least.
    pub const BASE: Self = Self::of(false, 0);

    /// How many of lode's revisions of each major version are known.
    const NEWEST_REVISION: u32 = 1;

    /// From this revision on manifests can have attachments.
    const ATTACHMENTS: u32 = 1;

    const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor, patch: 0 }
    }

    /// lode's revisions are `1.1.0`, `1.2.0` and, with what a reader of version 1 would misread,
    /// `2.0.0`, `2.1.0`.
    const fn of(breaking: bool, revision: u32) -> Self {
        if breaking { Self::new(2, revision) } else { Self::new(1, revision + 1) }
    }

    const fn revision(self) -> u32 {
        if self.major == 1 { self.minor.saturating_sub(1) } else { self.minor }
    }

    /// The version to write a manifest in. `parent` is that of its parent, whose revision its
    /// children keep.
    pub(crate) fn to_write(breaking: bool, attachments: bool, parent: Option<Self>) -> Self {
        let needed = if attachments { Self::ATTACHMENTS } else { 0 };
        Self::of(breaking, needed.max(parent.map_or(0, Self::revision)))
    }

    /// Whether Go Lode wrote it.
    #[must_use]
    pub const fn is_go(self) -> bool {
        self.major == 1 && self.minor == 0
    }

    /// Whether this version of lode can read it.
    #[must_use]
    pub const fn is_known(self) -> bool {
        matches!(self.major, 1 | 2)
    }

    /// Whether it is readable, but by a later minor version that must not be built upon.
    #[must_use]
    pub const fn is_newer_minor(self) -> bool {
        self.is_known() && self.revision() > Self::NEWEST_REVISION
    }

    /// Whether files can have a codec, compressor or checksum algorithm of their own.
    pub(crate) const fn has_overrides(self) -> bool {
        self.major >= 2
    }

    /// Whether a volume's block can be a part of an object.
    pub(crate) const fn has_split_blocks(self) -> bool {
        self.major >= 2
    }

    pub(crate) const fn has_attachments(self) -> bool {
        !self.is_go() && self.revision() >= Self::ATTACHMENTS
    }

    /// Three numbers with dots between.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let mut next = || {
            let digits = parts.next()?;
            let plain = digits.bytes().all(|b| b.is_ascii_digit());
            let plain = plain && (digits == "0" || !digits.starts_with('0'));
            if plain { digits.parse().ok() } else { None }
        };
        let version = Self { major: next()?, minor: next()?, patch: next()? };
        if parts.next().is_none() { Some(version) } else { None }
    }
}

impl fmt::Display for FormatVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl Serialize for FormatVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
