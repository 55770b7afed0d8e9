//! One process of the hammer: many of them commit to one dataset or volume at once, and some are
//! killed.
//!
//! ```text
//! hammer <dataset|volume> write <store> <log> <writer> <commits> <none|sync>
//! hammer <dataset|volume> read <store> <commits> <stop file>
//! ```
//!
//! The store is a directory, or a URL. A writer appends a line to its log for each acknowledged commit, and
//! goes on from there when it is started again; at its end it says how often its commits were rebased, and
//! one of them at most. A reader asks for the newest snapshot until the stop file exists.

mod record;
mod retries;
mod slot;
mod volume_process;

use std::error::Error;
use std::fmt::Display;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use lode::{Dataset, Durability, SnapshotId, Store, metadata};

use record::{DATASET, Mark};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [what, "write", store, log, writer, commits, durability] => {
            let durability = if durability == "sync" { Durability::Sync } else { Durability::None };
            let store = open(store, durability)?;
            let (log, writer, commits) = (Path::new(log), writer.parse()?, commits.parse()?);
            let retries = retries::counted()?;
            match what {
                "volume" => volume_process::write(&store, log, writer, commits).await?,
                _ => write(&store, log, writer, commits).await?,
            }
            println!("{} {}", retries.all(), retries.most());
            Ok(())
        }
        ["dataset", "read", store, _, stop] => {
            read(&open(store, Durability::None)?, Path::new(stop)).await
        }
        ["volume", "read", store, commits, stop] => {
            let store = open(store, Durability::None)?;
            volume_process::read(&store, commits.parse()?, Path::new(stop)).await
        }
        _ => Err("usage: hammer <dataset|volume> write … | hammer <dataset|volume> read …".into()),
    }
}

fn open(store: &str, durability: Durability) -> Result<Store> {
    if !store.contains("://") {
        return Ok(Store::local_with(store, durability)?);
    }
    let store = Store::open(store)?;
    store.assume_create_only();
    Ok(store)
}

/// What a writer has been told is committed.
struct Log(File);

impl Log {
    /// The log, and how many commits it has.
    fn open(path: &Path) -> Result<(Self, u32)> {
        let done = fs::read_to_string(path).unwrap_or_default().lines().count();
        Ok((Self(OpenOptions::new().create(true).append(true).open(path)?), done as u32))
    }

    fn line(&mut self, id: impl Display, commit: u32) -> Result<()> {
        Ok(self.0.write_all(format!("{id} {commit}\n").as_bytes())?)
    }
}

async fn write(store: &Store, log: &Path, writer: u32, commits: u32) -> Result<()> {
    let dataset = Dataset::<Mark>::new(store, DATASET)?;
    let (mut log, done) = Log::open(log)?;
    for commit in done..commits {
        log.line(commit_one(&dataset, Mark { writer, commit }).await?, commit)?;
    }
    Ok(())
}

/// Commits one record, once: if a killed process has done so, its key finds it.
async fn commit_one(dataset: &Dataset<Mark>, mark: Mark) -> Result<SnapshotId> {
    let records = [mark.clone()];
    let key = format!("{}-{}", mark.writer, mark.commit);
    loop {
        let metadata = metadata! { "writer": mark.writer, "commit": mark.commit };
        let result = match mark.commit % 10 {
            // Replacing writes lose races, and keep the list of files short.
            9 => dataset.write(&records, metadata).idempotency_key(key.as_str()).await,
            3 | 6 => {
                let stream = dataset.stream_write_records(records.to_vec(), metadata).append();
                stream.idempotency_key(key.as_str()).await
            }
            _ => dataset.append(&records, metadata).idempotency_key(key.as_str()).await,
        };
        match result {
            Ok(snapshot) => return Ok(snapshot.id()),
            Err(error) if error.is_conflict() && mark.commit % 10 == 9 => {}
            Err(error) => return Err(error.into()),
        }
    }
}

async fn read(store: &Store, stop: &Path) -> Result<()> {
    let (mut last, mut looks) = (None, 0_u64);
    while !stop.exists() {
        // Every other look by a handle that knows nothing.
        let dataset = Dataset::<Mark>::new(store, DATASET)?;
        for _ in 0..2 {
            let Some(snapshot) = dataset.latest().await? else { continue };
            if last > Some(snapshot.id()) {
                return Err(format!("from {last:?} back to {}", snapshot.id()).into());
            }
            last = Some(snapshot.id());
            let records = dataset.read(&snapshot).await?;
            if records.len() as u64 != snapshot.row_count() {
                return Err(format!("{} records in {snapshot:?}", records.len()).into());
            }
            looks += 1;
        }
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    println!("{looks}");
    Ok(())
}
