//! Users: all sockets of one person, on all nodes.

use std::fmt::Display;

use super::broadcast::Broadcast;
use super::socket::Socket;
use crate::error::IdentifyError;
use crate::guarded;
use crate::hub::{Namespace, user};

/// The longest name of a user, in bytes.
const MAX_USER: usize = 128;

impl Socket {
    /// Says whose socket this is: from now on [`Namespace::user`] reaches it under this name, which may have 1 to 128
    /// bytes. Call it in `connect`, when it is known who the client is; use what the server has found out, and not what
    /// the client merely says.
    ///
    /// A user may have any number of sockets, on any node: tabs, telephones. The name is that of a hidden room, which
    /// the socket leaves with its end. It is kept by
    /// [recovery](crate::Builder::connection_state_recovery).
    ///
    /// # Errors
    ///
    /// If the name is empty or too long, the socket has another one already, or it has gone. Another user is refused
    /// because it tends to be a mistake; use [`change_user`](Self::change_user) where it is none.
    ///
    /// # Examples
    ///
    /// ```standalone_crate
    /// use sio::prelude::*;
    ///
    /// #[derive(Default)]
    /// struct Shop;
    ///
    /// #[consumer(namespace = "/shop")]
    /// impl Shop {
    ///     async fn connect(&mut self, socket: &Socket, token: String) -> sio::Result {
    ///         let customer = customer_of(&token)?;
    ///         socket.identify(customer)?;
    ///         Ok(())
    ///     }
    /// }
    ///
    /// async fn shipped(server: &Server, customer: u64) -> sio::Result {
    ///     server.of("/shop").user(customer).emit("shipped", &()).await?;
    ///     Ok(())
    /// }
    /// # fn customer_of(_: &str) -> sio::Result<u64> { Ok(1) }
    /// # fn main() {}
    /// ```
    pub fn identify(&self, user: impl Display) -> Result<(), IdentifyError> {
        let name = name_of(&user).ok_or(IdentifyError::Name)?;
        self.namespace().hub.identify(&self.member, &name)
    }

    /// As [`identify`](Self::identify), also if the socket has another user already, which it leaves: for a client that
    /// logs in as somebody else without a new connection. At no moment is it reached by both names or by none.
    ///
    /// Events that were sent to the earlier user and are not delivered yet still arrive, and the socket stays in its rooms.
    /// To leave everything behind, disconnect the socket instead.
    ///
    /// # Errors
    ///
    /// If the name is empty or too long, or the socket has gone. The user before stays then.
    ///
    /// # Examples
    ///
    /// ```standalone_crate
    /// use sio::prelude::*;
    ///
    /// #[derive(Default)]
    /// struct Shop;
    ///
    /// #[consumer(namespace = "/shop")]
    /// impl Shop {
    ///     async fn event_login(&mut self, socket: &Socket, token: String) -> sio::Result {
    ///         socket.change_user(customer_of(&token)?)?;
    ///         Ok(())
    ///     }
    /// }
    /// # fn customer_of(_: &str) -> sio::Result<u64> { Ok(1) }
    /// # fn main() {}
    /// ```
    pub fn change_user(&self, user: impl Display) -> Result<(), IdentifyError> {
        let name = name_of(&user).ok_or(IdentifyError::Name)?;
        self.namespace().hub.change_user(&self.member, &name)
    }

    /// Returns the user as whom the socket was [identified](Self::identify).
    #[must_use]
    pub fn user(&self) -> Option<String> {
        self.namespace().hub.user_of(&self.member.id)
    }
}

impl Namespace {
    /// Addresses all sockets of a user, on all nodes of a cluster: those that were
    /// [identified](Socket::identify) by this name.
    ///
    /// ```
    /// # use sio::prelude::*;
    /// # async fn example(server: &Server) -> sio::Result {
    /// let user = server.of("/shop").user(42);
    /// user.emit("shipped", &()).await?; // all of the user's tabs
    /// println!("online: {}", user.is_online().await?);
    /// println!("{} sockets", user.count().await.items);
    /// user.disconnect().await?; // log out everywhere
    /// # Ok(())
    /// # }
    /// ```
    pub fn user(&self, user: impl Display) -> Broadcast {
        // Of a name that nobody can have, nobody is there.
        let room = name_of(&user).map(|name| user::room(&name));
        Broadcast::to_hidden(self, room)
    }
}

