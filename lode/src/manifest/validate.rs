//! The rules that hold in every manifest of a dataset, checked when one is read and before one is
//! written.

use std::collections::HashSet;

use super::rules::{
    Bad, Valid, authorship, bad_name, bad_path, checksum, lineage, operation, rule, unknown,
    writable,
};
use super::{Expect, FileRef, MIXED, Manifest, Operation, Partitioner, Tombstone, time};

/// The most schemas of one manifest: an append looks each up among all.
const MOST_SCHEMAS: usize = 1024;

/// The most fields of one schema, with those of its structs and the names of its enums: scans look for
/// theirs in that of each file.
const MOST_FIELDS: usize = 10_000;

/// The calls that make snapshots of datasets.
const OPERATIONS: [Operation; 5] = [
    Operation::Write,
    Operation::Append,
    Operation::ReplacePartitions,
    Operation::Restore,
    Operation::Gc,
];

/// Whether the manifest has the field `schemas`.
pub(super) fn has_schemas(manifest: &Manifest) -> bool {
    !manifest.is_blob() && !manifest.is_foreign()
}

pub(super) fn validate(manifest: &Manifest, expect: &Expect<'_>) -> Valid {
    let version = manifest.format_version;
    rule(manifest.dataset_id == *expect.dataset, "dataset_id", || {
        format!("is `{}`, not `{}`", manifest.dataset_id, expect.dataset)
    })?;
    let (write_id, call) = (manifest.write_id, manifest.operation.as_ref());
    lineage(manifest.snapshot_id, manifest.parent_snapshot_id, write_id, expect.id)?;
    authorship(version, write_id, call, manifest.writer.as_deref())?;
    operation(call, version, &OPERATIONS)?;
    if let Partitioner::Other(name) = &manifest.partitioner {
        rule(version.is_go() || version.is_newer_minor(), "partitioner", || unknown(name))?;
    }
    times(manifest)?;
    content(manifest)?;
    files(manifest, expect)?;
    attachments(manifest, expect)
}

pub(super) fn validate_tombstone(tombstone: &Tombstone, expect: &Expect<'_>) -> Valid {
    rule(tombstone.format_version.major >= 2, "files", || {
        format!("is \"expired\" in format version {}, which needs 2", tombstone.format_version)
    })?;
    rule(tombstone.dataset_id == *expect.dataset, "dataset_id", || {
        format!("is `{}`, not `{}`", tombstone.dataset_id, expect.dataset)
    })?;
    lineage(tombstone.snapshot_id, tombstone.parent_snapshot_id, tombstone.write_id, expect.id)?;
    operation(tombstone.operation.as_ref(), tombstone.format_version, &OPERATIONS)?;
    writable("created_at", tombstone.created_at)?;
    writable("expired_at", tombstone.expired_at)?;
    paths("expired_files", tombstone.expired_files.iter().map(|file| file.path.as_str()), expect)?;
    for (i, file) in tombstone.expired_files.iter().enumerate() {
        checksum(&format!("expired_files[{i}].checksum"), file.checksum.as_deref(), None)?;
    }
    Ok(())
}

fn times(manifest: &Manifest) -> Valid {
    let Manifest { min_timestamp: min, max_timestamp: max, .. } = manifest;
    writable("created_at", manifest.created_at)?;
    for (field, at) in [("min_timestamp", min), ("max_timestamp", max)] {
        at.map_or(Ok(()), |at| writable(field, at))?;
    }
    match (min, max) {
        (Some(min), Some(max)) => {
            rule(time::canonical(*min) <= time::canonical(*max), "min_timestamp", || {
                "is after `max_timestamp`".to_owned()
            })
        }
        (None, None) => Ok(()),
        (None, Some(_)) => Err(Bad::new("min_timestamp", "is missing beside `max_timestamp`")),
        (Some(_), None) => Err(Bad::new("max_timestamp", "is missing beside `min_timestamp`")),
    }
}

/// Blobs and records, and the names of how they are encoded.
fn content(manifest: &Manifest) -> Valid {
    let names = [
        ("codec", manifest.codec.as_deref()),
        ("compressor", Some(manifest.compressor.as_str())),
        ("checksum_algorithm", manifest.checksum_algorithm.as_deref()),
    ];
    for (field, name) in names {
        rule(name != Some(""), field, || "is empty".to_owned())?;
    }
    if manifest.is_blob() {
        let files = manifest.files.len();
        rule(files == 1, "files", || format!("has {files} files, but a blob has one"))?;
        rule(manifest.row_count == 1, "row_count", || {
            format!("is {}, but that of a blob is 1", manifest.row_count)
        })?;
        rule(manifest.schemas.is_empty(), "schemas", || {
            "is there, but a blob has none".to_owned()
        })?;
    }
    let schemas = manifest.schemas.len();
    rule(schemas <= MOST_SCHEMAS, "schemas", || {
        format!("has {schemas} schemas, and {MOST_SCHEMAS} are allowed")
    })?;
    for (i, schema) in manifest.schemas.iter().enumerate() {
        let fields = schema.count();
        rule(fields <= MOST_FIELDS, &format!("schemas[{i}]"), || {
            format!("has {fields} fields and names, and {MOST_FIELDS} are allowed")
        })?;
    }
    rule(manifest.schemas.is_empty() || has_schemas(manifest), "schemas", || {
        format!("is there in format version {}", manifest.format_version)
    })
}

