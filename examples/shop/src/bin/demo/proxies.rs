//! How far the proxies of the mesh are.

use graylane::local::Event;

/// What is published, and what all proxies have acknowledged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Proxies {
    published: u64,
    acknowledged: u64,
    count: usize,
}

impl Proxies {
    /// Takes in what the mesh tells.
    pub(crate) fn hear(&mut self, event: &Event) {
        match event {
            Event::Published { generation, .. } => self.published = *generation,
            Event::Acknowledged { generation, proxies, .. } => {
                self.published = self.published.max(*generation);
                (self.acknowledged, self.count) = (*generation, *proxies);
            }
            _ => (),
        }
    }

    /// The generation that is out.
    pub(crate) fn published(self) -> u64 {
        self.published
    }

    pub(crate) fn count(self) -> usize {
        self.count
    }

    /// Whether every proxy has what is out.
    pub(crate) fn agree(self) -> bool {
        self.published == self.acknowledged
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn proxies_agree_when_all_have_the_newest() {
        let published = |generation| Event::Published { generation, changes: Vec::new() };
        let acknowledged = |generation| Event::Acknowledged { generation, proxies: 7, took: Duration::ZERO };
        let mut proxies = Proxies::default();
        for (event, agree) in [
            (acknowledged(1), true),
            (published(2), false),
            (published(3), false),
            (acknowledged(2), false),
            (acknowledged(3), true),
        ] {
            proxies.hear(&event);
            assert_eq!(proxies.agree(), agree, "{event}");
        }
        assert_eq!((proxies.published(), proxies.count()), (3, 7));
    }
}
