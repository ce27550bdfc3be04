//! Requests that are remembered by their trace id, in shared data.

use graylane_core::correlation::Event;
use graylane_core::metric::Metric;
use graylane_tests::host::{Fault, Headers, Hostcall, Proxy, Times};
use serde_json::{Value, json};

use crate::{A_TICK, counter, filter, gateway, offer, ok, to, with};

/// Requests that the tables of these tests hold, in 64 sets.
const REQUESTS: usize = 512;
/// Bytes of a set and of its key.
const SET: usize = 200 + "graylane.4/sj00000000".len();

/// The two filters of a sidecar, each in machines of its own.
struct Sidecar {
    inbound: Proxy,
    outbound: Proxy,
}

impl Sidecar {
    fn start(workers: usize) -> anyhow::Result<Self> {
        let inbound = filter()?.workers(workers).start()?;
        let outbound = filter()?.workers(workers).beside(&inbound).start()?;
        let sidecar = Self { inbound, outbound };
        offer(&sidecar.inbound, configuration("sidecarInbound").to_string())?;
        offer(&sidecar.outbound, configuration("sidecarOutbound").to_string())?;
        Ok(sidecar)
    }

    /// Until the table is made, and counts are handed over.
    fn tick(&self) -> anyhow::Result<()> {
        self.inbound.advance(A_TICK)?;
        Ok(self.outbound.advance(A_TICK)?)
    }

    fn event(&self, event: Event) -> u64 {
        counter(&self.inbound, Metric::Correlation { event })
    }
}

fn configuration(phase: &str) -> Value {
    with(gateway(1), &json!({"phase": phase, "correlation": {"requests": REQUESTS}}))
}

fn traced(id: u128, fields: &[(&str, &str)]) -> Headers {
    let mut request = to("cart.shop", [("traceparent", &*format!("00-{id:032x}-00f067aa0ba902b7-01"))]);
    for (name, value) in fields {
        request.add(*name, *value);
    }
    request
}

/// Plays a request on a worker to its end, and returns its headers as they went on.
fn play(proxy: &Proxy, worker: usize, request: Headers) -> anyhow::Result<Headers> {
    let mut exchange = proxy.worker(worker).request(request)?;
    exchange.respond(ok())?;
    exchange.finish()?;
    Ok(exchange.request_headers())
}

fn lane(headers: &Headers) -> Option<String> {
    headers.get("x-gray-lane").map(Into::into)
}

#[test]
fn a_canary_writes_nothing_and_workers_make_the_table_with_their_first_tick() -> anyhow::Result<()> {
    let sidecar = Sidecar::start(2)?;
    assert_eq!(sidecar.inbound.shared_data_keys(), 0);
    sidecar.tick()?;
    assert_eq!((sidecar.inbound.shared_data_keys(), sidecar.inbound.shared_data_bytes()), (64, 64 * SET));
    offer(&sidecar.inbound, with(configuration("sidecarInbound"), &json!({"generation": 2})).to_string())?;
    sidecar.tick()?;
    assert_eq!(sidecar.inbound.shared_data_keys(), 64, "refused configurations leave a key, good ones none");
    Ok(())
}

#[test]
fn scenario_29_random_ids_stay_within_the_bound_and_evictions_are_counted() -> anyhow::Result<()> {
    const IDS: u64 = 50_000;
    let sidecar = Sidecar::start(2)?;
    sidecar.tick()?;
    let lanes = ["gray", "base", "blue", "a, b"];
    let mut random = 1_u128;
    for (number, worker) in (0..IDS).zip([0, 1].into_iter().cycle()) {
        random = random.wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645).wrapping_add(1);
        let lane = lanes[usize::try_from(number % 4)?];
        play(&sidecar.inbound, worker, traced(random | 1, &[("x-gray-lane", lane)]))?;
    }
    sidecar.tick()?;
    let list = |text: &str| 4 + text.len() + "graylane.4/l-00000000".len();
    let lists: usize = ["gray", "blue", "a, b"].into_iter().map(list).sum();
    let clock = "graylane.4/c-00000000".len();
    assert_eq!(sidecar.inbound.shared_data_keys(), 64 + 3 + 1);
    assert_eq!(sidecar.inbound.shared_data_bytes(), 64 * SET + lists + clock);
    assert_eq!(sidecar.event(Event::Eviction), IDS - u64::try_from(REQUESTS)?);
    assert_eq!((sidecar.event(Event::Failure), sidecar.event(Event::Damaged)), (0, 0));
    assert_eq!(sidecar.inbound.gauge(&Metric::Remembered.stat_name()), Some(REQUESTS.try_into()?));
    Ok(())
}

