//! Tests of ids.

use proptest::prelude::*;

use super::*;

#[test]
fn names_that_paths_could_not_hold_are_refused() {
    let long = "a".repeat(256);
    let bad = [
        "", ".", "..", ".hidden", "a/b", "../x", "/a", "a/", "a\\b", "a b", "a\n", "a\0", "ä",
        "a%2Fb", "datasets", "Datasets", "VOLUMES", "a=b", "a:b", "a#1", &long,
    ];
    for name in bad {
        match DatasetId::new(name) {
            Err(Error::InvalidId { kind: "dataset", id, .. }) => assert_eq!(id, name),
            other => panic!("{name:?}: {other:?}"),
        }
        let json = serde_json::to_string(name).unwrap();
        assert!(serde_json::from_str::<DatasetId>(&json).is_err(), "{name:?}");
    }
    for name in ["a", "-", "_", "0", "A.b_c-9", "datasets2", "volume", "a..b", &long[1..]] {
        assert_eq!(DatasetId::new(name).unwrap().as_str(), name);
    }
}

#[test]
fn every_way_to_make_a_dataset_id_checks_it() {
    let owned = "a/b".to_owned();
    assert!("a/b".parse::<DatasetId>().is_err());
    assert!(DatasetId::try_from("a/b").is_err());
    assert!(DatasetId::try_from(&owned).is_err());
    assert!(DatasetId::try_from(owned).is_err());
    assert!(std::panic::catch_unwind(|| DatasetId::from_static("a/b")).is_err());
    const CHECKED: DatasetId = DatasetId::from_static("a");
    assert_eq!(CHECKED, DatasetId::new("a").unwrap());
}

#[test]
fn snapshot_ids_are_positive_and_below_2_63() {
    for bad in [0, 1 << 63, u64::MAX] {
        assert!(matches!(SnapshotId::new(bad), Err(Error::InvalidId { kind: "snapshot", .. })));
    }
    for text in ["", "0", "0000000000000000000", "-1", "+1", " 1", "1 ", "1.0", "0x1", "١"] {
        assert!(text.parse::<SnapshotId>().is_err(), "{text:?}");
    }
    for text in ["9223372036854775808", "18446744073709551616", "99999999999999999999999"] {
        assert!(text.parse::<SnapshotId>().is_err(), "{text:?}");
    }
    let last = SnapshotId::new(i64::MAX as u64).unwrap();
    assert_eq!(last.padded(), "9223372036854775807");
    assert!(last.next().is_err());
    assert_eq!(SnapshotId::FIRST.next().unwrap().get(), 2);
}

#[test]
fn write_ids_have_one_spelling() {
    let id = "018f0000000070008000000000000000";
    assert_eq!(WriteId::parse(id).unwrap().to_string(), id);
    let dashed = "018f0000-0000-7000-8000-000000000000";
    for bad in ["", dashed, &id[1..], &id.to_uppercase(), &format!("{id}0"), &"g".repeat(32)] {
        assert_eq!(WriteId::parse(bad), None, "{bad:?}");
    }
}

proptest! {
    #[test]
    fn snapshot_ids_come_back_from_both_spellings(a in 1..i64::MAX as u64, b in 1..i64::MAX as u64) {
        let (a, b) = (SnapshotId::new(a).unwrap(), SnapshotId::new(b).unwrap());
        prop_assert_eq!(a.to_string().parse::<SnapshotId>().unwrap(), a);
        prop_assert_eq!(a.padded().parse::<SnapshotId>().unwrap(), a);
        prop_assert_eq!(a.padded().len(), 19);
        // Names sort as numbers do.
        prop_assert_eq!(a.padded().cmp(&b.padded()), a.cmp(&b));
        let json = serde_json::to_string(&a).unwrap();
        prop_assert_eq!(serde_json::from_str::<SnapshotId>(&json).unwrap(), a);
    }

    #[test]
    fn any_text_is_an_id_or_an_error(text: String) {
        if let Ok(id) = text.parse::<DatasetId>() {
            prop_assert_eq!(id.as_str(), &text);
            prop_assert!(object_store::path::Path::parse(&text).unwrap().as_ref() == text);
        }
        let _ = text.parse::<SnapshotId>();
        let _ = WriteId::parse(&text);
    }
}

#[test]
fn an_attempt_says_when_it_began_if_it_is_of_version_7() {
    // The example of RFC 9562, appendix A.6.
    let id = WriteId::parse("017f22e279b07cc398c4dc0c0c07398f").unwrap();
    let began = id.began().unwrap();
    assert_eq!(began.to_rfc3339(), "2022-02-22T19:22:22+00:00");
    for other in [
        "017f22e279b04cc398c4dc0c0c07398f", // version 4
        "017f22e279b07cc3d8c4dc0c0c07398f", // another variant
        "00000000000000000000000000000000",
    ] {
        assert_eq!(WriteId::parse(other).unwrap().began(), None, "{other}");
    }
    assert!(WriteId::parse("ffffffffffff7cc398c4dc0c0c07398f").unwrap().began().is_some());
}
