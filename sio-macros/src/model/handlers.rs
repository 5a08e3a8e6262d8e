//! The handlers of a block, each with the names of its events and its options.

use std::time::Duration;

use sio_grammar::is_reserved;
use syn::{Attribute, FnArg, Ident, ReturnType, Type};

use crate::args::Macro;
use crate::errors::Errors;
use crate::event_args::{EventArgs, Rate};
use crate::names;
use crate::namespace::Name;
use crate::parse::{self, EventPaths};
use crate::role::{PREFIX, REAUTH};
use crate::shape::is_ack;

/// The handlers of a block.
#[derive(Default)]
pub(crate) struct Handlers {
    pub(crate) all: Vec<Handler>,
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

impl Handlers {
    /// Notes the paths by which a method's `#[event]` was written.
    pub(super) fn note(&mut self, method: &parse::Method) {
        self.event_paths.add(&method.event_attrs);
    }

    pub(super) fn add(
        &mut self,
        of: Macro,
        name: &str,
        method: &parse::Method,
        sound: bool,
        errors: &mut Errors,
    ) {
        if let Some(second) = method.event_attrs.get(1) {
            errors.at(second.path(), "a handler has one `#[event]`, which can name several events: `#[event(\"joined\", \"left\")]`");
        }
        let args = match method.event_attrs.first().map_or_else(|| Ok(EventArgs::default()), EventArgs::parse)
        {
            Ok(args) => args,
            Err(error) => return errors.push(error),
        };
        if let (Some(fallback), Macro::Handlers) = (args.fallback, of) {
            let message = "a set of handlers has no fallback: write it in the consumer, which gets the events that no set handles";
            return errors.push(syn::Error::new(fallback, message));
        }
        let Ok(events) = event_names(name, method, &args, errors) else { return };
        if let (Some(_), Some(receiver)) = (args.concurrent, method.sig.receiver()) {
            errors.at(
                receiver,
                "a concurrent handler runs beside the others, so it takes no `self`: share what it needs with `State<T>`",
            );
            return;
        }
        let renews = events.iter().any(|event| event.text == REAUTH);
        let handler = Handler {
            method: Method::new(method),
            events,
            concurrent: args.concurrent.is_some(),
            timeout: args.timeout,
            max_size: args.max_size,
            // Checking credentials may cost much, and nobody renews them in a hurry.
            rate: args.rate.or_else(|| renews.then_some(Rate { count: 1, millis: 1_000 })),
        };
        if self.is_free(&handler, errors) && sound {
            self.all.push(handler);
        }
    }

    /// Refuses a second handler for one event. Where `#[cfg]` may choose between the two, the check is left to
    /// start-up: conditions cannot be evaluated here.
    fn is_free(&self, new: &Handler, errors: &mut Errors) -> bool {
        let mut is_free = true;
        for old in &self.all {
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
    pub(super) fn new(method: &parse::Method) -> Self {
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
