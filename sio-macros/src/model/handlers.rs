//! The handlers of a block, each with the names of its events and its options.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
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
use crate::shape::{is_ack, without_self};

/// The handlers of a block.
#[derive(Default)]
pub(crate) struct Handlers {
    pub(crate) all: Vec<Handler>,
    pub(crate) event_paths: EventPaths,
    /// The methods of those that have no condition, by the names of their events, and by none for the fallback.
    taken: HashMap<Option<String>, Ident>,
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
#[derive(Clone)]
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

    /// Returns the names of all events, each once, in their order.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut seen = HashSet::new();
        let names = self.all.iter().flat_map(|handler| &handler.events);
        names.map(|name| &*name.text).filter(|name| seen.insert(*name)).collect()
    }

    /// Returns each handler with the place of its first event in the list of all; without it where that depends on
    /// conditions.
    pub(crate) fn with_places(&self) -> impl Iterator<Item = (&Handler, Option<usize>)> {
        let is_conditional = self.all.iter().any(|handler| !handler.method.cfgs.is_empty());
        let mut next = 0;
        self.all.iter().map(move |handler| {
            let place = next;
            // The fallback is one as well.
            next += handler.events.len().max(1);
            (handler, (!is_conditional).then_some(place))
        })
    }

    /// Refuses a second handler for one event. Where `#[cfg]` may choose between the two, the check is left to
    /// start-up: conditions cannot be evaluated here.
    fn is_free(&mut self, new: &Handler, errors: &mut Errors) -> bool {
        if !new.method.cfgs.is_empty() {
            return true;
        }
        let ident = &new.method.ident;
        let fallback = new.events.is_empty().then(|| (None, ident.span()));
        let names = new.events.iter().map(|name| (Some(name.text.clone()), name.span));
        let mut is_free = true;
        for (name, span) in fallback.into_iter().chain(names) {
            let message = name.as_ref().map_or_else(
                || "this consumer already has a fallback".to_owned(),
                |name| format!("event `{name}` already has a handler"),
            );
            match self.taken.entry(name) {
                Entry::Vacant(free) => {
                    free.insert(ident.clone());
                }
                Entry::Occupied(taken) => {
                    is_free = false;
                    // rustc itself refuses two methods of one name.
                    if taken.get() != ident {
                        errors.push(syn::Error::new(span, format!("{message}: `{}`", taken.get())));
                    }
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

    /// Returns the method as it is written outside of the block: without `Self`.
    pub(crate) fn outside_of(&self, self_ty: &Type) -> Self {
        let replaced = |ty: &Type| without_self(ty, self_ty);
        Self {
            args: self.args.iter().map(replaced).collect(),
            output: self.output.as_ref().map(replaced),
            ..self.clone()
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
