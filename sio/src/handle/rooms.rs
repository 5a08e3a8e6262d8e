//! Names of rooms, as methods take them.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use sio_core::id::Sid;

use crate::hub::user;
use crate::log_limiter::{About, LogLimiter, limited};
use crate::short::short;

/// One room or several, as [`Socket::join`](crate::Socket::join), `to` and `except` take them.
///
/// A room is any string that does not begin with a NUL character: names that do are left out, with a warning, since they
/// are kept for [users](crate::Socket::identify). A socket's id is a room too, so `to(id)` reaches that one socket.
///
/// ```
/// # use sio::prelude::*;
/// # async fn example(socket: &Socket) -> sio::Result {
/// socket.join("news").await?;
/// socket.join(["sports", "weather"]).await?;
/// socket.to(vec![String::from("news"), String::from("weather")]).emit("update", &1).await?;
/// # Ok(())
/// # }
/// ```
pub trait IntoRooms {
    /// The names.
    fn into_rooms(self) -> Vec<String>;
}

/// Returns the names of rooms that an application has given. Some may come from clients, who are not to get into the
/// rooms of users.
pub(super) fn names_of(rooms: impl IntoRooms) -> Vec<String> {
    let mut names = rooms.into_rooms();
    names.retain(|name| {
        let is_hidden = user::is_hidden(name);
        if is_hidden {
            limited!(
                WARN, LogLimiter::of_process(), About::default(), target: "sio::socket", { room = ?short(name), },
                "left out a room whose name begins with a NUL character"
            );
        }
        !is_hidden
    });
    names
}

impl IntoRooms for &str {
    fn into_rooms(self) -> Vec<String> {
        vec![self.to_owned()]
    }
}

impl IntoRooms for String {
    fn into_rooms(self) -> Vec<String> {
        vec![self]
    }
}

impl IntoRooms for &String {
    fn into_rooms(self) -> Vec<String> {
        vec![self.clone()]
    }
}

impl IntoRooms for Arc<str> {
    fn into_rooms(self) -> Vec<String> {
        vec![String::from(&*self)]
    }
}

impl IntoRooms for &Arc<str> {
    fn into_rooms(self) -> Vec<String> {
        vec![String::from(&**self)]
    }
}

impl IntoRooms for Cow<'_, str> {
    fn into_rooms(self) -> Vec<String> {
        vec![self.into_owned()]
    }
}

impl IntoRooms for Sid {
    fn into_rooms(self) -> Vec<String> {
        vec![self.to_string()]
    }
}

impl IntoRooms for &Sid {
    fn into_rooms(self) -> Vec<String> {
        vec![self.to_string()]
    }
}

impl<T: IntoRooms, const N: usize> IntoRooms for [T; N] {
    fn into_rooms(self) -> Vec<String> {
        self.into_iter().flat_map(IntoRooms::into_rooms).collect()
    }
}

impl<T: IntoRooms> IntoRooms for Vec<T> {
    fn into_rooms(self) -> Vec<String> {
        self.into_iter().flat_map(IntoRooms::into_rooms).collect()
    }
}

impl<T: IntoRooms, S> IntoRooms for HashSet<T, S> {
    fn into_rooms(self) -> Vec<String> {
        self.into_iter().flat_map(IntoRooms::into_rooms).collect()
    }
}

impl<T: Clone + IntoRooms, S> IntoRooms for &HashSet<T, S> {
    fn into_rooms(self) -> Vec<String> {
        self.iter().cloned().flat_map(IntoRooms::into_rooms).collect()
    }
}

impl<T: IntoRooms> IntoRooms for BTreeSet<T> {
    fn into_rooms(self) -> Vec<String> {
        self.into_iter().flat_map(IntoRooms::into_rooms).collect()
    }
}

impl<T: Clone + IntoRooms> IntoRooms for &BTreeSet<T> {
    fn into_rooms(self) -> Vec<String> {
        self.iter().cloned().flat_map(IntoRooms::into_rooms).collect()
    }
}

impl<T: Clone + IntoRooms> IntoRooms for &[T] {
    fn into_rooms(self) -> Vec<String> {
        self.iter().cloned().flat_map(IntoRooms::into_rooms).collect()
    }
}

impl<T: Clone + IntoRooms, const N: usize> IntoRooms for &[T; N] {
    fn into_rooms(self) -> Vec<String> {
        self.as_slice().into_rooms()
    }
}

impl<T: Clone + IntoRooms> IntoRooms for &Vec<T> {
    fn into_rooms(self) -> Vec<String> {
        self.as_slice().into_rooms()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_names_rooms_is_taken() {
        let id = Sid::from_random([7; 15]);
        let (own, text) = (id.to_string(), String::from("a"));
        assert_eq!("a".into_rooms(), ["a"]);
        assert_eq!((&text).into_rooms(), ["a"]);
        assert_eq!(text.into_rooms(), ["a"]);
        assert_eq!(id.clone().into_rooms(), [own.as_str()]);
        assert_eq!((&id).into_rooms(), [own.as_str()]);
        assert_eq!(["a", "b"].into_rooms(), ["a", "b"]);
        assert_eq!((&["a", "b"]).into_rooms(), ["a", "b"]);
        assert_eq!([id.clone(), id.clone()].into_rooms(), [own.as_str(), own.as_str()]);
        assert_eq!([&id].into_rooms(), [own.as_str()]);
        let many = vec![String::from("a"), String::from("b")];
        assert_eq!((&many).into_rooms(), ["a", "b"]);
        assert_eq!(many[1..].into_rooms(), ["b"]);
        let sorted: BTreeSet<String> = many.iter().cloned().collect();
        assert_eq!((&sorted).into_rooms(), ["a", "b"]);
        assert_eq!(sorted.into_rooms(), ["a", "b"]);
        let unsorted = HashSet::from(["a"]);
        assert_eq!((&unsorted).into_rooms(), ["a"]);
        assert_eq!(unsorted.into_rooms(), ["a"]);
        assert_eq!(many.into_rooms(), ["a", "b"]);
        let shared: Arc<str> = "a".into();
        assert_eq!((&shared).into_rooms(), ["a"]);
        assert_eq!([shared.clone(), shared].into_rooms(), ["a", "a"]);
        assert_eq!([Cow::Borrowed("a"), Cow::Owned("b".to_owned())].into_rooms(), ["a", "b"]);
    }
}
