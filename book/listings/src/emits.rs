//! Guide: typed emits.

use std::time::Duration;

use serde::Serialize;
use sio::emit::Emit;
use sio::error::{AckError, EmitError};
use sio::prelude::*;

// ANCHOR: declare
#[derive(Serialize)]
enum State {
    Packed,
    OnItsWay,
}

/// The events that the server sends in `/shop`.
#[emits(namespace = "/shop")]
trait ShopEvents {
    /// An order has a new state.
    async fn emit_order_changed(order: u64, state: &State);

    #[event("price list")]
    async fn emit_price_list(prices: &[(String, u32)]);

    /// May the courier come now?
    async fn emit_confirm_delivery(order: u64) -> bool;
}
// ANCHOR_END: declare

// ANCHOR: emit
#[derive(Default)]
struct Shop;

#[consumer(namespace = "/shop")]
impl Shop {
    async fn event_watch(&mut self, socket: &Socket, order: u64) -> sio::Result {
        socket.join(format!("order:{order}")).await?;
        // To this client.
        socket.emit_order_changed(order, &State::Packed).await?;
        // To all others, with the options of any emit.
        socket.broadcast().volatile().emit_price_list(&[("tea".to_owned(), 250)]).await?;
        Ok(())
    }
}

/// To all who watch an order, from anywhere in the program.
async fn is_on_its_way(server: &Server, order: u64) -> Result<(), EmitError> {
    server
        .of("/shop")
        .to(format!("order:{order}"))
        .emit_order_changed(order, &State::OnItsWay)
        .await
}
// ANCHOR_END: emit

// ANCHOR: ask
async fn ask_customer(customer: &Socket, order: u64) -> Result<bool, AckError> {
    customer.timeout(Duration::from_secs(30)).emit_confirm_delivery(order).await
}

/// Returns how many of those who watch an order say yes.
async fn ask_all(server: &Server, order: u64) -> sio::Result<usize> {
    let answers = server
        .of("/shop")
        .to(format!("order:{order}"))
        .emit_confirm_delivery(order)
        .await?;
    Ok(answers
        .collect()
        .await
        .iter()
        .filter(|(_, answer)| matches!(answer, Ok(true)))
        .count())
}
// ANCHOR_END: ask

// ANCHOR: any
async fn tell_price<E: ShopEvents>(
    to: &E,
    name: &str,
    price: u32,
) -> Result<(), <E as Emit>::Error> {
    to.emit_price_list(&[(name.to_owned(), price)]).await
}
// ANCHOR_END: any

#[cfg(test)]
mod tests {
    use super::*;
    use sio_tests::TestServer;

    #[tokio::test]
    async fn declared_events_are_sent_and_answered() {
        let server = TestServer::start(|builder| builder.consumer::<Shop>()).await;
        let mut other = server.socket("/shop").await;
        let mut ws = server.socket("/shop").await;
        ws.send(r#"42/shop,1["watch",7]"#).await;
        ws.expect(r#"42/shop,["order_changed",7,"Packed"]"#).await;
        ws.expect("43/shop,1[]").await;
        other.expect(r#"42/shop,["price list",[["tea",250]]]"#).await;
        let handle = server.handle();
        is_on_its_way(handle, 7).await.unwrap();
        ws.expect(r#"42/shop,["order_changed",7,"OnItsWay"]"#).await;
        let (yes, ()) = tokio::join!(ask_all(handle, 7), async {
            ws.expect(r#"42/shop,0["confirm_delivery",7]"#).await;
            ws.send("43/shop,0[true]").await;
        });
        assert_eq!(yes.unwrap(), 1);
        let customer = handle.of("/shop").to("order:7").sockets().pop().unwrap();
        let (yes, ()) = tokio::join!(ask_customer(&customer, 7), async {
            ws.expect(r#"42/shop,1["confirm_delivery",7]"#).await;
            ws.send("43/shop,1[false]").await;
        });
        assert!(!yes.unwrap());
        tell_price(&handle.of("/shop"), "milk", 90).await.unwrap();
        ws.expect(r#"42/shop,["price list",[["milk",90]]]"#).await;
    }

    #[tokio::test]
    async fn the_error_is_the_one_that_the_chapter_shows() {
        let server = TestServer::start(|builder| builder.consumer::<Shop>()).await;
        let error = server.handle().emit_price_list(&[]).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the event `price list` is declared for /shop, and was emitted in /"
        );
    }
}
