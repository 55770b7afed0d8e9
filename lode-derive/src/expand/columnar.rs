//! How records and enums become columns. The code stands in a macro of lode's, which drops it where
//! lode has no codec with columns.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Index, Path, WhereClause};

use crate::attr::Fallback;
use crate::model::{Enum, Field, Record};

pub(crate) fn record(
    record: &Record<'_>,
    krate: &Path,
    bounds: &Option<WhereClause>,
) -> TokenStream {
    let Record { ident, generics, .. } = record;
    let (impl_generics, ty_generics, _) = generics.split_for_impl();
    let private = quote! { #krate::__private };
    let stored: Vec<_> = record.fields.iter().filter(|field| field.is_stored()).collect();
    let columns: Vec<_> = columns(record, &stored, krate);
    let index: Vec<_> = (0..stored.len()).map(Index::from).collect();
    let name: Vec<_> = stored.iter().map(|field| &field.name.0).collect();
    let own: Vec<_> = stored.iter().map(|field| field.ident).collect();
    let opened = stored.iter().zip(&columns).map(|(field, column)| {
        let name = &field.name.0;
        let aliases = field.attrs.aliases.iter().map(|(alias, _)| alias);
        let default = record.default.is_some() || field.attrs.default.is_some();
        quote! { #column.open(columns, #name, &[#(#aliases),*], #default)? }
    });
    let missing = stored.iter().zip(&columns).map(|(field, column)| {
        fallback(record, field).unwrap_or_else(|| {
            let name = &field.name.0;
            quote! { #column.missing().map_err(|error| error.within(#name))? }
        })
    });
    let skipped = record.fields.iter().filter(|field| !field.is_stored());
    let skipped = skipped.map(|field| {
        let ident = field.ident;
        let value = fallback(record, field).unwrap_or_else(default_of_type);
        quote! { #ident: #value, }
    });
    let modules = modules(record, &stored, krate, bounds);
    quote! {
        #private::columnar! {
            #[allow(unused_imports)]
            use #private::{Improper as _, Proper as _};

            #[automatically_derived]
            impl #impl_generics #private::Columnar for #ident #ty_generics #bounds {
                type Builder = #private::StructBuilder<Self>;
                type Reader = #private::StructReader<Self>;

                fn data_type(options: &#private::ColumnOptions) -> #private::DataType {
                    #private::struct_type::<Self>(options)
                }
            }

            #[automatically_derived]
            impl #impl_generics #private::Columns for #ident #ty_generics #bounds {
                fn fields(options: &#private::ColumnOptions) -> #private::Vec<#private::ArrowField> {
                    ::core::convert::From::from([#(#columns.field(#name, options)),*])
                }

                fn builder(
                    options: &#private::ColumnOptions,
                ) -> #private::Box<dyn #private::RowBuilder<Self>> {
                    #private::row_builder::<Self, _>(
                        (#(#columns.builder(options),)*),
                        |builders, record| {
                            ::core::result::Result::Ok(0 #(
                                + #private::Push::push(&mut builders.#index, &record.#own)
                                    .map_err(|error| error.within(#name))?
                            )*)
                        },
                        |builders| {
                            0 #(+ #private::ColumnBuilder::push_null(&mut builders.#index))*
                        },
                        |builders| {
                            ::core::result::Result::Ok(::core::convert::From::from([
                                #(#private::ColumnBuilder::finish(&mut builders.#index)?),*
                            ]))
                        },
                    )
                }

                fn reader(
                    columns: &#private::Found<'_>,
                ) -> ::core::result::Result<
                    #private::Box<dyn #private::RowReader<Self>>,
                    #private::ColumnError,
                > {
                    ::core::result::Result::Ok(#private::row_reader::<Self, _>(
                        (#(#opened,)*),
                        |readers, row| {
                            ::core::result::Result::Ok(Self {
                                #(
                                    #own: match &readers.#index {
                                        ::core::option::Option::Some(column) => {
                                            #private::Read::read(column, row)
                                                .map_err(|error| error.within(#name))?
                                        }
                                        ::core::option::Option::None => #missing,
                                    },
                                )*
                                #(#skipped)*
                            })
                        },
                    ))
                }
            }

            #modules
        }
    }
}

/// What makes the column of each field. Those that the traits judge ask nothing of their types.
fn columns(record: &Record<'_>, stored: &[&Field<'_>], krate: &Path) -> Vec<TokenStream> {
    let (_, ty_generics, _) = record.generics.split_for_impl();
    let ident = record.ident;
    let private = quote! { #krate::__private };
    let mut modules = 0_usize..;
    let column = |field: &&Field<'_>| {
        let ty = field.ty;
        let column = match &field.attrs.with {
            _ if field.is_typed() => return quote! { (&#private::Probe::<#ty>::NEW) },
            None => quote! { #private::JsonColumn<#ty> },
            Some(_) => {
                let module = modules.next();
                quote! { #private::JsonWith<#ident #ty_generics, #module> }
            }
        };
        quote! { (&#private::Exactly::<#column, #ty>::NEW) }
    };
    stored.iter().map(column).collect()
}

/// The modules of `#[serde(with = "…")]`, in the order in which [`columns`] numbers them.
fn modules(
    record: &Record<'_>,
    stored: &[&Field<'_>],
    krate: &Path,
    bounds: &Option<WhereClause>,
) -> TokenStream {
    let (impl_generics, ty_generics, _) = record.generics.split_for_impl();
    let ident = record.ident;
    let with = stored.iter().filter_map(|field| Some((field.ty, &field.attrs.with.as_ref()?.0)));
    let impls = with.enumerate().map(|(module, (ty, path))| {
        quote! {
            #[automatically_derived]
            impl #impl_generics #krate::__private::With<#module> for #ident #ty_generics #bounds {
                type Value = #ty;

                fn serialize<__S: #krate::__private::Serializer>(
                    value: &#ty,
                    serializer: __S,
                ) -> ::core::result::Result<__S::Ok, __S::Error> {
                    #path::serialize(value, serializer)
                }

                fn deserialize<'__de, __D: #krate::__private::Deserializer<'__de>>(
                    deserializer: __D,
                ) -> ::core::result::Result<#ty, __D::Error> {
                    #path::deserialize(deserializer)
                }
            }
        }
    });
    impls.collect()
}

/// Whether the field is the default value of its type where the stored data lack it.
pub(crate) fn falls_back_to_type(record: &Record<'_>, field: &Field<'_>) -> bool {
    match (&field.attrs.default, &record.default) {
        (Some(Fallback::OfType), _) => true,
        (Some(Fallback::Call(_)), _) | (None, Some(_)) => false,
        (None, None) => !field.is_stored(),
    }
}

fn default_of_type() -> TokenStream {
    quote! { ::core::default::Default::default() }
}

/// What the attributes say the field is where the stored data lack it.
fn fallback(record: &Record<'_>, field: &Field<'_>) -> Option<TokenStream> {
    let ident = field.ident;
    Some(match (&field.attrs.default, &record.default) {
        (Some(Fallback::OfType), _) => default_of_type(),
        (Some(Fallback::Call(path)), _) => quote! { #path() },
        (None, Some(Fallback::OfType)) => {
            quote! { <Self as ::core::default::Default>::default().#ident }
        }
        (None, Some(Fallback::Call(path))) => {
            quote! { { let record: Self = #path(); record.#ident } }
        }
        (None, None) => return None,
    })
}

pub(crate) fn enumeration(model: &Enum<'_>, krate: &Path) -> TokenStream {
    let ident = model.ident;
    let private = quote! { #krate::__private };
    let index: Vec<_> = (0..model.variants.len()).collect();
    let variants: Vec<_> = model.variants.iter().map(|variant| variant.ident).collect();
    let names: Vec<_> = model.variants.iter().map(|variant| &variant.name.0).collect();
    let all_names = model.variants.iter().map(|variant| {
        // An alias may repeat the variant's own name.
        let mut names = vec![&variant.name.0];
        for (alias, _) in &variant.attrs.aliases {
            if !names.contains(&alias) {
                names.push(alias);
            }
        }
        quote! { #(#names)|* }
    });
    quote! {
        #private::columnar! {
            #[automatically_derived]
            impl #private::Columnar for #ident {
                type Builder = #private::NamesBuilder<Self>;
                type Reader = #private::NamesReader<Self>;

                fn data_type(_: &#private::ColumnOptions) -> #private::DataType {
                    #private::names_type()
                }
            }

            #[automatically_derived]
            impl #private::Names for #ident {
                const NAMES: &'static [&'static str] = &[#(#names),*];

                fn position(name: &str) -> ::core::option::Option<usize> {
                    match name {
                        #(#all_names => ::core::option::Option::Some(#index),)*
                        _ => ::core::option::Option::None,
                    }
                }

                #[inline]
                fn index(&self) -> usize {
                    match self {
                        #(Self::#variants => #index,)*
                    }
                }

                #[inline]
                fn at(index: usize) -> ::core::option::Option<Self> {
                    match index {
                        #(#index => ::core::option::Option::Some(Self::#variants),)*
                        _ => ::core::option::Option::None,
                    }
                }
            }
        }
    }
}

/// Beside the stubs of a type with an error.
pub(crate) fn stub(input: &syn::DeriveInput, krate: &Path, bounds: &TokenStream) -> TokenStream {
    let ident = &input.ident;
    let (impl_generics, ty_generics, _) = input.generics.split_for_impl();
    let private = quote! { #krate::__private };
    quote! {
        #private::columnar! {
            #[automatically_derived]
            impl #impl_generics #private::Columnar for #ident #ty_generics #bounds {
                type Builder = #private::Stub;
                type Reader = #private::Stub;

                fn data_type(_: &#private::ColumnOptions) -> #private::DataType {
                    #private::DataType::Null
                }
            }
        }
    }
}
