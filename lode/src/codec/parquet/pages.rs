//! Pages, whose claims are checked before and after they are decompressed.
//!
//! The crate `parquet` believes a page's header: it allocates what the page is to have when it is
//! decompressed, and for some encodings what the page says that it holds.

use std::io::{self, Cursor, Read};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{Page, PageIterator, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::page_index::offset_index::PageLocation;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;

use super::footer::FooterError;
use super::thrift::{Fields, Malformed, Shape, Thrift, kind};
use crate::limits::Limits;

/// Runs of a file's bytes, which are read by their places in the file.
#[derive(Debug, Clone)]
pub(crate) struct Pieces(Arc<[(u64, Bytes)]>);

impl Pieces {
    pub(super) fn one(begin: u64, bytes: Bytes) -> Self {
        Self([(begin, bytes)].into())
    }

    /// Runs of bytes, by the bytes they begin at.
    pub(crate) fn new(mut pieces: Vec<(u64, Bytes)>) -> Self {
        pieces.sort_by_key(|piece| piece.0);
        Self(pieces.into())
    }

    pub(crate) fn all(&self) -> &[(u64, Bytes)] {
        &self.0
    }

    /// The piece that holds this range, and where in it.
    fn find(&self, range: Range<u64>) -> Option<(&Bytes, Range<usize>)> {
        let before = self.0.partition_point(|piece| piece.0 <= range.start);
        // Pieces may overlap: the one that begins last need not be the one that reaches.
        self.0.get(..before)?.iter().rev().find_map(|(begin, bytes)| {
            let from = usize::try_from(range.start - begin).ok()?;
            let to = usize::try_from(range.end.checked_sub(*begin)?).ok()?;
            (from <= to && to <= bytes.len()).then_some((bytes, from..to))
        })
    }

    /// The bytes of this range.
    pub(crate) fn at(&self, range: Range<u64>) -> Option<&[u8]> {
        let (bytes, range) = self.find(range)?;
        bytes.get(range)
    }

    pub(crate) fn slice(&self, start: u64, len: u64) -> Option<Bytes> {
        let (bytes, range) = self.find(start..start.checked_add(len)?)?;
        Some(bytes.slice(range))
    }
}

impl Length for Pieces {
    fn len(&self) -> u64 {
        self.0.last().map_or(0, |(begin, bytes)| begin + bytes.len() as u64)
    }
}

impl ChunkReader for Pieces {
    type T = Cursor<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        // A header of a page, which is in one piece with its page.
        let (bytes, range) = self.find(start..start + 1).ok_or_else(|| outside(start))?;
        Ok(Cursor::new(bytes.slice(range.start..)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        self.slice(start, length as u64).ok_or_else(|| outside(start))
    }
}

fn outside(start: u64) -> ParquetError {
    ParquetError::General(format!("byte {start} was not read"))
}

/// Limits on what pages may claim.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageLimits {
    /// The most bytes of a record.
    pub(super) record: u64,
    /// The most bytes of all pages of the row group, and the field of `Limits` that sets it.
    pub(super) group: u64,
    pub(super) group_setting: &'static str,
}

impl PageLimits {
    /// Of `rows` rows.
    pub(super) fn new(limits: &Limits, rows: usize) -> Self {
        let record = limits.max_record_bytes.unwrap_or(u64::MAX);
        let records = record.saturating_mul(rows.max(1) as u64);
        let (group, group_setting) = match limits.max_decoded_bytes {
            Some(decoded) if decoded < records => (decoded, "max_decoded_bytes"),
            _ => (records, RECORD_SETTING),
        };
        Self { record, group, group_setting }
    }
}

/// What sets the limit of a record.
pub(super) const RECORD_SETTING: &str = "max_record_bytes";

/// How many bytes pages have when they are decompressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct PageBytes {
    pub(super) all: u64,
    /// Those of the dictionary among them.
    pub(super) dictionary: u64,
    /// Those of the largest page whose values are stored without what they begin with, as that before.
    pub(super) prefixed: u64,
}

impl PageBytes {
    fn add(&mut self, header: &Header, size: u64) {
        self.all = self.all.saturating_add(size);
        match header.kind {
            DICTIONARY => self.dictionary = size,
            _ if header.encoding == Encoding::DELTA_BYTE_ARRAY as i32 => {
                self.prefixed = self.prefixed.max(size);
            }
            _ => {}
        }
    }
}

