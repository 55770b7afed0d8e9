//! Runs a target on files, and then, if asked to, on mutations of them for some seconds. It needs
//! neither a nightly compiler nor libFuzzer.
//!
//! ```text
//! replay <target> [--seconds N] [--seed N] <files or folders>...
//! ```

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs};

use lode_fuzz::{TARGETS, Target};

const USAGE: &str = "usage: replay <target> [--seconds N] [--seed N] <files or folders>...";

fn main() -> ExitCode {
    match Arguments::parse(env::args().skip(1)).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

struct Arguments {
    name: String,
    target: Target,
    seconds: u64,
    seed: u64,
    paths: Vec<PathBuf>,
}

impl Arguments {
    fn parse(mut given: impl Iterator<Item = String>) -> Result<Self, String> {
        let name = given.next().ok_or(USAGE)?;
        let known = TARGETS.iter().find(|(known, _)| *known == name);
        let (_, target) = known.ok_or_else(|| {
            let known = TARGETS.map(|(known, _)| known).join(", ");
            format!("there is no target `{name}`: there are {known}")
        })?;
        let mut parsed = Self { name, target: *target, seconds: 0, seed: 1, paths: Vec::new() };
        while let Some(argument) = given.next() {
            let mut number =
                || given.next().and_then(|number| number.parse().ok()).ok_or(USAGE.to_owned());
            match argument.as_str() {
                "--seconds" => parsed.seconds = number()?,
                "--seed" => parsed.seed = number()?,
                _ => parsed.paths.push(argument.into()),
            }
        }
        if parsed.paths.is_empty() { Err(USAGE.to_owned()) } else { Ok(parsed) }
    }
}

fn run(arguments: Arguments) -> Result<(), String> {
    let Arguments { name, target, seconds, seed, paths } = arguments;
    let mut inputs = Vec::new();
    for path in &paths {
        collect(path, &mut inputs).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    inputs.sort();
    let began = Instant::now();
    for (path, input) in &inputs {
        try_input(target, input, &path.display().to_string())?;
    }
    println!("{name}: {} inputs in {:.1?}", inputs.len(), began.elapsed());
    if seconds == 0 {
        return Ok(());
    }
    let mut inputs: Vec<_> = inputs.into_iter().map(|(_, input)| input).collect();
    inputs.push(Vec::new());
    let mut random = Random(seed);
    let (began, mut runs) = (Instant::now(), 0_u64);
    while began.elapsed() < Duration::from_secs(seconds) {
        let input = random.mutation(&inputs);
        let origin = format!("a mutation (seed {seed}, run {runs})");
        if let Err(message) = try_input(target, &input, &origin) {
            let crash = env::temp_dir().join(format!("lode-fuzz-{name}-{seed}-{runs}"));
            fs::write(&crash, &input).map_err(|e| e.to_string())?;
            return Err(format!("{message}; it is kept in {}", crash.display()));
        }
        runs += 1;
    }
    println!("{name}: {runs} mutations in {:.1?}, seed {seed}", began.elapsed());
    Ok(())
}

fn try_input(target: Target, input: &[u8], origin: &str) -> Result<(), String> {
    std::panic::catch_unwind(|| target(input)).map_err(|_| format!("{origin} made it panic"))?;
    match peak_memory() {
        Some(kib) if kib > MOST_KIB => Err(format!("{origin} made it take {kib} KiB of memory")),
        _ => Ok(()),
    }
}

/// The most memory that no input may pass.
const MOST_KIB: u64 = 1 << 20;

/// The most memory that this process ever had, in KiB, where the system says so.
fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The files at a path, or in the folder there.
fn collect(path: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) -> std::io::Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            collect(&entry?.path(), found)?;
        }
    } else {
        found.push((path.to_owned(), fs::read(path)?));
    }
    Ok(())
}

/// Splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// Below `n`; 0 if that is 0.
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    /// One of the inputs with a few small changes.
    fn mutation(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = inputs[self.below(inputs.len())].clone();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            let len = 1 + self.below(self.0 as usize % 16 + 1).min(bytes.len().saturating_sub(at));
            let end = (at + len).min(bytes.len());
            match self.next() % 8 {
                0 if !bytes.is_empty() => bytes[at] ^= 1 << self.below(8),
                1 if !bytes.is_empty() => bytes[at] = self.next() as u8,
                2 => bytes.truncate(at),
                3 => drop(bytes.drain(at..end)),
                4 => {
                    let again = bytes[at..end].to_vec();
                    bytes.splice(at..at, again);
                }
                5 => {
                    let new: Vec<u8> = (0..len).map(|_| self.next() as u8).collect();
                    bytes.splice(at..at, new);
                }
                6 => {
                    const HARD: &[&str] = &[
                        "null",
                        "-1",
                        "18446744073709551616",
                        "1e999",
                        "\"\"",
                        "{}",
                        "[[[[",
                        "%2F",
                    ];
                    let hard = HARD[self.below(HARD.len())];
                    bytes.splice(at..end, hard.bytes());
                }
                _ => {
                    let other = &inputs[self.below(inputs.len())];
                    let from = self.below(other.len());
                    let to = (from + self.below(64)).min(other.len());
                    bytes.splice(at..end, other[from..to].to_vec());
                }
            }
        }
        bytes
    }
}
