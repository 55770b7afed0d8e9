//! Workers in processes of their own stage the blocks of one volume, and one coordinator commits them.
//!
//! `cargo run --example volume_parallel`

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use lode::{New, StagedBlock, Store, Volume, metadata};

const WORKERS: u64 = 4;
const BLOCKS_EACH: u64 = 8;
const BLOCK: u64 = 256 << 10;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    match &args[1..] {
        [mode, store, number] if mode == "work" => work(store.as_ref(), number.parse()?).await,
        _ => coordinate().await,
    }
}

/// The volume that is to be. No I/O: everybody can have it.
fn volume(store: &Path) -> lode::Result<Volume<New>> {
    Volume::create(&Store::local(store)?, "render", WORKERS * BLOCKS_EACH * BLOCK)
}

/// One worker: stages every fourth block, all at once, and says each on a line of its output.
async fn work(store: &Path, number: u64) -> Result<(), Box<dyn Error>> {
    let stager = volume(store)?.stager();
    let blocks = (0..BLOCKS_EACH).map(|n| {
        let block = n * WORKERS + number;
        stager.stage_write_at(block * BLOCK, vec![block as u8; BLOCK as usize])
    });
    for block in futures::future::try_join_all(blocks).await? {
        println!("{}", serde_json::to_string(&block)?);
    }
    Ok(())
}

/// Starts the workers, collects what they have staged, and commits it as one snapshot.
async fn coordinate() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let start = |number: u64| {
        Command::new(std::env::current_exe()?)
            .arg("work")
            .arg(dir.path())
            .arg(number.to_string())
            .stdout(Stdio::piped())
            .spawn()
    };
    let workers = (0..WORKERS).map(start).collect::<Result<Vec<_>, _>>()?;

    let mut blocks: Vec<StagedBlock> = Vec::new();
    for (number, mut worker) in workers.into_iter().enumerate() {
        let output = worker.stdout.take().ok_or("it has no output")?;
        for line in BufReader::new(output).lines() {
            blocks.push(serde_json::from_str(&line?)?);
        }
        println!("worker {number}: {}", worker.wait()?);
    }

    // A block is taken for what its object is, not for what somebody says of it.
    let (first, rest) = blocks.split_first().ok_or("nothing was staged")?;
    let staged = volume(dir.path())?.accept_verified(first.clone()).await?;
    for block in rest {
        staged.accept_verified(block.clone()).await?;
    }
    let volume = staged.commit(metadata! { "workers": WORKERS }).await?;
    println!(
        "snapshot {}: {} blocks, {} bytes, complete: {}",
        volume.snapshot_id(),
        volume.blocks().len(),
        volume.covered_bytes(),
        volume.is_complete()
    );
    let bytes = volume.read_at(0..volume.total_length()).await?;
    for (n, block) in bytes.chunks(BLOCK as usize).enumerate() {
        assert!(block.iter().all(|&byte| byte == n as u8), "block {n}");
    }
    Ok(())
}
