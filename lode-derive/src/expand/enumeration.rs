use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;

use crate::model::Enum;

pub(crate) fn expand(model: &Enum<'_>, krate: &Path) -> TokenStream {
    let ident = model.ident;
    let names: Vec<_> = model.variants.iter().map(|variant| &variant.name.0).collect();
    let schemas = model.variants.iter().map(|variant| {
        let name = &variant.name.0;
        let aliases = variant.attrs.aliases.iter().map(|(alias, _)| alias);
        quote! {
            #krate::__private::VariantSchema { name: #name, aliases: &[#(#aliases),*] }
        }
    });
    let variants = model.variants.iter().map(|variant| variant.ident);
    let columnar = super::columnar::enumeration(model, krate);
    quote! {
        #columnar

        #[automatically_derived]
        impl #krate::__private::Value for #ident {
            const TYPE: #krate::__private::Type =
                #krate::__private::Type::Enum(&[#(#schemas),*]);
            const FLOATS: bool = false;

            fn find_misfit(&self) -> ::core::option::Option<#krate::__private::Misfit> {
                ::core::option::Option::None
            }

            #[inline]
            fn cell(&self, _: &[::core::primitive::u16]) -> #krate::__private::Cell<'_> {
                #krate::__private::Cell::Name(#krate::__private::name_of(self))
            }

            #[inline]
            fn observe(
                this: ::core::option::Option<&Self>,
                to: &mut #krate::__private::Gauges,
            ) {
                #krate::__private::observe_name(this, to);
            }
        }

        #[automatically_derived]
        impl #krate::__private::Comparable for #ident {
            type Query<'__q> = Self;

            fn literal(query: Self) -> #krate::__private::Literal {
                #krate::__private::name_literal(&query)
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
