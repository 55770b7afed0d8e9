//! What a predicate can be for any of many rows of which only bounds are known.

use std::cmp::Ordering;

use super::expr::{ColumnPath, Expr, Op};
use super::literal::Literal;

/// What the values of a column can be. Everything that is not known can be: a set of values that
/// holds at least those that are there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bounds {
    /// No value is below it; `None` if unknown.
    pub(crate) min: Option<Literal>,
    /// No value is above it; `None` if unknown.
    pub(crate) max: Option<Literal>,
    /// Whether there can be a value between the bounds.
    pub(crate) values: bool,
    /// Whether there can be a null.
    pub(crate) nulls: bool,
    /// Whether there can be a NaN, which the bounds leave out.
    pub(crate) nans: bool,
}

impl Bounds {
    /// Nothing is known.
    pub(crate) const UNKNOWN: Self =
        Self { min: None, max: None, values: true, nulls: true, nans: true };

    /// The bounds of no rows.
    pub(crate) const EMPTY: Self =
        Self { min: None, max: None, values: false, nulls: false, nans: false };

    /// There are only values, of which nothing is known.
    pub(crate) const VALUES: Self = Self { values: true, ..Self::EMPTY };

    /// Every row is null.
    pub(crate) const NULL: Self = Self { nulls: true, ..Self::EMPTY };

    /// Every row has this value.
    pub(crate) fn exactly(value: Literal) -> Self {
        Self { min: Some(value.clone()), max: Some(value), ..Self::VALUES }
    }

    /// What can be by both.
    pub(crate) fn and(self, other: Self) -> Self {
        let tighter = |a: Option<Literal>, b: Option<Literal>, is_tighter: fn(Ordering) -> bool| {
            match (a, b) {
                (Some(a), Some(b)) => match a.cell().order(b.cell()) {
                    Some(order) if is_tighter(order) => Some(a),
                    Some(_) => Some(b),
                    // Bounds of different types say nothing together.
                    None => None,
                },
                (a, b) => a.or(b),
            }
        };
        Self {
            min: tighter(self.min, other.min, Ordering::is_gt),
            max: tighter(self.max, other.max, Ordering::is_lt),
            values: self.values && other.values,
            nulls: self.nulls && other.nulls,
            nans: self.nans && other.nans,
        }
    }
}

/// A set of what a predicate can be: true, false and null (unknown).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outcomes(u8);

impl Outcomes {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const TRUE: Self = Self(1);
    pub(crate) const FALSE: Self = Self(2);
    pub(crate) const NULL: Self = Self(4);

    /// Whether a row can have this one.
    pub(crate) fn has(self, outcome: Option<bool>) -> bool {
        let Self(bit) = Self::of(outcome);
        self.0 & bit != 0
    }

    /// Whether no row passes.
    pub(crate) fn never(self) -> bool {
        !self.has(Some(true))
    }

    /// Whether every row passes.
    pub(crate) fn always(self) -> bool {
        self == Self::TRUE || self == Self::NONE
    }

    pub(crate) fn of(outcome: Option<bool>) -> Self {
        match outcome {
            Some(true) => Self::TRUE,
            Some(false) => Self::FALSE,
            None => Self::NULL,
        }
    }

    #[must_use]
    fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    #[must_use]
    fn with_if(self, other: Self, condition: bool) -> Self {
        if condition { self.with(other) } else { self }
    }

    fn not(self) -> Self {
        Self::NONE
            .with_if(Self::FALSE, self.has(Some(true)))
            .with_if(Self::TRUE, self.has(Some(false)))
            .with_if(Self::NULL, self.has(None))
    }

    fn and(self, other: Self) -> Self {
        let mut both = Self::NONE;
        for a in [Some(true), Some(false), None] {
            for b in [Some(true), Some(false), None] {
                let and = match (a, b) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    _ => None,
                };
                both = both.with_if(Self::of(and), self.has(a) && other.has(b));
            }
        }
        both
    }

    fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }
}

impl Expr {
    /// What it can be for rows whose columns have these bounds.
    pub(crate) fn outcomes(&self, bounds: &impl Fn(&ColumnPath) -> Bounds) -> Outcomes {
        self.outcomes_of(bounds, &|_, _| true)
    }

