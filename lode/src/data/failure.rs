//! Why the records of a file are not read on.

use crate::codec::DecodeError;
use crate::error::Error;

pub(super) enum Failure {
    Store(Error),
    /// The line, or the row, is counted from 1.
    Decode(DecodeError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl Failure {
    /// What is to be told of this and a failure of what follows in the file: damage, which this may come
    /// from.
    pub(super) fn or_damage(self, following: Option<impl Into<Self>>) -> Self {
        match following.map(Into::into) {
            Some(damage @ Self::Store(Error::Corrupt { .. })) => damage,
            _ => self,
        }
    }
}
