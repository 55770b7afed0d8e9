//! `#[derive(lode::Metadata)]`.

use lode::{Error, IntoMetadata, Metadata};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize, lode::Metadata)]
#[serde(rename_all = "camelCase")]
struct Run<'a, T: Clone> {
    source_name: &'a str,
    scores: Vec<T>,
}

#[test]
fn a_struct_is_metadata_by_value_and_by_reference() {
    let run = Run { source_name: "bts", scores: vec![0.5] };
    let metadata = (&run).into_metadata().unwrap();
    assert_eq!(metadata.to_string(), r#"{"scores":[0.5],"sourceName":"bts"}"#);
    assert_eq!(run.into_metadata().unwrap(), metadata);
}

#[test]
fn what_json_cannot_hold_is_refused() {
    let run = Run { source_name: "bts", scores: vec![0.5, f32::NAN] };
    let refused: Result<Metadata, Error> = run.into_metadata();
    assert!(matches!(refused, Err(Error::InvalidMetadata { path, .. }) if path == "scores[1]"));
}
