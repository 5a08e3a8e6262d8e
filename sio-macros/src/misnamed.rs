//! Methods that `sio` would not call, and that look as if it should.

use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt as _;

use crate::args::Macro;
use crate::errors::Errors;
use crate::parse::{Block, Item, Method};
use crate::role::{PREFIX, REAUTH};
use crate::similar;

/// Refuses the method if its name is nearly that of a hook or handler, unless the block itself calls it.
pub(crate) fn check(of: Macro, method: &Method, block: &Block, errors: &mut Errors) {
    let ident = &method.sig.ident;
    let name = ident.unraw().to_string();
    if method.sig.asyncness.is_none() {
        return;
    }
    let Some(meant) = meant(of, &name) else { return };
    let is_used = block.items.iter().any(|item| match item {
        Item::Method(other) => mentions(other.body.stream(), &name),
        Item::Other(_) | Item::Broken(..) => false,
    });
    if !is_used {
        let message = format!(
            "`{name}` is neither a hook nor a handler, so nothing calls it: did you mean `{meant}`? \
             (A method that only your own code calls can stand in another `impl` block.)"
        );
        errors.at(ident, message);
    }
}

/// Returns the name of the hook or handler that a method may have been meant to be.
fn meant(of: Macro, name: &str) -> Option<String> {
    let event = |rest: &str| (!rest.is_empty()).then(|| format!("{PREFIX}{rest}"));
    let hook = match name.strip_prefix("on_").unwrap_or(name) {
        "connect" | "connected" | "connection" => Some("connect"),
        "disconnect" | "disconnected" | "disconnecting" | "disconnection" => Some("disconnect"),
        "error" => Some("error"),
        other => similar::meant(other, &["connect", "disconnect", "error"]),
    };
    match hook {
        Some(hook) if of == Macro::Consumer => return Some(hook.to_owned()),
        Some(_) => return None,
        None => {}
    }
    if similar::is_one_slip(name, REAUTH) {
        return Some(REAUTH.to_owned());
    }
    match name.split_once('_')? {
        ("on", rest) => event(rest),
        (prefix, rest) if similar::is_one_slip(prefix, "event") => event(rest),
        _ => None,
    }
}

/// Returns whether a name is somewhere among the tokens.
fn mentions(tokens: TokenStream, name: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident.unraw() == name,
        TokenTree::Group(group) => mentions(group.stream(), name),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::{Macro, meant};

    #[test]
    fn names_of_other_libraries_and_slips_of_the_hand_are_known() {
        let consumer = |name| meant(Macro::Consumer, name);
        for (name, hook) in [
            ("on_connect", "connect"),
            ("connection", "connect"),
            ("conect", "connect"),
            ("on_disconnecting", "disconnect"),
            ("on_error", "error"),
            ("on_message", "event_message"),
            ("evnt_say", "event_say"),
            ("events_say", "event_say"),
            ("reath", "reauth"),
        ] {
            assert_eq!(consumer(name).as_deref(), Some(hook), "{name}");
        }
        for name in ["say", "evict_member", "prevent_double", "on_", "reconnect_all", "emit_all", "load"] {
            assert_eq!(consumer(name), None, "{name}");
        }
        assert_eq!(meant(Macro::Handlers, "evnt_say").as_deref(), Some("event_say"));
        assert_eq!(meant(Macro::Handlers, "on_connect"), None);
    }
}
