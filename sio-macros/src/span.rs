//! Where generated tokens are.

use proc_macro2::Span;

/// The user's place, our hygiene.
pub(crate) fn at(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}
