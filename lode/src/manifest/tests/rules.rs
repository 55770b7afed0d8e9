//! Each rule, with the field that its error names.

use serde_json::{Value, json};

use super::*;

/// The field and reason of the error that reading the sample gives after `edit`.
fn refused(edit: impl FnOnce(&mut Value)) -> (String, String) {
    let (paths, manifest) = sample();
    match parse_as(paths, &manifest, &edited(&manifest, edit)) {
        Err(Error::ManifestInvalid { path, field, reason }) => {
            assert_eq!(path, "datasets/flights/segments/0000000000000000002/manifest.json");
            (field, reason)
        }
        other => panic!("{other:?}"),
    }
}

fn edited(manifest: &Manifest, edit: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut json: Value = serde_json::from_slice(&manifest.to_json().unwrap()).unwrap();
    edit(&mut json);
    serde_json::to_vec(&json).unwrap()
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
        "dataset_id",
        "snapshot_id",
        "created_at",
        "metadata",
        "files",
        "parent_snapshot_id",
        "row_count",
        "compressor",
        "partitioner",
        "write_id",
        "operation",
        "writer",
        "schemas",
        "files[0].path",
        "files[1].size_bytes",
        "files[1].stats.row_count",
        "files[0].stats.columns",
        "files[0].stats.columns[0].name",
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
        let expected = if field == "parent_snapshot_id" { "is null" } else { "null" };
        assert!(reason.contains(expected), "{field} {reason}");
    }
}

#[test]
fn optional_fields_are_left_out_not_null() {
    for field in ["min_timestamp", "codec", "checksum_algorithm", "last_gc", "idempotency_key"] {
        set_refused(&format!("/{field}"), Value::Null, field, "is null");
    }
    for field in ["checksum", "row_count", "schema", "partition", "stats", "codec"] {
        let named = format!("files[1].{field}");
        set_refused(&format!("/files/1/{field}"), Value::Null, &named, "is null");
    }
}

#[test]
fn a_wrong_type_is_named() {
    set_refused("/row_count", json!("20"), "row_count", "expected u64 at line 1");
    set_refused("/row_count", json!(-1), "row_count", "expected u64");
    set_refused("/row_count", json!(20.0), "row_count", "expected u64");
    set_refused("/files/1/size_bytes", json!([]), "files[1].size_bytes", "expected u64");
    set_refused("/files/1", json!(7), "files[1]", "expected an object");
    set_refused("/files/1", json!(["a", 7]), "files[1]", "expected an object");
    set_refused("/files/1/stats", json!([10, []]), "files[1].stats", "expected an object");
    set_refused("/files", json!("gone"), "files", "expected an array or \"expired\"");
    set_refused("/metadata", json!([]), "metadata", "expected a map");
    set_refused("/files/0/partition", json!({"a/b": "c"}), "files[0].partition", "a key");
    set_refused("/files/0/partition/carrier", json!(1), "files[0].partition.carrier", "string");
    set_refused("/files/0/stats/columns/0/min", json!([1]), "files[0].stats.columns[0].min", "not");
}

#[test]
fn a_document_that_is_not_json_is_named_as_a_whole() {
    let (paths, manifest) = sample();
    for text in ["", "nul", "{} x", "[]", "7", "[\"lode-manifest\"]", "\u{feff}{}"] {
        match parse_as(paths, &manifest, text.as_bytes()) {
            Err(Error::ManifestInvalid { field, .. }) => assert_eq!(field, "$", "{text:?}"),
            other => panic!("{text:?}: {other:?}"),
        }
    }
    match parse_as(paths, &manifest, b"{}") {
        Err(Error::ManifestInvalid { field, .. }) => assert_eq!(field, "schema_name"),
        other => panic!("{other:?}"),
    }
    let json = manifest.to_json().unwrap();
    let cut = json.len() / 2;
    match parse_as(paths, &manifest, &json[..cut]) {
        Err(Error::ManifestInvalid { reason, .. }) => assert!(reason.contains("line"), "{reason}"),
        other => panic!("{other:?}"),
    }
    assert!(parse_as(paths, &manifest, &[json.as_slice(), b"\n"].concat()).is_ok());
}

#[test]
fn a_field_given_twice_is_refused() {
    let (paths, manifest) = sample();
    let text = String::from_utf8(manifest.to_json().unwrap()).unwrap();
    let twice = text.replacen("\"row_count\": 20", "\"row_count\": 20, \"row_count\": 20", 1);
    let error = parse_as(paths, &manifest, twice.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("duplicate field `row_count`"), "{error}");
}

