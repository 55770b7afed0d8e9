//! Blocks that somebody else has staged.

use futures::FutureExt;
use futures::future::BoxFuture;

use super::Volume;
use super::block::StagedBlock;
use super::context::Context;
use super::stage::staged;
use super::state::{Open, Staged};
use crate::checksum::Checksum;
use crate::data::{self, FileToRead};
use crate::error::{Error, Result};
use crate::progress::Meter;

impl<S: Open> Volume<S> {
    /// Takes over a block that a [`Stager`](crate::Stager) staged, here or in another process: the
    /// handle that it gives can commit it. The block's object must be there, in its size.
    ///
    /// # Errors
    /// [`Error::ForeignBlock`] if it is another volume's; [`Error::OutOfBounds`]; [`Error::Overlap`]
    /// if the range is taken; [`Error::Corrupt`] if its object is missing or of another size;
    /// [`Error::Storage`]. Nothing is taken over then.
    pub fn accept(&self, block: StagedBlock) -> BoxFuture<'static, Result<Volume<Staged>>> {
        self.begin_accepting(block, false)
    }

    /// As [`accept`](Self::accept), after reading the object and comparing its checksum.
    ///
    /// # Errors
    /// As for [`accept`](Self::accept); [`Error::Corrupt`] also for other bytes than were staged.
    pub fn accept_verified(
        &self,
        block: StagedBlock,
    ) -> BoxFuture<'static, Result<Volume<Staged>>> {
        self.begin_accepting(block, true)
    }

    fn begin_accepting(
        &self,
        block: StagedBlock,
        with_content: bool,
    ) -> BoxFuture<'static, Result<Volume<Staged>>> {
        let staging = self.begin();
        async move {
            verify(&staging.context, &block, with_content).await?;
            staging.adopt(block)?;
            Ok(staged(staging))
        }
        .boxed()
    }
}

impl Volume<Staged> {
    /// Takes over a block that a [`Stager`](crate::Stager) staged, here or in another process. One
    /// that this handle has already changes nothing.
    ///
    /// # Errors
    /// As for accepting the first block. What this handle has stays as it is.
    pub async fn accept(&self, block: StagedBlock) -> Result<()> {
        verify(self.staging_context(), &block, false).await?;
        self.staging().adopt(block)
    }

    /// As [`accept`](Self::accept), after reading the object and comparing its checksum.
    ///
    /// # Errors
    /// As for accepting the first block.
    pub async fn accept_verified(&self, block: StagedBlock) -> Result<()> {
        verify(self.staging_context(), &block, true).await?;
        self.staging().adopt(block)
    }

    fn staging_context(&self) -> &Context {
        &self.staging().context
    }
}

/// Makes sure that the block's object is what its name says.
pub(super) async fn verify(
    context: &Context,
    block: &StagedBlock,
    with_content: bool,
) -> Result<()> {
    check_volume(context, block)?;
    let (store, key) = (&context.history.store, block.path());
    let Some(meta) = store.head(&key).await? else {
        return Err(Error::corrupt(key, "it is missing"));
    };
    check_size(block, meta.size)?;
    if !with_content {
        return Ok(());
    }
    let checksum = Some((Checksum::Xxh3_128, block.name.checksum()));
    let file = FileToRead::block(key.clone(), block.name.length, checksum, Meter::default());
    match data::examine(store, file, None).await {
        Err(error) if error.is_not_found() => Err(Error::corrupt(key, "it is missing")),
        Err(Error::Corrupt { .. }) => {
            Err(Error::corrupt(key, "its bytes are not those that were staged"))
        }
        examined => examined,
    }
}

pub(super) fn check_volume(context: &Context, block: &StagedBlock) -> Result<()> {
    let volume = &context.history.of.volume;
    match block.volume == *volume {
        true => Ok(()),
        false => {
            let (volume, found) = (volume.clone(), block.volume.clone());
            Err(Error::ForeignBlock { volume, found })
        }
    }
}

pub(super) fn check_size(block: &StagedBlock, found: u64) -> Result<()> {
    match found == block.name.length {
        true => Ok(()),
        false => {
            let reason = format!("it has {found} bytes, and {} were staged", block.name.length);
            Err(Error::corrupt(block.path(), reason))
        }
    }
}
