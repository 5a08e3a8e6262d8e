//! The floors of a crate, and what does not keep to them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::reader::{Crate, Module, Path};

/// The longest file, in lines without its tests.
pub(crate) const MOST_LINES: usize = 400;

/// The longest line of the drawing.
const WIDTH: usize = 100;

/// Where the modules of a crate belong.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    /// From the top down: a floor, and the modules on it. A module takes those below it along unless they have a place
    /// of their own; the crate's root is `lib`.
    pub(crate) floors: &'static [(&'static str, &'static [&'static str])],
    /// Floors whose modules may know each other in a circle.
    pub(crate) circles_allowed: &'static [&'static str],
    /// Imports that are to disappear: each points up, or closes a circle.
    pub(crate) known: &'static [(&'static str, &'static str)],
    /// Files that are to be split.
    pub(crate) long: &'static [&'static str],
}

/// Of two modules of the plan, where the first mentions the second.
type Imports = BTreeMap<(&'static str, &'static str), BTreeSet<String>>;

impl Plan {
    /// Returns what is wrong, a line each.
    pub(crate) fn problems(&self, read: &Crate) -> Vec<String> {
        let mut problems = self.homeless(read);
        let imports = self.imports(read);
        for contents in read.modules.values() {
            let Module { file, lines, .. } = contents;
            match (*lines > MOST_LINES, self.long.contains(&file.as_str())) {
                (true, false) => problems.push(format!(
                    "{}: {file} has {lines} lines without its tests: split it, at most {MOST_LINES} are allowed",
                    self.name
                )),
                (false, true) => {
                    problems.push(format!("{}: {file} is not too long any more: remove it from the list", self.name));
                }
                _ => {}
            }
        }
        let allowed: BTreeSet<_> =
            imports.keys().copied().filter(|import| !self.known.contains(import)).collect();
        let level: BTreeSet<_> =
            allowed.iter().copied().filter(|&import| self.may_close_a_circle(import)).collect();
        for (&(from, to), places) in &imports {
            let places = places.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            if !allowed.contains(&(from, to)) {
                continue;
            } else if self.points_up((from, to)) {
                problems.push(format!(
                    "{}: `{from}` imports `{to}`, which is on a floor above it: {places}",
                    self.name
                ));
            } else if level.contains(&(from, to)) && leads(&level, to, from) {
                problems.push(format!(
                    "{}: `{from}` imports `{to}`, which is part of a circle: {places}",
                    self.name
                ));
            }
        }
        for &(from, to) in self.known {
            let closes = || self.may_close_a_circle((from, to)) && leads(&level, to, from);
            if !imports.contains_key(&(from, to)) || !(self.points_up((from, to)) || closes()) {
                problems.push(format!(
                    "{}: `{from}` → `{to}` is no exception any more: remove it from the list",
                    self.name
                ));
            }
        }
        problems
    }

    /// Draws the floors from the top down, and how many imports do not keep to them.
    pub(crate) fn draw(&self) -> String {
        let mut drawing = format!("{}\n", self.name);
        let width = self.floors.iter().map(|(floor, _)| floor.len()).max().unwrap_or_default();
        for (floor, modules) in self.floors {
            let mut line = format!("  {floor:width$} ");
            for module in *modules {
                if line.len() + module.len() >= WIDTH {
                    writeln!(drawing, "{line}").expect("a string can be written to");
                    line = format!("  {:width$} ", "");
                }
                line.push(' ');
                line.push_str(module);
            }
            writeln!(drawing, "{line}").expect("as above");
        }
        if !self.known.is_empty() {
            writeln!(drawing, "  {:width$}  {} imports point up or in circles", "", self.known.len())
                .expect("as above");
        }
        drawing
    }

    /// Modules without a floor, and places without a module.
    fn homeless(&self, read: &Crate) -> Vec<String> {
        let modules = self.floors.iter().flat_map(|(_, modules)| *modules);
        let empty =
            modules.filter(|module| !read.modules.keys().any(|path| self.module(path) == Some(module)));
        let empty =
            empty.map(|module| format!("{}: there is no module `{module}` any more: remove it", self.name));
        let new = read.modules.keys().filter(|path| self.module(path).is_none());
        let new =
            new.map(|path| format!("{}: the module `{}` has no floor: give it one", self.name, show(path)));
        empty.chain(new).collect()
    }

    fn imports(&self, read: &Crate) -> Imports {
        let mut imports = Imports::new();
        for mention in read.mentions() {
            if let (Some(from), Some(to)) = (self.module(&mention.from), self.module(&mention.to))
                && from != to
            {
                let place = format!("{}:{}", read.modules[&mention.from].file, mention.line);
                imports.entry((from, to)).or_default().insert(place);
            }
        }
        imports
    }

    /// The module of the plan to which one of the crate belongs.
    fn module(&self, path: &Path) -> Option<&'static str> {
        let path = show(path);
        let holds = |module: &str| {
            path.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        };
        let modules = self.floors.iter().flat_map(|(_, modules)| *modules).copied();
        modules.filter(|module| holds(module)).max_by_key(|module| module.len())
    }

    fn floor(&self, module: &str) -> Option<usize> {
        self.floors.iter().position(|(_, modules)| modules.contains(&module))
    }

    fn points_up(&self, (from, to): (&str, &str)) -> bool {
        self.floor(to) < self.floor(from)
    }

    fn may_close_a_circle(&self, (from, to): (&str, &str)) -> bool {
        let floor = self.floor(from);
        floor == self.floor(to)
            && floor.is_some_and(|floor| !self.circles_allowed.contains(&self.floors[floor].0))
    }
}

fn show(path: &Path) -> String {
    if path.is_empty() { "lib".to_owned() } else { path.join("::") }
}

/// Whether imports lead from one module to another one.
fn leads(imports: &BTreeSet<(&str, &str)>, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut waiting = vec![from];
    while let Some(here) = waiting.pop() {
        for &(_, next) in imports.iter().filter(|(start, _)| *start == here) {
            if seen.insert(next) {
                waiting.push(next);
            }
        }
    }
    from != to && seen.contains(to)
}
