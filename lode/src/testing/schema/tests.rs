use serde::{Deserialize, Serialize};

use super::{Accept, Path, PathBuf, assert_schema, check, fs};
use crate::{Enum, Record};

mod old {
    use super::{Deserialize, Enum, Record, Serialize};

    #[derive(Serialize, Deserialize, Enum)]
    #[lode(crate = crate)]
    pub(super) enum State {
        Flown,
        Cancelled,
    }

    #[derive(Serialize, Deserialize, Record)]
    #[lode(crate = crate)]
    pub(super) struct Flight {
        number: u16,
        dep_delay: Option<i32>,
        state: State,
        tail: String,
    }
}

/// Every change that older snapshots survive.
mod compatible {
    use super::{Deserialize, Enum, Record, Serialize};

    #[derive(Serialize, Deserialize, Enum)]
    #[lode(crate = crate)]
    pub(super) enum State {
        #[serde(alias = "Cancelled")]
        Dropped,
        Flown,
        Diverted,
    }

    #[derive(Serialize, Deserialize, Record)]
    #[lode(crate = crate)]
    pub(super) struct Flight {
        state: Option<State>,
        number: u32,
        #[serde(alias = "dep_delay")]
        delay: Option<i32>,
        gate: Option<String>,
    }
}

/// Some that they do not.
mod breaking {
    use super::{Deserialize, Record, Serialize};

    #[derive(Serialize, Deserialize, Record)]
    #[lode(crate = crate)]
    pub(super) struct Flight {
        number: u8,
        dep_delay: Option<i64>,
        state: String,
        tail: String,
        gate: String,
    }
}

struct Place {
    _dir: tempfile::TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("schemas").join("flight.json");
        Self { _dir: dir, path }
    }

    fn check<T: Record>(&self, accept: Accept) -> Result<(), String> {
        check(&T::SCHEMA, Path::new("schemas/flight.json"), &self.path, accept)
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.path).unwrap()
    }
}

const OLD: &str = r#"{
  "name": "Flight",
  "fields": [
    {
      "name": "number",
      "type": "uint16",
      "nullable": false
    },
    {
      "name": "dep_delay",
      "type": "int32",
      "nullable": true
    },
    {
      "name": "state",
      "type": {
        "enum": [
          "Flown",
          "Cancelled"
        ]
      },
      "nullable": false
    },
    {
      "name": "tail",
      "type": "string",
      "nullable": false
    }
  ]
}
"#;

fn committed() -> Place {
    let place = Place::new();
    place.check::<old::Flight>(Accept::Compatible).unwrap();
    assert_eq!(place.text(), OLD);
    place
}

#[test]
fn a_missing_file_is_written_when_asked_for() {
    let place = Place::new();
    let text = "there is no file schemas/flight.json with the schema of `Flight`.\n\n\
                Write it with\n    LODE_SCHEMA=accept cargo test\nand commit it.";
    assert_eq!(place.check::<old::Flight>(Accept::None), Err(text.to_owned()));
    assert!(!place.path.exists());
    let place = committed();
    place.check::<old::Flight>(Accept::None).unwrap();
}

#[test]
fn every_change_fails_until_it_is_accepted() {
    let place = committed();
    let text = "\
the schema of `Flight` is not the one in schemas/flight.json.

These do not:
    `number`: uint16 becomes uint32
    `delay`: was named `dep_delay`
    `state`: enum {Flown, Cancelled} becomes nullable enum {Dropped, Flown, Diverted}
    `state`: enum name \"Cancelled\" is now \"Dropped\"
    `state`: enum name \"Diverted\" is added
    `state`: its names are in another order
    `tail`: string is removed
    `gate`: nullable string is added
    the fields are in another order

Files by `bincode` and `postcard` are read by exactly their own schema: for them every change counts.

If this is what you want, write the file anew with
    LODE_SCHEMA=accept cargo test
and commit it.";
    let text =
        text.replace("These do not:", "Older snapshots can still be read after these changes:");
    assert_eq!(place.check::<compatible::Flight>(Accept::None), Err(text));
    assert_eq!(place.text(), OLD);
    place.check::<compatible::Flight>(Accept::Compatible).unwrap();
    place.check::<compatible::Flight>(Accept::None).unwrap();
}

#[test]
fn a_breaking_change_is_accepted_by_its_own_word_only() {
    let place = committed();
    let text = "\
the schema of `Flight` is not the one in schemas/flight.json.

These changes keep older snapshots from being read:
    `number`: uint16 becomes uint8
    `state`: enum {Flown, Cancelled} becomes string
    `gate`: string is added, required and without a default

Older snapshots can still be read after these changes:
    `dep_delay`: nullable int32 becomes nullable int64

Files by `bincode` and `postcard` are read by exactly their own schema: for them every change counts.

If this is what you want, write the file anew with
    LODE_SCHEMA=accept-breaking cargo test
and commit it. Older snapshots are then read by a struct of the old kind only.";
    for accept in [Accept::None, Accept::Compatible] {
        assert_eq!(place.check::<breaking::Flight>(accept), Err(text.to_owned()));
        assert_eq!(place.text(), OLD);
    }
    place.check::<breaking::Flight>(Accept::All).unwrap();
    place.check::<breaking::Flight>(Accept::None).unwrap();
    assert!(place.check::<old::Flight>(Accept::None).is_err());
}

#[test]
fn what_is_no_schema_is_not_overwritten() {
    let place = committed();
    let half = &OLD[..100];
    fs::write(&place.path, half).unwrap();
    for accept in [Accept::None, Accept::Compatible, Accept::All] {
        let text = place.check::<old::Flight>(accept).unwrap_err();
        assert!(text.starts_with("schemas/flight.json does not hold a schema: EOF"), "{text}");
        assert!(text.ends_with("Restore it, or delete it to write it anew."), "{text}");
        assert_eq!(place.text(), half);
    }
    fs::remove_file(&place.path).unwrap();
    fs::create_dir(&place.path).unwrap();
    let text = place.check::<old::Flight>(Accept::None).unwrap_err();
    assert!(text.starts_with("cannot read schemas/flight.json: "), "{text}");
}

#[test]
fn settings() {
    assert_eq!(Accept::parse(None), Ok(Accept::None));
    assert_eq!(Accept::parse(Some("")), Ok(Accept::None));
    assert_eq!(Accept::parse(Some("accept")), Ok(Accept::Compatible));
    assert_eq!(Accept::parse(Some("accept-breaking")), Ok(Accept::All));
    let text = r#"LODE_SCHEMA is "yes", and can be `accept` or `accept-breaking`"#;
    assert_eq!(Accept::parse(Some("yes")), Err(text.to_owned()));
}

/// The file of this package's own, found from wherever the test runs.
#[test]
fn a_path_is_relative_to_the_package() {
    let missing = std::panic::catch_unwind(|| assert_schema::<old::Flight>("schemas/none.json"));
    let text = *missing.unwrap_err().downcast::<String>().unwrap();
    assert!(text.starts_with("there is no file schemas/none.json"), "{text}");
}
