use proptest::prelude::*;

use super::*;
use crate::name::BaggageKey;

fn baggage() -> Format {
    Format::Baggage(BaggageMembers::default())
}

fn tracestate() -> Format {
    Format::TraceState(TraceStateKey::new("gray-lane").unwrap())
}

fn members(list: &str) -> impl Iterator<Item = &[u8]> {
    list.as_bytes().split(|byte| *byte == b',')
}

fn lanes(names: &[&'static str]) -> LaneList<'static> {
    names.iter().copied().collect()
}

fn identity() -> Option<IdentityHash> {
    IdentityHash::parse(b"0cda3b18")
}

type Told<T> = Option<Result<T, MalformedMark>>;

fn said(format: &Format, list: &str) -> (Told<String>, Told<IdentityHash>) {
    let Said { lanes, identity } = format.read(members(list));
    (lanes.map(|lanes| lanes.map(|text| String::from_utf8(text.into_owned()).unwrap())), identity)
}

fn written(format: &Format, list: &str, names: &[&'static str], identity: Option<IdentityHash>) -> Option<String> {
    format.with(members(list), &lanes(names), identity).map(|list| String::from_utf8(list).unwrap())
}

fn without(format: &Format, list: &str) -> String {
    String::from_utf8(format.without(members(list))).unwrap()
}

#[test]
fn a_member_is_found_among_others_whatever_its_properties() {
    let gray = Some(Ok("gray".to_owned()));
    for list in ["u=a,gray-lane=gray;p=1,x=y", " gray-lane = gray ", "gray-lane=%67ray", "gray-lanes=a,gray-lane=gray,"]
    {
        assert_eq!(said(&baggage(), list), (gray.clone(), None), "{list}");
    }
    assert_eq!(said(&baggage(), "gray-lane=a%2Cb,gray-id=0cda3b18;x").0, Some(Ok("a,b".to_owned())));
    assert_eq!(said(&baggage(), "gray-id=0cda3b18").1, identity().map(Ok));
    assert_eq!(
        said(&tracestate(), "a=1,gray-lane=a/b;id:0cda3b18,z=2"),
        (Some(Ok("a,b".to_owned())), identity().map(Ok))
    );
    assert_eq!(said(&tracestate(), "gray-lane=base"), (Some(Ok("base".to_owned())), None));
}

#[test]
fn what_belongs_to_others_says_nothing() {
    for list in ["", ",", "u=a", "x-gray-lane=gray", "Gray-Lane=gray", "u=gray-lane=gray", "u=a;gray-lane=gray"] {
        assert_eq!(said(&baggage(), list), (None, None), "{list}");
        assert_eq!(said(&tracestate(), list), (None, None), "{list}");
    }
}

#[test]
fn a_member_that_is_no_mark_or_not_the_only_one_is_malformed() {
    for list in ["gray-lane", "gray-lane=", "gray-lane=Gray", "gray-lane=%ff", "gray-lane;p=gray", "gray-lane=a b"] {
        assert_eq!(said(&baggage(), list).0, Some(Err(MalformedMark::NotLanes)), "{list}");
    }
    for format in [baggage(), tracestate()] {
        assert_eq!(said(&format, "gray-lane=gray, gray-lane=gray").0, Some(Err(MalformedMark::Repeated)));
    }
    assert_eq!(said(&baggage(), "gray-id=nonsense").1, Some(Err(MalformedMark::NotIdentity)));
    assert_eq!(said(&tracestate(), "gray-lane=gray;id:X").1, Some(Err(MalformedMark::NotIdentity)));
    assert_eq!(said(&tracestate(), "gray-lane=gray;x:1").0, Some(Err(MalformedMark::NotLanes)));
}

#[test]
fn baggage_keeps_its_place_and_tracestate_moves_to_the_front() {
    let list = "u=a;p=1,gray-lane=blue;q=2, x=%20y ,gray-lane=red";
    assert_eq!(written(&baggage(), list, &["gray"], None).unwrap(), "u=a;p=1,gray-lane=gray, x=%20y ");
    assert_eq!(
        written(&baggage(), list, &["a", "b"], identity()).unwrap(),
        "u=a;p=1,gray-lane=a%2Cb, x=%20y ,gray-id=0cda3b18"
    );
    assert_eq!(written(&baggage(), "", &[], None).unwrap(), "gray-lane=base");
    assert_eq!(
        written(&tracestate(), "a=1,gray-lane=blue,z=2", &["a", "b"], identity()).unwrap(),
        "gray-lane=a/b;id:0cda3b18,a=1,z=2"
    );
    assert_eq!(written(&tracestate(), "", &[], None).unwrap(), "gray-lane=base");
}

#[test]
fn all_members_of_ours_go_and_the_others_stay_byte_by_byte() {
    assert_eq!(without(&baggage(), "u=a,gray-lane=gray;p=1,x=y"), "u=a,x=y");
    assert_eq!(without(&baggage(), "gray-lane=a,gray-id=b, gray-lane"), "");
    assert_eq!(without(&tracestate(), "a=1 , gray-lane=x,gray-id=y"), "a=1 ,gray-id=y");
}

#[test]
fn where_there_is_no_room_the_members_of_others_come_first() {
    let many = |count: usize| vec!["k=v"; count].join(",");
    assert!(written(&baggage(), &many(63), &["gray"], None).is_some());
    assert_eq!(written(&baggage(), &many(63), &["gray"], identity()), None);
    let long = |length: usize| format!("k={}", "v".repeat(length - "k=,gray-lane=gray".len()));
    assert_eq!(written(&baggage(), &long(8_192), &["gray"], None).map(|list| list.len()), Some(8_192));
    assert_eq!(written(&baggage(), &long(8_193), &["gray"], None), None);
    assert!(written(&tracestate(), &many(31), &["gray"], None).is_some());
    assert_eq!(written(&tracestate(), &many(32), &["gray"], None), None);
    assert_eq!(written(&tracestate(), &format!("k={}", "v".repeat(500)), &["gray"], None), None);
    let long: [String; 5] = std::array::from_fn(|place| format!("{place}{}", "a".repeat(60)));
    let long: LaneList<'_> = long.iter().map(String::as_str).collect();
    assert_eq!(tracestate().with(members(""), &long, None), None, "a value of more than 256 bytes");
}

#[test]
fn a_list_may_say_the_same_a_part_or_something_else() {
    let stance = |list: &str, names: &[&'static str], identity| {
        baggage().read(members(list)).stance(Some(&lanes(names)), identity)
    };
    assert_eq!(stance("u=a", &["gray"], None), Stance::Silent);
    assert_eq!(stance("gray-lane=gray", &["gray"], None), Stance::Same);
    assert_eq!(stance("gray-lane=a%2c%20b", &["a", "b"], None), Stance::Same);
    assert_eq!(stance("gray-lane=gray", &["gray"], identity()), Stance::Part);
    assert_eq!(stance("gray-id=0cda3b18", &["gray"], identity()), Stance::Part);
    assert_eq!(stance("gray-lane=b%2Ca", &["a", "b"], None), Stance::Other);
    assert_eq!(stance("gray-lane=gray,gray-id=ffffffff", &["gray"], identity()), Stance::Other);
    assert_eq!(stance("gray-lane=GRAY", &["gray"], None), Stance::Nonsense);
}

fn any_member() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::sample::select(vec![
            "gray-lane=gray",
            "gray-lane",
            " gray-id=0cda3b18 ",
            "gray-lane=a%2Cb;p",
            "u=a;b=c",
            ""
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        any::<Vec<u8>>().prop_map(|bytes| bytes.into_iter().filter(|byte| *byte != b',').collect()),
    ]
}

fn names() -> impl Strategy<Value = Vec<String>> {
    prop::collection::btree_set("[a-z]{1,12}", 0..=4)
        .prop_map(|names| names.into_iter().filter(|name| name != "base").collect())
}

fn formats() -> impl Strategy<Value = usize> {
    0..2_usize
}

proptest! {
    #[test]
    fn what_is_written_reads_back_and_others_stay_as_they_were(
        members in prop::collection::vec(any_member(), 0..10), names in names(), with_identity: bool, format in formats()
    ) {
        let format = [baggage(), tracestate()].into_iter().nth(format).unwrap();
        let identity = identity().filter(|_| with_identity);
        let lanes: LaneList<'_> = names.iter().map(String::as_str).collect();
        let list = || members.iter().map(Vec::as_slice);
        let others: Vec<&[u8]> =
            list().filter(|member| !format.owns(member) && !member.trim_ascii().is_empty()).collect();
        if let Some(written) = format.with(list(), &lanes, identity) {
            let read = || written.split(|byte| *byte == b',');
            prop_assert_eq!(format.read(read()).stance(Some(&lanes), identity), Stance::Same);
            prop_assert_eq!(read().filter(|member| !format.owns(member)).collect::<Vec<_>>(), others.clone());
        }
        prop_assert_eq!(format.without(list()), others.join(&b","[..]));
    }

    #[test]
    fn other_keys_are_told_apart(key in "[a-z0-9!#$%&'*+.^_`|~-]{1,20}") {
        let own = BaggageKey::new(&key).unwrap();
        let keys = BaggageMembers { lane: own, ..BaggageMembers::default() };
        let member = format!("{key}=gray");
        prop_assert!(Format::Baggage(keys).owns(member.as_bytes()));
        prop_assert_eq!(baggage().owns(member.as_bytes()), key == "gray-lane" || key == "gray-id");
    }
}
