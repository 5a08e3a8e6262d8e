CREATE TABLE IF NOT EXISTS drinks (
    name  TEXT PRIMARY KEY,
    cents INTEGER NOT NULL
);

INSERT OR IGNORE INTO drinks VALUES
    ('Espresso', 220), ('Flat white', 380), ('Filter coffee', 290), ('Tea', 250), ('Hot chocolate', 360);

CREATE TABLE IF NOT EXISTS orders (
    id        INTEGER PRIMARY KEY,
    guest     TEXT NOT NULL,
    drink     TEXT NOT NULL,
    cents     INTEGER NOT NULL,
    status    TEXT NOT NULL DEFAULT 'placed'
              CHECK (status IN ('placed', 'preparing', 'ready', 'collected', 'cancelled')),
    -- Counts the changes, so that of two people who change an order at once only one succeeds.
    version   INTEGER NOT NULL DEFAULT 0,
    placed_at INTEGER NOT NULL DEFAULT (unixepoch())
);
