//! The invariants, checked after every step from the stored bytes and through lode.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::Read;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures::TryStreamExt;
use lode::compress::{Compressor, Gzip, Noop, Zstd};
use lode::manifest::{Expect, FileRef, Manifest};
use lode::{DatasetId, Error, PartitionFilter, SnapshotId};
use md5::Digest;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use serde_json::Value;

use super::event::Event;
use super::perform::{Arranged, Handle};
use super::reference::{Content, Kept};
use super::steps::Settings;
use super::world::{World, manifest_id};

/// What was seen so far.
#[derive(Debug, Default)]
pub struct Checks {
    /// Objects as they were stored: they never change. Hints are not among them.
    bodies: BTreeMap<String, Bytes>,
    /// Manifests that were looked at whole.
    manifests: [BTreeMap<u64, Manifest>; 2],
    /// Data that no manifest mentions, and that may lie there.
    left: HashSet<String>,
    /// Whether the step may leave such data.
    pub may_leave_data: bool,
    /// What the step's calls returned.
    pub returned: Vec<(usize, Manifest)>,
    /// What the hint must say after the step, if that is known.
    pub hint: Option<(usize, u64)>,
}

const NAMES: [&str; 2] = ["events", "blobs"];

impl<L: Arranged> World<L> {
    /// Every invariant, as far as the last step can have touched it.
    pub async fn check(&mut self, step: &str) {
        self.settle().await;
        let wrong = self.watch.log.wrong.lock().unwrap().clone();
        assert_eq!(wrong, Vec::<String>::new(), "{step}");
        let uploads = self.watch.log.uploads.load(Ordering::SeqCst);
        assert_eq!(uploads, 0, "{step}: uploads in parts were left behind");

        self.check_objects(step).await;
        for dataset in 0..2 {
            let ids: Vec<u64> = self
                .checks
                .bodies
                .keys()
                .filter_map(|key| manifest_id::<L>(dataset, key))
                .collect();
            let expected: Vec<u64> = self.references[dataset].snapshots.keys().copied().collect();
            assert_eq!(ids, expected, "{step}: snapshots of {}", NAMES[dataset]);
            assert!(ids.iter().copied().eq(1..=ids.len() as u64), "{step}: {ids:?} is not dense");
            for id in ids {
                if !self.checks.manifests[dataset].contains_key(&id) {
                    self.check_new(dataset, id).await;
                }
            }
        }
        for (dataset, manifest) in std::mem::take(&mut self.checks.returned) {
            let stored = &self.checks.manifests[dataset][&manifest.snapshot_id.get()];
            assert_eq!(&manifest, stored, "{step}: not what is stored");
        }
        self.check_left_over(step);
        self.check_heads(step).await;
    }

    /// No object ever changes, and none that a manifest mentions is deleted.
    async fn check_objects(&mut self, step: &str) {
        let objects = self.objects().await;
        let gone: Vec<_> =
            self.checks.bodies.keys().filter(|key| !objects.contains_key(*key)).cloned().collect();
        for key in gone {
            let is_mentioned = self.mentioned().contains(&key);
            assert!(!is_mentioned && !key.ends_with(".json"), "{step}: {key} was deleted");
            self.checks.bodies.remove(&key);
            self.checks.left.remove(&key);
        }
        for (key, meta) in objects {
            if key.ends_with("/latest") {
                continue;
            }
            if self.checks.bodies.contains_key(&key)
                && self.watch.inner().to_string().contains("LocalFileSystem")
            {
                // Reading all of it each time takes long; the last check does.
                assert_eq!(self.checks.bodies[&key].len() as u64, meta.size, "{step}: {key}");
                continue;
            }
            let body = self.watch.inner().get(&meta.location).await.unwrap().bytes().await.unwrap();
            if let Some(before) = self.checks.bodies.get(&key) {
                assert!(before == &body, "{step}: {key} has changed");
            }
            self.checks.bodies.insert(key, body);
        }
    }

    fn mentioned(&self) -> BTreeSet<String> {
        let manifests = self.checks.manifests.iter().flat_map(BTreeMap::values);
        manifests.flat_map(|manifest| &manifest.files).map(|file| file.path.clone()).collect()
    }

