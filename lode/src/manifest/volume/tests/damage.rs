//! Whatever is done to a manifest of a volume, reading it gives a valid one or a precise error.

use super::*;
use crate::manifest::tests::damage::damaged;

/// Checks that the outcome is a manifest that obeys the rules, or an error that names the object
/// and a field.
fn check(manifest: &VolumeManifest, json: &[u8]) {
    match parse_as(manifest, json) {
        Ok(document) => {
            let (text, blocks, end) = match &document {
                VolumeDocument::Live(back) => {
                    (back.to_json().unwrap(), &back.blocks, back.total_length)
                }
                VolumeDocument::Tombstone(back) => {
                    (back.to_json().unwrap(), &back.expired_blocks, i64::MAX as u64)
                }
            };
            assert_eq!(parse_as(manifest, &text).unwrap(), document);
            assert!(blocks.is_sorted_by(|a, b| a.offset + a.length <= b.offset));
            assert!(blocks.iter().all(|block| block.length > 0 && block.range().end <= end));
            for block in blocks {
                assert!(block.path_offset + block.length <= block.object_length);
            }
        }
        Err(Error::ManifestInvalid { path, field, reason }) => {
            assert_eq!(path, build::place(&manifest.volume_id, manifest.snapshot_id));
            assert!(!field.is_empty() && !reason.is_empty());
        }
        Err(Error::UnsupportedVersion { .. }) => {}
        Err(other) => panic!("{other}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn every_field_dropped_or_replaced(manifest in arbitrary::volume_manifest()) {
        let tombstone = manifest.expire(manifest.created_at).unwrap();
        let json = [manifest.to_json().unwrap(), tombstone.to_json().unwrap()];
        json.iter().flat_map(|json| damaged(json)).for_each(|json| check(&manifest, &json));
    }

    #[test]
    fn cut_at_any_byte(manifest in arbitrary::volume_manifest()) {
        let json = manifest.to_json().unwrap();
        for end in 0..json.len() {
            match parse_as(&manifest, &json[..end]) {
                Err(Error::ManifestInvalid { field, .. }) => prop_assert!(!field.is_empty()),
                other => panic!("cut at {end}: {other:?}"),
            }
        }
    }

    #[test]
    fn bytes_changed(
        manifest in arbitrary::volume_manifest(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..200),
    ) {
        let json = manifest.to_json().unwrap();
        for (at, byte) in changes {
            let mut damaged = json.clone();
            damaged[at.index(json.len())] = byte;
            check(&manifest, &damaged);
        }
    }
}

proptest! {
    #[test]
    fn any_bytes(bytes: Vec<u8>) {
        prop_assert!(parse_as(&sample(), &bytes).is_err());
    }

    #[test]
    fn any_json_like_text(text in r#"[\[\]{}:,"a-z0-9.\\ -]{0,200}"#) {
        prop_assert!(parse_as(&sample(), text.as_bytes()).is_err());
    }

    #[test]
    fn any_numbers(numbers in proptest::array::uniform6(number())) {
        let mut json: serde_json::Value =
            serde_json::from_slice(&split().to_json().unwrap()).unwrap();
        let [total_length, offset, length, path_offset, object_length, last] = numbers;
        json["total_length"] = total_length.into();
        json["blocks"][2]["offset"] = offset.into();
        json["blocks"][2]["length"] = length.into();
        json["blocks"][2]["path_offset"] = path_offset.into();
        json["blocks"][2]["object_length"] = object_length.into();
        json["blocks"][4]["object_length"] = last.into();
        check(&split(), &serde_json::to_vec(&json).unwrap());
    }
}

/// Numbers at the edges of what is allowed, and near those of the sample.
fn number() -> impl Strategy<Value = u64> {
    const MOST: u64 = i64::MAX as u64;
    let edges = [0, 1, 100, 900, 1000, 8192, 8292, MIB, MOST, MOST + 1, u64::MAX - 1, u64::MAX];
    prop_oneof![4 => proptest::sample::select(edges.to_vec()), 1 => any::<u64>()]
}
