//! Tokens to syntax, without judging: what is allowed is for [`crate::model`] to say.
//!
//! ```text
//! block   =  attributes [ "unsafe" ] "impl" [ generics ] [ trait "for" ] type [ where ] "{" { item } "}"
//! item    =  attributes [ visibility ] signature body  |  anything else, up to its ";" or "{ … }"
//! body    =  one group of tokens, never looked into
//! ```
//!
//! Because bodies stay tokens, a half-typed one does no harm. A half-typed signature costs its own method only.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Generics, LitStr, Meta, Path, Signature, Token, Type, Visibility};

use crate::args::Macro;
use crate::names;

/// The `impl` block under the attribute.
pub(crate) struct Block {
    /// Everything in front of the braces, as it was written.
    pub(crate) head: TokenStream,
    /// Conditions on the whole block, when they stand below `#[consumer]`.
    pub(crate) cfgs: Vec<Attribute>,
    /// The text of its documentation comments.
    pub(crate) docs: String,
    /// A second attribute that would find the same handlers.
    pub(crate) other_macro: Option<Path>,
    pub(crate) unsafety: Option<Token![unsafe]>,
    pub(crate) generics: Generics,
    pub(crate) trait_: Option<Path>,
    pub(crate) self_ty: Type,
    pub(crate) braces: Group,
    /// `#![allow(..)]` and the like at the top of the block.
    pub(crate) inner_attrs: Vec<Attribute>,
    pub(crate) items: Vec<Item>,
}

pub(crate) enum Item {
    Method(Box<Method>),
    /// A constant, a type, a macro call: none of our business.
    Other(TokenStream),
    /// A method with a signature that makes no sense (yet).
    Broken(TokenStream, syn::Error),
}

pub(crate) struct Method {
    /// All attributes but `#[event]`.
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) event_attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    pub(crate) body: Group,
}

impl Block {
    pub(crate) fn parse(of: Macro, item: TokenStream) -> syn::Result<Self> {
        let mut head: Vec<_> = item.clone().into_iter().collect();
        head.pop();
        let parser = |input: ParseStream<'_>| Self::parse_item(of, input);
        let mut block = parser.parse2(item)?;
        block.head = head.into_iter().collect();
        Ok(block)
    }

    fn parse_item(of: Macro, input: ParseStream<'_>) -> syn::Result<Self> {
        let outer_attrs = input.call(Attribute::parse_outer)?;
        let docs = names::docs(&outer_attrs);
        let other_macro =
            outer_attrs.iter().map(Attribute::path).find(|path| is_other_macro(of, path)).cloned();
        let cfgs = outer_attrs.into_iter().filter(|attr| attr.path().is_ident("cfg")).collect();
        let unsafety = input.parse()?;
        if !input.peek(Token![impl]) {
            return Err(not_an_impl_block(of, input));
        }
        input.parse::<Token![impl]>()?;
        // `impl <Type as Trait>::Output { .. }` begins like generics and is too odd a consumer to tell apart.
        let mut generics: Generics = input.parse()?;
        let negative: Option<Token![!]> = input.parse()?;
        let first: Type = input.parse()?;
        let (trait_, self_ty) = match input.parse::<Option<Token![for]>>()? {
            Some(_) => (Some(trait_path(first)?), input.parse()?),
            None => match negative {
                Some(not) => return Err(syn::Error::new(not.span, "expected a type")),
                None => (None, first),
            },
        };
        generics.where_clause = input.parse()?;
        let braces = group(input, Delimiter::Brace)?;
        let (inner_attrs, items) = items.parse2(braces.stream())?;
        Ok(Self {
            head: TokenStream::new(),
            cfgs,
            docs,
            other_macro,
            unsafety,
            generics,
            trait_,
            self_ty,
            braces,
            inner_attrs,
            items,
        })
    }
}

fn trait_path(ty: Type) -> syn::Result<Path> {
    match ty {
        Type::Path(path) => Ok(path.path),
        other => Err(syn::Error::new_spanned(other, "expected a trait")),
    }
}

fn not_an_impl_block(of: Macro, input: ParseStream<'_>) -> syn::Error {
    // The keyword says what it is: `pub struct`, `async fn`, `mod`.
    let visibility = input.parse::<Visibility>();
    let message = format!("`{}` goes on an impl block: `{}`", of.name(), of.example());
    match visibility {
        Ok(_) => input.error(message),
        Err(error) => syn::Error::new(error.span(), message),
    }
}

fn items(input: ParseStream<'_>) -> syn::Result<(Vec<Attribute>, Vec<Item>)> {
    let inner_attrs = input.call(Attribute::parse_inner)?;
    let mut items = Vec::new();
    while !input.is_empty() {
        items.push(item(input)?);
    }
    Ok((inner_attrs, items))
}