/// Returns the name of a user, if it can be one.
fn name_of(user: &dyn Display) -> Option<String> {
    // `Display` is the application's own code.
    let name = guarded::call("the display of a user", || user.to_string())?;
    (1..=MAX_USER).contains(&name.len()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet_client::PacketClient;
    use crate::prelude::*;

    #[derive(Default)]
    struct Shop;

    #[consumer(namespace = "/tests/users")]
    impl Shop {
        async fn connect(&mut self, socket: &Socket, user: String) -> crate::Result {
            socket.identify(&user)?;
            socket.join(["public", "\0u2"]).await?;
            Ok(())
        }
    }

    fn server() -> Server {
        Server::builder().collect(false).consumer::<Shop>().build().unwrap()
    }

    async fn client(server: &Server, user: &str) -> (PacketClient, Socket) {
        let mut client = PacketClient::new(server);
        let sid = client.join(&format!("0/tests/users,\"{user}\"")).await;
        let socket = server.of("/tests/users").socket(&sid.parse().unwrap()).unwrap();
        (client, socket)
    }

    #[tokio::test]
    async fn a_user_is_reached_in_all_tabs_and_nobody_else_gets_into_the_room() {
        let server = server();
        let shop = server.of("/tests/users");
        let (one, first) = client(&server, "1").await;
        let (again, second) = client(&server, "1").await;
        let (other, _) = client(&server, "2").await;
        shop.user(1).emit("hi", &()).await.unwrap();
        shop.to("\0u1").emit("never", &()).await.unwrap();
        shop.except(["\0u1"]).emit("all", &()).await.unwrap();
        let mine = [r#"2/tests/users,["hi"]"#, r#"2/tests/users,["all"]"#];
        assert_eq!(one.received(), mine);
        assert_eq!(again.received(), mine);
        assert_eq!(other.received(), mine[1..]);
        assert_eq!(shop.user(1).count().await.complete(), Ok(2));
        assert_eq!(shop.user(2).count().await.complete(), Ok(1));
        let fetched = shop.user(1).fetch_sockets().await.items;
        assert!(fetched.iter().all(|socket| socket.user() == Some("1") && socket.rooms().len() == 2));
        assert_eq!((first.user().as_deref(), second.rooms().len()), (Some("1"), 2));
        assert_eq!(shop.rooms(), ["public"]);
        assert_eq!(shop.fetch_rooms().await.complete().unwrap(), ["public"]);
        let online = |users: &[(&str, usize)]| users.iter().map(|(user, n)| ((*user).into(), *n)).collect();
        assert_eq!(shop.fetch_users().await.complete(), Ok(online(&[("1", 2), ("2", 1)])));
        shop.user("1").disconnect().await.expect("there is no cluster");
        assert_eq!(shop.fetch_users().await.complete(), Ok(online(&[("2", 1)])));
        assert_eq!(shop.user(1).is_online().await, Ok(false));
        assert_eq!(shop.user(2).is_online().await, Ok(true));
    }

    #[tokio::test]
    async fn a_socket_changes_its_user_and_keeps_its_rooms() {
        let server = server();
        let shop = server.of("/tests/users");
        let (client, socket) = client(&server, "1").await;
        for user in ["2", "2", "3"] {
            assert_eq!(socket.change_user(user), Ok(()));
            assert_eq!(socket.user().as_deref(), Some(user));
            assert_eq!(shop.user(user).count().await.items, 1);
        }
        assert_eq!(socket.change_user(""), Err(IdentifyError::Name));
        for user in ["1", "2"] {
            assert_eq!(shop.user(user).count().await.items, 0);
            shop.user(user).emit("never", &()).await.unwrap();
        }
        assert_eq!(socket.rooms().len(), 2);
        shop.user("3").emit("hi", &()).await.unwrap();
        assert_eq!(client.received(), [r#"2/tests/users,["hi"]"#]);
        socket.disconnect();
        assert_eq!(socket.change_user("4"), Err(IdentifyError::Disconnected));
        assert_eq!(shop.user("3").count().await.items, 0);
    }

    #[tokio::test]
    async fn a_socket_has_one_user() {
        let server = server();
        let (_client, socket) = client(&server, "1").await;
        assert_eq!(socket.identify("1"), Ok(()));
        assert_eq!(socket.identify("2"), Err(IdentifyError::Identified));
        assert_eq!(socket.identify(""), Err(IdentifyError::Name));
        assert_eq!(socket.identify("x".repeat(129)), Err(IdentifyError::Name));
        assert_eq!(server.of("/tests/users").user("").count().await.items, 0);
        socket.disconnect();
        assert_eq!(socket.identify("1"), Err(IdentifyError::Disconnected));
    }
}
