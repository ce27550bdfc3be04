//! Where a table lies.

/// Values that several workers read and write, with compare and swap.
pub trait Store {
    /// Replaces `value` by what is there, nothing if there is none; `None` where it can not be read.
    fn read(&self, key: Key, value: &mut Vec<u8>) -> Option<Token>;

    /// The same, for whoever has no room for it yet.
    fn get(&self, key: Key) -> Option<(Vec<u8>, Token)> {
        let mut value = Vec::new();
        let token = self.read(key, &mut value)?;
        Some((value, token))
    }

    /// Writes a value, unless another worker has since it was read.
    ///
    /// # Errors
    /// When another worker has, or nothing can be written.
    fn put(&self, key: Key, value: &[u8], token: Token) -> Result<(), Overtaken>;

    /// How often workers have called [`revise`](Self::revise); `None` where that can not be told. It costs less than reading a value.
    fn revision(&self) -> Option<u64>;

    /// Says that a value was written which makes copies of what was there wrong.
    fn revise(&self);
}

/// The state of a value when it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token(pub u32);

/// A value was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overtaken;

/// The values that there are: as many sets as the table has, [`Key::LANES`] lists of lanes, and [`Key::WAYS`] ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A set of the table: always of one size.
    Set(u32),
    /// A list of lanes: at most half a kibibyte.
    Lanes(u32),
    /// The way of a request that is explained: at most two kibibytes.
    Way(u32),
}

impl Key {
    /// How many lists of lanes there are.
    pub const LANES: u32 = 256;
    /// How many ways there are.
    pub const WAYS: u32 = 16;
}
