//! The macro run directly on tokens: half-typed code, which no compiled test can hold, and what must come out
//! whatever happens.

use proc_macro2::TokenStream;
use quote::quote;

use crate::{consumer_tokens, event_tokens, handlers_tokens};

fn expand(args: TokenStream, item: TokenStream) -> String {
    consumer_tokens(args, item).to_string()
}

/// Compared without white space: where tokens touch is a matter of printing.
#[track_caller]
fn assert_contains(text: &str, part: &TokenStream) {
    let squeeze = |text: &str| text.replace(char::is_whitespace, "");
    let part = part.to_string();
    assert!(squeeze(text).contains(&squeeze(&part)), "{part}\nis not in\n{text}");
}

fn errors(text: &str) -> usize {
    text.matches("compile_error").count()
}

#[test]
fn the_users_block_comes_out_token_for_token() {
    let block = quote! {
        #[allow(dead_code)]
        impl chat::Chat {
            #![allow(unused)]
            const LIMIT: Limit = Limit { max: 3 };
            type Alias = u8;
            helper! { anything }
            /// Says something.
            pub(crate) async fn helper(self: Box<Self>) -> ! { loop {} }
        }
    };
    let text = expand(quote!(), block.clone());
    assert_contains(&text, &block);
    assert_contains(&text, &quote!(impl ::sio::__private::Consumer for chat::Chat));
    assert_eq!(errors(&text), 0);
}

#[test]
fn a_half_typed_body_costs_nothing() {
    let text = expand(
        quote!(namespace = "/chat"),
        quote! {
            impl Chat {
                async fn event_say(&mut self, text: String) { let x = ; socket.emit(.) . }
                async fn event_other(&mut self) {}
            }
        },
    );
    assert_eq!(errors(&text), 0);
    assert_contains(&text, &quote!({ let x = ; socket.emit(.) . }));
    assert_contains(&text, &quote!(Names::of(&["say", "other"])));
    assert_contains(&text, &quote!(0 =>));
    assert_contains(&text, &quote!(1 =>));
}

#[test]
fn a_half_typed_signature_costs_its_own_method() {
    let text = expand(
        quote!(),
        quote! {
            impl Chat {
                #[event("x")]
                async fn say(&mut self, text: ) {}
                async fn event_other(&mut self) {}
            }
        },
    );
    assert_eq!(errors(&text), 1);
    assert_contains(&text, &quote!(async fn say(&mut self, text: ) {}));
    assert_contains(&text, &quote!(Names::of(&["other"])));
    assert!(!text.contains("# [event (\"x\")]"), "{text}");
}