fn files(manifest: &Manifest, expect: &Expect<'_>) -> Valid {
    paths("files", manifest.files.iter().map(|file| file.path.as_str()), expect)?;
    let (mut bytes, mut rows, mut all_counted) = (0_u64, 0_u64, true);
    for (i, file) in manifest.files.iter().enumerate() {
        one_file(manifest, file).map_err(|bad| bad.within(&format!("files[{i}]")))?;
        let overflow =
            |field: &str| Bad::new(format!("files[{i}].{field}"), "makes the sum exceed 64 bits");
        bytes = bytes.checked_add(file.size_bytes).ok_or_else(|| overflow("size_bytes"))?;
        match file.rows() {
            Some(count) => rows = rows.checked_add(count).ok_or_else(|| overflow("row_count"))?,
            None => all_counted = false,
        }
    }
    let holds = if all_counted { manifest.row_count == rows } else { manifest.row_count >= rows };
    rule(holds, "row_count", || {
        format!("is {}, but the files' counts make {rows}", manifest.row_count)
    })
}

fn one_file(manifest: &Manifest, file: &FileRef) -> Valid {
    if let (Some(rows), Some(stats)) = (file.row_count, &file.stats) {
        rule(rows == stats.row_count, "stats.row_count", || {
            format!("is {}, but `row_count` is {rows}", stats.row_count)
        })?;
    }
    if let Some(index) = file.schema {
        let schemas = manifest.schemas.len();
        rule(index < schemas, "schema", || format!("is {index}, and there are {schemas} schemas"))?;
    }
    let is_mixed = manifest.codec.as_deref() == Some(MIXED);
    let version = manifest.format_version;
    let overrides = [
        ("codec", &file.codec),
        ("compressor", &file.compressor),
        ("checksum_algorithm", &file.checksum_algorithm),
    ];
    for (field, name) in overrides {
        let Some(name) = name else { continue };
        rule(!name.is_empty(), field, || "is empty".to_owned())?;
        rule(version.has_overrides(), field, || {
            format!("is there in format version {version}, which has it only in the manifest")
        })?;
        rule(is_mixed, field, || "is there, but the manifest's `codec` is not `mixed`".to_owned())?;
    }
    if is_mixed {
        rule(file.codec.is_some(), "codec", || {
            "is missing, and the manifest's is `mixed`".to_owned()
        })?;
        rule(file.codec.as_deref() != Some(MIXED), "codec", || "is `mixed`".to_owned())?;
    }
    let algorithm = file.checksum_algorithm.as_ref().or(manifest.checksum_algorithm.as_ref());
    rule(file.checksum.is_none() || algorithm.is_some(), "checksum", || {
        "is there, but its algorithm is not named".to_owned()
    })?;
    checksum("checksum", file.checksum.as_deref(), algorithm.map(String::as_str))
}

fn attachments(manifest: &Manifest, expect: &Expect<'_>) -> Valid {
    let version = manifest.format_version;
    rule(manifest.attachments.is_empty() || version.has_attachments(), "attachments", || {
        format!("is there in format version {version}")
    })?;
    if manifest.attachments.is_empty() {
        return Ok(());
    }
    let mut seen: HashSet<&str> = manifest.files.iter().map(|file| file.path.as_str()).collect();
    let mut names = HashSet::new();
    let algorithm = manifest.checksum_algorithm.as_deref();
    for (i, attachment) in manifest.attachments.iter().enumerate() {
        let field = |name: &str| format!("attachments[{i}].{name}");
        if let Some(reason) = bad_path(&attachment.path, expect.prefix) {
            return Err(Bad::new(field("path"), reason));
        }
        rule(seen.insert(&attachment.path), &field("path"), || "is there twice".to_owned())?;
        if let Some(reason) = bad_name(&attachment.name) {
            return Err(Bad::new(field("name"), reason));
        }
        rule(names.insert(&attachment.name), &field("name"), || "is there twice".to_owned())?;
        rule(attachment.checksum.is_none() || algorithm.is_some(), &field("checksum"), || {
            "is there, but its algorithm is not named".to_owned()
        })?;
        checksum(&field("checksum"), attachment.checksum.as_deref(), algorithm)?;
    }
    Ok(())
}

/// Paths: inside the dataset, sorted, unique.
fn paths<'a>(list: &str, paths: impl Iterator<Item = &'a str>, expect: &Expect<'_>) -> Valid {
    let mut last = "";
    for (i, path) in paths.enumerate() {
        let field = || format!("{list}[{i}].path");
        if let Some(reason) = bad_path(path, expect.prefix) {
            return Err(Bad::new(field(), reason));
        }
        if path <= last {
            let reason = if path == last { "is there twice" } else { "is not in sorted order" };
            return Err(Bad::new(field(), reason));
        }
        last = path;
    }
    Ok(())
}
