use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{GenericParam, Generics, Ident, Path, Type, WhereClause};

use super::columns;
use crate::attr::Fallback;
use crate::model::{Field, Record};

pub(crate) fn expand(record: &Record<'_>, krate: &Path) -> TokenStream {
    let Record { ident, generics, name, denies_unknown_fields, .. } = record;
    let (impl_generics, ty_generics, _) = generics.split_for_impl();
    let bounds = bounds(record, krate);
    let fields = record.fields.iter().filter(|field| field.is_stored());
    let schemas = fields.clone().map(|field| schema(record, field, krate));
    let fields = fields.filter(|field| matches!(field.judge(), Some("Field") | None));
    let floats = fields.clone().map(|field| {
        if field.is_typed() {
            let field_trait = on_type(field.ty, krate, "Field");
            quote! { #field_trait::FLOATS }
        } else {
            quote! { true }
        }
    });
    let searches = fields.map(|field| search(field, krate));
    let timestamp = timestamp(record, krate);
    let order = order(record, krate);
    let partitioned = partitioned(record, krate, &bounds);
    let columns::Columns { items, record: columns } =
        columns::expand(record, krate, &bounds.to_token_stream());
    let cells = columns::cells(record, krate);
    let columnar = super::columnar::record(record, krate, &bounds);
    // The compiler looks at a constant of an impl only where it is used.
    let evaluated = generics.params.is_empty().then(|| {
        quote! {
            const _: #krate::__private::Schema = #krate::__private::schema_of::<#ident>(#name);
        }
    });
    quote! {
        #[automatically_derived]
        impl #impl_generics #krate::__private::Value for #ident #ty_generics #bounds {
            const TYPE: #krate::__private::Type =
                #krate::__private::Type::Struct {
                    fields: &[#(#schemas),*],
                    denies_unknown_fields: #denies_unknown_fields,
                };
            const FLOATS: bool = false #(|| #floats)*;

            #[inline]
            fn find_misfit(&self) -> ::core::option::Option<#krate::__private::Misfit> {
                #(#searches)*
                ::core::option::Option::None
            }

            #cells
        }

        #[automatically_derived]
        impl #impl_generics #krate::__private::Record for #ident #ty_generics #bounds {
            const SCHEMA: #krate::__private::Schema =
                #krate::__private::schema_of::<Self>(#name);

            #timestamp
            #order

            #[inline]
            fn misfit(&self) -> ::core::option::Option<#krate::__private::Misfit> {
                #krate::__private::misfit_of(self)
            }

            #columns
        }

        #items
        #partitioned
        #columnar
        #evaluated
    }
}

