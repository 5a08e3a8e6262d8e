//! The names that a crate's root, or a file of re-exports, shows to users.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};

/// Returns the public names of a file: modules, items and re-exports. What is hidden from the documentation does not
/// count, nor does a module that a feature brings, and a macro and a module of one name are one. All else that a feature
/// brings belongs in its module, and counts where it does not stand there.
pub(crate) fn public_names(text: &str) -> BTreeSet<String> {
    let tokens: TokenStream = text.parse().expect("the file is Rust");
    let tokens: Vec<_> = tokens.into_iter().collect();
    let mut names = BTreeSet::new();
    let (mut is_hidden, mut is_of_feature) = (false, false);
    let mut at = 0;
    while at < tokens.len() {
        let rest = &tokens[at..];
        match rest {
            [TokenTree::Punct(sign), TokenTree::Group(attribute), ..] if sign.as_char() == '#' => {
                let attribute = attribute.stream().to_string().replace(' ', "");
                is_hidden |= attribute == "doc(hidden)";
                is_of_feature |= attribute.starts_with("cfg(feature=");
                at += 1;
            }
            [TokenTree::Ident(word), TokenTree::Ident(kind), ..] if word == "pub" => {
                let end = end_of_item(rest);
                let counts = !(is_hidden || is_of_feature && kind == "mod");
                if counts && kind == "use" {
                    leaves(&rest[2..end], &mut names);
                } else if counts {
                    // `async fn`, `unsafe trait`: the name stands behind the last keyword.
                    let is_keyword = |word: &str| {
                        ["mod", "fn", "struct", "enum", "trait", "type", "const", "static", "async", "unsafe"]
                            .contains(&word)
                    };
                    let words = rest[1..end].iter().map(ToString::to_string);
                    names.extend(words.skip_while(|word| is_keyword(word)).take(1));
                }
                (at, is_hidden, is_of_feature) = (at + end, false, false);
            }
            // A block or a semicolon ends what the attributes were for.
            [TokenTree::Group(_), ..] => (is_hidden, is_of_feature) = (false, false),
            [TokenTree::Punct(sign), ..] if sign.as_char() == ';' => {
                (is_hidden, is_of_feature) = (false, false)
            }
            _ => {}
        }
        at += 1;
    }
    names
}

/// Where the semicolon or the block is that ends an item.
fn end_of_item(tokens: &[TokenTree]) -> usize {
    let is_use = matches!(&tokens[1], TokenTree::Ident(word) if word == "use");
    let ends = |token: &TokenTree| match token {
        TokenTree::Punct(sign) => sign.as_char() == ';',
        TokenTree::Group(group) => !is_use && group.delimiter() == proc_macro2::Delimiter::Brace,
        _ => false,
    };
    tokens.iter().position(ends).unwrap_or(tokens.len())
}

/// The names that a tree of a `use` line brings.
fn leaves(tokens: &[TokenTree], names: &mut BTreeSet<String>) {
    for branch in tokens.split(|token| matches!(token, TokenTree::Punct(sign) if sign.as_char() == ',')) {
        match branch.last() {
            Some(TokenTree::Group(group)) => {
                let inner: Vec<_> = group.stream().into_iter().collect();
                leaves(&inner, names);
            }
            Some(name) => {
                names.insert(name.to_string());
            }
            None => {}
        }
    }
}

#[test]
fn every_kind_of_public_item_is_counted_once() {
    let text = r#"
        mod inner;
        pub(crate) mod near;
        pub mod consumer;
        #[cfg(feature = "x")]
        pub mod testing;
        #[cfg(feature = "x")]
        pub use self::testing::Client;
        #[doc = include_str!("a.md")]
        pub use macros::consumer;
        pub use self::a::{B, c::{D, E as F}};
        pub use other;
        #[doc(hidden)]
        pub mod __private { pub use std::result::Result; }
        #[doc(hidden)]
        mod hidden {}
        pub struct After { pub field: u8 }
        pub async fn serve(address: impl Address + Debug) -> Result<()> { pub_fn() }
        pub type Alias<T = ()> = Vec<T>;
        use std::fmt;
    "#;
    let names: Vec<_> = public_names(text).into_iter().collect();
    assert_eq!(names, ["After", "Alias", "B", "Client", "D", "F", "consumer", "other", "serve"]);
}
