//! The handles on a record's columns: a struct of its own, with a field for each stored field.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::{GenericParam, Generics, Path};

use super::record::field_type;
use crate::model::Record;

/// The parts of it that stand in other items.
pub(crate) struct Columns {
    /// The struct, and how it is made.
    pub(crate) items: TokenStream,
    /// Members of the impl of `Record`.
    pub(crate) record: TokenStream,
}

/// The struct names the types of the fields, but asks nothing of them: what is wrong with one is
/// said elsewhere, once.
pub(crate) fn expand(record: &Record<'_>, krate: &Path, bounds: &TokenStream) -> Columns {
    let private = quote! { #krate::__private };
    let name = free_name(record);
    let Record { ident, generics, .. } = record;
    let (impl_generics, ty_generics, _) = generics.split_for_impl();
    let this = quote! { #ident #ty_generics };
    let (parameters, arguments) = parameters(generics);
    let own = without_self(generics.where_clause.to_token_stream(), &this);
    let stored: Vec<_> = record.fields.iter().filter(|field| field.is_stored()).collect();
    let fields = stored.iter().zip(0_u16..).map(|(field, index)| {
        let doc = format!("The column `{}`.", field.name.0);
        // What the compiler says of a name, it says of the record's own field: not twice.
        let mut ident = field.ident.clone();
        ident.set_span(Span::call_site().located_at(ident.span()));
        let ty = match field.is_typed() {
            true => without_self(field.ty.to_token_stream(), &this),
            false => quote! { #private::JsonHandle },
        };
        quote! { #[doc = #doc] pub #ident: #private::ColumnHandle<__Record, #ty, #private::At<__At, #index>> }
    });
    let idents: Vec<_> = stored.iter().map(|field| field.ident).collect();
    let new = quote! {
        #name { #(#idents: #private::ColumnHandle::NEW,)* __of: #private::PhantomData }
    };
    let doc = format!("The columns of `{}`.", record.ident);
    let items = quote! {
        #[doc = #doc]
        #[allow(
            dead_code,
            non_camel_case_types,
            private_interfaces,
        )]
        pub struct #name<__Record, __At, #(#parameters),*> #own {
            #(#fields,)*
            __of: #private::PhantomData<fn() -> (__Record, __At, #this)>,
        }

        #[automatically_derived]
        impl #impl_generics #private::HasColumns for #this #bounds {
            type Columns<__Record: 'static, __At: 'static> =
                #name<__Record, __At, #(#arguments),*>;

            fn columns<__Record: 'static, __At: 'static>(
            ) -> &'static #name<__Record, __At, #(#arguments),*> {
                const { &#new }
            }
        }
    };
    let record = quote! {
        type Columns = #name<Self, #private::Root, #(#arguments),*>;

        fn columns() -> #name<Self, #private::Root, #(#arguments),*> {
            #new
        }
    };
    Columns { items, record }
}

/// What predicates and statistics see of the fields: members of the impl of `Value`.
pub(crate) fn cells(record: &Record<'_>, krate: &Path) -> TokenStream {
    let private = quote! { #krate::__private };
    let stored = || record.fields.iter().filter(|field| field.is_stored());
    let arms = stored().zip(0_u16..).map(|(field, index)| {
        let ident = field.ident;
        match field_type(record, field, krate) {
            Some(ty) => quote! { [#index, rest @ ..] => #ty::cell(&self.#ident, rest), },
            None => quote! { [#index, ..] => #private::Cell::Other, },
        }
    });
    let observed = stored().map(|field| {
        let ident = field.ident;
        match field_type(record, field, krate) {
            Some(ty) => quote! {
                #ty::observe(::core::option::Option::map(this, |this| &this.#ident), to);
            },
            None => quote! {
                #private::Gauges::opaque(to, ::core::option::Option::is_none(&this));
            },
        }
    });
    quote! {
        fn cell(&self, path: &[::core::primitive::u16]) -> #private::Cell<'_> {
            match path {
                #(#arms)*
                _ => #private::Cell::Other,
            }
        }

        fn observe(this: ::core::option::Option<&Self>, to: &mut #private::Gauges) {
            #(#observed)*
        }
    }
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

/// The record's parameters without defaults, and how they are given on.
fn parameters(generics: &Generics) -> (Vec<TokenStream>, Vec<TokenStream>) {
    let parameters = generics.params.iter().map(|parameter| match parameter {
        GenericParam::Type(syn::TypeParam { ident, bounds, .. }) => {
            (quote! { #ident: #bounds }, quote! { #ident })
        }
        GenericParam::Const(syn::ConstParam { ident, ty, .. }) => {
            (quote! { const #ident: #ty }, quote! { #ident })
        }
        GenericParam::Lifetime(syn::LifetimeParam { lifetime, .. }) => {
            (quote! { #lifetime }, quote! { #lifetime })
        }
    });
    parameters.unzip()
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
