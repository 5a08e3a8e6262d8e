//! The messages between the clients and this server, and its errors.

use serde::{Deserialize, Serialize};
use sio::error::ConnectError;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row as _};

/// The roles of users. A later one may do all that an earlier one may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    Guest,
    Barista,
    Manager,
}

/// The body of a page's request to `/login`.
#[derive(Debug, Deserialize)]
pub(crate) struct Credentials {
    pub(crate) name: String,
    pub(crate) password: String,
}

/// The answer of `/login`.
#[derive(Debug, Serialize)]
pub(crate) struct Access {
    pub(crate) token: String,
    pub(crate) role: Role,
}

/// The body of a request to `/orders`.
#[derive(Debug, Deserialize)]
pub(crate) struct Wish {
    pub(crate) drink: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Drink {
    pub(crate) name: String,
    pub(crate) cents: i64,
}

/// An order, as answers and the event `order` show it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Order {
    pub(crate) id: i64,
    pub(crate) guest: String,
    pub(crate) drink: String,
    pub(crate) cents: i64,
    pub(crate) status: String,
    /// Grows with each change: of two reports the one with the higher number is newer.
    pub(crate) version: i64,
    /// How long ago it was placed.
    pub(crate) seconds: i64,
}

/// The event `totals` of the dashboard.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Totals {
    pub(crate) open: i64,
    pub(crate) late: i64,
    /// What has been sold.
    pub(crate) cents: i64,
}

/// The answer to the dashboard's event `overview`.
#[derive(Debug, Serialize)]
pub(crate) struct Overview {
    pub(crate) orders: Vec<Order>,
    pub(crate) totals: Totals,
}

impl FromRow<'_, SqliteRow> for Drink {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self { name: row.try_get("name")?, cents: row.try_get("cents")? })
    }
}

impl FromRow<'_, SqliteRow> for Order {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            guest: row.try_get("guest")?,
            drink: row.try_get("drink")?,
            cents: row.try_get("cents")?,
            status: row.try_get("status")?,
            version: row.try_get("version")?,
            seconds: row.try_get("seconds")?,
        })
    }
}

impl FromRow<'_, SqliteRow> for Totals {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            open: row.try_get("open")?,
            late: row.try_get("late")?,
            cents: row.try_get("cents")?,
        })
    }
}

// ANCHOR: failure
/// The reasons for which something is not done: routes answer with a status, events with
/// a code.
#[derive(Debug)]
pub(crate) enum Failure {
    WrongPassword,
    InvalidToken,
    Forbidden,
    NoSuchDrink,
    Changed,
    Database(sqlx::Error),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<Failure> for sio::Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::WrongPassword => {
                Self::new("wrong_password", "This is not the password")
            }
            Failure::InvalidToken => {
                Self::new("invalid_token", "This token is not valid, or not any more")
            }
            Failure::Forbidden => Self::new("forbidden", "Your role does not allow this"),
            Failure::NoSuchDrink => Self::new("no_such_drink", "This is not on the menu"),
            Failure::Changed => Self::new("changed", "This order has changed meanwhile"),
            Failure::Database(error) => Self::internal(error),
        }
    }
}

/// In front of a namespace.
impl From<Failure> for ConnectError {
    fn from(failure: Failure) -> Self {
        sio::Error::from(failure).into()
    }
}
// ANCHOR_END: failure
