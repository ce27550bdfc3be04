use proptest::prelude::*;

use super::*;
use crate::config::Correlation;
use crate::request::{Headers, Request};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SHORT: &str = "a3ce929d0e0e4736";

fn id<const COUNT: usize>(fields: [(&str, &str); COUNT]) -> Option<TraceId> {
    first(&Headers::from(fields), &Correlation::SOURCES)
}

fn first(request: &Headers, sources: &[TraceSource]) -> Option<TraceId> {
    all(request, sources).into_iter().next()
}

fn all(request: &Headers, sources: &[TraceSource]) -> Vec<TraceId> {
    let lines: Vec<_> = request.headers().collect();
    let fields = Fields::of(&lines);
    let all: Vec<_> = fields.all(sources).collect();
    assert_eq!(fields.first(sources), all.first().copied());
    all
}

fn number(digits: &str) -> Option<TraceId> {
    TraceId::new(u128::from_str_radix(digits, 16).unwrap())
}

fn assert_none(name: &str, values: &[&str]) {
    for value in values {
        assert_eq!(id([(name, value)]), None, "{name}: {value:?}");
    }
}

#[test]
fn spellings_of_one_id_meet() {
    let spellings = [
        ("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01")),
        ("b3", format!("{TRACE}-00f067aa0ba902b7-1-05e3ac9a4f6e3b90")),
        ("b3", format!("{TRACE}-00f067aa0ba902b7")),
        ("X-B3-TraceId", TRACE.to_owned()),
        ("x-b3-traceid", TRACE.to_ascii_uppercase()),
        ("x-request-id", TRACE.to_owned()),
    ];
    for (name, value) in spellings {
        assert_eq!(id([(name, &value)]), number(TRACE), "{name}: {value}");
    }
}

#[test]
fn an_id_of_64_bits_is_one_of_128_whose_upper_half_is_zero() {
    let padded = format!("0000000000000000{SHORT}");
    let decimal = u64::from_str_radix(SHORT, 16).unwrap().to_string();
    let spellings = [
        ("x-b3-traceid", SHORT.to_owned()),
        ("x-b3-traceid", padded.clone()),
        ("b3", format!("{SHORT}-{SHORT}-d")),
        ("b3", format!("{padded}-{SHORT}-0")),
        ("traceparent", format!("00-{padded}-{SHORT}-00")),
        ("x-datadog-trace-id", decimal),
    ];
    for (name, value) in spellings {
        assert_eq!(id([(name, &value)]), number(SHORT), "{name}: {value}");
    }
}

