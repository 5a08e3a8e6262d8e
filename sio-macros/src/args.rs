//! The arguments of `#[consumer]`, `#[handlers]` and `#[emits]`: tokens to syntax.
//!
//! ```text
//! args    =  [ key { "," key } [ "," ] ]
//! key     =  "namespace" "=" several(string)  |  "handlers" "=" several(field)  |  "crate" "=" path
//! several(x)  =  x  |  "[" x { "," x } [ "," ] "]"
//! ```
//!
//! Each attribute has its own of these keys.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Ident, LitStr, Member, Path, Token, token};

use crate::similar;

/// One of the attributes. The rules for their methods are much the same; the words of their messages are not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Macro {
    Consumer,
    Handlers,
    Emits,
}

impl Macro {
    /// The attribute on what it goes on.
    pub(crate) fn example(self) -> &'static str {
        match self {
            Self::Consumer => "#[consumer] impl ChatConsumer { .. }",
            Self::Handlers => "#[handlers] impl Presence { .. }",
            Self::Emits => "#[emits] trait ChatEvents { .. }",
        }
    }

    /// The attribute alone.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Consumer => "#[consumer]",
            Self::Handlers => "#[handlers]",
            Self::Emits => "#[emits]",
        }
    }

    /// The keys that it has.
    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Consumer => &["namespace", "handlers", "crate"],
            Self::Handlers => &["crate"],
            Self::Emits => &["namespace", "crate"],
        }
    }

    /// The message about a key that it does not have.
    fn expected(self) -> &'static str {
        match self {
            Self::Consumer => "expected `namespace`, `handlers` or `crate`",
            Self::Handlers => {
                "expected `crate`: a set of handlers is served in the namespaces of the consumers that use it"
            }
            Self::Emits => "expected `namespace` or `crate`",
        }
    }
}

/// The arguments in the brackets.
#[derive(Default)]
pub(crate) struct Args {
    /// At least one, unless none are given.
    pub(crate) namespaces: Option<Vec<LitStr>>,
    /// The fields that are sets of handlers.
    pub(crate) sets: Option<Vec<Member>>,
    krate: Option<Path>,
    /// The first thing in the brackets that could not be understood.
    pub(crate) error: Option<syn::Error>,
}

impl Args {
    pub(crate) fn parse(of: Macro, tokens: TokenStream) -> Self {
        let mut args = Self::default();
        let parser = |input: ParseStream<'_>| args.fill(of, input);
        if let Err(error) = parser.parse2(tokens) {
            args.error = Some(error);
        }
        args
    }

    /// The path of `sio` in generated code.
    pub(crate) fn krate(&self) -> TokenStream {
        self.krate.as_ref().map_or_else(|| quote!(::sio), ToTokens::to_token_stream)
    }

    fn fill(&mut self, of: Macro, input: ParseStream<'_>) -> syn::Result<()> {
        while !input.is_empty() {
            if input.peek(syn::Lit) && of != Macro::Handlers {
                return Err(input.error("expected `namespace = \"/chat\"`"));
            }
            let key =
                input.call(Ident::parse_any).map_err(|error| syn::Error::new(error.span(), of.expected()))?;
            if key == "namespace" && of != Macro::Handlers {
                let value = several(input, &key, "namespace", "a string: `namespace = \"/chat\"`")?;
                once(&mut self.namespaces, value, &key)?;
            } else if key == "handlers" && of == Macro::Consumer {
                let value = several(input, &key, "field", "the name of a field: `handlers = [presence]`")?;
                once(&mut self.sets, value, &key)?;
            } else if key == "crate" {
                let value = value::<ModPath>(input, &key, "a path: `crate = my_sio`")?;
                once(&mut self.krate, value.0, &key)?;
            } else {
                let question = similar::question(&key.to_string(), of.keys());
                return Err(syn::Error::new(key.span(), format!("{}{question}", of.expected())));
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    }
}

struct ModPath(Path);

impl Parse for ModPath {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        input.call(Path::parse_mod_style).map(Self)
    }
}

/// `= value` behind a key. `expected` says in words what should have been there.
pub(crate) fn value<T: Parse>(input: ParseStream<'_>, key: &Ident, expected: &str) -> syn::Result<T> {
    if !input.peek(Token![=]) {
        return Err(syn::Error::new(key.span(), format!("expected {expected}")));
    }
    input.parse::<Token![=]>()?;
    let here = input.cursor().span();
    input.parse().map_err(|_| syn::Error::new(here, format!("expected {expected}")))
}

/// `= value` or `= [value, value]` behind a key. `one` is the word for a value.
fn several<T: Parse>(input: ParseStream<'_>, key: &Ident, one: &str, expected: &str) -> syn::Result<Vec<T>> {
    if !(input.peek(Token![=]) && input.peek2(token::Bracket)) {
        return Ok(vec![value(input, key, expected)?]);
    }
    input.parse::<Token![=]>()?;
    let list;
    let brackets = syn::bracketed!(list in input);
    let mut values = Vec::new();
    while !list.is_empty() {
        let here = list.cursor().span();
        let value = list.parse();
        values.push(value.map_err(|_| syn::Error::new(here, format!("expected {expected}")))?);
        if !list.is_empty() {
            list.parse::<Token![,]>()?;
        }
    }
    if values.is_empty() {
        return Err(syn::Error::new(brackets.span.join(), format!("expected at least one {one}")));
    }
    Ok(values)
}

pub(crate) fn once<T>(slot: &mut Option<T>, value: T, key: &Ident) -> syn::Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(syn::Error::new(key.span(), format!("`{key}` is given twice"))),
    }
}
