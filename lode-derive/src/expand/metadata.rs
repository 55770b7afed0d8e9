use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Path};

pub(crate) fn expand(input: &DeriveInput, krate: &Path) -> TokenStream {
    impls(input, krate, quote! { #krate::__private::metadata_of(this) })
}

/// `IntoMetadata` for the type and for references to it; `body` makes the metadata of `this`.
pub(crate) fn impls(input: &DeriveInput, krate: &Path, body: TokenStream) -> TokenStream {
    let ident = &input.ident;
    let (impl_generics, ty_generics, bounds) = input.generics.split_for_impl();
    let mut by_reference = input.generics.clone();
    by_reference.params.insert(0, syn::parse_quote!('__lode));
    let (reference_generics, ..) = by_reference.split_for_impl();
    let bounds = if input.generics.type_params().next().is_some() {
        let own = bounds.into_iter().flat_map(|clause| clause.predicates.iter());
        quote! { where #(#own,)* #ident #ty_generics: #krate::__private::Json }
    } else {
        quote! { #bounds }
    };
    quote! {
        #[automatically_derived]
        impl #impl_generics #krate::IntoMetadata for #ident #ty_generics #bounds {
            fn into_metadata(self) -> #krate::Result<#krate::Metadata> {
                let this = &self;
                #body
            }
        }

        #[automatically_derived]
        impl #reference_generics #krate::IntoMetadata for &'__lode #ident #ty_generics #bounds {
            fn into_metadata(self) -> #krate::Result<#krate::Metadata> {
                let this = self;
                #body
            }
        }
    }
}
