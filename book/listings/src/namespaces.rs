//! Guide: dynamic namespaces.

use serde::Deserialize;
use sio::extract::{Params, Path};
use sio::prelude::*;

// ANCHOR: document
#[derive(Default)]
struct Document {
    edits: u32,
}

#[consumer(namespace = "/document/{id}")]
impl Document {
    async fn event_edit(
        &mut self,
        socket: &Socket,
        Path(id): Path<u64>,
        text: String,
    ) -> sio::Result<u32> {
        self.edits += 1;
        // To everyone who has this document open, and to nobody else.
        socket.broadcast().emit("edited", &(id, text)).await?;
        Ok(self.edits)
    }
}
// ANCHOR_END: document

// ANCHOR: place
#[derive(Deserialize)]
struct Place {
    org: u32,
    folder: String,
}

struct Folder {
    place: Place,
}

#[consumer(namespace = "/org/{org}/{*folder}")]
impl Folder {
    async fn connect(Path(place): Path<Place>) -> Result<Self, ConnectError> {
        if place.org == 0 {
            return Err(ConnectError::new("There is no organisation 0"));
        }
        Ok(Self { place })
    }

    async fn event_where(&self) -> String {
        format!("{} of {}", self.place.folder, self.place.org)
    }

    async fn event_names(params: Params) -> Vec<String> {
        params.iter().map(|(name, value)| format!("{name}={value}")).collect()
    }
}
// ANCHOR_END: place

// ANCHOR: outside
/// Tells those who have a document open that it was deleted, if there are any.
async fn deleted(server: &Server, id: u64) -> sio::Result {
    server.of(&format!("/document/{id}")).emit("deleted", &()).await?;
    Ok(())
}

/// The documents that somebody has open.
fn open(server: &Server) -> Vec<String> {
    let namespaces = server.namespaces();
    namespaces
        .iter()
        .filter_map(|one| one.params().get("id").map(str::to_owned))
        .collect()
}
// ANCHOR_END: outside

#[cfg(test)]
mod tests {
    use super::*;
    use sio_tests::TestServer;

    #[tokio::test]
    async fn each_path_is_a_namespace_of_its_own() {
        let server = TestServer::start(|builder| builder.consumer::<Document>()).await;
        let mut ada = server.socket("/document/7").await;
        let mut bob = server.socket("/document/7").await;
        let mut eve = server.socket("/document/8").await;
        ada.send(r#"42/document/7,0["edit","Hello"]"#).await;
        ada.expect("43/document/7,0[1]").await;
        bob.expect(r#"42/document/7,["edited",7,"Hello"]"#).await;
        deleted(server.handle(), 7).await.unwrap();
        deleted(server.handle(), 9).await.unwrap();
        bob.expect(r#"42/document/7,["deleted"]"#).await;
        eve.expect_nothing_more().await;
        assert_eq!(open(server.handle()), ["7", "8"]);

        eve.send("40/document/x,").await;
        eve.expect(r#"44/document/x,{"message":"Invalid namespace"}"#).await;
    }

    #[tokio::test]
    async fn parameters_have_types() {
        let server = TestServer::start(|builder| builder.consumer::<Folder>()).await;
        let mut ada = server.socket("/org/3/a/b").await;
        ada.send(r#"42/org/3/a/b,0["where"]"#).await;
        ada.expect(r#"43/org/3/a/b,0["a/b of 3"]"#).await;
        ada.send(r#"42/org/3/a/b,1["names"]"#).await;
        ada.expect(r#"43/org/3/a/b,1[["org=3","folder=a/b"]]"#).await;
        ada.send("40/org/0/a,").await;
        ada.expect(r#"44/org/0/a,{"message":"There is no organisation 0"}"#).await;
    }
}
