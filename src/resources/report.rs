//! What a cold start cost, from the line that Lambda writes at the end of a request, and what it may cost.

use crate::config::Budget;

/// The figures of a `REPORT` line
/// (<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html>).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Report {
    /// Milliseconds before the first request; absent when the environment was there already.
    pub init: Option<f64>,
    /// Milliseconds of the request itself.
    pub duration: f64,
    /// The most memory that was in use, in megabytes.
    pub memory: f64,
}

impl Report {
    /// The last one in a log.
    pub(super) fn find(log: &str) -> Option<Self> {
        let line = log.lines().rfind(|line| line.starts_with("REPORT "))?;
        let figure = |name: &str| {
            let field = line.split('\t').find_map(|field| field.trim().strip_prefix(name))?;
            field.trim_start_matches(':').split_whitespace().next()?.parse().ok()
        };
        Some(Self {
            init: figure("Init Duration"),
            duration: figure("Duration")?,
            memory: figure("Max Memory Used")?,
        })
    }

    /// Each figure that is over its budget, in words.
    pub(super) fn excess(&self, budget: &Budget) -> Vec<String> {
        let figures = [
            ("init", self.init, budget.init, "ms"),
            ("the first request", Some(self.duration), budget.first_request, "ms"),
            ("memory", Some(self.memory), budget.memory, "MB"),
        ];
        let over = figures.into_iter().filter_map(|(what, figure, most, unit)| {
            let (figure, most) = (figure?, most?);
            (figure > f64::from(most))
                .then(|| format!("{what} took {figure} {unit}, and the budget is {most} {unit}"))
        });
        over.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "START RequestId: 1 Version: 7\nREPORT RequestId: 1\tDuration: 1.52 ms\tBilled Duration: 20 ms\tMemory Size: 256 MB\tMax Memory Used: 17 MB\tInit Duration: 15.86 ms\t\n";

    #[test]
    fn the_figures_are_those_of_lambda() {
        let report = Report { init: Some(15.86), duration: 1.52, memory: 17.0 };
        assert_eq!(Report::find(LINE), Some(report));
        assert_eq!(Report::find("START RequestId: 1\n"), None);
    }

    #[test]
    fn what_was_warm_has_no_init() {
        let line = LINE.replace("\tInit Duration: 15.86 ms\t", "");
        assert_eq!(Report::find(&line).and_then(|report| report.init), None);
    }

    #[test]
    fn every_figure_over_its_budget_is_told() {
        let report = Report::find(LINE).expect("a report");
        let budget = Budget { init: Some(10), first_request: Some(2), memory: Some(16) };
        assert_eq!(
            report.excess(&budget),
            [
                "init took 15.86 ms, and the budget is 10 ms",
                "memory took 17 MB, and the budget is 16 MB"
            ]
        );
        assert!(report.excess(&Budget::default()).is_empty());
    }
}
