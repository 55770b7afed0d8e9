//! NaN and infinities, which JSON has not, are refused with row and field, and leave nothing.

use std::collections::BTreeMap;
use std::fmt::Debug;

use lode::{Dataset, Error, HiveLayout, Record, Store, metadata};
use object_store::ObjectStore;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::records::{Keyed, Numbers, Optional, Pair, Shapes};
use super::strategies::{keyed, numbers, optional, shapes};
use super::{block_on, config};

/// How many objects are stored.
pub(super) async fn objects(store: &Store) -> Vec<String> {
    use futures::TryStreamExt;
    let list = store.object_store().list(None);
    list.map_ok(|meta| meta.location.to_string()).try_collect().await.unwrap()
}

/// Writes in each of the ways, and finds the error and nothing else.
fn check<T: Record + Clone + Debug>(records: &[T], row: usize, field: &str) {
    block_on(async {
        let store = Store::memory();
        let dataset = Dataset::<T>::new(&store, "records").unwrap();
        let refused = |error: Error| match error {
            Error::Encode { row: found, field: at, .. } => {
                assert_eq!((found, at.as_str()), (row as u64, field));
            }
            other => panic!("{other}"),
        };
        refused(dataset.write(records, metadata! {}).await.unwrap_err());
        refused(dataset.append(records, metadata! {}).await.unwrap_err());
        let source = records.to_vec();
        refused(dataset.stream_write_records(source, metadata! {}).await.unwrap_err());
        let mut writer = dataset.record_writer(metadata! {}).await.unwrap();
        for record in &records[..row] {
            writer.push(record).await.unwrap();
        }
        refused(writer.push(&records[row]).await.unwrap_err());
        let again = writer.push(&records[row]).await.unwrap_err();
        assert!(matches!(again, Error::WriterFailed { .. }), "{again}");
        let last = writer.commit().await.unwrap_err();
        assert!(matches!(last, Error::WriterFailed { .. }), "{last}");
        assert_eq!(objects(&store).await, [""; 0]);
    });
}

fn bad() -> impl Strategy<Value = f64> {
    select(vec![f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY])
}

proptest! {
    #![proptest_config(config(32))]

    #[test]
    fn of_numbers(mut records in vec(numbers(), 1..8), at: Index, bad in bad(), single: bool) {
        let row = at.index(records.len());
        let record: &mut Numbers = &mut records[row];
        let field = if single {
            record.f32 = bad as f32;
            "f32"
        } else {
            record.f64 = bad;
            "f64"
        };
        check(&records, row, field);
    }

    #[test]
    fn in_shapes(mut records in vec(shapes(), 1..5), at: Index, bad in bad(), place in 0..5_u8) {
        let row = at.index(records.len());
        let record: &mut Shapes = &mut records[row];
        let field = match place {
            0 => {
                record.gaps = vec![None, Some(0.0), Some(bad)];
                "gaps[2]"
            }
            1 => {
                record.lists = vec![vec![], vec![1.0, bad as f32]];
                "lists[1][1]"
            }
            2 => {
                record.sorted = BTreeMap::from([("a \"b\"".to_owned(), bad as f32)]);
                r#"sorted["a \"b\""]"#
            }
            3 => {
                record.deep.left.right = Some(bad);
                "deep.left.right"
            }
            _ => {
                record.deep.right = Some(Pair { left: bad, right: None });
                "deep.right.left"
            }
        };
        check(&records, row, field);
    }

    #[test]
    fn in_optional_fields(
        mut records in vec(optional(), 1..5),
        at: Index,
        bad in bad(),
        place in 0..3_u8,
    ) {
        let row = at.index(records.len());
        let record: &mut Optional = &mut records[row];
        let field = match place {
            0 => {
                record.float = Some(bad as f32);
                "float"
            }
            1 => {
                record.nested = Some(Pair { left: 0.0, right: Some(bad) });
                "nested.right"
            }
            _ => {
                record.array = Some([None, Some(bad)]);
                "array[1]"
            }
        };
        check(&records, row, field);
    }

    #[test]
    fn of_partitioned_records(mut records in vec(keyed(), 1..8), at: Index, bad in bad()) {
        let row = at.index(records.len());
        let record: &mut Keyed = &mut records[row];
        record.value = bad;
        check(&records, row, "value");
        // In the Hive layout, other partitions' records are encoded first.
        block_on(async {
            let store = Store::memory();
            let dataset = Dataset::<Keyed>::new(&store, "keyed").unwrap().layout(HiveLayout);
            let error = dataset.write(&records, metadata! {}).await.unwrap_err();
            let is_told = matches!(
                &error,
                Error::Encode { row: found, field, .. } if *found == row as u64 && field == "value"
            );
            assert!(is_told, "{error}");
            assert_eq!(objects(&store).await, [""; 0]);
        });
    }
}
