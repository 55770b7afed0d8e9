use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const SESSION: &str = "019a3c5e7b2d7c1f8a90b1c2d3e4f506";
const CHECKSUM: &str = "99aa06d3014798d86001c324468d497f";

fn name() -> BlockName {
    BlockName {
        offset: 4096,
        length: 512,
        base: 7,
        kind: Kind::Write,
        session: SessionId::parse(SESSION).unwrap(),
        seq: 3,
        checksum: u128::from_str_radix(CHECKSUM, 16).unwrap(),
    }
}

fn names() -> impl Strategy<Value = BlockName> {
    let numbers = (any::<u64>(), 1..=u64::MAX, prop_oneof![Just(0), 1..=i64::MAX as u64]);
    let rest = (any::<bool>(), any::<u128>(), any::<u32>(), any::<u128>());
    (numbers, rest).prop_map(|((offset, length, base), (over, session, seq, checksum))| BlockName {
        offset: offset.min(u64::MAX - length),
        length,
        base,
        kind: if over { Kind::Overwrite } else { Kind::Write },
        session: SessionId::new(Uuid::from_u128(session)),
        seq,
        checksum,
    })
}

proptest! {
    #[test]
    fn a_name_is_parsed_as_it_was_written(name in names()) {
        prop_assert_eq!(BlockName::parse(&name.to_string()), Some(name));
    }

    #[test]
    fn what_parses_is_written_the_same(
        name in names(),
        at in any::<prop::sample::Index>(),
        with in "[0-9a-gwoW+.-]{0,2}",
    ) {
        let mut text = name.to_string();
        let at = at.index(text.len());
        text.replace_range(at..=at, &with);
        if let Some(parsed) = BlockName::parse(&text) {
            prop_assert_eq!(parsed.to_string(), text);
        }
    }

    #[test]
    fn any_text_is_judged_without_a_panic(text in ".{0,40}") {
        prop_assert_eq!(BlockName::parse(&text), None);
    }

    #[test]
    fn a_staged_block_survives_being_sent(name in names()) {
        let block = StagedBlock { volume: "disk".parse().unwrap(), name };
        let sent = serde_json::to_string(&block).unwrap();
        prop_assert_eq!(serde_json::from_str::<StagedBlock>(&sent).unwrap(), block);
    }
}

#[test]
fn a_name_is_the_one_of_the_format() {
    let expected = format!("4096-512-0000000000000000007-w-{SESSION}-00003-{CHECKSUM}.bin");
    assert_eq!(name().to_string(), expected);
    assert_eq!(
        BlockName { seq: 123_456, ..name() }.to_string(),
        expected.replace("00003", "123456")
    );
}

#[test]
fn other_spellings_are_refused() {
    let good = name().to_string();
    let changed = [
        ("4096-", "04096-"),
        ("4096-", "+4096-"),
        ("4096-", "-"),
        ("4096-", "18446744073709551615-"),
        ("4096-", "18446744073709551616-"),
        ("-512-", "-0-"),
        ("-512-", "-0512-"),
        ("-512-", "-18446744073709551615-"),
        ("0000000000000000007", "7"),
        ("0000000000000000007", "00000000000000000007"),
        ("0000000000000000007", "9223372036854775808"),
        ("-w-", "-W-"),
        ("-w-", "--"),
        (SESSION, "019A3C5E7B2D7C1F8A90B1C2D3E4F506"),
        (SESSION, "019a3c5e7b2d7c1f8a90b1c2d3e4f50"),
        ("-00003-", "-3-"),
        ("-00003-", "-000003-"),
        ("-00003-", "-4294967296-"),
        (CHECKSUM, "99AA06D3014798D86001C324468D497F"),
        (CHECKSUM, "9aa06d3014798d86001c324468d497f"),
        (CHECKSUM, "+9aa06d3014798d86001c324468d497f"),
        (".bin", ""),
        (".bin", "-.bin"),
        (".bin", ".bin.bin"),
    ];
    for (from, to) in changed {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good);
        assert_eq!(BlockName::parse(&bad), None, "{bad}");
    }
    assert!(BlockName::parse(&good).is_some());
}

#[test]
fn a_staged_block_tells_what_its_name_says() {
    let block = StagedBlock { volume: "disk".parse().unwrap(), name: name() };
    assert_eq!(block.range(), 4096..4608);
    assert_eq!(block.base(), Some(VolumeSnapshotId::new(7).unwrap()));
    assert_eq!(block.session().to_string(), SESSION);
    assert!(!block.is_overwrite());
    assert_eq!(block.key(), format!("volumes/disk/data/{}", block.name));

    let found = block.to_ref();
    assert_eq!((found.range(), &*found.path), (4096..4608, &*block.key()));
    assert!(found.is_whole());
    assert_eq!((found.checksum.as_deref(), found.checksum_algorithm), (Some(CHECKSUM), None));

    let first = BlockName { base: 0, kind: Kind::Overwrite, ..name() };
    let first = StagedBlock { name: first, ..block };
    assert_eq!(first.base(), None);
    assert!(first.is_overwrite());
}

#[test]
fn a_forged_block_is_refused() {
    let good = serde_json::json!({ "volume": "disk", "block": name().to_string() });
    serde_json::from_value::<StagedBlock>(good.clone()).unwrap();
    for (field, value) in [("volume", "../disk"), ("block", "../../latest"), ("block", "0-1.bin")] {
        let mut bad = good.clone();
        bad[field] = value.into();
        let error = serde_json::from_value::<StagedBlock>(bad).unwrap_err();
        assert!(error.to_string().contains(if field == "block" { value } else { "id" }), "{error}");
    }
}
