//! The handles on a record's columns: a struct of its own, with a field for each stored field.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::{GenericParam, Generics, Path};

use super::record::{field_type, of_parameters};
use crate::model::{Field, Record};

/// The parts of it that stand in other items.
pub(crate) struct Columns {
    /// The struct, and how it is made.
    pub(crate) items: TokenStream,
    /// Members of the impl of `Value`.
    pub(crate) value: TokenStream,
    /// Members of the impl of `Record`.
    pub(crate) record: TokenStream,
}

pub(crate) fn expand(record: &Record<'_>, krate: &Path) -> Columns {
    let private = quote! { #krate::__private };
    let name = free_name(record);
    let Record { ident, generics, .. } = record;
    let (_, ty_generics, _) = generics.split_for_impl();
    let this = quote! { #ident #ty_generics };
    let own = with_root(generics);
    let (own_generics, ..) = own.split_for_impl();
    let bounds = of_parameters(record, krate).map(|bounds| without_self(quote! { #bounds }, &this));
    let arguments = generics.params.iter().map(|parameter| match parameter {
        GenericParam::Type(parameter) => parameter.ident.to_token_stream(),
        GenericParam::Const(parameter) => parameter.ident.to_token_stream(),
        GenericParam::Lifetime(parameter) => parameter.lifetime.to_token_stream(),
    });
    let arguments: Vec<_> = arguments.collect();

    let stored: Vec<_> = record.fields.iter().filter(|field| field.is_stored()).collect();
    let fields = stored.iter().map(|field| {
        let doc = format!("The column `{}`.", field.name.0);
        let ident = field.ident;
        let ty = match field_type(record, field, krate) {
            Some(field) => quote! { #field::Handle<__Root> },
            None => quote! { #private::ColumnHandle<__Root, #private::JsonHandle> },
        };
        let ty = without_self(ty, &this);
        quote! { #[doc = #doc] pub #ident: #ty }
    });
    let made = stored.iter().enumerate().map(|(index, field)| {
        let ident = field.ident;
        let path = match u16::try_from(index) {
            Ok(index) => quote! { #private::Path::field(path, #index) },
            Err(_) => quote! { path },
        };
        let made = match field_type(record, field, krate) {
            Some(field) => quote! { #field::handle::<__Root>(#path) },
            None => quote! { #private::ColumnHandle::at(#path) },
        };
        quote! { #ident: #made }
    });
    let cells = stored.iter().enumerate().map(|(index, field)| cell(record, field, index, krate));
    let doc = format!("The columns of `{}`.", record.ident);
    let items = quote! {
        #[doc = #doc]
        #[allow(
            dead_code,
            missing_copy_implementations,
            missing_debug_implementations,
            non_camel_case_types,
            private_bounds,
            private_interfaces,
        )]
        pub struct #name #own_generics #bounds {
            #(#fields,)*
            __record: #private::PhantomData<fn() -> (__Root, #this)>,
        }
    };
    let value = quote! {
        type Handle<__Root> = #private::Nested<__Root, #name<__Root, #(#arguments),*>>;

        fn handle<__Root>(path: #private::Path) -> Self::Handle<__Root> {
            let fields = #name { #(#made,)* __record: #private::PhantomData };
            #private::Nested::at(path, fields)
        }

        fn cell(&self, path: &[::core::primitive::u16]) -> #private::Cell<'_> {
            match path {
                #(#cells,)*
                _ => #private::Cell::Other,
            }
        }
    };
    let record = quote! {
        type Columns = #name<Self, #(#arguments),*>;

        fn columns() -> <Self as #private::Record>::Columns {
            #private::Nested::into_fields(
                <Self as #private::Value>::handle::<Self>(#private::Path::ROOT),
            )
        }
    };
    Columns { items, value, record }
}

fn cell(record: &Record<'_>, field: &Field<'_>, index: usize, krate: &Path) -> TokenStream {
    let Ok(index) = u16::try_from(index) else {
        return quote! { [] => #krate::__private::Cell::Other };
    };
    let ident = field.ident;
    let cell = match field_type(record, field, krate) {
        Some(field) => quote! { #field::cell(&self.#ident, rest) },
        None => quote! {{ let _ = rest; #krate::__private::Cell::Other }},
    };
    quote! { [#index, rest @ ..] => #cell }
}

/// A name for the struct that no type of a field has: it would hide that one.
fn free_name(record: &Record<'_>) -> Ident {
    let mut name = format_ident!("{}Columns", record.ident, span = Span::call_site());
    let generics = record.generics;
    let bounds = &generics.where_clause;
    let types = record.fields.iter().map(|field| field.ty.to_token_stream());
    let tokens: TokenStream = types.chain([quote! { #generics #bounds }]).collect();
    while holds(tokens.clone(), &name) {
        name = format_ident!("{name}_");
    }
    name
}

fn holds(tokens: TokenStream, name: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => holds(group.stream(), name),
        _ => false,
    })
}

/// The record's parameters without defaults, after one for the record that the columns belong to.
fn with_root(generics: &Generics) -> Generics {
    let mut own = generics.clone();
    for parameter in &mut own.params {
        match parameter {
            GenericParam::Type(parameter) => {
                parameter.attrs.clear();
                parameter.default = None;
            }
            GenericParam::Const(parameter) => {
                parameter.attrs.clear();
                parameter.default = None;
            }
            GenericParam::Lifetime(parameter) => parameter.attrs.clear(),
        }
    }
    own.where_clause = None;
    own.params.insert(0, syn::parse_quote!(__Root));
    own
}

/// The same tokens, where `Self` is another type.
fn without_self(tokens: TokenStream, this: &TokenStream) -> TokenStream {
    let replaced = tokens.into_iter().map(|token| match token {
        TokenTree::Ident(ident) if ident == "Self" => quote! { #this },
        TokenTree::Group(group) => {
            let mut inner = Group::new(group.delimiter(), without_self(group.stream(), this));
            inner.set_span(group.span());
            TokenTree::Group(inner).into()
        }
        token => token.into(),
    });
    replaced.collect()
}
