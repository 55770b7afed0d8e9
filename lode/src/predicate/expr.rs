//! Predicates without their types.

use std::cmp::Ordering;

use super::literal::{Cell, Literal};
use super::path::Path;
use crate::record::{FieldSchema, Record, Type, Value};

/// What a row is asked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    Compare {
        column: ColumnPath,
        op: Op,
        literal: Literal,
    },
    /// Equal to one of them; of none that is false.
    In {
        column: ColumnPath,
        list: Vec<Literal>,
    },
    StartsWith {
        column: ColumnPath,
        prefix: String,
    },
    IsNull {
        column: ColumnPath,
    },
    /// Of at least two.
    And(Vec<Self>),
    /// Of at least two.
    Or(Vec<Self>),
    Not(Box<Self>),
}

/// How a value is compared with a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

impl Op {
    /// Whether it holds of a value that stands so to the literal; `None` is no order (NaN).
    #[inline]
    pub(crate) fn holds(self, order: Option<Ordering>) -> bool {
        match self {
            Self::Eq => order == Some(Ordering::Equal),
            Self::Ne => order != Some(Ordering::Equal),
            Self::Lt => order == Some(Ordering::Less),
            Self::Le => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Self::Gt => order == Some(Ordering::Greater),
            Self::Ge => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        }
    }
}

/// A column: its fields from the record's own down to the leaf.
#[derive(Clone, PartialEq)]
pub(crate) struct ColumnPath {
    pub(crate) path: Path,
    /// The fields, with their names, aliases and types. Never empty.
    pub(crate) levels: Vec<&'static FieldSchema>,
}

impl ColumnPath {
    pub(crate) fn of<R: Record>(path: Path) -> Self {
        let mut levels = Vec::new();
        let mut fields = R::SCHEMA.fields();
        for &step in path.steps() {
            let Some(field) = fields.get(usize::from(step)) else { break };
            levels.push(field);
            fields = match field.ty {
                Type::Struct { fields, .. } => fields,
                _ => &[],
            };
        }
        Self { path, levels }
    }

    /// As in statistics: `position.lat`.
    pub(crate) fn name(&self) -> String {
        let names: Vec<_> = self.levels.iter().map(|level| level.name).collect();
        names.join(".")
    }

    /// The field itself, at the end of the path.
    #[cfg(feature = "parquet")]
    pub(crate) fn leaf(&self) -> Option<&'static FieldSchema> {
        self.levels.last().copied()
    }
}

impl std::fmt::Debug for ColumnPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name())
    }
}

/// Where a predicate finds the values of one row.
pub(crate) trait Row {
    fn cell(&self, column: &ColumnPath) -> Cell<'_>;
}

impl<T: Value> Row for &T {
    #[inline]
    fn cell(&self, column: &ColumnPath) -> Cell<'_> {
        Value::cell(*self, column.path.steps())
    }
}

impl Expr {
    /// What it says of a row; `None` is unknown, as in SQL.
    pub(crate) fn eval(&self, row: &impl Row) -> Option<bool> {
        match self {
            Self::Compare { column, op, literal } => match row.cell(column) {
                Cell::Null => None,
                cell => Some(op.holds(cell.order(literal.cell()))),
            },
            Self::In { list, .. } if list.is_empty() => Some(false),
            Self::In { column, list } => match row.cell(column) {
                Cell::Null => None,
                cell => Some(is_in(cell, list)),
            },
            Self::StartsWith { column, prefix } => match row.cell(column) {
                Cell::Null => None,
                Cell::Text(text) => Some(text.starts_with(prefix.as_str())),
                _ => Some(false),
            },
            Self::IsNull { column } => Some(row.cell(column) == Cell::Null),
            Self::And(all) => {
                let mut verdict = Some(true);
                for one in all {
                    match one.eval(row) {
                        Some(false) => return Some(false),
                        None => verdict = None,
                        Some(true) => {}
                    }
                }
                verdict
            }
            Self::Or(any) => {
                let mut verdict = Some(false);
                for one in any {
                    match one.eval(row) {
                        Some(true) => return Some(true),
                        None => verdict = None,
                        Some(false) => {}
                    }
                }
                verdict
            }
            Self::Not(one) => one.eval(row).map(|verdict| !verdict),
        }
    }

    /// Calls `visit` for every column in it, in order, as often as it stands there.
    #[cfg(any(test, feature = "parquet"))]
    pub(crate) fn columns<'a>(&'a self, visit: &mut impl FnMut(&'a ColumnPath)) {
        match self {
            Self::Compare { column, .. }
            | Self::In { column, .. }
            | Self::StartsWith { column, .. }
            | Self::IsNull { column } => visit(column),
            Self::And(parts) | Self::Or(parts) => {
                parts.iter().for_each(|part| part.columns(visit));
            }
            Self::Not(one) => one.columns(visit),
        }
    }

    /// The columns whose values are asked to be equal to one.
    #[cfg(feature = "parquet")]
    pub(crate) fn equated<'a>(&'a self, visit: &mut impl FnMut(&'a ColumnPath)) {
        match self {
            Self::Compare { column, op: Op::Eq, .. } | Self::In { column, .. } => visit(column),
            Self::Compare { .. } | Self::StartsWith { .. } | Self::IsNull { .. } => {}
            Self::And(parts) | Self::Or(parts) => {
                parts.iter().for_each(|part| part.equated(visit));
            }
            Self::Not(one) => one.equated(visit),
        }
    }

    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::And(mut all), Self::And(more)) => {
                all.extend(more);
                Self::And(all)
            }
            (Self::And(mut all), one) => {
                all.push(one);
                Self::And(all)
            }
            (one, other) => Self::And(vec![one, other]),
        }
    }

    pub(crate) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Or(mut any), Self::Or(more)) => {
                any.extend(more);
                Self::Or(any)
            }
            (Self::Or(mut any), one) => {
                any.push(one);
                Self::Or(any)
            }
            (one, other) => Self::Or(vec![one, other]),
        }
    }

    pub(crate) fn negated(self) -> Self {
        match self {
            Self::Not(one) => *one,
            other => Self::Not(Box::new(other)),
        }
    }
}

/// The literals of one list in order, each once, so that they can be searched; NaN, which equals
/// nothing, is left out.
pub(crate) fn sorted(list: impl IntoIterator<Item = Literal>) -> Vec<Literal> {
    let mut list: Vec<_> =
        list.into_iter().filter(|one| one.cell().order(one.cell()).is_some()).collect();
    let order = |a: &Literal, b: &Literal| a.cell().order(b.cell()).unwrap_or(Ordering::Equal);
    list.sort_by(order);
    list.dedup_by(|a, b| order(a, b).is_eq());
    list
}

#[inline]
fn is_in(cell: Cell<'_>, list: &[Literal]) -> bool {
    // What has no order is in no list.
    let order = |one: &Literal| one.cell().order(cell).unwrap_or(Ordering::Less);
    list.binary_search_by(order).is_ok()
}
