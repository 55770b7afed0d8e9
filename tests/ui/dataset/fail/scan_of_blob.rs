//~ `Blob` has no records to read

use lode::{Blob, Dataset, Snapshot};

async fn scan(dataset: Dataset<Blob>, snapshot: Snapshot<Blob>) {
    let _ = dataset.scan(&snapshot).collect().await;
}

fn main() {}
