//! The routes: what is served, by which consumer, with which types.

use std::fmt;

use super::Contract;
use super::typescript::Names;

impl fmt::Display for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Names::new(self);
        for (path, namespace) in &self.namespaces {
            match &namespace.consumer {
                Some((name, place)) => writeln!(f, "{path}  {name}  {place}")?,
                None => writeln!(f, "{path}  (no consumer)")?,
            }
            for (arrow, events, from_client) in
                [("<-", &namespace.receives, true), ("->", &namespace.sends, false)]
            {
                for event in events {
                    write!(f, "  {arrow} {}{}", event.name, names.signature(event, from_client))?;
                    let limits = event.limits.join(", ");
                    if limits.is_empty() { writeln!(f)? } else { writeln!(f, "  [{limits}]")? }
                }
            }
            if namespace.has_fallback {
                writeln!(f, "  <- (any other event)")?;
            }
        }
        self.problems.iter().try_for_each(|problem| writeln!(f, "note: {problem}"))
    }
}
