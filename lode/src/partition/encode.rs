//! One folder's name, `key=value`.

use std::fmt::{self, Write};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::InvalidSegment;

/// What stands for null; as a text it is refused.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// The longest name that file systems take.
const MAX_BYTES: usize = 255;

/// What Go's `url.PathEscape` encodes.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// The name of the folder for `key` = `value`, where `None` is null.
///
/// `A–Z a–z 0–9 - _ . ~ $ & + = : @` stand for themselves, every other byte of the value's UTF-8
/// becomes `%XX`.
///
/// ```
/// use lode::partition::{encode_segment, parse_segment};
///
/// let name = encode_segment("city", Some("Zürich/HB")).unwrap();
/// assert_eq!(name, "city=Z%C3%BCrich%2FHB");
/// assert_eq!(parse_segment(&name), Some(("city".to_owned(), Some("Zürich/HB".to_owned()))));
/// assert_eq!(encode_segment("city", None).unwrap(), "city=__HIVE_DEFAULT_PARTITION__");
/// ```
///
/// # Errors
/// [`InvalidSegment`] if the name is longer than 255 bytes, if the value is the text that stands
/// for null, or if the key is empty or holds `/`, `\`, `=`, `%` or control characters.
pub fn encode_segment(key: &str, value: Option<&str>) -> Result<String, InvalidSegment> {
    let invalid = |reason| InvalidSegment::new(key, value.map(str::to_owned), reason);
    if !is_key(key) {
        return Err(invalid(
            "a key is not empty and holds no `/`, `\\`, `=`, `%` or control character",
        ));
    }
    if value == Some(NULL) {
        return Err(invalid("this text stands for null"));
    }
    let mut segment = String::new();
    // Writing to a string does not fail.
    let _ = write_segment(&mut segment, key, value);
    match segment.len() > MAX_BYTES {
        true => Err(invalid("encoded, it is longer than 255 bytes")),
        false => Ok(segment),
    }
}

/// The key and value of a folder's name: the reverse of [`encode_segment`]. `None` if it is not
/// one: no `=`, no valid key, a `%` without two hex digits (of either case), or a value that is not
/// UTF-8.
#[must_use]
pub fn parse_segment(segment: &str) -> Option<(String, Option<String>)> {
    let (key, value) = segment.split_once('=')?;
    if !is_key(key) || segment.len() > MAX_BYTES {
        return None;
    }
    if value == NULL {
        return Some((key.to_owned(), None));
    }
    let mut escapes = value.split('%').skip(1);
    if !escapes.all(|rest| matches!(rest.as_bytes(), [a, b, ..] if is_hex(*a) && is_hex(*b))) {
        return None;
    }
    let value = percent_decode_str(value).decode_utf8().ok()?.into_owned();
    if value == NULL { None } else { Some((key.to_owned(), Some(value))) }
}

pub(super) fn write_segment(out: &mut impl Write, key: &str, value: Option<&str>) -> fmt::Result {
    write!(out, "{key}=")?;
    match value {
        Some(value) => write!(out, "{}", utf8_percent_encode(value, ESCAPED)),
        None => out.write_str(NULL),
    }
}

fn is_key(key: &str) -> bool {
    !key.is_empty() && !key.chars().any(|c| matches!(c, '/' | '\\' | '=' | '%') || c.is_control())
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}
