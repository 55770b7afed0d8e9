//! Any bytes as a manifest or tombstone: it parses, and says the same when it is written again, or
//! an error names the object and a field.

use lode::manifest::{Document, Expect};
use lode::{DatasetId, Error, SnapshotId};
use serde_json::Value;

const PATH: &str = "the/path/of/manifest.json";

pub fn run(data: &[u8]) {
    // As if it were read from where it says that it is.
    let json: Value = serde_json::from_slice(data).unwrap_or_default();
    let text = |field: &str| json.get(field).and_then(Value::as_str).map(str::to_owned);
    let dataset = text("dataset_id").and_then(|id| DatasetId::new(id).ok());
    let dataset = dataset.unwrap_or_else(|| DatasetId::new("d").unwrap());
    let id = text("snapshot_id").and_then(|id| id.parse().ok());
    let id = id.unwrap_or_else(|| SnapshotId::new(1).unwrap());
    for prefix in [format!("datasets/{dataset}/"), format!("{dataset}/")] {
        check(&Expect { dataset: &dataset, id, prefix: &prefix }, data);
    }
}

fn check(expect: &Expect<'_>, data: &[u8]) {
    let document = match Document::parse(PATH, expect, data) {
        Ok(document) => document,
        Err(Error::ManifestInvalid { path, field, reason }) => {
            assert_eq!(path, PATH);
            assert!(!field.is_empty() && !reason.is_empty());
            return;
        }
        Err(Error::UnsupportedVersion { path, .. }) => return assert_eq!(path, PATH),
        Err(other) => panic!("{other}"),
    };
    assert_eq!(document.snapshot_id(), expect.id);
    let written = match &document {
        Document::Live(manifest) => {
            assert!(manifest.files.iter().all(|file| file.path.starts_with(expect.prefix)));
            assert!(manifest.files.is_sorted_by(|a, b| a.path < b.path));
            let mut names = std::collections::HashSet::new();
            for attachment in &manifest.attachments {
                assert!(
                    attachment.path.starts_with(expect.prefix) && names.insert(&attachment.name)
                );
                for part in attachment.name.split('/').chain(attachment.path.split('/')) {
                    assert!(!matches!(part, "" | "." | "..") && !part.contains('\\'), "{part}");
                }
            }
            manifest.to_json()
        }
        Document::Tombstone(tombstone) => tombstone.to_json(),
    };
    let written = written.unwrap();
    let again = Document::parse(PATH, expect, &written).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(again, document);
}
