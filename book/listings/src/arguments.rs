//! Guide: arguments.

use serde::{Deserialize, Serialize};
use sio::Value;
use sio::emit::Spread;
use sio::extract::{Event, FromEvent, Invalid, Validate};
use sio::prelude::*;

// ANCHOR: payload
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    article: String,
    quantity: u32,
    #[serde(default)]
    is_gift: bool,
}
// ANCHOR_END: payload

// ANCHOR: try_from
/// A quantity that makes sense. A handler that takes one never sees another.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "u32")]
struct Quantity(u32);

impl TryFrom<u32> for Quantity {
    type Error = &'static str;

    fn try_from(quantity: u32) -> Result<Self, Self::Error> {
        match quantity {
            1..=100 => Ok(Self(quantity)),
            _ => Err("a quantity is from 1 to 100"),
        }
    }
}
// ANCHOR_END: try_from

// ANCHOR: validate
#[derive(Deserialize)]
struct Review {
    title: String,
    stars: u8,
}

impl Validate for Review {
    fn validate(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::new();
        if self.title.trim().is_empty() {
            invalid.add("title", "is empty");
        }
        if !(1..=5).contains(&self.stars) {
            invalid.add("stars", "is not from 1 to 5");
        }
        invalid.into_result()
    }
}
// ANCHOR_END: validate

// ANCHOR: picture
#[derive(Serialize, Deserialize)]
struct Picture {
    name: String,
    data: Binary,
}
// ANCHOR_END: picture

#[derive(Default)]
struct Shop;

#[consumer(namespace = "/shop")]
impl Shop {
    // ANCHOR: one
    // socket.emit("order", { article: "tea", quantity: 2, isGift: true })
    async fn event_order(&mut self, order: Order) -> String {
        let gift = if order.is_gift { ", wrapped" } else { "" };
        format!("{} {}{gift}", order.quantity, order.article)
    }
    // ANCHOR_END: one

    // ANCHOR: several
    // socket.emit("move", 3, 4.5)
    async fn event_move(&mut self, socket: &Socket, x: f64, y: f64) -> sio::Result {
        socket.broadcast().emit("moved", &(x, y)).await?;
        Ok(())
    }
    // ANCHOR_END: several

    // ANCHOR: optional
    // socket.emit("list", "tea") or socket.emit("list", "tea", 10)
    async fn event_list(&mut self, article: String, limit: Option<usize>) -> Vec<String> {
        vec![article; limit.unwrap_or(3)]
    }
    // ANCHOR_END: optional

    async fn event_reserve(&mut self, quantity: Quantity) -> Quantity {
        quantity
    }

    // ANCHOR: valid
    async fn event_review(&mut self, review: Valid<Review>) -> String {
        format!("{}: {} stars", review.title, review.stars)
    }
    // ANCHOR_END: valid

    // ANCHOR: binary
    // socket.emit("picture", { name: "tea.jpg", data: bytes })
    async fn event_picture(
        &mut self,
        socket: &Socket,
        picture: Picture,
    ) -> sio::Result<usize> {
        socket.broadcast().emit("picture", &picture).await?;
        Ok(picture.data.len())
    }
    // ANCHOR_END: binary

    // ANCHOR: anything
    // Whatever the client sends, and everything that it sends.
    async fn event_echo(&mut self, mut args: Args) -> sio::Result<Spread<Value>> {
        Ok(args.take_rest()?)
    }
    // ANCHOR_END: anything

    // ANCHOR: relay
    /// Passes every event that nobody handles on to the other clients, as it came.
    #[event(fallback)]
    async fn relay(
        &mut self,
        socket: &Socket,
        name: EventName,
        mut args: Args,
    ) -> sio::Result {
        let all: Spread<Value> = args.take_rest()?;
        socket.broadcast().emit(&name, &all).await?;
        Ok(())
    }
    // ANCHOR_END: relay

    // ANCHOR: use_extractor
    async fn event_greeting(&mut self, language: Language) -> &'static str {
        if language.0.starts_with("de") { "Guten Tag" } else { "Good day" }
    }
    // ANCHOR_END: use_extractor
}

// ANCHOR: extractor
/// The language that the client's browser asks for.
struct Language(String);

