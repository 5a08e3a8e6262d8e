//! The arguments of `#[event(..)]`.
//!
//! ```text
//! args   =  [ arg { "," arg } [ "," ] ]
//! arg    =  string  |  "fallback"  |  "concurrent"  |  "timeout" "=" duration  |  "max_size" "=" size  |  "rate" "=" rate
//! ```
//!
//! Each string alone is the name of an event. The values are strings. A duration is a whole number and `ms`, `s` or `m`; a
//! size a whole number and `B`, `KiB` or `MiB`; a rate a whole number, a slash and `s`, `m` or `h`.

use std::time::Duration;

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Attribute, Ident, LitStr, Meta, Token};

use crate::args::{once, value};
use crate::similar;

/// The words besides names.
const OPTIONS: [&str; 5] = ["concurrent", "fallback", "max_size", "rate", "timeout"];

#[derive(Default)]
pub(crate) struct EventArgs {
    /// The names of the events, each once.
    pub(crate) names: Vec<LitStr>,
    pub(crate) fallback: Option<Span>,
    pub(crate) concurrent: Option<Span>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) max_size: Option<usize>,
    pub(crate) rate: Option<Rate>,
}

/// At most `count` events in `millis` milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) count: u32,
    pub(crate) millis: u64,
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
        match (args.names.first(), args.fallback) {
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
            if self.names.iter().any(|other| other.value() == name.value()) {
                let message = format!("the event `{}` is named twice", name.value());
                return Err(syn::Error::new(name.span(), message));
            }
            self.names.push(name);
            return Ok(());
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
            "max_size" => {
                let text: LitStr = value(input, &word, "a size: `max_size = \"16 KiB\"`")?;
                once(&mut self.max_size, size(&text)?, &word)
            }
            "rate" => {
                let text: LitStr = value(input, &word, "a rate: `rate = \"10/s\"`")?;
                once(&mut self.rate, rate(&text)?, &word)
            }
            "name" | "event" if input.peek(Token![=]) => {
                Err(syn::Error::new(word.span(), "the name stands alone: `#[event(\"chat message\")]`"))
            }
            other if input.peek(Token![=]) => {
                let message = format!(
                    "there is no option `{other}`: expected `concurrent`, `fallback`, `max_size`, `rate` or `timeout`{}",
                    similar::question(other, &OPTIONS)
                );
                Err(syn::Error::new(word.span(), message))
            }
            other if similar::meant(other, &OPTIONS).is_some() => {
                let message = format!("there is no option `{other}`{}", similar::question(other, &OPTIONS));
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

fn size(literal: &LitStr) -> syn::Result<usize> {
    let text = literal.value();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let bytes = match unit.trim_start() {
        "B" => Some(1),
        "KiB" => Some(1024),
        "MiB" => Some(1024 * 1024),
        _ => None,
    };
    // An event can be as large as a message, which no system of 32 bits makes larger than this either.
    let total = bytes.and_then(|bytes: u32| number.parse::<u32>().ok()?.checked_mul(bytes));
    match total {
        Some(0) => Err(syn::Error::new(literal.span(), "an event is larger than that")),
        Some(total) => Ok(total as usize),
        None => Err(syn::Error::new(
            literal.span(),
            "expected a whole number and a unit (`B`, `KiB` or `MiB`), as in \"512 B\" or \"16 KiB\"",
        )),
    }
}

fn rate(literal: &LitStr) -> syn::Result<Rate> {
    let text = literal.value();
    let parsed = text.split_once('/').and_then(|(number, unit)| {
        let millis = match unit.trim_start() {
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        let number = number.trim_end();
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        Some(Rate { count: number.parse().ok().filter(|_| is_number)?, millis })
    });
    match parsed {
        Some(Rate { count: 0, .. }) => {
            Err(syn::Error::new(literal.span(), "an event that may never be sent needs no handler"))
        }
        Some(rate) => Ok(rate),
        None => Err(syn::Error::new(
            literal.span(),
            "expected a whole number of events and a time (`s`, `m` or `h`), as in \"10/s\" or \"100/m\"",
        )),
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;
    use syn::LitStr;

    use super::{Rate, duration, rate, size};

    fn literal(text: &str) -> LitStr {
        LitStr::new(text, Span::call_site())
    }

    fn millis(text: &str) -> Option<u128> {
        duration(&LitStr::new(text, Span::call_site())).ok().map(|duration| duration.as_millis())
    }

    #[test]
    fn sizes_have_a_whole_number_and_a_unit() {
        assert_eq!(size(&literal("512 B")).ok(), Some(512));
        assert_eq!(size(&literal("16KiB")).ok(), Some(16_384));
        assert_eq!(size(&literal("1 MiB")).ok(), Some(1_048_576));
        for wrong in ["", "5", "KiB", "0 B", "1.5 KiB", "-1 B", "5 GB", "16 kb", "4096 MiB"] {
            assert!(size(&literal(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn rates_have_a_whole_number_and_a_time() {
        assert_eq!(rate(&literal("10/s")).ok(), Some(Rate { count: 10, millis: 1_000 }));
        assert_eq!(rate(&literal("100 / m")).ok(), Some(Rate { count: 100, millis: 60_000 }));
        assert_eq!(rate(&literal("1/h")).ok(), Some(Rate { count: 1, millis: 3_600_000 }));
        for wrong in
            ["", "10", "/s", "0/s", "1.5/s", "-1/s", "+1/s", "10/5s", "10 per second", "99999999999/s"]
        {
            assert!(rate(&literal(wrong)).is_err(), "{wrong}");
        }
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
