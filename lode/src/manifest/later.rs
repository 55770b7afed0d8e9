//! What this version reads and does not write yet, made for tests.

use super::Attachment;

impl Attachment {
    pub(crate) fn new(
        name: String,
        path: String,
        size_bytes: u64,
        checksum: Option<String>,
    ) -> Self {
        Self { name, path, size_bytes, checksum }
    }
}
