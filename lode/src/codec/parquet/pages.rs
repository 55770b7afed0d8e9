//! Pages, whose claims are checked before and after they are decompressed.
//!
//! The crate `parquet` believes a page's header: it allocates what the page is to have when it is
//! decompressed, and for some encodings what the page says that it holds.

use std::io::{self, Read};
use std::sync::Arc;

use parquet::basic::{Compression, Encoding};
use parquet::column::page::{Page, PageIterator, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::page_index::offset_index::PageLocation;
use parquet::file::serialized_reader::SerializedPageReader;

use super::delta;
use super::footer::FooterError;
use super::header::{DATA, DATA_V2, DICTIONARY, Header};
use super::pieces::Pieces;
use super::thrift::Malformed;
use crate::limits::{Limits, setting};

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
            Some(decoded) if decoded < records => (decoded, setting::DECODED),
            _ => (records, setting::RECORD),
        };
        Self { record, group, group_setting }
    }
}

/// How many bytes pages have when they are decompressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct PageBytes {
    pub(super) all: u64,
    /// Those of the dictionary among them.
    pub(super) dictionary: u64,
    /// Those of the largest page whose texts lack what they begin with as the text before them does
    /// (`DELTA_BYTE_ARRAY`).
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
        _ if size > records => (records, setting::RECORD),
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

    /// No text of those pages whose texts lack their beginnings has more bytes than this; `None` if that
    /// cannot be told.
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
                let (prefix, end) = delta::largest(data, most)?;
                let (suffix, _) = delta::largest(data.get(end..)?, most)?;
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
            let Some(end) = delta::check(data, most) else { return false };
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
