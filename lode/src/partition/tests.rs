//! Tests of partitions.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use futures::TryStreamExt;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use proptest::prelude::*;

use super::*;
use crate::store::Store;

/// Values that have broken such paths elsewhere, with what Go's `url.PathEscape` makes of them.
const HOSTILE: [(&str, &str); 22] = [
    ("", ""),
    (".", "."),
    ("..", ".."),
    ("/", "%2F"),
    ("a/b", "a%2Fb"),
    ("../../etc/passwd", "..%2F..%2Fetc%2Fpasswd"),
    ("\\", "%5C"),
    ("%", "%25"),
    ("%2F", "%252F"),
    ("a=b", "a=b"),
    ("a b", "a%20b"),
    ("a\nb\0", "a%0Ab%00"),
    ("-_.~$&+=:@", "-_.~$&+=:@"),
    ("!*'(),;", "%21%2A%27%28%29%2C%3B"),
    ("?#[]", "%3F%23%5B%5D"),
    ("a#1", "a%231"),
    ("<>\"|^`{}", "%3C%3E%22%7C%5E%60%7B%7D"),
    ("Zürich", "Z%C3%BCrich"),
    ("東京", "%E6%9D%B1%E4%BA%AC"),
    ("\u{7f}\u{80}", "%7F%C2%80"),
    ("🛫", "%F0%9F%9B%AB"),
    ("null", "null"),
];

#[test]
fn hostile_values_are_encoded_as_go_does_it() {
    for (value, encoded) in HOSTILE {
        let segment = encode_segment("k", Some(value)).unwrap();
        assert_eq!(segment, format!("k={encoded}"));
        assert_eq!(parse_segment(&segment), Some(("k".to_owned(), Some(value.to_owned()))));
    }
}

#[test]
fn null_is_not_a_text() {
    let null = encode_segment("k", None).unwrap();
    assert_eq!(null, "k=__HIVE_DEFAULT_PARTITION__");
    assert_eq!(parse_segment(&null), Some(("k".to_owned(), None)));
    let error = encode_segment("k", Some("__HIVE_DEFAULT_PARTITION__")).unwrap_err();
    assert_eq!(error.reason, "this text stands for null");
    assert_eq!(parse_segment("k=%5F_HIVE_DEFAULT_PARTITION__"), None);
    assert_ne!(encode_segment("k", Some("__hive_default_partition__")).unwrap(), null);
}

#[test]
fn long_segments_are_refused() {
    for (value, fits) in [("x".repeat(253), true), ("x".repeat(254), false), ("ä".repeat(42), true)]
    {
        assert_eq!(encode_segment("k", Some(&value)).is_ok(), fits, "{}", value.len());
    }
    let error = encode_segment("k", Some(&"ä".repeat(43))).unwrap_err();
    assert_eq!(error.reason, "encoded, it is longer than 255 bytes");
    assert!(encode_segment(&"k".repeat(230), None).is_err());
    let at_row = error.at_row(7).to_string();
    assert!(at_row.starts_with("row 7: partition key `k` cannot have the value"), "{at_row}");
}

#[test]
fn keys_that_would_be_misread_are_refused() {
    for key in ["", "a/b", "a\\b", "a=b", "a%b", "a\nb", "a\u{85}b"] {
        assert!(encode_segment(key, Some("x")).is_err(), "{key:?}");
    }
    let twice = Partition::new([("k", Some("a")), ("k", Some("b"))]).unwrap_err();
    assert_eq!(twice.reason, "the key is given twice");
}

