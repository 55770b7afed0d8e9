//! A disk image, block by block: what was never written is a gap, and what was overwritten can still
//! be read.
//!
//! `cargo run --example volume_sparse`

use lode::{Error, Run, Store, Volume, metadata};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let store = Store::local(dir.path())?;

    // A volume comes into being with its first commit. A block is durable once it is staged, and seen
    // once it is committed; any number of them can be on their way at once.
    let volume = Volume::create(&store, "disk-image", 1 << 30)?;
    let staged = volume.stage_write_at(0, b"boot sector").await?;
    tokio::try_join!(
        staged.stage_write_at(1 << 20, vec![1; 4096]),
        staged.stage_write_at((1 << 20) + 4096, vec![2; 4096]),
        staged.stage_write_at((1 << 30) - 512, vec![3; 512]),
    )?;
    let first = staged.commit(metadata! { "step": "install" }).await?;
    println!(
        "snapshot {}: {} of {} bytes are there",
        first.snapshot_id(),
        first.covered_bytes(),
        first.total_length()
    );
    for run in first.runs() {
        match run {
            Run::Data(range) => println!("  {range:>24?}  data"),
            Run::Gap(range) => println!("  {range:>24?}  gap"),
        }
    }

    // Reads go across blocks, and never across a gap: nothing is made up.
    let bytes = first.read_at((1 << 20) + 4090..(1 << 20) + 4102).await?;
    println!("across two blocks: {bytes:?}");
    match first.read_at(0..1024).await {
        Err(Error::RangeMissing { gaps, .. }) => println!("0..1024 lacks {gaps:?}"),
        other => return Err(format!("there is a gap, and this was read: {other:?}").into()),
    }

    // A range is written once, unless one says that it is to be overwritten.
    let refused = first.stage_write_at(0, b"BOOT").await.unwrap_err();
    println!("refused: {refused}");
    let staged = first.stage_overwrite_at(0, b"BOOT").await?;
    let second = staged.commit(metadata! { "step": "patch" }).await?;

    for id in second.snapshots().await? {
        let volume = Volume::open_at(&store, "disk-image", id).await?;
        let step = volume.metadata().get("step").and_then(|step| step.as_str());
        println!("snapshot {id}, {}: {:?}", step.unwrap_or("?"), volume.read_at(0..11).await?);
    }
    assert_eq!(first.read_at(0..11).await?, "boot sector");
    assert_eq!(second.read_at(0..11).await?, "BOOT sector");
    Ok(())
}