/// `<Ty as Trait>` at the place of the type, so that an error about the type stands there.
pub(crate) fn on_type(ty: &Type, krate: &Path, name: &str) -> TokenStream {
    let span = ty.span();
    let name = Ident::new(name, span);
    quote_spanned! {span=> <#ty as #krate::__private::#name> }
}

/// The type of a field as a `Field`, by the trait that judges it: an error about the type is then
/// the same wherever it is found, and so is reported once. `None` if it is stored as JSON.
pub(crate) fn field_type(
    record: &Record<'_>,
    field: &Field<'_>,
    krate: &Path,
) -> Option<TokenStream> {
    let judge = field.judge()?;
    let is_of_parameter = mentions(field.ty.to_token_stream(), &type_parameters(record.generics));
    let judge = if is_of_parameter { "Field" } else { judge };
    Some(on_type(field.ty, krate, judge))
}

/// What must hold for the impls: for a type with parameters, that its fields can be stored, and that
/// those which the stored data may lack have a default; for others the body of the impl says it, with
/// better errors.
pub(crate) fn bounds(record: &Record<'_>, krate: &Path) -> Option<WhereClause> {
    let own = record.generics.where_clause.as_ref();
    let parameters = type_parameters(record.generics);
    if parameters.is_empty() {
        return own.cloned();
    }
    let predicates = own.into_iter().flat_map(|clause| clause.predicates.iter());
    let fields = record
        .fields
        .iter()
        .filter(|field| field.is_stored() && mentions(field.ty.to_token_stream(), &parameters));
    let fields = fields.flat_map(|field| {
        let ty = field.ty;
        let own = if field.is_typed() { Some("Field") } else { None };
        let json = (own.is_none() && field.attrs.with.is_none()).then_some("JsonField");
        let wanted = own.into_iter().chain(json).chain(field.judges());
        wanted.map(move |name| {
            let span = ty.span();
            let name = Ident::new(name, span);
            quote_spanned! {span=> #ty: #krate::__private::#name }
        })
    });
    let defaults = record.fields.iter().filter(|field| {
        super::columnar::falls_back_to_type(record, field)
            && mentions(field.ty.to_token_stream(), &parameters)
    });
    let defaults = defaults.map(|field| {
        let ty = field.ty;
        quote_spanned! {ty.span()=> #ty: ::core::default::Default }
    });
    let whole = matches!(record.default, Some(Fallback::OfType))
        .then(|| quote! { Self: ::core::default::Default, });
    Some(syn::parse_quote! {
        where
            #(#predicates,)*
            #(#fields,)*
            #(#defaults,)*
            #whole
            Self: #krate::__private::Storable
    })
}

fn type_parameters(generics: &Generics) -> Vec<&Ident> {
    let parameters = generics.params.iter().filter_map(|parameter| match parameter {
        GenericParam::Type(parameter) => Some(&parameter.ident),
        GenericParam::Lifetime(_) | GenericParam::Const(_) => None,
    });
    parameters.collect()
}

fn mentions(tokens: TokenStream, parameters: &[&Ident]) -> bool {
    tokens.into_iter().any(|token| match token {
        proc_macro2::TokenTree::Ident(ident) => parameters.contains(&&ident),
        proc_macro2::TokenTree::Group(group) => mentions(group.stream(), parameters),
        _ => false,
    })
}

fn schema(record: &Record<'_>, field: &Field<'_>, krate: &Path) -> TokenStream {
    let name = &field.name.0;
    let aliases = field.attrs.aliases.iter().map(|(alias, _)| alias);
    let default = record.default.is_some() || field.attrs.default.is_some();
    let stored = match field.judge() {
        Some(judge) => {
            let judge = on_type(field.ty, krate, judge);
            quote! { #judge::STORED }
        }
        None => quote! { #krate::__private::JSON },
    };
    quote! { #krate::__private::field(#name, #stored, &[#(#aliases),*], #default) }
}

fn search(field: &Field<'_>, krate: &Path) -> TokenStream {
    let Field { ident, ty, .. } = field;
    let name = &field.name.0;
    let (condition, misfit) = match (field.is_typed(), &field.attrs.with) {
        (true, _) => {
            let field_trait = on_type(ty, krate, "Field");
            (quote! { #field_trait::FLOATS }, quote! { #field_trait::find_misfit(&self.#ident) })
        }
        (false, Some((with, _))) => (
            quote! { true },
            quote! {
                #krate::__private::json_misfit_with(
                    |finder| #with::serialize(&self.#ident, finder),
                )
            },
        ),
        (false, None) => (quote! { true }, quote! { #krate::__private::json_misfit(&self.#ident) }),
    };
    quote! {
        if #condition {
            if let ::core::option::Option::Some(misfit) = #misfit {
                return ::core::option::Option::Some(#krate::__private::join(#name, misfit));
            }
        }
    }
}

fn timestamp(record: &Record<'_>, krate: &Path) -> Option<TokenStream> {
    let field = record.fields.iter().find(|field| field.attrs.timestamp.is_some())?;
    let time = on_type(field.ty, krate, "TimeField");
    let ident = field.ident;
    let name = &field.name.0;
    Some(quote! {
        const TIMESTAMP: ::core::option::Option<&'static str> =
            ::core::option::Option::Some(#name);

        fn timestamp(
            &self,
        ) -> ::core::option::Option<#krate::__private::DateTime<#krate::__private::Utc>> {
            #time::utc(&self.#ident)
        }
    })
}

/// What `#[lode(sort)]` and `#[lode(bloom)]` say.
fn order(record: &Record<'_>, krate: &Path) -> TokenStream {
    let fields = || record.fields.iter();
    let sort: Vec<_> = fields().filter(|field| field.attrs.sort.is_some()).collect();
    let sort = (!sort.is_empty()).then(|| {
        let names = sort.iter().map(|field| &field.name.0);
        let compared = sort.iter().map(|field| {
            let sorted = on_type(field.ty, krate, "SortField");
            let ident = field.ident;
            quote! { .then_with(|| #sorted::order(&self.#ident, &other.#ident)) }
        });
        quote! {
            const SORT: &'static [&'static str] = &[#(#names),*];

            #[inline]
            fn compare(&self, other: &Self) -> #krate::__private::Ordering {
                #krate::__private::Ordering::Equal #(#compared)*
            }
        }
    });
    let bloom: Vec<_> = fields().filter(|field| field.attrs.bloom.is_some()).collect();
    let bloom = (!bloom.is_empty()).then(|| {
        let names = bloom.iter().map(|field| {
            let bloomed = on_type(field.ty, krate, "BloomField");
            let name = &field.name.0;
            quote! { { let _ = #bloomed::STORED; #name } }
        });
        quote! { const BLOOM: &'static [&'static str] = &[#(#names),*]; }
    });
    quote! { #sort #bloom }
}

fn partitioned(
    record: &Record<'_>,
    krate: &Path,
    bounds: &Option<WhereClause>,
) -> Option<TokenStream> {
    let keys: Vec<_> =
        record.fields.iter().filter_map(|field| Some((field, field.key()?))).collect();
    if keys.is_empty() {
        return None;
    }
    let names = keys.iter().map(|(_, (key, ..))| key);
    let arms = keys.iter().enumerate().map(|(index, (field, (_, partition, _)))| {
        let ident = field.ident;
        let text = match partition.part() {
            None => {
                let key = on_type(field.ty, krate, "KeyField");
                quote! { #key::text(&self.#ident) }
            }
            Some(part) => {
                let time = on_type(field.ty, krate, "TimeField");
                let part = format_ident!("{part}_text", span = Span::call_site());
                quote! { #time::utc(&self.#ident).map(#krate::__private::#part) }
            }
        };
        quote! { #index => #text, }
    });
    let Record { ident, generics, .. } = record;
    let (impl_generics, ty_generics, _) = generics.split_for_impl();
    Some(quote! {
        #[automatically_derived]
        impl #impl_generics #krate::__private::Partitioned for #ident #ty_generics #bounds {
            const KEYS: &'static [&'static str] = &[#(#names),*];

            fn partition_value(
                &self,
                index: usize,
            ) -> ::core::option::Option<#krate::__private::Cow<'_, str>> {
                match index {
                    #(#arms)*
                    _ => ::core::option::Option::None,
                }
            }
        }
    })
}
