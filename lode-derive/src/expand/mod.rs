//! From the model to impls. Everything stands in a `const _`, and names only absolute paths.

mod columnar;
mod columns;
mod enumeration;
mod metadata;
mod record;

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::{Attribute, Data, DeriveInput, Meta};

use crate::attr::{Container, Place};
use crate::ctxt::Ctxt;
use crate::{check, fallback, model};

pub(crate) use columnar::stub as columnar_stub;
pub(crate) use metadata::impls as metadata_impls;
pub(crate) use record::on_type;

pub(crate) fn record(input: &DeriveInput) -> TokenStream {
    let cx = Ctxt::default();
    let container = Container::parse(&cx, Place::Record, &input.attrs);
    let krate = model::krate(&container);
    let model = model::record(&cx, input, &container);
    if let Some(model) = &model {
        check::record(&cx, model);
    }
    match (model, cx.into_errors()) {
        (Some(model), None) => wrap(input, record::expand(&model, &krate)),
        (model, errors) => {
            let stub = fallback::record(input, model.as_ref(), &krate);
            [errors.unwrap_or_default(), wrap(input, stub)].into_iter().collect()
        }
    }
}

pub(crate) fn enumeration(input: &DeriveInput) -> TokenStream {
    let cx = Ctxt::default();
    let container = Container::parse(&cx, Place::Enum, &input.attrs);
    let krate = model::krate(&container);
    let model = model::enumeration(&cx, input, &container);
    if let Some(model) = &model {
        check::enumeration(&cx, model);
    }
    match (model, cx.into_errors()) {
        (Some(model), None) => wrap(input, enumeration::expand(&model, &krate)),
        (_, errors) => {
            let stub = fallback::enumeration(input, &krate);
            [errors.unwrap_or_default(), wrap(input, stub)].into_iter().collect()
        }
    }
}

pub(crate) fn metadata(input: &DeriveInput) -> TokenStream {
    let cx = Ctxt::default();
    let container = Container::parse_crate(&cx, Place::Record, &input.attrs);
    let krate = model::krate(&container);
    model::named_fields(&cx, input, "metadata");
    match cx.into_errors() {
        None => wrap(input, metadata::expand(input, &krate)),
        Some(errors) => {
            [errors, wrap(input, fallback::metadata(input, &krate))].into_iter().collect()
        }
    }
}

fn wrap(input: &DeriveInput, items: TokenStream) -> TokenStream {
    let deprecated = says_deprecated(input).then(|| quote! { #[allow(deprecated)] });
    quote! {
        #[doc(hidden)]
        #[allow(unused_qualifications, clippy::all)]
        #deprecated
        const _: () = { #items };
    }
}

/// Whether the type or a part of it is deprecated, or may name what is: the generated code names all of
/// it again. Nobody else gets the attribute, who might forbid it.
fn says_deprecated(input: &DeriveInput) -> bool {
    let says = |attributes: &[Attribute]| {
        attributes.iter().any(|attribute| match &attribute.meta {
            Meta::Path(path) | Meta::NameValue(syn::MetaNameValue { path, .. }) => {
                path.is_ident("deprecated")
            }
            Meta::List(list) if list.path.is_ident("deprecated") => true,
            Meta::List(list) if list.path.is_ident("allow") || list.path.is_ident("expect") => {
                let named = |token| matches!(token, TokenTree::Ident(lint) if lint == "deprecated");
                list.tokens.clone().into_iter().any(named)
            }
            Meta::List(_) => false,
        })
    };
    says(&input.attrs)
        || match &input.data {
            Data::Struct(data) => data.fields.iter().any(|field| says(&field.attrs)),
            Data::Enum(data) => data.variants.iter().any(|variant| says(&variant.attrs)),
            Data::Union(_) => false,
        }
}
