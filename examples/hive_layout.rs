//! Partitions: a folder for each value, filters that open only what matches, and replacing one
//! partition without touching the others.
//!
//! `cargo run --example hive_layout`

use chrono::{DateTime, TimeZone, Utc};
use lode::{Catalog, Dataset, HiveLayout, Record, Store, metadata};

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, Record)]
struct Sale {
    #[lode(partition)]
    city: Option<String>,
    #[lode(timestamp)]
    #[lode(partition = "month")]
    at: DateTime<Utc>,
    cents: u64,
}

fn sale(city: Option<&str>, month: u32, cents: u64) -> Sale {
    let at = Utc.with_ymd_and_hms(2024, month, 15, 12, 0, 0).single().unwrap_or_default();
    Sale { city: city.map(str::to_owned), at, cents }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let store = Store::local(dir.path())?;
    let sales = Dataset::<Sale>::new(&store, "sales")?.layout(HiveLayout);

    // Values become folders, percent-encoded where a path could not hold them.
    let records = [
        sale(Some("Graz"), 1, 100),
        sale(Some("Graz"), 2, 250),
        sale(Some("São Paulo / SP"), 1, 900),
        sale(None, 1, 5),
    ];
    let first = sales.write(&records, metadata! {}).await?;
    for file in first.files() {
        println!("{}", file.path);
    }
    assert_eq!(first.files().len(), 4);

    // Only the files of these partitions are opened.
    let graz = sales.read(&first).partition("city", "Graz").await?;
    assert_eq!(graz, records[..2]);
    let january = sales.read(&first).partition("at_month", "2024-01").await?;
    assert_eq!(january.len(), 3);
    let nowhere = sales.read(&first).partition("city", None::<&str>).await?;
    assert_eq!(nowhere, records[3..]);

    // The partitions that the new records belong to are replaced; the others are carried over.
    let corrected = [sale(Some("Graz"), 2, 275)];
    let second = sales.replace_partitions(&corrected, metadata! { "why": "typo" }).await?;
    let graz = sales.read(&second).partition("city", "Graz").await?;
    assert_eq!(graz.iter().map(|sale| sale.cents).collect::<Vec<_>>(), [100, 275]);
    assert_eq!(second.row_count(), 4);

    let partitions = Catalog::new(&store).layout(HiveLayout).partitions(sales.id()).await?;
    println!("{} partitions:", partitions.len());
    for partition in &partitions {
        println!("  {partition}");
    }
    assert_eq!(partitions.len(), 4);
    Ok(())
}
