//! What a call left in the store: only what it was to put there.

use std::collections::BTreeMap;

use bytes::Bytes;
use lode::StagedBlock;
use xxhash_rust::xxh3::xxh3_128;

use super::reference::{Base, Block, Reference};
use super::slot::{Planned, VOLUME};

pub const FOLDER: &str = "volumes/disk/data/";

impl Reference {
    /// Takes in the objects that are new; each must be one of those planned, of the handle's session
    /// if it is known, or else of one that is new.
    pub fn learn(
        &mut self,
        objects: &BTreeMap<String, Bytes>,
        planned: &[Planned],
        base: Base,
        session: Option<&str>,
    ) {
        let sessions: Vec<_> = self.blocks.iter().map(|block| block.session.clone()).collect();
        let mut fresh: Option<String> = None;
        for (key, bytes) in objects {
            let Some(name) = key.strip_prefix(FOLDER) else { continue };
            if self.find(name).is_some() {
                continue;
            }
            let block = parse(name, bytes);
            let is_planned = planned.iter().any(|planned| {
                (planned.offset, &planned.bytes, planned.overwrite)
                    == (block.offset, &block.bytes, block.overwrite)
            });
            assert!(is_planned, "{name} was not to be stored");
            assert_eq!(block.base, base.number, "{name}");
            match session {
                Some(session) => assert_eq!(block.session, session, "{name}"),
                None => {
                    assert!(!sessions.contains(&block.session), "{name}: not a new session");
                    let fresh = fresh.get_or_insert_with(|| block.session.clone());
                    assert_eq!(*fresh, block.session, "{name}: a second session");
                }
            }
            self.blocks.push(block);
        }
    }

    pub fn find(&self, name: &str) -> Option<usize> {
        self.blocks.iter().position(|block| block.name == name)
    }

    /// The block that a call returned.
    pub fn returned(&self, block: &StagedBlock) -> usize {
        let name = name_of(block);
        let found = self.find(&name).unwrap_or_else(|| panic!("{name} is not stored"));
        let kept = &self.blocks[found];
        assert_eq!(block.range(), kept.range());
        assert_eq!(block.session().to_string(), kept.session);
        assert_eq!(block.is_overwrite(), kept.overwrite);
        assert_eq!(block.base().map_or(0, |id| id.get()), kept.base);
        assert_eq!(block.volume().as_str(), VOLUME);
        found
    }

    /// A block as it is sent to another process.
    pub fn sent(&self, block: usize) -> StagedBlock {
        let name = &self.blocks[block].name;
        serde_json::from_value(serde_json::json!({ "volume": VOLUME, "block": name })).unwrap()
    }
}

/// The name of its object.
pub fn name_of(block: &StagedBlock) -> String {
    let sent = serde_json::to_value(block).unwrap();
    sent["block"].as_str().unwrap().to_owned()
}

/// What a name says, which must be true.
fn parse(name: &str, bytes: &Bytes) -> Block {
    let parts: Vec<&str> = name.strip_suffix(".bin").unwrap().split('-').collect();
    let [offset, length, base, kind, session, seq, checksum] = parts[..] else {
        panic!("{name}: {} parts", parts.len());
    };
    assert_eq!((base.len(), session.len(), checksum.len()), (19, 32, 32), "{name}");
    assert!(seq.len() >= 5 && (kind == "w" || kind == "o"), "{name}");
    assert_eq!(length.parse::<usize>().unwrap(), bytes.len(), "{name}");
    assert_eq!(u128::from_str_radix(checksum, 16).unwrap(), xxh3_128(bytes), "{name}");
    Block {
        name: name.to_owned(),
        offset: offset.parse().unwrap(),
        bytes: bytes.to_vec(),
        overwrite: kind == "o",
        base: base.parse().unwrap(),
        session: session.to_owned(),
        seq: seq.parse().unwrap(),
    }
}