/// Looks at the headers of all pages of a column.
///
/// # Errors
/// For pages that do not fill the column exactly, do not hold the values that the footer claims, or
/// would be larger than the limits.
pub(super) fn check_pages(
    chunk: &[u8],
    column: &ColumnChunkMetaData,
    limits: PageLimits,
) -> std::result::Result<PageBytes, FooterError> {
    let mut rest = chunk;
    let (mut values, mut bytes) = (0_u64, PageBytes::default());
    let mut first = true;
    while !rest.is_empty() {
        let (header, len) = Header::read(rest)
            .map_err(|Malformed| FooterError::new("the header of a page is malformed"))?;
        let body = rest.get(len..).unwrap_or_default();
        let stored = usize::try_from(header.compressed).ok().filter(|&len| len <= body.len());
        let (Some(stored), Ok(size)) = (stored, u64::try_from(header.uncompressed)) else {
            return Err(FooterError::new("a page has no place in its column"));
        };
        let (body, after) = body.split_at(stored);
        let size = decompressed(&header, size, body, column);
        let claimed = u64::try_from(header.values).unwrap_or(u64::MAX);
        match header.kind {
            DATA | DATA_V2 => values = values.saturating_add(claimed),
            // Each value takes a byte, or they are booleans, which need no dictionary.
            DICTIONARY if !first || claimed > size => {
                return Err(FooterError::new("a dictionary is out of place"));
            }
            DICTIONARY => {}
            _ => return Err(FooterError::new("there is a page of an unknown kind")),
        }
        bytes.add(&header, size);
        check_size(&header, size, bytes.all, limits)?;
        check_compressed(body, &header, size, column)?;
        first = false;
        rest = after;
    }
    match u64::try_from(column.num_values()) == Ok(values) {
        true => Ok(bytes),
        false => Err(FooterError::new("its pages do not hold the values that the footer claims")),
    }
}

/// As [`check_pages`], of those pages that are there.
pub(super) fn check_some(
    pieces: &Pieces,
    column: &ColumnChunkMetaData,
    places: &[PageLocation],
    rows: usize,
    limits: PageLimits,
) -> std::result::Result<PageBytes, FooterError> {
    let mut bytes = PageBytes::default();
    let mut check = |place: u64, len: u64, rows: Option<u64>| {
        // One that is not there is never decoded.
        let Some(page) = pieces.slice(place, len) else { return Ok(()) };
        let (header, front) = Header::read(&page)
            .map_err(|Malformed| FooterError::new("the header of a page is malformed"))?;
        let body = page.get(front..).unwrap_or_default();
        let (stored, size) =
            (usize::try_from(header.compressed), u64::try_from(header.uncompressed));
        let (Ok(stored), Ok(size)) = (stored, size) else {
            return Err(FooterError::new("a page has no place in its column"));
        };
        let size = decompressed(&header, size, body, column);
        let values = u64::try_from(header.values).unwrap_or(u64::MAX);
        let fits = match (header.kind, rows) {
            (DATA | DATA_V2, Some(rows)) => stored == body.len() && values >= rows,
            (DICTIONARY, None) => stored <= body.len() && values <= size,
            _ => false,
        };
        let flat = column.column_descr().max_rep_level() == 0;
        if !fits || (flat && rows.is_some_and(|rows| rows != values)) {
            return Err(FooterError::new("a page is not what the index says"));
        }
        bytes.add(&header, size);
        check_size(&header, size, bytes.all, limits)?;
        // What follows a dictionary up to the first page is decompressed with it.
        check_compressed(body, &header, size, column)
    };
    let (start, _) = column.byte_range();
    for (at, place) in places.iter().enumerate() {
        let number = |value: i64| u64::try_from(value).unwrap_or(u64::MAX);
        let offset = number(place.offset);
        if at == 0 && offset > start {
            check(start, offset - start, None)?;
        }
        let next = places.get(at + 1).map_or(rows as u64, |next| number(next.first_row_index));
        let rows = next.saturating_sub(number(place.first_row_index));
        check(offset, number(i64::from(place.compressed_page_size)), Some(rows))?;
    }
    Ok(bytes)
}

/// How many bytes a page has when it is decompressed. One that is not compressed has what is stored,
/// whatever it says.
fn decompressed(header: &Header, size: u64, body: &[u8], column: &ColumnChunkMetaData) -> u64 {
    match header.is_plain || column.compression() == Compression::UNCOMPRESSED {
        true => size.max(body.len() as u64),
        false => size,
    }
}

