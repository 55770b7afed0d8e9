//! Which rows of a file can pass, where the bytes of them are, and which rows do.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use arrow_array::{BooleanArray, RecordBatch};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder};
use arrow_select::filter::filter_record_batch;
use parquet::file::page_index::offset_index::PageLocation;

use super::super::decode::{Batches, Group};
use super::super::footer::{Footer, FooterError, Projection};
use super::super::pieces::Pieces;
use super::bloom::{Blooms, MAX_ALL_BYTES};
use super::bounds::{bounded_leaf, group_bounds, page_bounds};
use super::filter::{Filter, FilterColumn};
use super::index::{PageStats, places, stats};
use crate::error::BoxError;
use crate::limits::Limits;
use crate::predicate::{Bounds, ColumnPath, Literal};

/// A row that passes is decoded with those of its stripe: runs of rows are cheaper than single
/// ones.
const STRIPE: usize = 1024;

/// Rows are left out by so many: of shorter runs the crate `parquet` decodes all and drops what is not
/// wanted, for which the pages would have to be there.
const RUN: usize = 64;

/// The most bytes in which all indexes of a file are looked for.
const MAX_INDEXES: u64 = 256 << 20;

/// A file, and what is wanted of it.
pub(crate) struct Survey {
    footer: Arc<Footer>,
    filter: Option<Filter>,
    /// What is to be returned.
    columns: Projection,
    /// What the predicate is about.
    asked: Option<Projection>,
    /// The indexes, as far as they were read.
    indexes: Pieces,
    /// The Bloom filters, as far as they were read.
    blooms: Blooms,
    limits: Limits,
}

/// Some rows of a row group that can pass.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) group: usize,
    pub(crate) rows: Vec<Range<usize>>,
    /// Whether all of them pass.
    pub(crate) all: bool,
}

impl Step {
    /// How many rows are known to pass.
    pub(crate) fn passing(&self) -> u64 {
        let rows = self.rows.iter().map(|rows| rows.len() as u64);
        if self.all { rows.sum() } else { 0 }
    }
}

/// The rows of a row group that pass.
#[derive(Debug)]
pub(crate) struct Selected {
    group: usize,
    /// The rows to decode, …
    rows: Vec<Range<usize>>,
    /// … and for each of them whether it passes; `None` if all do.
    passing: Option<BooleanBuffer>,
}

impl Selected {
    /// How many pass.
    pub(crate) fn count(&self) -> u64 {
        match &self.passing {
            Some(passing) => passing.count_set_bits() as u64,
            None => self.rows.iter().map(|rows| rows.len() as u64).sum(),
        }
    }
}

/// The places of the pages of some columns.
type Pages = HashMap<usize, Vec<PageLocation>>;

/// Which columns bytes are asked for of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Predicate,
    Output,
}

impl Survey {
    pub(crate) fn new(
        footer: Arc<Footer>,
        filter: Option<Filter>,
        columns: Projection,
        limits: &Limits,
    ) -> Result<Self, FooterError> {
        let leaves = columns.leaves.len();
        let asked = filter.as_ref().map(|filter| footer.projection(filter.leaves(leaves)));
        Ok(Self {
            asked: asked.transpose()?,
            footer,
            filter,
            columns,
            indexes: Pieces::new(Vec::new()),
            blooms: Blooms::default(),
            limits: limits.clone(),
        })
    }

    /// Where the indexes of the columns are; to be given to [`with_indexes`](Self::with_indexes). None
    /// if they take too much, as it may be if columns share one.
    pub(crate) fn indexes(&self) -> Option<Range<u64>> {
        let is_wanted = |leaf: usize| {
            let has = |of: &Projection| of.leaves.get(leaf).copied().unwrap_or(false);
            has(&self.columns) || self.asked.as_ref().is_some_and(has)
        };
        let mut all: Option<Range<u64>> = None;
        let mut sum = 0_u64;
        for group in self.footer.metadata.row_groups() {
            let columns = group.columns().iter().enumerate();
            for (_, column) in columns.filter(|(leaf, _)| is_wanted(*leaf)) {
                let ranges = [column.offset_index_range(), column.column_index_range()];
                for range in ranges.into_iter().filter_map(|range| self.index(range)) {
                    sum = sum.saturating_add(range.end - range.start);
                    all = Some(match all {
                        None => range,
                        Some(all) => all.start.min(range.start)..all.end.max(range.end),
                    });
                }
            }
        }
        all.filter(|all| (sum..=MAX_INDEXES).contains(&(all.end - all.start)))
    }

