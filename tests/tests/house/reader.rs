//! Reads which module of a crate mentions which other one: `use` lines, and paths that begin with `crate`, `self` or
//! `super` anywhere in the code, in macros too. What is compiled for tests only is left out.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The path of a module inside its crate; that of the crate's root is empty.
pub(crate) type Path = Vec<String>;

/// How many `use` lines may lead from a name to where it is defined.
const MOST_HOPS: usize = 8;

/// A crate's modules, each in a file of its own.
#[derive(Debug, Default)]
pub(crate) struct Crate {
    pub(crate) modules: BTreeMap<Path, Module>,
    /// The items that `use` brings into a module, by their names.
    imports: BTreeMap<(Path, String), Raw>,
}

#[derive(Debug, Default)]
pub(crate) struct Module {
    /// The file below `src`.
    pub(crate) file: String,
    /// Its lines without those of its tests.
    pub(crate) lines: usize,
    mentions: Vec<(usize, Raw)>,
}

/// A path as it stands in the text, and the module in which it stands.
#[derive(Clone, Debug)]
struct Raw {
    scope: Path,
    path: Path,
}

/// One module that mentions another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mention {
    pub(crate) from: Path,
    pub(crate) to: Path,
    pub(crate) line: usize,
}

impl Crate {
    /// Reads a crate from `lib.rs` on. `load` returns the text of a file below `src`, if there is one.
    pub(crate) fn read(load: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        let mut whole = Self::default();
        let mut waiting: Vec<(Path, Vec<String>)> = vec![(Path::new(), vec!["lib.rs".to_owned()])];
        while let Some((path, files)) = waiting.pop() {
            let found = files.into_iter().find_map(|file| load(&file).map(|text| (file, text)));
            let (file, text) = found.ok_or_else(|| format!("the file of the module {path:?} is missing"))?;
            let tokens: TokenStream = text.parse().map_err(|error| format!("{file}: {error}"))?;
            let mut reader = Reader::default();
            reader.read(tokens, &path);
            for (child, line) in reader.children {
                if child.is_empty() {
                    return Err(format!("{file}:{line}: `#[path]` is not understood here"));
                }
                let place = child.join("/");
                waiting.push((child, vec![format!("{place}.rs"), format!("{place}/mod.rs")]));
            }
            whole.imports.extend(reader.imports);
            let lines = text.lines().count() - reader.test_lines;
            whole.modules.insert(path, Module { file, lines, mentions: reader.mentions });
        }
        Ok(whole)
    }

    /// Returns all mentions of other modules.
    pub(crate) fn mentions(&self) -> BTreeSet<Mention> {
        let mut mentions = BTreeSet::new();
        for (from, module) in &self.modules {
            for (line, raw) in &module.mentions {
                if let Some(to) = self.resolve(raw, MOST_HOPS).filter(|to| to != from) {
                    mentions.insert(Mention { from: from.clone(), to, line: *line });
                }
            }
        }
        mentions
    }

    /// Returns the module that defines what a path names; `None` for what other crates define.
    fn resolve(&self, raw: &Raw, hops: usize) -> Option<Path> {
        let mut rest = raw.path.iter().map(String::as_str).peekable();
        let mut here = raw.scope.clone();
        match rest.peek().copied()? {
            "crate" => {
                here.clear();
                rest.next();
            }
            "self" | "super" => {}
            // Any other path of a `use` line begins with a module beside it, a name in scope, or another crate.
            first if self.modules.contains_key(&[here.as_slice(), &[first.to_owned()]].concat()) => {}
            _ => return None,
        }
        while let Some(segment) = rest.next() {
            let mut child = here.clone();
            child.push(segment.to_owned());
            if segment == "super" {
                here.pop()?;
            } else if segment == "self" {
                // Stays where it is.
            } else if self.modules.contains_key(&child) {
                here = child;
            } else if let Some(import) = self.imports.get(&(here.clone(), segment.to_owned())) {
                let hops = hops.checked_sub(1)?;
                let mut further = import.clone();
                further.path.extend(rest.map(str::to_owned));
                return self.resolve(&further, hops);
            } else {
                break;
            }
        }
        // Modules within a file belong to the file.
        while !self.modules.contains_key(&here) {
            here.pop()?;
        }
        Some(here)
    }
}

/// Reads one file.
#[derive(Debug, Default)]
struct Reader {
    children: Vec<(Path, usize)>,
    imports: BTreeMap<(Path, String), Raw>,
    mentions: Vec<(usize, Raw)>,
    test_lines: usize,
}

