//! The tables themselves: read from files, completed, and checked for what would make them vacuous.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use graylane_core::{FilterConfig, Phase};
use serde::Deserialize;
use serde_json::Value;

use super::condition::Case;
use super::mesh::Mesh;
use super::request::Message;
use super::runner::Configuration;
use super::step::Step;
use super::text::Text;

/// Where the tables are.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
/// The configuration that every table starts from.
const BASE: &str = "base.yaml";

/// A file of scenarios.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    /// What they are about.
    about: String,
    /// Changes to the base configuration, as a merge patch (RFC 7396).
    #[serde(default)]
    config: Value,
    #[serde(default)]
    scenarios: Vec<Written>,
    #[serde(default)]
    conditions: Vec<Case>,
}

/// A scenario as a file has it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    name: String,
    #[serde(default = "gateway")]
    phase: Phase,
    /// Changes to the file's configuration, as a merge patch.
    #[serde(default)]
    config: Value,
    /// The first configuration, where it is these bytes instead.
    start: Option<Text>,
    /// The label of the pod that names the lane of the requests it begins.
    self_lane: Option<String>,
    steps: Vec<Step>,
}

const fn gateway() -> Phase {
    Phase::Gateway
}

/// What is configured, what is done, and what must come of it.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its sentence, with its number in front if it has one.
    pub name: String,
    /// Where the filter stands, unless a step says otherwise.
    pub phase: Phase,
    /// The configuration without phase and generation.
    pub config: Value,
    /// The first configuration, where it is these bytes instead.
    pub start: Option<Text>,
    /// The label of the pod that names the lane of the requests it begins.
    pub self_lane: Option<String>,
    /// What is done, in order.
    pub steps: Vec<Step>,
}

/// All scenarios of all files.
#[derive(Debug)]
pub struct Table(Vec<Scenario>);

impl Table {
    /// Reads all files.
    ///
    /// # Errors
    /// A file that can not be read, is empty, or has scenarios without steps or with names that are taken.
    pub fn load() -> Result<Self> {
        let base: Value = read(&Path::new(FOLDER).join(BASE))?;
        let mut files: Vec<_> = std::fs::read_dir(FOLDER)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
        files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml") && !path.ends_with(BASE));
        files.sort();
        let mut scenarios = Vec::new();
        for path in files {
            let file: File = read(&path)?;
            let before = scenarios.len();
            file.complete(&base, &mut scenarios).with_context(|| path.display().to_string())?;
            ensure!(scenarios.len() > before, "{} has no scenario", path.display());
        }
        ensure!(!scenarios.is_empty(), "{FOLDER} has no tables");
        let mut names = BTreeSet::new();
        for Scenario { name, steps, .. } in &scenarios {
            ensure!(names.insert(name), "two scenarios are called {name:?}");
            ensure!(steps.iter().any(Step::expects), "{name:?} expects nothing");
        }
        Ok(Self(scenarios))
    }

    /// The scenarios, in order.
    #[must_use]
    pub fn scenarios(&self) -> &[Scenario] {
        &self.0
    }

    /// The mesh in which all scenarios can be played.
    ///
    /// # Errors
    /// When two scenarios do not agree on what a host or a base is.
    pub fn mesh(&self) -> Result<Mesh> {
        let configs: Vec<FilterConfig> = self.0.iter().flat_map(Scenario::configs).collect();
        let requests = self.0.iter().flat_map(|scenario| &scenario.steps).filter_map(Step::request);
        let principals = requests.filter_map(|request| request.principal.clone()).collect();
        Ok(Mesh::of(&configs)?.with_principals(principals))
    }
}

impl IntoIterator for Table {
    type Item = Scenario;
    type IntoIter = std::vec::IntoIter<Scenario>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_saphyr::from_str(&text).with_context(|| path.display().to_string())
}

/// `document` with a merge patch applied.
pub(crate) fn patched(document: &Value, patch: &Value) -> Value {
    let mut document = document.clone();
    if !patch.is_null() {
        json_patch::merge(&mut document, patch);
    }
    document
}

impl File {
    fn complete(self, base: &Value, scenarios: &mut Vec<Scenario>) -> Result<()> {
        let Self { about, config, scenarios: written, conditions } = self;
        ensure!(!about.is_empty(), "`about` is empty");
        let config = patched(base, &config);
        scenarios.extend(written.into_iter().map(|written| Scenario {
            config: patched(&config, &written.config),
            name: written.name,
            phase: written.phase,
            start: written.start,
            self_lane: written.self_lane,
            steps: written.steps,
        }));
        for case in conditions {
            scenarios.push(Scenario {
                config: patched(&config, &case.patch()),
                name: case.name.clone(),
                phase: Phase::Gateway,
                start: None,
                self_lane: None,
                steps: case.steps()?,
            });
        }
        Ok(())
    }
}

impl Scenario {
    /// The phases that take part.
    pub(super) fn phases(&self) -> Vec<Phase> {
        let named = |phase: Phase| self.steps.iter().any(|step| step.phase(self.phase) == Some(phase));
        let all = [Phase::Gateway, Phase::SidecarInbound, Phase::SidecarOutbound];
        all.into_iter().filter(|phase| named(*phase)).collect()
    }

    /// What the filters are given at first.
    pub(super) fn first(&self) -> Configuration {
        match &self.start {
            Some(text) => Configuration::Bytes(text.bytes().to_vec()),
            None => Configuration::Document(self.config.clone()),
        }
    }

    /// Every configuration that is to be accepted, and the first one.
    fn configs(&self) -> impl Iterator<Item = FilterConfig> {
        let patches = self.steps.iter().filter_map(|step| match step {
            Step::Configure(configure) => Some(&configure.patch).filter(|_| configure.refused.is_empty()),
            Step::Send(_) | Step::Many(_) | Step::Open(_) | Step::Close(_) | Step::Wait(_) => None,
        });
        let documents = patches.scan(self.config.clone(), |document, patch| {
            *document = patched(document, patch);
            Some(document.clone())
        });
        let documents: Vec<Value> = std::iter::once(self.config.clone()).chain(documents).collect();
        documents.into_iter().filter_map(|document| {
            let bytes = Configuration::Document(document).bytes(self.phase, 0);
            FilterConfig::from_json(&bytes).ok()
        })
    }

    /// Its requests, each as the first one of a caller.
    pub fn messages(&self) -> impl Iterator<Item = Message> {
        self.steps.iter().filter_map(Step::request).map(|request| request.message(0, Vec::new()))
    }

    /// The mesh that it needs.
    ///
    /// # Errors
    /// When its configurations do not agree on what a host or a base is.
    pub fn mesh(&self) -> Result<Mesh> {
        let configs: Vec<FilterConfig> = self.configs().collect();
        Mesh::of(&configs)
    }
}