    /// The place of an index, if there can be one.
    fn index(&self, range: Option<Range<u64>>) -> Option<Range<u64>> {
        range.filter(|range| range.start < range.end && range.end <= self.footer.begin())
    }

    pub(crate) fn with_indexes(mut self, indexes: Pieces) -> Self {
        self.indexes = indexes;
        self
    }

    /// Where the Bloom filters are that can rule out one of these steps, and have fewer bytes than
    /// testing its rows takes; to be given to [`with_blooms`](Self::with_blooms).
    pub(crate) fn blooms(&self, steps: &[Step]) -> Vec<Range<u64>> {
        let len = |ranges: &[Range<u64>]| ranges.iter().map(|it| it.end - it.start).sum::<u64>();
        let of_step = |step: &Step| {
            let places = |column| Blooms::place(&self.footer, step.group, column);
            let places: Vec<_> = self.equated().filter_map(places).collect();
            Some(places).filter(|places| len(places) < len(&self.bytes_to_test(step)))
        };
        let undecided = steps.iter().filter(|step| !step.all);
        let mut left = MAX_ALL_BYTES;
        let is_within = |place: &Range<u64>| {
            let rest = left.checked_sub(place.end - place.start);
            left = rest.unwrap_or(0);
            rest.is_some()
        };
        undecided.filter_map(of_step).flatten().take_while(is_within).collect()
    }

    pub(crate) fn with_blooms(mut self, steps: &[Step], pieces: &Pieces) -> Self {
        let mut blooms = Blooms::default();
        for step in steps.iter().filter(|step| !step.all) {
            for column in self.equated() {
                blooms.add(&self.footer, step.group, column, pieces);
            }
        }
        self.blooms = blooms;
        self
    }

    /// How many Bloom filters are held.
    #[cfg(test)]
    pub(in super::super) fn held_blooms(&self) -> usize {
        self.blooms.len()
    }

    /// The columns of the predicate whose values are asked to be equal to one.
    fn equated(&self) -> impl Iterator<Item = &FilterColumn> {
        let mut equated = Vec::new();
        if let Some(filter) = &self.filter {
            filter.expr.equated(&mut |column| equated.push(&column.path));
        }
        let columns = self.filter.iter().flat_map(|filter| &filter.columns);
        columns.filter(move |column| equated.contains(&&column.column.path))
    }

    /// What is to be read, row group by row group.
    pub(crate) fn steps(&self) -> Vec<Step> {
        (0..self.footer.groups()).filter_map(|group| self.step(group)).collect()
    }

    fn step(&self, group: usize) -> Option<Step> {
        let rows = self.footer.rows_of(group);
        if rows == 0 {
            return None;
        }
        let whole = |all| Some(Step { group, rows: std::iter::once(0..rows).collect(), all });
        let Some(filter) = &self.filter else { return whole(true) };
        let known: Vec<Bounds> =
            filter.columns.iter().map(|column| group_bounds(&self.footer, group, column)).collect();
        let at = |column: &ColumnPath| {
            filter.columns.iter().position(|found| found.column.path == column.path)
        };
        let bounds = |column: &ColumnPath| {
            at(column).and_then(|at| known.get(at).cloned()).unwrap_or(Bounds::UNKNOWN)
        };
        let can_have = |column: &ColumnPath, literal: &Literal| {
            let column = at(column).and_then(|at| filter.columns.get(at));
            column.is_none_or(|it| self.blooms.can_have(&self.footer, group, it, literal))
        };
        let outcomes = filter.expr.outcomes_of(&bounds, &can_have);
        if outcomes.never() {
            return None;
        }
        if outcomes.always() {
            return whole(true);
        }
        let wanted = self.rows_of_pages(filter, group, &known);
        (!wanted.is_empty()).then_some(Step { group, rows: wanted, all: false })
    }

