//! Write records, add some, read them back.
//!
//! `cargo run --example quickstart`

use lode::{Dataset, Record, Store, metadata};

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Reading {
    sensor: String,
    celsius: f64,
    note: Option<String>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A store is a directory that exists: lode creates no directory behind your back.
    let dir = tempfile::tempdir()?;
    let store = Store::local(dir.path())?;

    // A handle: no I/O yet.
    let readings = Dataset::<Reading>::new(&store, "readings")?;

    // Every write makes an immutable snapshot, and every snapshot has metadata.
    let morning = vec![
        Reading { sensor: "roof".into(), celsius: 3.5, note: None },
        Reading { sensor: "cellar".into(), celsius: 11.0, note: Some("door open".into()) },
    ];
    let first = readings.write(&morning, metadata! { "taken": "morning" }).await?;
    println!("snapshot {} has {} records", first.id(), first.row_count());

    let noon = vec![Reading { sensor: "roof".into(), celsius: 9.25, note: None }];
    let second = readings.append(&noon, metadata! { "taken": "noon" }).await?;
    println!("snapshot {} has {} records", second.id(), second.row_count());

    // The newest snapshot has all of them; the first one is what it always was.
    let latest = readings.latest().await?.ok_or("nothing was written")?;
    let all = readings.read(&latest).await?;
    for reading in &all {
        println!(
            "  {:<8}{:>6.2} °C  {}",
            reading.sensor,
            reading.celsius,
            reading.note.as_deref().unwrap_or("-")
        );
    }
    assert_eq!(latest, second);
    assert_eq!(all, [morning.clone(), noon].concat());
    assert_eq!(readings.read(&first).await?, morning);
    Ok(())
}
