//! A strict reader of the text format of OpenMetrics 1.0.

use std::collections::BTreeMap;

/// Returns each number by its line, or fails at the first thing that the specification of OpenMetrics 1.0 forbids.
pub(crate) fn parse(text: &str) -> BTreeMap<String, f64> {
    let body = text.strip_suffix("# EOF\n").expect("the end is marked, and nothing follows");
    let (mut numbers, mut families) = (BTreeMap::new(), Vec::new());
    let mut family = ("", "");
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            family = rest.split_once(' ').expect("a type");
            assert!(
                !families.contains(&family.0),
                "{line}: a family stands together, and there is one of a name"
            );
            families.push(family.0);
            continue;
        }
        if let Some(rest) = line.strip_prefix("# UNIT ").or_else(|| line.strip_prefix("# HELP ")) {
            let (name, rest) = rest.split_once(' ').expect("a text");
            assert!(name == family.0 && !rest.is_empty() && !rest.contains('\\'), "{line}");
            continue;
        }
        assert!(!line.starts_with('#') && line.is_ascii(), "{line}");
        let (series, value) = line.rsplit_once(' ').expect("a value");
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        check_labels(labels, line);
        let ending = name.strip_prefix(family.0).unwrap_or_else(|| panic!("{line} is not of {}", family.0));
        let is_good = match family.1 {
            "gauge" => ending.is_empty(),
            "counter" => ending == "_total",
            "histogram" => {
                ["_count", "_sum"].contains(&ending) || ending == "_bucket" && labels.contains("le=\"")
            }
            other => panic!("{other} is no kind that is used here"),
        };
        assert!(is_good, "{line}");
        let number: f64 = value.parse().expect("a number");
        assert!(number.is_finite() && number >= 0.0, "{line}");
        assert_eq!(numbers.insert(series.to_owned(), number), None, "{line} comes twice");
    }
    check_histograms(&numbers);
    numbers
}

fn check_labels(labels: &str, line: &str) {
    let mut rest = labels.strip_suffix('}').unwrap_or_else(|| panic!("{line}: labels are closed"));
    while !rest.is_empty() {
        let (name, value) = rest.split_once("=\"").unwrap_or_else(|| panic!("{line}: a label has a value"));
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{line}");
        let (value, after) = value.split_once('"').unwrap_or_else(|| panic!("{line}: a value is closed"));
        assert!(!value.contains('\\'), "{line}: no label of this test has to be escaped");
        assert!(after.is_empty() || after.starts_with(',') && after.len() > 1, "{line}");
        rest = after.trim_start_matches(',');
    }
}

/// The classes of a histogram never go down, and the last holds all.
fn check_histograms(numbers: &BTreeMap<String, f64>) {
    for (series, count) in numbers.iter().filter(|(series, _)| series.contains("_count{")) {
        let labels = series.strip_suffix('}').expect("labels are closed").replace("_count{", "_bucket{");
        let prefix = format!("{labels},le=\"");
        let classes = numbers.iter().filter(|(series, _)| series.starts_with(&prefix));
        let mut classes: Vec<(f64, f64)> = classes
            .map(|(series, value)| {
                (series[prefix.len()..].trim_end_matches("\"}").parse().expect("a bound"), *value)
            })
            .collect();
        classes.sort_by(|one, other| one.0.total_cmp(&other.0));
        assert_eq!(classes.last(), Some(&(f64::INFINITY, *count)), "{series}");
        assert!(classes.is_sorted_by(|one, other| one.1 <= other.1), "{series}: {classes:?}");
    }
}
