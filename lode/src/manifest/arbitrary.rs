//! Strategies for valid manifests, for property tests.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Number, Value, json};
use uuid::Uuid;

use super::{
    Attachment, ColumnStats, FileRef, FileStats, GcRef, MAX_TIMESTAMP, MIN_TIMESTAMP, Manifest,
    Operation, Partitioner,
};
use crate::id::{DatasetId, SnapshotId, WriteId};
use crate::layout::Paths;
use crate::metadata::Metadata;
use crate::partition::Partition;
use crate::record::RecordSchema;

/// Any manifest that lode can write, with the layout it is written in.
pub(crate) fn manifest() -> impl Strategy<Value = (Paths, Manifest)> {
    let facts = (layout(), dataset_id(), 1..i64::MAX as u64, write_id(), any::<bool>(), top());
    facts.prop_flat_map(|(paths, dataset, id, write, is_blob, top)| {
        let counts = if is_blob { 1..=1 } else { 0..=5 };
        let files = vec(file(), counts);
        let attachments = vec(("[a-z]{1,8}", any::<u32>(), option::of(checksum())), 0..2);
        (files, attachments).prop_map(move |(files, attachments)| {
            let mut manifest = top.clone();
            manifest.dataset_id = dataset.clone();
            manifest.snapshot_id = SnapshotId::new(id).unwrap();
            manifest.parent_snapshot_id = SnapshotId::new(id - 1).ok();
            manifest.write_id = Some(write);
            if is_blob {
                manifest.codec = None;
                manifest.schemas = Vec::new();
            }
            let mut by_path = BTreeMap::new();
            for (i, (partition, mut file)) in files.into_iter().enumerate() {
                let part = u32::try_from(i).unwrap();
                let partition = partition.filter(|_| paths == Paths::Hive);
                file.path = paths.data(&dataset, write, part, partition.as_ref(), ".x");
                file.partition = partition;
                if is_blob {
                    file.codec = None;
                    file.row_count = Some(1);
                    file.stats = None;
                }
                file.schema = file.schema.filter(|index| *index < manifest.schemas.len());
                if let Some(stats) = &mut file.stats {
                    stats.row_count = file.row_count.unwrap_or(stats.row_count);
                }
                by_path.insert(file.path.clone(), file);
            }
            manifest.files = by_path.into_values().collect();
            let rows: u64 = manifest.files.iter().filter_map(FileRef::rows).sum();
            let uncounted = manifest.files.iter().any(|file| file.rows().is_none());
            manifest.row_count = rows + u64::from(uncounted && !is_blob);
            manifest.attachments = attachments
                .into_iter()
                .enumerate()
                .map(|(i, (name, size, checksum))| {
                    let path = paths.attachment(&dataset, write, u32::try_from(i).unwrap());
                    // A blob's file has no algorithm of its own.
                    let is_named = manifest.checksum_algorithm.is_some() && !is_blob;
                    let checksum = checksum.filter(|_| is_named);
                    Attachment { name, path, size_bytes: u64::from(size), checksum }
                })
                .collect();
            (paths, manifest.finish(paths, None).unwrap())
        })
    })
}

/// A manifest without files, and with placeholders for ids.
fn top() -> impl Strategy<Value = Manifest> {
    let names = (name(), name(), option::of(checksum_name()), partitioner(), operation());
    let times = (time(), option::of((time(), time())));
    let rest = (option::of(gc_ref()), option::of(any::<String>()), metadata(), 0..3_usize);
    (names, times, rest).prop_map(|(names, (created_at, range), rest)| {
        let (codec, compressor, checksum_algorithm, partitioner, operation) = names;
        let (last_gc, idempotency_key, metadata, schemas) = rest;
        let dataset = DatasetId::from_static("placeholder");
        let mut manifest = Manifest::draft(dataset, WriteId::new(Uuid::nil()), operation);
        manifest.created_at = created_at;
        manifest.min_timestamp = range.map(|(a, b)| a.min(b));
        manifest.max_timestamp = range.map(|(a, b)| a.max(b));
        manifest.codec = Some(codec);
        manifest.compressor = compressor;
        manifest.checksum_algorithm = checksum_algorithm;
        manifest.partitioner = partitioner;
        manifest.last_gc = last_gc;
        manifest.idempotency_key = idempotency_key;
        manifest.metadata = metadata;
        manifest.schemas = (0..schemas).map(schema).collect();
        manifest
    })
}

