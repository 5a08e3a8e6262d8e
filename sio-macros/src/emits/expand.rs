//! Meaning to tokens: for each event a method that is one call, and an entry in the list.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::check::{Emits, Event};
use crate::names;
use crate::namespace::Name;
use crate::span::at;
use crate::version;

pub(super) fn emits(emits: &Emits) -> TokenStream {
    let Emits { krate, attrs, vis, ident, .. } = emits;
    let cfgs: Vec<_> = emits.cfgs().collect();
    let here = at(ident.span());
    let namespaces = namespaces(emits);
    let methods = emits.events.iter().map(|event| method(krate, &namespaces, event));
    let list = emits.namespaces.as_ref().map(|_| list(emits, &namespaces));
    let used = emits.event_paths.marks();
    let code = quote_spanned! {here=>
        #(#attrs)*
        #vis trait #ident: #krate::__private::Emit {
            #(#methods)*
        }

        #(#cfgs)*
        const _: () = {
            #used

            #[automatically_derived]
            impl<__Handle: #krate::__private::Emit + ?::core::marker::Sized> #ident for __Handle {}

            #list
        };
    };
    version::checked(krate, here, &code)
}

/// `&["/a", "/b"]`; empty after a mistake in the attribute, which is reported already.
fn namespaces(emits: &Emits) -> TokenStream {
    let names = emits.namespaces.iter().flatten().map(literal);
    quote_spanned!(at(Span::call_site())=> &[#(#names),*])
}

fn literal(name: &Name) -> Literal {
    let mut literal = Literal::string(&name.text);
    literal.set_span(at(name.span));
    literal
}

fn method(krate: &TokenStream, namespaces: &TokenStream, event: &Event) -> TokenStream {
    let Event { attrs, ident, name, args, answer } = event;
    let span = at(ident.span());
    let name = literal(name);
    let params = args.iter().map(|(name, ty)| quote!(#name: #ty));
    // The user's names at the places of their types, in a tuple that the compiler takes for the user's as well: so it
    // finds the argument that it complains about.
    let values = args.iter().map(|(name, ty)| {
        let mut value = name.clone();
        value.set_span(ty.span().resolved_at(name.span()));
        value
    });
    let args = quote_spanned!(ident.span()=> (#(#values,)*));
    let this = Ident::new("self", span);
    let (output, condition, body) = match answer {
        None => (
            quote_spanned!(span=> #krate::__private::Result<(), <Self as #krate::__private::Emit>::Error>),
            TokenStream::new(),
            quote_spanned! {span=>
                let __encoded = #krate::__private::Emit::__encode(#this, &__EVENT, #args);
                #krate::__private::Emit::__emit(#this, __encoded)
            },
        ),
        Some(ty) => {
            let decode = quote_spanned!(at(ty.span())=> <Self as #krate::__private::Ask>::__answer::<#ty>);
            (
                quote_spanned!(span=> <Self as #krate::__private::Ask>::Answer<#ty>),
                quote_spanned!(span=> where Self: #krate::__private::Ask),
                quote_spanned! {span=>
                    let __question = #krate::__private::Ask::__question(#this, &__EVENT, #args);
                    async move { #decode(#krate::__private::Ask::__ask(#this, __question).await) }
                },
            )
        }
    };
    quote_spanned! {span=>
        #(#attrs)*
        #[allow(clippy::too_many_arguments)]
        fn #ident(&#this, #(#params),*)
            -> impl ::core::future::Future<Output = #output> + ::core::marker::Send
        #condition
        {
            const __EVENT: #krate::__private::Declared = #krate::__private::Declared::new(#namespaces, #name);
            #body
        }
    }
}

/// The entry of the trait in the list of declarations.
fn list(emits: &Emits, namespaces: &TokenStream) -> TokenStream {
    let Emits { krate, ident, .. } = emits;
    let here = at(ident.span());
    let name = ident.unraw().to_string();
    let events = emits.events.iter().map(|event| {
        let cfgs = event.cfgs();
        let span = at(event.ident.span());
        let name = literal(&event.name);
        let docs = names::docs(&event.attrs);
        let args = event.args.iter().map(|(name, ty)| {
            let name = name.unraw().to_string();
            quote_spanned!(at(ty.span())=> #name: #ty)
        });
        let answer = event.answer.iter().map(|ty| quote_spanned!(at(ty.span())=> -> #ty).into_token_stream());
        quote_spanned!(span=> #(#cfgs)* #krate::__private::sent_event!(#name, #docs, [#(#args),*] #(#answer)*))
    });
    quote_spanned! {here=>
        #krate::__private::inventory::submit! {
            #krate::__private::Emits::new(
                ::core::concat!(::core::module_path!(), "::", #name),
                #namespaces,
                &[#(#events),*],
            )
        }
    }
}
