//! A committed schema, which a change of the struct has to agree with.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::record::{Record, RecordSchema, Schema, SchemaChange, changes};

/// Asserts that the schema of `T` is the one in the file `path`, which is committed beside the code:
/// a change of the struct makes the test fail, and says whether older snapshots can still be read.
///
/// `path` is relative to the package's root. Run the test with `LODE_SCHEMA=accept` in the
/// environment to write the file, the first time and after every change that keeps older snapshots
/// readable; `LODE_SCHEMA=accept-breaking` accepts the others too. The file is one JSON object, made
/// for being read in a review.
///
/// ```no_run
/// # use lode::Record;
/// # #[derive(serde::Serialize, serde::Deserialize, Record)]
/// # struct Flight { number: u32 }
/// #[test]
/// fn the_schema_of_flights_is_as_committed() {
///     lode::testing::assert_schema::<Flight>("schemas/flight.json");
/// }
/// ```
///
/// What is compared is what snapshots were written with last: that fields keep their aliases and
/// defaults for older ones still is not seen by it. The name of the struct does not matter.
///
/// # Panics
/// If the schema is another one, if there is no such file, if it cannot be read or written, or if it
/// is no schema.
#[track_caller]
#[allow(clippy::panic)] // This is what an assertion does.
pub fn assert_schema<T: Record>(path: impl AsRef<Path>) {
    let setting = std::env::var("LODE_SCHEMA").ok();
    let accept = Accept::parse(setting.as_deref());
    let root = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let path = path.as_ref();
    let checked = accept.and_then(|accept| check(&T::SCHEMA, path, &root.join(path), accept));
    if let Err(text) = checked {
        panic!("{text}");
    }
}

/// Which changes are to be written to the file.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Accept {
    None,
    Compatible,
    All,
}

impl Accept {
    fn parse(setting: Option<&str>) -> Result<Self, String> {
        match setting {
            None | Some("") => Ok(Self::None),
            Some("accept") => Ok(Self::Compatible),
            Some("accept-breaking") => Ok(Self::All),
            Some(other) => {
                Err(format!("LODE_SCHEMA is {other:?}, and can be `accept` or `accept-breaking`"))
            }
        }
    }
}

/// `shown` is what the user calls the file at `path`.
fn check(schema: &Schema, shown: &Path, path: &Path, accept: Accept) -> Result<(), String> {
    let (name, shown) = (schema.name(), shown.display());
    let failed =
        |what: &str, error: &dyn std::fmt::Display| format!("cannot {what} {shown}: {error}");
    let write = || write(schema, path).map_err(|error| failed("write", &error));
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return match accept {
                Accept::None => Err(format!(
                    "there is no file {shown} with the schema of `{name}`.\n\n\
                     Write it with\n    LODE_SCHEMA=accept cargo test\nand commit it."
                )),
                Accept::Compatible | Accept::All => write(),
            };
        }
        Err(error) => return Err(failed("read", &error)),
    };
    let committed: RecordSchema = serde_json::from_str(&text).map_err(|error| {
        format!(
            "{shown} does not hold a schema: {error}.\n\nRestore it, or delete it to write it anew."
        )
    })?;
    let changes = changes(&committed, schema);
    let is_accepted = match accept {
        _ if changes.allowed.is_empty() && changes.refused.is_empty() => return Ok(()),
        Accept::None => false,
        Accept::Compatible => changes.refused.is_empty(),
        Accept::All => true,
    };
    if is_accepted {
        return write();
    }
    let mut text = format!("the schema of `{name}` is not the one in {shown}.\n");
    list(&mut text, "These changes keep older snapshots from being read", &changes.refused);
    list(&mut text, "Older snapshots can still be read after these changes", &changes.allowed);
    let setting = if changes.refused.is_empty() { "accept" } else { "accept-breaking" };
    let _ = write!(
        text,
        "\nFiles by `bincode` and `postcard` are read by exactly their own schema: for them every \
         change counts.\n\n\
         If this is what you want, write the file anew with\n    \
         LODE_SCHEMA={setting} cargo test\nand commit it."
    );
    if !changes.refused.is_empty() {
        text.push_str(" Older snapshots are then read by a struct of the old kind only.");
    }
    Err(text)
}

fn list(text: &mut String, title: &str, changes: &[SchemaChange]) {
    if changes.is_empty() {
        return;
    }
    // Writing to a string cannot fail.
    let _ = writeln!(text, "\n{title}:");
    for change in changes {
        let _ = writeln!(text, "    {change}");
    }
}

fn write(schema: &Schema, path: &Path) -> io::Result<()> {
    let mut json = serde_json::to_string_pretty(&RecordSchema::from(schema))?;
    json.push('\n');
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, json)
}
