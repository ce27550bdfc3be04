//! Secrets in files: read beside the policy that names them, and never shown.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use graylane_core::config::Secret;
use graylane_core::{Problem, Problems};

use crate::api::{MeshPolicySpec, OverrideKeyPolicy, SecretSource};

/// The secret in `path`, without white space around it.
///
/// # Errors
/// Why there is none, without showing it.
pub fn secret(path: &Path) -> Result<Secret, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{} can not be read: {error}", path.display()))?;
    Secret::new(text.trim()).map_err(|error| format!("{}: {error}", path.display()))
}

/// The secrets that a policy in `file` names as files.
pub(super) fn read(policy: &MeshPolicySpec, file: &Path) -> Result<BTreeMap<SecretSource, Secret>, Problems> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let (mut secrets, mut problems) = (BTreeMap::new(), Problems::default());
    let keys = policy.overrides.iter().flat_map(|overrides| &overrides.keys);
    for (index, OverrideKeyPolicy { from, .. }) in keys.enumerate() {
        let SecretSource::File(path) = from else { continue };
        match secret(&folder.join(path)) {
            Ok(secret) => drop(secrets.insert(from.clone(), secret)),
            Err(found) => problems.push(Problem {
                path: format!("spec.overrides.keys[{index}].from.file"),
                found,
                allowed: "a file with a secret, for example of `openssl rand -hex 32`".to_owned(),
            }),
        }
    }
    problems.or(secrets)
}
