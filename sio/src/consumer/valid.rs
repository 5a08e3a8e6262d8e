//! [`Valid`]: payloads that are checked after they have been read.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Event, FromEvent};
use crate::error::Error;
use crate::guarded::Guarded;

/// A payload that can say whether its values make sense, beyond having the right types.
///
/// A handler takes it as [`Valid<T>`], and then runs only with values that passed.
///
/// # Examples
///
/// ```standalone_crate
/// use serde::Deserialize;
/// use sio::prelude::*;
/// use sio::extract::{Invalid, Valid, Validate};
///
/// #[derive(Deserialize)]
/// struct Message {
///     text: String,
/// }
///
/// impl Validate for Message {
///     fn validate(&self) -> Result<(), Invalid> {
///         let mut invalid = Invalid::new();
///         if self.text.trim().is_empty() {
///             invalid.add("text", "is empty");
///         }
///         invalid.into_result()
///     }
/// }
///
/// #[derive(Default)]
/// struct Chat;
///
/// #[consumer]
/// impl Chat {
///     async fn event_say(&mut self, message: Valid<Message>) -> usize {
///         message.text.len()
///     }
/// }
/// # fn main() {}
/// ```
///
/// A client that sends `{"text":" "}` gets
/// `{"status":"error","code":"invalid_payload","message":"Invalid payload","index":0,"fields":{"text":["is empty"]}}`.
///
/// Validation crates plug in with a few lines. With [garde](https://docs.rs/garde):
///
/// ```
/// use serde::Deserialize;
/// use sio::extract::{Invalid, Validate};
///
/// #[derive(Deserialize, garde::Validate)]
/// struct Signup {
///     #[garde(length(min = 3, max = 20))]
///     name: String,
///     #[garde(range(min = 13))]
///     age: u8,
/// }
///
/// impl Validate for Signup {
///     fn validate(&self) -> Result<(), Invalid> {
///         let Err(report) = garde::Validate::validate(self) else { return Ok(()) };
///         Err(report.iter().map(|(path, error)| (path.to_string(), error.to_string())).collect())
///     }
/// }
///
/// let signup = Signup { name: "Alan".into(), age: 7 };
/// let invalid = Validate::validate(&signup).unwrap_err();
/// assert_eq!(invalid.to_string(), "age: lower than 13");
/// ```
///
/// With [validator](https://docs.rs/validator) it is `errors.field_errors()` that is turned into pairs. A program with
/// many such types writes the `impl` in a macro of its own.
pub trait Validate {
    /// Checks the values.
    ///
    /// # Errors
    ///
    /// Returns what is wrong, as texts for the client.
    fn validate(&self) -> Result<(), Invalid>;
}

/// The errors in a payload: texts for the client, each about a field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Invalid {
    mistakes: Vec<(Cow<'static, str>, Cow<'static, str>)>,
}

impl Invalid {
    /// Makes an empty list of errors.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an error of a field, or of the payload as a whole if the name is empty.
    pub fn add(&mut self, field: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) {
        self.mistakes.push((field.into(), message.into()));
    }

    /// Makes a list with an error of one field.
    #[must_use]
    pub fn field(field: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        let mut invalid = Self::new();
        invalid.add(field, message);
        invalid
    }

    /// Returns whether there are no errors.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.mistakes.is_empty()
    }

    /// Returns `Ok` if there are no errors.
    ///
    /// # Errors
    ///
    /// Itself, if there are errors.
    pub fn into_result(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }

    /// `{"field":["message", …], …}`.
    fn fields(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        for (field, message) in &self.mistakes {
            let messages = fields.entry(field.as_ref()).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(messages) = messages {
                messages.push(message.as_ref().into());
            }
        }
        fields
    }
}

impl<F: Into<Cow<'static, str>>, M: Into<Cow<'static, str>>> FromIterator<(F, M)> for Invalid {
    fn from_iter<I: IntoIterator<Item = (F, M)>>(mistakes: I) -> Self {
        let mistakes = mistakes.into_iter().map(|(field, message)| (field.into(), message.into()));
        Self { mistakes: mistakes.collect() }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (field, message)) in self.mistakes.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            match &**field {
                "" => write!(f, "{separator}{message}")?,
                field => write!(f, "{separator}{field}: {message}")?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}

/// The next argument of the client, read and then [checked](Validate).
///
/// A payload that fails the check is answered like one that cannot be read, with the code `invalid_payload` and the
/// argument's index; `fields` holds the errors of each field. In `connect` it is the auth payload, and the client is
/// refused with `Invalid auth payload`. `Option<Valid<T>>` may be missing, but not wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Valid<T>(pub T);

impl<T> Valid<T> {
    /// Returns the value itself.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Valid<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned + Validate> FromEvent<'_> for Valid<T> {
    fn from_event(event: &mut Event<'_>) -> Result<Self, Error> {
        let index = event.arg_index();
        // A check that panics unwinds over the value, whose destructor may panic as well.
        let value = Guarded::new(event.take::<T>()?);
        check(event, index, &*value)?;
        Ok(Self(value.into_inner()))
    }
}

impl<T: DeserializeOwned + Validate> FromEvent<'_> for Option<Valid<T>> {
    fn from_event(event: &mut Event<'_>) -> Result<Self, Error> {
        let index = event.arg_index();
        let Some(value) = event.take::<Option<T>>()?.map(Guarded::new) else { return Ok(None) };
        check(event, index, &*value)?;
        Ok(Some(Valid(value.into_inner())))
    }
}

