//! Timing, and the records.

pub(crate) mod flight;

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Runs cases and prints them.
pub(crate) struct Bench {
    rounds: usize,
    filter: Option<String>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let rounds = std::env::var("LODE_BENCH_ROUNDS").ok().and_then(|n| n.parse().ok());
        // cargo passes `--bench`.
        let filter = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
        println!("{:<40} {:>12} {:>12} {:>7}", "case", "lode", "baseline", "ratio");
        Self { rounds: rounds.unwrap_or(5), filter }
    }

    /// Whether a case of this name, or of one that begins so, may be picked.
    pub(crate) fn wants(&self, name: &str) -> bool {
        let Some(filter) = &self.filter else { return true };
        name.contains(filter.as_str()) || filter.starts_with(name)
    }

    /// Times both in turn, after one round that does not count.
    pub(crate) fn case(
        &self,
        name: &str,
        mut lode: impl FnMut(usize),
        mut baseline: impl FnMut(usize),
    ) {
        if self.filter.as_ref().is_some_and(|filter| !name.contains(filter.as_str())) {
            return;
        }
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..=self.rounds {
            let (a, b) = (time(|| lode(round)), time(|| baseline(round)));
            if round > 0 {
                ours.push(a);
                theirs.push(b);
            }
        }
        let (ours, theirs) = (median(ours), median(theirs));
        let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
        println!("{name:<40} {ours:>12.2?} {theirs:>12.2?} {ratio:>7.3}");
    }

    /// A fresh directory.
    pub(crate) fn dir(&self) -> TempDir {
        match std::env::var_os("LODE_BENCH_DIR") {
            Some(parent) => TempDir::new_in(parent).unwrap(),
            None => TempDir::new().unwrap(),
        }
    }

    pub(crate) fn blob_mib(&self) -> usize {
        std::env::var("LODE_BENCH_BLOB_MIB").ok().and_then(|n| n.parse().ok()).unwrap_or(1024)
    }
}

fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Writes a file anew and waits until it is on disk.
pub(crate) fn synced(path: &Path, write: impl FnOnce(&mut File)) {
    let _ = fs::remove_file(path);
    let mut file = File::create(path).unwrap();
    write(&mut file);
    file.sync_all().unwrap();
    File::open(path.parent().unwrap()).unwrap().sync_all().unwrap();
}

/// The most memory this process has held, where the system tells.
pub(crate) fn peak_rss_mib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib >> 10)
}
