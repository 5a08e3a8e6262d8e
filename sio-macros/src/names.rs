//! Texts for those who read the contract of a program: the names of arguments and the documentation of handlers.

use syn::ext::IdentExt;
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Pat, Type};

use crate::shape::strip_groups;

/// Returns the name of an argument as a client may read it: that of its variable without leading underscores, else
/// that of its type.
pub(crate) fn of_argument(pat: &Pat, ty: &Type) -> String {
    let name = match pat {
        Pat::Ident(pat) => pat.ident.unraw().to_string().trim_start_matches('_').to_owned(),
        Pat::Paren(pat) => return of_argument(&pat.pat, ty),
        // `Valid(message)`: the name inside.
        Pat::TupleStruct(pat) if pat.elems.len() == 1 && matches!(pat.elems[0], Pat::Ident(_)) => {
            return of_argument(&pat.elems[0], ty);
        }
        _ => String::new(),
    };
    if !name.is_empty() {
        return name;
    }
    match strip_groups(ty) {
        Type::Path(path) => match path.path.segments.last() {
            Some(last) => snake_case(&last.ident.unraw().to_string()),
            None => "value".to_owned(),
        },
        _ => "value".to_owned(),
    }
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for (index, letter) in name.chars().enumerate() {
        if letter.is_uppercase() && index > 0 {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// Returns the text of the documentation comments, without what surrounds it.
pub(crate) fn docs(attrs: &[Attribute]) -> String {
    let lines = attrs.iter().filter(|attr| attr.path().is_ident("doc")).filter_map(|attr| match &attr.meta {
        Meta::NameValue(pair) => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    });
    let lines: Vec<_> = lines.map(|line| line.strip_prefix(' ').unwrap_or(&line).to_owned()).collect();
    lines.join("\n").trim().to_owned()
}
