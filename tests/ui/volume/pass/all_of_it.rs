//! Everything the cases beside this one get wrong, done right.

use lode::{Base, Discarded, Metadata, StagedBlock, Store, Volume, VolumeSnapshotId, metadata};

#[tokio::main(flavor = "current_thread")]
pub async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = Store::memory();
    let volume = Volume::create(&store, "disk", 4096)?;
    let staged = volume.stage_write_at(0, b"boot").await?;
    let (text, list) = ("text".as_bytes(), vec![1_u8; 4]);
    tokio::try_join!(staged.stage_write_at(4, text), staged.stage_write_at(8, list))?;
    let file: &[u8] = b"a file";
    staged.stage_reader_at(512, file).await?;
    let staged = match staged.discard(8..9) {
        Discarded::Staged(staged) => staged,
        Discarded::Empty(Base::New(_) | Base::Committed(_)) => return Err("it is all gone".into()),
    };
    let volume = staged.commit(metadata! { "step": 1 }).await?;
    assert_eq!(volume.read_at(0..8).await?, "boottext");

    let block = volume.stager().stage_overwrite_at(0, b"BOOT").await?;
    let sent: StagedBlock = serde_json::from_str(&serde_json::to_string(&block)?)?;
    let volume = volume.accept(sent).await?.commit(Metadata::empty()).await?;
    assert_eq!(volume.read_at(0..8).await?, "BOOTtext");
    let first = Volume::open_at(&store, "disk", VolumeSnapshotId::new(1)?).await?;
    assert_eq!(first.read_at(0..8).await?, "boottext");

    let session = volume.stage_write_at(1024, [7; 8]).await?.session();
    let staged = volume.resume(session).await?;

    // Futures can be sent to other threads.
    let volume = tokio::spawn(staged.commit(metadata! {})).await??;
    assert_eq!(volume.snapshot_id().get(), 3);
    Ok(())
}