    /// The rows of those pages that the predicate does not rule out.
    fn rows_of_pages(&self, filter: &Filter, group: usize, known: &[Bounds]) -> Vec<Range<usize>> {
        let rows = self.footer.rows_of(group);
        let paged: Vec<Option<(Vec<PageLocation>, Vec<PageStats<'_>>)>> = filter
            .columns
            .iter()
            .map(|column| {
                let leaf = bounded_leaf(&self.footer, column.found.as_ref()?)?;
                let places = self.places(group, leaf)?;
                let stats = stats(self.column_index(group, leaf)?, places.len())?;
                Some((places, stats))
            })
            .collect();
        let first = |place: &PageLocation| usize::try_from(place.first_row_index).unwrap_or(0);
        let mut cuts: BTreeSet<usize> = [0, rows].into();
        for (places, _) in paged.iter().flatten() {
            cuts.extend(places.iter().map(first));
        }
        let cuts: Vec<usize> = cuts.into_iter().collect();
        let mut wanted: Vec<Range<usize>> = Vec::new();
        for pair in cuts.windows(2) {
            let &[start, end] = pair else { continue };
            let bounds = |column: &ColumnPath| {
                let at = filter.columns.iter().position(|found| found.column.path == column.path);
                let Some(at) = at else { return Bounds::UNKNOWN };
                let (Some(column), Some(Some((places, stats)))) =
                    (filter.columns.get(at), paged.get(at))
                else {
                    return known.get(at).cloned().unwrap_or(Bounds::UNKNOWN);
                };
                let page = places.partition_point(|place| first(place) <= start).saturating_sub(1);
                let next = places.get(page + 1).map_or(rows, first);
                let count = next.saturating_sub(places.get(page).map_or(0, first)) as u64;
                match stats.get(page) {
                    Some(stats) => page_bounds(&self.footer, column, stats, count),
                    None => Bounds::UNKNOWN,
                }
            };
            if !filter.expr.outcomes(&bounds).never() {
                let start = (start / RUN * RUN).max(wanted.last().map_or(0, |last| last.end));
                add(&mut wanted, start..end.next_multiple_of(RUN).min(rows));
            }
        }
        wanted.retain(|rows| !rows.is_empty());
        wanted
    }

    fn column_index(&self, group: usize, leaf: usize) -> Option<&[u8]> {
        let column = self.footer.metadata.row_groups().get(group)?.columns().get(leaf)?;
        self.indexes.at(self.index(column.column_index_range())?)
    }

    fn places(&self, group: usize, leaf: usize) -> Option<Vec<PageLocation>> {
        let column = self.footer.metadata.row_groups().get(group)?.columns().get(leaf)?;
        let bytes = self.indexes.at(self.index(column.offset_index_range())?)?;
        places(bytes, column, self.footer.rows_of(group))
    }

    /// The bytes that are needed to [`test`](Self::test) the rows of a step.
    pub(crate) fn bytes_to_test(&self, step: &Step) -> Vec<Range<u64>> {
        self.bytes(step.group, &step.rows, Of::Predicate).0
    }

    /// The bytes that are needed to [`open`](Self::open) these rows.
    pub(crate) fn bytes_to_open(&self, selected: &Selected) -> Vec<Range<u64>> {
        self.bytes(selected.group, &selected.rows, Of::Output).0
    }

    /// The rows of a step that pass; `None` if none does.
    pub(crate) fn test(&self, step: Step, pieces: &Pieces) -> Result<Option<Selected>, BoxError> {
        let Step { group, rows, all } = step;
        let (Some(filter), Some(asked), false) = (&self.filter, &self.asked, all) else {
            return Ok(Some(Selected { group, rows, passing: None }));
        };
        let mut batches = self.batches(group, &rows, pieces, Of::Predicate, asked)?;
        let mut numbers = rows.iter().cloned().flatten();
        let mut stripes = Stripes::new(self.footer.rows_of(group));
        while let Some(batch) = batches.next()? {
            for (passes, row) in filter.test(&batch)?.into_iter().zip(&mut numbers) {
                stripes.push(row, passes);
            }
        }
        Ok(stripes.finish(group))
    }

    /// Decodes the rows that pass.
    pub(crate) fn open(
        &self,
        selected: Selected,
        pieces: &Pieces,
    ) -> Result<SelectedBatches, BoxError> {
        let Selected { group, rows, passing } = selected;
        let batches = self.batches(group, &rows, pieces, Of::Output, &self.columns)?;
        Ok(SelectedBatches { batches, passing, at: 0 })
    }

    fn batches(
        &self,
        group: usize,
        rows: &[Range<usize>],
        pieces: &Pieces,
        of: Of,
        columns: &Projection,
    ) -> Result<Batches, BoxError> {
        let (_, pages) = self.bytes(group, rows, of);
        let all = std::iter::once(0..self.footer.rows_of(group)).collect::<Vec<_>>();
        let wanted = (rows != all).then_some(rows);
        let footer = Arc::clone(&self.footer);
        let group = Group::new(footer, group, pieces.clone(), pages);
        Batches::of_rows(group, columns, wanted, &self.limits)
    }

    /// The bytes that hold these rows, and the places of the pages of columns that are not all
    /// there.
    fn bytes(&self, group: usize, rows: &[Range<usize>], of: Of) -> (Vec<Range<u64>>, Pages) {
        let (mut bytes, mut pages) = (Vec::new(), Pages::new());
        let columns = match of {
            Of::Predicate => self.asked.as_ref(),
            Of::Output => Some(&self.columns),
        };
        let Some(found) = self.footer.metadata.row_groups().get(group) else {
            return (bytes, pages);
        };
        let leaves = columns.into_iter().flat_map(|columns| columns.leaves.iter().enumerate());
        let all = self.footer.rows_of(group);
        let is_all = rows.iter().map(Range::len).sum::<usize>() == all;
        for (leaf, _) in leaves.filter(|(_, wanted)| **wanted) {
            let Some(column) = found.columns().get(leaf) else { continue };
            let (start, len) = column.byte_range();
            let places = if is_all { None } else { self.places(group, leaf) };
            let Some(places) = places else {
                bytes.push(start..start + len);
                continue;
            };
            let number = |value: i64| u64::try_from(value).unwrap_or(0);
            let mut wanted = rows;
            if let Some(first) = places.first()
                && number(first.offset) > start
            {
                // The dictionary.
                bytes.push(start..number(first.offset));
            }
            for (at, place) in places.iter().enumerate() {
                let first = usize::try_from(place.first_row_index).unwrap_or(0);
                let next =
                    places.get(at + 1).and_then(|it| usize::try_from(it.first_row_index).ok());
                let held = first..next.unwrap_or(all);
                // Both are in order: rows before this page are before those that follow, too.
                let before = wanted.iter().take_while(|rows| rows.end <= held.start).count();
                wanted = &wanted[before..];
                if wanted.first().is_some_and(|rows| rows.start < held.end) {
                    let offset = number(place.offset);
                    bytes.push(offset..offset + number(place.compressed_page_size.into()));
                }
            }
            pages.insert(leaf, places);
        }
        (bytes, pages)
    }
}

/// Collects the stripes that have a row that passes. What is known of other rows takes no memory:
/// there may be more of them claimed than there are.
struct Stripes {
    rows: Vec<Range<usize>>,
    /// For each of these whether it passes.
    passing: BooleanBufferBuilder,
    /// Which stripe the last row is of, …
    number: usize,
    /// … and which rows of it pass.
    stripe: [bool; STRIPE],
    /// How many rows there are.
    all: usize,
}

impl Stripes {
    fn new(all: usize) -> Self {
        let (passing, stripe) = (BooleanBufferBuilder::new(0), [false; STRIPE]);
        Self { rows: Vec::new(), passing, number: 0, stripe, all }
    }