#[test]
fn ids_are_those_of_the_place() {
    set_refused("/schema_name", json!("zarr"), "schema_name", "is \"zarr\"");
    set_refused("/schema_name", json!("lode-volume-manifest"), "schema_name", "not");
    set_refused("/dataset_id", json!("trains"), "dataset_id", "is \"trains\", not `flights`");
    set_refused("/snapshot_id", json!("0000000000000000003"), "snapshot_id", "is 3, not 2");
    set_refused("/snapshot_id", json!("2"), "snapshot_id", "19 digits");
    set_refused("/parent_snapshot_id", json!("1"), "parent_snapshot_id", "19 digits");
    for parent in ["0000000000000000002", "0000000000000000003"] {
        set_refused("/parent_snapshot_id", json!(parent), "parent_snapshot_id", "parent");
    }
    set_refused("/write_id", json!("018F0000000070008000000000000000"), "write_id", "lower-case");
    set_refused("/last_gc", json!("1-018f0000000070008000000000000000"), "last_gc", "19 digits");
    set_refused("/operation", json!("merge"), "operation", "\"merge\"");
    set_refused("/partitioner", json!("range"), "partitioner", "\"range\"");
}

#[test]
fn versions() {
    let (paths, manifest) = sample();
    let with = |version: &str, extra: bool| {
        let json = edited(&manifest, |json| {
            json["format_version"] = json!(version);
            if extra {
                json["files"] = json!(42);
            }
        });
        parse_as(paths, &manifest, &json)
    };
    for (version, newer) in [("1.1.0", false), ("1.2.7", false), ("1.3.0", true), ("2.0.0", false)]
        .into_iter()
        .chain([("2.1.0", false), ("2.2.0", true), ("1.4294967295.0", true)])
    {
        let Document::Live(manifest) = with(version, false).unwrap() else { unreachable!() };
        assert_eq!(manifest.is_newer_minor(), newer, "{version}");
        assert_eq!(manifest.format_version.to_string(), version);
    }
    // A newer major version may look quite different.
    for (version, extra) in [("3.0.0", false), ("99.0.0", true), ("0.9.0", true)] {
        match with(version, extra) {
            Err(Error::UnsupportedVersion { found, .. }) => assert_eq!(found, version),
            other => panic!("{other:?}"),
        }
    }
    for version in
        ["", "1", "1.1", "1.1.0.0", "v1.1.0", "1.01.0", "1.1.-1", "1..0", "1.1.99999999999"]
    {
        set_refused("/format_version", json!(version), "format_version", "three numbers");
    }
    // What a newer minor version adds does not stop a reader.
    let json = edited(&manifest, |json| {
        json["format_version"] = json!("1.9.0");
        json["operation"] = json!("merge");
        json["files"][0]["bloom"] = json!({"bits": [1, 2]});
    });
    let Document::Live(newer) = parse_as(paths, &manifest, &json).unwrap() else { unreachable!() };
    assert_eq!(newer.operation, Some(Operation::Later("merge".to_owned())));
}

#[test]
fn paths_stay_inside_the_dataset() {
    let bad = [
        "",
        "/",
        "datasets/flights",
        "datasets/flights/",
        "datasets/flights2/x",
        "/datasets/flights/x",
        "datasets/flights//x",
        "datasets/flights/x/",
        "datasets/flights/./x",
        "datasets/flights/../trains/x",
        "datasets/flights/..",
        "datasets/flights/a\\..\\..\\x",
        "datasets/flights/a\nb",
        "datasets/flights/a\u{85}b",
        "datasets/trains/x",
    ];
    for path in bad {
        set_refused("/files/0/path", json!(path), "files[0].path", "which");
    }
    // What passes is a key that stores keep byte for byte.
    let (paths, manifest) = sample();
    let good = "datasets/flights/snapshots/1/data/…%2F~ #1 x";
    let json = edited(&manifest, |json| json["files"][1]["path"] = json!(good));
    parse_as(paths, &manifest, &json).unwrap();
    assert_eq!(object_store::path::Path::parse(good).unwrap().as_ref(), good);
}

#[test]
fn paths_are_sorted_and_unique() {
    let (field, reason) = refused(|json| json["files"].as_array_mut().unwrap().swap(0, 1));
    assert_eq!((field.as_str(), reason.as_str()), ("files[1].path", "is not in sorted order"));
    let (field, reason) = refused(|json| json["files"][1] = json["files"][0].clone());
    assert_eq!((field.as_str(), reason.as_str()), ("files[1].path", "is there twice"));
}

