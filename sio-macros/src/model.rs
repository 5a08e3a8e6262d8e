//! Syntax to meaning: which methods are hooks and handlers, and every mistake that shows without knowing types.
//!
//! A handler with a mistake is left out and the others stay; a mistake in `#[consumer(..)]` itself leaves out
//! everything, because all that follows from it would be noise.

use std::time::Duration;

use proc_macro2::TokenStream;
use sio_grammar::is_reserved;
use syn::ext::IdentExt;
use syn::{Attribute, FnArg, Ident, ReturnType, Type};

use crate::check::{check_block, check_hidden_event, check_method};
use crate::errors::Errors;
use crate::event_args::{EventArgs, Rate};
use crate::names;
use crate::namespace::{self, Name};
use crate::parse::{self, Args, Block, EventPaths, Item};
use crate::role::{PREFIX, REAUTH, Role};
use crate::shape::is_ack;

/// All that the expansion needs to know.
pub(crate) struct Consumer {
    pub(crate) krate: TokenStream,
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) docs: String,
    pub(crate) namespaces: Vec<Name>,
    pub(crate) self_ty: Type,
    /// Several only when `#[cfg]` chooses between them; so for all three hooks.
    pub(crate) connect: Vec<Method>,
    pub(crate) disconnect: Vec<Method>,
    pub(crate) error: Vec<Method>,
    pub(crate) handlers: Vec<Handler>,
    pub(crate) event_paths: EventPaths,
}

pub(crate) struct Handler {
    pub(crate) method: Method,
    /// None: the fallback.
    pub(crate) events: Vec<Name>,
    pub(crate) concurrent: bool,
    pub(crate) timeout: Option<Duration>,
    pub(crate) max_size: Option<usize>,
    pub(crate) rate: Option<Rate>,
}

/// A method that `sio` calls.
pub(crate) struct Method {
    pub(crate) ident: Ident,
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) has_self: bool,
    pub(crate) args: Vec<Type>,
    /// The names of the arguments, as clients may read them.
    pub(crate) arg_names: Vec<String>,
    pub(crate) docs: String,
    /// `None`: nothing is written behind the arguments.
    pub(crate) output: Option<Type>,
}

impl Consumer {
    /// `None` after a mistake that concerns the block as a whole.
    pub(crate) fn new(args: Args, block: &Block, errors: &mut Errors) -> Option<Self> {
        for item in &block.items {
            if let Item::Broken(_, error) = item {
                errors.push(error.clone());
            }
        }
        let krate = args.krate();
        let namespaces = namespace::all(&args, errors);
        let sound = check_block(block, errors);
        if let Some(error) = args.error {
            errors.push(error);
            return None;
        }
        let mut consumer = Self {
            krate,
            cfgs: block.cfgs.clone(),
            docs: block.docs.clone(),
            namespaces: namespaces.filter(|_| sound)?,
            self_ty: block.self_ty.clone(),
            connect: Vec::new(),
            disconnect: Vec::new(),
            error: Vec::new(),
            handlers: Vec::new(),
            event_paths: EventPaths::default(),
        };
        for item in &block.items {
            if let Item::Method(method) = item {
                consumer.add(method, errors);
            }
        }
        Some(consumer)
    }

    fn add(&mut self, method: &parse::Method, errors: &mut Errors) {
        self.event_paths.add(&method.event_attrs);
        let name = method.sig.ident.unraw().to_string();
        let Some(role) = Role::of(&name, !method.event_attrs.is_empty()) else {
            check_hidden_event(method, errors);
            return;
        };
        let sound = check_method(role, method, errors);
        match role {
            Role::Handler => self.add_handler(&name, method, sound, errors),
            hook => {
                if let Some(attr) = method.event_attrs.first() {
                    errors.at(
                        attr.path(),
                        format!(
                            "`{name}` is a hook, not the handler of an event: rename it, or remove `#[event]`"
                        ),
                    );
                }
                let hooks = match hook {
                    Role::Connect => &mut self.connect,
                    Role::Disconnect => &mut self.disconnect,
                    _ => &mut self.error,
                };
                let model = Method::new(method);
                // A second one without `#[cfg]` is rustc's to refuse: the methods have the same name.
                if sound && (hooks.is_empty() || !model.cfgs.is_empty()) {
                    hooks.push(model);
                }
            }
        }
    }

