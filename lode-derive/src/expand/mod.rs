//! From the model to impls. Everything stands in a `const _`, and names only absolute paths.

mod columnar;
mod columns;
mod enumeration;
mod metadata;
mod record;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

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
        (Some(model), None) => wrap(record::expand(&model, &krate)),
        (model, errors) => {
            let stub = fallback::record(input, model.as_ref(), &krate);
            [errors.unwrap_or_default(), wrap(stub)].into_iter().collect()
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
        (Some(model), None) => wrap(enumeration::expand(&model, &krate)),
        (_, errors) => {
            let stub = fallback::enumeration(input, &krate);
            [errors.unwrap_or_default(), wrap(stub)].into_iter().collect()
        }
    }
}

pub(crate) fn metadata(input: &DeriveInput) -> TokenStream {
    let cx = Ctxt::default();
    let container = Container::parse_crate(&cx, Place::Record, &input.attrs);
    let krate = model::krate(&container);
    model::named_fields(&cx, input, "metadata");
    match cx.into_errors() {
        None => wrap(metadata::expand(input, &krate)),
        Some(errors) => [errors, wrap(fallback::metadata(input, &krate))].into_iter().collect(),
    }
}

fn wrap(items: TokenStream) -> TokenStream {
    quote! {
        #[doc(hidden)]
        #[allow(unused_qualifications, clippy::all)]
        const _: () = { #items };
    }
}
