//! Meaning to tokens: calls into `sio`, and nothing else.
//!
//! Every token is made at the place of what it is about, so that the compiler's own messages (a missing trait, a
//! future that is not `Send`) underline the user's code, and with the hygiene of the macro, so that no name of
//! the user's can get between. Never plain `quote!` for a local variable: it would have the other hygiene.
//! Locals begin with `__` all the same: a binding that is called like a constant is no binding, hygiene or not.

mod contract;
mod dispatch;
mod sets;

use proc_macro2::{Group, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Meta;
use syn::spanned::Spanned;

use crate::event_args::Rate;
use crate::model::{Consumer, Handler, Handlers, Method, Set};
use crate::parse::{Block, Item, hides_event};
use crate::shape::{is_borrowing, is_known_to_axum};
use crate::span::at;
use crate::version;

/// The block as it was written, but for the `#[event]`s.
pub(crate) fn user_block(block: &Block) -> TokenStream {
    let mut body = TokenStream::new();
    for attr in &block.inner_attrs {
        attr.to_tokens(&mut body);
    }
    for item in &block.items {
        match item {
            Item::Other(tokens) | Item::Broken(tokens, _) => body.extend(tokens.clone()),
            Item::Method(method) => {
                for attr in method.attrs.iter().filter(|attr| !hides_event(attr)) {
                    attr.to_tokens(&mut body);
                }
                let name = method.sig.ident.to_string();
                if !method.event_attrs.is_empty() || crate::role::Role::of(&name, false).is_some() {
                    // A handler has to be async, whether it awaits something or not.
                    body.extend(
                        quote_spanned!(at(method.sig.ident.span()) => #[allow(clippy::unused_async)]),
                    );
                }
                method.vis.to_tokens(&mut body);
                method.sig.to_tokens(&mut body);
                method.body.to_tokens(&mut body);
            }
        }
    }
    let mut braces = Group::new(block.braces.delimiter(), body);
    braces.set_span(block.braces.span());
    let head = &block.head;
    quote!(#head #braces)
}

pub(crate) fn consumer(model: &Consumer) -> TokenStream {
    let Consumer { krate, cfgs, self_ty, handlers, .. } = model;
    let namespaces = model.namespaces.iter().map(|name| &name.text);
    let namespace = &model.namespaces[0].text;
    let here = at(self_ty.span());
    let events = events(krate, handlers);
    let sets = sets::Sets::of(model);
    let (set_items, all_events, describe_sets) = (sets.items(), sets.all_events(), sets.describe());
    let describe = describe(krate, hook_args(model), hook_contracts(model), handlers, &describe_sets);
    let names = dispatch::names(krate, handlers);
    let (parts, functions) = dispatch::of_consumer(model, &sets);
    let members = [describe, on_connect(model), functions];
    let hooks = [on_error(model), on_disconnect(model)];
    let used = handlers.event_paths.marks();
    let code = quote_spanned! {here=>
        #(#cfgs)*
        const _: () = {
            #used

            // Apart from the trait, which asks for `Send`: a consumer that is not would be refused for each event.
            #events
            #set_items
            #names
            #parts

            #[automatically_derived]
            #[allow(deprecated, unreachable_patterns)]
            impl #krate::__private::Consumer for #self_ty {
                const NAMESPACE: &'static ::core::primitive::str = #namespace;
                const NAMESPACES: &'static [&'static ::core::primitive::str] = &[#(#namespaces),*];
                const EVENTS: &'static [#krate::__private::EventInfo] = #all_events;
                #(#members)*
                #(#hooks)*
            }

            impl #krate::__private::EachTypeHasOneConsumerBlock for #self_ty {}

            #krate::__private::inventory::submit! {
                #krate::__private::Registration::of::<#self_ty>()
            }
        };
    };
    version::checked(krate, here, &code)
}

/// A set of handlers is found by nobody but the consumers that have it as a field.
pub(crate) fn set(model: &Set) -> TokenStream {
    let Set { krate, cfgs, self_ty, handlers } = model;
    let here = at(self_ty.span());
    let events = events(krate, handlers);
    let describe = describe(krate, Vec::new(), Vec::new(), handlers, &TokenStream::new());
    let names = dispatch::names(krate, handlers);
    let (parts, functions) = dispatch::of_set(model);
    let used = handlers.event_paths.marks();
    let code = quote_spanned! {here=>
        #(#cfgs)*
        const _: () = {
            #used

            // Apart from the trait, as those of a consumer are.
            #events
            #names
            #parts

            #[automatically_derived]
            #[allow(deprecated, unreachable_patterns)]
            impl #krate::__private::Handlers for #self_ty {
                const EVENTS: &'static [#krate::__private::EventInfo] = __EVENTS;
                #describe
                #functions
            }

            impl #krate::__private::EachTypeHasOneHandlersBlock for #self_ty {}
        };
    };
    version::checked(krate, here, &code)
}

