use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_array::{ArrayRef, downcast_integer_array};
use arrow_buffer::ScalarBuffer;

use super::ColumnError;

/// The column without a dictionary.
pub(super) fn plain(column: &ArrayRef) -> Result<ArrayRef, ColumnError> {
    let Some(dictionary) = column.as_any_dictionary_opt() else {
        return Ok(column.clone());
    };
    arrow_select::take::take(dictionary.values(), dictionary.keys(), None).map_err(ColumnError::new)
}

/// Which value of its dictionary each row of a column has.
pub struct Keys(ScalarBuffer<u32>);

impl Keys {
    /// The keys and values of a column that has a dictionary.
    pub(super) fn of(column: &ArrayRef) -> Option<(Self, &ArrayRef)> {
        let dictionary = column.as_any_dictionary_opt()?;
        let keys = dictionary.keys();
        if let Some(keys) = keys.as_primitive_opt::<UInt32Type>() {
            return Some((Self(keys.values().clone()), dictionary.values()));
        }
        // Keys of null rows can be anything; no dictionary is as large as the last number.
        let keys = downcast_integer_array!(
            keys => keys.values().iter().map(|&key| of_number(key.into())).collect(),
            _ => return None
        );
        Some((Self(keys), dictionary.values()))
    }

    #[inline(always)]
    pub(super) fn at(&self, row: usize) -> Result<usize, ColumnError> {
        super::number::cell(&self.0, row).map(|key| key as usize)
    }
}

fn of_number(key: i128) -> u32 {
    u32::try_from(key).unwrap_or(u32::MAX)
}
