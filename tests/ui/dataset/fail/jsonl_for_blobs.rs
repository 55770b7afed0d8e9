//~ error[E0277]: `Jsonl` is not a codec for `Blob`

use lode::{Blob, Dataset, Store, codec::Jsonl};

async fn run(store: &Store) -> lode::Result<()> {
    let _backups = Dataset::<Blob>::new(store, "backups")?.codec(Jsonl::new());
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
