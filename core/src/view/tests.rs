use proptest::prelude::*;

use super::*;
use crate::request::Headers;

fn with_view<T>(headers: &Headers, visit: impl FnOnce(&View<'_>) -> T) -> T {
    let lines: Vec<_> = headers.headers().collect();
    visit(&View::of(headers, &lines, &HeaderNames::default()))
}

fn path_of(target: &str) -> String {
    let headers = Headers::from([(":path", target)]);
    with_view(&headers, |view| String::from_utf8_lossy(&view.path()).into_owned())
}

fn host_of(authority: &str) -> String {
    let headers = Headers::from([(":authority", authority)]);
    with_view(&headers, |view| view.host(|host| String::from_utf8_lossy(host).into_owned()))
}

#[test]
fn paths_are_decoded_and_dots_resolved_and_encoded_slashes_kept() {
    for (target, path) in [
        ("/api?x=1", "/api"),
        ("/api/../admin", "/admin"),
        ("/api/%2e%2e/admin", "/admin"),
        ("/a/./b/", "/a/b/"),
        ("/a/..", "/"),
        ("/../../a", "/a"),
        ("/a%20b", "/a b"),
        ("/a%2Fb", "/a%2Fb"),
        ("/bad%zz", "/bad%zz"),
        ("/a#f?x", "/a"),
        ("", ""),
        ("*", "*"),
    ] {
        assert_eq!(path_of(target), path, "{target}");
    }
}

#[test]
fn hosts_lose_port_case_and_trailing_dot() {
    for (authority, host) in [
        ("Cart.Shop:8080", "cart.shop"),
        ("cart.shop.", "cart.shop"),
        ("[::1]:80", "[::1]"),
        ("[::1]", "[::1]"),
        ("::1", "::1"),
        ("cart:http", "cart:http"),
        ("", ""),
    ] {
        assert_eq!(host_of(authority), host, "{authority}");
    }
    assert_eq!(host_of(&"a".repeat(300)), "");
}

#[test]
fn cookies_are_found_over_crumbs_and_headers() {
    let headers = Headers::from([("cookie", "a=1; uid=\"x y\""), ("cookie", "uid=z;uidx=no; =; uid")]);
    let values = with_view(&headers, |view| view.cookies("uid").map(<[u8]>::to_vec).collect::<Vec<_>>());
    assert_eq!(values, [b"x y".to_vec(), b"z".to_vec()]);
}

#[test]
fn parameters_are_decoded_and_may_repeat() {
    let headers = Headers::from([(":path", "/p?a=1&b=x+y%21&a=%zz&flag&&=")]);
    let of = |name: &str| {
        with_view(&headers, |view| {
            view.parameters(name).map(|value| String::from_utf8_lossy(&value).into_owned()).collect::<Vec<_>>()
        })
    };
    assert_eq!(of("a"), ["1", "%zz"]);
    assert_eq!(of("b"), ["x y!"]);
    assert_eq!(of("flag"), [""]);
    assert!(of("c").is_empty());
}

proptest! {
    #[test]
    fn no_bytes_make_a_view_fail(
        fields in prop::collection::vec(
            (prop::sample::select(vec![":path", ":authority", ":method", "cookie", "x-gray-lane"]), any::<Vec<u8>>()), 0..8)
    ) {
        let headers: Headers = fields.into_iter().collect();
        with_view(&headers, |view| {
            view.path();
            view.host(<[u8]>::len);
            view.cookies("uid").count();
            view.parameters("a").count();
        });
    }

    #[test]
    fn a_normal_path_has_no_dot_segments(target in "/[a./%2eE]{0,24}") {
        let path = path_of(&target);
        prop_assert!(path.split('/').all(|segment| segment != "." && segment != ".."), "{} -> {}", target, path);
    }
}
