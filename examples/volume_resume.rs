//! A file is imported by a process that is killed in the middle. Another goes on where that one was, and
//! stages only what is missing.
//!
//! `cargo run --example volume_resume`, or with a file of yours, of some 100 MB or more and without holes:
//! `cargo run --example volume_resume -- FILE`. Without one, a file with holes is made.

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};

use indicatif::{ProgressBar, ProgressStyle};
use lode::{New, Store, Volume, VolumeLimits, metadata};

const MB: u64 = 1 << 20;
/// The length of the file that is made.
const LENGTH: u64 = 100 * MB;
/// What is not a hole of it.
const DATA: [Range<u64>; 3] = [0..30 * MB, 45 * MB..70 * MB, 75 * MB..LENGTH];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    match &args[1..] {
        [mode, store, file] if mode == "import" => import(store.as_ref(), file.as_ref()).await,
        [] => resume(None).await,
        [file] => resume(Some(file.as_ref())).await,
        _ => Err("usage: volume_resume [FILE]".into()),
    }
}

/// The volume that is to be, as long as the file, with blocks of 1 MiB.
fn volume(store: &Path, file: &Path) -> Result<Volume<New>, Box<dyn Error>> {
    let limits = VolumeLimits { block_bytes: MB as usize, ..VolumeLimits::default() };
    let length = file.metadata()?.len();
    Ok(Volume::create(&Store::local(store)?, "disk", length)?.limits(limits))
}

/// The process that is killed: says on its standard output how many bytes are staged.
async fn import(store: &Path, file: &Path) -> Result<(), Box<dyn Error>> {
    let volume = volume(store, file)?.on_progress(|progress| println!("{}", progress.bytes));
    let staged = volume.import_from(file).await?;
    let volume = staged.commit(metadata! { "source": "disk.img" }).await?;
    println!("{}", volume.covered_bytes());
    Ok(())
}

/// The process that lives.
async fn resume(given: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let made = dir.path().join("disk.img");
    let (file, data) = match given {
        Some(file) => (file, file.metadata()?.len()),
        None => {
            make(&made)?;
            (&*made, DATA.iter().map(|range| range.end - range.start).sum())
        }
    };
    println!("a file of {} MiB, {} MiB of it data", file.metadata()?.len() / MB, data / MB);

    // Nothing is committed then; what was staged is in the store, as a session.
    let mut tries = (0..5).map(|n| dir.path().join(format!("store-{n}")));
    let volume = loop {
        let store =
            tries.next().ok_or("each import was faster than the kill: take a larger file")?;
        std::fs::create_dir(&store)?;
        kill_in_the_middle(&store, file, data)?;
        let volume = volume(&store, file)?;
        if volume.latest().await?.is_none() {
            break volume;
        }
        println!("it was faster than the kill: once more");
        std::fs::remove_dir_all(&store)?;
    };
    let sessions = volume.sessions().await?;
    let session = sessions.first().ok_or("it was killed before it had staged anything")?;
    println!("session {} has staged {} blocks", session.id, session.blocks.len());

    let staged = volume.resume(session.id).verify_content().await?;
    println!("{}", drawn(&staged.coverage(), staged.total_length()));

    let there: u64 = staged.coverage().iter().map(|range| range.end - range.start).sum();
    let bar = bar("resume", data);
    let moving = bar.clone();
    let staged = staged.on_progress(move |progress| moving.set_position(there + progress.bytes));
    let blocks = staged.import_from(file).missing_only().await?;
    bar.finish();
    println!("{} more blocks", blocks.len());
    println!("{}", drawn(&staged.coverage(), staged.total_length()));

    let volume = staged.commit(metadata! { "source": "disk.img" }).await?;
    let copy = dir.path().join("copy.img");
    volume.export_to(&copy).await?;
    let checksums = (checksum(file)?, checksum(&copy)?);
    println!("snapshot {}: {} bytes are there", volume.snapshot_id(), volume.covered_bytes());
    println!("crc32 {:08x} of the file, {:08x} of what was exported", checksums.0, checksums.1);
    assert_eq!(checksums.0, checksums.1);
    Ok(())
}

/// Runs an import in another process, and kills that once two fifths are staged.
fn kill_in_the_middle(store: &Path, file: &Path, data: u64) -> Result<(), Box<dyn Error>> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("import")
        .args([store, file])
        .stdout(Stdio::piped())
        .spawn()?;
    let bar = bar("import", data);
    let output = child.stdout.take().ok_or("it has no output")?;
    let mut is_killed = false;
    for line in BufReader::new(output).lines() {
        let staged: u64 = line?.parse()?;
        bar.set_position(staged);
        if staged >= data * 2 / 5 {
            child.kill()?;
            is_killed = true;
            break;
        }
    }
    bar.abandon();
    match child.wait()? {
        status if is_killed => println!("killed: {status}"),
        status if status.success() => {}
        status => return Err(format!("the import failed: {status}").into()),
    }
    Ok(())
}

/// One character for each fiftieth of the volume: there, partly there, not there.
fn drawn(coverage: &[Range<u64>], length: u64) -> String {
    let cell = (length / 50).max(1);
    let drawn = (0..50).map(|n| {
        let (start, end) = (n * cell, (n + 1) * cell);
        let parts =
            coverage.iter().map(|range| range.end.min(end).saturating_sub(range.start.max(start)));
        match parts.sum::<u64>() {
            0 => '·',
            there if there == cell => '█',
            _ => '▒',
        }
    });
    format!("[{}]", drawn.collect::<String>())
}

/// Drawn where there is a terminal, and nowhere else.
fn bar(what: &'static str, length: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:>8} [{bar:50}] {bytes}/{total_bytes}");
    let bar = ProgressBar::new(length).with_message(what);
    if let Ok(style) = style {
        bar.set_style(style.progress_chars("█▒·"));
    }
    bar
}

/// A file with holes, of the same bytes in every run.
fn make(path: &Path) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.set_len(LENGTH)?;
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut chunk = Vec::with_capacity(MB as usize);
    for range in DATA {
        file.seek(SeekFrom::Start(range.start))?;
        for _ in 0..(range.end - range.start) / MB {
            chunk.clear();
            while chunk.len() < MB as usize {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                chunk.extend_from_slice(&random.to_le_bytes());
            }
            file.write_all(&chunk)?;
        }
    }
    Ok(())
}

fn checksum(path: &Path) -> std::io::Result<u32> {
    let mut file = File::open(path)?;
    let (mut checksum, mut chunk) = (flate2::Crc::new(), vec![0; MB as usize]);
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(checksum.sum()),
            n => checksum.update(&chunk[..n]),
        }
    }
}
