//! The way from the name of an event to its handler: a number for the name, and a `match` on the number.
//!
//! The compiler looks at a function that waits as a whole, and the time for it grows faster than the function. So the
//! handlers of a large block are shared out over several functions.

use std::collections::HashMap;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Type;

use super::sets::Sets;
use super::{Call, Source, at, call, output_type};
use crate::model::{Consumer, Handler, Handlers, Method, Set};

/// How many handlers there are in one function, at most.
const PART: usize = 16;

/// How many names are compared one after the other; more have a table.
const FEW: usize = 8;

/// The function `on_event` or `on_concurrent` of a block.
struct Function<'a> {
    krate: &'a TokenStream,
    self_ty: &'a Type,
    handlers: &'a Handlers,
    /// The number of each name.
    numbers: HashMap<&'a str, usize>,
    is_set: bool,
    concurrent: bool,
}

/// A handler, and the place of its first event where that is known.
type Placed<'a> = (&'a Handler, Option<usize>);

/// The table of the names of a block's events, for its functions.
pub(super) fn names(krate: &TokenStream, handlers: &Handlers) -> TokenStream {
    let names = handlers.names();
    let slots = if names.len() <= FEW { 0 } else { (2 * names.len()).next_power_of_two() };
    let (here, slots) = (at(Span::call_site()), Literal::usize_unsuffixed(slots));
    let names = names.into_iter().map(Literal::string);
    quote_spanned! {here=>
        static __NAMES: #krate::__private::Names<#slots> = #krate::__private::Names::of(&[#(#names),*]);
    }
}

