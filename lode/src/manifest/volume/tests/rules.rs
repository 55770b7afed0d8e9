//! Each rule, with the field that its error names.

use serde_json::{Value, json};

use super::*;

fn edited(json: &[u8], edit: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut json: Value = serde_json::from_slice(json).unwrap();
    edit(&mut json);
    serde_json::to_vec(&json).unwrap()
}

/// The field and reason of the error that reading the sample with split blocks gives after `edit`.
fn refused(edit: impl FnOnce(&mut Value)) -> (String, String) {
    let manifest = split();
    match parse_as(&manifest, &edited(&manifest.to_json().unwrap(), edit)) {
        Err(Error::ManifestInvalid { path, field, reason }) => {
            assert_eq!(path, "volumes/disk/snapshots/0000000000000000002/manifest.json");
            (field, reason)
        }
        other => panic!("{other:?}"),
    }
}

/// Sets what a JSON pointer names, whose parent exists.
fn set(json: &mut Value, pointer: &str, value: Value) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match json.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
        parent => parent[key] = value,
    }
}

/// Asserts that setting `pointer` to `value` is refused at `field` for a reason that holds `words`.
fn set_refused(pointer: &str, value: Value, field: &str, words: &str) {
    let shown = format!("{pointer} = {value}");
    let (found, reason) = refused(|json| set(json, pointer, value));
    assert_eq!(found, field, "{shown}: {reason}");
    assert!(reason.contains(words), "{shown}: {reason}");
}

#[test]
fn every_required_field_is_missed_by_name() {
    let required = [
        "schema_name",
        "format_version",
        "volume_id",
        "snapshot_id",
        "created_at",
        "metadata",
        "total_length",
        "blocks",
        "parent_snapshot_id",
        "write_id",
        "operation",
        "writer",
        "blocks[0].offset",
        "blocks[0].length",
        "blocks[0].path",
        "blocks[0].checksum",
        "blocks[2].path_offset",
        "blocks[2].object_length",
    ];
    for field in required {
        let pointer = format!("/{}", field.replace(['.', '['], "/").replace(']', ""));
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let (found, reason) = refused(|json| {
            json.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key).unwrap();
        });
        assert_eq!(found, field, "{reason}");
        assert!(reason.starts_with("is missing"), "{field} {reason}");
        // Null is not a value either.
        let (found, reason) = refused(|json| set(json, &pointer, Value::Null));
        assert_eq!(found, field, "{reason}");
        assert!(reason.contains("null"), "{field} {reason}");
    }
    for field in ["checksum_algorithm", "last_gc", "idempotency_key"] {
        set_refused(&format!("/{field}"), Value::Null, field, "is null");
    }
    for field in ["object", "path_offset", "object_length", "checksum_algorithm"] {
        let named = format!("blocks[0].{field}");
        set_refused(&format!("/blocks/0/{field}"), Value::Null, &named, "is null");
    }
}

#[test]
fn a_wrong_type_is_named() {
    set_refused("/total_length", json!("20"), "total_length", "expected u64 at line 1");
    set_refused("/total_length", json!(-1), "total_length", "expected u64");
    set_refused("/blocks", json!("gone"), "blocks", "expected an array");
    set_refused("/blocks/1", json!([0, 1]), "blocks[1]", "expected an object");
    set_refused("/blocks/1/offset", json!(1.0), "blocks[1].offset", "expected u64");
    set_refused("/blocks/1/path", json!(1), "blocks[1].path", "expected a string");
    set_refused("/metadata", json!([]), "metadata", "expected a map");
    let json = String::from_utf8(sample().to_json().unwrap()).unwrap();
    let twice = json.replacen("\"offset\": 0", "\"offset\": 0, \"offset\": 0", 1);
    let error = parse_as(&sample(), twice.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("duplicate field `offset`"), "{error}");
}

