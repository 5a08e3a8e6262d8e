//! How a type is spelled. Messages and the choice between two traits depend on it; the type itself decides the rest.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::{GenericArgument, Ident, PathArguments, Type};

/// A type that came through a `macro_rules!` fragment stands in an invisible group.
pub(crate) fn strip_groups(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => strip_groups(&group.elem),
        Type::Paren(paren) => strip_groups(&paren.elem),
        other => other,
    }
}

/// `Ack<T>` or `Option<Ack<T>>`, by whatever path. Only for messages and for the choice between two traits, which
/// both do the right thing: an alias of `Ack` works too.
pub(crate) fn is_ack(ty: &Type) -> bool {
    match generic(ty) {
        Some((name, _)) if name == "Ack" => true,
        Some((name, inner)) if name == "Option" => {
            matches!(generic(inner), Some((name, _)) if name == "Ack")
        }
        _ => false,
    }
}

/// The name and the only argument of `path::to::Name<Argument>`.
fn generic(ty: &Type) -> Option<(&Ident, &Type)> {
    let Type::Path(path) = strip_groups(ty) else { return None };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(args) = &last.arguments else { return None };
    match args.args.first()? {
        GenericArgument::Type(inner) if args.args.len() == 1 => Some((&last.ident, inner)),
        _ => None,
    }
}

pub(crate) fn is_reference_to(ty: &Type, wanted: impl Fn(&Type) -> bool) -> bool {
    matches!(ty, Type::Reference(reference) if wanted(strip_groups(&reference.elem)))
}

pub(crate) fn is_named(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.is_ident(name))
}

pub(crate) fn is_bytes(ty: &Type) -> bool {
    matches!(ty, Type::Slice(slice) if is_named(strip_groups(&slice.elem), "u8"))
}

pub(crate) fn has_impl_trait(ty: &Type) -> bool {
    fn search(tokens: TokenStream) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(ident) => ident == "impl",
            TokenTree::Group(group) => search(group.stream()),
            _ => false,
        })
    }
    search(ty.to_token_stream())
}

/// Returns a type with the type that `Self` means in its place.
pub(crate) fn without_self(ty: &Type, self_ty: &Type) -> Type {
    fn replaced(tokens: TokenStream, self_ty: &Type) -> TokenStream {
        tokens
            .into_iter()
            .flat_map(|token| match token {
                TokenTree::Ident(ident) if ident == "Self" => quote_spanned!(ident.span()=> #self_ty),
                TokenTree::Group(group) => {
                    let mut inner = Group::new(group.delimiter(), replaced(group.stream(), self_ty));
                    inner.set_span(group.span());
                    TokenTree::Group(inner).into()
                }
                other => other.into(),
            })
            .collect()
    }
    // What was a type is one afterwards.
    syn::parse2(replaced(ty.to_token_stream(), self_ty)).unwrap_or_else(|_| ty.clone())
}

/// Returns whether axum has an extractor of this name. `State<T>`, `Path<T>` and `Extension<T>` are also types of `sio`.
pub(crate) fn is_known_to_axum(ty: &Type) -> bool {
    let names = ["State", "Path", "Extension", "Json", "Form", "Query"];
    generic(ty).is_some_and(|(name, _)| names.iter().any(|known| name == known))
}

/// Returns whether a type names a lifetime other than `'static`: `Message<'_>`. A plain reference is not meant.
pub(crate) fn is_borrowing(ty: &Type) -> bool {
    let Type::Path(path) = strip_groups(ty) else { return false };
    let Some(last) = path.path.segments.last() else { return false };
    let PathArguments::AngleBracketed(args) = &last.arguments else { return false };
    args.args.iter().any(|arg| match arg {
        GenericArgument::Lifetime(lifetime) => lifetime.ident != "static",
        GenericArgument::Type(inner) => is_borrowing(inner),
        _ => false,
    })
}
