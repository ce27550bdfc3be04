//! Header maps: ordered multi-maps of bytes, as Envoy's `HeaderMapImpl` keeps them.

use std::borrow::Cow;
use std::fmt;

/// The headers of one request or response. Names are lower case; a name may occur several times.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(Vec<u8>, Vec<u8>)>);

impl Headers {
    /// No headers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The first value of `name`; bytes that are not UTF-8 show as `U+FFFD`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.get_bytes(name).map(String::from_utf8_lossy)
    }

    /// The first value of `name`, exactly.
    #[must_use]
    pub fn get_bytes(&self, name: impl AsRef<[u8]>) -> Option<&[u8]> {
        self.values(name.as_ref()).next()
    }

    /// All values of `name`, in order.
    #[must_use]
    pub fn all(&self, name: &str) -> Vec<Cow<'_, str>> {
        self.values(name.as_bytes()).map(String::from_utf8_lossy).collect()
    }

    /// All headers, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    /// How many headers there are, repeated names included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a header behind the others; pseudo-headers stay in front of all others.
    pub fn add(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        let name = name.as_ref().to_ascii_lowercase();
        let at = if name.starts_with(b":") {
            self.0.iter().take_while(|(name, _)| name.starts_with(b":")).count()
        } else {
            self.0.len()
        };
        self.0.insert(at, (name, value.as_ref().to_vec()));
    }

    /// Makes `value` the only one of `name`.
    pub fn replace(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.remove(name.as_ref());
        self.add(name, value);
    }

    /// Removes all values of `name`.
    pub fn remove(&mut self, name: impl AsRef<[u8]>) {
        let name = name.as_ref().to_ascii_lowercase();
        self.0.retain(|(other, _)| *other != name);
    }

    /// Sum of the lengths of all names and values, what `proxy_get_header_map_size` answers.
    pub(super) fn bytes(&self) -> usize {
        self.0.iter().map(|(name, value)| name.len() + value.len()).sum()
    }

    fn values(&self, name: &[u8]) -> impl Iterator<Item = &[u8]> {
        let name = name.to_ascii_lowercase();
        self.0.iter().filter(move |(other, _)| *other == name).map(|(_, value)| value.as_slice())
    }
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut headers = Self::new();
        for (name, value) in pairs {
            headers.add(name, value);
        }
        headers
    }
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>, const COUNT: usize> From<[(N, V); COUNT]> for Headers {
    fn from(pairs: [(N, V); COUNT]) -> Self {
        pairs.into_iter().collect()
    }
}

/// One `name: value` in braces after another, so that a failed assertion reads well.
impl fmt::Debug for Headers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.iter().map(|(name, value)| (String::from_utf8_lossy(name), String::from_utf8_lossy(value)));
        formatter.debug_map().entries(text).finish()
    }
}
