//! Dynamic namespaces, which are there as long as anybody is in them.

use std::collections::BTreeSet;

use sio::testing::TestClient;

use super::{ANSWER, Origin, World, carried, door};
use crate::life::history::DOORS;

impl World {
    pub(super) async fn enter(&mut self, client: usize, number: usize) -> Result<(), String> {
        self.settle().await?;
        let Some(one) = self.connected(client).filter(|one| !one.doors.contains_key(&number)) else {
            return Ok(());
        };
        let kit = one.kit.connect_to(&door(number), &()).await.map_err(|refused| refused.to_string())?;
        Self::answers(&kit, ANSWER + 1 + number as u64);
        self.clients.get_mut(&client).expect("it is there").doors.insert(number, kit);
        self.model.accounts.get_mut(&client).expect("it is there").doors.insert(number);
        Ok(())
    }

    pub(super) async fn exit(&mut self, client: usize, number: usize) -> Result<(), String> {
        self.settle().await?;
        let Some(one) = self.clients.get_mut(&client) else { return Ok(()) };
        if let Some(kit) = one.doors.remove(&number) {
            kit.disconnect().await;
            self.model.accounts.get_mut(&client).expect("it is there").doors.remove(&number);
        }
        self.settle().await
    }

    pub(super) async fn exit_all(&mut self, client: usize) -> Result<(), String> {
        for number in 0..DOORS {
            if self.connected(client).is_some_and(|one| one.doors.contains_key(&number)) {
                self.exit(client, number).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn call(&mut self, node: usize, number: usize, bytes: usize) -> Result<(), String> {
        let Some(namespace) = self.node(node).map(|server| server.of(&door(number))) else { return Ok(()) };
        let event = self.model.sent_through(number, Origin::Node(node));
        namespace.emit("n", &carried(event, bytes)).await.map_err(|error| error.to_string())
    }

    /// Everybody is in the dynamic namespaces that the model says.
    pub(super) fn check_doors(&self) -> Result<(), String> {
        for (node, server) in self.nodes.iter().enumerate() {
            let Some(server) = server else { continue };
            for number in 0..DOORS {
                let here = self.clients.values().filter(|one| one.node == node);
                let members: BTreeSet<_> =
                    here.filter_map(|one| one.doors.get(&number)).map(TestClient::id).collect();
                let found: BTreeSet<_> = match server.get(&door(number)) {
                    Some(namespace) => namespace.sockets().iter().map(sio::Socket::id).collect(),
                    None => BTreeSet::new(),
                };
                if found != members {
                    return Err(format!(
                        "node {node}: in {} are {found:?} instead of {members:?}",
                        door(number)
                    ));
                }
            }
        }
        Ok(())
    }
}
