//! Values that the application attaches to a socket: one of each type.

pub(crate) mod shared;

use std::any::{Any, TypeId};
use std::fmt;
use std::mem;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockWriteGuard};

use crate::guarded::drop_guarded;

/// Dropped one by one: each is a value of the application, and the end of one is no business of the others.
#[derive(Default)]
struct Values(Vec<(TypeId, Arc<dyn Any + Send + Sync>)>);

impl Drop for Values {
    fn drop(&mut self) {
        self.0.drain(..).for_each(drop_guarded);
    }
}

/// Values that belong to a socket, one of each type: [`Socket::data`](crate::Socket::data).
///
/// State that only the socket's own handlers need is a field of the consumer. Use this for what others have to see as
/// well: other sockets, other tasks, [`on_connecting`](crate::Builder::on_connecting), and concurrent handlers, which
/// have no `self`.
///
/// Values are shared, not copied: a value that changes in place is a `Mutex` or an atomic number. They are there
/// until the `disconnect` hook has ended, or for as long as the client may
/// [come back](crate::Builder::connection_state_recovery). Nothing is allocated before the first value.
///
/// # Examples
///
/// ```
/// # use sio::prelude::*;
/// struct Name(String);
///
/// # async fn example(socket: &Socket) -> sio::Result {
/// socket.data().insert(Name("Ada".to_owned()));
///
/// // Who is here?
/// let sockets = socket.namespace().to("lobby").sockets();
/// let names: Vec<String> =
///     sockets.iter().filter_map(|socket| socket.data().with(|name: &Name| name.0.clone())).collect();
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct SocketData {
    values: OnceLock<Arc<RwLock<Values>>>,
}

impl SocketData {
    /// Inserts a value, and returns the previous one of the same type.
    pub fn insert<T: Send + Sync + 'static>(&self, value: T) -> Option<Arc<T>> {
        let value: Arc<dyn Any + Send + Sync> = Arc::new(value);
        let id = TypeId::of::<T>();
        let mut values = write(self.values.get_or_init(Arc::default));
        let before = match values.0.iter_mut().find(|(known, _)| *known == id) {
            Some((_, known)) => Some(mem::replace(known, value)),
            None => {
                values.0.push((id, value));
                None
            }
        };
        drop(values);
        before.and_then(|before| before.downcast().ok())
    }

    /// Returns the value of a type.
    #[must_use]
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let values = self.values.get()?.read().unwrap_or_else(PoisonError::into_inner);
        let (_, value) = values.0.iter().find(|(known, _)| *known == TypeId::of::<T>())?;
        Arc::clone(value).downcast().ok()
    }

    /// Calls `look` with the value of a type, and returns its result. No lock is held meanwhile.
    pub fn with<T: Send + Sync + 'static, R>(&self, look: impl FnOnce(&T) -> R) -> Option<R> {
        self.get::<T>().map(|value| look(&value))
    }

    /// Returns whether there is a value of this type.
    #[must_use]
    pub fn contains<T: Send + Sync + 'static>(&self) -> bool {
        self.get::<T>().is_some()
    }

    /// Takes the value of a type away.
    pub fn remove<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let mut values = write(self.values.get()?);
        let at = values.0.iter().position(|(known, _)| *known == TypeId::of::<T>())?;
        let (_, value) = values.0.swap_remove(at);
        drop(values);
        value.downcast().ok()
    }

    /// The same values, of a client that has come back.
    pub(crate) fn shared_with(before: &Self) -> Self {
        Self { values: before.values.clone() }
    }

    /// The socket has gone. Kept values may hold the socket itself.
    pub(crate) fn clear(&self) {
        let values = self.values.get().map(|values| mem::take(&mut *write(values)));
        drop(values);
    }
}

fn write(values: &RwLock<Values>) -> RwLockWriteGuard<'_, Values> {
    // No user code runs under this lock.
    values.write().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for SocketData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketData").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::SocketData;
    use crate::extract::Extension;
    use crate::packet_client::PacketClient;
    use crate::prelude::*;

    #[test]
    fn there_is_one_value_of_each_type() {
        let data = SocketData::default();
        assert!(data.get::<u32>().is_none() && data.remove::<u32>().is_none());
        assert!(data.values.get().is_none(), "nothing is allocated to look");
        assert!(data.insert(1u32).is_none() && data.insert("text").is_none());
        assert_eq!(data.insert(2u32).as_deref(), Some(&1));
        assert_eq!(data.with(|number: &u32| number + 1), Some(3));
        assert_eq!(data.remove::<u32>().as_deref(), Some(&2));
        assert!(!data.contains::<u32>() && data.contains::<&str>());
    }

    struct Name(String);

    #[derive(Default)]
    struct Presence;

    #[consumer(namespace = "/tests/presence")]
    impl Presence {
        async fn connect(&mut self, socket: &Socket, name: String) {
            socket.data().insert(Name(name));
            // Holds itself: gone with the socket nevertheless.
            socket.data().insert(socket.clone());
        }

        async fn event_who(socket: &Socket) -> Vec<String> {
            let sockets = socket.namespace().sockets();
            let mut names: Vec<_> = sockets
                .iter()
                .filter_map(|socket| socket.data().with(|name: &Name| name.0.clone()))
                .collect();
            names.sort();
            names
        }

        #[event("me", concurrent)]
        async fn me(name: Extension<Name>, missing: Option<Extension<u8>>) -> (String, bool) {
            (name.0.clone(), missing.is_some())
        }

        async fn event_missing(_: Extension<u8>) {}
    }

    #[tokio::test]
    async fn the_data_of_a_socket_is_seen_by_others_while_it_is_there() {
        let server = Server::builder().collect(false).consumer::<Presence>().build().unwrap();
        let (mut ada, mut bob) = (PacketClient::new(&server), PacketClient::new(&server));
        ada.join(r#"0/tests/presence,"Ada""#).await;
        let bobs = bob.join(r#"0/tests/presence,"Bob""#).await;
        assert_eq!(
            ada.send(&[r#"2/tests/presence,1["who"]"#]).await,
            [r#"3/tests/presence,1[["Ada","Bob"]]"#]
        );
        assert_eq!(bob.send(&[r#"2/tests/presence,1["me"]"#]).await, [r#"3/tests/presence,1["Bob",false]"#]);
        let missing = bob.send(&[r#"2/tests/presence,1["missing"]"#]).await;
        assert!(missing[0].contains(r#""code":"internal""#), "{missing:?}");

        let kept = server.of("/tests/presence").socket(&bobs.parse().unwrap()).unwrap();
        bob.leave().await;
        assert_eq!(ada.send(&[r#"2/tests/presence,1["who"]"#]).await, [r#"3/tests/presence,1[["Ada"]]"#]);
        assert!(kept.data().get::<Name>().is_none());
    }
}
