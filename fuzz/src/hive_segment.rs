//! Any text as a folder's name, and as a key and a value.

use lode::partition::{encode_segment, parse_segment};

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some((key, value)) = parse_segment(text) {
        // Only a value that is longer when it is encoded does not come back.
        if let Ok(segment) = encode_segment(&key, value.as_deref()) {
            assert_eq!(parse_segment(&segment), Some((key, value)));
        } else {
            assert!(text.len() > 80, "{text:?}");
        }
    }
    check("k", Some(text));
    match text.split_once('\n') {
        Some((key, value)) => check(key, Some(value)),
        None => check(text, None),
    }
}

fn check(key: &str, value: Option<&str>) {
    if let Ok(segment) = encode_segment(key, value) {
        assert!(segment.len() <= 255 && !segment.contains('/'), "{segment}");
        assert!(segment != "." && segment != "..", "{segment}");
        assert_eq!(parse_segment(&segment), Some((key.to_owned(), value.map(str::to_owned))));
    }
}