    /// Adds a row that comes after those before.
    fn push(&mut self, row: usize, passes: bool) {
        if row / STRIPE != self.number {
            self.end_stripe();
            self.number = row / STRIPE;
        }
        self.stripe[row % STRIPE] = passes;
    }

    fn end_stripe(&mut self) {
        if self.stripe.contains(&true) {
            let start = self.number * STRIPE;
            let len = STRIPE.min(self.all.saturating_sub(start));
            add(&mut self.rows, start..start + len);
            self.passing.append_slice(&self.stripe[..len]);
            self.stripe.fill(false);
        }
    }

    fn finish(mut self, group: usize) -> Option<Selected> {
        self.end_stripe();
        let passing = Some(self.passing.finish());
        (!self.rows.is_empty()).then_some(Selected { group, rows: self.rows, passing })
    }
}

/// Adds rows that come after those before.
fn add(ranges: &mut Vec<Range<usize>>, more: Range<usize>) {
    match ranges.last_mut() {
        Some(last) if last.end >= more.start => last.end = last.end.max(more.end),
        _ => ranges.push(more),
    }
}

/// Decodes the rows of a row group that pass, some thousand at a time.
pub(crate) struct SelectedBatches {
    batches: Batches,
    passing: Option<BooleanBuffer>,
    /// How many rows have been decoded.
    at: usize,
}

impl SelectedBatches {
    /// How many rows are still to be decoded; not all of them need pass.
    pub(crate) fn rows(&self) -> u64 {
        self.batches.rows()
    }

    /// The next rows, which may be none; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<RecordBatch>, BoxError> {
        let Some(batch) = self.batches.next()? else { return Ok(None) };
        let Some(passing) = &self.passing else { return Ok(Some(batch)) };
        let rows = batch.num_rows();
        if self.at + rows > passing.len() {
            return Err("the row group has more rows than were asked for".into());
        }
        let passing = BooleanArray::new(passing.slice(self.at, rows), None);
        self.at += rows;
        Ok(Some(filter_record_batch(&batch, &passing)?))
    }
}