/// Whether a page has no more bytes than the records in it could take.
fn check_size(
    header: &Header,
    size: u64,
    all: u64,
    limits: PageLimits,
) -> std::result::Result<(), FooterError> {
    let values = u64::try_from(header.values).unwrap_or(0).max(1);
    let records = limits.record.saturating_mul(values);
    let (limit, setting) = match limits {
        PageLimits { group, group_setting, .. } if size.max(all) > group => (group, group_setting),
        _ if size > records => (records, RECORD_SETTING),
        _ => return Ok(()),
    };
    Err(FooterError::TooLarge { what: "a page of a column", limit, setting })
}

/// Most compressors stop at the size that the header says. gzip is decompressed to its end, and so
/// would be frames of LZ4, which few have ever written, and brotli, if some other crate asks for it.
fn check_compressed(
    body: &[u8],
    header: &Header,
    size: u64,
    column: &ColumnChunkMetaData,
) -> std::result::Result<(), FooterError> {
    match column.compression() {
        Compression::GZIP(_) => check_gzip(body, header, size),
        Compression::BROTLI(_) | Compression::LZO => {
            Err(FooterError::new(format!("it is compressed by {}", column.compression())))
        }
        Compression::LZ4 if !header.is_plain && starts_with_frame(body, header) => {
            Err(FooterError::new("a page is compressed as a frame of LZ4"))
        }
        _ => Ok(()),
    }
}

/// Whether what is compressed begins as a frame of LZ4 does.
fn starts_with_frame(body: &[u8], header: &Header) -> bool {
    let plain = usize::try_from(header.level_bytes).unwrap_or(0);
    body.get(plain..).is_some_and(|body| body.starts_with(&[0x04, 0x22, 0x4d, 0x18]))
}

fn check_gzip(body: &[u8], header: &Header, size: u64) -> std::result::Result<(), FooterError> {
    let plain = u64::try_from(header.level_bytes).unwrap_or(u64::MAX);
    if header.is_plain || size <= plain {
        return Ok(());
    }
    let body = usize::try_from(plain).ok().and_then(|plain| body.get(plain..));
    let decoder = flate2::read::MultiGzDecoder::new(body.unwrap_or_default());
    // A byte more than there may be tells that there are more.
    match io::copy(&mut decoder.take(size - plain + 1), &mut io::sink()) {
        Ok(len) if len == size - plain => Ok(()),
        _ => Err(FooterError::new("a page does not decompress to its size")),
    }
}

const DATA: i32 = 0;
const DICTIONARY: i32 = 2;
const DATA_V2: i32 = 3;

/// What the header of a page says.
#[derive(Debug, Default)]
struct Header {
    kind: i32,
    uncompressed: i32,
    compressed: i32,
    values: i32,
    encoding: i32,
    /// The bytes of a version 2 page that are never compressed.
    level_bytes: i32,
    /// Whether the rest of them is not compressed either.
    is_plain: bool,
}

/// What is read of the header of a kind of pages, except for the number of values and their encoding.
const DATA_FIELDS: Fields = &[(3, Shape::I32), (4, Shape::I32)];
const DICTIONARY_FIELDS: Fields = &[(3, Shape::Bool)];
const DATA_V2_FIELDS: Fields = &[(2, Shape::I32), (3, Shape::I32)];

