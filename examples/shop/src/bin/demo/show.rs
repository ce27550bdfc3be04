//! Everything there is to see at one moment; the views draw it, and change nothing.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use graylane::local::Event;

use crate::{
    chain::{Chain, Side},
    claim::{State, Verdict},
    folder::{Change, Folder},
    ledger::{Answer, Caller, Ledger, Moment},
    load::{Traffic, USERS},
    proxies::Proxies,
    recent::Recent,
    story::{Act, STORY},
};

/// What is being played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scene {
    /// An act of the story, by its number from 0.
    Act(usize),
    /// The story is over, and the mesh is the reader's.
    YourTurn,
}

/// Something that the mesh said.
#[derive(Debug)]
pub(crate) struct Note {
    pub(crate) at: Moment,
    pub(crate) text: String,
}

/// The state of the demo.
#[derive(Debug)]
pub(crate) struct Show {
    pub(crate) now: Moment,
    pub(crate) scene: Scene,
    /// What the act changed in the release's file.
    pub(crate) changes: Vec<Change>,
    /// The generation before the act.
    replaced: u64,
    pub(crate) proxies: Proxies,
    pub(crate) ledger: Ledger,
    pub(crate) recent: Recent,
    /// Where each user was seen last.
    pub(crate) faces: Vec<Option<Side>>,
    /// Where the tester was seen last.
    pub(crate) tester: Option<Chain>,
    /// What the mesh had to say, newest last: in the story, what is no part of it.
    pub(crate) notes: Vec<Note>,
    gateway: SocketAddr,
    /// The file of the release.
    release: PathBuf,
}

impl Show {
    pub(crate) fn new(gateway: SocketAddr, folder: &Folder, proxies: Proxies) -> Self {
        Self {
            now: Moment::ZERO,
            scene: Scene::Act(0),
            changes: Vec::new(),
            replaced: 0,
            proxies,
            ledger: Ledger::of(USERS),
            recent: Recent::default(),
            faces: vec![None; USERS],
            tester: None,
            notes: Vec::new(),
            gateway,
            release: folder.release(),
        }
    }

    /// Act `number` begins.
    pub(crate) fn begin(&mut self, number: usize, now: Moment) {
        self.scene = Scene::Act(number);
        self.now = now;
        self.changes.clear();
        self.replaced = self.proxies.published();
        if let Some(act) = self.act() {
            self.ledger.begin(now, act.gray);
        }
    }

    /// The story is over.
    pub(crate) fn hand_over(&mut self, now: Moment) {
        self.scene = Scene::YourTurn;
        self.now = now;
        self.changes.clear();
    }

    /// Every proxy has what the current act is about.
    pub(crate) fn settle(&mut self, now: Moment) {
        self.ledger.settle(now);
    }

    /// How long it took the proxies to get there.
    pub(crate) fn settled(&self) -> Option<Duration> {
        self.ledger.acts().last().and_then(|act| Some(act.settled?.saturating_sub(act.began)))
    }

    /// Takes in what the mesh tells.
    pub(crate) fn hear(&mut self, event: &Event, now: Moment) {
        self.proxies.hear(event);
        if self.proxies.published() > self.replaced && self.proxies.agree() {
            self.settle(now);
        }
        if self.scene == Scene::YourTurn || is_remarkable(event) {
            self.notes.push(Note { at: now, text: event.to_string() });
        }
    }

    /// Takes in what happened on the wire.
    pub(crate) fn note(&mut self, traffic: Traffic) {
        match traffic {
            Traffic::Sent(at) => self.ledger.sent(at),
            Traffic::Ended(answer) => {
                self.ledger.note(&answer);
                self.face(&answer);
                self.recent.note(answer);
            }
        }
    }

    /// The act that is being played.
    pub(crate) fn act(&self) -> Option<&'static Act> {
        match self.scene {
            Scene::Act(number) => STORY.get(number),
            Scene::YourTurn => None,
        }
    }

    /// How the claims of act `number` stand.
    pub(crate) fn verdicts(&self, number: usize) -> Vec<Verdict> {
        let claims = STORY.get(number).map_or(&[][..], |act| act.claims);
        claims.iter().map(|claim| claim.judge(&self.ledger, number)).collect()
    }

    /// Whether nothing that the current act claims is waiting to be seen.
    pub(crate) fn is_decided(&self) -> bool {
        match self.scene {
            Scene::Act(number) => self.verdicts(number).iter().all(|verdict| verdict.state != State::Pending),
            Scene::YourTurn => true,
        }
    }

    /// How many users met new versions when they were seen last.
    pub(crate) fn gray_users(&self) -> usize {
        self.faces.iter().filter(|face| **face == Some(Side::Gray)).count()
    }

    /// What a reader may try on a mesh that is left running.
    pub(crate) fn invitations(&self) -> [String; 4] {
        let gateway = self.gateway;
        [
            format!("edit {}", self.release.display()),
            format!("curl http://{gateway}/"),
            format!("curl -H 'x-user: user-007' http://{gateway}/"),
            format!("curl -i -H 'x-user: tester' -H 'x-gray-explain: 1' http://{gateway}/"),
        ]
    }

    fn face(&mut self, answer: &Answer) {
        let Ok(chain) = answer.outcome else { return };
        match answer.caller {
            Caller::Tester => self.tester = Some(chain),
            Caller::User(number) => {
                if let Some(face) = self.faces.get_mut(number) {
                    *face = Some(chain.side);
                }
            }
        }
    }
}

/// Whether an event is none of those that the story is made of.
fn is_remarkable(event: &Event) -> bool {
    !matches!(event, Event::Published { .. } | Event::Acknowledged { .. } | Event::ReplicaReady { .. })
}
