//! Syntax to meaning: which events there are, and every mistake that shows without knowing types.
//!
//! A method with a mistake is kept where it still makes sense, so that calls of it are no mistakes as well.

use proc_macro2::TokenStream;
use sio_grammar::is_reserved;
use syn::ext::IdentExt;
use syn::{Attribute, FnArg, Ident, LitStr, Meta, Pat, ReturnType, Type, Visibility};

use super::parse::{Item, Method, Trait};
use crate::args::Args;
use crate::errors::Errors;
use crate::namespace::{self, Name};
use crate::parse::{EventPaths, hides_event};
use crate::shape::{has_impl_trait, strip_groups};

/// The prefix of an event's method; the rest of its name is the event's.
const PREFIX: &str = "emit_";

/// The methods of handles with this prefix: theirs would be called in place of the event's.
const TAKEN: &str = "emit_with_ack";

/// The longest tuple that is a payload.
const MAX_ARGS: usize = 12;

/// All that the expansion needs to know.
pub(super) struct Emits {
    pub(super) krate: TokenStream,
    pub(super) attrs: Vec<Attribute>,
    pub(super) vis: Visibility,
    pub(super) ident: Ident,
    /// `None` after a mistake that makes the declaration worthless.
    pub(super) namespaces: Option<Vec<Name>>,
    pub(super) events: Vec<Event>,
    pub(super) event_paths: EventPaths,
}

pub(super) struct Event {
    /// All attributes but `#[event]`.
    pub(super) attrs: Vec<Attribute>,
    pub(super) ident: Ident,
    pub(super) name: Name,
    pub(super) args: Vec<(Ident, Type)>,
    /// The type of the answer, if there is to be one.
    pub(super) answer: Option<Type>,
}

impl Emits {
    pub(super) fn new(args: Args, block: Trait, errors: &mut Errors) -> Self {
        let krate = args.krate();
        let mut namespaces = namespace::all(&args, errors);
        if let Some(error) = args.error {
            errors.push(error);
            namespaces = None;
        }
        let mut emits = Self {
            krate,
            attrs: block.attrs,
            vis: block.vis,
            ident: block.ident,
            namespaces,
            events: Vec::new(),
            event_paths: EventPaths::default(),
        };
        if let Some(word) = &block.unsafety {
            errors.at(word, "there is nothing to promise where events are declared: remove `unsafe`");
        }
        let generic = "declared events have one form: a trait with `#[emits]` is not generic";
        if !block.generics.params.is_empty() {
            errors.at(&block.generics, generic);
        }
        if let Some(clause) = &block.generics.where_clause {
            errors.at(clause, generic);
        }
        if !block.supertraits.is_empty() {
            errors.at(
                &block.supertraits,
                "every handle that can emit has these methods: leave the supertraits out",
            );
        }
        for item in block.items {
            match item {
                Item::Method(method) => emits.add(*method, errors),
                Item::Broken(error) => errors.push(error),
                Item::Other(tokens) => {
                    errors.at(tokens, "only events are declared here: `async fn emit_joined(name: &str);`");
                }
            }
        }
        emits
    }

    /// The conditions of the trait itself.
    pub(super) fn cfgs(&self) -> impl Iterator<Item = &Attribute> {
        cfgs(&self.attrs)
    }

    fn add(&mut self, method: Method, errors: &mut Errors) {
        self.event_paths.add(&method.event_attrs);
        let name = name(&method, errors);
        check_signature(&method, errors);
        let args = arguments(&method, errors);
        let answer = answer(&method, errors);
        let (Some(name), Some(args)) = (name, args) else { return };
        let is_always = |attrs: &[Attribute]| cfgs(attrs).next().is_none();
        let taken = self.events.iter().find(|event| {
            event.name.text == name.text && is_always(&event.attrs) && is_always(&method.attrs)
        });
        // rustc itself refuses two methods of one name.
        if let Some(taken) = taken.filter(|taken| taken.ident != method.sig.ident) {
            let message = format!("event `{}` is declared already: `{}`", name.text, taken.ident);
            errors.push(syn::Error::new(name.span, message));
        }
        self.events.push(Event { attrs: method.attrs, ident: method.sig.ident, name, args, answer });
    }
}

impl Event {
    /// The conditions of the event.
    pub(super) fn cfgs(&self) -> impl Iterator<Item = &Attribute> {
        cfgs(&self.attrs)
    }
}

fn cfgs(attrs: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident("cfg"))
}

