//! `#[emits]`: a trait whose methods are the events that a server sends.
//!
//! The same three steps as those of a consumer. Each handle of `sio` implements the trait, so an event becomes a method
//! that makes one call, and an entry in the list of declared events.

mod check;
mod expand;
mod parse;

use proc_macro2::TokenStream;
use quote::quote;

use self::check::Emits;
use self::parse::Trait;
use crate::args::{Args, Macro};
use crate::errors::Errors;
use crate::parse::without_event_attributes;

/// Makes the trait with its methods, and an entry in the list of declarations.
pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let args = Args::parse(Macro::Emits, args);
    let block = match Trait::parse(item.clone()) {
        Ok(block) => block,
        Err(error) => {
            let error = error.into_compile_error();
            let item = without_event_attributes(item);
            return quote!(#item #error);
        }
    };
    let mut errors = Errors::default();
    let emits = Emits::new(args, block, &mut errors);
    let expansion = expand::emits(&emits);
    quote!(#expansion #errors)
}
