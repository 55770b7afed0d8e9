//! Strategies for valid manifests of volumes, for property tests.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use uuid::Uuid;

use super::{BlockRef, VolumeManifest};
use crate::id::{SessionId, VolumeId, VolumeSnapshotId};
use crate::manifest::Operation;
use crate::manifest::arbitrary::{checksum, gc_ref, metadata, time, write_id};

/// Any manifest of a volume that lode can write.
pub(crate) fn volume_manifest() -> impl Strategy<Value = VolumeManifest> {
    let ids = (volume_id(), 1..i64::MAX as u64, write_id(), operation());
    let rest = (time(), metadata(), option::of(gc_ref()), option::of(any::<String>()));
    let runs = vec((0..1_u64 << 40, run()), 0..5);
    (ids, rest, runs, 0..1_u64 << 40).prop_map(|(ids, rest, runs, end_gap)| {
        let (volume, id, write_id, operation) = ids;
        let mut manifest = VolumeManifest::draft(volume.clone(), write_id, operation, 1);
        manifest.snapshot_id = VolumeSnapshotId::new(id).unwrap();
        manifest.parent_snapshot_id = VolumeSnapshotId::new(id - 1).ok();
        (manifest.created_at, manifest.metadata, manifest.last_gc, manifest.idempotency_key) = rest;
        let mut end = 0;
        for (gap, run) in runs {
            let offset = end + gap % 3 * gap;
            end = offset + run.lengths.iter().sum::<u64>();
            manifest.blocks.extend(run.blocks(&volume, offset));
        }
        manifest.total_length = (end + end_gap).max(1);
        manifest.finish(None).unwrap()
    })
}

/// A run of bytes that was staged as one, and what is left of it at both ends.
#[derive(Debug, Clone)]
struct Run {
    /// What is left at the beginning, what is gone, and what is left at the end; all is left if
    /// nothing is gone.
    lengths: [u64; 3],
    session: SessionId,
    seq: u32,
    checksum: String,
    by: By,
}

/// Who staged it.
#[derive(Debug, Clone)]
enum By {
    Lode,
    Go { is_checked: bool },
    Algorithm(&'static str),
}

impl Run {
    fn blocks(self, volume: &VolumeId, offset: u64) -> Vec<BlockRef> {
        let length: u64 = self.lengths.iter().sum();
        let name = match &self.by {
            By::Go { .. } => format!("{offset}-{length}"),
            _ => {
                let (session, seq, checksum) = (self.session, self.seq, &self.checksum);
                format!("{offset}-{length}-{:019}-o-{session}-{seq:05}-{checksum}", 7)
            }
        };
        let whole = BlockRef {
            offset,
            length,
            path: format!("volumes/{volume}/data/{name}.bin"),
            path_offset: 0,
            object_length: length,
            checksum: (!matches!(self.by, By::Go { is_checked: false })).then_some(self.checksum),
            checksum_algorithm: match self.by {
                By::Lode | By::Go { is_checked: false } => None,
                By::Go { is_checked: true } => Some("md5".to_owned()),
                By::Algorithm(name) => Some(name.to_owned()),
            },
        };
        let [first, gone, last] = self.lengths;
        if gone == 0 {
            return vec![whole];
        }
        let part = |path_offset: u64, length: u64| BlockRef {
            offset: offset + path_offset,
            length,
            path_offset,
            ..whole.clone()
        };
        let parts = [part(0, first), part(first + gone, last)];
        parts.into_iter().filter(|block| block.length > 0).collect()
    }
}

fn run() -> impl Strategy<Value = Run> {
    let length = || prop_oneof![Just(0), 1..100_u64, 1..1_u64 << 40];
    let lengths = [length(), length(), length()];
    let by = prop_oneof![
        4 => Just(By::Lode),
        2 => any::<bool>().prop_map(|is_checked| By::Go { is_checked }),
        1 => Just(By::Algorithm("xxh3-128")),
        1 => Just(By::Algorithm("crc-of-mine")),
    ];
    (lengths, any::<u128>(), 0..100_000_u32, checksum(), by).prop_map(
        |(mut lengths, session, seq, checksum, by)| {
            if lengths == [0; 3] {
                lengths[0] = 1;
            }
            Run { lengths, session: SessionId::new(Uuid::from_u128(session)), seq, checksum, by }
        },
    )
}

fn volume_id() -> impl Strategy<Value = VolumeId> {
    "[A-Za-z0-9_-][A-Za-z0-9._-]{0,30}".prop_filter_map("reserved", |name| VolumeId::new(name).ok())
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![Just(Operation::Commit), Just(Operation::Restore), Just(Operation::Gc)]
}