/// The name of the event, unless it can only be guessed.
fn name(method: &Method, errors: &mut Errors) -> Option<Name> {
    let ident = &method.sig.ident;
    let text = ident.unraw().to_string();
    let rest = text.strip_prefix(PREFIX);
    if rest.is_none() {
        let message =
            format!("the method of an event begins with `{PREFIX}`: did you mean `{PREFIX}{text}`?");
        errors.at(ident, message);
    }
    if text == TAKEN {
        let message = format!(
            "`{TAKEN}` is a method of sockets, which would be called instead: \
             choose another name, and write `#[event(\"with_ack\")]` above it"
        );
        errors.at(ident, message);
    }
    if let Some(attr) = method.attrs.iter().find(|attr| hides_event(attr)) {
        let message = "`#[emits]` cannot see an `#[event]` in `#[cfg_attr]`: write `#[cfg(..)]` and `#[event(..)]` on two methods";
        errors.at(attr.path(), message);
    }
    if let Some(second) = method.event_attrs.get(1) {
        errors.at(second.path(), "an event has one name: declare another method for this one");
    }
    let name = match method.event_attrs.first() {
        None => Name { text: rest.unwrap_or(&text).to_owned(), span: ident.span() },
        Some(attr) => match attr.parse_args::<LitStr>() {
            Ok(literal) => Name { text: literal.value(), span: literal.span() },
            Err(error) => {
                let message = "expected the event's name and nothing else: `#[event(\"user left\")]`";
                let span = if matches!(attr.meta, Meta::List(_)) {
                    error.span()
                } else {
                    attr.path().segments[0].ident.span()
                };
                errors.push(syn::Error::new(span, message));
                return None;
            }
        },
    };
    if name.text.is_empty() {
        let message = "an event needs a name: `emit_joined`, or `#[event(\"joined\")]` on the method";
        errors.push(syn::Error::new(name.span, message));
    }
    if is_reserved(&name.text) {
        let message =
            format!("`{}` is a reserved event name: choose another, no client could hear it", name.text);
        errors.push(syn::Error::new(name.span, message));
    }
    Some(name)
}

fn check_signature(method: &Method, errors: &mut Errors) {
    let (sig, name) = (&method.sig, &method.sig.ident);
    if let syn::Safety::Unsafe(word) = &sig.safety {
        errors.at(word, "nothing is unsafe about sending an event: remove the word");
    }
    if let Some(abi) = &sig.abi {
        errors.at(abi, format!("events are sent by `sio`: write `async fn {name}`"));
    }
    if sig.asyncness.is_none() {
        errors.at(sig.fn_token, format!("events are sent while a task may wait: write `async fn {name}`"));
    }
    let generic =
        "an event has one form: use concrete types, and `serde_json::Value` or `sio::Value` for any shape";
    let generics = &sig.generics;
    match generics.params.first() {
        Some(syn::GenericParam::Lifetime(_)) => {
            errors.at(generics, "an event needs no names for lifetimes: leave them out, or write `'_`");
        }
        Some(_) => errors.at(generics, generic),
        None => {}
    }
    if let Some(clause) = &generics.where_clause {
        errors.at(clause, generic);
    }
    if let Some(body) = &method.body {
        errors.push(syn::Error::new(body.span(), "an event is only declared here: end it with `;`"));
    }
}

/// The arguments with their names, unless there is one that cannot be passed on.
fn arguments(method: &Method, errors: &mut Errors) -> Option<Vec<(Ident, Type)>> {
    let mut args = Vec::new();
    let mut sound = method.sig.generics.params.is_empty();
    for arg in &method.sig.inputs {
        let arg = match arg {
            FnArg::Typed(arg) => arg,
            FnArg::Receiver(receiver) => {
                errors.at(
                    receiver,
                    "an event is sent by a socket, a broadcast or another handle: leave `self` out",
                );
                continue;
            }
        };
        if let Some(attr) = arg.attrs.first() {
            errors.at(attr, "the argument of an event is always there: remove the attribute");
        }
        if has_impl_trait(strip_groups(&arg.ty)) {
            errors.at(
                &arg.ty,
                "the arguments of events need concrete types: clients have to know what they get",
            );
            sound = false;
        }
        match &*arg.pat {
            Pat::Ident(pat) if pat.by_ref.is_none() && pat.mutability.is_none() && pat.subpat.is_none() => {
                if args.len() == MAX_ARGS {
                    let message =
                        format!("an event has {MAX_ARGS} arguments at most: put some of them into a struct");
                    errors.at(&arg.ty, message);
                    sound = false;
                }
                args.push((pat.ident.clone(), (*arg.ty).clone()));
            }
            other => {
                errors.at(other, "an argument needs a name, which those who write clients can read");
                sound = false;
            }
        }
    }
    sound.then_some(args)
}

fn answer(method: &Method, errors: &mut Errors) -> Option<Type> {
    let ReturnType::Type(_, ty) = &method.sig.output else { return None };
    let ty = strip_groups(ty);
    if has_impl_trait(ty) {
        errors.at(ty, "an answer needs a concrete type: `sio` has to know what to read");
        return None;
    }
    if let Type::Reference(reference) = ty {
        let owned = match strip_groups(&reference.elem) {
            Type::Path(path) if path.path.is_ident("str") => "`String`",
            Type::Slice(_) => "a `Vec`, or `Binary` for bytes",
            _ => "the type itself",
        };
        errors.at(ty, format!("an answer owns its data, it outlives the packet: use {owned}"));
        return None;
    }
    let is_result = matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Result"));
    if is_result {
        errors.at(ty, "write the type of the answer alone: the method returns a `Result` of it in any case");
        return None;
    }
    Some(ty.clone())
}
