//! `#[event_error]`: an implementation of `IntoEventError` for a type that is a standard error.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Error, ItemImpl};

use crate::version;

/// Makes an implementation of `StdEventError` and an entry in the list of conversions.
pub(crate) fn expand(args: &TokenStream, item: &TokenStream) -> TokenStream {
    let mut block: ItemImpl = match syn::parse2(item.clone()) {
        Ok(block) => block,
        Err(error) => {
            let error = error.into_compile_error();
            return quote!(#item #error);
        }
    };
    let mistake = if !args.is_empty() {
        Some(Error::new(args.span(), "`#[event_error]` takes no arguments"))
    } else if !block.generics.params.is_empty() {
        let text = "a type is found by `?` only if it has no parameters: write one `impl` for each type";
        Some(Error::new(block.generics.span(), text))
    } else {
        None
    };
    let is_conversion = |(path, _): &(syn::Path, syn::Token![for])| {
        path.segments.last().is_some_and(|last| last.ident == "IntoEventError")
    };
    let mistake = mistake.or_else(|| match &block.trait_ {
        Some(conversion) if is_conversion(conversion) => None,
        _ => Some(Error::new(
            block.self_ty.span(),
            "`#[event_error]` stands in front of an `impl IntoEventError for ..`",
        )),
    });
    if let Some(mistake) = mistake {
        let mistake = mistake.into_compile_error();
        return quote!(#block #mistake);
    }
    let written = block.trait_.as_ref().map(|(path, _)| path.clone());
    let (ty, span) = (block.self_ty.clone(), written.span());
    if let Some((path, _)) = &mut block.trait_ {
        *path = syn::parse_quote_spanned!(span=> ::sio::__private::StdEventError);
    }
    let entry = quote_spanned!(ty.span()=> ::sio::__private::Conversion::of::<#ty>());
    let code = quote! {
        #block
        const _: () = {
            // So that an import of the trait counts as used.
            #[allow(unused_imports)]
            use #written as _;
        };
        ::sio::__private::inventory::submit! { #entry }
    };
    version::checked(&quote!(::sio), ty.span(), &code)
}
