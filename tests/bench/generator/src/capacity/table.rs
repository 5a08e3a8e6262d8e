//! The tables, as Markdown.

use std::fmt::Write as _;

use super::costs::Costs;
use super::model::{Load, Way};
use super::outage::Outage;

const USERS_PER_NODE: f64 = 50_000.0;

const MEMBERS: f64 = 20.0;

/// Users of a cluster of its own.
const CELL: f64 = 1e6;

/// Played so often; the worst is told.
const RUNS: u64 = 20;

pub(crate) fn tables(costs: &Costs) -> String {
    let mut out = String::new();
    let load = |users| Load { users, users_per_node: USERS_PER_NODE, members: MEMBERS };
    let _ = writeln!(
        out,
        "\n| users | nodes | messages a second | heard by all: Redis | half to one socket: Redis | also topics of rooms: Redis | a node: sends · hears · delivers | heartbeats a second |"
    );
    let _ = writeln!(out, "|--:|--:|--:|--:|--:|--:|--:|--:|");
    for users in [1e5, 2.5e5, 5e5, 7.5e5, 1e6, 5e6, 1e8] {
        row(&mut out, &load(users), costs);
    }
    let cell = load(CELL);
    let _ = writeln!(
        out,
        "\n100 clusters of 1,000,000 users need {} Redis altogether, with half of the messages to one socket, where one cluster \
         of 100,000,000 would need {}; they have {} heartbeats a second instead of {}.",
        count(100.0 * cell.shards(Way::HalfDirect, costs)),
        count(load(1e8).shards(Way::HalfDirect, costs)),
        count(100.0 * cell.heartbeats()),
        count(load(1e8).heartbeats()),
    );
    outages(&mut out, costs);
    let Costs { measured, machine, publish_us, hear_us, redis_delivery_us, client_delivery_us, .. } = costs;
    let _ = writeln!(
        out,
        "\nMeasured {measured} ({machine}), in µs: {publish_us} to send a message, {hear_us} to hear one, {redis_delivery_us} of \
         Redis for each node that hears it, {client_delivery_us} for each client that gets it.\n"
    );
    out
}

fn row(out: &mut String, load: &Load, costs: &Costs) {
    let redis = |way| {
        let (deliveries, shards) = (load.deliveries(way), load.shards(way, costs));
        let share = percent(load.redis_cores(way, costs));
        let needed = if shards > 1.0 { format!("{} Redis", count(shards)) } else { share };
        format!("{} a second: {needed}", count(deliveries))
    };
    let _ = writeln!(
        out,
        "| {} | {} | {} | {} | {} | {} | {} · {} · {} | {} |",
        count(load.users),
        count(load.nodes()),
        count(load.messages()),
        redis(Way::All),
        redis(Way::HalfDirect),
        redis(Way::RoomTopics),
        percent(load.publishing(costs)),
        percent(load.hearing(Way::All, costs)),
        percent(load.delivering(costs)),
        count(load.heartbeats()),
    );
}

/// A restart of Redis, under what full nodes send.
fn outages(out: &mut String, costs: &Costs) {
    let _ = writeln!(out, "\n| Redis is away | 2 nodes | 5 nodes | 10 nodes | 15 nodes |");
    let _ = writeln!(out, "|--:|--:|--:|--:|--:|");
    let rate = USERS_PER_NODE / 10.0;
    for away in [0.1, 0.7, 3.0, 5.0, 10.0] {
        let mut row = format!("| {away} s |");
        for nodes in [2, 5, 10, 15] {
            let outcomes = (1..=RUNS).map(|seed| Outage { nodes, rate, away, seed }.play(costs));
            let (mut lost, mut settled) = (0.0_f64, Some(0.0_f64));
            for outcome in outcomes {
                lost = lost.max(outcome.lost / outcome.held);
                settled = settled.zip(outcome.settled).map(|(most, after)| most.max(after));
            }
            let settled = settled.map_or_else(|| "never".to_owned(), |after| format!("{after:.1} s"));
            let _ = write!(row, " {} lost, {settled} |", percent(lost));
        }
        let _ = writeln!(out, "{row}");
    }
}

/// Three digits that count, and commas.
fn count(value: f64) -> String {
    let value = if value >= 1000.0 {
        let unit = 10_f64.powf(value.log10().floor() - 2.0);
        (value / unit).round() * unit
    } else {
        value.round()
    };
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A part of a core, or of messages.
fn percent(part: f64) -> String {
    match part * 100.0 {
        0.0 => "0 %".to_owned(),
        small if small < 1.0 => format!("{small:.1} %"),
        part => format!("{} %", count(part)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_with_three_digits_and_commas() {
        let written = [0.0, 7.4, 999.0, 1_234.0, 1_049_999.0, 2e10].map(count);
        assert_eq!(written, ["0", "7", "999", "1,230", "1,050,000", "20,000,000,000"]);
        assert_eq!([0.0, 0.004, 0.0165, 1.5, 49.0].map(percent), ["0 %", "0.4 %", "2 %", "150 %", "4,900 %"]);
    }

    #[test]
    fn every_size_has_its_line() {
        let tables = tables(&Costs::round());
        let lines = tables.lines().filter(|line| line.starts_with("| ")).count();
        // Two heads, seven sizes, five outages.
        assert_eq!(lines, 14);
        assert!(tables.contains("| 1,000,000 | 20 | 100,000 | 2,000,000 a second: 2 Redis |"), "{tables}");
        assert!(tables.contains("instead of 1,330,000"), "{tables}");
    }
}