#[test]
fn what_envoy_writes_into_a_request_id_does_not_count() {
    let ids = ["4", "9", "a", "b"].map(|version| id([("x-request-id", &uuid(version))]));
    assert!(ids[0].is_some() && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_ne!(id([("x-request-id", &uuid("4").replace('f', "e"))]), ids[0]);
    assert_eq!(id([("x-request-id", &uuid("4").to_ascii_uppercase())]), ids[0]);
}

fn uuid(version: &str) -> String {
    format!("4bf92f35-77b3-{version}da6-a3ce-929d0e0e4736")
}

#[test]
fn skywalking_ids_are_any_text() {
    let sw8 = |trace: &str| format!("1-{trace}-NWY0-3-bWVzaA==-aW5zdGFuY2U=-L2FwaQ==-MTI3LjAuMC4xOjgwODA=");
    let one = id([("sw8", &sw8("YS50cmFjZS4x"))]);
    assert!(one.is_some());
    assert_eq!(one, id([("sw8", &sw8("YS50cmFjZS4x").replacen('1', "0", 1))]), "sampled or not");
    assert_ne!(one, id([("sw8", &sw8("YS50cmFjZS4y"))]));
    assert_none("sw8", &["", "1", "1-YQ==", &sw8(""), &sw8("===="), &sw8("YS5"), &sw8("Y$==")]);
    assert_none("sw8", &[&format!("{}-1", sw8("YS50cmFjZS4x")), &sw8(&"YS50".repeat(200))]);
}

#[test]
fn zero_is_no_id() {
    let zero = "0".repeat(32);
    assert_none("traceparent", &[&format!("00-{zero}-00f067aa0ba902b7-01")]);
    assert_none("b3", &[&format!("{zero}-00f067aa0ba902b7-1")]);
    assert_none("x-b3-traceid", &[&zero, "0000000000000000"]);
    assert_none("x-datadog-trace-id", &["0", "00"]);
    assert_none("x-request-id", &[&zero, "00000000-0000-4000-0000-000000000000"]);
}

#[test]
fn whatever_is_not_exactly_of_the_format_is_no_id() {
    let good = format!("00-{TRACE}-00f067aa0ba902b7-01");
    assert!(id([("traceparent", &format!("cc-{TRACE}-00f067aa0ba902b7-01-what-comes"))]).is_some());
    assert_none("traceparent", &["", "00", &format!("{good}-"), &format!("{good}0"), &format!(" {good}")]);
    assert_none("traceparent", &[&good.replacen("00", "ff", 1), &good.to_ascii_uppercase(), &good.replace('-', "_")]);
    assert_none("traceparent", &[&good.replace("00f067aa0ba902b7", "0000000000000000"), &good.replace('b', "g")]);
    assert_none("b3", &["", "0", "1", "d", TRACE, "-", &format!("{TRACE}-1"), &format!("{TRACE}-{SHORT}-2")]);
    assert_none("b3", &[&format!("{TRACE}-{SHORT}-1-{SHORT}-1"), &format!("{TRACE}-{SHORT}-1-x")]);
    assert_none("x-b3-traceid", &["", "1", &TRACE[1..], &format!("{TRACE}0"), &TRACE.replace('4', "+")]);
    assert_none("x-datadog-trace-id", &["", "+1", "-1", "1.0", " 1", "18446744073709551616", &"1".repeat(21)]);
    assert_none("x-request-id", &["", "1", &uuid("4")[1..], &uuid("g"), &format!("{{{}}}", uuid("4"))]);
}

#[test]
fn a_header_that_occurs_twice_holds_no_id_and_the_next_source_counts() {
    let good = format!("00-{TRACE}-00f067aa0ba902b7-01");
    assert_eq!(id([("traceparent", &good), ("traceparent", &good)]), None);
    assert_eq!(id([("traceparent", &good), ("traceparent", &good), ("x-b3-traceid", SHORT)]), number(SHORT));
}

#[test]
fn sources_count_in_the_order_that_is_configured() {
    let good = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let request = Headers::from([("traceparent", good.as_str()), ("x-datadog-trace-id", "7"), ("b3", "0")]);
    let first = |sources: &[TraceSource]| first(&request, sources);
    assert_eq!(first(&[TraceSource::Datadog, TraceSource::Traceparent]), TraceId::new(7));
    assert_eq!(first(&[TraceSource::B3, TraceSource::Traceparent]), number(TRACE));
    assert_eq!(first(&[TraceSource::B3]), None);
    assert_eq!(first(&[]), None);
    assert_eq!(all(&request, &Correlation::SOURCES), [number(TRACE), TraceId::new(7)].map(Option::unwrap));
}

proptest! {
    #[test]
    fn no_bytes_make_reading_fail(value: Vec<u8>, of in prop::sample::select(
        vec!["traceparent", "b3", "x-b3-traceid", "sw8", "x-datadog-trace-id", "x-request-id"]
    )) {
        let request: Headers = [(of, value)].into_iter().collect();
        first(&request, &Correlation::SOURCES);
    }

    #[test]
    fn every_id_is_read_back_from_every_format(trace in 1..=u128::MAX, low in 1..=u64::MAX) {
        let spellings = [
            ("traceparent", format!("00-{trace:032x}-{low:016x}-01"), trace),
            ("b3", format!("{trace:032x}-{low:016x}"), trace),
            ("x-b3-traceid", format!("{low:016x}"), low.into()),
            ("x-datadog-trace-id", low.to_string(), low.into()),
            ("x-request-id", format!("{trace:032x}"), trace),
        ];
        for (name, value, expected) in spellings {
            prop_assert_eq!(id([(name, &value)]), TraceId::new(expected), "{}: {}", name, value);
        }
    }
}
