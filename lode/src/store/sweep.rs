//! Temporary files that local writes leave behind when they are killed.

use chrono::{DateTime, Utc};

use super::Store;
use crate::error::Result;

impl Store {
    /// Deletes the temporary files below `folder` (which ends in a slash) that were last written before
    /// `cutoff`, or only counts them. `object_store` writes to `name#1`, and gives the file its name when
    /// it is whole; it lists no such file. In other stores there are none.
    ///
    /// Those of manifests stay: two writers put different manifests at one name, and `object_store` would
    /// give the next one the name of the file that was deleted, so that the first put, if it is still at
    /// work, would end by giving the other's its name.
    pub(crate) async fn sweep(
        &self,
        folder: &str,
        cutoff: DateTime<Utc>,
        dry_run: bool,
    ) -> Result<u64> {
        #[cfg(feature = "local")]
        if let Some(folder) = self.file(folder.trim_end_matches('/'))? {
            let swept = tokio::task::spawn_blocking(move || files::sweep(folder, cutoff, dry_run));
            return Ok(swept.await?);
        }
        let _ = (folder, cutoff, dry_run);
        Ok(0)
    }
}

#[cfg(feature = "local")]
mod files {
    use std::path::{Path, PathBuf};

    use chrono::{DateTime, Utc};

    /// Goes through real folders only: links are not followed. What cannot be read or deleted stays.
    pub(super) fn sweep(folder: PathBuf, cutoff: DateTime<Utc>, dry_run: bool) -> u64 {
        let (mut swept, mut folders) = (0, vec![folder]);
        while let Some(folder) = folders.pop() {
            let Ok(entries) = std::fs::read_dir(&folder) else { continue };
            for entry in entries.filter_map(Result::ok) {
                let Ok(kind) = entry.file_type() else { continue };
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_file() && is_temporary(&entry.path()) && is_old(&entry, cutoff) {
                    let is_gone = dry_run || std::fs::remove_file(entry.path()).is_ok();
                    swept += u64::from(is_gone);
                }
            }
        }
        swept
    }

    /// `<name>#<digits>`, which no object of a local store can be called; not of a manifest.
    fn is_temporary(file: &Path) -> bool {
        let name = file.file_name().and_then(|name| name.to_str());
        name.and_then(|name| name.rsplit_once('#')).is_some_and(|(name, number)| {
            !["", "manifest.json"].contains(&name)
                && !number.is_empty()
                && number.bytes().all(|b| b.is_ascii_digit())
        })
    }

    fn is_old(entry: &std::fs::DirEntry, cutoff: DateTime<Utc>) -> bool {
        let modified = entry.metadata().and_then(|meta| meta.modified());
        modified.is_ok_and(|time| DateTime::<Utc>::from(time) < cutoff)
    }
}
