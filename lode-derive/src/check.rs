//! What is wrong with a type as a whole, where its parts are right.

use std::collections::HashMap;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericParam, Generics};

use crate::attr::Member;
use crate::ctxt::Ctxt;
use crate::model::{Enum, Field, Record};

pub(crate) fn record(cx: &Ctxt, record: &Record<'_>) {
    lifetimes(cx, record.generics);
    if !record.fields.iter().any(Field::is_stored) {
        cx.error(record.ident.span(), "a record has at least one stored field");
    }
    for field in &record.fields {
        combinations(cx, field);
        if field.is_typed() && mentions_self(record, field.ty.to_token_stream()) {
            let message = "a record cannot hold itself, its schema would have no end: \
                           store this field with `#[lode(json)]`";
            cx.error_at(field.ty, message);
        }
    }
    one_timestamp(cx, record);
    let stored = || record.fields.iter().filter(|field| field.is_stored());
    names(cx, stored().map(|field| (&field.name, &field.attrs)), "fields");
    keys(cx, record);
}

pub(crate) fn enumeration(cx: &Ctxt, model: &Enum<'_>) {
    if let Some(parameter) = model.generics.params.first() {
        cx.error_at(parameter, "an enum of names has no parameters");
    }
    if model.variants.is_empty() {
        cx.error(model.ident.span(), "an enum has at least one variant");
    }
    names(cx, model.variants.iter().map(|variant| (&variant.name, &variant.attrs)), "variants");
}

fn lifetimes(cx: &Ctxt, generics: &Generics) {
    for parameter in &generics.params {
        if let GenericParam::Lifetime(lifetime) = parameter {
            let message = "a record owns its data, so that it can be read back: \
                           hold `String` instead of `&str`, `Vec` instead of a slice";
            cx.error_at(&lifetime.lifetime, message);
        }
    }
}

fn combinations(cx: &Ctxt, field: &Field<'_>) {
    let Member { timestamp, partition, json, sort, bloom, skip, with, .. } = &field.attrs;
    let partition = partition.map(|(_, span)| span);
    if skip.is_some() {
        let given = [
            ("timestamp", *timestamp),
            ("partition", partition),
            ("json", *json),
            ("sort", *sort),
            ("bloom", *bloom),
        ];
        for (name, span) in given {
            if let Some(span) = span {
                cx.error(
                    span,
                    format_args!("a skipped field cannot have `{name}`: it is not stored"),
                );
            }
        }
    } else if json.is_some() {
        let refused = [
            (partition, "cannot be a partition key"),
            (*sort, "has no order to sort by"),
            (*bloom, "cannot have a bloom filter"),
        ];
        for (span, reason) in refused {
            if let Some(span) = span {
                cx.error(span, format_args!("a field stored as JSON {reason}"));
            }
        }
    }
    if let (Some((_, span)), None, None) = (with, json, skip) {
        let message = "`with` may store another type than the field's: add `#[lode(json)]`";
        cx.error(*span, message);
    }
}

/// Whether `Self` or the record's own name stands in these tokens, not as a part of a longer path.
fn mentions_self(record: &Record<'_>, tokens: TokenStream) -> bool {
    let mut after_colon = false;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match &token {
            TokenTree::Ident(ident)
                if !after_colon && (ident == "Self" || ident == record.ident) =>
            {
                let path_goes_on =
                    matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == ':');
                if !path_goes_on {
                    return true;
                }
            }
            TokenTree::Group(group) if mentions_self(record, group.stream()) => return true,
            _ => {}
        }
        after_colon = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ':');
    }
    false
}

fn one_timestamp(cx: &Ctxt, record: &Record<'_>) {
    let mut first = None;
    for field in &record.fields {
        match (field.attrs.timestamp, first) {
            (Some(_), None) => first = Some(field.ident),
            (Some(span), Some(first)) => {
                cx.error(span, format_args!("a record has one timestamp, and `{first}` is it"));
            }
            (None, _) => {}
        }
    }
}

/// Names and aliases are unique and not empty.
fn names<'a>(
    cx: &Ctxt,
    members: impl Iterator<Item = (&'a (String, Span), &'a Member)>,
    what: &str,
) {
    let members: Vec<_> = members.collect();
    let mut seen = HashMap::new();
    let own = members.iter().enumerate().map(|(i, (name, _))| (i, *name));
    let aliases = members
        .iter()
        .enumerate()
        .flat_map(|(i, (_, attrs))| attrs.aliases.iter().map(move |alias| (i, alias)));
    for (i, (name, span)) in own.chain(aliases) {
        if name.is_empty() {
            cx.error(*span, "a stored name cannot be empty");
        } else if seen.insert(name, i).is_some_and(|other| other != i) {
            cx.error(*span, format_args!("two {what} are stored as `{name}`"));
        }
    }
}

/// The most keys of a partition.
const MOST_KEYS: usize = 64;

fn keys(cx: &Ctxt, record: &Record<'_>) {
    let keys = record.fields.iter().filter(|field| field.is_stored() && field.key().is_some());
    if let Some((_, _, span)) = keys.clone().nth(MOST_KEYS).and_then(Field::key) {
        cx.error(span, format_args!("a record has at most {MOST_KEYS} partition keys"));
    }
    for field in keys {
        let Some((key, partition, span)) = field.key() else { continue };
        let is_bad = |c: &char| matches!(c, '/' | '\\' | '=' | '%') || c.is_control();
        if let Some(bad) = key.chars().find(is_bad) {
            let message = format!("a partition key is a directory name: it cannot hold {bad:?}");
            cx.error(field.name.1, message);
        }
        let taken = |other: &&Field<'_>| {
            let same_key = other.key().is_some_and(|(other, ..)| other == key);
            !std::ptr::eq(*other, field)
                && other.is_stored()
                && (other.is_called(&key) || (same_key && partition.part().is_some()))
        };
        if partition.part().is_some()
            && let Some(other) = record.fields.iter().find(taken)
        {
            let message =
                format!("the partition key `{key}` collides with the field `{}`", other.ident);
            cx.error(span, message);
        }
    }
}
