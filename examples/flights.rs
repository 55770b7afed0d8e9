//! Real flight records as snapshots on local disk, and back again as the same structs.
//!
//! ```text
//! cargo run --release --example flights                       # the sample beside this file
//! cargo run --release --example flights -- flights.csv.gz     # a file of yours
//! cargo run --release --example flights -- --store /data/lode flights.csv
//! ```

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

use chrono::{DateTime, Utc};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use lode::codec::Jsonl;
use lode::compress::Zstd;
use lode::{Dataset, HiveLayout, Progress, Record, Snapshot, Store, metadata};

/// One flight: all 19 columns of the file. `NA` in the file is `None` here.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Flight {
    year: u16,
    month: u8,
    day: u8,
    dep_time: Option<u16>,
    sched_dep_time: u16,
    dep_delay: Option<i16>,
    arr_time: Option<u16>,
    sched_arr_time: u16,
    arr_delay: Option<i16>,
    #[lode(partition)]
    carrier: String,
    flight: u32,
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

/// The same flight under another partition key: the day (UTC) it left.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct DatedFlight {
    #[lode(timestamp)]
    #[lode(partition = "day")]
    time_hour: DateTime<Utc>,
    flight: Flight,
}

#[derive(Parser)]
#[command(about = "Stores flight records as snapshots and reads them back")]
struct Args {
    /// A `.csv` or `.csv.gz` file with the columns of nycflights13
    #[arg(default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/data/flights-sample.csv.gz"))]
    csv: PathBuf,
    /// A directory to keep the datasets in; without it, a temporary one
    #[arg(long)]
    store: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let began = Instant::now();
    let months = by_month(parse(&args.csv)?);
    let source: Vec<Flight> = months.values().flatten().cloned().collect();
    println!("{} records in {}", source.len(), args.csv.display());

    let temporary = tempfile::tempdir()?;
    let store = Store::local(args.store.as_deref().unwrap_or(temporary.path()))?;

    let appended = write_monthly(&store, &months).await?;
    let by_carrier = write_by_carrier(&store, &source).await?;
    write_by_day(&store, &source).await?;

    // Another handle, which is told nothing of the compression: the manifest says how to read.
    let flights = Dataset::<Flight>::new(&store, "flights")?;
    let latest = flights.latest().await?.ok_or("no snapshot")?;
    assert_eq!(latest, appended);
    let bar = progress_bar("read back", latest.row_count());
    let back = flights.on_progress(moving(&bar, 0)).read(&latest).await?;
    bar.finish();
    assert_eq!(back, source, "what is read is what was written");

    println!("{} records written, read back and compared equal", back.len());
    let mut total = 0;
    println!("\ncarrier  flights  mean arrival delay");
    for (carrier, flights, delay) in delays(&store, &by_carrier).await? {
        println!("{carrier:<7}{flights:>9}{delay:>16.1} min");
        total += flights;
    }
    assert_eq!(total, source.len());
    println!("\n{} snapshots in all, {:.1} s", latest.id(), began.elapsed().as_secs_f64());
    Ok(())
}

/// January is written, the other months are appended: each is a snapshot of its own, and none of
/// them writes the data of another again.
async fn write_monthly(
    store: &Store,
    months: &BTreeMap<u8, Vec<Flight>>,
) -> lode::Result<Snapshot<Flight>> {
    let rows = months.values().map(|flights| flights.len() as u64).sum();
    let bar = progress_bar("append month by month", rows);
    let flights =
        Dataset::<Flight>::new(store, "flights")?.codec(Jsonl::new().compress(Zstd::default()));
    let mut january = None;
    let mut newest: Option<Snapshot<Flight>> = None;
    for (&month, records) in months {
        let metadata = metadata! { "source": "nycflights13", "month": month };
        let before = newest.as_ref().map_or(0, Snapshot::row_count);
        let flights = flights.clone().on_progress(moving(&bar, before));
        newest = Some(match &newest {
            None => flights.write(records, metadata).await?,
            Some(_) => flights.append(records, metadata).await?,
        });
        january = january.or(newest.clone());
    }
    bar.finish();
    let (Some(first), Some(newest)) = (january, newest) else {
        return flights.write(&[], metadata! { "source": "an empty file" }).await;
    };
    assert_eq!(newest.row_count(), rows);
    assert_eq!(newest.files().len(), months.len());
    println!(
        "{} months: snapshots {} to {}, {} bytes in {} files",
        months.len(),
        first.id(),
        newest.id(),
        newest.size_bytes(),
        newest.files().len(),
    );
    Ok(newest)
}