impl Header {
    /// The header, and its length.
    fn read(bytes: &[u8]) -> std::result::Result<(Self, usize), Malformed> {
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
    fn read_kind(
        &mut self,
        thrift: &mut Thrift<'_>,
        id: i16,
    ) -> std::result::Result<(), Malformed> {
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

/// The pages of one column of a row group.
pub(super) struct Pages {
    inner: SerializedPageReader<Pieces>,
    /// The dictionary, if it was looked at and not yet given away.
    dictionary: Option<Page>,
    has_rep_levels: bool,
    has_def_levels: bool,
    /// Whether it knows where pages are, so that some may not be there.
    has_places: bool,
}

impl Pages {
    pub(super) fn new(
        pieces: Pieces,
        column: &ColumnChunkMetaData,
        rows: usize,
        places: Option<Vec<PageLocation>>,
    ) -> Result<Self> {
        let has_places = places.is_some();
        Ok(Self {
            inner: SerializedPageReader::new(Arc::new(pieces), column, rows, places)?,
            dictionary: None,
            has_rep_levels: column.column_descr().max_rep_level() > 0,
            has_def_levels: column.column_descr().max_def_level() > 0,
            has_places,
        })
    }

    /// The bytes of the longest text in the dictionary, which comes first. It is kept, not to be
    /// decompressed again.
    pub(super) fn longest_text(&mut self) -> Result<u64> {
        let first = self.inner.get_next_page()?;
        let Some(Page::DictionaryPage { buf, .. }) = &first else {
            return Err(ParquetError::General("a dictionary is out of place".to_owned()));
        };
        let longest = longest(buf);
        self.dictionary = first;
        Ok(longest)
    }

    /// No text that is stored without what it begins with has more bytes than this; `None` if that cannot
    /// be told.
    pub(super) fn longest_prefixed(mut self) -> Option<u64> {
        let mut longest = 0;
        loop {
            let page = match self.get_next_page() {
                Ok(Some(page)) => page,
                Ok(None) => return Some(longest),
                // It is not there, or is refused again when it is decoded.
                Err(_) if self.has_places => continue,
                Err(_) => return None,
            };
            if page.encoding() == Encoding::DELTA_BYTE_ARRAY {
                let (data, most) = (self.values(&page)?, u64::from(page.num_values()));
                let (prefix, end) = largest(data, most)?;
                let (suffix, _) = largest(data.get(end..)?, most)?;
                longest = longest.max(prefix + suffix);
            }
        }
    }

    /// Refuses what a decoder would allocate by.
    fn check(&self, page: Page) -> Result<Page> {
        let is_delta = matches!(
            page.encoding(),
            Encoding::DELTA_BINARY_PACKED
                | Encoding::DELTA_BYTE_ARRAY
                | Encoding::DELTA_LENGTH_BYTE_ARRAY
        );
        if is_delta && !self.are_levels_sound(&page) {
            return Err(ParquetError::General("a page has levels of another encoding".to_owned()));
        }
        if is_delta && !self.is_delta_sound(&page) {
            return Err(ParquetError::General("a page claims more values than it has".to_owned()));
        }
        Ok(page)
    }

    /// Whether the levels are where [`values`](Self::values) looks for them. Those of columns that have
    /// none may be called anything.
    fn are_levels_sound(&self, page: &Page) -> bool {
        match page {
            Page::DataPage { rep_level_encoding, def_level_encoding, .. } => {
                (!self.has_rep_levels || *rep_level_encoding == Encoding::RLE)
                    && (!self.has_def_levels || *def_level_encoding == Encoding::RLE)
            }
            _ => true,
        }
    }

    /// Whether the number of values in front of delta encoded data is at most that of the page.
    fn is_delta_sound(&self, page: &Page) -> bool {
        let Some(mut data) = self.values(page) else { return false };
        let most = u64::from(page.num_values());
        // Prefixes come before the lengths of suffixes, which are checked when they are decoded:
        // theirs is the same header.
        let mut sections = match page.encoding() {
            Encoding::DELTA_BYTE_ARRAY => 2,
            _ => 1,
        };
        while sections > 0 {
            let Some(end) = check_delta(data, most) else { return false };
            data = data.get(end..).unwrap_or_default();
            sections -= 1;
        }
        true
    }

    /// The values of a data page, behind its levels.
    fn values<'a>(&self, page: &'a Page) -> Option<&'a [u8]> {
        match page {
            Page::DataPage { buf, .. } => {
                let mut rest: &[u8] = buf;
                for _ in 0..usize::from(self.has_rep_levels) + usize::from(self.has_def_levels) {
                    let len = u32::from_le_bytes(*rest.first_chunk::<4>()?);
                    rest = rest.get(4..)?.get(usize::try_from(len).ok()?..)?;
                }
                Some(rest)
            }
            Page::DataPageV2 { buf, def_levels_byte_len, rep_levels_byte_len, .. } => buf
                .get((*def_levels_byte_len as usize).checked_add(*rep_levels_byte_len as usize)?..),
            Page::DictionaryPage { .. } => Some(&[]),
        }
    }
}

/// The longest of texts that come one after the other, each behind its length.
fn longest(mut texts: &[u8]) -> u64 {
    let mut longest = 0;
    while let Some((len, rest)) = texts.split_first_chunk::<4>() {
        let len = u32::from_le_bytes(*len);
        longest = longest.max(len);
        // One that is cut off is none, and refused when it is decoded.
        texts = rest.get(len as usize..).unwrap_or_default();
    }
    longest.into()
}

/// Delta packed integers.
enum Run<'a> {
    First(i64),
    /// So many more: each is as much more than that before as `least` and its `bits` say.
    Next {
        least: i64,
        width: u8,
        bits: &'a [u8],
        len: u64,
    },
}