#[test]
fn a_request_with_its_mark_costs_no_look_up_and_a_lost_one_a_single_read() -> anyhow::Result<()> {
    let sidecar = Sidecar::start(1)?;
    sidecar.tick()?;
    assert_eq!(
        calls(&sidecar.inbound, traced(1, &[("x-gray-lane", "base")]))?,
        [1, 2, 0, 0],
        "its beginning, and its end without a read"
    );
    assert_eq!(calls(&sidecar.outbound, traced(1, &[]))?, [1, 0, 0, 2]);
    assert_eq!(calls(&sidecar.outbound, traced(1, &[("x-gray-lane", "base")]))?, [0, 0, 0, 2]);
    assert_eq!(calls(&sidecar.inbound, to("cart.shop", [("x-gray-lane", "base")]))?, [0, 0, 0, 0]);
    Ok(())
}

#[test]
fn a_worker_that_alone_writes_reads_a_set_once_over_configurations_and_seconds() -> anyhow::Result<()> {
    let sidecar = Sidecar::start(1)?;
    sidecar.tick()?;
    let request = || calls(&sidecar.inbound, traced(1, &[("x-gray-lane", "base")]));
    assert_eq!([request()?, request()?], [[1, 2, 0, 0], [0, 2, 0, 0]]);
    offer(&sidecar.inbound, with(configuration("sidecarInbound"), &json!({"generation": 2})).to_string())?;
    sidecar.tick()?;
    assert_eq!(request()?, [0, 2, 0, 0]);
    let other = json!({"generation": 3, "correlation": {"requests": REQUESTS, "ttlSeconds": 7}});
    offer(&sidecar.inbound, with(configuration("sidecarInbound"), &other).to_string())?;
    assert_eq!([request()?, request()?], [[1, 2, 0, 0], [0, 2, 0, 0]], "another table");
    Ok(())
}

#[test]
fn what_a_worker_that_alone_writes_keeps_of_the_default_table_takes_about_as_much_again() -> anyhow::Result<()> {
    let inbound = filter()?.workers(1).start()?;
    offer(&inbound, with(configuration("sidecarInbound"), &json!({"correlation": {"requests": 32_768}})).to_string())?;
    inbound.advance(A_TICK)?;
    let serve = |id: u128| play(&inbound, 0, traced(id, &[("x-gray-lane", "base")]));
    serve(1)?;
    let before = inbound.worker(0).memory_bytes()?;
    for id in 2..20_000 {
        serve(id)?;
    }
    let kept = inbound.worker(0).memory_bytes()? - before;
    println!("{kept} bytes");
    assert!((600_000..1_200_000).contains(&kept), "{kept} bytes");
    Ok(())
}

/// How often a request and its response read and write a shared value, look at a metric, and ask for the time.
fn calls(proxy: &Proxy, request: Headers) -> anyhow::Result<[u32; 4]> {
    let mut exchange = proxy.worker(0).request(request)?;
    exchange.respond(ok())?;
    exchange.finish()?;
    let calls = exchange.host_calls();
    let of = |call: Hostcall| calls.get(&call).copied().unwrap_or_default();
    Ok([Hostcall::GetSharedData, Hostcall::SetSharedData, Hostcall::GetMetric, Hostcall::GetCurrentTime].map(of))
}