/// The functions of a consumer, and those that they call.
pub(super) fn of_consumer(model: &Consumer, sets: &Sets<'_>) -> (TokenStream, TokenStream) {
    let Consumer { krate, self_ty, handlers, .. } = model;
    let function = |concurrent| Function::new(krate, self_ty, handlers, false, concurrent);
    let (parts, on_event) = function(false).tokens(sets.is_empty(), &sets.on_event());
    let (beside, on_concurrent) = function(true).tokens(sets.is_empty(), &sets.on_concurrent());
    (quote!(#parts #beside), quote!(#on_event #on_concurrent))
}

/// The functions of a set, and those that they call.
pub(super) fn of_set(model: &Set) -> (TokenStream, TokenStream) {
    let Set { krate, self_ty, handlers, .. } = model;
    let function = |concurrent| Function::new(krate, self_ty, handlers, true, concurrent);
    let (parts, on_event) = function(false).tokens(true, &TokenStream::new());
    let (beside, on_concurrent) = function(true).tokens(true, &TokenStream::new());
    (quote!(#parts #beside), quote!(#on_event #on_concurrent))
}

impl<'a> Function<'a> {
    fn new(
        krate: &'a TokenStream,
        self_ty: &'a Type,
        handlers: &'a Handlers,
        is_set: bool,
        concurrent: bool,
    ) -> Self {
        let numbers = handlers.names().into_iter().enumerate().map(|(number, name)| (name, number));
        Self { krate, self_ty, handlers, numbers: numbers.collect(), is_set, concurrent }
    }

    /// The functions that it calls, and the function itself; nothing when there is no handler of this kind.
    fn tokens(&self, has_no_sets: bool, set_calls: &TokenStream) -> (TokenStream, TokenStream) {
        let Self { krate, .. } = self;
        let all = self.handlers.with_places().filter(|(handler, _)| handler.concurrent == self.concurrent);
        let (named, fallback): (Vec<_>, Vec<_>) = all.partition(|(handler, _)| !handler.events.is_empty());
        if named.is_empty() && fallback.is_empty() && has_no_sets {
            return (TokenStream::new(), TokenStream::new());
        }
        let here = at(Span::call_site());
        let mut parts = TokenStream::new();
        let mut arms = TokenStream::new();
        // One with a condition has to stand where the other arms are, which it leaves to them if it is not there.
        let (conditional, plain): (Vec<_>, Vec<_>) =
            named.into_iter().partition(|(handler, _)| !handler.method.cfgs.is_empty());
        if plain.len() <= PART {
            arms.extend(plain.iter().map(|placed| self.arm(placed)));
        } else {
            for (index, handlers) in plain.chunks(PART).enumerate() {
                let (part, arm) = self.part(index, handlers);
                parts.extend(part);
                arms.extend(arm);
            }
        }
        arms.extend(conditional.iter().map(|placed| self.arm(placed)));
        let fallback = fallback.iter().map(|placed| self.arm(placed));
        let none = self.none();
        let others = quote_spanned!(here=> #(#fallback)* _ => #none,);
        let others = if has_no_sets {
            others
        } else {
            quote_spanned!(here=> _ => { #set_calls match () { #others } })
        };
        let receiver = (!self.concurrent).then(|| quote_spanned!(here=> &mut self,));
        let (name, first, output) = (Ident::new(self.name(), here), self.first_parameter(), self.output());
        let function = quote_spanned! {here=>
            async fn #name(#receiver __event: &mut #krate::__private::Event<'_>, #first) -> #output {
                let __number = __NAMES.number(#krate::__private::Event::name(__event));
                match __number {
                    #arms
                    #others
                }
            }
        };
        (parts, function)
    }

    /// A function with some of the handlers, and the arm that calls it.
    fn part(&self, index: usize, handlers: &[Placed<'_>]) -> (TokenStream, TokenStream) {
        let Self { krate, self_ty, .. } = self;
        let here = at(Span::call_site());
        let name = format_ident!("__{}_{index}", self.name(), span = here);
        let arms = handlers.iter().map(|placed @ (handler, _)| {
            let method = handler.method.outside_of(self_ty);
            let call = Call {
                this: quote_spanned!(here=> __this),
                owner: quote_spanned!(at(method.ident.span())=> <#self_ty>),
            };
            self.arm_of(placed, &method, &call)
        });
        let (first, output, none) = (self.first_parameter(), self.output(), self.none());
        let this = (!self.concurrent).then(|| quote_spanned!(here=> __this: &mut #self_ty,));
        let part = quote_spanned! {here=>
            #[allow(deprecated)]
            async fn #name(
                #this
                __event: &mut #krate::__private::Event<'_>,
                __number: ::core::primitive::u16,
                #first
            ) -> #output {
                match __number {
                    #(#arms)*
                    _ => #none,
                }
            }
        };
        let patterns = handlers.iter().map(|(handler, _)| self.pattern(handler));
        let this = (!self.concurrent).then(|| quote_spanned!(here=> self,));
        let first = self.is_set.then(|| quote_spanned!(here=> __first));
        (part, quote_spanned!(here=> #(#patterns)|* => #name(#this __event, __number, #first).await,))
    }

    fn name(&self) -> &'static str {
        if self.concurrent { "on_concurrent" } else { "on_event" }
    }

    /// The parameter of a set for the place of its first event.
    fn first_parameter(&self) -> Option<TokenStream> {
        self.is_set.then(|| quote_spanned!(at(Span::call_site())=> __first: ::core::primitive::u16))
    }

    fn output(&self) -> TokenStream {
        let (krate, here) = (self.krate, at(Span::call_site()));
        let reply = quote_spanned!(here=> #krate::__private::Reply);
        let reply = if self.is_set { quote_spanned!(here=> ::core::option::Option<#reply>) } else { reply };
        quote_spanned!(here=> #krate::__private::Result<#reply, #krate::__private::Error>)
    }

    /// The result for an event without a handler. Where a set has none, there may be one elsewhere.
    fn none(&self) -> TokenStream {
        let (krate, here) = (self.krate, at(Span::call_site()));
        if self.is_set {
            quote_spanned!(here=> { let _ = __first; #krate::__private::Ok(::core::option::Option::None) })
        } else {
            quote_spanned!(here=> #krate::__private::Err(#krate::__private::Event::unhandled(__event)))
        }
    }

    fn arm(&self, placed: &Placed<'_>) -> TokenStream {
        let (here, span) = (at(Span::call_site()), at(placed.0.method.ident.span()));
        let call = Call { this: quote_spanned!(here=> self), owner: quote_spanned!(span=> Self) };
        self.arm_of(placed, &placed.0.method, &call)
    }

    /// `method` is that of the handler, as it is written where the arm is.
    fn arm_of(&self, placed @ (handler, _): &Placed<'_>, method: &Method, called: &Call) -> TokenStream {
        let krate = self.krate;
        let span = at(method.ident.span());
        let (cfgs, pattern) = (&method.cfgs, self.pattern(handler));
        let place = self.place(placed);
        let event = Ident::new("__event", at(Span::call_site()));
        let call = call(krate, method, Source::Event, called);
        let (ty, ty_span) = output_type(method);
        let reply = if method.takes_ack() {
            quote_spanned!(ty_span=> <#ty as #krate::__private::AckedOutput<_>>::into_reply(__output))
        } else {
            let via = quote_spanned!(ty_span=> #krate::__private::Probe::<#ty>::NEW.__sio_via());
            quote_spanned!(ty_span=> #via.__sio_reply::<#ty>(__output, #event))
        };
        let reply = if self.is_set {
            quote_spanned!(span=> #krate::__private::Result::map(#reply, ::core::option::Option::Some))
        } else {
            reply
        };
        quote_spanned!(span=> #(#cfgs)* #pattern => { #place #call #reply })
    }

    fn pattern(&self, handler: &Handler) -> TokenStream {
        if handler.events.is_empty() {
            return quote_spanned!(at(handler.method.ident.span())=> _);
        }
        let numbers = handler.events.iter().map(|name| {
            let mut literal = Literal::usize_unsuffixed(self.numbers[&*name.text]);
            literal.set_span(at(name.span));
            literal
        });
        quote!(#(#numbers)|*)
    }

    /// Notes the place of the event among all, or one of the places of a handler that has several.
    fn place(&self, (handler, place): &Placed<'_>) -> Option<TokenStream> {
        let (krate, here) = (self.krate, at(Span::call_site()));
        let place = match (place, handler.events.first()) {
            (Some(place), _) => {
                let place = Literal::usize_unsuffixed(*place);
                quote_spanned!(here=> #place)
            }
            // A condition may have taken earlier events away.
            (None, Some(name)) => {
                let text = &name.text;
                quote_spanned!(here=> const { #krate::__private::EventInfo::place(__EVENTS, #text) })
            }
            (None, None) => return None,
        };
        let place = if self.is_set {
            quote_spanned!(here=> ::core::primitive::u16::saturating_add(__first, #place))
        } else {
            place
        };
        // Counted under this place: nothing has to look for the name again, unless there are several.
        let note = if handler.events.len() == 1 { "at" } else { "near" };
        let note = Ident::new(note, here);
        Some(quote_spanned!(here=> #krate::__private::Event::#note(__event, #place);))
    }
}
