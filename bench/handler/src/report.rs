//! The figures as tables in Markdown, and the gates.

use crate::measure::Figures;
use crate::package::Package;
use crate::statistics::Rounds;

/// A program with all that was measured of it.
pub struct Measured {
    pub package: Package,
    pub figures: Figures,
}

type Size = (&'static str, fn(&Package) -> u64);
type Column = (&'static str, fn(&Figures) -> &Rounds, f64);

const SIZES: [Size; 2] =
    [("zip, bytes", |package| package.zipped), ("unzipped, bytes", |package| package.unzipped)];

/// Title, figure, and the factor from seconds or bytes to what the title says.
const COLUMNS: [Column; 12] = [
    ("TLS: init, ms", |figures| &figures.init, 1e3),
    ("TLS: init CPU, ms", |figures| &figures.init_cpu, 1e3),
    ("TLS: first request, ms", |figures| &figures.first, 1e3),
    ("TLS: the same, warm-up denied", |figures| &figures.denied, 1e3),
    ("TLS: memory after it, MB", |figures| &figures.first_resident, 1e-6),
    ("HTTP: init, ms", |figures| &figures.plain_init, 1e3),
    ("HTTP: init CPU, ms", |figures| &figures.plain_init_cpu, 1e3),
    ("HTTP: p50, µs", |figures| &figures.p50, 1e6),
    ("HTTP: p99, µs", |figures| &figures.p99, 1e6),
    ("HTTP: CPU a request, µs", |figures| &figures.cpu, 1e6),
    ("HTTP: requests a second", |figures| &figures.rate, 1.0),
    ("HTTP: memory at the end, MB", |figures| &figures.resident, 1e-6),
];

/// Medians with lowest and highest, and how many times the tutorial's is ours.
pub fn table(all: &[Measured]) -> String {
    let names: Vec<&str> = all.iter().map(|one| one.package.program.name.as_str()).collect();
    let last = all.len() - 1;
    let mut lines = vec![
        format!("| | {} | ratio |", names.join(" | ")),
        format!("|---|{}---:|", "---:|".repeat(all.len())),
    ];
    for (title, size) in SIZES {
        let cells: Vec<String> = all.iter().map(|one| size(&one.package).to_string()).collect();
        #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^53 bytes")]
        let ratio = size(&all[last].package) as f64 / size(&all[0].package) as f64;
        lines.push(format!("| {title} | {} | {ratio:.2} |", cells.join(" | ")));
    }
    for (title, figure, factor) in COLUMNS {
        let cells: Vec<String> = all.iter().map(|one| cell(figure(&one.figures), factor)).collect();
        let ratio = figure(&all[last].figures).median() / figure(&all[0].figures).median();
        lines.push(format!("| {title} | {} | {ratio:.2} |", cells.join(" | ")));
    }
    lines.join("\n")
}

fn cell(rounds: &Rounds, factor: f64) -> String {
    let (lowest, highest) = rounds.spread();
    let [median, lowest, highest] =
        [rounds.median(), lowest, highest].map(|value| rounded(value * factor));
    format!("{median} ({lowest} to {highest})")
}

fn rounded(value: f64) -> String {
    match value {
        ..10.0 => format!("{value:.2}"),
        ..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// What we want to stay below, each with what was measured.
pub fn gates(ours: &Measured, tutorial: &Measured, glibc: Option<(u32, u32)>) -> String {
    let (our, their) = (&ours.figures, &tutorial.figures);
    let glibc_name = glibc.map_or("none".to_owned(), |(major, minor)| format!("{major}.{minor}"));
    let lines = [
        most("zip, bytes", ours.package.zipped, 2_000_000),
        most("binary, bytes", ours.package.unzipped, 4_200_000),
        share("init CPU", &our.init_cpu, &their.init_cpu, 20.0),
        share("first TLS request", &our.first, &their.first, 10.0),
        share("CPU a request", &our.cpu, &their.cpu, 3.0),
        share("p99", &our.p99, &their.p99, 4.0),
        share("resident memory", &our.resident, &their.resident, 12.0),
        gate(&format!("glibc needed: {glibc_name}, at most 2.34"), glibc <= Some((2, 34))),
    ];
    lines.join("\n")
}

fn most(what: &str, value: u64, limit: u64) -> String {
    gate(&format!("{what}: {value}, at most {limit}"), value <= limit)
}

fn share(what: &str, ours: &Rounds, theirs: &Rounds, times: f64) -> String {
    let ratio = theirs.median() / ours.median();
    gate(&format!("{what}: 1/{ratio:.1} of the tutorial's, at most 1/{times}"), ratio >= times)
}

fn gate(text: &str, met: bool) -> String {
    format!("- {}: {text}", if met { "met" } else { "MISSED" })
}
