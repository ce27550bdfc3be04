//! Where a table lies.

use std::cell::Cell;

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

    /// Writes a value, unless another worker has since it was read. The token is that of the value which is there now, or
    /// one that no value of this key has had since.
    ///
    /// # Errors
    /// When another worker has, or nothing can be written.
    fn put(&self, key: Key, value: &[u8], token: Token) -> Result<Token, Overtaken>;

    /// Finds out what is needed to tell the tokens of writes, after a wrong one was told.
    fn catch_up(&self);

    /// How often workers have called [`revise`](Self::revise); `None` where that can not be told. It costs less than reading a value.
    fn revision(&self) -> Option<u64>;

    /// Says that a value was written which makes copies of what was there wrong.
    fn revise(&self);
}

/// The state of a value when it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token(pub u32);

/// The latest token that a worker knows of, where the store gives each write of any value the next one, and tells writers
/// nothing (`SharedData::nextCas` of proxy-wasm-cpp-host).
#[derive(Debug, Clone, Default)]
pub struct Latest(Cell<u32>);

impl Latest {
    /// A value with this token was read.
    pub fn read(&self, Token(token): Token) {
        // They wrap around.
        if self.0.get() == 0 || token.wrapping_sub(self.0.get()) < u32::MAX / 2 {
            self.0.set(token);
        }
    }

    /// The token of a value that was just written: the next one, unless others have written meanwhile. Then it has a later one, and
    /// this was never its own.
    pub fn written(&self) -> Token {
        // Zero is no token: whoever writes with it overwrites anything.
        self.0.set(self.0.get().wrapping_add(1).max(1));
        Token(self.0.get())
    }
}

/// A value was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overtaken;

/// The values that there are: as many sets as the table has, [`Key::LANES`] lists of lanes, [`Key::WAYS`] ways, and a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A set of the table: always of one size.
    Set(u32),
    /// A list of lanes: at most half a kibibyte.
    Lanes(u32),
    /// The way of a request that is explained: at most two kibibytes.
    Way(u32),
    /// Nothing: whoever writes it and reads it learns the latest token.
    Clock,
}

impl Key {
    /// How many lists of lanes there are.
    pub const LANES: u32 = 256;
    /// How many ways there are.
    pub const WAYS: u32 = 16;
}
