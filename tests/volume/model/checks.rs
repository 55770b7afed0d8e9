//! What must be true after every step.

use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;
use lode::{Error, Run, Volume};
use serde_json::{Value, json};

use super::learn::{FOLDER, name_of};
use super::slot::VOLUME;
use super::world::{World, manifest_id};
use crate::support::contents;

impl World {
    pub async fn check(&mut self, step: &str) {
        let stored = contents(&*self.inner).await;
        self.check_objects(&stored, step);
        let ids: Vec<u64> = stored.keys().filter_map(|key| manifest_id(key)).collect();
        let head = self.reference.head();
        assert_eq!(ids, (1..=head).collect::<Vec<_>>(), "{step}");
        for id in ids {
            let key = key_of(id);
            match self.stored.get(&key) {
                Some(before) => assert_eq!(*before, stored[&key], "{step}: {key} was changed"),
                None => self.check_manifest(id, &stored, step),
            }
        }
        self.stored = stored;
        self.check_handles(step);
        self.check_what_is_open(step).await;
    }

    /// Nothing is ever lost or changed, and nothing is there that nobody put.
    fn check_objects(&self, stored: &BTreeMap<String, Bytes>, step: &str) {
        for block in &self.reference.blocks {
            let found = stored.get(&format!("{FOLDER}{}", block.name));
            let found = found.unwrap_or_else(|| panic!("{step}: {} is gone", block.name));
            assert_eq!(*found, block.bytes, "{step}: {}", block.name);
        }
        for key in stored.keys() {
            let is_known = key == "volumes/disk/latest"
                || manifest_id(key).is_some()
                || key.strip_prefix(FOLDER).is_some_and(|name| self.reference.find(name).is_some());
            assert!(is_known, "{step}: what is {key}?");
        }
    }

    /// A manifest, read by hand; its blocks, read by hand.
    fn check_manifest(&self, id: u64, stored: &BTreeMap<String, Bytes>, step: &str) {
        let what = format!("{step}: snapshot {id}");
        let manifest: Value = serde_json::from_slice(&stored[&key_of(id)]).unwrap();
        let kept = &self.reference.snapshots[id as usize - 1];
        let parent = manifest.get("parent_snapshot_id").cloned();
        assert_eq!(manifest["snapshot_id"], format!("{id:019}"), "{what}");
        assert_eq!(parent, (id > 1).then(|| json!(format!("{:019}", id - 1))), "{what}");
        assert_eq!(manifest["volume_id"], VOLUME, "{what}");
        assert_eq!(manifest["operation"], "commit", "{what}");
        assert_eq!(manifest["metadata"], json!({ "commit": kept.commit }), "{what}");
        assert_eq!(manifest["total_length"], kept.bytes.len(), "{what}");

        let blocks: Vec<Shown> = manifest["blocks"].as_array().unwrap().iter().map(shown).collect();
        let mut bytes: Vec<Option<u8>> = vec![None; kept.bytes.len()];
        let mut at = 0;
        for block in &blocks {
            assert!(block.range.start >= at && block.range.end > block.range.start, "{what}");
            assert!(block.range.end <= kept.bytes.len() as u64, "{what}");
            at = block.range.end;
            let object = &stored[&block.key];
            assert_eq!(block.object_length, object.len(), "{what}: {}", block.key);
            let checksum = format!("{:032x}", xxhash_rust::xxh3::xxh3_128(object));
            assert_eq!(block.checksum, checksum, "{what}: {}", block.key);
            for (place, at) in block.range.clone().enumerate() {
                bytes[at as usize] = Some(object[block.skip + place]);
            }
        }
        assert_eq!(bytes, self.expected_bytes(id), "{what}: other bytes");
        // Exactly the blocks that there must be: none is split for nothing.
        let expected: Vec<_> = self.reference.shown(id).into_iter().map(|(range, _)| range).collect();
        let found: Vec<_> = blocks.iter().map(|block| block.range.clone()).collect();
        assert_eq!(found, expected, "{what}");
        let is_split = blocks.iter().any(|block| block.is_part);
        let version = if is_split { "2.0.0" } else { "1.1.0" };
        assert_eq!(manifest["format_version"], version, "{what}");
        if id > 1 {
            let before = self.expected_bytes(id - 1);
            let uncovered = before.iter().zip(&bytes).any(|(a, b)| a.is_some() && b.is_none());
            assert!(!uncovered, "{what}: its parent covers more");
            let parent: Value = serde_json::from_slice(&stored[&key_of(id - 1)]).unwrap();
            let time = |value: &Value| {
                let text = value["created_at"].as_str().unwrap().to_owned();
                chrono::DateTime::parse_from_rfc3339(&text).unwrap()
            };
            assert!(time(&manifest) > time(&parent), "{what}: not younger than its parent");
        }
    }

    /// What the snapshot's bytes must be.
    pub fn expected_bytes(&self, id: u64) -> Vec<Option<u8>> {
        let bytes = self.reference.bytes(id).iter();
        bytes.map(|byte| byte.map(|byte| self.reference.blocks[byte.block].bytes[byte.place])).collect()
    }

