use proptest::prelude::*;

use super::*;

const NOW: u64 = 1_790_000_000;

fn secret(text: &str) -> Secret {
    Secret::new(&format!("{text:*<32}")).unwrap()
}

fn key(id: &str) -> OverrideKey {
    OverrideKey { id: KeyId::new(id).unwrap(), secret: secret(id) }
}

fn overrides() -> Overrides {
    Overrides {
        audience: Audience::new("shop.example.com").unwrap(),
        max_age_seconds: 3_600,
        keys: vec![key("old"), key("new")],
    }
}

fn said() -> Override {
    Override {
        key: KeyId::new("new").unwrap(),
        expiry: NOW + 60,
        audience: Audience::new("shop.example.com").unwrap(),
        lanes: ["gray", "blue"].map(|name| LaneName::new(name).unwrap()).to_vec(),
    }
}

fn checked(text: &str) -> Result<Override, OverrideRefusal> {
    Override::check(text.as_bytes(), &overrides(), NOW)
}

#[test]
fn the_text_is_what_the_reference_says() {
    let text = said().sign(&secret("new"));
    let (rest, mac) = text.rsplit_once(':').unwrap();
    assert_eq!(rest, "v1:new:1790000060:shop.example.com:gray+blue");
    // printf '%s' "$rest" | openssl dgst -sha256 -hmac "new*****************************"
    assert_eq!(mac, "17312fa7b8a1ca6976f2df492b589e22a3020235b514a8106b94e311a36146af");
    assert_eq!(Override { lanes: vec![], ..said() }.sign(&secret("new")).split(':').nth(4), Some("base"));
}

#[test]
fn an_override_is_honoured_by_each_key_until_it_ends() {
    assert_eq!(checked(&said().sign(&secret("new"))), Ok(said()));
    let by_old = Override { key: KeyId::new("old").unwrap(), ..said() };
    assert_eq!(checked(&by_old.sign(&secret("old"))), Ok(by_old));
    for (expiry, refusal) in [
        (NOW + 1, None),
        (NOW, Some(OverrideRefusal::Expired)),
        (0, Some(OverrideRefusal::Expired)),
        (NOW + 3_600, None),
        (NOW + 3_601, Some(OverrideRefusal::TooLong)),
        (u64::MAX, Some(OverrideRefusal::TooLong)),
    ] {
        assert_eq!(checked(&Override { expiry, ..said() }.sign(&secret("new"))).err(), refusal, "{expiry}");
    }
}

#[test]
fn each_reason_to_refuse_is_told_apart() {
    let stranger = Override { key: KeyId::new("other").unwrap(), ..said() };
    assert_eq!(checked(&stranger.sign(&secret("new"))), Err(OverrideRefusal::UnknownKey));
    assert_eq!(checked(&said().sign(&secret("old"))), Err(OverrideRefusal::Tampered));
    let elsewhere = Override { audience: Audience::new("other").unwrap(), ..said() };
    assert_eq!(checked(&elsewhere.sign(&secret("new"))), Err(OverrideRefusal::Audience));
    let good = said().sign(&secret("new"));
    for text in [
        "",
        ":",
        "v1",
        "gray",
        &good.replace("v1", "v2"),
        &good.to_uppercase(),
        &format!("{good}0"),
        &"a".repeat(5_000),
    ] {
        assert_eq!(checked(text), Err(OverrideRefusal::Malformed), "{text}");
    }
    // What nobody signs, even with the right key.
    for said in [
        "v1:new:+1:shop.example.com:gray",
        "v1:new:1:Shop:gray",
        "v1:new:1:shop.example.com:Gray",
        "v1:new:1:a:base+gray",
    ] {
        assert_eq!(checked(&sealed(said, &secret("new"))), Err(OverrideRefusal::Malformed), "{said}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_check_fail_and_none_are_honoured(text: Vec<u8>) {
        prop_assert!(Override::check(&text, &overrides(), NOW).is_err());
    }

    #[test]
    fn an_override_with_one_byte_changed_is_no_override(at in 0..150_usize, to: u8) {
        let good = said().sign(&secret("new")).into_bytes();
        let mut changed = good.clone();
        let length = changed.len();
        changed[at % length] = to;
        prop_assert_eq!(Override::check(&changed, &overrides(), NOW).is_ok(), changed == good);
    }
}
