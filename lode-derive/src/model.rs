//! What is to be generated, with the tokens it came from.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields, Generics, Ident, Path, Type};

use crate::attr::{Container, Fallback, Member, Partition, Place};
use crate::ctxt::Ctxt;

/// A record: a struct with named fields.
pub(crate) struct Record<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) generics: &'a Generics,
    /// The name in the schema.
    pub(crate) name: String,
    /// Fields that the stored data lack are those of this record.
    pub(crate) default: Option<Fallback>,
    /// Whether stored data with other fields are refused.
    pub(crate) denies_unknown_fields: bool,
    pub(crate) fields: Vec<Field<'a>>,
}

pub(crate) struct Field<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) ty: &'a Type,
    /// The name in the stored data, and where it is said.
    pub(crate) name: (String, Span),
    pub(crate) attrs: Member,
}

impl Field<'_> {
    /// Whether the field is in the stored data.
    pub(crate) fn is_stored(&self) -> bool {
        self.attrs.skip.is_none()
    }

    /// Whether it is read by this name, or by an alias that is so.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name.0 == name || self.attrs.aliases.iter().any(|(alias, _)| alias == name)
    }

    /// Whether the traits judge the field's type.
    pub(crate) fn is_typed(&self) -> bool {
        self.is_stored() && self.attrs.json.is_none()
    }

    /// The traits that judge the field's type, besides what `Field` says. None if it is stored as
    /// JSON, or not at all.
    pub(crate) fn judges(&self) -> Vec<&'static str> {
        if !self.is_typed() {
            return Vec::new();
        }
        let Member { partition, timestamp, sort, bloom, .. } = &self.attrs;
        let by_value = matches!(partition, Some((Partition::Value, _)));
        let by_part = partition.is_some() && !by_value;
        let judges = [
            (by_value, "KeyField"),
            (by_part || timestamp.is_some(), "TimeField"),
            (sort.is_some(), "SortField"),
            (bloom.is_some(), "BloomField"),
        ];
        judges.into_iter().filter(|(judges, _)| *judges).map(|(_, judge)| judge).collect()
    }

    /// The first trait that judges the field's type: it implies `Field`, and says all that `Field`
    /// says. `None` if the field is stored as JSON, or not at all.
    pub(crate) fn judge(&self) -> Option<&'static str> {
        self.is_typed().then(|| self.judges().first().copied().unwrap_or("Field"))
    }

    /// The partition key made of this field.
    pub(crate) fn key(&self) -> Option<(String, Partition, Span)> {
        let (partition, span) = self.attrs.partition?;
        let name = &self.name.0;
        let key = match partition.part() {
            Some(part) => format!("{name}_{part}"),
            None => name.clone(),
        };
        Some((key, partition, span))
    }
}

/// An enum without data.
pub(crate) struct Enum<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) generics: &'a Generics,
    pub(crate) variants: Vec<Variant<'a>>,
}

pub(crate) struct Variant<'a> {
    pub(crate) ident: &'a Ident,
    /// The name in the stored data, and where it is said.
    pub(crate) name: (String, Span),
    pub(crate) attrs: Member,
}

/// Where the crate lode is.
pub(crate) fn krate(container: &Container) -> Path {
    container.krate.clone().unwrap_or_else(|| syn::parse_quote!(::lode))
}

pub(crate) fn record<'a>(
    cx: &Ctxt,
    input: &'a DeriveInput,
    container: &Container,
) -> Option<Record<'a>> {
    let fields = named_fields(cx, input, "a record")?;
    let fields = fields.iter().filter_map(|field| {
        let ident = field.ident.as_ref()?;
        let attrs = Member::parse(cx, Place::Field, &field.attrs);
        let plain = ident.unraw().to_string();
        let name = attrs.rename.clone().unwrap_or_else(|| {
            let name = container.rename_all.map(|case| case.of_field(&plain));
            (name.unwrap_or(plain), ident.span())
        });
        Some(Field { ident, ty: &field.ty, name, attrs })
    });
    let name = container.rename.clone().map(|(name, _)| name);
    Some(Record {
        ident: &input.ident,
        generics: &input.generics,
        name: name.unwrap_or_else(|| input.ident.unraw().to_string()),
        default: container.default.clone(),
        denies_unknown_fields: container.denies_unknown_fields,
        fields: fields.collect(),
    })
}

pub(crate) fn enumeration<'a>(
    cx: &Ctxt,
    input: &'a DeriveInput,
    container: &Container,
) -> Option<Enum<'a>> {
    let data = match &input.data {
        Data::Enum(data) => data,
        Data::Struct(data) => {
            cx.error(data.struct_token.span, "`Enum` is for enums: derive `lode::Record` here");
            return None;
        }
        Data::Union(data) => {
            cx.error(data.union_token.span, "a union cannot be stored");
            return None;
        }
    };
    let variants = data.variants.iter().map(|variant| {
        if !matches!(variant.fields, Fields::Unit) {
            let message = "a variant with data cannot be stored: \
                           use a record, or `#[lode(json)]` on the field that holds this enum";
            cx.error_at(&variant.fields, message);
        }
        let attrs = Member::parse(cx, Place::Variant, &variant.attrs);
        let plain = variant.ident.unraw().to_string();
        let name = attrs.rename.clone().unwrap_or_else(|| {
            let name = container.rename_all.map(|case| case.of_variant(&plain));
            (name.unwrap_or(plain), variant.ident.span())
        });
        Variant { ident: &variant.ident, name, attrs }
    });
    let variants = variants.collect();
    Some(Enum { ident: &input.ident, generics: &input.generics, variants })
}

/// The fields of a struct that has names for them; `what` it would be is for the errors.
pub(crate) fn named_fields<'a>(
    cx: &Ctxt,
    input: &'a DeriveInput,
    what: &str,
) -> Option<&'a syn::punctuated::Punctuated<syn::Field, syn::Token![,]>> {
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => return Some(&fields.named),
            Fields::Unnamed(fields) => {
                cx.error_at(fields, format_args!("{what} has named fields: `{{ name: Type }}`"));
            }
            Fields::Unit => {
                let message = format!("{what} has named fields: `{{ name: Type }}`");
                cx.error(input.ident.span(), message);
            }
        },
        Data::Enum(data) => {
            let hint = match what {
                "a record" => ": derive `lode::Enum` for an enum",
                _ => " with named fields, not an enum",
            };
            cx.error(data.enum_token.span, format_args!("{what} is a struct{hint}"));
        }
        Data::Union(data) => {
            cx.error(data.union_token.span, format_args!("{what} is a struct, not a union"));
        }
    }
    None
}