impl<'a> FromEvent<'a> for Language {
    fn from_event(event: &mut Event<'a>) -> Result<Self, sio::Error> {
        let header = event.socket().handshake().header("accept-language");
        Ok(Self(header.unwrap_or("en").to_owned()))
    }
}
// ANCHOR_END: extractor

#[cfg(test)]
mod tests {
    use super::*;
    use sio_tests::{Frame, TestServer, Ws};

    async fn start() -> (TestServer, Ws) {
        let server = TestServer::start(|builder| builder.consumer::<Shop>()).await;
        let client = server.socket("/shop").await;
        (server, client)
    }

    #[tokio::test]
    async fn arguments_are_what_the_types_say() {
        let (server, mut ada) = start().await;
        let mut bob = server.socket("/shop").await;
        ada.send(r#"42/shop,0["order",{"article":"tea","quantity":2,"isGift":true}]"#)
            .await;
        ada.expect(r#"43/shop,0["2 tea, wrapped"]"#).await;
        ada.send(r#"42/shop,1["move",3,4.5]"#).await;
        ada.expect("43/shop,1[]").await;
        bob.expect(r#"42/shop,["moved",3.0,4.5]"#).await;
        ada.send(r#"42/shop,2["list","tea",1]"#).await;
        ada.expect(r#"43/shop,2[["tea"]]"#).await;
        ada.send(r#"42/shop,3["list","tea"]"#).await;
        ada.expect(r#"43/shop,3[["tea","tea","tea"]]"#).await;
        ada.send(r#"42/shop,4["echo",1,{"a":null}]"#).await;
        ada.expect(r#"43/shop,4[1,{"a":null}]"#).await;
        ada.send(r#"42/shop,["wave","hi",1]"#).await;
        bob.expect(r#"42/shop,["wave","hi",1]"#).await;
        ada.send(r#"42/shop,5["greeting"]"#).await;
        ada.expect(r#"43/shop,5["Good day"]"#).await;
    }

    #[tokio::test]
    async fn what_does_not_fit_is_told_with_its_place() {
        let (_server, mut ada) = start().await;
        let refusal = |id: u8, index: u8| {
            format!(
                r#"43/shop,{id}[{{"status":"error","code":"invalid_payload","message":"Invalid payload","index":{index},"detail":…}}]"#
            )
        };
        ada.send(r#"42/shop,0["move",3,"far"]"#).await;
        ada.expect(&refusal(0, 1)).await;
        ada.send(r#"42/shop,1["move",3]"#).await;
        ada.expect(&refusal(1, 1)).await;
        ada.send(r#"42/shop,2["reserve",0]"#).await;
        let answer = r#"43/shop,2[{"status":"error","code":"invalid_payload","message":"Invalid payload","index":0,"detail":"a quantity is from 1 to 100"}]"#;
        ada.expect(answer).await;
    }

    #[tokio::test]
    async fn what_is_not_valid_is_told_by_field() {
        let (_server, mut ada) = start().await;
        ada.send(r#"42/shop,0["review",{"title":"Tea","stars":5}]"#).await;
        ada.expect(r#"43/shop,0["Tea: 5 stars"]"#).await;
        ada.send(r#"42/shop,1["review",{"title":" ","stars":9}]"#).await;
        let answer = r#"43/shop,1[{"status":"error","code":"invalid_payload","message":"Invalid payload","index":0,"fields":{"stars":["is not from 1 to 5"],"title":["is empty"]}}]"#;
        ada.expect(answer).await;
    }

    #[tokio::test]
    async fn bytes_travel_as_attachments() {
        let (server, mut ada) = start().await;
        let mut bob = server.socket("/shop").await;
        let picture =
            r#"["picture",{"name":"tea.jpg","data":{"_placeholder":true,"num":0}}]"#;
        ada.send(&format!("451-/shop,0{picture}")).await;
        ada.send_frame(Frame::binary(b"\x01\x02\x03")).await;
        ada.expect("43/shop,0[3]").await;
        bob.expect(&format!("451-/shop,{picture}")).await;
        bob.expect_binary(b"\x01\x02\x03").await;
    }
}
