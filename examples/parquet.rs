//! Flights as Parquet: the columns come from the struct, and a scan reads only what it has to.
//!
//! `cargo run --release --example parquet`

use std::error::Error;
use std::fs::File;

use chrono::{DateTime, Utc};
use flate2::read::GzDecoder;
use lode::codec::{Parquet, ParquetCompression};
use lode::{Dataset, HiveLayout, Record, Store, metadata};

/// All 19 columns of the file. `NA` in the file is `None` here.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Flight {
    year: u16,
    #[lode(partition)]
    month: u8,
    day: u8,
    dep_time: Option<u16>,
    sched_dep_time: u16,
    dep_delay: Option<i16>,
    arr_time: Option<u16>,
    sched_arr_time: u16,
    arr_delay: Option<i16>,
    /// Records of a file are sorted by it: a scan for one carrier reads few of its pages.
    #[lode(sort)]
    carrier: String,
    flight: u32,
    /// Readers that ask Bloom filters, such as DuckDB, learn by it which row groups lack an aircraft.
    #[lode(bloom)]
    tailnum: Option<String>,
    origin: String,
    dest: String,
    air_time: Option<u16>,
    distance: u16,
    hour: u8,
    minute: u8,
    #[lode(timestamp)]
    time_hour: DateTime<Utc>,
}

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/flights-sample.csv.gz");

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let store = Store::local(dir.path())?;
    let records = parse()?;

    // Nothing about columns is said here: the derive has made writers and readers of the struct.
    let flights = Dataset::<Flight>::new(&store, "flights")?
        .layout(HiveLayout)
        .codec(Parquet::new().compression(ParquetCompression::Snappy));
    let snapshot = flights.write(&records, metadata! { "source": "nycflights13" }).await?;
    println!(
        "{} records in {} Parquet files, {} bytes",
        snapshot.row_count(),
        snapshot.files().len(),
        snapshot.size_bytes()
    );

    // What comes back is what was written, each file in the order of its sorted column.
    let mut back = flights.read(&snapshot).await?;
    let mut sorted = records.clone();
    let key = |it: &Flight| (it.month, it.carrier.clone(), it.time_hour, it.flight, it.dep_time);
    back.sort_by_key(key);
    sorted.sort_by_key(key);
    assert_eq!(back, sorted);

    // The compiler checks names and types of columns: `dep_delay.gt("late")` is no program.
    let columns = Flight::columns();
    let very_late_in_winter = columns.month.le(2) & columns.dep_delay.gt(120);

    // Before anything is read, the plan says what would be, and why not the rest.
    let scan = flights.scan(&snapshot).filter(very_late_in_winter);
    let plan = scan.plan()?;
    println!("\n{plan}");
    assert_eq!((plan.read.len(), plan.skipped.len()), (2, 10));

    let late = scan.collect().await?;
    println!("{} flights were more than two hours late in January and February:", late.len());
    for flight in late.iter().take(5) {
        let Flight { month, day, carrier, flight, dep_delay, dest, .. } = flight;
        println!("  {month}/{day:<2} {carrier}{flight} to {dest}: {} min", dep_delay.unwrap_or(0));
    }
    let wanted = |it: &&Flight| it.month <= 2 && it.dep_delay > Some(120);
    assert_eq!(late.len(), records.iter().filter(wanted).count());

    // Counting reads no more than it must: here only the manifest.
    let january = flights.scan(&snapshot).filter(Flight::columns().month.eq(1)).count().await?;
    println!("\n{january} flights in January");
    assert_eq!(january, records.iter().filter(|it| it.month == 1).count() as u64);
    Ok(())
}

fn parse() -> Result<Vec<Flight>, Box<dyn Error>> {
    let mut reader = csv::Reader::from_reader(GzDecoder::new(File::open(SAMPLE)?));
    let headers = reader.headers()?.clone();
    let rows = reader.records().map(|row| {
        // `NA` marks a missing value; an empty cell reads as one.
        let row: csv::StringRecord =
            row?.iter().map(|cell| if cell == "NA" { "" } else { cell }).collect();
        Ok(row.deserialize(Some(&headers))?)
    });
    rows.collect()
}
