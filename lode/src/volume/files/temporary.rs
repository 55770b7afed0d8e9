//! A file that has its name only when it is complete.

#[cfg(test)]
mod tests;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use uuid::Uuid;

use super::failed;
use crate::error::Result;

/// A file under a temporary name beside the one that it is to have. Dropping it deletes it. Its
/// methods may block.
pub(super) struct Temporary {
    file: Mutex<File>,
    name: Name,
    target: PathBuf,
    overwrite: bool,
}

/// A name in a folder, which is removed when this is dropped.
struct Name(PathBuf);

impl Temporary {
    /// A hole of `len` bytes.
    pub(super) fn create(target: PathBuf, overwrite: bool, id: Uuid, len: u64) -> Result<Self> {
        if target.file_name().is_none() {
            let error = io::Error::new(io::ErrorKind::InvalidInput, "it names no file");
            return Err(failed("create", &target)(error));
        }
        check(&target, overwrite).map_err(failed("create", &target))?;
        // The error names what the user named: it is the folder that is at fault.
        let failed = |error| failed("create", &target)(error);
        let path = target.with_file_name(format!(".lode-export-{}", id.simple()));
        let file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(failed)?;
        let name = Name(path);
        file.set_len(len).map_err(failed)?;
        Ok(Self { file: Mutex::new(file), name, target, overwrite })
    }

    pub(super) fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let sought = file.seek(SeekFrom::Start(offset));
        sought.and_then(|_| file.write_all(bytes)).map_err(failed("write", &self.target))
    }

    /// Gives the file its name, once it is on disk.
    pub(super) fn publish(&self) -> Result<()> {
        let Self { file, name, target, overwrite } = self;
        let file = file.lock().unwrap_or_else(PoisonError::into_inner);
        file.sync_all().map_err(failed("sync", target))?;
        let named = if *overwrite { fs::rename(&name.0, target) } else { link(&name.0, target) };
        named.map_err(failed("create", target))?;
        sync_folder(target).map_err(failed("sync", target))
    }
}

/// Names a file that has another name, if none has this one.
fn link(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(exists()),
        // There are file systems without links.
        Err(_) => rename_new(from, to),
        Ok(()) => Ok(()),
    }
}

/// Renames a file, if none has the new name. An empty file takes that name first, so that no other can.
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).open(to) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(exists()),
        taken => drop(taken?),
    }
    fs::rename(from, to).inspect_err(|_| {
        // What it fails for, nothing can be done about.
        let _ = fs::remove_file(to);
    })
}

/// Refuses a name that is taken.
fn check(target: &Path, overwrite: bool) -> io::Result<()> {
    match fs::symlink_metadata(target) {
        Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(_) if !overwrite => Err(exists()),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn exists() -> io::Error {
    let text = "it exists already, and is replaced only with `.overwrite()`";
    io::Error::new(io::ErrorKind::AlreadyExists, text)
}

/// The name is on disk only when the folder is.
#[cfg(unix)]
fn sync_folder(target: &Path) -> io::Result<()> {
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

impl Drop for Name {
    fn drop(&mut self) {
        // It is gone already if it was renamed; what else fails, nothing can be done about.
        let _ = fs::remove_file(&self.0);
    }
}
