//~ error[E0600]: cannot apply unary operator `-` to type `u64`

use lode::{Store, Volume};

async fn run(store: &Store) -> lode::Result<()> {
    let volume = Volume::create(store, "disk", 4096)?;
    let _staged = volume.stage_write_at(-1, b"boot").await?;
    Ok(())
}

fn main() {
    let _ = run(&Store::memory());
}