    /// What the handles say is staged.
    fn check_handles(&self, step: &str) {
        for slot in &self.slots {
            let Some((staged, held)) = &slot.staged else { continue };
            let mut expected: Vec<usize> = held.blocks.iter().copied().collect();
            expected.sort_by_key(|&block| self.reference.blocks[block].offset);
            let names = expected.iter().map(|&block| self.reference.blocks[block].name.clone());
            let found: Vec<_> = staged.staged_blocks().iter().map(name_of).collect();
            assert_eq!(found, names.collect::<Vec<_>>(), "{step}");
            assert_eq!(staged.session().to_string(), held.session, "{step}");
            assert_eq!(staged.total_length(), held.base.length, "{step}");
            let mut is_covered = vec![false; held.base.length as usize];
            for (i, byte) in self.reference.bytes(held.base.number).iter().enumerate() {
                is_covered[i] = byte.is_some();
            }
            for at in expected.iter().flat_map(|&block| self.reference.blocks[block].range()) {
                is_covered[at as usize] = true;
            }
            assert_eq!(staged.coverage(), runs_of(&is_covered, true), "{step}");
        }
    }

    /// What a process sees that knows nothing.
    async fn check_what_is_open(&self, step: &str) {
        let store = lode::Store::from(std::sync::Arc::clone(&self.inner));
        let volume = Volume::create(&store, VOLUME, 1).unwrap();
        let sessions = volume.sessions().await.unwrap();
        let found: BTreeMap<String, Vec<String>> = sessions
            .iter()
            .map(|session| (session.id.to_string(), session.blocks.iter().map(name_of).collect()))
            .collect();
        let sorted = |mut sessions: BTreeMap<String, Vec<String>>| {
            // Two resumers can give one place and number to different bytes.
            sessions.values_mut().for_each(|names| names.sort());
            sessions
        };
        assert_eq!(sorted(found), sorted(self.reference.sessions()), "{step}");
        let latest = volume.latest().await.unwrap();
        let head = latest.as_ref().map_or(0, |latest| latest.snapshot_id().get());
        assert_eq!(head, self.reference.head(), "{step}");
        if let Some(latest) = latest {
            self.check_snapshot(&latest, step).await;
        }
    }

    /// Every snapshot, as lode reads it.
    pub async fn check_reads(&self) {
        let store = lode::Store::from(std::sync::Arc::clone(&self.inner));
        for id in 1..=self.reference.head() {
            let number = lode::VolumeSnapshotId::new(id).unwrap();
            let volume = Volume::open_at(&store, VOLUME, number).await.unwrap();
            self.check_snapshot(&volume, "at the end").await;
        }
    }

    async fn check_snapshot(&self, volume: &Volume<lode::Committed>, step: &str) {
        let id = volume.snapshot_id().get();
        let bytes = self.expected_bytes(id);
        let is_there: Vec<bool> = bytes.iter().map(Option::is_some).collect();
        assert_eq!(volume.coverage(), runs_of(&is_there, true), "{step}: snapshot {id}");
        assert_eq!(volume.gaps(), runs_of(&is_there, false), "{step}: snapshot {id}");
        for run in volume.runs() {
            match run {
                Run::Data(range) => {
                    let found = volume.read_at(range.clone()).await.unwrap();
                    let expected = &bytes[range.start as usize..range.end as usize];
                    let found: Vec<_> = found.iter().copied().map(Some).collect();
                    assert_eq!(found, expected, "{step}: snapshot {id}, {range:?}");
                }
                Run::Gap(range) => {
                    // One byte more on each side.
                    let wide = range.start.saturating_sub(1)..(range.end + 1).min(bytes.len() as u64);
                    let error = volume.read_at(wide.clone()).await.unwrap_err();
                    let Error::RangeMissing { gaps, .. } = error else { panic!("{error}") };
                    assert_eq!(gaps, [range], "{step}: snapshot {id}, {wide:?}");
                }
            }
        }
    }
}

/// A block of a manifest.
struct Shown {
    range: Range<u64>,
    key: String,
    skip: usize,
    object_length: usize,
    checksum: String,
    is_part: bool,
}

fn shown(block: &Value) -> Shown {
    let number = |name: &str| block[name].as_u64().unwrap_or_else(|| panic!("{name} of {block}"));
    let (offset, length) = (number("offset"), number("length"));
    let is_part = block.get("object").is_some();
    let name = if is_part { "object" } else { "path" };
    assert_ne!(block.get("object").is_some(), block.get("path").is_some(), "{block}");
    assert!(block.get("checksum_algorithm").is_none(), "{block}");
    Shown {
        range: offset..offset + length,
        key: block[name].as_str().unwrap().to_owned(),
        skip: if is_part { number("path_offset") as usize } else { 0 },
        object_length: if is_part { number("object_length") } else { length } as usize,
        checksum: block["checksum"].as_str().unwrap().to_owned(),
        is_part,
    }
}

/// The ranges in which all are so.
fn runs_of(flags: &[bool], so: bool) -> Vec<Range<u64>> {
    let mut runs: Vec<Range<u64>> = Vec::new();
    for (at, _) in (0..).zip(flags).filter(|(_, flag)| **flag == so) {
        match runs.last_mut() {
            Some(run) if run.end == at => run.end += 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

fn key_of(id: u64) -> String {
    format!("volumes/disk/snapshots/{id:019}/manifest.json")
}
