//! The results of the measurements: the medians, as Markdown and as a plot.

pub(crate) mod machine;
pub(crate) mod markdown;
mod plot;
pub(crate) mod summary;

use std::fs;
use std::io;
use std::path::PathBuf;

use self::summary::Summary;
use crate::measurement::Measurement;
use crate::runner::Settings;
use crate::series::Run;
use crate::workload::Workload;

/// Writes the report, prints it, and tells where it is.
pub(crate) fn write(
    settings: &Settings,
    workloads: &[Workload],
    runs: &[Run<Measurement>],
) -> io::Result<[PathBuf; 2]> {
    let summary = Summary::new(settings, workloads, runs);
    let (text, plot) = (settings.out.join("report.md"), settings.out.join("report.svg"));
    let report = markdown::render(settings, &summary);
    println!("{report}");
    fs::write(&text, report)?;
    fs::write(&plot, plot::render(&summary))?;
    Ok([text, plot])
}

/// A number as it is read best: three digits, thousands apart.
pub(crate) fn number(value: f64) -> String {
    let places = match value.abs() {
        small if small < 9.995 => 2,
        medium if medium < 99.95 => 1,
        _ => 0,
    };
    let text = format!("{value:.places$}");
    let whole = text.split('.').next().unwrap_or_default();
    if whole.len() < 4 {
        return text;
    }
    let mut apart = String::new();
    for (position, digit) in whole.chars().enumerate() {
        if position > 0 && (whole.len() - position).is_multiple_of(3) {
            apart.push(',');
        }
        apart.push(digit);
    }
    apart
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_or_all_of_them() {
        for (value, text) in [
            (0.0, "0.00"),
            (0.166, "0.17"),
            (9.994, "9.99"),
            (9.996, "10.0"),
            (23.45, "23.4"),
            (99.96, "100"),
            (999.6, "1,000"),
            (1_234_567.0, "1,234,567"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
