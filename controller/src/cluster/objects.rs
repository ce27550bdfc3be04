//! All objects of one kind, found by namespace and name.

use std::ops::Deref;
use std::sync::Arc;

use kube::Resource;

/// All objects of one kind, in order of namespace and name.
#[derive(Debug, Clone)]
pub struct Objects<K>(Vec<Arc<K>>);

impl<K: Resource> Objects<K> {
    /// The object of this name.
    #[must_use]
    pub fn get(&self, namespace: &str, name: &str) -> Option<&K> {
        let at = self.0.binary_search_by(|object| address(object.as_ref()).cmp(&(namespace, name)));
        at.ok().and_then(|at| self.0.get(at)).map(AsRef::as_ref)
    }

    /// The objects of a namespace.
    pub fn within(&self, namespace: &str) -> impl Iterator<Item = &K> {
        let start = self.0.partition_point(|object| address(object.as_ref()).0 < namespace);
        let of_it = self.0.get(start..).unwrap_or_default().iter().map(AsRef::as_ref);
        of_it.take_while(move |object| address(*object).0 == namespace)
    }
}

fn address<K: Resource>(object: &K) -> (&str, &str) {
    let metadata = object.meta();
    (metadata.namespace.as_deref().unwrap_or_default(), metadata.name.as_deref().unwrap_or_default())
}

impl<K: Resource> FromIterator<Arc<K>> for Objects<K> {
    fn from_iter<I: IntoIterator<Item = Arc<K>>>(objects: I) -> Self {
        let mut objects: Vec<Arc<K>> = objects.into_iter().collect();
        objects.sort_by(|one, other| address(one.as_ref()).cmp(&address(other.as_ref())));
        Self(objects)
    }
}

impl<'a, K> IntoIterator for &'a Objects<K> {
    type Item = &'a Arc<K>;
    type IntoIter = std::slice::Iter<'a, Arc<K>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<K> Default for Objects<K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K> Deref for Objects<K> {
    type Target = [Arc<K>];

    fn deref(&self) -> &[Arc<K>] {
        &self.0
    }
}

impl<K: Resource> Objects<K> {
    /// Adds an object, or puts it in the place of the one of its name.
    pub(super) fn put(&mut self, object: Arc<K>) {
        match self.0.binary_search_by(|known| address(known.as_ref()).cmp(&address(object.as_ref()))) {
            Ok(at) => {
                if let Some(known) = self.0.get_mut(at) {
                    *known = object;
                }
            }
            Err(at) => self.0.insert(at, object),
        }
    }

    /// Takes an object away, as happens in a cluster that is held in memory.
    #[cfg(test)]
    pub(super) fn take(&mut self, namespace: &str, name: &str) -> Option<Arc<K>> {
        let at = self.0.binary_search_by(|object| address(object.as_ref()).cmp(&(namespace, name)));
        at.ok().map(|at| self.0.remove(at))
    }

    /// The objects, to be changed by whoever keeps their names.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Arc<K>> {
        self.0.iter_mut()
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Service;
    use kube::ResourceExt;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_is_found_by_namespace_and_name_in_whatever_order_they_came() {
        let service = |(namespace, name): &(&str, &str)| {
            let object = json!({"metadata": {"namespace": namespace, "name": name}});
            Arc::new(serde_json::from_value::<Service>(object).unwrap())
        };
        let all = [("shop", "pay"), ("a", "z"), ("shop", "cart"), ("shopping", "cart"), ("b", "cart")];
        let objects: Objects<Service> = all.iter().map(service).collect();
        for (namespace, name) in all {
            let found = objects.get(namespace, name).unwrap();
            assert_eq!((found.namespace().as_deref(), found.name_any().as_str()), (Some(namespace), name));
        }
        assert!(objects.get("shop", "z").is_none() && objects.get("c", "cart").is_none());
        let within: Vec<_> = objects.within("shop").map(ResourceExt::name_any).collect();
        assert_eq!(within, ["cart", "pay"]);
    }
}
