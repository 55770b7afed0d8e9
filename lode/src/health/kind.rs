//! What keeping a history healthy needs to know of it, beside the protocol.

use std::future::Future;

use chrono::{DateTime, Utc};

use super::Examined;
use crate::checksum::Checksum;
use crate::commit::{Chain, History, Link, after};
use crate::error::{Error, Result};
use crate::manifest::Successor;
use crate::metadata::Metadata;

/// A dataset or a volume, as far as its objects and its content go.
pub(crate) trait Kind: Chain {
    /// The objects that a snapshot consists of, always in the same order. One may come several times.
    fn objects(manifest: &Self::Manifest) -> impl Iterator<Item = Object<'_>> + Send;

    /// Those of an expired snapshot.
    fn expired_objects(tombstone: &Self::Tombstone) -> impl Iterator<Item = &str> + Send;

    fn expired_at(tombstone: &Self::Tombstone) -> DateTime<Utc>;

    fn metadata(manifest: &Self::Manifest) -> &Metadata;

    /// Whether so much is named that a manifest of it is to be built in a job.
    fn is_large(manifest: &Self::Manifest) -> bool;

    /// Makes sure that a snapshot with this content can follow `head`.
    fn can_follow(content: &Self::Manifest, head: &Self::Manifest) -> Result<()>;

    /// This content as the child of `parent`, and its JSON.
    fn again(
        &self,
        content: &Self::Manifest,
        parent: &Self::Manifest,
        as_: Successor,
    ) -> Result<(Self::Manifest, Vec<u8>)>;

    /// The JSON of what is to stand in this manifest's place.
    fn tombstone(&self, manifest: &Self::Manifest, at: DateTime<Utc>) -> Result<Vec<u8>>;

    /// The folders in which objects lie that a clean-up may delete; they end in `/`.
    fn folders(&self) -> Vec<String>;

    /// The attempt that stored the object with this key, if a clean-up may delete it: the key is
    /// exactly one that lode gives.
    fn attempt_of(&self, key: &str) -> Option<Attempt>;

    /// Makes sure that the same name is not in use elsewhere in the store.
    fn check_elsewhere(history: &History<Self>) -> impl Future<Output = Result<()>> + Send;
}

/// An object that a manifest names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Object<'a> {
    pub(crate) path: &'a str,
    pub(crate) size: u64,
    /// The name of the algorithm, and the checksum.
    pub(crate) checksum: Option<(&'a str, &'a str)>,
    /// The names of how it is encoded, and compressed.
    pub(crate) format: [&'a str; 2],
    /// A hash of the schema of its records.
    pub(crate) schema: u128,
    pub(crate) rows: Option<u64>,
}

/// Who stored an object: a write, or a staging session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) id: u128,
    /// When it began, by its own clock.
    pub(crate) began: DateTime<Utc>,
}

/// Makes sure that this manifest may be built upon, or replaced.
pub(super) fn check_minor<C: Chain>(history: &History<C>, link: &dyn Link) -> Result<()> {
    let version = link.format_version();
    match version.is_newer_minor() {
        false => Ok(()),
        true => Err(Error::newer_minor(history.manifest_key(link.id()), version)),
    }
}

/// When a child of `parent` is made that is made now.
pub(super) fn child_time<C: Chain>(history: &History<C>, parent: &C::Manifest) -> DateTime<Utc> {
    after(parent.created_at()).max(history.store.now())
}

/// What the bytes of an object must hash to, as far as this program knows how; and how much of the
/// object it can judge.
pub(crate) fn known_checksum(said: Option<(&str, &str)>) -> (Option<(Checksum, String)>, Examined) {
    let Some((algorithm, checksum)) = said else { return (None, Examined::Wholly) };
    match Checksum::by_name(algorithm) {
        Ok(known) => (Some((known, checksum.to_owned())), Examined::Wholly),
        Err(_) => (None, Examined::Partly),
    }
}