impl Reader {
    fn read(&mut self, tokens: TokenStream, scope: &Path) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let line = token.span().start().line;
            if let Some(attribute) = attribute(&tokens, at) {
                if is_for_tests(attribute.clone()) {
                    let end = end_of_item(&tokens, at);
                    self.test_lines += tokens[end - 1].span().end().line + 1 - line;
                    at = end;
                } else {
                    if starts_with(&attribute, "path") {
                        self.children.push((Path::new(), line));
                    }
                    at += 2;
                }
                continue;
            }
            match token {
                TokenTree::Group(group) => self.read(group.stream(), scope),
                TokenTree::Ident(word) => match word.to_string().as_str() {
                    "pub" => {
                        // `pub(in crate::engine)` is no import.
                        at += usize::from(is_group(tokens.get(at + 1), Delimiter::Parenthesis));
                    }
                    "use" => {
                        let end =
                            (at..tokens.len()).find(|&at| is_punct(&tokens, at, ';')).unwrap_or(tokens.len());
                        self.read_use(&tokens[at + 1..end], &Path::new(), scope);
                        at = end;
                    }
                    "mod" => at = self.read_module(&tokens, at, scope, line),
                    "crate" | "self" | "super" if is_path_sign(&tokens, at + 1) => {
                        let (path, end) = read_path(&tokens, at);
                        self.mentions.push((line, Raw { scope: scope.clone(), path }));
                        at = end;
                        continue;
                    }
                    _ => {}
                },
                _ => {}
            }
            at += 1;
        }
    }

    /// Reads `mod name;` or `mod name { .. }`, and returns where its last token is.
    fn read_module(&mut self, tokens: &[TokenTree], at: usize, scope: &Path, line: usize) -> usize {
        let Some(TokenTree::Ident(name)) = tokens.get(at + 1) else {
            return at;
        };
        let mut child = scope.clone();
        child.push(name.to_string());
        match tokens.get(at + 2) {
            Some(TokenTree::Group(group)) => self.read(group.stream(), &child),
            _ => self.children.push((child, line)),
        }
        at + 2
    }

    /// Reads a tree of a `use` line.
    fn read_use(&mut self, tokens: &[TokenTree], prefix: &Path, scope: &Path) {
        for branch in tokens.split(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ','))
        {
            let (path, end) = read_path(branch, 0);
            let whole: Path = prefix.iter().cloned().chain(path).collect();
            if let Some(TokenTree::Group(group)) = branch.get(end) {
                let inner: Vec<_> = group.stream().into_iter().collect();
                self.read_use(&inner, &whole, scope);
                continue;
            }
            let Some(first) = branch.first() else {
                continue; // behind a last comma
            };
            let renamed = matches!(branch.get(end), Some(TokenTree::Ident(word)) if word == "as");
            let name = match branch.get(end + 1) {
                Some(TokenTree::Ident(name)) if renamed => Some(name.to_string()),
                _ => whole.iter().rfind(|&segment| segment != "self").cloned(),
            };
            let raw = Raw { scope: scope.clone(), path: whole };
            if let Some(name) = name {
                self.imports.insert((scope.clone(), name), raw.clone());
            }
            self.mentions.push((first.span().start().line, raw));
        }
    }
}

/// Reads `a::b::c` from a token on, and returns where the next token after it is: for `a::{` and `a::*` the last one.
fn read_path(tokens: &[TokenTree], mut at: usize) -> (Path, usize) {
    let mut path = Path::new();
    while let Some(TokenTree::Ident(segment)) = tokens.get(at) {
        path.push(segment.to_string());
        at += 1;
        if !is_path_sign(tokens, at) {
            break;
        }
        at += 2;
    }
    (path, at)
}

fn is_punct(tokens: &[TokenTree], at: usize, sign: char) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

fn is_path_sign(tokens: &[TokenTree], at: usize) -> bool {
    is_punct(tokens, at, ':') && is_punct(tokens, at + 1, ':')
}

fn is_group(token: Option<&TokenTree>, delimiter: Delimiter) -> bool {
    matches!(token, Some(TokenTree::Group(group)) if group.delimiter() == delimiter)
}

/// The text in the brackets of `#[..]`.
fn attribute(tokens: &[TokenTree], at: usize) -> Option<TokenStream> {
    match (is_punct(tokens, at, '#'), tokens.get(at + 1)) {
        (true, Some(TokenTree::Group(group))) if group.delimiter() == Delimiter::Bracket => {
            Some(group.stream())
        }
        _ => None,
    }
}

fn starts_with(attribute: &TokenStream, name: &str) -> bool {
    matches!(attribute.clone().into_iter().next(), Some(TokenTree::Ident(word)) if word == name)
}

/// Whether an attribute is `cfg(test)` or `cfg(all(test, ..))`.
fn is_for_tests(attribute: TokenStream) -> bool {
    fn asks_for_test(tokens: TokenStream) -> bool {
        let tokens: Vec<_> = tokens.into_iter().collect();
        tokens.iter().enumerate().any(|(at, token)| match token {
            TokenTree::Ident(word) if word == "test" => true,
            TokenTree::Ident(word) if word == "all" => match tokens.get(at + 1) {
                Some(TokenTree::Group(group)) => asks_for_test(group.stream()),
                _ => false,
            },
            _ => false,
        })
    }
    starts_with(&attribute, "cfg")
        && matches!(attribute.into_iter().nth(1), Some(TokenTree::Group(group)) if asks_for_test(group.stream()))
}

/// Where the first token is after an item, field or statement whose attributes begin at a place.
fn end_of_item(tokens: &[TokenTree], mut at: usize) -> usize {
    while attribute(tokens, at).is_some() {
        at += 2;
    }
    if matches!(tokens.get(at), Some(TokenTree::Ident(word)) if word == "pub") {
        at += 1 + usize::from(is_group(tokens.get(at + 1), Delimiter::Parenthesis));
    }
    let first = tokens.get(at).map(ToString::to_string).unwrap_or_default();
    let (ends_at_brace, ends_at_comma) = match first.as_str() {
        "use" | "static" | "type" | "let" | "extern" => (false, false),
        "const" => (tokens.get(at + 1).is_some_and(|word| word.to_string() == "fn"), false),
        "mod" | "fn" | "async" | "impl" | "struct" | "enum" | "trait" | "macro_rules" => (true, false),
        _ => (true, true),
    };
    while let Some(token) = tokens.get(at) {
        at += 1;
        let is_end = match token {
            TokenTree::Group(group) => ends_at_brace && group.delimiter() == Delimiter::Brace,
            TokenTree::Punct(punct) => punct.as_char() == ';' || (ends_at_comma && punct.as_char() == ','),
            _ => false,
        };
        if is_end {
            break;
        }
    }
    at
}