#[test]
fn a_wrong_item_comes_out_with_one_error() {
    for item in [
        quote!(
            pub struct Chat;
        ),
        quote!(
            async fn chat() {}
        ),
        quote!(impl Chat { #[event("x")] async fn x(), } extra),
        quote!(impl Chat for),
    ] {
        let text = expand(quote!(), item.clone());
        assert_eq!(errors(&text), 1, "{text}");
        assert!(!text.contains("Consumer for"), "{text}");
        assert!(!text.contains("event (\"x\")"), "{text}");
    }
}

#[test]
fn a_wrong_argument_leaves_the_block_alone() {
    for args in [
        quote!("/chat"),
        quote!(name = "/chat"),
        quote!(namespace),
        quote!(namespace = chat),
        quote!(namespace = "chat"),
        quote!(namespace = "/a,b"),
        quote!(namespace = "/org/a{id}"),
        quote!(namespace = "/org/{id"),
        quote!(namespace = "/a", namespace = "/b"),
        quote!(crate = "sio"),
        quote!(handlers),
        quote!(handlers = []),
        quote!(handlers = "presence"),
        quote!(handlers = [a], handlers = [b]),
        quote!(;),
    ] {
        let text = expand(args.clone(), quote!(impl Chat { fn event_say() {} }));
        assert_eq!(errors(&text), 1, "{args}: {text}");
        assert!(!text.contains("Consumer for"), "{text}");
    }
}

#[test]
fn every_mistake_is_reported_at_once_and_the_good_handlers_stay() {
    let text = expand(
        quote!(),
        quote! {
            impl Chat {
                fn event_a(&mut self) {}
                async fn event_b(self) {}
                async fn event_c<T>(&mut self, value: T) {}
                #[event("x", timeout = "soon")]
                async fn d(&mut self) {}
                #[event("x", concurrent)]
                async fn e(&self) {}
                async fn event_connect(&mut self) {}
                async fn event_good(&mut self) {}
            }
        },
    );
    assert_eq!(errors(&text), 6, "{text}");
    assert_contains(&text, &quote!(Names::of(&["good"])));
    assert_eq!(text.matches("=> {").count(), 1, "{text}");
}

#[test]
fn the_condition_of_a_method_goes_wherever_the_method_goes() {
    let text = expand(
        quote!(),
        quote! {
            impl Chat {
                #[cfg(feature = "a")]
                async fn connect(&mut self) {}
                #[cfg(feature = "b")]
                #[cfg(unix)]
                async fn connect() -> Self {}
                #[cfg(test)]
                async fn event_say(&mut self, text: String) {}
                #[cfg(windows)]
                #[event("say")]
                async fn say(&mut self, text: String) {}
            }
        },
    );
    assert_eq!(errors(&text), 0, "{text}");
    assert_contains(
        &text,
        &quote!(#[cfg(not(any(all(feature = "a"), all(feature = "b", unix))))] async fn on_connect),
    );
    assert_contains(&text, &quote!(#[cfg(test)] 0 =>));
    assert_contains(&text, &quote!(#[cfg(windows)] 0 =>));
    assert_contains(
        &text,
        &quote!(
            #[cfg(test)]
            ::sio::__private::EventInfo::new("say"),
            #[cfg(windows)]
            ::sio::__private::EventInfo::new("say")
        ),
    );
}

#[test]
fn options_reach_the_table_and_a_renamed_crate_every_path() {
    let text = expand(
        quote!(namespace = "/x", crate = ::other::sio),
        quote! {
            impl Chat {
                #[event("any name", concurrent, timeout = "2s", max_size = "1 KiB", rate = "10/s")]
                async fn any() {}
                #[sio::event(fallback)]
                async fn rest(&mut self) {}
            }
        },
    );
    assert_contains(
        &text,
        &quote!(
            ::other::sio::__private::EventInfo::new("any name")
                .concurrent()
                .timeout_ms(2000u64)
                .max_size(1024usize)
                .rate(10u32, 1000u64)
        ),
    );
    assert_contains(&text, &quote!(::other::sio::__private::EventInfo::fallback()));
    assert_contains(
        &text,
        &quote!(
            #[event(__sio_used)]
            const _: () = ();
        ),
    );
    assert_contains(
        &text,
        &quote!(
            #[sio::event(__sio_used)]
            const _: () = ();
        ),
    );
    let elsewhere = text.replace(":: other :: sio", "other");
    assert!(!elsewhere.contains(":: sio ::"), "{text}");
}

#[test]
fn a_consumer_without_sets_has_nothing_of_them() {
    let text = expand(quote!(), quote!(impl Chat { async fn event_say() {} }));
    assert_contains(
        &text,
        &quote!(
            const EVENTS: &'static [::sio::__private::EventInfo] = __EVENTS;
        ),
    );
    assert!(!text.contains("SetOf") && !text.contains("on_concurrent"), "{text}");
    assert_contains(&text, &quote!(_ => ::sio::__private::Err(::sio::__private::Event::unhandled(__event)),));
}

#[test]
fn the_handlers_of_a_large_block_are_shared_out() {
    let handler = |n| {
        let name = quote::format_ident!("event_{n}");
        quote!(async fn #name(&mut self, other: Vec<Self>) -> Option<Self> {})
    };
    let handlers: Vec<_> = (0..40).map(handler).collect();
    let conditional = quote!(
        #[cfg(unix)]
        async fn event_unix(&mut self) {}
    );
    let text = expand(quote!(), quote!(impl Chat { #(#handlers)* }));
    assert_eq!(text.matches("async fn __on_event_").count(), 3, "{text}");
    assert_contains(&text, &quote!(static __NAMES: ::sio::__private::Names<128>));
    assert_contains(
        &text,
        &quote!(32 | 33 | 34 | 35 | 36 | 37 | 38 | 39 => __on_event_2(self, __event, __number,).await,),
    );
    // A function has no `Self`.
    assert_contains(&text, &quote!(<Vec<Chat> as ::sio::__private::FromEvent<'_, _>>::from_event(__event)?));
    assert_contains(&text, &quote!(::sio::__private::Event::at(__event, 39);));

    // Where one may be missing, it leaves its event to the fallback, and no place is known before.
    let text = expand(quote!(), quote!(impl Chat { #conditional #(#handlers)* }));
    assert_contains(
        &text,
        &quote!(::sio::__private::Event::at(__event, const { ::sio::__private::EventInfo::place(__EVENTS, "unix") });),
    );
    assert!(text.contains("0 => {") && !text.contains("{ 0 | 1"), "{text}");
}

#[test]
fn the_sets_of_a_consumer_are_asked_in_their_order_before_the_fallback() {
    let block = quote! {
        impl Chat {
            async fn event_say(&mut self) {}
            #[event(fallback)]
            async fn other(&mut self) {}
        }
    };
    let text = expand(quote!(handlers = [presence, 0], crate = other), block);
    assert_eq!(errors(&text), 0, "{text}");
    let places = ["0 =>", "__set0 (self)", "__set1 (self)", "Self :: other"].map(|part| text.find(part));
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?} in {text}");
    assert!(!text.contains(":: sio"), "{text}");
}

#[test]
fn a_set_has_handlers_and_nothing_else_of_a_consumer() {
    let block = quote! {
        impl Presence {
            async fn event_say(&mut self) {}
            #[event("who", concurrent, rate = "10/s")]
            async fn who() {}
            fn helper() {}
        }
    };
    let text = handlers_tokens(quote!(crate = other), block).to_string();
    assert_eq!(errors(&text), 0, "{text}");
    assert_contains(&text, &quote!(impl other::__private::Handlers for Presence));
    assert_contains(&text, &quote!(EventInfo::new("who").concurrent().rate(10u32, 1000u64)));
    for word in ["Consumer", "NAMESPACE", "submit", "on_connect", ":: sio"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
}

#[test]
fn a_mistake_in_a_set_leaves_the_rest_of_it() {
    let block = quote! {
        impl Presence {
            async fn connect(&mut self) {}
            async fn event_say(&mut self, text: ) {}
            #[event(fallback)]
            async fn other(&mut self) {}
            async fn event_good(&mut self) {}
        }
    };
    let text = handlers_tokens(quote!(), block.clone()).to_string();
    assert_eq!(errors(&text), 3, "{text}");
    assert_contains(&text, &quote!(Names::of(&["good"])));
    assert_contains(
        &text,
        &quote!(
            async fn connect(&mut self) {}
        ),
    );
    for args in [quote!(namespace = "/a"), quote!("/a"), quote!(crate = "sio"), quote!(handlers = [a])] {
        let text = handlers_tokens(args, quote!(impl Presence { async fn event_say() {} })).to_string();
        assert_eq!(errors(&text), 1, "{text}");
        assert!(!text.contains("Handlers for"), "{text}");
    }
}

#[test]
fn event_alone_explains_itself_and_keeps_the_method() {
    let text = event_tokens(
        quote!("say"),
        &quote!(
            async fn say() {}
        ),
    )
    .to_string();
    assert_eq!(errors(&text), 1);
    assert_contains(
        &text,
        &quote!(
            async fn say() {}
        ),
    );
    assert!(
        event_tokens(
            quote!(__sio_used),
            &quote!(
                const _: () = ();
            )
        )
        .is_empty()
    );
}
