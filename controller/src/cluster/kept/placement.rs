//! What is kept of an object that places a filter.

use std::sync::{Arc, Weak};

use kube::api::DynamicObject;
use serde_json::Value;

use super::{Kept, Part};

/// What an object of Istio's that places a filter says. Every namespace has one with the configuration of the whole mesh.
#[derive(Debug, Clone, PartialEq)]
pub struct Placement {
    /// Its spec, `null` where it has none; held once for all objects that say the same.
    pub spec: Arc<Value>,
}

impl Part for Placement {
    type Of = DynamicObject;
}

impl Placement {
    /// What is kept of `object`, beside what is kept of others.
    #[must_use]
    pub fn kept(mut object: DynamicObject, specs: &mut Specs) -> Kept<Self> {
        let spec = object.data.get_mut("spec").map(Value::take).unwrap_or_default();
        object.metadata.managed_fields = None;
        Kept { metadata: object.metadata, part: Self { spec: specs.held(spec) } }
    }
}

/// The specs that objects say, each once, for as long as one of them does.
#[derive(Debug, Default)]
pub struct Specs(Vec<Weak<Value>>);

impl Specs {
    fn held(&mut self, spec: Value) -> Arc<Value> {
        self.0.retain(|known| known.strong_count() > 0);
        if let Some(known) = self.0.iter().filter_map(Weak::upgrade).find(|known| **known == spec) {
            return known;
        }
        let spec = Arc::new(spec);
        self.0.push(Arc::downgrade(&spec));
        spec
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_objects_say_alike_is_held_once_for_as_long_as_one_says_it() {
        let mut specs = Specs::default();
        let mut kept = |name: &str, spec: &Value| {
            let object = json!({"metadata": {"name": name}, "spec": spec});
            Placement::kept(serde_json::from_value(object).unwrap(), &mut specs)
        };
        let (one, other) = (kept("a", &json!({"a": 1})), kept("b", &json!({"a": 1})));
        let differs = kept("c", &json!({"a": 2}));
        assert!(Arc::ptr_eq(&one.spec, &other.spec) && !Arc::ptr_eq(&one.spec, &differs.spec));
        drop((one, other));
        let again = kept("d", &json!({"a": 1}));
        assert_eq!((*again.spec).clone(), json!({"a": 1}));
        assert_eq!(specs.0.len(), 2);
    }
}
