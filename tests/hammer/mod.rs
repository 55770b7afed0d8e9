//! The hammer (L1): eight writers and two readers, each a process of its own, on one directory or one S3
//! server; some writers are killed in the middle of it, and started again.
//!
//! `LODE_HAMMER_COMMITS` sets the number of commits of each writer; `just hammer` runs 200.

mod record;
mod slot;
mod volume;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use lode::{Dataset, Store};

use record::{DATASET, Mark};
use slot::WRITERS;

use crate::support::server::{fresh_prefix, s3_url};

const READERS: u32 = 2;
/// Writers from 0 to this are killed.
const KILLED: u32 = 3;

#[tokio::test]
async fn no_acknowledged_commit_is_lost() {
    hammer("dataset", Place::Disk("none"), commits_or(40), verify).await;
}

#[tokio::test]
async fn no_acknowledged_commit_is_lost_when_every_put_is_synced() {
    hammer("dataset", Place::Disk("sync"), 8, verify).await;
}

#[tokio::test]
async fn no_acknowledged_commit_is_lost_on_s3() {
    let Some(url) = s3_url("no_acknowledged_commit_is_lost_on_s3") else { return };
    hammer("dataset", Place::Url(url), commits_or(12), verify).await;
}

/// Where the processes meet.
enum Place {
    /// A directory, and whether puts are synced.
    Disk(&'static str),
    Url(String),
}

/// The number of commits of each writer.
fn commits_or(usual: u32) -> u32 {
    std::env::var("LODE_HAMMER_COMMITS").map_or(usual, |commits| commits.parse().unwrap())
}

async fn hammer(
    what: &str,
    place: Place,
    commits: u32,
    verify: impl AsyncFn(&Store, &[String], u32),
) {
    let home = tempfile::tempdir().unwrap();
    let (store, durability, name) = match place {
        Place::Disk(durability) => {
            let directory = home.path().join("store");
            fs::create_dir(&directory).unwrap();
            (directory.to_str().unwrap().to_owned(), durability, "local disk")
        }
        Place::Url(url) => (format!("{url}/{}", fresh_prefix()), "none", "S3"),
    };
    let stop = home.path().join("stop");
    let begun = Instant::now();
    let log = |writer: u32| home.path().join(format!("writer-{writer}"));
    let write = |writer: u32| {
        let [writer_text, commits] = [writer, commits].map(|number| number.to_string());
        let command = &mut hammer_command();
        let command = command.args([what, "write"]).arg(&store).arg(log(writer));
        command.args([&writer_text, &commits, durability]).spawn().unwrap()
    };

    let mut writers: Vec<Child> = (0..WRITERS).map(write).collect();
    let read = |_| {
        let command = &mut hammer_command();
        let command = command.args([what, "read"]).arg(&store).arg(commits.to_string());
        command.arg(&stop).spawn().unwrap()
    };
    let readers: Vec<Child> = (0..READERS).map(read).collect();

    // Killed three times each, wherever they are then.
    let mut kills = 0;
    for part in 1..=3 {
        for writer in 0..KILLED {
            wait_for(&log(writer), commits * part / 4, &mut writers[writer as usize]).await;
            writers[writer as usize].kill().unwrap();
            kills += u32::from(!writers[writer as usize].wait().unwrap().success());
            writers[writer as usize] = write(writer);
        }
    }
    assert!(kills >= 2, "only {kills} writers were killed at work");
    let (mut retries, mut most) = (0, 0);
    for writer in writers {
        let said = finish(writer);
        let (all, of_one) = said.trim().split_once(' ').unwrap();
        retries += all.parse::<u64>().unwrap();
        most = most.max(of_one.parse::<u64>().unwrap());
    }
    let elapsed = begun.elapsed();
    fs::write(&stop, "").unwrap();
    for reader in readers {
        let looks: u64 = finish(reader).trim().parse().unwrap();
        assert!(looks > 10, "the reader looked only {looks} times");
    }
    // Not by `eprintln!`, which is shown for failed tests only.
    let _ = writeln!(
        std::io::stderr(),
        "hammer: {what}, {name}, {durability}: {WRITERS} writers x {commits} commits in {elapsed:.1?}, \
         {kills} kills; {retries} rebases (of lives that were not killed), {most} of one commit",
    );
    let logs: Vec<String> =
        (0..WRITERS).map(|writer| fs::read_to_string(log(writer)).unwrap()).collect();
    let store = match name {
        "S3" => Store::open(&store),
        _ => Store::local(&store),
    };
    verify(&store.unwrap(), &logs, commits).await;
}

fn hammer_command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hammer"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Waits until the log has this many lines.
async fn wait_for(log: &Path, lines: u32, writer: &mut Child) {
    let begun = Instant::now();
    while fs::read_to_string(log).unwrap_or_default().lines().count() < lines as usize {
        assert!(begun.elapsed() < Duration::from_secs(600), "the writers make no progress");
        if writer.try_wait().unwrap().is_some_and(|status| !status.success()) {
            return; // What it said is told at the end.
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// What the process said.
fn finish(process: Child) -> String {
    let output = process.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// One unbroken chain, in which every commit is exactly once, as it was acknowledged; and every
/// snapshot is what its parent was, and the commit's record.
async fn verify(store: &Store, logs: &[String], commits: u32) {
    let dataset = Dataset::<Mark>::new(store, DATASET).unwrap();
    let mut chain: Vec<_> = dataset.history().try_collect().await.unwrap();
    chain.reverse();
    assert_eq!(chain.len() as u32, WRITERS * commits);
    assert_eq!(dataset.latest().await.unwrap().as_ref(), chain.last());

    let mut found = BTreeMap::new();
    let mut parent = None;
    let mut expected: Vec<Mark> = Vec::new();
    for (n, snapshot) in chain.iter().enumerate() {
        assert_eq!(snapshot.id().get(), n as u64 + 1);
        assert_eq!(snapshot.parent(), parent);
        parent = Some(snapshot.id());
        let mark: Mark = snapshot.metadata_as().unwrap();
        if mark.commit % 10 == 9 {
            expected.clear();
        }
        expected.push(mark.clone());
        expected.sort();
        let mut records = dataset.read(snapshot).await.unwrap();
        records.sort();
        assert_eq!(records, expected, "snapshot {}", snapshot.id());
        assert_eq!(found.insert(mark, snapshot.id().get()), None, "it was committed twice");
    }
    for (writer, log) in (0..).zip(logs) {
        assert_eq!(log.lines().count() as u32, commits);
        for (commit, line) in (0..).zip(log.lines()) {
            let (id, logged) = line.split_once(' ').unwrap();
            assert_eq!(logged.parse(), Ok(commit));
            assert_eq!(found.get(&Mark { writer, commit }), Some(&id.parse().unwrap()));
        }
    }
}