#[test]
fn counts_add_up() {
    set_refused("/row_count", json!(21), "row_count", "make 20");
    set_refused("/files/1/row_count", json!(11), "files[1].stats.row_count", "is 10");
    set_refused("/files/0/size_bytes", json!(u64::MAX), "files[1].size_bytes", "64 bits");
    let (field, _) = refused(|json| {
        json["files"][0]["row_count"] = json!(u64::MAX);
        json["files"][0]["stats"]["row_count"] = json!(u64::MAX);
    });
    assert_eq!(field, "files[1].row_count");
    let (field, _) = refused(|json| json["files"] = json!([]));
    assert_eq!(field, "row_count");
    // Where not all files are counted, those that are cannot exceed the whole.
    let uncounted = |rows: u64| {
        move |json: &mut Value| {
            json["row_count"] = json!(rows);
            json["files"][0]
                .as_object_mut()
                .unwrap()
                .retain(|k, _| k != "row_count" && k != "stats");
        }
    };
    assert_eq!(refused(uncounted(9)).0, "row_count");
    let (paths, manifest) = sample();
    parse_as(paths, &manifest, &edited(&manifest, uncounted(1000))).unwrap();
}

#[test]
fn times_are_utc_and_in_order() {
    let odd = ["", "yesterday", "2026-11-22", "2026-11-22T08:04:59+00:00", "2026-11-22T25:04:59Z"];
    for text in odd {
        set_refused("/created_at", json!(text), "created_at", "RFC 3339 in UTC");
        set_refused("/max_timestamp", json!(text), "max_timestamp", "RFC 3339 in UTC");
    }
    for year in ["+10000", "-0001", "99999"] {
        let text = format!("{year}-01-01T00:00:00Z");
        set_refused("/max_timestamp", json!(text), "max_timestamp", "RFC 3339");
    }
    set_refused("/min_timestamp", json!("2014-01-01T00:00:00Z"), "min_timestamp", "is after");
    let (field, _) = refused(|json| drop(json.as_object_mut().unwrap().remove("max_timestamp")));
    assert_eq!(field, "max_timestamp");
}

#[test]
fn schemas_and_checksums() {
    set_refused("/files/1/schema", json!(1), "files[1].schema", "there are 1 schemas");
    set_refused("/files/0/checksum", json!("0".repeat(31)), "files[0].checksum", "31 digits");
    set_refused("/files/0/checksum", json!("A".repeat(32)), "files[0].checksum", "lower-case");
    set_refused("/checksum_algorithm", json!("sha256"), "files[0].checksum", "not 64");
    set_refused("/codec", json!(""), "codec", "is empty");
    let (field, _) =
        refused(|json| drop(json.as_object_mut().unwrap().remove("checksum_algorithm")));
    assert_eq!(field, "files[0].checksum");
    // Names that are not known are not invalid: history stays readable.
    let (paths, manifest) = sample();
    for field in ["codec", "compressor", "checksum_algorithm"] {
        let json = edited(&manifest, |json| json[field] = json!("of-mine"));
        parse_as(paths, &manifest, &json).unwrap();
    }
}

#[test]
fn overrides_need_version_2_and_a_mixed_codec() {
    for field in ["codec", "compressor", "checksum_algorithm"] {
        let named = format!("files[1].{field}");
        set_refused(&format!("/files/1/{field}"), json!("other"), &named, "format version 1.1.0");
        let (found, reason) = refused(|json| {
            json["format_version"] = json!("2.0.0");
            json["files"][1][field] = json!("other");
        });
        assert_eq!(found, named);
        assert!(reason.contains("not `mixed`"), "{reason}");
    }
    let (found, _) = refused(|json| {
        json["format_version"] = json!("2.0.0");
        json["codec"] = json!("mixed");
        json["files"][1]["codec"] = json!("jsonl");
    });
    assert_eq!(found, "files[0].codec");
}

#[test]
fn a_blob_is_one_file() {
    let blob = |json: &mut Value| {
        let top = json.as_object_mut().unwrap();
        top.retain(|key, _| key != "codec" && key != "schemas");
        json["files"].as_array_mut().unwrap().truncate(1);
        json["files"][0] = json!({"path": json["files"][0]["path"], "size_bytes": 7});
        json["row_count"] = json!(1);
    };
    let (paths, manifest) = sample();
    let Document::Live(found) = parse_as(paths, &manifest, &edited(&manifest, blob)).unwrap()
    else {
        unreachable!()
    };
    assert!(found.is_blob());
    let and = |edit: fn(&mut Value)| {
        refused(|json| {
            blob(json);
            edit(json);
        })
        .0
    };
    assert_eq!(and(|json| json["row_count"] = json!(2)), "row_count");
    assert_eq!(and(|json| json["files"] = json!([])), "files");
    assert_eq!(and(|json| json["schemas"] = json!([])), "schemas");
    assert_eq!(and(|json| json["files"][0]["schema"] = json!(0)), "files[0].schema");
}

