//! The calls that tell the contract of a program about a handler.

use proc_macro2::{Literal, Span, TokenStream};
use quote::quote_spanned;
use syn::spanned::Spanned;

use super::{at, output_type};
use crate::model::{Handler, Method};

/// Of the block as a whole.
pub(super) fn consumer(docs: &str) -> TokenStream {
    if docs.is_empty() {
        return TokenStream::new();
    }
    let docs = Literal::string(docs);
    quote_spanned!(at(Span::call_site())=> __description.consumer(#docs);)
}

/// Of `connect`.
pub(super) fn connect(krate: &TokenStream, method: &Method) -> TokenStream {
    let span = at(method.ident.span());
    let docs = Literal::string(&method.docs);
    let args = args(krate, method);
    written(method, &quote_spanned!(span=> __description.connect(#docs); #args))
}

/// Of the handler of an event.
pub(super) fn handler(krate: &TokenStream, handler: &Handler) -> TokenStream {
    let method = &handler.method;
    let span = at(method.ident.span());
    let names = handler.events.iter().map(|name| Literal::string(&name.text));
    let docs = Literal::string(&method.docs);
    let args = args(krate, method);
    let (ty, ty_span) = output_type(method);
    let reply = quote_spanned! {ty_span=>
        __description.reply(
            #krate::__private::ReplyProbe::<#ty>::NEW.__sio_answer(),
            #krate::__private::CodesProbe::<#ty>::NEW.__sio_codes(),
        );
    };
    written(method, &quote_spanned!(span=> __description.event(&[#(#names),*], #docs); #args #reply))
}

fn args(krate: &TokenStream, method: &Method) -> TokenStream {
    let args = method.args.iter().zip(&method.arg_names).map(|(ty, name)| {
        let name = Literal::string(name);
        quote_spanned!(at(ty.span())=> __description.arg(#name, #krate::__private::ArgProbe::<#ty>::NEW.__sio_shape());)
    });
    args.collect()
}

/// Where the method is.
fn written(method: &Method, calls: &TokenStream) -> TokenStream {
    let (span, cfgs) = (at(method.ident.span()), &method.cfgs);
    quote_spanned!(span=> #(#cfgs)* { #calls })
}
