//! Syntax to meaning: which methods are hooks and handlers, and every mistake that shows without knowing types.
//!
//! A handler with a mistake is left out and the others stay; a mistake in the attribute itself leaves out
//! everything, because all that follows from it would be noise.

mod handlers;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Attribute, Member, Type};

pub(crate) use self::handlers::{Handler, Handlers, Method};
use crate::args::{Args, Macro};
use crate::check::{check_block, check_hidden_event, check_method};
use crate::errors::Errors;
use crate::misnamed;
use crate::namespace::{self, Name};
use crate::parse::{self, Block, Item};
use crate::role::Role;

/// All that the expansion of `#[consumer]` needs to know.
pub(crate) struct Consumer {
    pub(crate) krate: TokenStream,
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) docs: String,
    pub(crate) namespaces: Vec<Name>,
    pub(crate) self_ty: Type,
    /// The fields that are sets of handlers, each once.
    pub(crate) sets: Vec<Member>,
    /// Several only when `#[cfg]` chooses between them; so for all three hooks.
    pub(crate) connect: Vec<Method>,
    pub(crate) disconnect: Vec<Method>,
    pub(crate) error: Vec<Method>,
    pub(crate) handlers: Handlers,
}

/// All that the expansion of `#[handlers]` needs to know.
pub(crate) struct Set {
    pub(crate) krate: TokenStream,
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) self_ty: Type,
    pub(crate) handlers: Handlers,
}

impl Consumer {
    /// `None` after a mistake that concerns the block as a whole.
    pub(crate) fn new(mut args: Args, block: &Block, errors: &mut Errors) -> Option<Self> {
        let krate = args.krate();
        let namespaces = namespace::all(&args, errors);
        let sets = sets(args.sets.take().unwrap_or_default(), errors);
        check_whole(Macro::Consumer, args, block, errors)?;
        let mut consumer = Self {
            krate,
            cfgs: block.cfgs.clone(),
            docs: block.docs.clone(),
            namespaces: namespaces?,
            self_ty: block.self_ty.clone(),
            sets,
            connect: Vec::new(),
            disconnect: Vec::new(),
            error: Vec::new(),
            handlers: Handlers::default(),
        };
        for method in block.methods() {
            consumer.add(method, block, errors);
        }
        Some(consumer)
    }

    fn add(&mut self, method: &parse::Method, block: &Block, errors: &mut Errors) {
        self.handlers.note(method);
        let name = method.sig.ident.unraw().to_string();
        let Some(role) = Role::of(&name, !method.event_attrs.is_empty()) else {
            if check_hidden_event(Macro::Consumer, method, errors) {
                misnamed::check(Macro::Consumer, method, block, errors);
            }
            return;
        };
        let sound = check_method(Macro::Consumer, role, method, errors);
        let hooks = match role {
            Role::Handler => return self.handlers.add(Macro::Consumer, &name, method, sound, errors),
            Role::Connect => &mut self.connect,
            Role::Disconnect => &mut self.disconnect,
            Role::Error => &mut self.error,
        };
        if let Some(attr) = method.event_attrs.first() {
            errors.at(
                attr.path(),
                format!("`{name}` is a hook, not the handler of an event: rename it, or remove `#[event]`"),
            );
        }
        let model = Method::new(method);
        // A second one without `#[cfg]` is rustc's to refuse: the methods have the same name.
        if sound && (hooks.is_empty() || !model.cfgs.is_empty()) {
            hooks.push(model);
        }
    }
}

impl Set {
    /// `None` after a mistake that concerns the block as a whole.
    pub(crate) fn new(args: Args, block: &Block, errors: &mut Errors) -> Option<Self> {
        let krate = args.krate();
        check_whole(Macro::Handlers, args, block, errors)?;
        let mut set = Self {
            krate,
            cfgs: block.cfgs.clone(),
            self_ty: block.self_ty.clone(),
            handlers: Handlers::default(),
        };
        for method in block.methods() {
            set.add(method, block, errors);
        }
        Some(set)
    }

    fn add(&mut self, method: &parse::Method, block: &Block, errors: &mut Errors) {
        self.handlers.note(method);
        let name = method.sig.ident.unraw().to_string();
        match Role::of(&name, !method.event_attrs.is_empty()) {
            None => {
                if check_hidden_event(Macro::Handlers, method, errors) {
                    misnamed::check(Macro::Handlers, method, block, errors);
                }
            }
            Some(Role::Handler) => {
                let sound = check_method(Macro::Handlers, Role::Handler, method, errors);
                self.handlers.add(Macro::Handlers, &name, method, sound, errors);
            }
            Some(_) => errors.at(
                &method.sig.ident,
                format!(
                    "a set of handlers has no hooks: write `{name}` in the consumer, which can call a method of the set by another name"
                ),
            ),
        }
    }
}

impl Block {
    fn methods(&self) -> impl Iterator<Item = &parse::Method> {
        self.items.iter().filter_map(|item| match item {
            Item::Method(method) => Some(&**method),
            _ => None,
        })
    }
}

/// Refuses mistakes that concern the block as a whole.
fn check_whole(of: Macro, args: Args, block: &Block, errors: &mut Errors) -> Option<()> {
    for item in &block.items {
        if let Item::Broken(_, error) = item {
            errors.push(error.clone());
        }
    }
    let sound = check_block(of, block, errors);
    if let Some(error) = args.error {
        errors.push(error);
        return None;
    }
    sound.then_some(())
}

/// Returns the fields, each once.
fn sets(fields: Vec<Member>, errors: &mut Errors) -> Vec<Member> {
    let mut sets: Vec<Member> = Vec::new();
    for field in fields {
        if sets.contains(&field) {
            let message = format!("the field `{}` is given twice", field.to_token_stream());
            errors.at(field, message);
        } else {
            sets.push(field);
        }
    }
    sets
}
