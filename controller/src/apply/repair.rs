//! Objects that had to be written again although nothing new was to be said: somebody else has changed them.

use std::collections::HashMap;

use crate::cluster::{Change, Kind, SAID_ANNOTATION, Write};

/// What was applied last, by object. With it nothing is lost but events told twice, so it is kept in memory; what others
/// have applied before us, the object says itself.
#[derive(Debug, Default)]
pub struct Applied(HashMap<Address, Known>);

type Address = (Kind, String, String);

/// An object as it was seen before a write.
#[derive(Debug, Clone, Default)]
pub struct Before {
    /// Its resource version; `None` where there was none.
    pub version: Option<String>,
    /// What was said of it last, as its annotation tells.
    pub said: Option<String>,
}

#[derive(Debug)]
struct Known {
    /// A short name for what was said.
    said: String,
    /// The resource version that this has made.
    version: Option<String>,
}

impl Applied {
    /// Notes that `change` was done to an object as it was `before`, and has made version `after` of it; says whether that
    /// undid what somebody else had done.
    pub fn note(&mut self, change: &Change, before: Before, after: Option<String>) -> bool {
        let Change { kind, namespace, name, write, .. } = change;
        let address = (*kind, namespace.clone(), name.clone());
        let Before { version: before, said } = before;
        if let Some(said) = said {
            self.0.entry(address.clone()).or_insert(Known { said, version: None });
        }
        // Where the version stays, nothing had to be undone: the object was seen too late.
        let is_touched = |known: &Known, after: &Option<String>| known.version != before && known.version != *after;
        match write {
            Write::Apply(object) => {
                let Some(said) = object.metadata.annotations.as_ref().and_then(|all| all.get(SAID_ANNOTATION)) else {
                    return false;
                };
                let known = self.0.insert(address, Known { said: said.clone(), version: after.clone() });
                known.is_some_and(|known| known.said == *said && is_touched(&known, &after))
            }
            // Takes out what we do not say, so we say the same as before.
            Write::Merge(_) => self.0.get_mut(&address).is_some_and(|known| {
                let is_touched = is_touched(known, &after);
                known.version = after;
                is_touched
            }),
            Write::Delete { .. } => {
                self.0.remove(&address);
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kube::core::{ObjectMeta, TypeMeta};
    use serde_json::json;

    use super::*;
    use crate::cluster::{Data, Said};

    fn change(kind: Kind, write: Write) -> Change {
        Change { kind, namespace: "shop".to_owned(), name: "stock".to_owned(), write, news: None }
    }

    fn applied(kind: Kind, weight: u32) -> Change {
        let data = Data(Arc::new(json!({"spec": {"weight": weight}})));
        let annotations = Some([(SAID_ANNOTATION.to_owned(), weight.to_string())].into());
        let said =
            Said { types: TypeMeta::default(), metadata: ObjectMeta { annotations, ..ObjectMeta::default() }, data };
        change(kind, Write::Apply(Box::new(said)))
    }

    fn version(number: u32) -> Before {
        Before { version: Some(number.to_string()), said: None }
    }

    /// Of each write, made of this version in this order, whether it repaired something. It makes the next version.
    fn repairs(writes: &[(Change, u32)]) -> Vec<bool> {
        let mut known = Applied::default();
        let mut note =
            |(change, before): &(Change, u32)| known.note(change, version(*before), Some((before + 1).to_string()));
        writes.iter().map(&mut note).collect()
    }

    #[test]
    fn a_repair_says_the_same_again_of_what_somebody_else_has_touched() {
        let say = |weight| applied(Kind::VirtualService, weight);
        let writes = [(say(10), 1), (say(10), 3), (say(10), 4), (say(50), 5), (say(10), 6), (say(10), 9)];
        assert_eq!(repairs(&writes), [false, true, false, false, false, true]);
    }

    #[test]
    fn what_was_seen_too_late_and_is_said_again_in_vain_repairs_nothing() {
        let mut known = Applied::default();
        let say = applied(Kind::VirtualService, 10);
        let mut note = |before| known.note(&say, before, Some("2".to_owned()));
        assert_eq!([note(Before::default()), note(Before::default()), note(version(1))], [false; 3]);
    }

    #[test]
    fn what_somebody_else_has_added_is_taken_out_of_what_is_ours_only() {
        let out = |kind| change(kind, Write::Merge(json!({"spec": {"theirs": null}})));
        let ours = Kind::WasmPlugin;
        let writes = [
            (out(Kind::VirtualService), 7),
            (applied(ours, 1), 1),
            (out(ours), 4),
            (out(ours), 5),
            (applied(ours, 2), 6),
        ];
        assert_eq!(repairs(&writes), [false, false, true, false, false]);
    }

    #[test]
    fn what_takes_two_writes_to_mend_is_told_once() {
        let routes = Kind::VirtualService;
        let out = change(routes, Write::Merge(json!({"spec": {"gateways": null}})));
        assert_eq!(repairs(&[(applied(routes, 10), 1), (applied(routes, 10), 4), (out, 5)]), [false, true, false]);
    }

    #[test]
    fn what_we_have_deleted_ourselves_is_made_anew_and_not_repaired() {
        let rule = Kind::DestinationRule;
        let writes = [(applied(rule, 10), 1), (change(rule, Write::Delete { uid: None }), 2), (applied(rule, 10), 5)];
        assert_eq!(repairs(&writes), [false, false, false]);
    }

    #[test]
    fn whoever_begins_to_lead_knows_by_the_object_what_was_said_before() {
        let object = |said: &str| Before { version: Some("7".to_owned()), said: Some(said.to_owned()) };
        let note = |change: &Change, said| Applied::default().note(change, object(said), Some("8".to_owned()));
        let say = applied(Kind::VirtualService, 10);
        assert_eq!([note(&say, "10"), note(&say, "50")], [true, false]);
        let out = change(Kind::VirtualService, Write::Merge(json!({"spec": {"gateways": null}})));
        assert!(note(&out, "10"));
    }

    #[test]
    fn what_others_write_as_well_is_never_repaired() {
        let mut set = applied(Kind::ReplicaSet, 1);
        if let Write::Apply(said) = &mut set.write {
            said.metadata.annotations = None;
        }
        assert_eq!(repairs(&[(set.clone(), 1), (set, 3)]), [false, false]);
    }
}
