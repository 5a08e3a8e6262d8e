//! The `match` that leads from the name of an event to its handler.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

use super::{Source, at, call, output_type};
use crate::model::{Consumer, Handler};

pub(super) fn on_event(model: &Consumer) -> TokenStream {
    let this = quote_spanned!(at(Span::call_site())=> self);
    let receiver = quote_spanned!(at(Span::call_site())=> &mut self,);
    dispatch(model, "on_event", false, &receiver, &this)
}

pub(super) fn on_concurrent(model: &Consumer) -> TokenStream {
    dispatch(model, "on_concurrent", true, &TokenStream::new(), &TokenStream::new())
}

/// The `match` on the event's name, or nothing when there is no handler of this kind.
fn dispatch(
    model: &Consumer,
    name: &str,
    concurrent: bool,
    receiver: &TokenStream,
    this: &TokenStream,
) -> TokenStream {
    let krate = &model.krate;
    let (named, fallback): (Vec<_>, Vec<_>) = model
        .handlers
        .iter()
        .filter(|handler| handler.concurrent == concurrent)
        .partition(|handler| !handler.events.is_empty());
    if named.is_empty() && fallback.is_empty() {
        return TokenStream::new();
    }
    let arms = named.into_iter().chain(fallback).map(|handler| arm(krate, handler, this));
    let here = at(Span::call_site());
    let name = syn::Ident::new(name, here);
    quote_spanned! {here=>
        async fn #name(
            #receiver
            __event: &mut #krate::__private::Event<'_>,
        ) -> #krate::__private::Result<#krate::__private::Reply, #krate::__private::Error> {
            match #krate::__private::Event::name(__event) {
                #(#arms)*
                _ => #krate::__private::Err(#krate::__private::Event::unhandled(__event)),
            }
        }
    }
}

fn arm(krate: &TokenStream, handler: &Handler, this: &TokenStream) -> TokenStream {
    let method = &handler.method;
    let cfgs = &method.cfgs;
    let span = at(method.ident.span());
    let event = syn::Ident::new("__event", at(Span::call_site()));
    let names = handler.events.iter().map(|name| {
        let mut literal = proc_macro2::Literal::string(&name.text);
        literal.set_span(at(name.span));
        literal
    });
    let pattern = if handler.events.is_empty() { quote_spanned!(span=> _) } else { quote!(#(#names)|*) };
    let call = call(krate, method, Source::Event, this);
    let (ty, ty_span) = output_type(method);
    let reply = if method.takes_ack() {
        quote_spanned!(ty_span=> <#ty as #krate::__private::AckedOutput<_>>::into_reply(__output))
    } else {
        let via = quote_spanned!(ty_span=> #krate::__private::Probe::<#ty>::NEW.__sio_via());
        quote_spanned!(ty_span=> #via.__sio_reply::<#ty>(__output, #event))
    };
    // Counted under this place: nothing has to look for the name again, unless there are several.
    let place = match &*handler.events {
        [name] => {
            let text = &name.text;
            quote_spanned! {at(Span::call_site())=>
                #krate::__private::Event::at(
                    #event,
                    // A condition may have taken earlier events away.
                    const { #krate::__private::EventInfo::place(__EVENTS, #text) },
                );
            }
        }
        _ => TokenStream::new(),
    };
    quote_spanned!(span=> #(#cfgs)* #pattern => { #place #call #reply })
}
