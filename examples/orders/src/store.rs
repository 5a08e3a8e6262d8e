//! The orders in their database, an SQLite that is compiled into the program.

use std::str::FromStr as _;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};

use crate::model::{Drink, Failure, Order, Totals};

/// So many orders are shown of a guest, and so many on the dashboard.
const MAX_SHOWN: i64 = 200;

#[derive(Clone, Debug)]
pub(crate) struct Store {
    pool: SqlitePool,
    late_after_seconds: i64,
}

impl Store {
    /// Opens a database, such as `sqlite://orders.db`, and makes its tables where they
    /// are missing.
    pub(crate) async fn open(url: &str, late_after_seconds: i64) -> sqlx::Result<Self> {
        let options = SqliteConnectOptions::from_str(url)?.create_if_missing(true);
        // A database in memory is gone with its connection, so there is one and it stays.
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None);
        let pool = pool.connect_with(options).await?;
        sqlx::raw_sql(include_str!("schema.sql")).execute(&pool).await?;
        Ok(Self { pool, late_after_seconds })
    }

    pub(crate) async fn menu(&self) -> Result<Vec<Drink>, Failure> {
        Ok(sqlx::query_as("SELECT name, cents FROM drinks ORDER BY name")
            .fetch_all(&self.pool)
            .await?)
    }

    pub(crate) async fn place(&self, guest: &str, drink: &str) -> Result<Order, Failure> {
        let order = sqlx::query_as(
            "INSERT INTO orders (guest, drink, cents)
                 SELECT ?1, name, cents FROM drinks WHERE name = ?2
             RETURNING *, 0 AS seconds",
        );
        order
            .bind(guest)
            .bind(drink)
            .fetch_optional(&self.pool)
            .await?
            .ok_or(Failure::NoSuchDrink)
    }

    /// The latest orders of a guest.
    pub(crate) async fn of_guest(&self, guest: &str) -> Result<Vec<Order>, Failure> {
        let orders = sqlx::query_as(
            "SELECT *, unixepoch() - placed_at AS seconds FROM orders
             WHERE guest = ? ORDER BY id DESC LIMIT ?",
        );
        Ok(orders.bind(guest).bind(MAX_SHOWN).fetch_all(&self.pool).await?)
    }

    /// The orders that somebody waits for, the oldest first.
    pub(crate) async fn waiting(&self) -> Result<Vec<Order>, Failure> {
        let orders = sqlx::query_as(
            "SELECT *, unixepoch() - placed_at AS seconds FROM orders
             WHERE status IN ('placed', 'preparing', 'ready') ORDER BY id LIMIT ?",
        );
        Ok(orders.bind(MAX_SHOWN).fetch_all(&self.pool).await?)
    }

    // ANCHOR: advance
    /// Takes an order one step on, unless it has changed since `version`.
    pub(crate) async fn advance(&self, id: i64, version: i64) -> Result<Order, Failure> {
        let order = sqlx::query_as(
            "UPDATE orders SET version = version + 1, status = CASE status
                 WHEN 'placed' THEN 'preparing'
                 WHEN 'preparing' THEN 'ready'
                 ELSE 'collected' END
             WHERE id = ? AND version = ? AND status IN ('placed', 'preparing', 'ready')
             RETURNING *, unixepoch() - placed_at AS seconds",
        );
        order
            .bind(id)
            .bind(version)
            .fetch_optional(&self.pool)
            .await?
            .ok_or(Failure::Changed)
    }
    // ANCHOR_END: advance

    /// Cancels an order that nobody has begun to prepare. With a guest's name, only one
    /// of theirs.
    pub(crate) async fn cancel(
        &self,
        id: i64,
        guest: Option<&str>,
    ) -> Result<Order, Failure> {
        let order = sqlx::query_as(
            "UPDATE orders SET version = version + 1, status = 'cancelled'
             WHERE id = ?1 AND status = 'placed' AND guest = coalesce(?2, guest)
             RETURNING *, unixepoch() - placed_at AS seconds",
        );
        order
            .bind(id)
            .bind(guest)
            .fetch_optional(&self.pool)
            .await?
            .ok_or(Failure::Changed)
    }

    pub(crate) async fn totals(&self) -> Result<Totals, Failure> {
        let totals = sqlx::query_as(
            "SELECT count(*) FILTER (WHERE is_open) AS open,
                 count(*) FILTER (WHERE is_open AND unixepoch() - placed_at >= ?) AS late,
                 coalesce(sum(cents) FILTER (WHERE status = 'collected'), 0) AS cents
             FROM (SELECT *, status IN ('placed', 'preparing') AS is_open FROM orders)",
        );
        Ok(totals.bind(self.late_after_seconds).fetch_one(&self.pool).await?)
    }
}
