//! Both codecs of framed records: exact, split anywhere, and never out of hand.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Counter, shape};
#[cfg(feature = "bincode")]
use crate::codec::Bincode;
#[cfg(feature = "postcard")]
use crate::codec::Postcard;
use crate::codec::{DecodeError, RecordCodec};
use crate::record::{Bytes, RecordSchema};
use crate::{Enum, Record};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Enum)]
#[lode(crate = crate)]
enum Kind {
    Flown,
    #[serde(rename = "not flown", alias = "off")]
    Cancelled,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
#[serde(default)]
struct Leg {
    origin: String,
    miles: Option<f32>,
    kinds: Vec<Option<Kind>>,
}

impl Default for Leg {
    fn default() -> Self {
        Self { origin: "?".to_owned(), miles: None, kinds: Vec::new() }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
#[serde(deny_unknown_fields)]
struct Trip {
    id: u64,
    low: i64,
    small: i8,
    delay: Option<i32>,
    ratio: f64,
    on: bool,
    at: DateTime<Utc>,
    day: Option<NaiveDate>,
    #[serde(skip)]
    noted: String,
    raw: Bytes,
    first: Leg,
    last: Option<Leg>,
    legs: Vec<Leg>,
    by_name: BTreeMap<String, Option<f64>>,
    counts: HashMap<String, u16>,
    place: [Option<f32>; 3],
    kind: Kind,
}

prop_compose! {
    fn leg()(
        origin in any::<String>(),
        miles in any::<Option<u32>>(),
        kinds in prop::collection::vec(
            prop::option::of(prop::sample::select(vec![Kind::Flown, Kind::Cancelled])), 0..4,
        ),
    ) -> Leg {
        Leg { origin, miles: miles.map(f32::from_bits), kinds }
    }
}

prop_compose! {
    fn trip()(
        (id, low, small, delay) in any::<(u64, i64, i8, Option<i32>)>(),
        (ratio, on, seconds, nanos) in (any::<u64>(), any::<bool>(), -62_135_596_800..253_402_300_800_i64, 0..1_000_000_000_u32),
        day in prop::option::of(-700_000..700_000_i32),
        raw in prop::collection::vec(any::<u8>(), 0..40),
        (first, last, legs) in (leg(), prop::option::of(leg()), prop::collection::vec(leg(), 0..4)),
        by_name in prop::collection::btree_map(any::<String>(), any::<Option<u64>>(), 0..4),
        counts in prop::collection::hash_map(any::<String>(), any::<u16>(), 0..4),
        place in any::<[Option<u32>; 3]>(),
        kind in prop::sample::select(vec![Kind::Flown, Kind::Cancelled]),
    ) -> Trip {
        Trip {
            id, low, small, delay, on, first, last, legs, counts, kind,
            ratio: f64::from_bits(ratio),
            at: DateTime::from_timestamp(seconds, nanos).unwrap(),
            day: day.and_then(NaiveDate::from_num_days_from_ce_opt),
            noted: String::new(),
            raw: Bytes::from(raw),
            by_name: by_name.into_iter().map(|(k, v)| (k, v.map(f64::from_bits))).collect(),
            place: place.map(|it| it.map(f32::from_bits)),
        }
    }
}

fn trips() -> impl Strategy<Value = Vec<Trip>> {
    prop::collection::vec(trip(), 0..6)
}

fn encode<T: Record, C: RecordCodec<T>>(codec: &C, records: &[T]) -> Vec<u8> {
    let mut encoder = codec.encoder();
    let mut output = Vec::new();
    for record in records {
        encoder.push(record, &mut output).unwrap();
    }
    encoder.finish(&mut output).unwrap();
    output
}

fn decode<T: Record, C: RecordCodec<T>>(codec: &C, bytes: &[u8]) -> Result<Vec<T>, DecodeError> {
    let mut records = Vec::new();
    codec.decode(bytes, &mut records)?;
    Ok(records)
}

/// Records as text in which every bit of a float can be seen.
fn exact(trips: &[Trip]) -> Vec<String> {
    let bits = |trip: &Trip| {
        let lists = [&trip.first].into_iter().chain(&trip.last).chain(&trip.legs);
        let miles: Vec<_> = lists.map(|leg| leg.miles.map(f32::to_bits)).collect();
        let named: Vec<_> = trip.by_name.values().map(|it| it.map(f64::to_bits)).collect();
        let place = trip.place.map(|it| it.map(f32::to_bits));
        let counts: BTreeMap<_, _> = trip.counts.iter().collect();
        let plain = Trip { counts: HashMap::new(), ..trip.clone() };
        format!("{plain:?} {counts:?} {} {miles:?} {named:?} {place:?}", trip.ratio.to_bits())
    };
    trips.iter().map(bits).collect()
}

fn error_text(error: DecodeError) -> String {
    format!("{}: {}", error.line, crate::error::chain(&*error.source))
}

macro_rules! codec {
    ($(#[$attribute:meta])* $name:ident, $codec:ident, $by_crate:expr) => {
        $(#[$attribute])*
        mod $name {
            use super::*;

            fn by_crate<T: Serialize>(value: T) -> Vec<u8> {
                $by_crate(value)
            }

            proptest! {
                #[test]
                fn records_come_back_exactly(trips in trips(), window in 1..400_usize) {
                    let codec = $codec::new();
                    let bytes = encode(&codec, &trips);
                    if let [trip] = &trips[..] {
                        prop_assert_eq!(&bytes[24..], &by_crate(trip)[..]);
                    }
                    let whole: Vec<Trip> = decode(&codec, &bytes).unwrap();
                    prop_assert_eq!(exact(&whole), exact(&trips));
                    // Split anywhere.
                    let (mut back, mut buffer) = (Vec::<Trip>::new(), Vec::new());
                    for piece in bytes.chunks(window) {
                        buffer.extend_from_slice(piece);
                        let end = RecordCodec::<Trip>::split(&codec, &buffer);
                        let run: Vec<u8> = buffer.drain(..end).collect();
                        codec.decode(&run, &mut back).unwrap();
                    }
                    prop_assert!(buffer.is_empty());
                    prop_assert_eq!(exact(&back), exact(&trips));
                    // Counted without being decoded; of a part of a file, that it is one.
                    let count = |bytes: &[u8]| {
                        let mut counter = Counter::default();
                        bytes.chunks(window).for_each(|piece| counter.update(piece));
                        counter.finish()
                    };
                    prop_assert_eq!(count(&bytes), Some(trips.len() as u64));
                    let part = &bytes[..bytes.len().saturating_sub(1)];
                    prop_assert!(count(part).is_none() || part.is_empty());
                }

                #[test]
                fn any_bytes_are_decoded_or_refused(
                    bytes in prop::collection::vec(any::<u8>(), 0..300),
                ) {
                    let _ = decode::<Trip, _>(&$codec::new(), &bytes);
                    let mut framed = (bytes.len() as u32).to_le_bytes().to_vec();
                    framed.extend_from_slice(&bytes);
                    let _ = decode::<Trip, _>(&$codec::new(), &framed);
                    prop_assert!(RecordCodec::<Trip>::split(&$codec::new(), &bytes) <= bytes.len());
                }
            }

            proptest! {
                #![proptest_config(ProptestConfig::with_cases(24))]

                /// Every byte altered, in several ways, and every beginning of a file.
                #[test]
                fn damage_is_decoded_or_refused(trip in trip()) {
                    let codec = $codec::new();
                    let bytes = encode(&codec, &[trip]);
                    for at in 0..bytes.len() {
                        for altered in [0, 0x7f, 0x80, 0xfb, 0xfc, 0xfd, 0xff, bytes[at] ^ 1] {
                            let mut damaged = bytes.clone();
                            damaged[at] = altered;
                            let _ = decode::<Trip, _>(&codec, &damaged);
                        }
                        let cut = decode::<Trip, _>(&codec, &bytes[..at]);
                        prop_assert!(cut.map_or(true, |records| records.is_empty()));
                    }
                }
            }

            /// Made another way, the bytes are those of the crate.
            #[test]
            fn long_and_short_texts_are_what_the_crate_writes() {
                #[derive(Debug, PartialEq, Deserialize, Record)]
                #[lode(crate = crate)]
                struct Made {
                    text: String,
                }
                impl Serialize for Made {
                    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                        use serde::ser::SerializeStruct;

                        struct Letters<'a>(&'a str);
                        impl Serialize for Letters<'_> {
                            fn serialize<S: serde::Serializer>(
                                &self,
                                s: S,
                            ) -> Result<S::Ok, S::Error> {
                                s.collect_str(self)
                            }
                        }
                        impl std::fmt::Display for Letters<'_> {
                            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                                let middle = self.0.len() / 2;
                                let (a, b) = match self.0.is_char_boundary(middle) {
                                    true => self.0.split_at(middle),
                                    false => ("", self.0),
                                };
                                f.write_str(a)?;
                                b.chars().try_for_each(|c| std::fmt::Write::write_char(f, c))
                            }
                        }
                        let mut s = s.serialize_struct("Made", 1)?;
                        s.serialize_field("text", &Letters(&self.text))?;
                        s.end()
                    }
                }
                for len in (0..100).chain([10_000]) {
                    let text: String = "añb".chars().cycle().take(len).collect();
                    let bytes = encode(&$codec::new(), &[Made { text: text.clone() }]);
                    assert_eq!(bytes[24..], by_crate(&text));
                    let back = decode::<Made, _>(&$codec::new(), &bytes).unwrap();
                    assert_eq!(back, [Made { text }]);
                }
            }

            #[test]
            fn a_frame_is_used_up() {
                #[derive(Debug, Serialize, Deserialize, Record)]
                #[lode(crate = crate)]
                struct Short {
                    n: u8,
                }
                let codec = $codec::new();
                let mut bytes = encode(&codec, &[Short { n: 1 }, Short { n: 2 }]);
                assert_eq!(bytes[20..], [1, 0, 0, 0, 1, 1, 0, 0, 0, 2]);
                assert_eq!(decode::<Short, _>(&codec, &bytes).unwrap().len(), 2);
                // The second frame has three bytes.
                bytes[25] = 3;
                bytes.extend_from_slice(&[0, 0]);
                let error = error_text(decode::<Short, _>(&codec, &bytes).unwrap_err());
                assert_eq!(error, "2: 2 bytes are left after the record in its frame");
                bytes.pop();
                let error = error_text(decode::<Short, _>(&codec, &bytes).unwrap_err());
                assert_eq!(error, "2: it ends before its frame does");
                bytes[25] = 0;
                let error = error_text(decode::<Short, _>(&codec, &bytes[..29]).unwrap_err());
                assert!(error.starts_with("2: "), "{error}");
            }

            /// Neither panics nor waits for memory that a length only claims.
            #[test]
            fn claimed_lengths_are_not_believed() {
                #[derive(Debug, Serialize, Deserialize, Record)]
                #[lode(crate = crate)]
                struct Text {
                    text: String,
                }
                #[derive(Debug, Serialize, Deserialize, Record)]
                #[lode(crate = crate)]
                struct Raw {
                    raw: Bytes,
                }
                #[derive(Debug, Serialize, Deserialize, Record)]
                #[lode(crate = crate)]
                struct List {
                    list: Vec<Option<[u64; 32]>>,
                }
                #[derive(Debug, Serialize, Deserialize, Record)]
                #[lode(crate = crate)]
                struct Map {
                    map: HashMap<String, Vec<String>>,
                }
                // As bincode writes 2^63 and 2^44, and as postcard does.
                let claims: [&[u8]; 4] = [
                    &[253, 0, 0, 0, 0, 0, 0, 0, 0x80],
                    &[253, 0, 0, 0, 0, 0, 0x10, 0, 0],
                    &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1],
                    &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10],
                ];
                for claim in claims {
                    let mut bytes = (claim.len() as u32).to_le_bytes().to_vec();
                    bytes.extend_from_slice(claim);
                    let codec = $codec::new();
                    assert!(decode::<Text, _>(&codec, &bytes).is_err());
                    assert!(decode::<Raw, _>(&codec, &bytes).is_err());
                    assert!(decode::<List, _>(&codec, &bytes).is_err());
                    assert!(decode::<Map, _>(&codec, &bytes).is_err());
                }
                let codec = $codec::new();
                let frame = [0xfe, 0xff, 0xff, 0xff, 1];
                assert_eq!(RecordCodec::<Text>::split(&codec, &frame), 0);
                assert!(decode::<Text, _>(&codec, &frame).is_err());
            }

