//! The `match` that leads from the name of an event to its handler.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

use super::sets::Sets;
use super::{Source, at, call, output_type};
use crate::model::{Consumer, Handler, Handlers, Set};

/// The function that contains the `match`.
struct Function {
    name: &'static str,
    concurrent: bool,
    /// Nothing, or `&mut self,`.
    receiver: TokenStream,
    /// Nothing, or `self`.
    this: TokenStream,
}

impl Function {
    fn on_event() -> Self {
        let here = at(Span::call_site());
        let (receiver, this) = (quote_spanned!(here=> &mut self,), quote_spanned!(here=> self));
        Self { name: "on_event", concurrent: false, receiver, this }
    }

    fn on_concurrent() -> Self {
        let (receiver, this) = (TokenStream::new(), TokenStream::new());
        Self { name: "on_concurrent", concurrent: true, receiver, this }
    }

    /// The handlers that it calls: those of events, and the fallback.
    fn handlers<'a>(&self, handlers: &'a Handlers) -> (Vec<&'a Handler>, Vec<&'a Handler>) {
        let here = handlers.all.iter().filter(|handler| handler.concurrent == self.concurrent);
        here.partition(|handler| !handler.events.is_empty())
    }
}

pub(super) fn on_event(model: &Consumer, sets: &Sets<'_>) -> TokenStream {
    consumer(model, &Function::on_event(), sets, &sets.on_event())
}

pub(super) fn on_concurrent(model: &Consumer, sets: &Sets<'_>) -> TokenStream {
    consumer(model, &Function::on_concurrent(), sets, &sets.on_concurrent())
}

/// The `match` on the event's name, or nothing when there is no handler of this kind.
fn consumer(model: &Consumer, function: &Function, sets: &Sets<'_>, set_calls: &TokenStream) -> TokenStream {
    let krate = &model.krate;
    let (named, fallback) = function.handlers(&model.handlers);
    if named.is_empty() && fallback.is_empty() && sets.is_empty() {
        return TokenStream::new();
    }
    let here = at(Span::call_site());
    let arm = |handler: &&Handler| arm(krate, handler, function);
    let (named, fallback) = (named.iter().map(arm), fallback.iter().map(arm));
    let others = quote_spanned! {here=>
        #(#fallback)*
        _ => #krate::__private::Err(#krate::__private::Event::unhandled(__event)),
    };
    let others = if sets.is_empty() {
        others
    } else {
        quote_spanned!(here=> _ => { #set_calls match () { #others } })
    };
    let Function { name, receiver, .. } = function;
    let name = syn::Ident::new(name, here);
    quote_spanned! {here=>
        async fn #name(
            #receiver
            __event: &mut #krate::__private::Event<'_>,
        ) -> #krate::__private::Result<#krate::__private::Reply, #krate::__private::Error> {
            match #krate::__private::Event::name(__event) {
                #(#named)*
                #others
            }
        }
    }
}

pub(super) fn set_on_event(model: &Set) -> TokenStream {
    set(model, &Function::on_event())
}

pub(super) fn set_on_concurrent(model: &Set) -> TokenStream {
    set(model, &Function::on_concurrent())
}

/// As of a consumer, but an event without a handler may have one elsewhere.
fn set(model: &Set, function: &Function) -> TokenStream {
    let krate = &model.krate;
    let (named, _) = function.handlers(&model.handlers);
    if named.is_empty() {
        return TokenStream::new();
    }
    let arms = named.iter().map(|handler| arm_of_set(krate, handler, function));
    let here = at(Span::call_site());
    let Function { name, receiver, .. } = function;
    let name = syn::Ident::new(name, here);
    quote_spanned! {here=>
        async fn #name(
            #receiver
            __event: &mut #krate::__private::Event<'_>,
            __first: ::core::primitive::u16,
        ) -> #krate::__private::Result<::core::option::Option<#krate::__private::Reply>, #krate::__private::Error> {
            let _ = __first;
            match #krate::__private::Event::name(__event) {
                #(#arms)*
                _ => #krate::__private::Ok(::core::option::Option::None),
            }
        }
    }
}

fn arm(krate: &TokenStream, handler: &Handler, function: &Function) -> TokenStream {
    let span = at(handler.method.ident.span());
    let (cfgs, pattern) = (&handler.method.cfgs, pattern(handler));
    // Counted under this place: nothing has to look for the name again, unless there are several.
    let place = place(krate, handler, |place| place);
    let (call, reply) = answered(krate, handler, function);
    quote_spanned!(span=> #(#cfgs)* #pattern => { #place #call #reply })
}

fn arm_of_set(krate: &TokenStream, handler: &Handler, function: &Function) -> TokenStream {
    let span = at(handler.method.ident.span());
    let (cfgs, pattern) = (&handler.method.cfgs, pattern(handler));
    let place = place(
        krate,
        handler,
        |place| quote_spanned!(at(Span::call_site())=> ::core::primitive::u16::saturating_add(__first, #place)),
    );
    let (call, reply) = answered(krate, handler, function);
    quote_spanned!(span=> #(#cfgs)* #pattern => {
        #place
        #call
        #krate::__private::Result::map(#reply, ::core::option::Option::Some)
    })
}

fn pattern(handler: &Handler) -> TokenStream {
    if handler.events.is_empty() {
        return quote_spanned!(at(handler.method.ident.span())=> _);
    }
    let names = handler.events.iter().map(|name| {
        let mut literal = proc_macro2::Literal::string(&name.text);
        literal.set_span(at(name.span));
        literal
    });
    quote!(#(#names)|*)
}

/// Notes the place of the only event of a handler among all, as `counted` makes it from that among the block's.
fn place(
    krate: &TokenStream,
    handler: &Handler,
    counted: impl Fn(TokenStream) -> TokenStream,
) -> TokenStream {
    let [name] = &*handler.events else { return TokenStream::new() };
    let (here, text) = (at(Span::call_site()), &name.text);
    // A condition may have taken earlier events away.
    let place =
        counted(quote_spanned!(here=> const { #krate::__private::EventInfo::place(__EVENTS, #text) }));
    quote_spanned!(here=> #krate::__private::Event::at(__event, #place);)
}

/// The call of a handler, and the expression for its result.
fn answered(krate: &TokenStream, handler: &Handler, function: &Function) -> (TokenStream, TokenStream) {
    let method = &handler.method;
    let event = syn::Ident::new("__event", at(Span::call_site()));
    let call = call(krate, method, Source::Event, &function.this);
    let (ty, ty_span) = output_type(method);
    let reply = if method.takes_ack() {
        quote_spanned!(ty_span=> <#ty as #krate::__private::AckedOutput<_>>::into_reply(__output))
    } else {
        let via = quote_spanned!(ty_span=> #krate::__private::Probe::<#ty>::NEW.__sio_via());
        quote_spanned!(ty_span=> #via.__sio_reply::<#ty>(__output, #event))
    };
    (call, reply)
}
