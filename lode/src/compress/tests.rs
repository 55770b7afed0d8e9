//! Round trips, damage and bombs.

use std::io::Read;

use proptest::prelude::*;

use super::{Compressor, by_name};
use crate::error::Error;

fn all() -> Vec<std::sync::Arc<dyn Compressor>> {
    let names = [
        "noop",
        #[cfg(feature = "gzip")]
        "gzip",
        #[cfg(feature = "zstd")]
        "zstd",
    ];
    names.iter().map(|name| by_name(name).unwrap()).collect()
}

fn member(compressor: &dyn Compressor, input: &[u8]) -> Vec<u8> {
    let mut output = Vec::new();
    compressor.compress(input, &mut output).unwrap();
    output
}

fn decompress(compressor: &dyn Compressor, input: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut output = Vec::new();
    compressor.decompress(Box::new(input))?.read_to_end(&mut output)?;
    Ok(output)
}

/// Lines that compress, but not to nothing.
fn sample(len: usize) -> Vec<u8> {
    let lines = (1_u64..).flat_map(|id| {
        let noise = id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        format!("{{\"id\":{id},\"carrier\":\"{}\",\"delay\":{noise}}}\n", noise % 16).into_bytes()
    });
    lines.take(len).collect()
}

#[test]
fn names_find_their_compressor() {
    for compressor in all() {
        assert_eq!(by_name(compressor.name()).unwrap().name(), compressor.name());
    }
    match by_name("lz4") {
        Err(Error::CodecUnavailable { codec, feature: None }) => assert_eq!(codec, "lz4"),
        other => panic!("{other:?}"),
    }
}

#[cfg(not(feature = "zstd"))]
#[test]
fn a_missing_compressor_names_its_feature() {
    match by_name("zstd") {
        Err(Error::CodecUnavailable { feature, .. }) => assert_eq!(feature, Some("zstd")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_bytes_decompress_to_none() {
    for compressor in all() {
        assert_eq!(decompress(&*compressor, b"").unwrap(), b"");
        let empty = member(&*compressor, b"");
        assert_eq!(decompress(&*compressor, &empty).unwrap(), b"");
    }
}

#[test]
fn output_is_appended() {
    for compressor in all() {
        let mut output = b"before".to_vec();
        compressor.compress(b"abc", &mut output).unwrap();
        assert_eq!(&output[..6], b"before");
        assert_eq!(decompress(&*compressor, &output[6..]).unwrap(), b"abc");
    }
}

#[test]
fn a_cut_at_any_byte_is_an_error() {
    let input = sample(300);
    for compressor in all().into_iter().filter(|c| c.name() != "noop") {
        let first = member(&*compressor, &input);
        let mut stored = first.clone();
        stored.extend(member(&*compressor, &input));
        for cut in (1..stored.len()).filter(|&cut| cut != first.len()) {
            let read = decompress(&*compressor, &stored[..cut]);
            assert!(read.is_err(), "{} cut at {cut}", compressor.name());
        }
    }
}

#[test]
fn what_follows_the_last_member_is_an_error() {
    for compressor in all().into_iter().filter(|c| c.name() != "noop") {
        for garbage in [&b"\0"[..], b"x", b"garbage", &[0; 64]] {
            let mut stored = member(&*compressor, &sample(100));
            stored.extend_from_slice(garbage);
            let read = decompress(&*compressor, &stored);
            assert!(read.is_err(), "{} followed by {garbage:?}", compressor.name());
        }
    }
}

#[cfg(feature = "gzip")]
#[test]
fn gzip_levels_are_checked_and_used() {
    use super::Gzip;
    assert!(matches!(
        Gzip::with_level(10),
        Err(Error::InvalidLevel { compressor: "gzip", level: 10, lowest: 0, highest: 9 })
    ));
    let input = sample(20_000);
    let size = |level| member(&Gzip::with_level(level).unwrap(), &input).len();
    assert!(size(0) > input.len() && size(9) < size(1), "{} {} {}", size(0), size(1), size(9));
    assert_eq!(Gzip::default().level(), 6);
}

#[cfg(feature = "zstd")]
#[test]
fn zstd_levels_are_checked_and_used() {
    use super::Zstd;
    for level in [0, 23, i32::MIN] {
        assert!(matches!(
            Zstd::with_level(level),
            Err(Error::InvalidLevel { compressor: "zstd", highest: 22, .. })
        ));
    }
    let input = sample(50_000);
    let size = |level| member(&Zstd::with_level(level).unwrap(), &input).len();
    // A pooled context must not keep the level of its last use.
    for _ in 0..2 {
        assert!(size(19) < size(1) && size(1) < size(-50));
    }
}

#[cfg(feature = "zstd")]
#[test]
fn a_bomb_is_read_as_slowly_as_it_is_asked_for() {
    let bomb = member(&super::Zstd::default(), &vec![0; 64 << 20]);
    assert!(bomb.len() < 16 << 10);
    let mut start = [1; 100];
    super::Zstd::default().decompress(Box::new(&bomb[..])).unwrap().read_exact(&mut start).unwrap();
    assert_eq!(start, [0; 100]);
}

proptest! {
    #[test]
    fn members_come_back_in_order(
        inputs in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..2000), 0..4),
    ) {
        for compressor in all() {
            let stored: Vec<u8> =
                inputs.iter().flat_map(|input| member(&*compressor, input)).collect();
            prop_assert_eq!(decompress(&*compressor, &stored).unwrap(), inputs.concat());
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(stored in prop::collection::vec(any::<u8>(), 0..400)) {
        for compressor in all() {
            let _ = decompress(&*compressor, &stored);
        }
    }
}
