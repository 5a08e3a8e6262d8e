//! The report as a plot: a panel for each workload, a bar for each server.

use std::fmt::Write as _;

use super::number;
use super::summary::Summary;

const COLUMNS: usize = 3;
const PANEL: usize = 290;
const GAP: usize = 20;
const BAR: usize = 20;
/// Room for a panel's title, and for the names left of its bars.
const TITLE: usize = 34;
const NAMES: usize = 84;
/// Room for the figure right of the longest bar.
const FIGURE: usize = 58;
/// Room above the first panel.
const TOP: usize = 64;

/// The first is the one that the plot is about.
const COLOURS: [&str; 6] = ["#c2410c", "#64748b", "#94a3b8", "#b6c2d1", "#cbd5e1", "#e2e8f0"];

/// Draws it.
pub(crate) fn render(summary: &Summary) -> String {
    let height = TITLE + summary.servers.len() * BAR;
    let lines = summary.workloads.len().div_ceil(COLUMNS);
    let (full_width, full_height) = (COLUMNS * (PANEL + GAP) + GAP, TOP + lines * (height + GAP) + GAP);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {full_width} {full_height}\" role=\"img\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#1e293b\">\n\
         <title>What a Socket.IO server costs</title>\n\
         <rect width=\"{full_width}\" height=\"{full_height}\" rx=\"8\" fill=\"#fff\"/>\n\
         <text x=\"{GAP}\" y=\"28\" font-size=\"16\" font-weight=\"600\">What a Socket.IO server costs</text>\n\
         <text x=\"{GAP}\" y=\"47\" fill=\"#475569\">CPU time per operation, or memory per idle connection; shorter is better. \
         * does not count: lost or out of order.</text>\n"
    );
    for workload in 0..summary.workloads.len() {
        let x = GAP + workload % COLUMNS * (PANEL + GAP);
        let y = TOP + workload / COLUMNS * (height + GAP);
        let _ = writeln!(svg, "<g transform=\"translate({x} {y})\">");
        panel(&mut svg, summary, workload);
        svg += "</g>\n";
    }
    svg + "</svg>\n"
}

fn panel(svg: &mut String, summary: &Summary, workload: usize) {
    let figures = (0..summary.servers.len()).filter_map(|server| summary.figure(server, workload));
    let most = figures.map(|figure| figure.cost).fold(f64::MIN_POSITIVE, f64::max);
    let length = |cost: f64| cost.max(0.0) / most * (PANEL - NAMES - FIGURE) as f64;
    let about = &summary.workloads[workload];
    let _ = writeln!(
        svg,
        "<text y=\"20\"><tspan font-weight=\"600\">{}</tspan> <tspan fill=\"#475569\">{}</tspan></text>",
        escape(&about.name),
        about.title()
    );
    for (server, name) in summary.servers.iter().enumerate() {
        let (y, base) = (TITLE + server * BAR, TITLE + server * BAR + BAR - 7);
        let weight = if server == 0 { " font-weight=\"600\"" } else { "" };
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{base}\" text-anchor=\"end\"{weight}>{}</text>",
            NAMES - 6,
            escape(name)
        );
        let Some(figure) = summary.figure(server, workload) else { continue };
        let (length, colour) = (length(figure.cost), COLOURS[server.min(COLOURS.len() - 1)]);
        let _ = writeln!(
            svg,
            "<rect x=\"{NAMES}\" y=\"{y}\" width=\"{length:.1}\" height=\"{}\" rx=\"2\" fill=\"{colour}\"/>\n\
             <text x=\"{:.1}\" y=\"{base}\"{weight}>{} {}{}</text>",
            BAR - 4,
            NAMES as f64 + length + 5.0,
            number(figure.cost),
            about.unit(),
            if figure.is_valid() { "" } else { " *" },
        );
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_the_plot() {
        assert_eq!(escape("a<b>&"), "a&lt;b&gt;&amp;");
    }
}
