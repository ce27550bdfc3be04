//! What proxies tell of themselves: the text of `/stats` and of `/stats/prometheus`.
//!
//! Only the part of Prometheus' text format that Envoy writes is read: no timestamps, no exemplars. A line that is none
//! of that is passed over, because statistics inform and decide nothing.

use std::collections::BTreeMap;

/// One value of a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The name of the metric.
    pub family: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The value, a number.
    value: String,
}

impl Sample {
    /// The value of a label; empty where there is no such label, as in Prometheus.
    #[must_use]
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }

    /// The value; `None` where it is no whole number from 0 to 2⁶⁴ - 1.
    #[must_use]
    pub fn whole(&self) -> Option<u64> {
        self.value.parse().ok()
    }
}

/// The samples in the text of `/stats/prometheus`.
pub fn samples(text: &str) -> impl Iterator<Item = Sample> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(sample)
}

/// The texts in the text of `/stats`: `NAME: "TEXT"`.
#[must_use]
pub fn texts(text: &str) -> BTreeMap<&str, &str> {
    let pairs = text.lines().filter_map(|line| line.split_once(": "));
    pairs.filter_map(|(name, value)| Some((name, value.strip_prefix('"')?.strip_suffix('"')?))).collect()
}

/// `NAME{LABEL="VALUE",...} NUMBER`, with or without labels.
fn sample(line: &str) -> Option<Sample> {
    let (series, value) = line.rsplit_once(' ')?;
    let (family, mut rest) = match series.split_once('{') {
        Some((family, rest)) => (family, rest.strip_suffix('}')?),
        None => (series, ""),
    };
    let mut labels = BTreeMap::new();
    while !rest.is_empty() {
        let (name, quoted) = rest.split_once("=\"")?;
        let (text, after) = unquoted(quoted)?;
        labels.insert(name.to_owned(), text);
        rest = after.strip_prefix(',').unwrap_or(after);
    }
    let number = value.parse::<f64>().is_ok();
    number.then(|| Sample { family: family.to_owned(), labels, value: value.to_owned() })
}

/// The text before the closing quote, with its escapes undone, and what follows that quote.
fn unquoted(quoted: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((text, quoted.get(at + 1..)?)),
            '\\' => text.push(match characters.next()?.1 {
                'n' => '\n',
                escaped => escaped,
            }),
            other => text.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROMETHEUS: &str = "# TYPE graylane_generation gauge\ngraylane_generation{phase=\"outbound\"} 4\n\
        envoy_server_live{} 1\n\nbroken{\ngraylane_decisions_total{lane=\"a\\\"b\\\\c\",service=\"cart.shop\"} 12\n\
        some_bucket{le=\"+Inf\"} 3\nplain 2.5\nnot a number\n";

    #[test]
    fn samples_are_read_with_their_labels_and_the_rest_is_passed_over() {
        let read: Vec<_> = samples(PROMETHEUS).collect();
        let seen: Vec<_> = read.iter().map(|sample| (sample.family.as_str(), sample.whole())).collect();
        assert_eq!(
            seen,
            [
                ("graylane_generation", Some(4)),
                ("envoy_server_live", Some(1)),
                ("graylane_decisions_total", Some(12)),
                ("some_bucket", Some(3)),
                ("plain", None)
            ]
        );
        assert_eq!(read[0].label("phase"), "outbound");
        assert_eq!(read[2].label("lane"), "a\"b\\c");
        assert_eq!(read[2].label("service"), "cart.shop");
        assert_eq!(read[3].label("le"), "+Inf");
        assert_eq!(read[4].label("absent"), "");
    }

    #[test]
    fn texts_are_told_from_numbers() {
        let stats = "cluster_manager.cds.version_text: \"7\"\ncluster_manager.cds.version: 12\nempty: \"\"\n";
        assert_eq!(texts(stats), BTreeMap::from([("cluster_manager.cds.version_text", "7"), ("empty", "")]));
    }
}
