//! Stores that tests read for ever: what Go Lode 0.9 wrote, and what this format's own versions did.

mod go;
mod go_continued;
mod go_volume;
mod own;
mod own_content;
mod own_volume;

use std::fs;
use std::path::{Path, PathBuf};

pub use go::events;
use lode::Store;

use crate::support::{Contents, contents};

/// A folder of golden data.
fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name)
}

/// What lies in a folder of golden data: the same objects as were `written` now. With `LODE_BLESS` set
/// these become the folder, if there is none.
async fn golden(name: &str, written: &Contents) -> Contents {
    let folder = folder(name);
    if std::env::var_os("LODE_BLESS").is_some() && !folder.exists() {
        for (key, bytes) in written {
            let path = folder.join(key);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }
    let store = Store::local(&folder).unwrap();
    let golden = contents(&**store.object_store()).await;
    let keys = |contents: &Contents| contents.keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(written), keys(&golden), "the same objects");
    golden
}

/// A copy of it, to be changed.
pub fn copy(name: &str) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_into(&folder(name), copy.path());
    copy
}

fn copy_into(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&target).unwrap();
            copy_into(&entry.path(), &target);
        } else {
            fs::write(&target, fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}