fn check<T: Validate>(event: &Event<'_>, index: usize, value: &T) -> Result<(), Error> {
    value.validate().map_err(|invalid| event.invalid(index, &invalid.fields()))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::{Invalid, Valid, Validate};
    use crate::packet_client::PacketClient;
    use crate::prelude::*;

    #[derive(Deserialize)]
    struct Even(u32);

    impl Validate for Even {
        fn validate(&self) -> Result<(), Invalid> {
            let mut invalid = Invalid::new();
            if self.0 % 2 == 1 {
                invalid.add("number", "is odd");
            }
            if self.0 == 13 {
                invalid.add("number", "brings bad luck");
                invalid.add("", "think again");
            }
            invalid.into_result()
        }
    }

    #[derive(Deserialize)]
    struct Login {
        number: Even,
    }

    impl Validate for Login {
        fn validate(&self) -> Result<(), Invalid> {
            self.number.validate()
        }
    }

    #[derive(Default)]
    struct Numbers;

    #[consumer(namespace = "/tests/valid")]
    impl Numbers {
        async fn connect(&mut self, _auth: Option<Valid<Login>>) {}

        async fn event_take(_first: u32, Valid(Even(number)): Valid<Even>) -> u32 {
            number
        }

        async fn event_maybe(even: Option<Valid<Even>>) -> Option<u32> {
            even.map(|even| even.into_inner().0)
        }
    }

    async fn client() -> PacketClient {
        let server = Server::builder().collect(false).consumer::<Numbers>().build().unwrap();
        let mut client = PacketClient::new(&server);
        client.join("0/tests/valid,").await;
        client
    }

    #[tokio::test]
    async fn only_valid_values_reach_the_handler() {
        let mut client = client().await;
        assert_eq!(client.send(&[r#"2/tests/valid,1["take",1,2]"#]).await, ["3/tests/valid,1[2]"]);
        assert_eq!(client.send(&[r#"2/tests/valid,1["maybe"]"#]).await, ["3/tests/valid,1[null]"]);
        assert_eq!(client.send(&[r#"2/tests/valid,1["maybe",2]"#]).await, ["3/tests/valid,1[2]"]);
        let head = r#"{"status":"error","code":"invalid_payload","message":"Invalid payload""#;
        let odd = format!(r#"3/tests/valid,1[{head},"index":1,"fields":{{"number":["is odd"]}}}}]"#);
        assert_eq!(client.send(&[r#"2/tests/valid,1["take",1,3]"#]).await, [odd]);
        let odd = client.send(&[r#"2/tests/valid,1["maybe",13]"#]).await.remove(0);
        assert!(odd.contains(r#""index":0,"fields":{"#), "{odd}");
        assert!(odd.contains(r#""number":["is odd","brings bad luck"]"#), "{odd}");
        let unread = client.send(&[r#"2/tests/valid,1["take",1,"x"]"#]).await.remove(0);
        assert!(unread.contains(r#""index":1,"detail":"#), "{unread}");
    }

    #[tokio::test]
    async fn an_invalid_auth_payload_is_refused() {
        let mut client = client().await;
        client.send(&["1/tests/valid,"]).await;
        let refused = client.send(&[r#"0/tests/valid,{"number":3}"#]).await;
        let data = r#""data":{"code":"invalid_auth","fields":{"number":["is odd"]}}"#;
        assert_eq!(refused, [format!(r#"4/tests/valid,{{"message":"Invalid auth payload",{data}}}"#)]);
    }

    #[test]
    fn what_is_wrong_reads_well() {
        let invalid = Even(13).validate().unwrap_err();
        assert_eq!(invalid.to_string(), "number: is odd; number: brings bad luck; think again");
        assert_eq!([("a", "b")].into_iter().collect::<Invalid>(), Invalid::field("a", "b"));
    }
}