    fn add_handler(&mut self, name: &str, method: &parse::Method, sound: bool, errors: &mut Errors) {
        if let Some(second) = method.event_attrs.get(1) {
            errors.at(second.path(), "a handler has one `#[event]`, which can name several events: `#[event(\"joined\", \"left\")]`");
        }
        let args = match method.event_attrs.first().map_or_else(|| Ok(EventArgs::default()), EventArgs::parse)
        {
            Ok(args) => args,
            Err(error) => return errors.push(error),
        };
        let Ok(events) = event_names(name, method, &args, errors) else { return };
        if let (Some(_), Some(receiver)) = (args.concurrent, method.sig.receiver()) {
            errors.at(
                receiver,
                "a concurrent handler runs beside the others, so it takes no `self`: share what it needs with `State<T>`",
            );
            return;
        }
        let handler = Handler {
            method: Method::new(method),
            events,
            concurrent: args.concurrent.is_some(),
            timeout: args.timeout,
            max_size: args.max_size,
            // Checking credentials may cost much, and nobody renews them in a hurry.
            rate: args.rate.or_else(|| (name == REAUTH).then_some(Rate { count: 1, millis: 1_000 })),
        };
        if self.is_free(&handler, errors) && sound {
            self.handlers.push(handler);
        }
    }

    /// Refuses a second handler for one event. Where `#[cfg]` may choose between the two, the check is left to
    /// start-up: conditions cannot be evaluated here.
    fn is_free(&self, new: &Handler, errors: &mut Errors) -> bool {
        let mut is_free = true;
        for old in &self.handlers {
            if !old.method.cfgs.is_empty() || !new.method.cfgs.is_empty() {
                continue;
            }
            // rustc itself refuses two methods of one name.
            let is_same_method = old.method.ident == new.method.ident;
            let taken = &old.method.ident;
            if old.events.is_empty() && new.events.is_empty() {
                is_free = false;
                if !is_same_method {
                    let message = format!("this consumer already has a fallback: `{taken}`");
                    errors.push(syn::Error::new(new.method.ident.span(), message));
                }
            }
            for name in new.events.iter().filter(|name| old.events.iter().any(|old| old.text == name.text)) {
                is_free = false;
                if !is_same_method {
                    let message = format!("event `{}` already has a handler: `{taken}`", name.text);
                    errors.push(syn::Error::new(name.span, message));
                }
            }
        }
        is_free
    }
}

impl Method {
    fn new(method: &parse::Method) -> Self {
        let args = method.sig.inputs.iter().filter_map(|arg| match arg {
            FnArg::Typed(arg) => Some((*arg.ty).clone()),
            FnArg::Receiver(_) => None,
        });
        let arg_names = method.sig.inputs.iter().filter_map(|arg| match arg {
            FnArg::Typed(arg) => Some(names::of_argument(&arg.pat, &arg.ty)),
            FnArg::Receiver(_) => None,
        });
        Self {
            ident: method.sig.ident.clone(),
            cfgs: method.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).cloned().collect(),
            has_self: method.sig.receiver().is_some(),
            args: args.collect(),
            arg_names: arg_names.collect(),
            docs: names::docs(&method.attrs),
            output: match &method.sig.output {
                ReturnType::Default => None,
                ReturnType::Type(_, ty) => Some((**ty).clone()),
            },
        }
    }

    pub(crate) fn takes_ack(&self) -> bool {
        self.args.iter().any(is_ack)
    }
}

/// `Err` after a mistake; none for the fallback.
fn event_names(
    name: &str,
    method: &parse::Method,
    args: &EventArgs,
    errors: &mut Errors,
) -> Result<Vec<Name>, ()> {
    if args.fallback.is_some() {
        return Ok(Vec::new());
    }
    let names: Vec<_> = if args.names.is_empty() {
        let text = name.strip_prefix(PREFIX).unwrap_or(name).to_owned();
        vec![Name { text, span: method.sig.ident.span() }]
    } else {
        let named = args.names.iter();
        named.map(|literal| Name { text: literal.value(), span: literal.span() }).collect()
    };
    // All of them are looked at, so that each mistake is told.
    let mistaken = names.iter().filter(|name| !check_event_name(name, errors)).count();
    if mistaken == 0 { Ok(names) } else { Err(()) }
}

fn check_event_name(Name { text, span }: &Name, errors: &mut Errors) -> bool {
    if text.is_empty() {
        let message = "an event needs a name: `event_say`, or `#[event(\"say\")]` on the method";
        errors.push(syn::Error::new(*span, message));
        return false;
    }
    if is_reserved(text) {
        let advice = match text.as_str() {
            "connect" | "disconnect" => format!("name the method `{text}` instead"),
            _ => "choose another, no client can send it".to_owned(),
        };
        errors.push(syn::Error::new(*span, format!("`{text}` is a reserved event name: {advice}")));
        return false;
    }
    true
}
