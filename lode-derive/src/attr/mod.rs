//! Reads `#[lode(…)]` and `#[serde(…)]`, and refuses what lode cannot follow.

mod serde;

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{Attribute, LitStr, Path, Token};

use crate::case::Case;
use crate::ctxt::Ctxt;

/// What stands on the struct or enum.
#[derive(Default)]
pub(crate) struct Container {
    /// Where the crate lode is.
    pub(crate) krate: Option<Path>,
    pub(crate) rename: Option<(String, Span)>,
    pub(crate) rename_all: Option<Case>,
    /// Fields that the stored data lack are those of this record.
    pub(crate) default: Option<Fallback>,
    /// Stored data with other fields are refused.
    pub(crate) denies_unknown_fields: bool,
}

/// What a field is where the stored data lack it.
#[derive(Debug, Clone)]
pub(crate) enum Fallback {
    /// The default value of its type.
    OfType,
    /// What the function at this path returns.
    Call(Path),
}

/// What stands on a field or variant.
#[derive(Default)]
pub(crate) struct Member {
    pub(crate) timestamp: Option<Span>,
    pub(crate) partition: Option<(Partition, Span)>,
    pub(crate) json: Option<Span>,
    pub(crate) sort: Option<Span>,
    pub(crate) bloom: Option<Span>,
    pub(crate) skip: Option<Span>,
    pub(crate) rename: Option<(String, Span)>,
    pub(crate) aliases: Vec<(String, Span)>,
    pub(crate) default: Option<Fallback>,
    pub(crate) with: Option<(Path, Span)>,
}

/// How a field becomes a partition key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Partition {
    Value,
    Hour,
    Day,
    Month,
    Year,
}

impl Partition {
    const PARTS: [(&'static str, Self); 4] =
        [("hour", Self::Hour), ("day", Self::Day), ("month", Self::Month), ("year", Self::Year)];

    /// The name of the time transform; `None` for the value itself.
    pub(crate) fn part(self) -> Option<&'static str> {
        Self::PARTS.into_iter().find(|(_, part)| *part == self).map(|(name, _)| name)
    }

    fn parse(name: &str) -> Option<Self> {
        Self::PARTS.into_iter().find(|(part, _)| *part == name).map(|(_, part)| part)
    }
}

/// What kind of thing attributes stand on: it decides which are allowed, and the words of errors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Place {
    Record,
    Field,
    Enum,
    Variant,
}

impl Place {
    fn lode_attributes(self) -> &'static [&'static str] {
        match self {
            Self::Record | Self::Enum => &["crate"],
            Self::Field => &["timestamp", "partition", "json", "sort", "bloom"],
            Self::Variant => &[],
        }
    }
}

impl Container {
    pub(crate) fn parse(cx: &Ctxt, place: Place, attributes: &[Attribute]) -> Self {
        let mut container = Self::parse_crate(cx, place, attributes);
        serde::container(cx, place, attributes, &mut container);
        container
    }

    /// Only `#[lode(crate = …)]`.
    pub(crate) fn parse_crate(cx: &Ctxt, place: Place, attributes: &[Attribute]) -> Self {
        let mut container = Self::default();
        each_lode(cx, place, attributes, |name, meta| {
            let path = if meta.value()?.peek(LitStr) {
                let quoted: LitStr = meta.input.parse()?;
                return Err(syn::Error::new(quoted.span(), "write the path without quotes"));
            } else {
                Path::parse_mod_style(meta.input)?
            };
            set(cx, &mut container.krate, name, meta.path.span(), path);
            Ok(())
        });
        container
    }
}

impl Member {
    pub(crate) fn parse(cx: &Ctxt, place: Place, attributes: &[Attribute]) -> Self {
        let mut member = Self::default();
        each_lode(cx, place, attributes, |name, meta| {
            let span = meta.path.span();
            if name == "partition" {
                let partition = partition(meta)?;
                set(cx, &mut member.partition, name, span, (partition, span));
                return Ok(());
            }
            if meta.input.peek(Token![=]) || meta.input.peek(syn::token::Paren) {
                skip_value(meta)?;
                return Err(meta.error(format_args!("`{name}` takes no value")));
            }
            let slot = match name {
                "timestamp" => &mut member.timestamp,
                "sort" => &mut member.sort,
                "bloom" => &mut member.bloom,
                _ => &mut member.json,
            };
            set(cx, slot, name, span, span);
            Ok(())
        });
        serde::member(cx, place, attributes, &mut member);
        member
    }
}