#[test]
fn there_are_at_most_64_keys() {
    let entries = |count: usize| (0..count).map(|i| (format!("k{i}"), Some("v")));
    let json = |count| serde_json::to_string(&entries(count).collect::<BTreeMap<_, _>>()).unwrap();
    assert_eq!(Partition::new(entries(64)).unwrap().iter().len(), 64);
    assert!(serde_json::from_str::<Partition>(&json(64)).is_ok());

    let error = Partition::new(entries(65)).unwrap_err();
    assert_eq!((error.key.as_str(), error.reason), ("k64", "a partition has at most 64 keys"));
    let error = serde_json::from_str::<Partition>(&json(65)).unwrap_err().to_string();
    assert!(error.contains("a partition has at most 64 keys"), "{error}");
    let path = Partition::new(entries(64)).unwrap().to_string() + "/k64=v";
    assert_eq!(Partition::from_folders(path.split('/')), None);
}

#[test]
fn what_is_not_a_segment_is_none() {
    let bad = [
        "", "k", "=", "=v", "k=%", "k=%4", "k=%4g", "k=%zz", "k=a%", "k=%FF", "k=%C3", "k=%E6%9D",
        "a/b=c", "a%b=c", "k=%+1",
    ];
    for segment in bad {
        assert_eq!(parse_segment(segment), None, "{segment:?}");
    }
    assert_eq!(parse_segment(&format!("k={}", "x".repeat(254))), None);
    // Hex digits of either case; other writers leave more unescaped than Go does.
    assert_eq!(parse_segment("k=%c3%bc!"), Some(("k".to_owned(), Some("ü!".to_owned()))));
}

proptest! {
    #[test]
    fn any_value_comes_back(key in "[a-zа-я_ ]{1,8}", value: Option<String>) {
        match encode_segment(&key, value.as_deref()) {
            Ok(segment) => {
                prop_assert!(segment.len() <= 255);
                let path = Path::parse(&segment).unwrap();
                prop_assert_eq!(path.as_ref(), &segment);
                prop_assert_eq!(parse_segment(&segment), Some((key, value)));
            }
            Err(error) => prop_assert_eq!(error.value, value),
        }
    }

    #[test]
    fn different_values_have_different_segments(a: Option<String>, b: Option<String>) {
        let segment = |value: &Option<String>| encode_segment("k", value.as_deref());
        if let (Ok(first), Ok(second)) = (segment(&a), segment(&b)) {
            prop_assert_eq!(first == second, a == b);
        }
    }

    #[test]
    fn any_text_is_parsed_or_not(text in ".{0,40}") {
        if let Some((key, value)) = parse_segment(&text) {
            let segment = encode_segment(&key, value.as_deref());
            // Escaping more than the other writer did can make it too long, nothing else.
            if let Ok(segment) = segment {
                prop_assert_eq!(parse_segment(&segment), Some((key, value)));
            }
        }
    }

    #[test]
    fn partitions_come_back_from_path_and_json(
        partition in crate::manifest::arbitrary::partition(),
    ) {
        let path = partition.to_string();
        let from_path = Partition::from_folders(path.split('/'));
        prop_assert_eq!(from_path.as_ref(), Some(&partition));
        let json = serde_json::to_string(&partition).unwrap();
        prop_assert_eq!(serde_json::from_str::<Partition>(&json).unwrap(), partition);
    }
}

/// Puts, reads, lists and deletes an object in the partition of each value.
async fn survives(store: Store, values: &[&str]) {
    for value in values {
        let partition = Partition::new([("k", Some(*value)), ("day", None)]).unwrap();
        let key = format!("datasets/d/partitions/{partition}/0-00000.jsonl");
        store.put(&key, value.to_string().into()).await.unwrap();
        let found = store.get_bytes(&key, 1 << 20, None).await.unwrap().unwrap();
        assert_eq!(found, value.as_bytes());

        let listed: Vec<_> = store.list("datasets/d/partitions/").try_collect().await.unwrap();
        let keys: Vec<_> = listed.iter().filter_map(|meta| store.key(&meta.location)).collect();
        assert_eq!(keys, [key.as_str()]);
        let folders = store.list_folders("datasets/d/partitions/").await.unwrap();
        let decoded = folders.iter().map(|folder| parse_segment(folder));
        let expected = Some(("k".to_owned(), Some((*value).to_owned())));
        assert_eq!(decoded.collect::<Vec<_>>(), [expected]);
        store.delete(&key).await.unwrap();
        assert!(store.get(&key).await.unwrap().is_none());
    }
}

