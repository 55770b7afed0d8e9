//! Three fields of many: a smaller struct reads only its own columns.
//!
//! `cargo run --example projection`

use lode::codec::Parquet;
use lode::{Dataset, Error, Record, Store, metadata};

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Flight {
    number: u32,
    origin: String,
    dest: String,
    dep_delay: Option<i32>,
    remarks: Vec<String>,
    crew: Crew,
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Crew {
    captain: String,
    cabin: u8,
}

/// Any part of the fields, in any order. Nested records may be smaller, too.
#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Slim {
    dest: String,
    dep_delay: Option<i32>,
    crew: Captain,
}

#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Captain {
    captain: String,
}

/// A field that no file has, and that has no default.
#[derive(Debug, serde::Serialize, serde::Deserialize, Record)]
struct WithGate {
    dest: String,
    gate: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let store = Store::local(dir.path())?;
    let flights = Dataset::<Flight>::new(&store, "flights")?.codec(Parquet::new());
    let snapshot = flights.write(&records(), metadata! {}).await?;

    // Of a Parquet file only these columns are fetched and decoded; other codecs read the file, and
    // give the same records.
    let slim = flights.scan(&snapshot).select::<Slim>().collect().await?;
    println!("{} records, such as {:?}", slim.len(), slim[0]);
    let full = flights.read(&snapshot).await?;
    assert_eq!(slim.len(), full.len());
    assert!(slim.iter().zip(&full).all(|(slim, full)| slim.dest == full.dest
        && slim.dep_delay == full.dep_delay
        && slim.crew.captain == full.crew.captain));

    // Predicates are those of the whole record: they may ask for columns that are not selected.
    let from_jfk = Flight::columns().origin.eq("JFK");
    let some = flights.scan(&snapshot).filter(from_jfk).select::<Slim>().collect().await?;
    println!("{} of them from JFK", some.len());
    assert_eq!(some.len(), full.iter().filter(|flight| flight.origin == "JFK").count());

    // What the snapshot lacks is told before anything is read.
    let refused = flights.scan(&snapshot).select::<WithGate>().collect().await;
    let refused = refused.expect_err("there is no gate");
    println!("\nrefused:\n{refused}");
    assert!(matches!(refused, Error::SchemaMismatch { .. }));
    Ok(())
}

fn records() -> Vec<Flight> {
    let airports = ["JFK", "LGA", "EWR", "SFO", "IAH"];
    let flight = |number: usize| Flight {
        number: number as u32,
        origin: airports[number % 3].to_owned(),
        dest: airports[number % 2 + 3].to_owned(),
        dep_delay: (!number.is_multiple_of(10)).then_some(number as i32 % 90 - 10),
        remarks: vec!["on time".to_owned(); number % 4],
        crew: Crew { captain: format!("captain {}", number % 17), cabin: 4 },
    };
    (0..10_000).map(flight).collect()
}
