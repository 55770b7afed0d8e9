//! The writer's half of gc: what a concurrent clean-up has condemned must not be committed.

use std::collections::HashSet;

use super::history::History;
use crate::error::{Error, Result};
use crate::manifest::{GcList, GcRef, Manifest};

impl History {
    /// Makes sure that no gc between `base` and `parent` condemned one of `paths`. Follows the
    /// lists from `parent` back to `base`; a list that is missing or unreadable is an error, since
    /// it could name anything.
    pub(super) async fn check_condemned<'a>(
        &self,
        base: Option<&Manifest>,
        parent: &Manifest,
        paths: impl Iterator<Item = &'a str>,
    ) -> Result<()> {
        let end = base.and_then(|base| base.last_gc);
        let ours: HashSet<&str> = paths.collect();
        let mut condemned = Vec::new();
        let mut seen = HashSet::new();
        let mut next = parent.last_gc;
        while next != end {
            let Some(gc) = next else {
                return Err(self.broken_chain(parent, "does not lead back to the base's"));
            };
            if !seen.insert(gc) {
                return Err(self.broken_chain(parent, "leads in a circle"));
            }
            let list = self.load_gc_list(gc).await?;
            condemned
                .extend(list.condemned.into_iter().filter(|path| ours.contains(path.as_str())));
            next = list.previous;
        }
        match condemned.is_empty() {
            true => Ok(()),
            false => Err(Error::Condemned { paths: condemned }),
        }
    }

    async fn load_gc_list(&self, gc: GcRef) -> Result<GcList> {
        let key = self.paths.gc_list(&self.dataset, gc.write_id);
        match self.store.get_bytes(&key, self.max_manifest_bytes).await? {
            Some(body) => GcList::parse(&key, &body),
            None => {
                let reason = "is missing, but a later manifest refers to it".to_owned();
                Err(Error::ManifestInvalid { path: key, field: "$".to_owned(), reason })
            }
        }
    }

    fn broken_chain(&self, parent: &Manifest, reason: &str) -> Error {
        Error::ManifestInvalid {
            path: self.manifest_key(parent.snapshot_id),
            field: "last_gc".to_owned(),
            reason: reason.to_owned(),
        }
    }
}
