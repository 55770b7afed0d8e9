//! What a transaction has staged, and who is still at work.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::dataset::attempt::Stored;
use crate::manifest::{Attachment, FileRef};

/// The book of one transaction, which all its writers keep.
#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    has_ended: bool,
    /// How many calls have begun and are not over.
    calls: usize,
    files: Vec<FileRef>,
    /// By name; `None` while it is being stored.
    attachments: BTreeMap<String, Option<Attachment>>,
}

/// A transaction at its end.
#[derive(Debug)]
pub(super) struct Ended {
    /// Whether it had not ended before.
    pub(super) was_open: bool,
    /// How many calls were not over.
    pub(super) calls: usize,
    pub(super) stored: Stored,
}

/// A call of a writer: over when this is dropped, however that comes.
#[derive(Debug)]
pub(super) struct Call<'a> {
    ledger: &'a Ledger,
    /// The attachment that it is about.
    name: Option<String>,
}

/// Why a call does not begin.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Ended,
    /// There is an attachment of this name.
    NameTaken,
}

impl Ledger {
    /// Begins a call, unless the transaction has ended.
    pub(super) fn call(&self) -> Result<Call<'_>, Refused> {
        self.begin(None)
    }

    /// Begins a call that attaches something: its name is taken until the call fails.
    pub(super) fn attach(&self, name: &str) -> Result<Call<'_>, Refused> {
        self.begin(Some(name.to_owned()))
    }

    fn begin(&self, name: Option<String>) -> Result<Call<'_>, Refused> {
        let mut book = self.book();
        if book.has_ended {
            return Err(Refused::Ended);
        }
        if let Some(name) = &name {
            if book.attachments.contains_key(name) {
                return Err(Refused::NameTaken);
            }
            book.attachments.insert(name.clone(), None);
        }
        book.calls += 1;
        Ok(Call { ledger: self, name })
    }

    /// Ends the transaction, and gives what was staged. What comes after that is refused.
    pub(super) fn end(&self) -> Ended {
        let mut book = self.book();
        let was_open = !mem::replace(&mut book.has_ended, true);
        let attachments = mem::take(&mut book.attachments).into_values().flatten().collect();
        let stored = Stored { files: mem::take(&mut book.files), attachments };
        Ended { was_open, calls: book.calls, stored }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Call<'_> {
    /// These files are staged; false if the transaction has ended meanwhile.
    pub(super) fn staged(self, files: Vec<FileRef>) -> bool {
        let mut book = self.ledger.book();
        if book.has_ended {
            return false;
        }
        book.files.extend(files);
        true
    }

    /// This attachment is staged; false if the transaction has ended meanwhile.
    pub(super) fn attached(mut self, attachment: Attachment) -> bool {
        let mut book = self.ledger.book();
        let name = self.name.take();
        match name.and_then(|name| book.attachments.get_mut(&name)) {
            Some(place) => *place = Some(attachment),
            // They were taken when it ended.
            None => return false,
        }
        true
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let mut book = self.ledger.book();
        book.calls = book.calls.saturating_sub(1);
        if let Some(name) = &self.name {
            book.attachments.remove(name);
        }
    }
}
