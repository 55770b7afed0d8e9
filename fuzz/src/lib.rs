//! What each fuzz target does with its bytes, on any compiler: `fuzz_targets/` hands them to
//! libFuzzer, `replay` reads them from files. A target panics when lode breaks a promise.

use arbitrary::{Arbitrary, Unstructured};

pub mod dataset_ops;
pub mod decode;
pub mod decompress;
pub mod gc_list;
pub mod hive_segment;
pub mod jsonl;
pub mod manifest;
#[path = "../../tests/model/mod.rs"]
mod model;
mod planted;
pub mod store_keys;
#[path = "../../tests/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests use all of it")]
mod support;
pub mod volume_manifest;
#[path = "../../tests/volume/model/mod.rs"]
mod volume_model;
pub mod volume_ops;

/// A target's body.
pub type Target = fn(&[u8]);

/// All of them.
pub const TARGETS: [(&str, Target); 12] = [
    ("manifest", manifest::run),
    ("volume_manifest", volume_manifest::run),
    ("gc_list", gc_list::run),
    ("store_keys", store_keys::run),
    ("jsonl", jsonl::run),
    ("hive_segment", hive_segment::run),
    ("decompress", decompress::run),
    ("parquet_decode", decode::parquet),
    ("bincode_decode", decode::bincode),
    ("postcard_decode", decode::postcard),
    ("dataset_ops", dataset_ops::run),
    ("volume_ops", volume_ops::run),
];

/// Steps until the bytes are used up, `most` at most. (`Vec` as `arbitrary` makes it ends after two on
/// average.)
fn steps<'a, T: Arbitrary<'a>>(bytes: &mut Unstructured<'a>, most: usize) -> Vec<T> {
    let next = || if bytes.is_empty() { None } else { T::arbitrary(bytes).ok() };
    std::iter::from_fn(next).take(most).collect()
}

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}
