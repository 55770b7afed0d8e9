//! Metadata may borrow, and may have parameters of its own: it is only written.

use std::collections::BTreeMap;

#[derive(serde::Serialize, lode::Metadata)]
#[serde(rename_all = "camelCase")]
struct Run<'a, T> {
    source_name: &'a str,
    limits: BTreeMap<String, T>,
}

#[derive(serde::Serialize, lode::Metadata)]
struct Nothing {}

fn text(metadata: impl lode::IntoMetadata) -> String {
    metadata.into_metadata().unwrap().to_string()
}

pub fn main() {
    let run = Run { source_name: "bts", limits: BTreeMap::from([("max".to_owned(), 3)]) };
    let json = r#"{"limits":{"max":3},"sourceName":"bts"}"#;
    assert_eq!(text(&run), json);
    assert_eq!(text(run), json);
    assert_eq!(text(Nothing {}), "{}");
}
