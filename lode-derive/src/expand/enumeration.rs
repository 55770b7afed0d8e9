use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;

use crate::model::Enum;

pub(crate) fn expand(model: &Enum<'_>, krate: &Path) -> TokenStream {
    let ident = model.ident;
    let names: Vec<_> = model.variants.iter().map(|variant| &variant.name.0).collect();
    let variants = model.variants.iter().map(|variant| variant.ident);
    let columnar = super::columnar::enumeration(model, krate);
    quote! {
        #columnar

        #[automatically_derived]
        impl #krate::__private::Value for #ident {
            const TYPE: #krate::__private::Type =
                #krate::__private::Type::Enum(&[#(#names),*]);
            const FLOATS: bool = false;

            fn find_non_finite(
                &self,
            ) -> ::core::option::Option<#krate::__private::String> {
                ::core::option::Option::None
            }
        }

        #[automatically_derived]
        impl #krate::__private::Key for #ident {
            fn text(&self) -> #krate::__private::Cow<'_, str> {
                #krate::__private::Cow::Borrowed(match self {
                    #(Self::#variants => #names,)*
                })
            }
        }
    }
}
