//! The fields of a consumer that are sets of handlers.
//!
//! The attribute sees no types, so a function for each field finds the type of its set: everything else follows from it.
//! It is also the only place where the compiler complains if there is no such field, or if the field is no set.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Ident, Member};

use super::at;
use crate::model::Consumer;

/// The sets of a consumer, each with the function that finds it.
pub(super) struct Sets<'a> {
    consumer: &'a Consumer,
    all: Vec<(&'a Member, Ident)>,
}

impl<'a> Sets<'a> {
    pub(super) fn of(consumer: &'a Consumer) -> Self {
        let sets = consumer.sets.iter().enumerate();
        let all = sets.map(|(index, field)| (field, format_ident!("__set{index}", span = at(field.span()))));
        Self { consumer, all: all.collect() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The functions, the list of sets, and the check that no two handle the same event.
    pub(super) fn items(&self) -> TokenStream {
        if self.is_empty() {
            return TokenStream::new();
        }
        let Self { consumer, all } = self;
        let (krate, self_ty) = (&consumer.krate, &consumer.self_ty);
        let functions = all.iter().map(|(field, function)| {
            // The name of the field has the hygiene of the user's code.
            quote_spanned! {at(field.span())=>
                fn #function(__this: &mut #self_ty) -> &mut (impl #krate::__private::Handlers + use<>) {
                    &mut __this.#field
                }
            }
        });
        let sets = all.iter().map(|(field, function)| {
            let name = field.to_token_stream().to_string();
            quote_spanned!(at(field.span())=> #krate::__private::SetOf::field(#name, #function))
        });
        let checks = all.iter().enumerate().map(|(index, (field, _))| {
            // The compiler underlines the call from its first token on.
            let krate = located(krate, field.span());
            quote_spanned! {at(field.span())=>
                const _: () = #krate::__private::SetOf::check(__EVENTS, __SETS, #index);
            }
        });
        quote_spanned! {at(Span::call_site())=>
            #(#functions)*
            const __SETS: &[#krate::__private::SetOf] = &[#(#sets),*];
            #(#checks)*
        }
    }

    /// The value of `EVENTS`: the consumer's own come first, at the same places.
    pub(super) fn all_events(&self) -> TokenStream {
        if self.is_empty() {
            return quote!(__EVENTS);
        }
        let krate = &self.consumer.krate;
        quote_spanned! {at(Span::call_site())=>
            &#krate::__private::SetOf::join::<{ #krate::__private::SetOf::count(__EVENTS, __SETS) }>(__EVENTS, __SETS)
        }
    }

    pub(super) fn describe(&self) -> TokenStream {
        if self.is_empty() {
            return TokenStream::new();
        }
        let krate = &self.consumer.krate;
        quote_spanned!(at(Span::call_site())=> #krate::__private::SetOf::describe(__SETS, __description);)
    }

    /// Calls the sets, one after the other, until one has a handler for the event.
    pub(super) fn on_event(&self) -> TokenStream {
        self.each(|krate, function, first, event| {
            let this = Ident::new("self", at(Span::call_site()));
            quote_spanned! {function.span()=>
                #krate::__private::Handlers::on_event(#function(#this), #event, #first)
            }
        })
    }

    pub(super) fn on_concurrent(&self) -> TokenStream {
        self.each(|krate, function, first, event| {
            quote_spanned!(function.span()=> #krate::__private::on_concurrent_of(#function, #event, #first))
        })
    }

    fn each(&self, call: impl Fn(&TokenStream, &Ident, &TokenStream, &Ident) -> TokenStream) -> TokenStream {
        let krate = &self.consumer.krate;
        let event = Ident::new("__event", at(Span::call_site()));
        let calls = self.all.iter().enumerate().map(|(index, (_, function))| {
            let first = quote_spanned! {at(Span::call_site())=>
                const { #krate::__private::SetOf::first(__EVENTS, __SETS, #index) }
            };
            let call = call(krate, function, &first, &event);
            quote_spanned! {at(Span::call_site())=>
                if let ::core::option::Option::Some(__reply) = #call.await? {
                    return #krate::__private::Ok(__reply);
                }
            }
        });
        calls.collect()
    }
}

/// The same tokens at another place.
fn located(tokens: &TokenStream, place: Span) -> TokenStream {
    let tokens = tokens.clone().into_iter().map(|mut token| {
        token.set_span(token.span().located_at(place));
        token
    });
    tokens.collect()
}