fn item(input: ParseStream<'_>) -> syn::Result<Item> {
    let ahead = input.fork();
    let attrs = ahead.call(Attribute::parse_outer);
    let is_method = attrs.is_ok() && is_method(&ahead)?;
    if !is_method {
        return Ok(Item::Other(rest_of_item(input)?));
    }
    let ahead = input.fork();
    match method(&ahead) {
        Ok(_) => method(input).map(|method| Item::Method(Box::new(method))),
        Err(error) => {
            let attrs = input.call(Attribute::parse_outer)?;
            let attrs = attrs.into_iter().filter(|attr| !is_event(attr.path()));
            let mut tokens: TokenStream = attrs.map(ToTokens::into_token_stream).collect();
            tokens.extend(rest_of_item(input)?);
            Ok(Item::Broken(tokens, error))
        }
    }
}

/// Returns whether `fn` follows, behind whatever may stand in front of it.
pub(crate) fn is_method(input: ParseStream<'_>) -> syn::Result<bool> {
    input.parse::<Visibility>()?;
    loop {
        if input.peek(Token![fn]) {
            return Ok(true);
        }
        let qualifier = input.peek(Token![const])
            || input.peek(Token![async])
            || input.peek(Token![unsafe])
            || input.peek(Token![extern])
            || input.peek(LitStr);
        if !qualifier {
            return Ok(false);
        }
        input.parse::<TokenTree>()?;
    }
}

fn method(input: ParseStream<'_>) -> syn::Result<Method> {
    let attrs = input.call(Attribute::parse_outer)?;
    let (event_attrs, attrs) = attrs.into_iter().partition(|attr| is_event(attr.path()));
    let vis = input.parse()?;
    let sig = input.parse()?;
    let body = group(input, Delimiter::Brace)?;
    Ok(Method { attrs, event_attrs, vis, sig, body })
}

pub(crate) fn rest_of_item(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !input.is_empty() {
        let token: TokenTree = input.parse()?;
        let last = match &token {
            TokenTree::Punct(punct) => punct.as_char() == ';',
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            _ => false,
        };
        tokens.extend([token]);
        if last {
            break;
        }
    }
    Ok(tokens)
}

pub(crate) fn group(input: ParseStream<'_>, delimiter: Delimiter) -> syn::Result<Group> {
    input.step(|cursor| match cursor.token_tree() {
        Some((TokenTree::Group(group), rest)) if group.delimiter() == delimiter => Ok((group, rest)),
        _ => Err(cursor.error("expected curly braces")),
    })
}

/// The argument with which `#[event]` knows that it only marks its own import as used.
pub(crate) const USED: &str = "__sio_used";

/// The paths by which `#[event]` was written, each once: the attributes are taken out, so that imports of them would be
/// unused.
#[derive(Default)]
pub(crate) struct EventPaths(Vec<Path>);

impl EventPaths {
    pub(crate) fn add(&mut self, event_attrs: &[Attribute]) {
        for path in event_attrs.iter().map(Attribute::path) {
            let same = |known: &Path| quote!(#known).to_string() == quote!(#path).to_string();
            if !self.0.iter().any(same) {
                self.0.push(path.clone());
            }
        }
    }

    /// Items that use each path and are nothing themselves.
    pub(crate) fn marks(&self) -> TokenStream {
        let used = format_ident!("{USED}");
        let marks = self.0.iter().map(|path| quote!(#[#path(#used)] const _: () = ();));
        marks.collect()
    }
}

/// The other attribute for blocks with handlers, by whatever path.
fn is_other_macro(of: Macro, path: &Path) -> bool {
    let other = if of == Macro::Consumer { "handlers" } else { "consumer" };
    path.segments.last().is_some_and(|segment| segment.ident == other)
}

/// `#[event]`, by whatever path.
pub(crate) fn is_event(path: &Path) -> bool {
    path.segments.last().is_some_and(|segment| segment.ident == "event")
}

/// `#[cfg_attr(condition, event(..))]`: the condition is not evaluated yet when `#[consumer]` runs.
pub(crate) fn hides_event(attr: &Attribute) -> bool {
    let Meta::List(list) = &attr.meta else { return false };
    list.path.is_ident("cfg_attr")
        && list
            .tokens
            .clone()
            .into_iter()
            .any(|token| matches!(token, TokenTree::Ident(name) if name == "event"))
}

/// The user's item, with the `#[event]`s of its methods taken out: left in after a failure, each of them would
/// complain about a missing `#[consumer]`.
pub(crate) fn without_event_attributes(item: TokenStream) -> TokenStream {
    item.into_iter()
        .map(|token| match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                let mut kept = Group::new(Delimiter::Brace, strip_events(group.stream()));
                kept.set_span(group.span());
                TokenTree::Group(kept)
            }
            other => other,
        })
        .collect()
}

fn strip_events(tokens: TokenStream) -> TokenStream {
    let mut kept = Vec::new();
    for token in tokens {
        let attribute = matches!(&token, TokenTree::Group(group) if is_event_brackets(group));
        if attribute && matches!(kept.last(), Some(TokenTree::Punct(punct)) if punct.as_char() == '#') {
            kept.pop();
        } else {
            kept.push(token);
        }
    }
    kept.into_iter().collect()
}

fn is_event_brackets(group: &Group) -> bool {
    group.delimiter() == Delimiter::Bracket
        && syn::parse2::<Meta>(group.stream()).is_ok_and(|meta| is_event(meta.path()))
}
