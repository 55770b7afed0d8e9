//! The part of serde's attributes that changes what is stored.

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{Attribute, LitStr, Token};

use super::{Container, Fallback, Member, Place, name_of, skip_rest, skip_value, string};
use crate::case::Case;
use crate::ctxt::Ctxt;

pub(super) fn container(cx: &Ctxt, place: Place, attributes: &[Attribute], out: &mut Container) {
    each_serde(cx, attributes, |name, meta| {
        match name {
            "rename" => out.rename = both_ways(cx, name, meta)?.map(text),
            "rename_all" => {
                if let Some(rule) = both_ways(cx, name, meta)? {
                    let unknown = || syn::Error::new(rule.span(), "lode does not know this rule");
                    out.rename_all = Some(Case::parse(&rule.value()).ok_or_else(unknown)?);
                }
            }
            "bound" => skip_value(meta)?,
            "default" if place == Place::Record => out.default = Some(fallback(meta)?),
            "deny_unknown_fields" if place == Place::Record => {
                out.denies_unknown_fields = true;
                skip_value(meta)?;
            }
            _ => refuse(cx, name, meta, container_reason(place, name)),
        }
        Ok(())
    });
}

pub(super) fn member(cx: &Ctxt, place: Place, attributes: &[Attribute], out: &mut Member) {
    each_serde(cx, attributes, |name, meta| {
        match name {
            "rename" => out.rename = both_ways(cx, name, meta)?.map(text),
            "alias" => out.aliases.push(text(meta.value()?.parse()?)),
            "default" if place == Place::Field => out.default = Some(fallback(meta)?),
            "skip" | "bound" if place == Place::Field => {
                if name == "skip" {
                    out.skip = Some(meta.path.span());
                }
                skip_value(meta)?;
            }
            "with" if place == Place::Field => {
                let path: LitStr = meta.value()?.parse()?;
                out.with = Some((path.parse()?, meta.path.span()));
            }
            _ => refuse(cx, name, meta, member_reason(place, name)),
        }
        Ok(())
    });
}

/// Calls `read` for every `#[serde(name …)]`. What cannot be understood is an error here too, though
/// serde mostly reports it as well: else the schema might not be that of the stored data.
fn each_serde(
    cx: &Ctxt,
    attributes: &[Attribute],
    mut read: impl FnMut(&str, &ParseNestedMeta) -> syn::Result<()>,
) {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        let parsed = attribute.parse_nested_meta(|meta| {
            if let Err(error) = read(&name_of(&meta.path), &meta) {
                cx.push(error);
                skip_rest(&meta);
            }
            Ok(())
        });
        if let Err(error) = parsed {
            cx.push(error);
        }
    }
}

fn text(literal: LitStr) -> (String, Span) {
    (literal.value(), literal.span())
}

/// `default`, or `default = "path"`.
fn fallback(meta: &ParseNestedMeta) -> syn::Result<Fallback> {
    if !meta.input.peek(Token![=]) {
        return Ok(Fallback::OfType);
    }
    let value: syn::Expr = meta.value()?.parse()?;
    let wrong = || syn::Error::new_spanned(&value, "expected the path of a function, as a string");
    Ok(Fallback::Call(string(&value).ok_or_else(wrong)?.parse()?))
}

/// The string of `name = "…"` or of `name(serialize = "…", deserialize = "…")`, where both must be
/// equal.
fn both_ways(cx: &Ctxt, name: &str, meta: &ParseNestedMeta) -> syn::Result<Option<LitStr>> {
    if meta.input.peek(Token![=]) {
        let value: syn::Expr = meta.value()?.parse()?;
        let wrong = || syn::Error::new_spanned(&value, "expected a string");
        return Ok(Some(string(&value).cloned().ok_or_else(wrong)?));
    }
    let (mut serialize, mut deserialize) = (None, None);
    meta.parse_nested_meta(|way| {
        let value: LitStr = way.value()?.parse()?;
        if way.path.is_ident("serialize") {
            serialize = Some(value);
        } else if way.path.is_ident("deserialize") {
            deserialize = Some(value);
        }
        Ok(())
    })?;
    match (serialize, deserialize) {
        (Some(one), Some(other)) if one.value() == other.value() => Ok(Some(one)),
        _ => {
            let fix =
                format!("what is written must be read back: use `{name} = \"…\"` for both ways");
            cx.error_at(&meta.path, fix);
            Ok(None)
        }
    }
}

fn refuse(cx: &Ctxt, name: &str, meta: &ParseNestedMeta, reason: &str) {
    cx.error_at(&meta.path, format_args!("`#[serde({name})]` {reason}"));
    skip_rest(meta);
}

fn container_reason(place: Place, name: &str) -> &'static str {
    match (place, name) {
        (_, "from" | "try_from" | "into" | "remote" | "transparent") => {
            "would store something else than this type: remove it"
        }
        (Place::Record, "tag") => "would store a field that the schema has not: remove it",
        (Place::Enum, "tag" | "content" | "untagged") => {
            "would not store the variant's name: remove it"
        }
        (Place::Enum, "deny_unknown_fields" | "default") => "has no meaning here: remove it",
        (Place::Enum | Place::Variant, _) => {
            "is not supported: an enum may have `rename`, `rename_all`, `alias`"
        }
        (Place::Record | Place::Field, _) => {
            "is not supported: a record may have `rename`, `rename_all`, `default`, \
             `deny_unknown_fields`"
        }
    }
}

fn member_reason(place: Place, name: &str) -> &'static str {
    match (place, name) {
        (Place::Variant, "skip" | "skip_serializing" | "skip_deserializing") => {
            "leaves values that cannot be stored: remove it"
        }
        (Place::Variant, "other") => "would lose the name that was read: remove it",
        (Place::Variant | Place::Enum, _) => {
            "is not supported: a variant may have `rename`, `alias`"
        }
        (_, "flatten") => "hides fields from the schema: nest the record, or list its fields here",
        (_, "skip_serializing" | "skip_deserializing") => {
            "works one way only: use `skip`, or remove it"
        }
        (_, "skip_serializing_if") => "leaves fields out: remove it, `None` is stored as null",
        (_, "serialize_with" | "deserialize_with") => {
            "works one way only: use `with`, together with `#[lode(json)]`"
        }
        (_, "borrow") => "is not possible: a record owns its data",
        _ => "is not supported: a field may have `rename`, `default`, `skip`, `alias`",
    }
}
