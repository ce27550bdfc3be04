//! The requests that are sent: the dozen headers of an ordinary call between services, with or
//! without a mark, from many users.

/// What a request brings along besides its ordinary headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    /// Inside the mesh: an entry has already put it in the lane `gray`.
    Marked,
    /// From outside: nothing has been decided yet.
    Unmarked,
}

impl Request {
    pub(crate) const ALL: [Self; 2] = [Self::Marked, Self::Unmarked];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Marked => "marked",
            Self::Unmarked => "unmarked",
        }
    }
}

/// The service that every request is for.
pub(crate) const HOST: &str = "cart.shop.svc.cluster.local";
/// Its port, part of the `Host` header and of Istio's cluster names.
pub(crate) const PORT: u16 = 8080;
/// The header whose value splits hash: another user in every request.
pub(crate) const USER_HEADER: &str = "x-user-id";

const USERS: usize = 2_000;

/// One request of every user, as bytes.
pub(crate) fn requests(kind: Request) -> Vec<Vec<u8>> {
    (0..USERS).map(|user| bytes(kind, user)).collect()
}

fn bytes(kind: Request, user: usize) -> Vec<u8> {
    let mark = match kind {
        Request::Marked => "x-gray-lane: gray\r\nx-gray-id: 9f86d081\r\n",
        Request::Unmarked => "",
    };
    format!(
        "GET /v1/carts/{user}/items?page=2&sort=added HTTP/1.1\r\n\
         host: {HOST}:{PORT}\r\n\
         user-agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\
         accept: application/json, text/plain, */*\r\n\
         accept-encoding: gzip, deflate, br, zstd\r\n\
         accept-language: en-GB,en;q=0.8,de;q=0.5\r\n\
         authorization: Bearer {token}\r\n\
         cookie: session=5c1f7a0e92b34d6d; theme=dark; _ga=GA1.2.1094823377.1760000000\r\n\
         referer: https://shop.example.com/cart\r\n\
         traceparent: 00-4bf92f3577b34da6a3ce{user:012x}-00f067aa0ba902b7-01\r\n\
         x-request-id: 7b1c6f0e-3a52-4d0b-9f1e-{user:012}\r\n\
         {USER_HEADER}: user-{user}\r\n\
         {mark}\r\n",
        token = "eyJhbGciOiJSUzI1NiJ9.".repeat(10),
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_differ_in_their_marks_only_and_users_in_their_names() {
        let plain = String::from_utf8(bytes(Request::Unmarked, 7)).unwrap();
        let marked = String::from_utf8(bytes(Request::Marked, 7)).unwrap();
        let kept: Vec<_> = marked.split("\r\n").filter(|line| !line.starts_with("x-gray-")).collect();
        assert_eq!(kept.join("\r\n"), plain);
        assert!(plain.ends_with("\r\n\r\n") && plain.contains("x-user-id: user-7\r\n"));
        assert_ne!(bytes(Request::Marked, 1), bytes(Request::Marked, 2));
    }
}