    /// Data that no manifest mentions is only left where that cannot be helped.
    fn check_left_over(&mut self, step: &str) {
        let mentioned = self.mentioned();
        for key in self.checks.bodies.keys() {
            if key.ends_with("/manifest.json") || mentioned.contains(key) {
                continue;
            }
            if self.checks.may_leave_data {
                self.checks.left.insert(key.clone());
            }
            assert!(self.checks.left.contains(key), "{step}: {key} was left behind");
        }
    }

    /// A manifest that was not there before: by its bytes, and by what lode reads of it.
    async fn check_new(&mut self, dataset: usize, id: u64) {
        let key = format!("{}{id:019}/manifest.json", L::MANIFESTS[dataset]);
        let body = &self.checks.bodies[&key];
        let kept = &self.references[dataset].snapshots[&id];
        let manifest = self.parse(dataset, id, &key, body);
        check_fields(body, &manifest, kept);
        if let Some(parent) = kept.parent {
            let parent = &self.checks.manifests[dataset][&parent];
            assert!(manifest.created_at > parent.created_at, "{key}");
            assert_ne!(manifest.write_id, parent.write_id, "{key}");
        }
        let mut rows = 0;
        for file in &manifest.files {
            rows += self.check_file(dataset, &manifest, file);
        }
        match &kept.content {
            Content::Records(events) => assert_eq!(rows, events.len() as u64, "{key}"),
            Content::Blob(_) => assert_eq!((manifest.files.len(), manifest.row_count), (1, 1)),
        }
        self.checks.manifests[dataset].insert(id, manifest);
        let reader = &self.handles[id as usize % self.handles.len()];
        self.check_read(reader, dataset, id).await;
    }

    fn parse(&self, dataset: usize, id: u64, key: &str, body: &[u8]) -> Manifest {
        let name = DatasetId::new(NAMES[dataset]).unwrap();
        let expect = Expect {
            dataset: &name,
            id: SnapshotId::new(id).unwrap(),
            prefix: L::PREFIXES[dataset],
        };
        Manifest::parse(key, &expect, body).unwrap_or_else(|e| panic!("{e}"))
    }

    /// Size, checksum, partition and rows of a data file, from its bytes; the number of its rows.
    fn check_file(&self, dataset: usize, manifest: &Manifest, file: &FileRef) -> u64 {
        let path = &file.path;
        let body = self.checks.bodies.get(path).unwrap_or_else(|| panic!("{path} is missing"));
        assert_eq!(file.size_bytes, body.len() as u64, "{path}");
        match file.checksum_in(manifest) {
            Some((algorithm, found)) => assert_eq!(found, checksum(algorithm, body), "{path}"),
            None => assert_eq!(file.checksum, None, "{path}"),
        }
        if dataset == 1 {
            return 1;
        }
        let mut text = String::new();
        let input = Box::new(&body[..]);
        let mut reader = match file.compressor_in(manifest) {
            "noop" => Noop.decompress(input),
            "gzip" => Gzip::default().decompress(input),
            "zstd" => Zstd::default().decompress(input),
            other => panic!("{other}"),
        }
        .unwrap();
        reader.read_to_string(&mut text).unwrap();
        let mut rows = 0;
        for line in text.lines() {
            let event: Event = serde_json::from_str(line).unwrap();
            if L::IS_HIVE {
                let partition = file.partition.as_ref().unwrap();
                let (group, lane) = event.partition();
                assert_eq!(partition.get("group"), Some(Some(&*group)), "{path}");
                assert_eq!(partition.get("lane"), Some(lane.as_deref()), "{path}");
                assert!(path.contains(&format!("/partitions/{partition}/")), "{path}");
            }
            rows += 1;
        }
        assert_eq!(file.row_count, Some(rows), "{path}");
        assert!(rows > 0, "{path} is empty");
        rows
    }

