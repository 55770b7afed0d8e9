//~ error[E0277]: `DefaultLayout` has no partitions to replace

use lode::{Dataset, Store, metadata};

#[derive(serde::Serialize, serde::Deserialize, lode::Record)]
struct Reading {
    #[lode(partition)]
    sensor: String,
    celsius: f64,
}

async fn run(store: &Store) -> lode::Result<()> {
    let readings = Dataset::<Reading>::new(store, "readings")?;
    let new = [Reading { sensor: "roof".to_owned(), celsius: 21.5 }];
    readings.replace_partitions(&new, metadata! {}).await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