fn partition(meta: &ParseNestedMeta) -> syn::Result<Partition> {
    if !meta.input.peek(Token![=]) {
        return Ok(Partition::Value);
    }
    let wrong = r#"expected "hour", "day", "month" or "year""#;
    let value: syn::Expr = meta.value()?.parse()?;
    string(&value)
        .and_then(|text| Partition::parse(&text.value()))
        .ok_or_else(|| syn::Error::new_spanned(&value, wrong))
}

/// Calls `read` for every `#[lode(name …)]` that may stand in this place.
fn each_lode(
    cx: &Ctxt,
    place: Place,
    attributes: &[Attribute],
    mut read: impl FnMut(&'static str, &ParseNestedMeta) -> syn::Result<()>,
) {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("lode")) {
        if attribute.meta.require_list().is_err() {
            cx.error_at(attribute, "expected `#[lode(…)]`");
            continue;
        }
        let parsed = attribute.parse_nested_meta(|meta| {
            let given = name_of(&meta.path);
            match place.lode_attributes().iter().find(|&&known| known == given) {
                Some(name) => {
                    if let Err(error) = read(name, &meta) {
                        cx.push(error);
                        skip_rest(&meta);
                    }
                }
                None => {
                    cx.error_at(&meta.path, unknown(place, &given));
                    skip_rest(&meta);
                }
            }
            Ok(())
        });
        if let Err(error) = parsed {
            cx.push(error);
        }
    }
}

fn unknown(place: Place, given: &str) -> String {
    let known = place.lode_attributes();
    if let Some(name) = known.iter().find(|name| alike(given, name)) {
        return format!("unknown attribute `{given}`: did you mean `{name}`?");
    }
    let elsewhere = match given {
        "crate" => Some("the struct or enum"),
        "timestamp" | "partition" | "json" | "sort" | "bloom" => Some("a field of a record"),
        _ => None,
    };
    match (elsewhere, known) {
        (Some(place), _) => format!("`{given}` belongs on {place}"),
        (None, []) => format!("unknown attribute `{given}`: there are none for variants"),
        (None, known) => format!("unknown attribute `{given}`: expected `{}`", known.join("`, `")),
    }
}

/// Whether one is the other with at most two letters changed, left out or added.
fn alike(one: &str, other: &str) -> bool {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (b, above) in other.iter().zip(row.iter_mut().skip(1)) {
            let cost = (diagonal + usize::from(a != *b)).min(left + 1).min(*above + 1);
            diagonal = *above;
            *above = cost;
            left = cost;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().is_some_and(|&distance| distance <= 2)
}

fn set<T>(cx: &Ctxt, slot: &mut Option<T>, name: &str, span: Span, value: T) {
    if slot.replace(value).is_some() {
        cx.error(span, format_args!("`{name}` is given twice"));
    }
}

fn name_of(path: &Path) -> String {
    let segments: Vec<_> =
        path.segments.iter().map(|segment| segment.ident.unraw().to_string()).collect();
    segments.join("::")
}

/// The string that an expression is; a `macro_rules` macro may have put it into an invisible group.
fn string(value: &syn::Expr) -> Option<&LitStr> {
    match value {
        syn::Expr::Group(group) => string(&group.expr),
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text),
        _ => None,
    }
}

/// Reads past ` = value` or `(…)`.
fn skip_value(meta: &ParseNestedMeta) -> syn::Result<()> {
    if meta.input.peek(Token![=]) {
        meta.value()?.parse::<syn::Expr>()?;
    } else if meta.input.peek(syn::token::Paren) {
        let content;
        syn::parenthesized!(content in meta.input);
        content.parse::<proc_macro2::TokenStream>()?;
    }
    Ok(())
}

/// Reads up to the next comma, whatever stands there.
fn skip_rest(meta: &ParseNestedMeta) {
    while !meta.input.is_empty() && !meta.input.peek(Token![,]) {
        if meta.input.parse::<proc_macro2::TokenTree>().is_err() {
            return;
        }
    }
}
