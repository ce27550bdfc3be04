//! The filter: where it is announced, and how it is configured while the proxy runs.

use std::path::Path;

use graylane_core::{FilterConfig, Phase};
use serde_json::{Value, json};

use super::resource::filter_name;
use super::{Files, Resource, role_name, type_url};

const WASM: &str = "envoy.extensions.filters.http.wasm.v3.Wasm";
const TEXT: &str = "google.protobuf.StringValue";

/// What stands in the place of a filter that can not be had.
const NOTHING: &str = "envoy.extensions.filters.http.rbac.v3.RBAC";

/// The resource of [`Resource::Filter`]: `config`, for the module in the file `module`.
///
/// All roles share data, which goes by `vm_id`, but no virtual machine: what makes a machine is its configuration too. A
/// filter that is alone in its machine need not ask the host which role a request is for.
#[must_use]
pub fn filter(config: &FilterConfig, module: &Path) -> Vec<Value> {
    let mut resource = http_filter(config, &json!({"local": {"filename": module}}));
    if let Value::Object(members) = &mut resource {
        members.insert("@type".to_owned(), json!(type_url("envoy.config.core.v3.TypedExtensionConfig")));
    }
    vec![resource]
}

/// The filter by name and configuration, as an extension that listeners know by its name; `code` says where the module is.
#[must_use]
pub fn http_filter(config: &FilterConfig, code: &Value) -> Value {
    let name = filter_name(config.phase);
    let text = String::from_utf8_lossy(&config.to_json()).into_owned();
    json!({
        "name": name,
        "typed_config": {
            "@type": type_url(WASM),
            "config": {
                "name": name,
                "root_id": "graylane",
                "vm_config": {
                    "vm_id": "graylane",
                    "runtime": "envoy.wasm.runtime.v8",
                    "configuration": {"@type": type_url(TEXT), "value": role_name(config.phase)},
                    "code": code,
                },
                "configuration": {"@type": type_url(TEXT), "value": text},
                // Should the module ever trap, the proxy starts it anew instead of failing or passing by for good.
                "failure_policy": "FAIL_RELOAD",
            },
        },
    })
}

/// The place of the filter of `phase` among a listener's filters.
pub(super) fn announced(phase: Phase, files: &Files) -> Value {
    json!({
        "name": filter_name(phase),
        "config_discovery": {
            "config_source": files.source(Resource::Filter(phase)),
            "type_urls": [type_url(WASM)],
        },
    })
}

/// The same where its configuration comes from the control plane, and where the proxy goes on without the filter, as if it were
/// not announced, when it can not have it: if its module is no file there, for one.
#[must_use]
pub fn announced_by_control_plane(phase: Phase) -> Value {
    json!({
        "name": filter_name(phase),
        "config_discovery": {
            "config_source": {"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "0s"},
            // Without rules it lets everybody pass.
            "default_config": {"@type": type_url(NOTHING)},
            "type_urls": [type_url(WASM), type_url(NOTHING)],
        },
    })
}