    /// What it can be for rows whose columns have these bounds, and no other values than some that they
    /// `can_have`.
    pub(crate) fn outcomes_of(
        &self,
        bounds: &impl Fn(&ColumnPath) -> Bounds,
        can_have: &impl Fn(&ColumnPath, &Literal) -> bool,
    ) -> Outcomes {
        match self {
            Self::Compare { column, op, literal } => {
                let bounds = bounds(column);
                let nans = Outcomes::of(Some(*op == Op::Ne));
                let values = match op {
                    Op::Eq | Op::Ne if !can_have(column, literal) => nans,
                    _ => compare(&bounds, *op, literal),
                };
                of_each(&bounds, nans, values)
            }
            // Not even null is in an empty list.
            Self::In { column, list } if list.is_empty() => {
                let bounds = bounds(column);
                let any = bounds.values || bounds.nulls || bounds.nans;
                Outcomes::NONE.with_if(Outcomes::FALSE, any)
            }
            Self::In { column, list } => {
                let bounds = bounds(column);
                let list = list.iter().filter(|literal| can_have(column, literal));
                of_each(&bounds, Outcomes::FALSE, is_in(&bounds, list))
            }
            Self::StartsWith { column, prefix } => {
                let bounds = bounds(column);
                of_each(&bounds, Outcomes::FALSE, starts_with(&bounds, prefix))
            }
            Self::IsNull { column } => {
                let bounds = bounds(column);
                Outcomes::NONE
                    .with_if(Outcomes::TRUE, bounds.nulls)
                    .with_if(Outcomes::FALSE, bounds.values || bounds.nans)
            }
            Self::And(all) => {
                let parts = all.iter().map(|one| one.outcomes_of(bounds, can_have));
                parts.reduce(Outcomes::and).unwrap_or(Outcomes::TRUE)
            }
            Self::Or(any) => {
                let parts = any.iter().map(|one| one.outcomes_of(bounds, can_have));
                parts.reduce(Outcomes::or).unwrap_or(Outcomes::FALSE)
            }
            Self::Not(one) => one.outcomes_of(bounds, can_have).not(),
        }
    }
}

/// What nulls, NaN and values make together.
fn of_each(bounds: &Bounds, nans: Outcomes, values: Outcomes) -> Outcomes {
    Outcomes::NONE
        .with_if(Outcomes::NULL, bounds.nulls)
        .with_if(nans, bounds.nans)
        .with_if(values, bounds.values)
}

fn compare(bounds: &Bounds, op: Op, literal: &Literal) -> Outcomes {
    if literal.cell().order(literal.cell()).is_none() {
        return Outcomes::of(Some(op == Op::Ne));
    }
    if is_reversed(bounds) {
        return EITHER;
    }
    let (min, max) = (end(&bounds.min, literal), end(&bounds.max, literal));
    // A bound of another type says nothing.
    let (Ok(min), Ok(max)) = (min, max) else { return EITHER };
    let can_be = |order: Ordering| match order {
        Ordering::Less => min.is_none_or(Ordering::is_lt),
        Ordering::Equal => min.is_none_or(Ordering::is_le) && max.is_none_or(Ordering::is_ge),
        Ordering::Greater => max.is_none_or(Ordering::is_gt),
    };
    [Ordering::Less, Ordering::Equal, Ordering::Greater]
        .into_iter()
        .filter(|order| can_be(*order))
        .fold(Outcomes::NONE, |set, order| set.with(Outcomes::of(Some(op.holds(Some(order))))))
}

fn is_in<'a>(bounds: &Bounds, list: impl Iterator<Item = &'a Literal>) -> Outcomes {
    if is_reversed(bounds) {
        return EITHER;
    }
    let equal = list.map(|one| compare(bounds, Op::Eq, one));
    equal.fold(Outcomes::FALSE, Outcomes::or)
}

fn starts_with(bounds: &Bounds, prefix: &str) -> Outcomes {
    let text = |bound: &Option<Literal>| match bound {
        None => Ok(None),
        Some(Literal::Text(text)) => Ok(Some(text.clone())),
        Some(_) => Err(()),
    };
    let (Ok(min), Ok(max)) = (text(&bounds.min), text(&bounds.max)) else { return EITHER };
    if is_reversed(bounds) {
        return EITHER;
    }
    let starts = |text: &String| text.starts_with(prefix);
    // What starts with the prefix lies together, and the prefix itself is the first of it.
    let can = max.as_ref().is_none_or(|max| max.as_str() >= prefix)
        && min.as_ref().is_none_or(|min| min.as_str() <= prefix || starts(min));
    let must = min.as_ref().is_some_and(starts) && max.as_ref().is_some_and(starts);
    Outcomes::NONE
        .with_if(Outcomes::TRUE, can)
        .with_if(Outcomes::FALSE, !must && !prefix.is_empty())
}

const EITHER: Outcomes = Outcomes(Outcomes::TRUE.0 | Outcomes::FALSE.0);

/// How a bound stands to `literal`, if there is one; an error if the two cannot be compared.
fn end(bound: &Option<Literal>, literal: &Literal) -> Result<Option<Ordering>, ()> {
    match bound {
        None => Ok(None),
        Some(bound) => bound.cell().order(literal.cell()).map(Some).ok_or(()),
    }
}

/// Bounds the wrong way round say nothing.
fn is_reversed(bounds: &Bounds) -> bool {
    match (&bounds.min, &bounds.max) {
        (Some(min), Some(max)) => {
            !matches!(min.cell().order(max.cell()), Some(Ordering::Less | Ordering::Equal))
        }
        _ => false,
    }
}