#[test]
fn tombstones_need_version_2() {
    let (paths, manifest) = sample();
    let tombstone = manifest.expire(paths, manifest.created_at).unwrap();
    let json = tombstone.to_json().unwrap();
    let refused = |field: &str, value: Value| {
        let mut json: Value = serde_json::from_slice(&json).unwrap();
        json[field] = value;
        match parse_as(paths, &manifest, &serde_json::to_vec(&json).unwrap()) {
            Err(Error::ManifestInvalid { field, .. }) => field,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused("format_version", json!("1.1.0")), "files");
    assert_eq!(refused("files", json!([])), "expired_at");
    assert_eq!(refused("expired_at", json!("now")), "expired_at");
    assert_eq!(refused("expired_files", json!(null)), "expired_files");
    assert_eq!(refused("expired_files", json!([{"path": "x"}])), "expired_files[0].size_bytes");
    let outside = json!([{"path": "x", "size_bytes": 1}]);
    assert_eq!(refused("expired_files", outside), "expired_files[0].path");
}

#[test]
fn attachments_need_revision_1() {
    let path = "datasets/flights/attachments/018f0000000070008000000000000000/00000.bin";
    let with = |version: &str, attachments: Value| {
        let (paths, manifest) = sample();
        let json = edited(&manifest, |json| {
            json["format_version"] = json!(version);
            json["attachments"] = attachments;
        });
        match parse_as(paths, &manifest, &json) {
            Ok(_) => String::new(),
            Err(Error::ManifestInvalid { field, .. }) => field,
            Err(other) => panic!("{other}"),
        }
    };
    let one = json!({"name": "index", "path": path, "size_bytes": 3});
    assert_eq!(with("1.2.0", json!([one])), "");
    assert_eq!(with("2.1.0", json!([one])), "");
    assert_eq!(with("1.1.0", json!([one])), "attachments");
    assert_eq!(with("2.0.0", json!([one])), "attachments");
    assert_eq!(with("1.2.0", json!([one, one])), "attachments[1].path");
    let outside = json!({"name": "index", "path": "x", "size_bytes": 3});
    assert_eq!(with("1.2.0", json!([outside])), "attachments[0].path");
    let nameless = json!({"path": path, "size_bytes": 3});
    assert_eq!(with("1.2.0", json!([nameless])), "attachments[0].name");
}

/// An empty object takes much memory for what it takes in a manifest.
#[test]
fn nothing_is_kept_after_what_has_no_name() {
    use crate::manifest::FormatVersion;
    use crate::manifest::list::{Content, Item, Items};
    use crate::manifest::rules::Bad;

    #[derive(serde::Deserialize)]
    struct Named {
        name: Option<String>,
    }

    impl Item for Named {
        type Checked = ();

        fn is_named(&self) -> bool {
            self.name.is_some()
        }

        fn check(self, _: FormatVersion) -> Result<(), Bad> {
            Ok(())
        }
    }

    let json = format!(r#"[{{"name": "a"}}, {}{{"name": "b"}}]"#, "{}, ".repeat(1000));
    assert_eq!(serde_json::from_str::<Items<Named>>(&json).unwrap().0.len(), 2);
    let Content::Items(items) = serde_json::from_str::<Content<Named>>(&json).unwrap() else {
        panic!("it is an array")
    };
    assert_eq!(items.0.len(), 2);
    assert!(serde_json::from_str::<Items<Named>>(&json.replace("]", "")).is_err());
    set_refused("/files", json!([{}, {}]), "files[0].path", "is missing");
    set_refused(
        "/files/0/stats/columns",
        json!([{}, {}]),
        "files[0].stats.columns[0].name",
        "is missing",
    );
}

#[test]
fn a_schema_has_at_most_10_000_fields_and_names() {
    let field = |name: String, ty: Value| json!({ "name": name, "type": ty, "nullable": true });
    let wide = |count: usize| {
        (0..count).map(|i| field(format!("f{i}"), json!("bool"))).collect::<Vec<_>>()
    };
    let names = |count: usize| (0..count).map(|i| format!("n{i}")).collect::<Vec<_>>();
    let said = |count: usize| format!("has {count} fields and names, and 10000 are allowed");
    set_refused("/schemas/0/fields", json!(wide(10_001)), "schemas[0]", &said(10_001));
    let nested = [
        field("inner".to_owned(), json!({ "struct": wide(5000) })),
        field("kind".to_owned(), json!({ "enum": names(5000) })),
    ];
    set_refused("/schemas/0/fields", json!(nested), "schemas[0]", &said(10_002));
}

#[test]
fn there_are_at_most_1024_schemas() {
    let schemas = |count: usize| -> Value {
        (0..count).map(|i| json!({ "name": "R", "fields": [{ "name": format!("f{i}"), "type": "bool", "nullable": false }] })).collect()
    };
    set_refused("/schemas", schemas(1025), "schemas", "has 1025 schemas, and 1024 are allowed");
    let (paths, manifest) = sample();
    let most = edited(&manifest, |json| set(json, "/schemas", schemas(1024)));
    assert!(parse_as(paths, &manifest, &most).is_ok());
}
