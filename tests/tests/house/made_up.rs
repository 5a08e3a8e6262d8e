//! The reader and the plan, tried on small sources that are made up.

use std::collections::BTreeMap;

use crate::plan::{MOST_LINES, Plan};
use crate::reader::Crate;

/// Reads a crate from files that are given as `(name, text)`.
fn read(files: &[(&str, &str)]) -> Crate {
    let files: BTreeMap<_, _> = files.iter().copied().collect();
    Crate::read(&|file| files.get(file).map(|&text| text.to_owned())).expect("the made-up crate can be read")
}

/// All mentions in the form `from → to :line`.
fn mentions(files: &[(&str, &str)]) -> Vec<String> {
    let mentions = read(files).mentions();
    mentions
        .iter()
        .map(|found| format!("{} → {} :{}", found.from.join("::"), found.to.join("::"), found.line))
        .collect()
}

#[test]
fn every_form_of_use_is_read() {
    let root = ("lib.rs", "mod a; mod b; pub mod c;");
    let c = [
        ("c/mod.rs", "pub mod d; pub struct C;"),
        ("c/d.rs", "pub struct D; pub fn f() {}"),
        ("b.rs", "pub struct B;"),
    ];
    for (text, expected) in [
        ("use crate::b::B;", &["a → b :1"][..]),
        ("\npub(crate) use crate::{b, c::{self, d::{D, f as g}}};", &["a → b :2", "a → c :2", "a → c::d :2"]),
        ("use crate::c::*;", &["a → c :1"]),
        ("use super::b::{\n    B,\n};", &["a → b :2"]),
        ("use self::crate_like; use std::fmt; use other::b;", &[]),
        ("fn f() { use crate::c::d::D; }", &["a → c::d :1"]),
    ] {
        let files = [&[root, ("a.rs", text)][..], &c[..]].concat();
        assert_eq!(mentions(&files), expected, "{text}");
    }
}

#[test]
fn paths_within_the_code_are_read() {
    let root = ("lib.rs", "mod a; mod b;");
    for (text, expected) in [
        ("fn f() -> crate::b::B { super::b::make::<u8>() }", &["a → b :1"][..]),
        ("struct A {\n  b: Vec<Option<crate::b::B>>,\n}", &["a → b :2"]),
        ("macro_rules! m { () => { $crate::b::make() } }", &["a → b :1"]),
        ("pub(in crate::b) fn f() {}", &[]),
        ("/// See [`crate::b::B`].\n// crate::b\nfn f() { g(\"crate::b\") }", &[]),
        ("mod inner { fn f() { super::super::b::make() } }", &["a → b :1"]),
    ] {
        assert_eq!(mentions(&[root, ("a.rs", text), ("b.rs", "pub struct B;")]), expected, "{text}");
    }
}

#[test]
fn a_name_is_followed_to_where_it_is_defined() {
    let files = [
        ("lib.rs", "mod a; mod b; pub use self::b::Deep as Renamed; pub use std::fmt; pub fn own() {}"),
        ("a.rs", "use crate::Renamed; use crate::fmt::Display; fn f() { crate::own() }"),
        ("b.rs", "mod c; pub use c::Deep;"),
        ("b/c.rs", "use super::Deep as Same; pub struct Deep;"),
    ];
    // `lib` has the empty path.
    assert_eq!(mentions(&files), [" → b::c :1", "a →  :1", "a → b::c :1", "b → b::c :1"]);
}

#[test]
fn what_is_compiled_for_tests_only_is_left_out() {
    for text in [
        "#[cfg(test)]\nuse crate::b::B;",
        "#[cfg(all(test, feature = \"f\"))] mod tests { use crate::b::B; }",
        "#[cfg(test)] mod tests;",
        "#[cfg(test)]\n#[allow(unused)]\npub(crate) const fn f() -> crate::b::B { loop {} }",
        "struct A { #[cfg(test)] b: crate::b::B, c: u8 }",
    ] {
        assert_eq!(mentions(&[("lib.rs", "mod a; mod b;"), ("a.rs", text), ("b.rs", "")]), [""; 0], "{text}");
    }
    for text in [
        "#[cfg(not(test))] use crate::b::B;",
        "#[cfg(test)] fn f() {} use crate::b::B;",
        "#[cfg(feature = \"test\")] use crate::b;",
    ] {
        assert_eq!(
            mentions(&[("lib.rs", "mod a; mod b;"), ("a.rs", text), ("b.rs", "")]),
            ["a → b :1"],
            "{text}"
        );
    }
}

#[test]
fn lines_of_tests_do_not_count() {
    let text = "//! A.\n\nfn f() {}\n\n#[cfg(test)]\nmod tests {\n    fn g() {}\n}\n\nfn h() {}\n";
    assert_eq!(read(&[("lib.rs", text)]).modules[&vec![]].lines, 6);
}

