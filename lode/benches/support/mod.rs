//! Timing and memory; each benchmark uses a part of it.
#![allow(dead_code)]

use std::fs::{self, File};
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::runtime::{Builder, Handle, Runtime};

const CHILD: &str = "LODE_BENCH_CHILD";

/// Runs cases and prints them.
pub(crate) struct Bench {
    rounds: usize,
    filter: Option<String>,
    /// Whose threads lode works on.
    runtime: Option<Handle>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        println!("{:<40} {:>12} {:>12} {:>7}", "case", "lode", "baseline", "ratio");
        Self::quiet()
    }

    /// Without a heading.
    pub(crate) fn quiet() -> Self {
        let rounds = std::env::var("LODE_BENCH_ROUNDS").ok().and_then(|n| n.parse().ok());
        // cargo passes `--bench`.
        let filter = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
        Self { rounds: rounds.unwrap_or(5), filter, runtime: None }
    }

    /// Cases make so many small things that the allocator has to be seen to; see `settle`.
    pub(crate) fn of_small_things(self, runtime: &Runtime) -> Self {
        Self { runtime: Some(runtime.handle().clone()), ..self }
    }

    /// How often each case is to run.
    pub(crate) fn rounds(&self) -> usize {
        self.rounds
    }

    /// Whether a case of this name, or of one that begins so, may be picked.
    pub(crate) fn wants(&self, name: &str) -> bool {
        let Some(filter) = &self.filter else { return true };
        name.contains(filter.as_str()) || filter.starts_with(name)
    }

    /// Times both in turn, after one round that does not count. Each gets a name of its own in
    /// `dir`, and what it wrote is removed, and the removal synced, before the clock runs again: else one would
    /// pay for the other's. What they return is dropped while no clock runs.
    pub(crate) fn case<A, B>(
        &self,
        name: &str,
        dir: &TempDir,
        mut lode: impl FnMut(&str) -> A,
        mut baseline: impl FnMut(&Path) -> B,
    ) {
        if self.filter.as_ref().is_some_and(|filter| !name.contains(filter.as_str())) {
            return;
        }
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..=self.rounds {
            let a = time(|| lode("case"));
            self.settle();
            clear(&dir.path().join("datasets/case"));
            let b = time(|| baseline(&dir.path().join("case")));
            self.settle();
            clear(&dir.path().join("case"));
            if round > 0 {
                ours.push(a);
                theirs.push(b);
            }
        }
        let (ours, theirs) = (median(ours), median(theirs));
        self.print(name, ours, theirs);
    }

    /// Makes the allocator do now what it puts off when a million small things are freed. The GNU C
    /// library joins them when something large is wanted next, in the same of its arenas, each of which
    /// belongs to a thread: the clock would run then, and for whoever comes next.
    pub(crate) fn settle(&self) {
        let want = || drop(black_box(Vec::<u8>::with_capacity(96 << 10)));
        want();
        let Some(runtime) = &self.runtime else { return };
        let threads = pool();
        let all = Arc::new(Barrier::new(threads + 1));
        for _ in 0..threads {
            let all = Arc::clone(&all);
            runtime.spawn_blocking(move || {
                want();
                all.wait();
            });
        }
        all.wait();
    }

    /// Prints a line.
    pub(crate) fn print(&self, name: &str, ours: Duration, theirs: Duration) {
        let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
        println!("{name:<40} {ours:>12.2?} {theirs:>12.2?} {ratio:>7.3}");
    }

    /// Runs this program again for the memory of `case` alone, and prints the most that it held.
    pub(crate) fn child(&self, case: &str, name: &str) {
        if !self.wants(name.split(':').next().unwrap_or(name)) {
            return;
        }
        let program = std::env::current_exe().unwrap();
        let output = Command::new(program).env(CHILD, case).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let peak = String::from_utf8_lossy(&output.stdout);
        println!("{name:<40} {:>8} MiB peak", peak.trim());
    }

    /// The case that this process is to run for its memory.
    pub(crate) fn child_case() -> Option<String> {
        std::env::var(CHILD).ok()
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

fn clear(path: &Path) {
    if fs::remove_file(path).is_ok() || fs::remove_dir_all(path).is_ok() {
        File::open(path.parent().unwrap()).unwrap().sync_all().unwrap();
        thread::sleep(Duration::from_millis(100));
    }
}

/// A runtime whose pool of threads has no more of them than are settled.
pub(crate) fn runtime() -> Runtime {
    Builder::new_multi_thread().enable_all().max_blocking_threads(pool()).build().unwrap()
}

/// One that reads ahead, and one for each core.
fn pool() -> usize {
    thread::available_parallelism().map_or(1, usize::from) + 1
}

pub(crate) fn time<R>(work: impl FnOnce() -> R) -> Duration {
    let start = Instant::now();
    let made = work();
    let elapsed = start.elapsed();
    drop(made);
    elapsed
}

pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Writes a file anew and waits until it is on disk.
pub(crate) fn synced(path: &Path, write: impl FnOnce(&mut File)) {
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
