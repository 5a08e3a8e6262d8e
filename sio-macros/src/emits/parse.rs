//! Tokens to syntax, without judging.
//!
//! ```text
//! trait   =  attributes [ visibility ] [ "unsafe" ] "trait" name [ generics ] [ ":" bounds ] [ where ] "{" { item } "}"
//! item    =  attributes signature ( ";"  |  body )  |  anything else, up to its ";" or "{ … }"
//! ```

use proc_macro2::{Delimiter, Group, TokenStream};
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Generics, Ident, Signature, Token, TypeParamBound, Visibility};

use crate::parse::{group, is_event, is_method, rest_of_item};

/// The trait under the attribute.
pub(super) struct Trait {
    pub(super) attrs: Vec<Attribute>,
    pub(super) vis: Visibility,
    pub(super) unsafety: Option<Token![unsafe]>,
    pub(super) ident: Ident,
    pub(super) generics: Generics,
    pub(super) supertraits: Punctuated<TypeParamBound, Token![+]>,
    pub(super) items: Vec<Item>,
}

pub(super) enum Item {
    Method(Box<Method>),
    /// A constant, a type, a macro call.
    Other(TokenStream),
    /// A method with a signature that makes no sense (yet).
    Broken(syn::Error),
}

pub(super) struct Method {
    /// All attributes but `#[event]`.
    pub(super) attrs: Vec<Attribute>,
    pub(super) event_attrs: Vec<Attribute>,
    pub(super) sig: Signature,
    pub(super) body: Option<Group>,
}

impl Trait {
    pub(super) fn parse(item: TokenStream) -> syn::Result<Self> {
        Self::parse_item.parse2(item)
    }

    fn parse_item(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let unsafety = input.parse()?;
        if !input.peek(Token![trait]) {
            // The keyword says what it is: `struct`, `impl`, `mod`.
            return Err(input.error(
                "`#[emits]` goes on a trait: `trait ChatEvents { async fn emit_joined(name: &str); }`",
            ));
        }
        input.parse::<Token![trait]>()?;
        let ident = input.parse()?;
        let mut generics: Generics = input.parse()?;
        let mut supertraits = Punctuated::new();
        if input.parse::<Option<Token![:]>>()?.is_some() {
            while !input.peek(Token![where]) && !input.peek(syn::token::Brace) {
                supertraits.push_value(input.parse()?);
                let Some(plus) = input.parse()? else { break };
                supertraits.push_punct(plus);
            }
        }
        generics.where_clause = input.parse()?;
        let braces = group(input, Delimiter::Brace)?;
        let items = items.parse2(braces.stream())?;
        Ok(Self { attrs, vis, unsafety, ident, generics, supertraits, items })
    }
}

fn items(input: ParseStream<'_>) -> syn::Result<Vec<Item>> {
    let mut items = Vec::new();
    while !input.is_empty() {
        items.push(item(input)?);
    }
    Ok(items)
}

fn item(input: ParseStream<'_>) -> syn::Result<Item> {
    let ahead = input.fork();
    let attrs = ahead.call(Attribute::parse_outer);
    if attrs.is_err() || !is_method(&ahead)? {
        return Ok(Item::Other(rest_of_item(input)?));
    }
    let ahead = input.fork();
    match method(&ahead) {
        Ok(_) => method(input).map(|method| Item::Method(Box::new(method))),
        Err(error) => rest_of_item(input).map(|_| Item::Broken(error)),
    }
}

fn method(input: ParseStream<'_>) -> syn::Result<Method> {
    let attrs = input.call(Attribute::parse_outer)?;
    let (event_attrs, attrs) = attrs.into_iter().partition(|attr| is_event(attr.path()));
    // The methods of a trait have none: rustc says so where the signature is parsed.
    let sig = input.parse()?;
    let body = match input.parse::<Option<Token![;]>>()? {
        Some(_) => None,
        None => Some(group(input, Delimiter::Brace).map_err(|error| {
            syn::Error::new(error.span(), "expected `;`: an event is only declared here")
        })?),
    };
    Ok(Method { attrs, event_attrs, sig, body })
}
