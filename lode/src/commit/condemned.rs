//! The writer's half of gc: what a concurrent clean-up has condemned must not be committed.

use std::collections::{HashMap, HashSet};

use super::chain::{Chain, Link};
use super::history::History;
use crate::error::{Error, Result};
use crate::limits::setting;
use crate::manifest::{GcList, GcRef};

impl<C: Chain> History<C> {
    /// Makes sure that no gc condemned one of `objects`, each given with the last clean-up that was
    /// over when it was written. Follows the lists back from `parent`; one that is missing or
    /// unreadable is an error, since it could name anything.
    pub(super) async fn check_condemned(
        &self,
        objects: Vec<(Option<GcRef>, &str)>,
        parent: &C::Manifest,
    ) -> Result<()> {
        let mut open: HashMap<Option<GcRef>, Vec<&str>> = HashMap::new();
        for (end, path) in objects {
            open.entry(end).or_default().push(path);
        }
        let mut next = parent.last_gc();
        open.remove(&next);
        let mut ours: HashSet<&str> = open.values().flatten().copied().collect();
        let (mut condemned, mut seen) = (Vec::new(), HashSet::new());
        while !open.is_empty() {
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
            for path in open.remove(&next).into_iter().flatten() {
                ours.remove(path);
            }
        }
        match condemned.is_empty() {
            true => Ok(()),
            false => Err(Error::Condemned { owner: self.of.owner(), paths: condemned }),
        }
    }

    /// The list of a clean-up that was committed.
    pub(crate) async fn load_gc_list(&self, gc: GcRef) -> Result<GcList> {
        let key = self.of.gc_list(gc.write_id);
        match self.store.get_bytes(&key, self.max_manifest_bytes, Some(setting::MANIFEST)).await? {
            Some(body) => GcList::parse(&key, &body),
            None => {
                let reason = "is missing, but a later manifest refers to it".to_owned();
                Err(Error::ManifestInvalid { path: key, field: "$".to_owned(), reason })
            }
        }
    }

    fn broken_chain(&self, parent: &C::Manifest, reason: &str) -> Error {
        Error::ManifestInvalid {
            path: self.manifest_key(parent.id()),
            field: "last_gc".to_owned(),
            reason: reason.to_owned(),
        }
    }
}
