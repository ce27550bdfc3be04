//! The page of the filter's metrics.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use graylane_core::Reason;
use graylane_core::metric::{DURATION_BOUNDS_MS, Kind, LABELS, Metric, ResponseClass, tag_regex};

const HEAD: &str = "\
# What filters count

Envoy shows these on its admin port (`/stats/prometheus`), and Istio on a pod's stats port, under the names given here.
Envoy's metrics of modules have no labels, so the filter writes them into the name in Istio's form, `label=.=value;.;`,
and a regular expression for each label in `stats_config.stats_tags` takes them out again. `graylane local` sets those;
with Istio, list the labels in `proxyConfig.extraStatTags`, or in the annotation `sidecar.istio.io/extraStatTags` of a
pod. Without them the labels stay in the name, and nothing else changes.

Every value of a label is a name of the configuration or one of a closed set, so the number of series is bounded by the
configuration. Counts are kept in the filter and handed over once a second.

";

/// The page.
pub(crate) fn page() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("| metric | kind | labels | what it says |\n|---|---|---|---|\n");
    for metric in Metric::catalogue() {
        let name = metric.stat_name();
        let labels: Vec<_> = name.split(";.;").filter_map(|part| part.split_once("=.=")).collect();
        let labels: Vec<_> = labels.iter().map(|(label, _)| format!("`{label}`")).collect();
        let kind = match metric.kind() {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        row(&mut page, &[&format!("`{}`", metric.family()), kind, &labels.join(", "), metric.help()]);
    }
    page.push_str("\n## Labels\n\n| label | values | regular expression for `stats_tags` |\n|---|---|---|\n");
    let values = values();
    for label in LABELS {
        let said = values.get(label).map_or("", String::as_str);
        row(&mut page, &[&format!("`{label}`"), said, &format!("`{}`", tag_regex(label).replace('|', "\\|"))]);
    }
    page
}

fn row(page: &mut String, cells: &[&str]) {
    // Writing to a string can not fail.
    let _ = writeln!(page, "| {} |", cells.join(" | "));
}

fn values() -> BTreeMap<&'static str, String> {
    let reasons: Vec<_> = Reason::ALL.iter().map(|reason| format!("`{reason}`")).collect();
    let classes: Vec<_> = ResponseClass::ALL.iter().map(|class| format!("`{}`", class.as_str())).collect();
    let bounds: Vec<_> = DURATION_BOUNDS_MS.iter().map(u32::to_string).collect();
    BTreeMap::from([
        ("phase", "`gateway`, `inbound`, `outbound`; `unknown` for a configuration that does not say".to_owned()),
        ("lane", "the first lane that a request is in; `base`; `unknown` for lanes that are not configured".to_owned()),
        ("service", "a configured service".to_owned()),
        ("version", "a configured version of it".to_owned()),
        ("reason", reasons.join(", ")),
        ("class", format!("{}: a reset", classes.join(", "))),
        ("le", format!("upper bounds in milliseconds: {}, `+Inf`", bounds.join(", "))),
    ])
}