#[test]
fn keys_are_read_with_escapes_too() {
    let manifest = sample();
    let json = String::from_utf8(manifest.to_json().unwrap()).unwrap();
    let escaped = json.replace("\"offset\"", r#""\u006fffs\u0065t""#);
    assert_ne!(escaped, json);
    let back = parse_as(&manifest, escaped.as_bytes()).unwrap();
    assert_eq!(back, VolumeDocument::Live(manifest));
}

#[test]
fn ids_are_those_of_the_place() {
    set_refused("/schema_name", json!("lode-manifest"), "schema_name", "lode-volume-manifest");
    set_refused("/volume_id", json!("tape"), "volume_id", "is \"tape\", not `disk`");
    set_refused("/snapshot_id", json!("0000000000000000003"), "snapshot_id", "is 3, not 2");
    set_refused("/snapshot_id", json!("2"), "snapshot_id", "19 digits");
    for parent in ["0000000000000000002", "0000000000000000003"] {
        set_refused("/parent_snapshot_id", json!(parent), "parent_snapshot_id", "parent");
    }
    set_refused("/write_id", json!("x"), "write_id", "lower-case");
    set_refused("/last_gc", json!("1-2"), "last_gc", "19 digits");
    set_refused("/created_at", json!("2026-11-22T08:04:59+01:00"), "created_at", "UTC");
    set_refused("/format_version", json!("2"), "format_version", "three numbers");
}

#[test]
fn operations_are_those_of_volumes() {
    for call in ["write", "append", "replace_partitions", "merge", ""] {
        set_refused("/operation", json!(call), "operation", "not known");
    }
    let manifest = sample();
    let with = |version: &str, call: &str| {
        let json = edited(&manifest.to_json().unwrap(), |json| {
            json["format_version"] = json!(version);
            json["operation"] = json!(call);
            json["blocks"][0]["compressed"] = json!({"by": 3});
        });
        parse_as(&manifest, &json).and_then(VolumeDocument::into_live)
    };
    for call in ["commit", "restore", "gc"] {
        assert_eq!(with("1.1.0", call).unwrap().operation.unwrap().as_str(), call);
    }
    let newer = with("1.9.0", "merge").unwrap();
    assert_eq!(newer.operation, Some(Operation::Later("merge".to_owned())));
    assert!(newer.is_newer_minor());
    assert!(with("1.9.0", "append").is_err());
    match with("3.0.0", "merge") {
        Err(Error::UnsupportedVersion { found, .. }) => assert_eq!(found, "3.0.0"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn lengths() {
    let beyond = i64::MAX as u64 + 1;
    set_refused("/total_length", json!(0), "total_length", "is 0, not from 1 to");
    set_refused("/total_length", json!(beyond), "total_length", "is 9223372036854775808");
    set_refused("/total_length", json!(9191), "blocks[4].length", "the volume has 9191 bytes");
    let manifest = split();
    for length in [9192, beyond - 1] {
        let json =
            edited(&manifest.to_json().unwrap(), |json| json["total_length"] = json!(length));
        let back = parse_as(&manifest, &json).unwrap().into_live().unwrap();
        assert_eq!(back.total_length, length);
    }
}

#[test]
fn blocks_are_sorted_disjoint_and_inside() {
    set_refused("/blocks/0/length", json!(0), "blocks[0].length", "is 0");
    set_refused("/blocks/0/length", json!(4097), "blocks[1].offset", "before it ends at 4097");
    set_refused("/blocks/1/offset", json!(4095), "blocks[1].offset", "is 4095, but");
    set_refused("/blocks/4/offset", json!(100), "blocks[4].offset", "not in sorted order");
    set_refused("/blocks/4/offset", json!(u64::MAX), "blocks[4].length", "at offset 1844");
    set_refused("/blocks/3/length", json!(u64::MAX), "blocks[3].length", "is 1844");
    let (field, _) = refused(|json| json["blocks"].as_array_mut().unwrap().swap(0, 1));
    assert_eq!(field, "blocks[1].offset");
}

#[test]
fn paths_stay_inside_the_volumes_data() {
    let bad = [
        "",
        "volumes/disk/data",
        "volumes/disk/data/",
        "volumes/disk/latest",
        "volumes/disk/gc/x.json",
        "volumes/disk/snapshots/0000000000000000001/manifest.json",
        "volumes/disk2/data/x",
        "datasets/disk/data/x",
        "/volumes/disk/data/x",
        "volumes/disk/data//x",
        "volumes/disk/data/../latest",
        "volumes/disk/data/./x",
        "volumes/disk/data/a\\..\\x",
        "volumes/disk/data/a\nb",
    ];
    for path in bad {
        set_refused("/blocks/0/path", json!(path), "blocks[0].path", "which");
        set_refused("/blocks/2/object", json!(path), "blocks[2].object", "which");
    }
}

#[test]
fn parts_of_objects() {
    let both = |json: &mut Value| json["blocks"][2]["path"] = json!("volumes/disk/data/x");
    assert_eq!(refused(both).0, "blocks[2].path");
    let neither = |json: &mut Value| {
        let block = json["blocks"][2].as_object_mut().unwrap();
        for name in ["object", "path_offset", "object_length"] {
            block.remove(name).unwrap();
        }
    };
    assert_eq!(refused(neither), ("blocks[2].path".to_owned(), "is missing".to_owned()));
    for field in ["path_offset", "object_length"] {
        let named = format!("blocks[0].{field}");
        set_refused(&format!("/blocks/0/{field}"), json!(0), &named, "without `object`");
    }
    let whole = |json: &mut Value| {
        json["blocks"][2]["object_length"] = json!(100);
    };
    let (field, reason) = refused(whole);
    assert_eq!(field, "blocks[2].object", "{reason}");
    assert!(reason.contains("whole"), "{reason}");

    set_refused("/blocks/4/path_offset", json!(901), "blocks[4].path_offset", "1000 bytes");
    set_refused("/blocks/4/path_offset", json!(u64::MAX), "blocks[4].path_offset", "1000 bytes");
    let long = json!(i64::MAX as u64 + 1);
    set_refused("/blocks/2/object_length", long, "blocks[2].object_length", "is the most");
    set_refused("/blocks/4/object_length", json!(1001), "blocks[4].object_length", "it has 1000");
    for version in ["1.1.0", "1.2.0", "1.9.0"] {
        set_refused("/format_version", json!(version), "blocks[2].object", "which has only `path`");
    }
}

#[test]
fn checksums() {
    let upper = "A".repeat(32);
    set_refused("/blocks/0/checksum", json!(upper), "blocks[0].checksum", "lower-case hex");
    set_refused("/blocks/0/checksum", json!(""), "blocks[0].checksum", "lower-case hex");
    set_refused("/blocks/0/checksum", json!("ab"), "blocks[0].checksum", "has 2 digits, not 32");
    set_refused("/blocks/0/checksum_algorithm", json!("sha256"), "blocks[0].checksum", "not 64");
    set_refused("/checksum_algorithm", json!(""), "checksum_algorithm", "is empty");
    let named = "blocks[0].checksum_algorithm";
    set_refused("/blocks/0/checksum_algorithm", json!(""), named, "is empty");
    let (field, reason) = refused(|json| {
        json.as_object_mut().unwrap().remove("checksum_algorithm").unwrap();
    });
    assert_eq!(field, "blocks[0].checksum");
    assert!(reason.contains("not named"), "{reason}");
    // Parts of one object have its checksum.
    let other = json!("f".repeat(32));
    set_refused("/blocks/4/checksum", other, "blocks[4].checksum", "the same object");
    set_refused("/blocks/4/checksum_algorithm", json!("md5"), "blocks[4].checksum", "another");

    // What Go staged can be without, in lode's manifests too; an unknown algorithm is not wrong.
    let manifest = split();
    let json = edited(&manifest.to_json().unwrap(), |json| {
        let block = json["blocks"][0].as_object_mut().unwrap();
        block.remove("checksum").unwrap();
        block["path"] = json!("volumes/disk/data/0-4096.bin");
        json["blocks"][1]["checksum_algorithm"] = json!("crc-of-mine");
        json["blocks"][1]["checksum"] = json!("abc");
    });
    let back = parse_as(&manifest, &json).unwrap().into_live().unwrap();
    assert_eq!(back.blocks[0].checksum_in(&back), None);
    assert_eq!(back.blocks[1].checksum_in(&back), Some(("crc-of-mine", "abc")));
}

#[test]
fn one_object_has_one_length() {
    let manifest = sample();
    let json = edited(&manifest.to_json().unwrap(), |json| {
        json["blocks"][1]["path"] = json["blocks"][0]["path"].clone();
        json["blocks"][1]["checksum"] = json["blocks"][0]["checksum"].clone();
    });
    match parse_as(&manifest, &json) {
        Err(Error::ManifestInvalid { field, reason, .. }) => {
            assert_eq!(field, "blocks[1].length");
            assert!(reason.contains("for another block it has 4096"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn go_versions_have_nothing_of_lodes() {
    let (manifest, bytes) = golden::disk().remove(0);
    let with = |edit: fn(&mut Value)| match parse_as(&manifest, &edited(&bytes, edit)) {
        Ok(_) => String::new(),
        Err(Error::ManifestInvalid { field, .. }) => field,
        Err(other) => panic!("{other}"),
    };
    assert_eq!(with(|json| json["blocks"][0]["checksum"] = Value::Null), "");
    assert_eq!(with(|json| json["parent_snapshot_id"] = Value::Null), "");
    let algorithm = "blocks[0].checksum_algorithm";
    assert_eq!(with(|json| json["blocks"][0]["checksum_algorithm"] = json!("md5")), algorithm);
    let object = |json: &mut Value| {
        let path = json["blocks"][0].as_object_mut().unwrap().remove("path").unwrap();
        json["blocks"][0]["object"] = path;
        json["blocks"][0]["path_offset"] = json!(1);
        json["blocks"][0]["object_length"] = json!(9000);
    };
    assert_eq!(with(object), "blocks[0].object");
    let itself = |json: &mut Value| json["parent_snapshot_id"] = json["snapshot_id"].clone();
    assert_eq!(with(itself), "parent_snapshot_id");
}

#[test]
fn tombstones() {
    let manifest = split();
    let tombstone = manifest.expire(manifest.created_at).unwrap().to_json().unwrap();
    let refused = |pointer: &str, value: Value| {
        let json = edited(&tombstone, |json| set(json, pointer, value));
        match parse_as(&manifest, &json) {
            Err(Error::ManifestInvalid { field, .. }) => field,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused("/format_version", json!("1.1.0")), "blocks");
    assert_eq!(refused("/blocks", json!([])), "expired_at");
    assert_eq!(refused("/blocks", json!("gone")), "blocks");
    assert_eq!(refused("/volume_id", json!("tape")), "volume_id");
    assert_eq!(refused("/expired_at", Value::Null), "expired_at");
    assert_eq!(refused("/expired_blocks", Value::Null), "expired_blocks");
    assert_eq!(refused("/expired_blocks/0/path", json!("x")), "expired_blocks[0].path");
    assert_eq!(refused("/expired_blocks/1/offset", json!(0)), "expired_blocks[1].offset");
    assert_eq!(refused("/expired_blocks/1/checksum", json!("")), "expired_blocks[1].checksum");
    let length = refused("/expired_blocks/4/object_length", json!(1001));
    assert_eq!(length, "expired_blocks[4].object_length");
    assert_eq!(refused("/operation", json!("append")), "operation");
    let other = refused("/expired_blocks/4/checksum", json!("f".repeat(32)));
    assert_eq!(other, "expired_blocks[4].checksum");
}
