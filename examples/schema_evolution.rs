//! A struct that changes: what older snapshots it reads, what is refused, and how CI is told.
//!
//! `cargo run --example schema_evolution`

use lode::record::RecordSchema;
use lode::{Dataset, Error, Store, metadata};

/// Three versions of one program.
mod v1 {
    use lode::{Enum, Record};
    use serde::{Deserialize, Serialize};

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
    pub struct Flight {
        pub number: u16,
        pub delay: Option<i32>,
        pub status: Status,
        pub terminal: String,
    }

    #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Enum)]
    pub enum Status {
        Landed,
        Cancelled,
    }
}

mod v2 {
    use lode::{Enum, Record};
    use serde::{Deserialize, Serialize};

    /// Wider, renamed, without `terminal`, with two more fields.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
    pub struct Flight {
        pub number: u32,
        #[serde(alias = "delay")]
        pub dep_delay: Option<i32>,
        pub status: Status,
        pub gate: Option<String>,
        #[serde(default = "unknown")]
        pub tail: String,
    }

    #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Enum)]
    pub enum Status {
        Landed,
        Cancelled,
        Diverted,
    }

    fn unknown() -> String {
        "unknown".to_owned()
    }
}

mod v3 {
    use lode::Record;
    use serde::{Deserialize, Serialize};

    /// Too much has changed.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
    pub struct Flight {
        pub number: String,
        pub dep_delay: i32,
        pub gate: Option<String>,
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let store = Store::local(dir.path())?;

    // The first version of the program writes.
    let old = Dataset::<v1::Flight>::new(&store, "flights")?;
    let status = v1::Status::Landed;
    let first = v1::Flight { number: 1545, delay: Some(2), status, terminal: "C".into() };
    old.write(&[first], metadata! { "version": 1 }).await?;

    // The second reads that by its own struct: nothing was migrated.
    let new = Dataset::<v2::Flight>::new(&store, "flights")?;
    let snapshot = new.latest().await?.ok_or("nothing was written")?;
    let flights = new.read(&snapshot).await?;
    println!("version 2 reads what version 1 wrote:\n  {:?}\n", flights[0]);
    assert_eq!((flights[0].number, flights[0].dep_delay), (1545, Some(2)));
    assert_eq!((flights[0].gate.as_deref(), flights[0].tail.as_str()), (None, "unknown"));

    // And appends to it: the old file stays as it is, with the schema it was written with.
    let second = v2::Flight {
        number: 91_714,
        dep_delay: Some(-4),
        status: v2::Status::Diverted,
        gate: Some("B4".into()),
        tail: "N14228".into(),
    };
    let snapshot = new.append(&[second], metadata! { "version": 2 }).await?;
    assert_eq!(new.read(&snapshot).await?.len(), 2);
    println!(
        "snapshot {} has files of {} schemas:",
        snapshot.id(),
        snapshot.manifest().schemas.len()
    );
    for file in snapshot.files() {
        let schema = file.schema.map(|index| &snapshot.manifest().schemas[index]);
        let names: Vec<_> = schema
            .into_iter()
            .flat_map(RecordSchema::fields)
            .map(|field| field.name.as_str())
            .collect();
        println!("  {} record(s) of {}", file.rows().unwrap_or_default(), names.join(", "));
    }

    // The third could not read it. It is told so before it reads, …
    let broken = Dataset::<v3::Flight>::new(&store, "flights")?;
    let snapshot = broken.latest().await?.ok_or("nothing was written")?;
    let refused = broken.read(&snapshot).await.expect_err("texts are no numbers");
    println!("\nversion 3 is refused:\n{refused}\n");
    let Error::SchemaMismatch { diff, .. } = &refused else { return Err(refused.into()) };
    assert!(diff.changes().iter().any(|change| change.path == "number"));
    // … and before it makes a snapshot of which it could not read all.
    let third = v3::Flight { number: "UA 1545".into(), dep_delay: 2, gate: None };
    let refused = broken.append(std::slice::from_ref(&third), metadata! {}).await;
    assert!(matches!(refused, Err(Error::SchemaMismatch { .. })));
    // A write replaces everything, so it may change everything; older snapshots stay.
    let snapshot = broken.write(&[third], metadata! { "version": 3 }).await?;
    println!("version 3 starts anew with snapshot {}", snapshot.id());

    // In a test, `lode::testing::assert_schema::<Flight>("schemas/flight.json")` tells such a change
    // before it is released. What it compares is this, committed beside the code:
    println!("\n{}", serde_json::to_string(&RecordSchema::of::<v2::Flight>())?);
    Ok(())
}
