//! The rules for a block and its methods. Every message says what to write instead and underlines the
//! smallest thing that is wrong.

use quote::ToTokens;
use syn::{FnArg, ReceiverKind, ReturnType, Signature, Type};

use crate::args::Macro;
use crate::errors::Errors;
use crate::parse::{self, Block, hides_event};
use crate::role::Role;
use crate::shape::{has_impl_trait, is_ack, is_bytes, is_named, is_reference_to, strip_groups};

pub(crate) fn check_block(of: Macro, block: &Block, errors: &mut Errors) -> bool {
    if let Some(other) = &block.other_macro {
        let message = "a block cannot be both a consumer and a set of handlers: write two, of two types";
        errors.at(other, message);
        return false;
    }
    if let Some(unsafety) = &block.unsafety {
        let message = match of {
            Macro::Handlers => "an impl block of handlers is not `unsafe`: remove the word",
            _ => "a consumer's impl block is not `unsafe`: remove the word",
        };
        errors.at(unsafety, message);
        return false;
    }
    if let Some(path) = &block.trait_ {
        let (name, example) = (of.name(), of.example());
        let message = format!(
            "`{name}` goes on the type's own impl block, not on the implementation of a trait: `{example}`"
        );
        errors.at(path, message);
        return false;
    }
    let generic = match of {
        Macro::Handlers => {
            "a set of handlers cannot be generic: the types that its handlers take and return must be known here. \
             Use concrete types, or keep what differs in `State<T>`"
        }
        _ => {
            "a consumer cannot be generic: it is registered once, when the program is linked. \
             Use concrete types, or keep what differs in `State<T>`"
        }
    };
    if !block.generics.params.is_empty() {
        errors.at(&block.generics, generic);
        return false;
    }
    if let Some(clause) = &block.generics.where_clause {
        errors.at(clause, generic);
        return false;
    }
    true
}

pub(crate) fn check_hidden_event(of: Macro, method: &parse::Method, errors: &mut Errors) -> bool {
    let hidden = method.attrs.iter().find(|attr| hides_event(attr));
    if let Some(attr) = hidden {
        let message = format!(
            "`{}` cannot see an `#[event]` in `#[cfg_attr]`: write `#[cfg(..)]` and `#[event(..)]` on two methods",
            of.name()
        );
        errors.at(attr.path(), message);
    }
    hidden.is_none()
}

pub(crate) fn check_method(of: Macro, role: Role, method: &parse::Method, errors: &mut Errors) -> bool {
    let sig = &method.sig;
    // Each check runs, so that all mistakes show at once.
    let checks = [
        check_hidden_event(of, method, errors),
        check_qualifiers(role, sig, errors),
        check_receiver(role, sig, errors),
        check_generics(role, sig, errors),
        check_args(role, sig, errors),
        check_output(role, sig, errors),
    ];
    checks.into_iter().all(|sound| sound)
}

fn check_qualifiers(role: Role, sig: &Signature, errors: &mut Errors) -> bool {
    let (ident, plural) = (&sig.ident, role.plural());
    if let syn::Safety::Unsafe(word) = &sig.safety {
        errors
            .at(word, format!("{plural} are called by `sio`, which has nothing to promise: remove `unsafe`"));
        return false;
    }
    if let Some(abi) = &sig.abi {
        errors.at(abi, format!("{plural} are called by `sio`: write `async fn {ident}`"));
        return false;
    }
    if sig.asyncness.is_none() {
        errors.at(sig.fn_token, format!("{plural} are async: write `async fn {ident}`"));
        return false;
    }
    true
}

fn check_receiver(role: Role, sig: &Signature, errors: &mut Errors) -> bool {
    match sig.receiver() {
        Some(receiver) if !matches!(receiver.kind, ReceiverKind::Reference(..)) => {
            errors.at(receiver, format!("{} take `&mut self`, `&self` or no `self`", role.plural()));
            false
        }
        _ => true,
    }
}

fn check_generics(role: Role, sig: &Signature, errors: &mut Errors) -> bool {
    let subject = role.singular();
    let message = format!("{subject} cannot be generic: `sio` calls it with the types that are written here");
    if let Some(clause) = &sig.generics.where_clause {
        errors.at(clause, message);
        return false;
    }
    let Some(first) = sig.generics.params.first() else { return true };
    match first {
        syn::GenericParam::Lifetime(_) => {
            errors.at(
                &sig.generics,
                format!("{subject} needs no names for lifetimes: leave them out, or write `'_`"),
            );
        }
        _ => errors.at(&sig.generics, message),
    }
    false
}

fn check_args(role: Role, sig: &Signature, errors: &mut Errors) -> bool {
    let mut sound = true;
    let mut acks = 0;
    for arg in &sig.inputs {
        let FnArg::Typed(arg) = arg else { continue };
        let ty = strip_groups(&arg.ty);
        let mut refuse = |tokens: &dyn ToTokens, message: &str| {
            errors.at(tokens, message);
            sound = false;
        };
        if let Some(cfg) = arg.attrs.iter().find(|attr| attr.path().is_ident("cfg")) {
            refuse(
                cfg,
                "an argument cannot be left out by `#[cfg]`: put it on the method, and write two of them",
            );
        }
        if has_impl_trait(ty) {
            refuse(
                ty,
                "the arguments of handlers and hooks need concrete types: `sio` has to know what to read",
            );
        } else if is_reference_to(ty, |elem| is_named(elem, "str")) {
            refuse(ty, "a payload must own its data, it outlives the packet: use `String`");
        } else if is_reference_to(ty, is_bytes) {
            refuse(ty, "a payload must own its data, it outlives the packet: use `Binary`");
        }
        if matches!(ty, Type::Reference(reference) if reference.mutability.is_some()) {
            refuse(
                ty,
                "an argument is never `&mut`: take `&Socket` and the like without `mut`, a payload by value",
            );
        }
        if !is_ack(ty) {
            continue;
        }
        acks += 1;
        let name = &sig.ident;
        match role {
            Role::Handler if acks > 1 => {
                refuse(
                    ty,
                    "a client waits for one acknowledgement: take one `Ack`, a tuple sends several values",
                );
            }
            Role::Handler => {}
            Role::Connect => refuse(ty, "`connect` has no acknowledgement: its return value is the answer"),
            _ => refuse(ty, &format!("`{name}` has no acknowledgement: no client waits for it")),
        }
    }
    sound
}

fn check_output(role: Role, sig: &Signature, errors: &mut Errors) -> bool {
    match &sig.output {
        // The message for a function that is not async is enough.
        ReturnType::Type(_, ty) if has_impl_trait(ty) && sig.asyncness.is_some() => {
            errors.at(
                ty,
                format!("{} need a concrete return type: `sio` has to know what to send", role.plural()),
            );
            false
        }
        _ => true,
    }
}
