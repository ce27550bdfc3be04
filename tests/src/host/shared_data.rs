//! Shared data: the process-wide map that all VMs of one `vm_id` see (`shared_data.cc` of the C++ host).

use std::collections::BTreeMap;

use super::abi::Status;

/// Values with their compare-and-swap tokens. Every write gets a new token; zero is never one.
#[derive(Debug, Default)]
pub(super) struct SharedData {
    values: BTreeMap<Vec<u8>, (Vec<u8>, u32)>,
    last_token: u32,
}

impl SharedData {
    pub(super) fn get(&self, key: &[u8]) -> Option<(&[u8], u32)> {
        self.values.get(key).map(|(value, token)| (value.as_slice(), *token))
    }

    /// Writes unless `token` is neither zero nor the one of the present value. A key that does not
    /// exist yet takes any token.
    pub(super) fn set(&mut self, key: &[u8], value: &[u8], token: u32) -> Result<(), Status> {
        if self.values.get(key).is_some_and(|(_, present)| token != 0 && token != *present) {
            return Err(Status::CasMismatch);
        }
        self.overwrite(key, value);
        Ok(())
    }

    pub(super) fn overwrite(&mut self, key: &[u8], value: &[u8]) {
        self.last_token = self.last_token.checked_add(1).unwrap_or(1);
        self.values.insert(key.to_vec(), (value.to_vec(), self.last_token));
    }

    pub(super) fn keys(&self) -> usize {
        self.values.len()
    }

    /// Sum of the lengths of all keys and values.
    pub(super) fn bytes(&self) -> usize {
        self.values.iter().map(|(key, (value, _))| key.len() + value.len()).sum()
    }
}
