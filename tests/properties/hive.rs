//! Any Unicode text as a partition's value comes back through path, manifest and filter, or is
//! refused before anything is written.

use std::collections::BTreeSet;

use lode::partition::{encode_segment, parse_segment};
use lode::{
    Catalog, Dataset, Durability, Error, HiveLayout, PartitionFilter, Record, Store, metadata,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::finite::objects;
use super::strategies::text;
use super::{block_on, config};

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Place {
    #[lode(partition)]
    city: String,
    #[serde(rename = "straße & nr.")]
    #[lode(partition)]
    street: Option<String>,
    number: u32,
}

const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// Texts that are hard on paths, and any other.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => text(),
        2 => "[./\\\\%=#? \\x00-\\x1f~A-c]{0,12}",
        1 => prop::sample::select(vec![
            "", ".", "..", "/", "a/../b", "%2F", "%", "%%", "=", "a=b", "#1", "name#12", NULL,
            "latest", "manifest.json", "\u{0}", "\u{7f}", "\u{feff}", "\u{10ffff}", " ", "\n",
            "e\u{301}", "\u{e9}", "A", "a", "CON", "nul", "__hive_default_partition__", "*?<>|:\"",
        ])
        .prop_map(str::to_owned),
        1 => ("[a-zä/]", 60..250_usize).prop_map(|(unit, n)| unit.repeat(n)),
    ]
}

/// Whether it can be a folder's name, by the words of the format's page.
fn fits(key: &str, value: Option<&str>) -> bool {
    let Some(value) = value else { return true };
    let stays = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~$&+=:@".contains(&byte);
    let len: usize = value.bytes().map(|byte| if stays(byte) { 1 } else { 3 }).sum();
    value != NULL && key.len() + 1 + len <= 255
}

fn place() -> impl Strategy<Value = Place> {
    (value(), option::of(value()), any::<u32>()).prop_map(|(city, street, number)| Place {
        city,
        street,
        number,
    })
}

async fn check(store: &Store, places: &[Place]) {
    let dataset = Dataset::<Place>::new(store, "places").unwrap().layout(HiveLayout);
    let bad = places.iter().position(|place| {
        !fits("city", Some(&place.city)) || !fits("straße & nr.", place.street.as_deref())
    });
    let written = dataset.write(places, metadata! {}).await;
    let Some(bad) = bad else {
        let snapshot = written.unwrap();
        let streamed = dataset.stream_write_records(places.to_vec(), metadata! {}).await.unwrap();
        for snapshot in [&snapshot, &streamed] {
            check_filters(&dataset, snapshot, places).await;
        }
        let found: BTreeSet<_> = Catalog::new(store)
            .layout(HiveLayout)
            .partitions(dataset.id())
            .await
            .unwrap()
            .iter()
            .map(|partition| {
                let value = |key| partition.get(key).unwrap().map(str::to_owned);
                (value("city").unwrap(), value("straße & nr."))
            })
            .collect();
        let expected = places.iter().map(|place| (place.city.clone(), place.street.clone()));
        assert_eq!(found, expected.collect());
        return;
    };
    let refused = |error: Error| match error {
        Error::InvalidPartition { row, key, value, .. } => {
            let place = &places[row as usize];
            let found = if key == "city" { Some(&place.city) } else { place.street.as_ref() };
            assert_eq!(Some(&value), found);
            assert!(!fits(&key, Some(&value)), "{key}={value:?} was refused");
            assert_eq!(row, bad as u64);
        }
        other => panic!("{other}"),
    };
    refused(written.unwrap_err());
    assert_eq!(objects(store).await, [""; 0]);
    let streamed = dataset.stream_write_records(places.to_vec(), metadata! {}).await;
    refused(streamed.unwrap_err());
    assert_eq!(objects(store).await, [""; 0]);
}

async fn check_filters(
    dataset: &Dataset<Place, lode::codec::Auto, HiveLayout>,
    snapshot: &lode::Snapshot<Place>,
    places: &[Place],
) {
    // A process that knows nothing but the path.
    for file in snapshot.files() {
        let (_, folders) = file.path.split_once("/partitions/").unwrap();
        let folders: Vec<_> = folders.split('/').collect();
        assert_eq!(folders.len(), 3, "{}", file.path);
        let partition = file.partition.as_ref().unwrap();
        for (folder, (key, value)) in folders.iter().zip(partition.iter()) {
            let parsed = parse_segment(folder).unwrap();
            assert_eq!(parsed, (key.to_owned(), value.map(str::to_owned)));
        }
    }
    for place in places {
        let filter = PartitionFilter::new()
            .with("city", &place.city)
            .with("straße & nr.", place.street.clone());
        let found = dataset.read(snapshot).partitions(filter).await.unwrap();
        let same = |other: &&Place| other.city == place.city && other.street == place.street;
        assert!(found.iter().eq(places.iter().filter(same)), "{found:?}");
    }
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn any_text_in_memory(places in vec(place(), 1..6)) {
        block_on(check(&Store::memory(), &places));
    }

    #[test]
    fn any_text_on_the_local_disk(places in vec(place(), 1..4)) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::local_with(dir.path(), Durability::None).unwrap();
        block_on(check(&store, &places));
    }

    #[test]
    fn a_segment_comes_back_or_is_refused(value in option::of(value())) {
        match encode_segment("key", value.as_deref()) {
            Ok(segment) => {
                prop_assert!(fits("key", value.as_deref()));
                prop_assert!(segment.len() <= 255 && !segment.contains('/'));
                prop_assert_eq!(parse_segment(&segment), Some(("key".to_owned(), value)));
            }
            Err(error) => {
                prop_assert!(!fits("key", value.as_deref()), "{}", error);
                prop_assert_eq!(error.value, value);
            }
        }
    }

    #[test]
    fn what_parses_is_what_would_be_encoded(segment in "[a-c%=2Fé]{0,12}") {
        if let Some((key, value)) = parse_segment(&segment)
            && let Ok(again) = encode_segment(&key, value.as_deref())
        {
            prop_assert_eq!(parse_segment(&again), Some((key, value)));
        }
    }
}
