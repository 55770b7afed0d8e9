//! Predicates as text.

use std::fmt::{self, Display};

use chrono::{NaiveDate, SecondsFormat};

use super::expr::{Expr, Op};
use super::literal::{EPOCH, Literal, time_of};

impl Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compare { column, op, literal } => {
                write!(f, "{} {op} {literal}", column.name())
            }
            Self::In { column, list } => {
                write!(f, "{} in (", column.name())?;
                for (i, one) in list.iter().enumerate() {
                    write!(f, "{}{one}", if i > 0 { ", " } else { "" })?;
                }
                f.write_str(")")
            }
            Self::StartsWith { column, prefix } => {
                write!(f, "{} starts with {prefix:?}", column.name())
            }
            Self::IsNull { column } => write!(f, "{} is null", column.name()),
            Self::And(all) => join(f, all, " and "),
            Self::Or(any) => join(f, any, " or "),
            Self::Not(one) => match &**one {
                Self::IsNull { column } => write!(f, "{} is not null", column.name()),
                one => write!(f, "not ({one})"),
            },
        }
    }
}

fn join(f: &mut fmt::Formatter<'_>, parts: &[Expr], word: &str) -> fmt::Result {
    for (i, part) in parts.iter().enumerate() {
        f.write_str(if i > 0 { word } else { "" })?;
        match part {
            Expr::And(_) | Expr::Or(_) => write!(f, "({part})")?,
            part => part.fmt(f)?,
        }
    }
    Ok(())
}

impl Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Eq => "=",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        })
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Text(value) | Self::Name(value) => write!(f, "{value:?}"),
            Self::Bytes(value) => {
                f.write_str("0x")?;
                value.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Self::Date(days) => match date(*days) {
                Some(date) => date.fmt(f),
                None => write!(f, "{days} days since 1970"),
            },
            Self::Time(nanoseconds) => match time_of(*nanoseconds) {
                Some(time) => f.write_str(&time.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
                None => write!(f, "{nanoseconds} ns since 1970"),
            },
            Self::Uuid(value) => uuid::Uuid::from_bytes(*value).fmt(f),
        }
    }
}

fn date(days: i32) -> Option<NaiveDate> {
    NaiveDate::from_num_days_from_ce_opt(days.checked_add(EPOCH)?)
}
