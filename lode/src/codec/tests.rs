//! JSON lines: exact, split anywhere, and precise about what is wrong.

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Auto, Blob, Codec, Content, Jsonl, Raw, RecordCodec, StreamingCodec};
use crate::Record;
use crate::compress::Gzip;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
struct Point {
    id: u64,
    low: i64,
    x: f64,
    y: Option<f32>,
    name: String,
}

fn encode(points: &[Point]) -> Vec<u8> {
    let mut encoder = RecordCodec::<Point>::encoder(&Jsonl::new());
    let mut output = Vec::new();
    for point in points {
        encoder.push(point, &mut output).unwrap();
    }
    encoder.finish(&mut output).unwrap();
    output
}

fn decode(bytes: &[u8]) -> Result<Vec<Point>, super::DecodeError> {
    let mut records = Vec::new();
    Jsonl::new().decode(bytes, &mut records)?;
    Ok(records)
}

fn point(id: u64, name: &str) -> Point {
    Point { id, low: i64::MIN, x: 0.1, y: None, name: name.to_owned() }
}

prop_compose! {
    fn points()(
        points in prop::collection::vec(
            (any::<u64>(), any::<i64>(), any::<u64>(), any::<Option<u32>>(), any::<String>()),
            0..20,
        ),
    ) -> Vec<Point> {
        points
            .into_iter()
            .map(|(id, low, x, y, name)| Point {
                id,
                low,
                x: Some(f64::from_bits(x)).filter(|x| x.is_finite()).unwrap_or(-0.0),
                y: y.map(f32::from_bits).filter(|y| y.is_finite()),
                name,
            })
            .collect()
    }
}

/// Floats equal to the last bit, which `==` does not see in the sign of zero.
fn bits(points: &[Point]) -> Vec<(u64, Option<u32>)> {
    points.iter().map(|p| (p.x.to_bits(), p.y.map(f32::to_bits))).collect()
}

proptest! {
    #[test]
    fn records_come_back_exactly(points in points()) {
        let back = decode(&encode(&points)).unwrap();
        prop_assert_eq!(bits(&back), bits(&points));
        prop_assert_eq!(back, points);
    }

    #[test]
    fn runs_split_anywhere_decode_to_the_whole(
        points in points(),
        window in 1..400_usize,
        blank in any::<bool>(),
    ) {
        let mut bytes = encode(&points);
        if blank {
            bytes = String::from_utf8(bytes).unwrap().replace('\n', "\r\n\n").into_bytes();
        }
        let codec = Jsonl::new();
        let (mut back, mut buffer, mut lines) = (Vec::<Point>::new(), Vec::new(), 0);
        for piece in bytes.chunks(window) {
            buffer.extend_from_slice(piece);
            let end = RecordCodec::<Point>::split(&codec, &buffer);
            let run: Vec<u8> = buffer.drain(..end).collect();
            codec.decode(&run, &mut back).unwrap();
            lines += RecordCodec::<Point>::lines(&codec, &run).unwrap();
        }
        codec.decode(&buffer, &mut back).unwrap();
        prop_assert_eq!(lines, bytes.iter().filter(|&&byte| byte == b'\n').count() as u64);
        prop_assert_eq!(back, points);
    }

    #[test]
    fn any_bytes_are_decoded_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode(&bytes);
    }

    #[test]
    fn altered_lines_are_decoded_or_refused(
        points in points(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = encode(&points);
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = decode(&bytes);
    }
}

#[test]
fn the_last_line_need_not_end() {
    let points = [point(1, "a"), point(2, "b")];
    let bytes = encode(&points);
    assert_eq!(decode(bytes.trim_ascii_end()).unwrap(), points);
    assert_eq!(decode(b"").unwrap(), []);
    assert_eq!(decode(b"\n \n\r\n\n").unwrap(), []);
}

#[test]
fn an_error_names_line_and_column() {
    let mut bytes = encode(&[point(1, "a")]);
    bytes.extend_from_slice(b"\n{\"id\": x}\n");
    let error = decode(&bytes).unwrap_err();
    assert_eq!((error.line, error.column), (3, 8));
    assert!(error.source.to_string().contains("expected value"), "{}", error.source);

    let error = decode(b"{\"id\":1.5,\"low\":0,\"x\":0,\"y\":null,\"name\":\"\"}").unwrap_err();
    assert_eq!(error.line, 1);
    let error = decode(b"{\"id\":1,\"low\":0,\"x\":0,\"y\":null,\"name\":\"\"} {}").unwrap_err();
    assert!(error.source.to_string().contains("trailing"), "{}", error.source);
}

#[test]
fn floats_that_json_has_not_are_refused_by_name() {
    let mut encoder = RecordCodec::<Point>::encoder(&Jsonl::new());
    let mut output = b"{}\n".to_vec();
    for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = encoder.push(&Point { x, ..point(1, "") }, &mut output).unwrap_err();
        assert_eq!(error.field, "x");
    }
    assert_eq!(output, b"{}\n");
}

/// Serializes as its text, verbatim.
#[derive(Debug, Deserialize, Record)]
#[lode(crate = crate)]
struct Verbatim {
    text: String,
}

impl Serialize for Verbatim {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.text.as_str() {
            "fail" => Err(serde::ser::Error::custom("cannot")),
            text => serializer.collect_str(text),
        }
    }
}

#[test]
fn a_record_that_cannot_be_serialized_leaves_nothing_behind() {
    let mut encoder = RecordCodec::<Verbatim>::encoder(&Jsonl::new());
    let mut output = Vec::new();
    encoder.push(&Verbatim { text: "a\nb".to_owned() }, &mut output).unwrap();
    assert_eq!(output, b"\"a\\nb\"\n");
    let error = encoder.push(&Verbatim { text: "fail".to_owned() }, &mut output).unwrap_err();
    assert_eq!(error.source.to_string(), "cannot");
    assert_eq!(output, b"\"a\\nb\"\n");
}

#[test]
fn formats_say_how_files_are_named() {
    let format = Codec::<Point>::format(&Jsonl::new().compress(Gzip::default()));
    assert_eq!((format.name(), &*format.extension()), ("jsonl", ".jsonl.gz"));
    assert_eq!(format.compression().name(), "gzip");
    assert_eq!(format.decoder().name(), "jsonl");
    assert_eq!(Codec::<Point>::format(&Auto).extension(), ".jsonl");
    assert_eq!(Codec::<Blob>::format(&Auto).extension(), ".bin");
    assert_eq!(Raw::new().compress(Gzip::default()).format().extension(), ".bin.gz");
}

#[test]
fn contents_have_their_codecs() {
    fn content<T: Content>() -> &'static str {
        std::any::type_name::<T::Codec>()
    }
    fn streams<C: StreamingCodec<Point>>() {}
    assert!(content::<Point>().ends_with("Jsonl") && content::<Blob>().ends_with("Raw"));
    streams::<Jsonl>();
}