            /// An array has no length in the stored bytes: the schemas are the same, the bytes not.
            #[test]
            fn an_array_is_not_read_as_a_list() {
                #[derive(Debug, Serialize, Deserialize, Record)]
                #[lode(crate = crate)]
                struct List {
                    bytes: Vec<u8>,
                }
                #[derive(Debug, Serialize, Deserialize, Record)]
                #[lode(crate = crate)]
                struct Array {
                    bytes: [u8; 3],
                }
                assert_eq!(RecordSchema::of::<List>().diff(&RecordSchema::of::<Array>()), None);
                let bytes = encode(&$codec::new(), &[List { bytes: vec![7, 8] }]);
                let error = error_text(decode::<Array, _>(&$codec::new(), &bytes).unwrap_err());
                assert!(error.contains("another shape"), "{error}");
            }

            #[test]
            fn what_cannot_be_encoded_leaves_no_trace() {
                #[derive(Debug, Deserialize, Record)]
                #[lode(crate = crate)]
                struct Picky {
                    n: u8,
                }
                impl Serialize for Picky {
                    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                        match self.n {
                            0 => s.serialize_u8(0),
                            _ => Err(serde::ser::Error::custom("no")),
                        }
                    }
                }
                let mut encoder = RecordCodec::<Picky>::encoder(&$codec::new());
                let mut output = vec![9];
                encoder.push(&Picky { n: 1 }, &mut output).unwrap_err();
                assert_eq!(output, [9]);
                encoder.push(&Picky { n: 0 }, &mut output).unwrap();
                // The header comes all the same.
                assert_eq!(output.len(), 1 + 20 + 4 + 1);
            }
        }
    };
}

codec!(
    #[cfg(feature = "bincode")]
    bincode,
    Bincode,
    |value| ::bincode::serde::encode_to_vec(value, ::bincode::config::standard()).unwrap()
);
codec!(
    #[cfg(feature = "postcard")]
    postcard,
    Postcard,
    |value| ::postcard::to_stdvec(&value).unwrap()
);

/// A change of these bytes would make files unreadable that programs wrote before.
#[test]
fn the_shape_is_stable() {
    let hex: String = shape(&Trip::SCHEMA).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "2cf0100b173e94fe4c0a9972645f5da1");
}
