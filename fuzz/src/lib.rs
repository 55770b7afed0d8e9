//! What each fuzz target does with its bytes, on any compiler: `fuzz_targets/` hands them to
//! libFuzzer, `replay` reads them from files. A target panics when lode breaks a promise.

pub mod dataset_ops;
pub mod decompress;
pub mod hive_segment;
pub mod jsonl;
pub mod manifest;
#[path = "../../tests/model/mod.rs"]
mod model;
mod planted;
pub mod volume_manifest;

/// A target's body.
pub type Target = fn(&[u8]);

/// All of them.
pub const TARGETS: [(&str, Target); 6] = [
    ("manifest", manifest::run),
    ("volume_manifest", volume_manifest::run),
    ("jsonl", jsonl::run),
    ("hive_segment", hive_segment::run),
    ("decompress", decompress::run),
    ("dataset_ops", dataset_ops::run),
];

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}
