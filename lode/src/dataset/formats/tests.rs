use serde::{Deserialize, Serialize};

use crate::{Dataset, Error, Record, Store};

#[derive(Debug, Serialize, Deserialize, Record)]
#[lode(crate = crate)]
struct Point {
    x: f64,
}

/// What is missing for reading files of this codec; `None` if nothing is.
fn missing(codec: &str) -> Option<Option<&'static str>> {
    let dataset = Dataset::<Point>::new(&Store::memory(), "points").unwrap();
    match dataset.formats().codec(codec) {
        Ok(found) => {
            assert_eq!(found.name(), codec);
            None
        }
        Err(Error::CodecUnavailable { codec: named, feature }) => {
            assert_eq!(named, codec);
            Some(feature)
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn codecs_are_found_or_their_features_named() {
    assert_eq!(missing("jsonl"), None);
    assert_eq!(missing("avro"), Some(None));
    let enabled = |feature: bool, name| if feature { None } else { Some(Some(name)) };
    assert_eq!(missing("bincode"), enabled(cfg!(feature = "bincode"), "bincode"));
    assert_eq!(missing("postcard"), enabled(cfg!(feature = "postcard"), "postcard"));
}
