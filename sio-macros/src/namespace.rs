//! The namespaces of a consumer or of declared events, as they are written in the attribute.

use proc_macro2::Span;
use sio_grammar::{NameError, check_namespace, pattern};
use syn::LitStr;

use crate::args::Args;
use crate::errors::Errors;

/// A string and where the user wrote it.
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) span: Span,
}

/// Returns the namespaces, `/` if none are given, and `None` after a mistake.
pub(crate) fn all(args: &Args, errors: &mut Errors) -> Option<Vec<Name>> {
    let Some(literals) = &args.namespaces else {
        return Some(vec![Name { text: "/".to_owned(), span: Span::call_site() }]);
    };
    let mut names: Vec<Name> = Vec::new();
    let mut sound = true;
    for literal in literals {
        match one(literal, &names) {
            Ok(name) => names.push(name),
            Err(error) => {
                errors.push(error);
                sound = false;
            }
        }
    }
    sound.then_some(names)
}

fn one(literal: &LitStr, before: &[Name]) -> syn::Result<Name> {
    let text = literal.value();
    if let Err(error) = check_namespace(&text) {
        let advice = match error {
            NameError::NoSlash => format!("did you mean \"/{text}\"?"),
            _ => "no client could name it".to_owned(),
        };
        return Err(syn::Error::new(literal.span(), format!("{error}: {advice}")));
    }
    pattern::check(&text).map_err(|error| syn::Error::new(literal.span(), error))?;
    for other in before.iter().map(|name| &name.text) {
        if *other == text {
            return Err(syn::Error::new(literal.span(), format!("the namespace `{text}` is given twice")));
        }
        if pattern::is_pattern(other) && pattern::is_pattern(&text) && pattern::overlap(other, &text) {
            let message = format!("`{text}` and `{other}` overlap: a path that both match could mean either");
            return Err(syn::Error::new(literal.span(), message));
        }
    }
    Ok(Name { text, span: literal.span() })
}
