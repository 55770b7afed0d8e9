//! Stub impls beside errors, so that the compiler does not report missing impls as well. The
//! program does not compile, so nothing ever runs them.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Path};

use crate::expand;
use crate::model::Record;

pub(crate) fn record(input: &DeriveInput, model: Option<&Record<'_>>, krate: &Path) -> TokenStream {
    if matches!(input.data, Data::Union(_)) {
        return TokenStream::new();
    }
    let ident = &input.ident;
    let (impl_generics, ty_generics, own) = input.generics.split_for_impl();
    let bounds = if input.generics.params.is_empty() {
        quote! { #own }
    } else {
        let own = own.into_iter().flat_map(|clause| clause.predicates.iter());
        quote! {
            where
                #(#own,)*
                Self: #krate::__private::Storable
        }
    };
    let types = model.filter(|_| input.generics.params.is_empty()).map(|model| types(model, krate));
    let partitioned = may_be_partitioned(model).then(|| {
        quote! {
            #[automatically_derived]
            impl #impl_generics #krate::__private::Partitioned for #ident #ty_generics #bounds {
                const KEYS: &'static [&'static str] = &[];

                fn partition_value(
                    &self,
                    _: usize,
                ) -> ::core::option::Option<#krate::__private::Cow<'_, str>> {
                    ::core::option::Option::None
                }
            }
        }
    });
    let columnar = expand::columnar_stub(input, krate, &bounds);
    quote! {
        #types
        #columnar

        #[automatically_derived]
        impl #impl_generics #krate::__private::Record for #ident #ty_generics #bounds {
            const SCHEMA: #krate::__private::Schema = #krate::__private::Schema::new("", &[]);

            fn misfit(&self) -> ::core::option::Option<#krate::__private::Misfit> {
                ::core::option::Option::None
            }

            type Columns = ();

            fn columns() {}
        }

        #[automatically_derived]
        impl #impl_generics #krate::__private::Value for #ident #ty_generics #bounds {
            const TYPE: #krate::__private::Type = #krate::__private::Type::Struct {
                fields: &[],
                denies_unknown_fields: false,
            };
            const FLOATS: bool = false;

            fn find_misfit(&self) -> ::core::option::Option<#krate::__private::Misfit> {
                ::core::option::Option::None
            }

            fn cell(&self, _: &[::core::primitive::u16]) -> #krate::__private::Cell<'_> {
                #krate::__private::Cell::Other
            }

            fn observe(
                _: ::core::option::Option<&Self>,
                _: &mut #krate::__private::Gauges,
            ) {
            }
        }

        #partitioned
    }
}

fn may_be_partitioned(model: Option<&Record<'_>>) -> bool {
    model.is_none_or(|model| model.fields.iter().any(|field| field.attrs.partition.is_some()))
}

/// Has the types of the fields judged all the same, so that these mistakes are reported too.
fn types(model: &Record<'_>, krate: &Path) -> TokenStream {
    let judged = model.fields.iter().flat_map(|field| {
        let others = field.judges().into_iter().skip(1);
        field.judge().into_iter().chain(others).map(move |judge| (field.ty, judge))
    });
    let stored = judged.map(|(ty, judge)| {
        let judge = expand::on_type(ty, krate, judge);
        quote! { const _: #krate::__private::Element = #judge::STORED; }
    });
    quote! { #(#stored)* }
}

pub(crate) fn enumeration(input: &DeriveInput, krate: &Path) -> TokenStream {
    let ident = &input.ident;
    let (impl_generics, ty_generics, bounds) = input.generics.split_for_impl();
    let columnar = expand::columnar_stub(input, krate, &quote! { #bounds });
    quote! {
        #columnar

        #[automatically_derived]
        impl #impl_generics #krate::__private::Value for #ident #ty_generics #bounds {
            const TYPE: #krate::__private::Type = #krate::__private::Type::Enum(&[]);
            const FLOATS: bool = false;

            fn find_misfit(&self) -> ::core::option::Option<#krate::__private::Misfit> {
                ::core::option::Option::None
            }

            fn cell(&self, _: &[::core::primitive::u16]) -> #krate::__private::Cell<'_> {
                #krate::__private::Cell::Other
            }

            fn observe(
                _: ::core::option::Option<&Self>,
                _: &mut #krate::__private::Gauges,
            ) {
            }
        }

        #[automatically_derived]
        impl #impl_generics #krate::__private::Key for #ident #ty_generics #bounds {
            fn text(&self) -> #krate::__private::Cow<'_, str> {
                #krate::__private::Cow::Borrowed("")
            }
        }

        #[automatically_derived]
        impl #impl_generics #krate::__private::Comparable for #ident #ty_generics #bounds {
            type Query<'__q> = Self;

            fn literal(_: Self) -> #krate::__private::Literal {
                #krate::__private::Literal::Bool(false)
            }
        }
    }
}

pub(crate) fn metadata(input: &DeriveInput, krate: &Path) -> TokenStream {
    expand::metadata_impls(
        input,
        krate,
        quote! {{
            let _ = this;
            ::core::result::Result::Ok(#krate::Metadata::empty())
        }},
    )
}
