//! Known answers, and streaming equal to hashing at once.

use proptest::prelude::*;

use super::Checksum;
use crate::error::Error;

const ALL: &[Checksum] = &[
    Checksum::Xxh3_128,
    #[cfg(feature = "blake3")]
    Checksum::Blake3,
    #[cfg(feature = "sha2")]
    Checksum::Sha256,
    Checksum::Md5,
];

#[test]
fn answers_are_those_of_the_usual_tools() {
    assert_eq!(Checksum::Md5.of(b"abc"), "900150983cd24fb0d6963f7d28e17f72");
    // `printf abc | xxhsum -H2`; the canonical form puts the high half first.
    assert_eq!(Checksum::Xxh3_128.of(b"abc"), "06b05ab6733a618578af5f94892f3950");
    #[cfg(feature = "sha2")]
    assert_eq!(
        Checksum::Sha256.of(b"abc"),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    #[cfg(feature = "blake3")]
    assert_eq!(
        Checksum::Blake3.of(b"abc"),
        "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85"
    );
}

#[test]
fn names_find_their_algorithm() {
    for &checksum in ALL {
        assert_eq!(Checksum::by_name(checksum.name()).unwrap(), checksum);
    }
    match Checksum::by_name("crc32") {
        Err(Error::CodecUnavailable { codec, feature: None }) => assert_eq!(codec, "crc32"),
        other => panic!("{other:?}"),
    }
}

#[cfg(not(feature = "sha2"))]
#[test]
fn a_missing_algorithm_names_its_feature() {
    match Checksum::by_name("sha256") {
        Err(Error::CodecUnavailable { feature, .. }) => assert_eq!(feature, Some("sha2")),
        other => panic!("{other:?}"),
    }
}

proptest! {
    #[test]
    fn streaming_equals_hashing_at_once(
        bytes in prop::collection::vec(any::<u8>(), 0..3000),
        cuts in prop::collection::vec(0..3000_usize, 0..6),
    ) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.sort_unstable();
        for &checksum in ALL {
            let mut hasher = checksum.hasher();
            let mut from = 0;
            for &cut in cuts.iter().chain([&bytes.len()]) {
                hasher.update(&bytes[from..cut]);
                from = cut;
            }
            prop_assert_eq!(hasher.finish(), checksum.of(&bytes));
        }
    }
}
