//! What is written is read back: any records, whatever the codec's compression, the checksum, the
//! layout, and the call.

use std::fmt::Debug;

use futures::TryStreamExt;
use lode::codec::Jsonl;
use lode::compress::{Gzip, Zstd};
use lode::layout::Layout;
use lode::{
    Checksum, Dataset, DefaultLayout, FlatLayout, HiveLayout, Limits, Record, Store, metadata,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::records::{Keyed, Numbers, Times};
use super::strategies::{keyed, numbers, optional, shapes, texts, times};
use super::{block_on, config};

/// How records are stored.
#[derive(Debug, Clone)]
struct Storage {
    codec: Jsonl,
    checksum: Option<Checksum>,
    limits: Limits,
}

fn codecs() -> Vec<Jsonl> {
    let jsonl = Jsonl::new;
    let mut codecs = vec![jsonl()];
    codecs.extend([0, 1, 9].map(|level| jsonl().compress(Gzip::with_level(level).unwrap())));
    codecs.extend([-7, 1, 3, 19].map(|level| jsonl().compress(Zstd::with_level(level).unwrap())));
    codecs
}

fn checksums() -> Vec<Option<Checksum>> {
    let all = [Checksum::Xxh3_128, Checksum::Blake3, Checksum::Sha256, Checksum::Md5];
    all.into_iter().map(Some).chain([None]).collect()
}

fn storage() -> impl Strategy<Value = Storage> {
    let part_bytes = select(vec![1, 100, 8 << 20]);
    (select(codecs()), select(checksums()), part_bytes, 1..3_usize).prop_map(
        |(codec, checksum, part_bytes, open_files)| Storage {
            codec,
            checksum,
            limits: Limits { part_bytes, open_files, target_file_bytes: 1, ..Limits::default() },
        },
    )
}

/// Writes in each of the ways, into one store, and reads in each of the ways. The records come
/// back in order, unless they are partitioned.
async fn check<T, L>(store: &Store, records: &[T], storage: &Storage, layout: L)
where
    T: Record + Clone + PartialEq + Debug,
    L: Layout<T>,
{
    let dataset = Dataset::<T>::new(store, "records")
        .unwrap()
        .codec(storage.codec.clone())
        .checksum(storage.checksum)
        .limits(storage.limits.clone())
        .layout(layout.clone());
    let in_order = std::any::type_name::<L>() != std::any::type_name::<HiveLayout>();
    let whole = dataset.write(records, metadata! {}).await.unwrap();
    let streamed = dataset.stream_write_records(records.to_vec(), metadata! {}).await.unwrap();
    let mut writer = dataset.record_writer(metadata! {}).await.unwrap();
    for record in records {
        writer.push(record).await.unwrap();
    }
    let pushed = writer.commit().await.unwrap();
    // Another handle, that writes otherwise: what the manifest says is followed.
    let reader = Dataset::<T>::new(store, "records").unwrap().layout(layout);
    for snapshot in [whole, streamed, pushed] {
        assert_eq!(snapshot.row_count(), records.len() as u64);
        let found = reader.read(&snapshot).await.unwrap();
        check_equal(&found, records, in_order);
        let found: Vec<T> = reader.stream(&snapshot).try_collect().await.unwrap();
        check_equal(&found, records, in_order);
    }
}

fn check_equal<T: PartialEq + Debug>(found: &[T], expected: &[T], in_order: bool) {
    if in_order {
        assert_eq!(found, expected);
        return;
    }
    assert_eq!(found.len(), expected.len());
    let mut rest: Vec<&T> = found.iter().collect();
    for record in expected {
        let at = rest.iter().position(|found| *found == record);
        rest.swap_remove(at.unwrap_or_else(|| panic!("{record:?} is not in {found:?}")));
    }
}

/// In memory, in the layouts that hold every record.
fn check_any<T: Record + Clone + PartialEq + Debug>(records: &[T], storage: &Storage) {
    block_on(async {
        check(&Store::memory(), records, storage, DefaultLayout).await;
        check(&Store::memory(), records, storage, FlatLayout).await;
    });
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn numbers_come_back(records in vec(numbers(), 0..12), storage in storage()) {
        check_any(&records, &storage);
        // `==` does not tell 0.0 from -0.0.
        let bits = |records: &[Numbers]| -> Vec<_> {
            records.iter().map(|n| (n.f32.to_bits(), n.f64.to_bits())).collect()
        };
        let found = block_on(async {
            let dataset = Dataset::<Numbers>::new(&Store::memory(), "n").unwrap();
            let snapshot = dataset.write(&records, metadata! {}).await.unwrap();
            dataset.read(&snapshot).await.unwrap()
        });
        prop_assert_eq!(bits(&found), bits(&records));
    }

    #[test]
    fn texts_come_back(records in vec(texts(), 0..12), storage in storage()) {
        check_any(&records, &storage);
    }

    #[test]
    fn times_come_back(records in vec(times(), 0..12), storage in storage()) {
        check_any(&records, &storage);
        let range = block_on(async {
            let dataset = Dataset::<Times>::new(&Store::memory(), "times").unwrap();
            dataset.write(&records, metadata! {}).await.unwrap().time_range()
        });
        let times = || records.iter().filter_map(|record| record.at);
        prop_assert_eq!(range, times().min().zip(times().max()));
    }

    #[test]
    fn shapes_come_back(records in vec(shapes(), 0..8), storage in storage()) {
        check_any(&records, &storage);
    }

    #[test]
    fn optional_fields_come_back(records in vec(optional(), 0..12), storage in storage()) {
        check_any(&records, &storage);
    }

    #[test]
    fn partitioned_records_come_back(records in vec(keyed(), 0..8), storage in storage()) {
        check_any(&records, &storage);
        block_on(check(&Store::memory(), &records, &storage, HiveLayout));
    }
}

/// Every codec with every checksum, in every layout, on the local disk.
#[test]
fn every_combination_of_storage() {
    let records: Vec<Keyed> = (0..40)
        .map(|n| Keyed {
            text: format!("{}", n % 2),
            maybe: None,
            number: n % 3,
            flag: true,
            date: chrono::NaiveDate::from_ymd_opt(
                2000 + n as i32 % 3,
                2,
                29 - (n as u32 % 3).div_ceil(3),
            )
            .unwrap(),
            status: None,
            at: chrono::DateTime::from_timestamp(n, 1).unwrap(),
            value: n as f64 / 3.0,
        })
        .collect();
    block_on(async {
        for codec in codecs() {
            for checksum in checksums() {
                let limits = Limits { part_bytes: 300, ..Limits::default() };
                let storage = Storage { codec: codec.clone(), checksum, limits };
                let dir = tempfile::tempdir().unwrap();
                let store = Store::local_with(dir.path(), lode::Durability::None).unwrap();
                let part = |name| store.clone().prefixed(name).unwrap();
                check(&part("default"), &records, &storage, DefaultLayout).await;
                check(&part("flat"), &records, &storage, FlatLayout).await;
                check(&part("hive"), &records, &storage, HiveLayout).await;
            }
        }
    });
}
