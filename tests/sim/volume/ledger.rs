//! What was staged, what was tried, and what was told.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};

use lode::testing::sim::World;
use lode::{Staged, Volume};

use crate::sim::Told;
use crate::support::get;

pub const LEN: u64 = 64;

/// What a snapshot shows: at each byte the token that is its value, or a gap.
pub type Content = Vec<Option<u8>>;

/// Shared by all processes of a world.
#[derive(Clone, Default)]
pub struct Ledger(Arc<Mutex<Inner>>);

#[derive(Default)]
pub struct Inner {
    /// Where each token was to be staged, from token 1 on: all bytes of a block have its value.
    pub planned: Vec<Range<u64>>,
    pub attempts: Vec<Attempt>,
    /// What readers found, by snapshot.
    pub seen: BTreeMap<u64, Content>,
}

/// One call of `commit`.
#[derive(Debug)]
pub struct Attempt {
    pub blocks: Vec<Block>,
    /// The snapshot that is restored, if one is.
    pub restores: Option<u64>,
    pub told: Told,
}

#[derive(Debug, Clone)]
pub struct Block {
    pub path: String,
    pub range: Range<u64>,
    pub is_overwrite: bool,
    /// What its object holds; `None` if it is gone.
    pub token: Option<u8>,
}

impl Ledger {
    /// The bytes of a block to be staged.
    pub fn plan(&self, range: Range<u64>) -> Vec<u8> {
        let mut inner = self.inner();
        let len = range.end - range.start;
        inner.planned.push(range);
        vec![u8::try_from(inner.planned.len()).unwrap(); len as usize]
    }

    /// A new attempt's number.
    pub async fn begin(&self, world: &World, staged: &Volume<Staged>) -> u64 {
        let disk = world.disk();
        let mut blocks = Vec::new();
        for block in staged.staged_blocks() {
            let (path, range) = (block.path(), block.range());
            let object = get(&**disk.object_store(), &path).await;
            let token = object.map(|bytes| {
                assert!(bytes.iter().all(|byte| *byte == bytes[0]), "{path} was torn");
                assert_eq!(bytes.len() as u64, range.end - range.start);
                bytes[0]
            });
            blocks.push(Block { path, range, is_overwrite: block.is_overwrite(), token });
        }
        let mut inner = self.inner();
        inner.attempts.push(Attempt { blocks, restores: None, told: Told::Nothing });
        inner.attempts.len() as u64 - 1
    }

    /// A new attempt to restore a snapshot.
    pub fn begin_to_restore(&self, of: u64) -> u64 {
        let mut inner = self.inner();
        let (blocks, restores) = (Vec::new(), Some(of));
        inner.attempts.push(Attempt { blocks, restores, told: Told::Nothing });
        inner.attempts.len() as u64 - 1
    }

    pub fn tell(&self, n: u64, told: Told) {
        self.inner().attempts[n as usize].told = told;
    }

    /// A reader found this: always the same, whoever reads, and only what was staged there.
    pub fn see(&self, id: u64, content: Content) {
        let mut inner = self.inner();
        for (at, token) in (0..).zip(&content) {
            let Some(token) = token else { continue };
            let planned = inner.planned.get(usize::from(*token).wrapping_sub(1));
            assert!(
                planned.is_some_and(|range| range.contains(&at)),
                "snapshot {id}, byte {at}: {token} was never staged there"
            );
        }
        let before = inner.seen.entry(id).or_insert_with(|| content.clone());
        assert_eq!(*before, content, "snapshot {id} has changed");
    }

    pub fn acknowledged(&self) -> u64 {
        let inner = self.inner();
        inner.attempts.iter().filter_map(|attempt| attempt.told.committed()).max().unwrap_or(0)
    }

    pub fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }
}