#[test]
fn a_missing_file_and_a_path_of_its_own_are_errors() {
    let none = |_: &str| None;
    assert!(Crate::read(&none).is_err());
    let odd = |file: &str| (file == "lib.rs").then(|| "#[path = \"x.rs\"] mod a;".to_owned());
    assert!(Crate::read(&odd).unwrap_err().contains("#[path]"));
}

const PLAN: Plan = Plan {
    name: "made-up",
    floors: &[("facade", &["lib"]), ("top", &["a", "c::d"]), ("middle", &["b", "c"]), ("round", &["e", "f"])],
    circles_allowed: &["round"],
    known: &[],
    long: &[],
};

/// Returns the faults of a crate of the modules `a` to `f`, of which some have a text.
fn problems(plan: &Plan, texts: &[(&str, &str)]) -> Vec<String> {
    let mut files = vec![
        ("lib.rs", "mod a; mod b; mod c; mod e; mod f;"),
        ("c.rs", "mod d;"),
        ("a.rs", ""),
        ("b.rs", ""),
        ("c/d.rs", ""),
        ("e.rs", ""),
        ("f.rs", ""),
    ];
    for (name, text) in texts {
        files.retain(|(file, _)| file != name);
        files.push((name, text));
    }
    plan.problems(&read(&files))
}

#[test]
fn imports_down_and_on_one_floor_are_in_order() {
    let texts = [
        ("a.rs", "use crate::b; use crate::c::d; use crate::e;"),
        ("b.rs", "use crate::c;"),
        ("e.rs", "use crate::f;"),
        ("f.rs", "use crate::e;"),
    ];
    assert_eq!(problems(&PLAN, &texts), [""; 0]);
}

#[test]
fn an_import_that_points_up_is_found_at_its_line() {
    let expected = ["made-up: `b` imports `c::d`, which is on a floor above it: b.rs:2"];
    assert_eq!(problems(&PLAN, &[("b.rs", "\nuse crate::c::d::D;")]), expected);
    let plan = Plan { known: &[("b", "c::d")], ..PLAN };
    assert_eq!(problems(&plan, &[("b.rs", "\nuse crate::c::d::D;")]), [""; 0]);
}

#[test]
fn a_circle_is_found_where_none_is_allowed() {
    let texts = [("b.rs", "use crate::c;"), ("c.rs", "mod d; use crate::b;")];
    let found = problems(&PLAN, &texts);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|problem| problem.contains("circle")), "{found:?}");
    let plan = Plan { known: &[("c", "b")], ..PLAN };
    assert_eq!(problems(&plan, &texts), [""; 0]);
}

#[test]
fn the_list_of_known_imports_can_only_shrink() {
    let gone = Plan { known: &[("b", "a")], ..PLAN };
    let downward = Plan { known: &[("a", "b")], ..PLAN };
    let no_circle = Plan { known: &[("b", "c")], ..PLAN };
    let allowed = Plan { known: &[("e", "f")], ..PLAN };
    let texts = [
        ("a.rs", "use crate::b;"),
        ("b.rs", "use crate::c;"),
        ("e.rs", "use crate::f;"),
        ("f.rs", "use crate::e;"),
    ];
    for plan in [gone, downward, no_circle, allowed] {
        let found = problems(&plan, &texts);
        assert!(found.len() == 1 && found[0].ends_with("remove it from the list"), "{found:?}");
    }
}

#[test]
fn a_module_without_a_floor_and_a_place_without_a_module_are_found() {
    let short = Plan { floors: &[("facade", &["lib"]), ("only", &["a", "b", "c", "e", "ghost"])], ..PLAN };
    let found = problems(&short, &[]);
    assert_eq!(
        found,
        [
            "made-up: there is no module `ghost` any more: remove it",
            "made-up: the module `f` has no floor: give it one",
        ]
    );
}

#[test]
fn a_file_that_is_too_long_is_found() {
    let long = "fn f() {}\n".repeat(MOST_LINES + 1);
    let found = problems(&PLAN, &[("b.rs", &long)]);
    assert_eq!(found, ["made-up: b.rs has 401 lines without its tests: split it, at most 400 are allowed"]);
    let plan = Plan { long: &["b.rs"], ..PLAN };
    assert_eq!(problems(&plan, &[("b.rs", &long)]), [""; 0]);
    assert_eq!(problems(&plan, &[]), ["made-up: b.rs is not too long any more: remove it from the list"]);
}

#[test]
fn the_floors_are_drawn_from_the_top_down() {
    let plan = Plan { known: &[("b", "a")], ..PLAN };
    let expected = "made-up\n  facade  lib\n  top     a c::d\n  middle  b c\n  round   e f\n          1 imports point up or in circles\n";
    assert_eq!(plan.draw(), expected);
}