    /// What lode reads of a snapshot.
    async fn check_read(&self, handle: &Handle<L>, dataset: usize, id: u64) {
        let number = SnapshotId::new(id).unwrap();
        match &self.references[dataset].snapshots[&id].content {
            Content::Records(expected) => {
                let snapshot = handle.records.snapshot(number).await.unwrap();
                assert_eq!(snapshot.row_count(), expected.len() as u64);
                let times = || expected.iter().filter_map(|event| event.at);
                assert_eq!(snapshot.time_range(), times().min().zip(times().max()));
                let found = handle.records.read(&snapshot).await.unwrap();
                let streamed: Vec<Event> =
                    handle.records.stream(&snapshot).try_collect().await.unwrap();
                assert!(found == streamed, "read and stream differ in snapshot {id}");
                check_events(found, expected);
            }
            Content::Blob(expected) => {
                let snapshot = handle.blobs.snapshot(number).await.unwrap();
                let found = handle.blobs.read_blob(&snapshot).await.unwrap();
                assert!(found == expected, "blob {id} differs");
                let chunks: Vec<Bytes> =
                    handle.blobs.stream_blob(&snapshot).try_collect().await.unwrap();
                assert!(&chunks.concat() == expected, "blob {id} differs as a stream");
                let (from, to) = (expected.len() as u64 / 3, expected.len() as u64 / 2);
                let range = handle.blobs.read_blob_range(&snapshot, from..to).await.unwrap();
                assert!(range == expected[from as usize..to as usize], "blob {id}: {from}..{to}");
            }
        }
    }

    /// Every handle finds the head, one that knows nothing too, with the hint and without it.
    async fn check_heads(&mut self, step: &str) {
        let nobody = self.open(Settings::default());
        for dataset in 0..2 {
            for handle in self.handles.iter().chain([&nobody]) {
                self.check_head(handle, dataset, step).await;
            }
            let path = Path::from(format!("{}latest", L::PREFIXES[dataset]));
            let Ok(hint) = self.watch.inner().get(&path).await else { continue };
            let hint = hint.bytes().await.unwrap();
            if let Some((known, id)) = self.checks.hint
                && known == dataset
            {
                assert_eq!(hint, format!("{id:019}"), "{step}: the hint");
            }
            self.watch.inner().delete(&path).await.unwrap();
            self.check_head(&self.open(Settings::default()), dataset, step).await;
            assert!(self.watch.inner().get(&path).await.is_err(), "{step}: a reader wrote a hint");
            self.watch.inner().put(&path, hint.into()).await.unwrap();
        }
    }

    async fn check_head(&self, handle: &Handle<L>, dataset: usize, step: &str) {
        let found = match dataset {
            0 => handle.records.latest().await.map(|found| found.map(|s| s.manifest().clone())),
            _ => handle.blobs.latest().await.map(|found| found.map(|s| s.manifest().clone())),
        };
        let found = found.unwrap_or_else(|e| panic!("{step}: {e}: {e:?}"));
        assert_eq!(
            found.as_ref(),
            self.newest(dataset),
            "{step}: the newest of {}",
            NAMES[dataset]
        );
    }

    fn newest(&self, dataset: usize) -> Option<&Manifest> {
        self.checks.manifests[dataset].last_key_value().map(|(_, manifest)| manifest)
    }

    /// At the end: all of it again, by a process that knows nothing.
    pub async fn check_all(&self) {
        for (key, before) in &self.checks.bodies {
            let body = self.watch.inner().get(&Path::parse(key).unwrap()).await.unwrap();
            assert!(before == &body.bytes().await.unwrap(), "{key} has changed");
        }
        let handle = self.open(Settings::default());
        for dataset in 0..2 {
            for &id in self.references[dataset].snapshots.keys() {
                self.check_read(&handle, dataset, id).await;
            }
        }
        let manifests = &self.checks.manifests[0];
        let ids: Vec<u64> =
            handle.records.snapshots().await.unwrap().iter().map(|id| id.get()).collect();
        assert!(ids.iter().eq(manifests.keys()), "{ids:?}");
        let history: Vec<_> = handle.records.history().try_collect().await.unwrap();
        let found = history.iter().map(lode::Snapshot::manifest);
        assert!(found.eq(manifests.values().rev()), "the history");
        for snapshot in &history {
            let found = handle.records.as_of(snapshot.created_at()).await.unwrap();
            assert_eq!(found.as_ref(), Some(snapshot));
        }
        let (Some(oldest), Some(newest)) = (history.last(), history.first()) else { return };
        let before = oldest.created_at() - chrono::TimeDelta::nanoseconds(1);
        assert_eq!(handle.records.as_of(before).await.unwrap(), None);
        self.check_added(&handle, oldest).await;
        self.check_partitions(&handle, newest).await;
    }

