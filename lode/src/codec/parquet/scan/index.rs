//! The index of pages: where each one is, and what it holds.

use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::page_index::offset_index::PageLocation;

use super::super::thrift::{Malformed, Thrift, kind};

/// What the index says of a page.
pub(super) struct PageStats<'a> {
    pub(super) is_null: bool,
    pub(super) min: &'a [u8],
    pub(super) max: &'a [u8],
    pub(super) nulls: Option<u64>,
}

/// The places of a column's pages; `None` if they cannot be right.
pub(super) fn places(
    bytes: &[u8],
    column: &ColumnChunkMetaData,
    rows: usize,
) -> Option<Vec<PageLocation>> {
    let mut places = Vec::new();
    let (start, len) = column.byte_range();
    let end = start.checked_add(len)?;
    let is_inside = |place: &PageLocation| {
        let (offset, size) =
            (u64::try_from(place.offset), u64::try_from(place.compressed_page_size));
        let (Ok(offset), Ok(size)) = (offset, size) else { return false };
        start <= offset && offset.checked_add(size).is_some_and(|stop| stop <= end)
    };
    let read = Thrift::new(bytes).fields(|thrift, id, kind| {
        if (id, kind) != (1, kind::LIST) {
            return Ok(false);
        }
        let (_, len) = thrift.list()?;
        for _ in 0..len {
            let place = Some(place(thrift)?).filter(is_inside).ok_or(Malformed)?;
            places.push(place);
        }
        Ok(true)
    });
    read.ok()?;
    let follows = |one: &PageLocation, next: &PageLocation| {
        one.offset + i64::from(one.compressed_page_size) <= next.offset
            && one.first_row_index < next.first_row_index
    };
    let is_sound = places.first().is_some_and(|first| first.first_row_index == 0)
        && places.is_sorted_by(follows)
        && places.last().is_some_and(|last| last.first_row_index < rows as i64);
    is_sound.then_some(places)
}

fn place(thrift: &mut Thrift<'_>) -> Result<PageLocation, Malformed> {
    let (mut offset, mut size, mut row) = (-1, -1, -1);
    thrift.fields(|thrift, id, kind| {
        match (id, kind) {
            (1, kind::I64) => offset = thrift.integer()?,
            (2, kind::I32) => size = thrift.integer()?,
            (3, kind::I64) => row = thrift.integer()?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let compressed_page_size = i32::try_from(size).map_err(|_| Malformed)?;
    Ok(PageLocation { offset, compressed_page_size, first_row_index: row })
}

/// What the pages of a column hold; `None` if the index is not of so many pages.
pub(super) fn stats(bytes: &[u8], pages: usize) -> Option<Vec<PageStats<'_>>> {
    let (mut null, mut min, mut max, mut nulls) = (vec![], vec![], vec![], None);
    let read = Thrift::new(bytes).fields(|thrift, id, kind| {
        if kind != kind::LIST || !matches!(id, 1 | 2 | 3 | 5) {
            return Ok(false);
        }
        let (element, len) = thrift.list()?;
        let expected = match id {
            1 => matches!(element, kind::TRUE | kind::FALSE),
            5 => element == kind::I64,
            _ => element == kind::BINARY,
        };
        if !expected || len != pages {
            return Err(Malformed);
        }
        for _ in 0..len {
            match id {
                1 => null.push(thrift.flag()?),
                2 => min.push(thrift.binary()?),
                3 => max.push(thrift.binary()?),
                _ => nulls.get_or_insert_with(Vec::new).push(u64::try_from(thrift.integer()?)),
            }
        }
        Ok(true)
    });
    read.ok()?;
    if [null.len(), min.len(), max.len()] != [pages; 3] {
        return None;
    }
    let of_page = |at: usize| PageStats {
        is_null: null[at],
        min: min[at],
        max: max[at],
        nulls: nulls.as_ref().and_then(|nulls: &Vec<_>| nulls.get(at)?.ok()),
    };
    Some((0..pages).map(of_page).collect())
}
