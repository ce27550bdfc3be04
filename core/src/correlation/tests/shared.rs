//! A store as workers share it, in which others can get between a read and a write.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::correlation::{Key, Latest, Overtaken, Store, Token};

type Between = Box<dyn FnOnce()>;

/// As one worker sees it; a clone is another's.
#[derive(Default)]
pub(super) struct Shared(Rc<Inner>, Latest);

impl Clone for Shared {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0), Latest::default())
    }
}

#[derive(Default)]
struct Inner {
    values: RefCell<BTreeMap<Key, (Vec<u8>, u32)>>,
    writes: Cell<u32>,
    reads: Cell<u64>,
    revision: Cell<u64>,
    loses_revisions: Cell<bool>,
    refuses: Cell<bool>,
    /// What others do after the next reads, one after each.
    between: RefCell<Vec<Between>>,
}

impl Shared {
    pub(super) fn refuse(&self) {
        self.0.refuses.set(true);
    }

    /// Has nobody tell what was revised.
    pub(super) fn lose_revisions(&self) {
        self.0.loses_revisions.set(true);
    }

    /// How often a value was read.
    pub(super) fn reads(&self) -> u64 {
        self.0.reads.get()
    }

    /// Has others do this after the next read.
    pub(super) fn interfere(&self, what: impl FnOnce() + 'static) {
        self.0.between.borrow_mut().push(Box::new(what));
    }

    /// What others were to do and did not, as nothing was read.
    pub(super) fn rest(&self) -> Vec<Between> {
        self.0.between.take()
    }

    /// Changes all values as another filter could.
    pub(super) fn spoil(&self, mut change: impl FnMut(&mut Vec<u8>)) {
        for (value, token) in self.0.values.borrow_mut().values_mut() {
            change(value);
            self.0.writes.set(self.0.writes.get() + 1);
            *token = self.0.writes.get();
        }
    }

    /// Keys and bytes of values.
    pub(super) fn size(&self) -> (usize, usize) {
        let values = self.0.values.borrow();
        (values.len(), values.values().map(|(value, _)| value.len()).sum())
    }
}

impl Store for Shared {
    fn read(&self, key: Key, into: &mut Vec<u8>) -> Option<Token> {
        self.0.reads.set(self.0.reads.get() + 1);
        let (value, token) = self.0.values.borrow().get(&key).cloned().unwrap_or_default();
        let between = self.0.between.borrow_mut().pop();
        if let Some(between) = between {
            between();
        }
        *into = value;
        self.1.read(Token(token));
        (!self.0.refuses.get()).then_some(Token(token))
    }

    fn put(&self, key: Key, value: &[u8], Token(token): Token) -> Result<Token, Overtaken> {
        let mut values = self.0.values.borrow_mut();
        let present = values.get(&key).map_or(0, |(_, token)| *token);
        if self.0.refuses.get() || present != token {
            return Err(Overtaken);
        }
        self.0.writes.set(self.0.writes.get() + 1);
        values.insert(key, (value.to_vec(), self.0.writes.get()));
        Ok(self.1.written())
    }
    fn catch_up(&self) {
        self.0.writes.set(self.0.writes.get() + 1);
        self.1.read(Token(self.0.writes.get()));
    }

    fn revision(&self) -> Option<u64> {
        (!self.0.loses_revisions.get()).then(|| self.0.revision.get())
    }

    fn revise(&self) {
        self.0.revision.set(self.0.revision.get() + 1);
    }
}
