//! A consumer: one version's reader of the log.

use std::sync::Arc;

use crate::log::{Entry, Expelled, Log, Message, Offset};
use crate::{Lane, Roster, Version};

/// Reads the whole log, and handles its version's part of it.
///
/// A message is handled once, unless a consumer dies after handling it and before that is committed; then it is handled
/// again, as with any queue.
#[derive(Debug)]
pub struct Consumer {
    log: Arc<Log>,
    version: Version,
    roster: Roster,
    next: Offset,
}

impl Consumer {
    /// The consumer of base, which goes on where it was, from the start if it never was.
    #[must_use]
    pub fn base(log: Arc<Log>) -> Self {
        let next = log.committed(&Version::Base);
        Self::at(log, Version::Base, next)
    }

    /// The consumer of a lane, which goes on where it was, or begins with what comes next.
    #[must_use]
    pub fn gray(log: Arc<Log>, lane: Lane) -> Self {
        let next = log.join(lane.clone());
        Self::at(log, Version::Gray(lane), next)
    }

    fn at(log: Arc<Log>, version: Version, next: Offset) -> Self {
        let mut roster = Roster::default();
        (0..next).filter_map(|offset| log.read(offset)).for_each(|entry| roster.pass(&entry));
        Self { log, version, roster, next }
    }

    /// Handles what is there by now and for this version, in order, and says how many messages that were.
    ///
    /// # Errors
    /// [`Expelled`] when its lane has left; the message that was being handled then is base's, too.
    pub fn run(&mut self, mut handle: impl FnMut(&Message)) -> Result<usize, Expelled> {
        let mut handled = 0;
        while let Some(entry) = self.log.read(self.next) {
            let mine = match &entry {
                Entry::Message(message) if self.roster.handler(&message.mark) == self.version => vec![message.clone()],
                Entry::Left { lane, done } if self.version == Version::Base => self.left_undone(lane, *done),
                Entry::Message(_) | Entry::Joined(_) | Entry::Left { .. } => Vec::new(),
            };
            mine.iter().for_each(&mut handle);
            handled += mine.len();
            self.roster.pass(&entry);
            self.next += 1;
            self.log.commit(&self.version, self.next)?;
        }
        Ok(handled)
    }

    /// What the consumer of `lane` had not handled when it left: its part of the entries from `done` to here.
    fn left_undone(&self, lane: &Lane, done: Offset) -> Vec<Message> {
        let version = Version::Gray(lane.clone());
        let mut roster = Roster::default();
        let mut undone = Vec::new();
        for (offset, entry) in (0..self.next).filter_map(|offset| Some((offset, self.log.read(offset)?))) {
            if let Entry::Message(message) = &entry
                && offset >= done
                && roster.handler(&message.mark) == version
            {
                undone.push(message.clone());
            }
            roster.pass(&entry);
        }
        undone
    }
}
