use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::Record;

#[derive(Debug, Clone, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
struct Flight {
    number: u32,
    #[lode(sort, bloom)]
    #[serde(rename = "Carrier")]
    carrier: Option<String>,
    #[lode(sort)]
    late: bool,
    #[lode(bloom)]
    tail: crate::Bytes,
}

#[derive(Debug, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
struct Plain {
    id: u8,
}

#[test]
fn the_attributes_name_columns() {
    assert_eq!(Flight::SORT, ["Carrier", "late"]);
    assert_eq!(Flight::BLOOM, ["Carrier", "tail"]);
    assert!(Plain::SORT.is_empty() && Plain::BLOOM.is_empty());
}

#[test]
fn records_compare_by_the_sort_fields_in_their_order() {
    let flight = |carrier: Option<&str>, late| Flight {
        number: 0,
        carrier: carrier.map(str::to_owned),
        late,
        tail: vec![].into(),
    };
    let sorted = [
        flight(None, false),
        flight(None, true),
        flight(Some(""), false),
        flight(Some("Z"), true),
        flight(Some("a"), false),
    ];
    for (i, one) in sorted.iter().enumerate() {
        for (j, other) in sorted.iter().enumerate() {
            assert_eq!(one.compare(other), i.cmp(&j), "{one:?} {other:?}");
        }
    }
    let other_number = Flight { number: 9, ..sorted[0].clone() };
    assert_eq!(sorted[0].compare(&other_number), Ordering::Equal);
    assert_eq!(Plain { id: 1 }.compare(&Plain { id: 2 }), Ordering::Equal);
}
