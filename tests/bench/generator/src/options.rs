//! The command line: `--name value` anywhere, and the rest in order.

use std::collections::BTreeMap;

/// Arguments that were given and not yet taken.
#[derive(Debug, Default)]
pub(crate) struct Options {
    named: BTreeMap<String, String>,
    pub(crate) positional: Vec<String>,
}

impl Options {
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.strip_prefix("--") {
                Some(name) => {
                    let value = arguments.next().ok_or_else(|| format!("--{name} needs a value"))?;
                    options.named.insert(name.to_owned(), value.clone());
                }
                None => options.positional.push(argument.clone()),
            }
        }
        Ok(options)
    }

    pub(crate) fn take(&mut self, name: &str) -> Result<String, String> {
        self.named.remove(name).ok_or_else(|| format!("--{name} is missing"))
    }

    pub(crate) fn take_or(&mut self, name: &str, default: &str) -> String {
        self.named.remove(name).unwrap_or_else(|| default.to_owned())
    }

    /// Fails if something is left that nobody knows.
    pub(crate) fn finish(&self) -> Result<(), String> {
        self.named.keys().next().map_or(Ok(()), |name| Err(format!("there is no option --{name}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_stand_anywhere() {
        let arguments = ["a", "--x", "1", "b"].map(str::to_owned);
        let mut options = Options::parse(&arguments).unwrap();
        assert_eq!(options.positional, ["a", "b"]);
        assert!(options.finish().is_err());
        assert_eq!((options.take("x").unwrap(), options.take_or("y", "2")), ("1".into(), "2".into()));
        assert!(options.finish().is_ok() && options.take("x").is_err());
        assert!(Options::parse(&["--x".to_owned()]).is_err());
    }
}
