//! What stands in `#[event(..)]`.
//!
//! ```text
//! args   =  [ arg { "," arg } [ "," ] ]
//! arg    =  string  |  "fallback"  |  "concurrent"  |  "timeout" "=" duration
//! ```
//!
//! A duration is a string: a whole number and `ms`, `s` or `m`.

use std::time::Duration;

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Attribute, Ident, LitStr, Meta, Token};

use crate::parse::{once, value};

#[derive(Default)]
pub(crate) struct EventArgs {
    pub(crate) name: Option<LitStr>,
    pub(crate) fallback: Option<Span>,
    pub(crate) concurrent: Option<Span>,
    pub(crate) timeout: Option<Duration>,
}

impl EventArgs {
    pub(crate) fn parse(attr: &Attribute) -> syn::Result<Self> {
        match &attr.meta {
            Meta::Path(_) => Ok(Self::default()),
            Meta::List(list) => list.parse_args_with(Self::parse_list),
            Meta::NameValue(meta) => {
                Err(syn::Error::new_spanned(meta, "expected parentheses: `#[event(\"chat message\")]`"))
            }
        }
    }

    fn parse_list(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut args = Self::default();
        while !input.is_empty() {
            args.parse_arg(input)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        match (&args.name, args.fallback) {
            (Some(_), Some(fallback)) => Err(syn::Error::new(
                fallback,
                "a fallback gets every event without a handler, so it has no name: leave one of the two out",
            )),
            _ => Ok(args),
        }
    }

    fn parse_arg(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        if input.peek(LitStr) {
            let name: LitStr = input.parse()?;
            let span = name.span();
            return match self.name.replace(name) {
                None => Ok(()),
                Some(_) => {
                    Err(syn::Error::new(span, "a handler has one event: write another method for this one"))
                }
            };
        }
        let word = input.call(Ident::parse_any).map_err(|error| {
            syn::Error::new(
                error.span(),
                "expected the event's name as a string: `#[event(\"chat message\")]`",
            )
        })?;
        match word.to_string().as_str() {
            "fallback" => once(&mut self.fallback, word.span(), &word),
            "concurrent" => once(&mut self.concurrent, word.span(), &word),
            "timeout" => {
                let text: LitStr = value(input, &word, "a duration: `timeout = \"5s\"`")?;
                once(&mut self.timeout, duration(&text)?, &word)
            }
            other if input.peek(Token![=]) => {
                let message =
                    format!("there is no option `{other}`: expected `concurrent`, `fallback` or `timeout`");
                Err(syn::Error::new(word.span(), message))
            }
            other => Err(syn::Error::new(word.span(), format!("expected a string: `#[event(\"{other}\")]`"))),
        }
    }
}

fn duration(literal: &LitStr) -> syn::Result<Duration> {
    let text = literal.value();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let millis = match unit.trim_start() {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        _ => None,
    };
    let total = millis.and_then(|millis: u64| number.parse::<u64>().ok()?.checked_mul(millis));
    match total {
        Some(0) => Err(syn::Error::new(literal.span(), "a handler needs more time than that")),
        Some(total) => Ok(Duration::from_millis(total)),
        None => Err(syn::Error::new(
            literal.span(),
            "expected a whole number and a unit (`ms`, `s` or `m`), as in \"500ms\" or \"5s\"",
        )),
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;
    use syn::LitStr;

    use super::duration;

    fn millis(text: &str) -> Option<u128> {
        duration(&LitStr::new(text, Span::call_site())).ok().map(|duration| duration.as_millis())
    }

    #[test]
    fn durations_have_a_whole_number_and_a_unit() {
        assert_eq!(millis("500ms"), Some(500));
        assert_eq!(millis("5s"), Some(5_000));
        assert_eq!(millis("5 s"), Some(5_000));
        assert_eq!(millis("2m"), Some(120_000));
        for wrong in [
            "",
            "5",
            "s",
            "0s",
            "1.5s",
            "-1s",
            "5h",
            "5 seconds",
            "99999999999999999999s",
            "18446744073709551615m",
        ] {
            assert_eq!(millis(wrong), None, "{wrong}");
        }
    }
}