    async fn check_added(&self, handle: &Handle<L>, since: &lode::Snapshot<Event>) {
        let added = handle.records.stream_added(since).await.unwrap();
        let found: Vec<Event> = added.records.try_collect().await.unwrap();
        let old: HashSet<_> = since.files().iter().map(|file| &file.path).collect();
        let mut expected = self.events(added.snapshot.id().get()).to_vec();
        let writes: HashSet<u32> = match self.events(since.id().get()) {
            events if added.snapshot.files().iter().any(|file| old.contains(&file.path)) => {
                events.iter().map(|event| event.write).collect()
            }
            _ => HashSet::new(),
        };
        expected.retain(|event| !writes.contains(&event.write));
        check_events(found, &expected);
    }

    async fn check_partitions(&self, handle: &Handle<L>, snapshot: &lode::Snapshot<Event>) {
        let events = self.events(snapshot.id().get());
        let mut partitions: HashMap<_, Vec<Event>> = HashMap::new();
        for event in events {
            partitions.entry(event.partition()).or_default().push(event.clone());
        }
        for ((group, lane), expected) in partitions {
            let filter = PartitionFilter::new().with("group", group).with("lane", lane);
            let found = handle.records.read(snapshot).partitions(filter).await;
            match L::IS_HIVE {
                true => check_events(found.unwrap(), &expected),
                false => assert!(matches!(found, Err(Error::UnknownPartitionKey { .. }))),
            }
        }
    }

    fn events(&self, id: u64) -> &[Event] {
        match &self.references[0].snapshots[&id].content {
            Content::Records(events) => events,
            Content::Blob(_) => panic!("a blob"),
        }
    }
}

/// The manifest as the format's page has it.
fn check_fields(body: &[u8], manifest: &Manifest, kept: &Kept) {
    let json: Value = serde_json::from_slice(body).unwrap();
    let id = |id: u64| Value::from(format!("{id:019}"));
    assert_eq!(json["schema_name"], "lode-manifest");
    assert_eq!(json["metadata"], kept.metadata);
    assert_eq!(json.get("parent_snapshot_id"), kept.parent.map(id).as_ref());
    assert_eq!(json["operation"], kept.operation.name());
    assert_eq!(json.get("idempotency_key").and_then(Value::as_str), kept.key.as_deref());
    assert_eq!(serde_json::to_value(&manifest.metadata).unwrap(), kept.metadata);
    let is_mixed = manifest.files.iter().any(|file| {
        file.codec.is_some() || file.compressor.is_some() || file.checksum_algorithm.is_some()
    });
    let (version, codec) = match (is_mixed, &kept.content) {
        (true, _) => ("2.0.0", Some("mixed")),
        (false, Content::Records(_)) => ("1.1.0", Some("jsonl")),
        (false, Content::Blob(_)) => ("1.1.0", None),
    };
    assert_eq!(json["format_version"], version);
    assert_eq!(json.get("codec").and_then(Value::as_str), codec);
    let files = json["files"].as_array().unwrap();
    let paths: Vec<_> = files.iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert!(paths.is_sorted_by(|a, b| a < b), "{paths:?}");
}

/// The same records, and in each partition those of one write in their order.
fn check_events(found: Vec<Event>, expected: &[Event]) {
    let mut last = HashMap::new();
    for event in &found {
        if let Some(before) = last.insert((event.write, event.partition()), event.row) {
            assert!(before < event.row, "rows {before} and {} of one write", event.row);
        }
    }
    let sorted = |mut events: Vec<Event>| {
        events.sort_by_key(Event::order);
        events
    };
    let (found, expected) = (sorted(found), sorted(expected.to_vec()));
    let orders = |events: &[Event]| events.iter().map(Event::order).collect::<Vec<_>>();
    assert_eq!(orders(&found), orders(&expected));
    assert!(found == expected, "records differ in their values");
}

fn checksum(algorithm: &str, bytes: &[u8]) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    match algorithm {
        "xxh3-128" => format!("{:032x}", xxhash_rust::xxh3::xxh3_128(bytes)),
        "md5" => hex(&md5::Md5::digest(bytes)),
        "sha256" => hex(&sha2::Sha256::digest(bytes)),
        "blake3" => blake3::hash(bytes).to_hex().to_string(),
        other => panic!("{other}"),
    }
}
