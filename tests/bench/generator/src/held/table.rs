//! The table of loads that were held.

use super::Held;
use crate::report::number;

/// As Markdown. `of`: the machine and the version.
pub(super) fn table(of: &str, all: &[Held]) -> String {
    let mut text = format!("Measured on {of}.\n\n");
    text += "| load | for | done | p50 | p99 | server | clients | others | memory of the server | lost, wrong |\n";
    text += "|---|---|---|---|---|---|---|---|---|---|\n";
    for Held { workload, found } in all {
        let (faults, clients) = (&found.faults, workload.clients);
        let cells = [
            workload.about().replace(&clients.to_string(), &number(clients as f64)),
            format!("{:.0} s", found.seconds),
            number(found.operations as f64),
            format!("{} ms", number(found.p50_us / 1000.0)),
            format!("{} ms", number(found.p99_us / 1000.0)),
            percent(found.server_cores),
            percent(found.generator_cores),
            percent(found.other_cores),
            format!("{} MiB", number(found.memory_bytes as f64 / f64::from(1 << 20))),
            (faults.lost + faults.out_of_order + faults.errors.values().sum::<u64>()).to_string(),
        ];
        text += &format!("| {} |\n", cells.join(" | "));
    }
    text
}

/// Of one core.
fn percent(cores: f64) -> String {
    format!("{:.0} %", cores * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::Measurement;
    use crate::workload::Workload;

    #[test]
    fn each_load_is_a_row_with_a_cell_for_each_column() {
        let found = Measurement {
            operations: 1234,
            seconds: 60.2,
            p50_us: 250.0,
            server_cores: 0.25,
            memory_bytes: 64 << 20,
            ..Measurement::default()
        };
        let all: Vec<_> = Workload::held()
            .into_iter()
            .map(|(workload, _)| Held { workload, found: found.clone() })
            .collect();
        let text = table("a machine", &all);
        let rows: Vec<_> = text.lines().skip(2).collect();
        assert_eq!(rows.len(), 2 + all.len());
        let columns = rows[0].matches('|').count();
        assert!(rows.iter().all(|row| row.matches('|').count() == columns), "{text}");
        let cells: Vec<_> = rows[2].split(" | ").collect();
        assert!(cells[0].starts_with("| 20,000 connections, one of which "), "{text}");
        let figures = ["60 s", "1,234", "0.25 ms", "0.00 ms", "25 %", "0 %", "0 %", "64.0 MiB", "0 |"];
        assert_eq!(cells[1..], figures, "{text}");
    }
}