#[test]
fn further_calls_for_a_request_look_at_a_counter_instead_of_the_table() -> anyhow::Result<()> {
    let sidecar = Sidecar::start(1)?;
    sidecar.tick()?;
    play(&sidecar.inbound, 0, traced(1, &[("x-gray-lane", "gray")]))?;
    let call = || calls(&sidecar.outbound, traced(1, &[]));
    // The text of the lanes is read with the first one, and only then.
    assert_eq!([call()?, call()?, call()?], [[2, 0, 0, 2], [1, 0, 1, 2], [0, 0, 1, 2]]);
    for id in 2..20 {
        play(&sidecar.inbound, 0, traced(id, &[("x-gray-lane", "base")]))?;
    }
    assert_eq!(call()?, [0, 0, 1, 2], "others make no difference");
    sidecar.tick()?;
    assert_eq!([call()?, call()?], [[1, 0, 0, 2], [0, 0, 1, 2]], "a new second does");
    Ok(())
}

#[test]
fn what_a_worker_has_kept_of_an_id_ends_when_any_worker_gives_it_another_mark() -> anyhow::Result<()> {
    let sidecar = Sidecar::start(2)?;
    sidecar.tick()?;
    let lanes = || -> anyhow::Result<Vec<_>> {
        let of = |worker: usize| Ok(lane(&play(&sidecar.outbound, worker, traced(1, &[]))?));
        [0, 1, 0, 1, 0, 1].into_iter().map(of).collect()
    };
    let revisions = || counter(&sidecar.outbound, Metric::Revisions);
    play(&sidecar.inbound, 0, traced(1, &[("x-gray-lane", "gray")]))?;
    assert_eq!(lanes()?, vec![Some("gray".to_owned()); 6]);
    let before = revisions();
    assert!(before > 0, "zero would tell a proxy that keeps no such counter");
    let again = sidecar.inbound.worker(1).request(traced(1, &[("x-gray-lane", "base")]))?;
    assert_eq!((lanes()?, revisions() - before), (vec![Some("base".to_owned()); 6], 1));
    let third = sidecar.inbound.worker(0).request(traced(1, &[("x-gray-lane", "gray")]))?;
    assert_eq!((lanes()?, revisions() - before), (vec![Some("base".to_owned()); 6], 2), "ambiguous");
    for mut exchange in [again, third] {
        exchange.respond(ok())?;
        exchange.finish()?;
    }
    Ok(())
}

#[test]
fn a_proxy_that_keeps_no_such_counter_reads_the_table_for_each_call() -> anyhow::Result<()> {
    for fault in [Fault::Status(2), Fault::Status(12)] {
        let sidecar = Sidecar::start(1)?;
        sidecar.outbound.inject(Hostcall::GetMetric, fault, Times::Always);
        sidecar.tick()?;
        play(&sidecar.inbound, 0, traced(1, &[("x-gray-lane", "base")]))?;
        for expected in [[1, 0, 0, 2], [1, 0, 1, 2], [1, 0, 1, 2]] {
            assert_eq!(calls(&sidecar.outbound, traced(1, &[]))?, expected);
        }
    }
    Ok(())
}

#[test]
fn look_ups_are_counted_and_calls_that_lost_their_mark_as_well() -> anyhow::Result<()> {
    let sidecar = Sidecar::start(1)?;
    play(&sidecar.inbound, 0, traced(1, &[("x-gray-lane", "gray")]))?;
    for id in [1, 1, 2] {
        play(&sidecar.outbound, 0, traced(id, &[]))?;
    }
    play(&sidecar.outbound, 0, to("cart.shop", []))?;
    sidecar.tick()?;
    assert_eq!((sidecar.event(Event::Hit), sidecar.event(Event::Miss)), (2, 1));
    assert_eq!(counter(&sidecar.outbound, Metric::Uncorrelated), 2);
    Ok(())
}

#[test]
fn a_new_machine_finds_what_the_old_one_has_remembered() -> anyhow::Result<()> {
    let sidecar = Sidecar::start(2)?;
    play(&sidecar.inbound, 0, traced(1, &[("x-gray-lane", "gray")]))?;
    for worker in 0..2 {
        sidecar.inbound.worker(worker).reload()?;
        sidecar.outbound.worker(worker).reload()?;
    }
    assert_eq!(lane(&play(&sidecar.outbound, 1, traced(1, &[]))?).as_deref(), Some("gray"));
    Ok(())
}

