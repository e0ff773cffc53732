//! Prometheus' text format, version 0.0.4: families of samples with labels.
//!
//! Owns escaping and the order of lines. Never knows what is measured.

use std::fmt::{Display, Write};

/// What a server says of the format.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// How a metric behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// It only grows, and its name ends in `_total`.
    Counter,
    /// It goes up and down.
    Gauge,
    /// How long something took.
    Histogram,
}

/// The text so far.
#[derive(Default, Debug)]
pub(super) struct Exposition(String);

/// The samples of one metric.
pub(super) struct Family<'e> {
    text: &'e mut String,
    name: &'static str,
}

/// Labels, in order.
pub(super) type Labels<'l> = [(&'static str, &'l str)];

impl Exposition {
    /// Begins a metric; its samples have to follow before the next one.
    pub(super) fn family(&mut self, name: &'static str, kind: Kind, help: &str) -> Family<'_> {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let help = help.replace('\\', r"\\").replace('\n', r"\n");
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        Family { text: &mut self.0, name }
    }

    /// The whole text.
    pub(super) fn finish(self) -> String {
        self.0
    }
}

impl Family<'_> {
    /// A sample.
    pub(super) fn sample(&mut self, labels: &Labels<'_>, value: impl Display) {
        self.suffixed("", labels, None, value);
    }

    /// A bucket of a histogram: how many were at most so much.
    pub(super) fn bucket(&mut self, labels: &Labels<'_>, at_most: impl Display, count: u64) {
        self.suffixed("_bucket", labels, Some(at_most.to_string()), count);
    }

    /// The end of a histogram.
    pub(super) fn sum(&mut self, labels: &Labels<'_>, sum: f64, count: u64) {
        self.suffixed("_bucket", labels, Some("+Inf".to_owned()), count);
        self.suffixed("_sum", labels, None, sum);
        self.suffixed("_count", labels, None, count);
    }

    fn suffixed(
        &mut self,
        suffix: &str,
        labels: &Labels<'_>,
        at_most: Option<String>,
        value: impl Display,
    ) {
        let bound = at_most.as_deref().map(|bound| ("le", bound));
        let mut open = '{';
        self.text.push_str(self.name);
        self.text.push_str(suffix);
        // An empty label is none at all.
        for (name, value) in labels.iter().copied().chain(bound).filter(|(_, v)| !v.is_empty()) {
            let value = value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
            let _ = write!(self.text, "{open}{name}=\"{value}\"");
            open = ',';
        }
        if open == ',' {
            self.text.push('}');
        }
        // Writing to a text never fails.
        let _ = writeln!(self.text, " {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_and_empty_ones_left_out() {
        let mut text = Exposition::default();
        let mut family = text.family("x_total", Kind::Counter, "a\nb \\ c");
        family.sample(&[("a", "1\"2\\3\n4"), ("b", "")], 5);
        family.sample(&[("b", "")], 6.5);
        assert_eq!(
            text.finish(),
            "# HELP x_total a\\nb \\\\ c\n# TYPE x_total counter\n\
             x_total{a=\"1\\\"2\\\\3\\n4\"} 5\nx_total 6.5\n"
        );
    }

    #[test]
    fn a_histogram_ends_in_infinity_sum_and_count() {
        let mut text = Exposition::default();
        let mut family = text.family("x_seconds", Kind::Histogram, "x");
        family.bucket(&[("a", "b")], 0.5, 3);
        family.sum(&[("a", "b")], 1.5, 4);
        let text = text.finish();
        let samples: Vec<&str> = text.lines().skip(2).collect();
        assert_eq!(
            samples,
            [
                "x_seconds_bucket{a=\"b\",le=\"0.5\"} 3",
                "x_seconds_bucket{a=\"b\",le=\"+Inf\"} 4",
                "x_seconds_sum{a=\"b\"} 1.5",
                "x_seconds_count{a=\"b\"} 4",
            ]
        );
    }
}