fn stores() -> (tempfile::TempDir, [Store; 2]) {
    let dir = tempfile::tempdir().unwrap();
    let local = LocalFileSystem::new_with_prefix(dir.path()).unwrap().with_automatic_cleanup(true);
    let local: Arc<dyn ObjectStore> = Arc::new(local);
    let memory: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    (dir, [Store::from(local), Store::from(memory)])
}

#[tokio::test]
async fn hostile_values_survive_every_store() {
    let (_dir, stores) = stores();
    for store in stores {
        survives(store, &HOSTILE.map(|(value, _)| value)).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_value_survives_every_store(value: String) {
        prop_assume!(encode_segment("k", Some(&value)).is_ok());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (_dir, stores) = stores();
        for store in stores {
            runtime.block_on(survives(store, &[&value]));
        }
    }
}

#[tokio::test]
async fn a_number_sign_is_only_refused_at_the_end_of_a_local_files_name() {
    let (_dir, [local, _]) = stores();
    assert!(local.put("a/k=x/file#1", "x".into()).await.is_err());
    for key in ["a/k#1=x/file", "a/k=x#1/file", "a/k=x/file#1.jsonl"] {
        local.put(key, "x".into()).await.unwrap();
        assert_eq!(local.get_bytes(key, 9, None).await.unwrap().unwrap(), "x");
    }
}

#[test]
fn filters_take_any_value_of_a_key_and_all_keys() {
    let file = |carrier: Option<&str>, day: &str| {
        Partition::new([("carrier", carrier), ("day", Some(day))]).unwrap()
    };
    let day = NaiveDate::from_ymd_opt(2013, 1, 2).unwrap();
    let wanted =
        PartitionFilter::new().with("carrier", "UA").with("day", day).with("carrier", "AA");
    assert!(wanted.matches(&file(Some("UA"), "2013-01-02")));
    assert!(wanted.matches(&file(Some("AA"), "2013-01-02")));
    assert!(!wanted.matches(&file(Some("B6"), "2013-01-02")));
    assert!(!wanted.matches(&file(Some("UA"), "2013-01-03")));
    assert!(!wanted.matches(&file(None, "2013-01-02")));

    let null = PartitionFilter::new().with("carrier", None::<&str>);
    assert!(null.matches(&file(None, "x")) && !null.matches(&file(Some("null"), "x")));
    let other = PartitionFilter::new().with("gate", None::<&str>);
    assert!(!other.matches(&file(None, "x")));
    assert!(PartitionFilter::new().matches(&file(None, "x")));
}

#[test]
fn the_order_of_a_filters_pairs_says_nothing() {
    let pairs = [("b", Some("2")), ("a", Some("1")), ("b", None), ("b", Some("1")), ("b", None)];
    let filter = |pairs: &[(&str, Option<&str>)]| {
        pairs.iter().fold(PartitionFilter::new(), |filter, (key, value)| filter.with(*key, *value))
    };
    let mut reversed = pairs;
    reversed.reverse();
    assert_eq!(filter(&pairs), filter(&reversed));
    assert_eq!(filter(&pairs).keys().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn values_are_compared_by_their_text() {
    let text = |value: PartitionValue| value.as_str().map(str::to_owned);
    assert_eq!(text(true.into()).as_deref(), Some("true"));
    assert_eq!(text((-7_i8).into()).as_deref(), Some("-7"));
    assert_eq!(text(u64::MAX.into()).as_deref(), Some("18446744073709551615"));
    assert_eq!(text(Some("x".to_owned()).into()).as_deref(), Some("x"));
    assert_eq!(text(NaiveDate::from_ymd_opt(33, 1, 2).into()).as_deref(), Some("0033-01-02"));
    assert_eq!(text(PartitionValue::NULL), None);
}
