//! One version of the macros and of `sio`. Cargo holds the two together, but not what a path leads to: `::sio` may be
//! another version in a program that has two of them, and so may `#[consumer(crate = ..)]`.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

/// Hands code to `sio` together with the version of the macros. If it has another version, one error about that takes
/// the place of the code.
pub(crate) fn checked(krate: &TokenStream, here: Span, code: &TokenStream) -> TokenStream {
    let version = env!("CARGO_PKG_VERSION");
    quote_spanned!(here=> #krate::__private::generated! { #version #code })
}
