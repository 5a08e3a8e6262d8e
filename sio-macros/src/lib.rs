//! The `#[consumer]`, `#[handlers]`, `#[event]` and `#[emits]` attributes of `sio`. Use them through that crate: the code
//! that they generate calls exactly its version, and they are documented there with everything that they touch.
//!
//! A block goes through three steps. `parse` turns tokens into syntax and judges nothing, `model` finds the
//! hooks and handlers and every mistake that can be seen without types, and `expand` writes
//! `impl sio::consumer::Consumer` and the registration. Mistakes that need types are left to the traits of `sio`, which
//! carry messages of their own; the expansion only sees to it that they point at the user's tokens.
//!
//! Two rules hold throughout. The user's tokens always come out again, whatever else fails, so that an editor
//! never loses sight of the code. And nothing is generated that could be a function of `sio`.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod args;
mod check;
mod emits;
mod errors;
mod event_args;
mod event_error;
mod expand;
mod misnamed;
mod model;
mod names;
mod namespace;
mod parse;
mod role;
mod shape;
mod similar;
mod span;
#[cfg(test)]
mod tests;
mod version;

use proc_macro2::{Span, TokenStream};
use quote::quote;

use self::args::{Args, Macro};
use self::errors::Errors;
use self::parse::Block;

/// Turns an `impl` block into the consumer of one Socket.IO namespace.
#[proc_macro_attribute]
pub fn consumer(args: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    consumer_tokens(args.into(), item.into()).into()
}

/// Turns an `impl` block into a set of handlers that consumers share.
#[proc_macro_attribute]
pub fn handlers(args: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    handlers_tokens(args.into(), item.into()).into()
}

/// Names and adjusts an event handler inside a `#[consumer]` or `#[handlers]` block.
#[proc_macro_attribute]
pub fn event(args: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    event_tokens(args.into(), &item.into()).into()
}

/// Turns a trait into the events that the server sends in a namespace.
#[proc_macro_attribute]
pub fn emits(args: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    emits::expand(args.into(), item.into()).into()
}

/// Lets `?` keep what a client sees of a standard error.
#[proc_macro_attribute]
pub fn event_error(args: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    event_error::expand(&args.into(), &item.into()).into()
}

fn consumer_tokens(args: TokenStream, item: TokenStream) -> TokenStream {
    block_tokens(Macro::Consumer, args, item, |args, block, errors| {
        model::Consumer::new(args, block, errors).map(|model| expand::consumer(&model))
    })
}

fn handlers_tokens(args: TokenStream, item: TokenStream) -> TokenStream {
    block_tokens(Macro::Handlers, args, item, |args, block, errors| {
        model::Set::new(args, block, errors).map(|model| expand::set(&model))
    })
}

/// The user's block, what `expand` makes of it, and all mistakes.
fn block_tokens(
    of: Macro,
    args: TokenStream,
    item: TokenStream,
    expand: fn(Args, &Block, &mut Errors) -> Option<TokenStream>,
) -> TokenStream {
    let args = Args::parse(of, args);
    let block = match Block::parse(of, item.clone()) {
        Ok(block) => block,
        Err(error) => {
            let error = error.into_compile_error();
            let item = parse::without_event_attributes(item);
            return quote!(#item #error);
        }
    };
    let mut errors = Errors::default();
    let expansion = expand(args, &block, &mut errors);
    let block = expand::user_block(&block);
    quote!(#block #expansion #errors)
}

/// The attribute of the block takes these attributes away, so the macro itself only runs where one was forgotten, and once for
/// every block with [`parse::USED`] as its argument, so that an import of `event` counts as used.
fn event_tokens(args: TokenStream, item: &TokenStream) -> TokenStream {
    if args.to_string() == parse::USED {
        return TokenStream::new();
    }
    let message = "`#[event]` only works on a method of an impl block marked `#[consumer]` or `#[handlers]`, or of a trait marked `#[emits]`";
    let error = if args.is_empty() {
        syn::Error::new(Span::call_site(), message)
    } else {
        syn::Error::new_spanned(args, message)
    };
    let error = error.into_compile_error();
    quote!(#item #error)
}