fn file() -> impl Strategy<Value = (Option<Partition>, FileRef)> {
    let overrides = (option::of(name()), option::of(name()));
    let counts = (0..1_u64 << 40, option::of(0..1_u64 << 40), option::of(0..3_usize));
    let checked = option::of((checksum(), checksum_name()));
    (option::of(partition()), overrides, counts, checked, option::of(stats())).prop_map(
        |(partition, (codec, compressor), (size, row_count, schema), checked, stats)| {
            let mut file = FileRef::new("", size);
            (file.codec, file.compressor) = (codec, compressor);
            (file.row_count, file.schema, file.stats) = (row_count, schema, stats);
            (file.checksum, file.checksum_algorithm) = checked.unzip();
            (partition, file)
        },
    )
}

/// A record schema that differs from those of other numbers.
pub(crate) fn schema(number: usize) -> RecordSchema {
    let field = json!({"name": format!("f{number}"), "type": "int32", "nullable": true});
    serde_json::from_value(json!({"name": "Flight", "fields": [field]})).unwrap()
}

/// Any partition of up to three keys.
pub(crate) fn partition() -> impl Strategy<Value = Partition> {
    vec(option::of(any::<String>()), 1..3).prop_filter_map("too long", |values| {
        let keys = ["carrier", "day", "ключ"];
        Partition::new(keys.into_iter().zip(values)).ok()
    })
}

/// Any metadata.
pub(crate) fn metadata() -> impl Strategy<Value = Metadata> {
    proptest::collection::btree_map(any::<String>(), json_value(), 0..4).prop_map(|entries| {
        let entries: Map<_, _> = entries.into_iter().collect();
        Metadata::of(&entries).unwrap()
    })
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::Bool), scalar()];
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            proptest::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// Any number or text that JSON can hold.
fn scalar() -> impl Strategy<Value = Value> {
    let float = any::<u64>().prop_map(f64::from_bits);
    prop_oneof![
        any::<String>().prop_map(Value::String),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        float.prop_filter_map("not finite", |value| Number::from_f64(value).map(Value::Number)),
    ]
}

fn stats() -> impl Strategy<Value = FileStats> {
    let bounds = (option::of(scalar()), option::of(scalar()));
    let counts = (option::of(any::<u64>()), option::of(any::<u64>()), option::of(any::<u64>()));
    let exact = (option::of(any::<bool>()), option::of(any::<bool>()));
    let column = (any::<String>(), bounds, counts, exact).prop_map(
        |(name, (min, max), (null_count, nan_count, distinct_count), (min_exact, max_exact))| {
            let counts =
                ColumnStats { null_count, nan_count, distinct_count, ..Default::default() };
            ColumnStats { name, min, max, min_exact, max_exact, ..counts }
        },
    );
    (0..1_u64 << 40, vec(column, 0..3))
        .prop_map(|(row_count, columns)| FileStats { row_count, columns })
}

/// Any time that a manifest can hold.
pub(crate) fn time() -> impl Strategy<Value = DateTime<Utc>> {
    (MIN_TIMESTAMP.timestamp()..=MAX_TIMESTAMP.timestamp(), 0..1_000_000_000_u32)
        .prop_map(|(seconds, nanos)| DateTime::from_timestamp(seconds, nanos).unwrap())
}

fn layout() -> impl Strategy<Value = Paths> {
    proptest::sample::select(&Paths::ALL[..])
}

/// Any id of a dataset.
pub(crate) fn dataset_id() -> impl Strategy<Value = DatasetId> {
    "[A-Za-z0-9_-][A-Za-z0-9._-]{0,30}"
        .prop_filter_map("reserved", |name| DatasetId::new(name).ok())
}

/// Any write id.
pub(crate) fn write_id() -> impl Strategy<Value = WriteId> {
    any::<u128>().prop_map(|bits| WriteId::new(Uuid::from_u128(bits)))
}

pub(super) fn gc_ref() -> impl Strategy<Value = GcRef> {
    (1..i64::MAX as u64, write_id())
        .prop_map(|(id, write_id)| GcRef::new(SnapshotId::new(id).unwrap(), write_id))
}

/// Names of codecs and compressors: those of lode, and others.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![Just("jsonl".to_owned()), Just("zstd".to_owned()), "[a-z]{1,3}"]
}

fn checksum_name() -> impl Strategy<Value = String> {
    prop_oneof![Just("xxh3-128"), Just("md5"), Just("crc-of-mine")].prop_map(str::to_owned)
}

pub(super) fn checksum() -> impl Strategy<Value = String> {
    any::<u128>().prop_map(|bits| format!("{bits:032x}"))
}

fn partitioner() -> impl Strategy<Value = Partitioner> {
    prop_oneof![Just(Partitioner::Noop), Just(Partitioner::Hive)]
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        Just(Operation::Write),
        Just(Operation::Append),
        Just(Operation::ReplacePartitions),
        Just(Operation::Restore),
        Just(Operation::Gc),
    ]
}