/// One folder for each carrier.
async fn write_by_carrier(store: &Store, source: &[Flight]) -> lode::Result<Snapshot<Flight>> {
    let bar = progress_bar("partition by carrier", source.len() as u64);
    let flights = Dataset::<Flight>::new(store, "flights-by-carrier")?
        .layout(HiveLayout)
        .codec(Jsonl::new().compress(Zstd::default()));
    let writer = flights.clone().on_progress(moving(&bar, 0));
    let snapshot = writer.write(source, metadata! { "by": "carrier" }).await?;
    bar.finish();

    // Partitions come in the order of their names, and keep their records' order.
    let mut expected = source.to_vec();
    expected.sort_by(|a, b| a.carrier.cmp(&b.carrier));
    assert_eq!(flights.read(&snapshot).await?, expected);
    println!("by carrier: {} partitions", snapshot.files().len());
    Ok(snapshot)
}

/// One folder for each day.
async fn write_by_day(store: &Store, source: &[Flight]) -> lode::Result<()> {
    let bar = progress_bar("partition by day", source.len() as u64);
    let flights = Dataset::<DatedFlight>::new(store, "flights-by-day")?
        .layout(HiveLayout)
        .codec(Jsonl::new().compress(Zstd::default()));
    let mut dated: Vec<DatedFlight> = source
        .iter()
        .map(|flight| DatedFlight { time_hour: flight.time_hour, flight: flight.clone() })
        .collect();
    let writer = flights.clone().on_progress(moving(&bar, 0));
    let snapshot = writer.write(&dated, metadata! { "by": "day" }).await?;
    bar.finish();

    dated.sort_by_key(|dated| dated.time_hour.date_naive());
    assert_eq!(flights.read(&snapshot).await?, dated);
    println!("by day: {} partitions", snapshot.files().len());
    Ok(())
}

/// For each carrier: how many flights, and the mean arrival delay of those that arrived. Only the
/// files of one carrier are opened at a time.
async fn delays(
    store: &Store,
    snapshot: &Snapshot<Flight>,
) -> Result<Vec<(String, usize, f64)>, Box<dyn Error>> {
    let dataset = Dataset::<Flight>::new(store, snapshot.dataset().clone())?;
    let partitions = lode::Catalog::new(store).layout(HiveLayout).partitions(dataset.id()).await?;
    let mut table = Vec::new();
    for partition in partitions {
        let carrier = partition.get("carrier").flatten().unwrap_or_default();
        let flights = dataset.read(snapshot).partition("carrier", carrier).await?;
        let arrived: Vec<f64> = flights.iter().filter_map(|f| f.arr_delay.map(f64::from)).collect();
        let mean = arrived.iter().sum::<f64>() / arrived.len() as f64;
        table.push((carrier.to_owned(), flights.len(), mean));
    }
    Ok(table)
}

/// The flights of a `.csv` or `.csv.gz` file.
fn parse(path: &Path) -> Result<Vec<Flight>, Box<dyn Error>> {
    let file = File::open(path).map_err(|e| format!("cannot open {}: {e}", path.display()))?;
    let reader: Box<dyn Read> = match path.extension().is_some_and(|extension| extension == "gz") {
        true => Box::new(flate2::read::MultiGzDecoder::new(file)),
        false => Box::new(file),
    };
    let mut csv = csv::Reader::from_reader(reader);
    let headers = csv.headers()?.clone();
    let mut flights = Vec::new();
    for row in csv.records() {
        // The csv crate reads an empty field as `None`.
        let row: csv::StringRecord =
            row?.iter().map(|field| if field == "NA" { "" } else { field }).collect();
        let flight = row.deserialize(Some(&headers));
        flights.push(flight.map_err(|e| format!("row {}: {e}", flights.len() + 1))?);
    }
    Ok(flights)
}

fn by_month(flights: Vec<Flight>) -> BTreeMap<u8, Vec<Flight>> {
    let mut months: BTreeMap<u8, Vec<Flight>> = BTreeMap::new();
    for flight in flights {
        months.entry(flight.month).or_default().push(flight);
    }
    months
}

fn progress_bar(what: &'static str, rows: u64) -> ProgressBar {
    let template = "{msg:<22} {bar:40} {human_pos}/{human_len} records {elapsed}";
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(rows).with_style(style).with_message(what)
}

/// What a handle tells, as a position of the bar. Every call counts from zero: `before` is what
/// earlier calls have done.
fn moving(bar: &ProgressBar, before: u64) -> impl Fn(Progress) + Send + Sync + 'static {
    let bar = bar.clone();
    move |progress| bar.set_position(before + progress.records)
}
