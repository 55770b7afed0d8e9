//! The header of a page, read as the crate `parquet` reads it.

use super::thrift::{Fields, Malformed, Result, Shape, Thrift, kind};

pub(super) const DATA: i32 = 0;
pub(super) const DICTIONARY: i32 = 2;
pub(super) const DATA_V2: i32 = 3;

/// What the header of a page says.
#[derive(Debug, Default)]
pub(super) struct Header {
    pub(super) kind: i32,
    pub(super) uncompressed: i32,
    pub(super) compressed: i32,
    pub(super) values: i32,
    pub(super) encoding: i32,
    /// The bytes of a version 2 page that are never compressed.
    pub(super) level_bytes: i32,
    /// Whether the rest of them is not compressed either.
    pub(super) is_plain: bool,
}

/// What is read of the header of a kind of pages, except for the number of values and their encoding.
const DATA_FIELDS: Fields = &[(3, Shape::I32), (4, Shape::I32)];
const DICTIONARY_FIELDS: Fields = &[(3, Shape::Bool)];
const DATA_V2_FIELDS: Fields = &[(2, Shape::I32), (3, Shape::I32)];

impl Header {
    /// The header, and its length.
    pub(super) fn read(bytes: &[u8]) -> Result<(Self, usize)> {
        let mut header = Self { kind: -1, ..Self::default() };
        let mut has_kind = false;
        let mut thrift = Thrift::new(bytes);
        thrift.fields(|thrift, id, kind| {
            match (id, kind) {
                (1, kind::I32) => header.kind = thrift.i32()?,
                (2, kind::I32) => header.uncompressed = thrift.i32()?,
                (3, kind::I32) => header.compressed = thrift.i32()?,
                (4, kind::I32) => drop(thrift.i32()?),
                (5..=8, kind::STRUCT) => {
                    has_kind = true;
                    header.read_kind(thrift, id)?;
                }
                (1..=8, _) => return Err(Malformed),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        // Whoever knows the kind looks for its own header.
        match has_kind || !matches!(header.kind, DATA | DICTIONARY | DATA_V2) {
            true => Ok((header, thrift.read)),
            false => Err(Malformed),
        }
    }

    /// The part that pages of this kind have; there is no other beside it.
    fn read_kind(&mut self, thrift: &mut Thrift<'_>, id: i16) -> Result<()> {
        let (fields, encoding) = match (self.kind, id) {
            (DATA, 5) => (DATA_FIELDS, 2),
            (DICTIONARY, 7) => (DICTIONARY_FIELDS, 2),
            (DATA_V2, 8) => (DATA_V2_FIELDS, 4),
            (DATA | DICTIONARY | DATA_V2, _) => return Err(Malformed),
            // It is refused, whatever it holds.
            _ => return thrift.fields(|_, _, _| Ok(false)),
        };
        thrift.fields(|thrift, id, kind| {
            match (id, kind) {
                (1, kind::I32) => self.values = thrift.i32()?,
                (id, kind::I32) if id == encoding => self.encoding = thrift.i32()?,
                (5 | 6, kind::I32) if self.kind == DATA_V2 => {
                    let more = thrift.i32()?;
                    self.level_bytes = self.level_bytes.checked_add(more).ok_or(Malformed)?;
                    return if more < 0 { Err(Malformed) } else { Ok(true) };
                }
                (7, kind::TRUE | kind::FALSE) if self.kind == DATA_V2 => {
                    self.is_plain = kind == kind::FALSE;
                }
                (1, _) => return Err(Malformed),
                (id, _) if id == encoding => return Err(Malformed),
                (5..=7, _) if self.kind == DATA_V2 => return Err(Malformed),
                _ => return thrift.known(fields, id, kind),
            }
            Ok(true)
        })
    }
}
