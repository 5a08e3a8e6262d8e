//! The report as Markdown, which reads well in a terminal too.

use std::fmt::Write as _;

use super::summary::{Figure, Summary};
use super::{machine, number};
use crate::runner::Settings;

/// Marks a figure that does not count, or counts less.
pub(crate) const FAULTY: &str = "¹";
pub(crate) const NOISY: &str = "²";

/// Writes all of it.
pub(crate) fn render(settings: &Settings, summary: &Summary) -> String {
    let mut text = String::from("# What a Socket.IO server costs\n\n");
    let _ = write!(
        text,
        "CPU time of the server per operation in microseconds, user and system, all threads; for `idle` the bytes of private\n\
         memory for a connection. Less is better. {} of {} s; server and load generator share one core.\n\n",
        match settings.repetitions {
            1 => "One run".to_owned(),
            several => format!("Medians of {several} interleaved runs"),
        },
        settings.duration.as_secs_f64(),
    );
    text += &table(&costs(summary));
    text += &notes(summary);
    text += "\n## Of this in user space\n\nThe kernel's share is the same for all who make the same system calls.\n\n";
    text += &table(&user_space(summary));
    text += "\n![The same as a plot](report.svg)\n\n## In detail\n\n";
    text += &table(&details(summary));
    text += "\n## Workloads\n\n";
    for workload in &summary.workloads {
        let _ = writeln!(text, "* `{}`: {}", workload.name, workload.about());
    }
    text += "\n## Machine\n\n";
    let _ = writeln!(text, "{}; pinned to core {}", machine::describe(), settings.core);
    for server in &summary.servers {
        let version = machine::version(server).unwrap_or_else(|| "unknown version".to_owned());
        let _ = writeln!(text, "* {server}: {version}");
    }
    text
}

/// A row of a table: its head, and a cell for each workload.
fn row(summary: &Summary, head: String, cell: impl Fn(usize) -> Option<String>) -> Vec<String> {
    let cells = (0..summary.workloads.len()).map(|column| cell(column).unwrap_or_else(|| "–".to_owned()));
    std::iter::once(head).chain(cells).collect()
}

fn head(summary: &Summary) -> Vec<String> {
    row(summary, "server".to_owned(), |column| {
        let workload = &summary.workloads[column];
        Some(if workload.is_memory() { format!("{} (B)", workload.name) } else { workload.name.clone() })
    })
}

/// Medians, and the ratios to each other server.
fn costs(summary: &Summary) -> Vec<Vec<String>> {
    let mut rows = vec![head(summary)];
    for (server, name) in summary.servers.iter().enumerate() {
        rows.push(row(summary, format!("**{name}**"), |column| summary.figure(server, column).map(cost)));
    }
    for (other, name) in summary.servers.iter().enumerate().skip(1) {
        let head = format!("{} / {name}", summary.servers[0]);
        rows.push(row(summary, head, |column| Some(format!("{:.2}", summary.ratio(0, other, column)?))));
    }
    rows
}

/// Medians of the time in user space, and the ratios.
fn user_space(summary: &Summary) -> Vec<Vec<String>> {
    let user = |server, column: usize| {
        let is_time = !summary.workloads[column].is_memory();
        Some(summary.figure(server, column).filter(|_| is_time)?.user_us)
    };
    let mut rows = vec![head(summary)];
    for (server, name) in summary.servers.iter().enumerate() {
        rows.push(row(summary, format!("**{name}**"), |column| user(server, column).map(number)));
    }
    for (other, name) in summary.servers.iter().enumerate().skip(1) {
        rows.push(row(summary, format!("{} / {name}", summary.servers[0]), |column| {
            Some(format!("{:.2}", user(0, column)? / user(other, column)?))
        }));
    }
    rows
}

fn cost(figure: &Figure) -> String {
    let faulty = if figure.is_valid() { "" } else { FAULTY };
    let noisy = if figure.is_disturbed { NOISY } else { "" };
    format!("{}{faulty}{noisy}", number(figure.cost))
}

/// The meaning of the marks in the table, where there are any.
fn notes(summary: &Summary) -> String {
    let mut faulty = String::new();
    let mut is_noisy = false;
    for (row, server) in summary.servers.iter().enumerate() {
        for (column, workload) in summary.workloads.iter().enumerate() {
            let Some(figure) = summary.figure(row, column) else { continue };
            is_noisy |= figure.is_disturbed;
            if figure.is_valid() {
                continue;
            }
            let counts = [("lost", figure.lost), ("out of order", figure.out_of_order)];
            let counts = counts.iter().filter(|(_, count)| *count > 0);
            let counts = counts.map(|(what, count)| format!("{} {what}", number(*count as f64)));
            let errors = figure.errors.iter().map(|(error, count)| format!("{error}: {count}"));
            let all: Vec<_> = counts.chain(errors).collect();
            let _ = writeln!(faulty, "* {server}, {}: {}", workload.name, all.join(", "));
        }
    }
    let mut text = String::new();
    if !faulty.is_empty() {
        let _ = write!(
            text,
            "\n{FAULTY} Does not count: events were lost, failed or came in another order.\n\n{faulty}"
        );
    }
    if is_noisy {
        let _ = writeln!(text, "\n{NOISY} Other programs used the machine in every run of it: noise.");
    }
    text
}

/// A row for each server under each workload.
fn details(summary: &Summary) -> Vec<Vec<String>> {
    let head = [
        "workload",
        "server",
        "median",
        "least – most",
        "user + system",
        "p50 µs",
        "p99 µs",
        "per second",
        "runs",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for (column, workload) in summary.workloads.iter().enumerate() {
        for (row, server) in summary.servers.iter().enumerate() {
            let Some(figure) = summary.figure(row, column) else { continue };
            let timed = |value: f64| if workload.is_memory() { "–".to_owned() } else { number(value) };
            rows.push(vec![
                workload.name.clone(),
                server.clone(),
                format!("{} {}", cost(figure), workload.unit()),
                format!("{} – {}", number(figure.least), number(figure.most)),
                match figure.us_per_heartbeat {
                    Some(us) => format!("{} a heartbeat", number(us)),
                    None => format!("{} + {}", number(figure.user_us), number(figure.system_us)),
                },
                timed(figure.p50_us),
                timed(figure.p99_us),
                timed(figure.per_second),
                figure.runs.to_string(),
            ]);
        }
    }
    rows
}

/// A table whose columns are aligned; the first row is its head.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (position, row) in rows.iter().enumerate() {
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let padding = " ".repeat(width - cell.chars().count());
            let (before, after) = if column == 0 { ("", &*padding) } else { (&*padding, "") };
            let _ = write!(text, "| {before}{cell}{after} ");
        }
        text += "|\n";
        if position == 0 {
            for (column, width) in widths.iter().enumerate() {
                let colon = if column == 0 { "-" } else { ":" };
                let _ = write!(text, "|{}{colon}", "-".repeat(width + 1));
            }
            text += "|\n";
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned() {
        let rows = [["a", "µs"], ["server", "1"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows), "| a      | µs |\n|--------|---:|\n| server |  1 |\n");
    }
}