#[test]
fn a_long_request_stays_remembered_over_a_new_configuration() -> anyhow::Result<()> {
    let sidecar = Sidecar::start(1)?;
    let mut exchange = sidecar.inbound.worker(0).request(traced(1, &[("x-gray-lane", "gray")]))?;
    offer(&sidecar.inbound, with(configuration("sidecarInbound"), &json!({"generation": 2})).to_string())?;
    for _ in 0..200 {
        sidecar.tick()?;
    }
    assert_eq!(lane(&play(&sidecar.outbound, 0, traced(1, &[]))?).as_deref(), Some("gray"));
    exchange.respond(ok())?;
    exchange.finish()?;
    for _ in 0..200 {
        sidecar.tick()?;
    }
    assert_eq!(lane(&play(&sidecar.outbound, 0, traced(1, &[]))?).as_deref(), Some("base"), "forgotten");
    Ok(())
}

#[test]
fn junk_and_refusals_in_shared_data_are_no_more_than_forgotten_requests() -> anyhow::Result<()> {
    let sidecar = Sidecar::start(1)?;
    sidecar.tick()?;
    for junk in [&b""[..], b"\xff", &[0xff; 200], &[0; 5_000]] {
        for id in 0..64 {
            play(&sidecar.inbound, 0, traced(id + 1, &[("x-gray-lane", "gray")]))?;
        }
        for set in 0..64 {
            sidecar.inbound.set_shared_data(format!("graylane.4/sj{set:08x}"), junk);
        }
        for list in 0..256 {
            sidecar.inbound.set_shared_data(format!("graylane.4/l-{list:08x}"), junk);
        }
        assert_eq!(lane(&play(&sidecar.outbound, 0, traced(1, &[]))?).as_deref(), Some("base"));
    }
    for call in [Hostcall::GetSharedData, Hostcall::SetSharedData] {
        for fault in [Fault::Status(2), Fault::Status(8), Fault::Status(4_711)] {
            sidecar.inbound.inject(call, fault, Times::Always);
            play(&sidecar.inbound, 0, traced(7, &[("x-gray-lane", "gray")]))?;
            assert!(sidecar.inbound.heal(call) > 0);
        }
    }
    // A list of lanes that somebody else has overwritten is published anew with the next stamp.
    for _ in 0..40 {
        sidecar.tick()?;
    }
    assert!(sidecar.event(Event::Damaged) > 0 && sidecar.event(Event::Failure) > 0);
    play(&sidecar.inbound, 0, traced(1, &[("x-gray-lane", "gray")]))?;
    assert_eq!(lane(&play(&sidecar.outbound, 0, traced(1, &[]))?).as_deref(), Some("gray"), "all is well again");
    Ok(())
}

/// The fuel of a request's whole life on a worker.
fn fuel(proxy: &Proxy, request: Headers) -> anyhow::Result<u64> {
    let mut exchange = proxy.worker(0).request(request)?;
    exchange.respond(ok())?;
    exchange.finish()?;
    Ok(exchange.fuel())
}

#[test]
fn a_call_that_is_recalled_costs_less_than_one_that_is_decided_anew() -> anyhow::Result<()> {
    let sidecar = Sidecar::start(1)?;
    sidecar.tick()?;
    let marked = |id| traced(id, &[("x-gray-lane", "gray")]);
    for id in 1..4 {
        fuel(&sidecar.inbound, marked(id))?;
        fuel(&sidecar.outbound, traced(id, &[]))?;
        fuel(&sidecar.outbound, traced(id + 100, &[]))?;
    }
    let (remembered, again) = (fuel(&sidecar.inbound, marked(4))?, fuel(&sidecar.inbound, marked(4))?);
    let (recalled, decided) = (fuel(&sidecar.outbound, traced(4, &[]))?, fuel(&sidecar.outbound, traced(5, &[]))?);
    println!("remembered {remembered}, again {again}, recalled {recalled}, decided {decided}");
    assert!(again < remembered && recalled < decided, "{again} and {remembered}, {recalled} and {decided}");
    Ok(())
}