/// Where delta packed integers end, if they are at most so many.
fn check_delta(data: &[u8], most: u64) -> Option<usize> {
    walk_delta(data, most, |_| Some(()))
}

/// The largest of delta packed lengths, and where they end.
fn largest(data: &[u8], most: u64) -> Option<(u64, usize)> {
    let (mut value, mut largest) = (0_i64, 0_u64);
    let end = walk_delta(data, most, |run| {
        let mut add = |more: Option<i64>| {
            value = value.checked_add(more?).filter(|value| i32::try_from(*value).is_ok())?;
            largest = largest.max(u64::try_from(value).ok()?);
            Some(())
        };
        match run {
            Run::First(first) => add(Some(first)),
            // Equal steps lead to the last of them.
            Run::Next { least, width: 0, len, .. } => {
                add(i64::try_from(len).ok().and_then(|len| least.checked_mul(len)))
            }
            Run::Next { least, width, bits, len } => {
                unpack(bits, width, len, |more| add(least.checked_add(more)))
            }
        }
    })?;
    Some((largest, end))
}

/// Gives each of `len` integers of some bits to `take`, as far as there are bits.
fn unpack(bits: &[u8], width: u8, len: u64, mut take: impl FnMut(i64) -> Option<()>) -> Option<()> {
    if width > 32 {
        return None;
    }
    let (mut held, mut count) = (0_u64, 0);
    let mut bytes = bits.iter();
    for _ in 0..len {
        while count < width {
            let Some(&byte) = bytes.next() else { return Some(()) };
            held |= u64::from(byte) << count;
            count += 8;
        }
        take((held & ((1 << width) - 1)) as i64)?;
        held >>= width;
        count -= width;
    }
    Some(())
}

/// Walks delta packed integers; where they end, if they are at most so many.
fn walk_delta<'a>(
    data: &'a [u8],
    most: u64,
    mut visit: impl FnMut(Run<'a>) -> Option<()>,
) -> Option<usize> {
    let mut thrift = Thrift::new(data);
    let block = thrift.unsigned().ok()?;
    let minis = thrift.unsigned().ok()?;
    let values = thrift.unsigned().ok()?;
    let first = thrift.integer().ok()?;
    let sound = values <= most
        && (1..=1 << 16).contains(&block)
        && (1..=512).contains(&minis)
        && block % minis == 0
        && (block / minis) % 32 == 0;
    if !sound {
        return None;
    }
    if values > 0 {
        visit(Run::First(first))?;
    }
    let mut at = thrift.read;
    let mut left = values.saturating_sub(1);
    while left > 0 {
        let mut thrift = Thrift::new(data.get(at..)?);
        let least = thrift.integer().ok()?;
        at += thrift.read;
        let widths = data.get(at..)?.get(..usize::try_from(minis).ok()?)?;
        at += widths.len();
        for &width in widths {
            if left == 0 {
                break;
            }
            if width > 64 {
                return None;
            }
            let bits = u64::from(width) * (block / minis);
            // The last one may be cut short.
            let end = at.saturating_add(usize::try_from(bits / 8).ok()?).min(data.len());
            let len = left.min(block / minis);
            visit(Run::Next { least, width, bits: data.get(at..end)?, len })?;
            at = end;
            left -= len;
        }
    }
    Some(at)
}

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = match self.dictionary.take() {
            Some(dictionary) => Some(dictionary),
            None => self.inner.get_next_page()?,
        };
        page.map(|page| self.check(page)).transpose()
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        match self.dictionary {
            Some(_) => Ok(Some(PageMetadata { num_rows: None, num_levels: None, is_dict: true })),
            None => self.inner.peek_next_page(),
        }
    }

    fn skip_next_page(&mut self) -> Result<()> {
        match self.dictionary.take() {
            Some(_) => Ok(()),
            None => self.inner.skip_next_page(),
        }
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.inner.at_record_boundary()
    }
}

/// The pages of one column, in the one row group there is.
pub(super) struct OneGroup(pub(super) Option<Result<Box<dyn PageReader>>>);

impl Iterator for OneGroup {
    type Item = Result<Box<dyn PageReader>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.take()
    }
}

impl PageIterator for OneGroup {}
