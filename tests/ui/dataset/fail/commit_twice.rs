//~ error[E0382]: use of moved value: `writer`

use lode::{Blob, Dataset, Store, metadata};

async fn run(store: &Store) -> lode::Result<()> {
    let backups = Dataset::<Blob>::new(store, "backups")?;
    let writer = backups.stream_write(metadata! {}).await?;
    writer.commit().await?;
    writer.commit().await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