fn events(krate: &TokenStream, handlers: &Handlers) -> TokenStream {
    let infos = handlers.all.iter().flat_map(|handler| {
        let cfgs = &handler.method.cfgs;
        let span = at(handler.span());
        let concurrent = handler.concurrent.then(|| quote_spanned!(span=> .concurrent()));
        let timeout = handler.timeout.map(|timeout| {
            let millis = u64::try_from(timeout.as_millis()).expect("parsed from a number of this type");
            quote_spanned!(span=> .timeout_ms(#millis))
        });
        let max_size = handler.max_size.map(|bytes| quote_spanned!(span=> .max_size(#bytes)));
        let rate = handler.rate.map(|Rate { count, millis }| quote_spanned!(span=> .rate(#count, #millis)));
        let options = quote_spanned!(span=> #concurrent #timeout #max_size #rate);
        let info = move |new: TokenStream| quote_spanned!(span=> #(#cfgs)* #new #options);
        if handler.events.is_empty() {
            return vec![info(quote_spanned!(span=> #krate::__private::EventInfo::fallback()))];
        }
        let named = handler.events.iter().map(|name| {
            let text = &name.text;
            info(quote_spanned!(at(name.span)=> #krate::__private::EventInfo::new(#text)))
        });
        named.collect()
    });
    quote_spanned!(at(Span::call_site())=> const __EVENTS: &[#krate::__private::EventInfo] = &[#(#infos),*];)
}

/// The hooks whose arguments are described, each with the trait that makes them.
fn hook_args(model: &Consumer) -> Vec<(&Method, Source)> {
    let connect = model.connect.iter().map(|method| (method, Source::Event));
    let disconnect = model.disconnect.iter().map(|method| (method, Source::Hook("Disconnect")));
    let error = model.error.iter().map(|method| (method, Source::Hook("Failure")));
    connect.chain(disconnect).chain(error).collect()
}

/// The parts of a consumer that a contract shows besides its events.
fn hook_contracts(model: &Consumer) -> Vec<TokenStream> {
    let connect = model.connect.iter().map(|method| contract::connect(&model.krate, method));
    std::iter::once(contract::consumer(&model.docs)).chain(connect).collect()
}

fn describe(
    krate: &TokenStream,
    hooks: Vec<(&Method, Source)>,
    hook_contracts: Vec<TokenStream>,
    handlers: &Handlers,
    sets: &TokenStream,
) -> TokenStream {
    let events = handlers.all.iter().map(|handler| (&handler.method, Source::Event));
    let methods = hooks.into_iter().chain(events).filter(|(method, _)| !method.args.is_empty());
    let methods = methods.map(|(method, source)| {
        let cfgs = &method.cfgs;
        let args = method.args.iter().map(|ty| {
            let extractor = source.extractor(krate, ty);
            quote_spanned!(at(ty.span())=> #extractor::describe(__description);)
        });
        quote_spanned!(at(method.ident.span())=> #(#cfgs)* { #(#args)* })
    });
    let contracts = handlers.all.iter().map(|handler| contract::handler(krate, handler));
    let contracts = hook_contracts.into_iter().chain(contracts);
    quote_spanned! {at(Span::call_site())=>
        fn describe(__description: &mut #krate::__private::Description<'_>) {
            let _ = &__description;
            #(#methods)*
            // Only a program with the feature `contract` compiles these. This crate cannot see the features of `sio`.
            #krate::__private::contract! { #(#contracts)* }
            #sets
        }
    }
}

/// Which trait makes the arguments.
#[derive(Clone, Copy)]
enum Source {
    /// Of `connect` and of the handlers, where the client sends something.
    Event,
    /// Of the other hooks, by the name of their marker type.
    Hook(&'static str),
}

impl Source {
    fn extractor(self, krate: &TokenStream, ty: &syn::Type) -> TokenStream {
        let span = at(ty.span());
        match self {
            // A type that borrows cannot be a payload. Said here, the error is the trait's message; left to inference,
            // it would be the compiler's, about lifetimes.
            Self::Event if is_borrowing(ty) => {
                quote_spanned!(span=> <#ty as #krate::__private::Borrowing<'_>>)
            }
            Self::Event if is_known_to_axum(ty) => {
                quote_spanned!(span=> <#ty as #krate::__private::KnownToAxum<'_, _>>)
            }
            Self::Event => quote_spanned!(span=> <#ty as #krate::__private::FromEvent<'_, _>>),
            Self::Hook(name) => {
                let hook = syn::Ident::new(name, span);
                quote_spanned!(span=> <#ty as #krate::__private::HookArg<'_, #krate::__private::#hook>>)
            }
        }
    }
}

/// By which words a method is called.
struct Call {
    /// The value.
    this: TokenStream,
    /// Its type.
    owner: TokenStream,
}

/// `let output = …` : the arguments, then the call, then the wait.
fn call(krate: &TokenStream, method: &Method, source: Source, called: &Call) -> TokenStream {
    let ident = &method.ident;
    let span = at(ident.span());
    let event = syn::Ident::new("__event", at(Span::call_site()));
    let names: Vec<_> =
        (0..method.args.len()).map(|index| format_ident!("__arg{index}", span = span)).collect();
    let lets = method.args.iter().zip(&names).map(|(ty, name)| {
        let extractor = source.extractor(krate, ty);
        quote_spanned!(at(ty.span())=> let #name = #extractor::from_event(#event)?;)
    });
    let Call { this, owner } = called;
    let this = method.has_self.then(|| quote_spanned!(span=> #this,));
    quote_spanned! {span=>
        #(#lets)*
        let __output = #krate::__private::handler_future(#owner::#ident(#this #(#names),*)).await;
    }
}

/// The return type, and where to point when there is none.
fn output_type(method: &Method) -> (TokenStream, Span) {
    match &method.output {
        Some(ty) => (ty.to_token_stream(), at(ty.span())),
        None => {
            let span = at(method.ident.span());
            (quote_spanned!(span=> ()), span)
        }
    }
}

fn on_connect(model: &Consumer) -> TokenStream {
    let Consumer { krate, self_ty, .. } = model;
    let here = at(self_ty.span());
    let fresh = quote_spanned!(here=> <#self_ty as #krate::__private::Fresh>::fresh());
    let result = quote_spanned!(here=> #krate::__private::Result<Self, #krate::__private::ConnectError>);
    let mut hooks: Vec<_> = model
        .connect
        .iter()
        .map(|method| {
            let span = at(method.ident.span());
            let cfgs = &method.cfgs;
            let (ty, ty_span) = output_type(method);
            let this = quote_spanned!(span=> &mut __this);
            let called = Call { this, owner: quote_spanned!(span=> Self) };
            let call = call(krate, method, Source::Event, &called);
            let body = if method.has_self {
                let accept = quote_spanned!(ty_span=> <#ty as #krate::__private::IntoAccept<_>>::into_accept(__output)?;);
                quote_spanned!(span=> let mut __this = #fresh; #call #accept #krate::__private::Ok(__this))
            } else {
                let via = quote_spanned!(ty_span=> #krate::__private::ConnectProbe::<Self, #ty>::NEW.__sio_via());
                let build = quote_spanned!(ty_span=> #via.__sio_consumer::<Self, #ty>(__output));
                quote_spanned!(span=> #call #build)
            };
            quote_spanned!(span=> #(#cfgs)* async fn on_connect(__event: &mut #krate::__private::Event<'_>) -> #result { #body })
        })
        .collect();
    if let Some(otherwise) = otherwise(&model.connect) {
        hooks.push(quote_spanned! {here=>
            #otherwise
            async fn on_connect(_: &mut #krate::__private::Event<'_>) -> #result { #krate::__private::Ok(#fresh) }
        });
    }
    quote!(#(#hooks)*)
}

/// For what takes the place of a hook: no attribute without one, `#[cfg(not(..))]` when the hook itself has a
/// condition, `None` when it is always there.
fn otherwise(hooks: &[Method]) -> Option<TokenStream> {
    if hooks.is_empty() {
        return Some(TokenStream::new());
    }
    if hooks.iter().any(|hook| hook.cfgs.is_empty()) {
        return None;
    }
    let conditions = hooks.iter().map(|hook| {
        let all = hook.cfgs.iter().filter_map(|cfg| match &cfg.meta {
            Meta::List(list) => Some(&list.tokens),
            _ => None,
        });
        quote!(all(#(#all),*))
    });
    Some(quote!(#[cfg(not(any(#(#conditions),*)))]))
}

fn on_error(model: &Consumer) -> TokenStream {
    let krate = &model.krate;
    let event = syn::Ident::new("__event", at(Span::call_site()));
    let hooks = model.error.iter().map(|method| {
        let span = at(method.ident.span());
        let error = syn::Ident::new("__error", span);
        let prepare = quote_spanned!(span=> #krate::__private::put_error(#event, #error););
        hook(
            krate,
            method,
            "Failure",
            "on_error",
            &quote_spanned!(span=> , #error: #krate::__private::Error),
            &prepare,
        )
    });
    quote!(#(#hooks)*)
}

fn on_disconnect(model: &Consumer) -> TokenStream {
    let none = TokenStream::new();
    let hooks = model
        .disconnect
        .iter()
        .map(|method| hook(&model.krate, method, "Disconnect", "on_disconnect", &none, &none));
    quote!(#(#hooks)*)
}

/// A hook that returns nothing. Without one the default of the trait does.
fn hook(
    krate: &TokenStream,
    method: &Method,
    marker: &'static str,
    name: &str,
    parameter: &TokenStream,
    prepare: &TokenStream,
) -> TokenStream {
    let span = at(method.ident.span());
    let cfgs = &method.cfgs;
    let name = syn::Ident::new(name, span);
    let event = syn::Ident::new("__event", at(Span::call_site()));
    let (ty, ty_span) = output_type(method);
    let this = quote_spanned!(at(Span::call_site())=> self);
    let called = Call { this, owner: quote_spanned!(span=> Self) };
    let call = call(krate, method, Source::Hook(marker), &called);
    let finish = quote_spanned!(ty_span=> <#ty as #krate::__private::HookOutput<_>>::into_result(__output));
    let uses = if method.args.is_empty() && prepare.is_empty() {
        quote_spanned!(span=> let _ = #event;)
    } else {
        TokenStream::new()
    };
    quote_spanned! {span=>
        #(#cfgs)*
        async fn #name(&mut self, #event: &mut #krate::__private::Event<'_> #parameter)
            -> #krate::__private::Result<(), #krate::__private::Error>
        {
            #uses
            #prepare
            #call
            #finish
        }
    }
}

impl Handler {
    fn span(&self) -> Span {
        self.events.first().map_or_else(|| self.method.ident.span(), |name| name.span)
    }
}
