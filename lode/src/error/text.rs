//! Parts of the errors' texts.

use crate::id::{SnapshotId, VolumeSnapshotId};

/// The error's text and those of its sources, each once: not all errors leave their sources' out.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let source_text = source.to_string();
        if !text.contains(&source_text) {
            text = format!("{text}: {source_text}");
        }
        next = source.source();
    }
    text
}

pub(super) fn in_field(field: &str) -> String {
    if field.is_empty() { String::new() } else { format!(", field `{field}`") }
}

pub(super) fn at_place(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(" at `{path}`") }
}

pub(super) fn at_line(line: u64, column: u64) -> String {
    match (line, column) {
        (0, _) => String::new(),
        (_, 0) => format!(", line {line}"),
        _ => format!(", line {line}, column {column}"),
    }
}

/// What the layout that is called so in errors is called in programs.
pub(super) fn layout_type(name: &str) -> &'static str {
    match name {
        "hive" => "HiveLayout",
        "flat" => "FlatLayout",
        _ => "DefaultLayout",
    }
}

pub(super) fn needs_feature(feature: &Option<&'static str>) -> String {
    match feature {
        Some(feature) => format!(": enable lode's feature `{feature}`"),
        None => ": add it to the dataset with `.decoder(…)`".to_owned(),
    }
}

pub(super) fn of_setting(setting: &Option<&'static str>) -> String {
    match setting {
        Some(setting) => format!(" that `{setting}` sets"),
        None => String::new(),
    }
}

pub(super) fn needs_exact(codec: &Option<Box<str>>) -> String {
    match codec {
        Some(codec) => format!(" (`{codec}` stores no names of fields: the schemas must be equal)"),
        None => String::new(),
    }
}

pub(super) fn unchecked(problem: &Option<String>) -> String {
    match problem {
        Some(problem) => {
            format!(", which its check could not find out ({problem}): check it again")
        }
        None => ": call `Store::check`".to_owned(),
    }
}

pub(super) fn head(id: &Option<SnapshotId>) -> String {
    match id {
        Some(id) => format!("snapshot {id}"),
        None => "no snapshot".to_owned(),
    }
}

pub(super) fn held_by(snapshot: &Option<VolumeSnapshotId>) -> String {
    match snapshot {
        Some(id) => format!("which snapshot {id} has"),
        None => "which are staged already".to_owned(),
    }
}

/// The first few of some ranges.
pub(super) fn ranges(ranges: &[std::ops::Range<u64>]) -> String {
    const SHOWN: usize = 4;
    let mut text: Vec<String> =
        ranges.iter().take(SHOWN).map(|range| format!("{}..{}", range.start, range.end)).collect();
    if ranges.len() > SHOWN {
        text.push(format!("and {} more", ranges.len() - SHOWN));
    }
    text.join(", ")
}
