//! Reading resources from files, and telling every problem where it stands.
//!
//! Files hold YAML or JSON, several documents in one if need be. What belongs to another API group is left alone, so
//! that a folder may hold Deployments and Services too. Problems of form are told all at once; those of meaning are
//! the planner's, and [`Resources::locate`] finds their lines.

mod document;
mod envelope;
mod files;
mod finding;
mod local_mesh;
mod observe;
mod secrets;
mod self_lanes;
mod versions;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use graylane_core::config::Secret;
use graylane_core::diagnose;
use graylane_core::{Problem, Problems};
use serde::de::DeserializeOwned;

use crate::api::{GrayRelease, Kind, Lane, LocalMesh, MeshPolicy, ObjectRef, SecretSource};
use crate::plan::{Refusal, Refusals};

use document::Node;
use envelope::Envelope;
pub use finding::{Finding, Findings, Place};
pub use secrets::secret;

/// The resources of some files.
#[derive(Debug, Clone, Default)]
pub struct Resources {
    /// The releases, as they were found.
    pub releases: Vec<GrayRelease>,
    /// The standing lanes, as they were found.
    pub lanes: Vec<Lane>,
    /// The policy of the mesh.
    pub policy: Option<MeshPolicy>,
    /// The secrets in files that the policy names.
    pub secrets: BTreeMap<SecretSource, Secret>,
    /// The services of a local mesh.
    pub mesh: Option<LocalMesh>,
    /// What was left alone, and where there was nothing.
    pub notes: Vec<Note>,
    sources: BTreeMap<ObjectRef, Source>,
}

/// Something in the files that is none of ours, or a file with nothing in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Where it stands.
    pub place: Place,
    /// What it is.
    pub text: String,
}

/// Where an object was found.
#[derive(Debug, Clone)]
struct Source {
    file: PathBuf,
    node: Node,
}

/// Reads the files at `paths`: each a file, or a folder whose `*.yaml`, `*.yml` and `*.json` are read in order of name.
///
/// # Errors
/// Everything that is wrong with the form of any file, or that there is nothing in all of them; then none of them is used.
pub fn read(paths: &[impl AsRef<Path>]) -> Result<Resources, Findings> {
    let mut reader = Reader::default();
    for path in paths {
        match files::list(path.as_ref()) {
            Ok(files) => files.iter().for_each(|file| reader.file(file)),
            Err(findings) => reader.findings.extend(findings),
        }
    }
    if reader.has_found_nothing() {
        reader.findings.extend(paths.iter().flat_map(|path| files::nothing(path.as_ref())));
    }
    if reader.findings.is_empty() {
        reader.look_at_self_lanes();
        reader.look_at_lanes();
    }
    if reader.findings.is_empty() { Ok(reader.resources) } else { Err(reader.findings.into_iter().collect()) }
}

impl Resources {
    /// What the planner refuses, told by file and line.
    #[must_use]
    pub fn locate(&self, refusals: Refusals) -> Findings {
        let place =
            |object: &ObjectRef, problem: &Problem| self.sources.get(object).map(|source| source.place(&problem.path));
        let finding = |Refusal { object, problem }| Finding {
            place: object.as_ref().and_then(|object| place(object, &problem)),
            object,
            problem,
        };
        refusals.into_iter().map(finding).collect()
    }
}

impl Source {
    fn place(&self, path: &str) -> Place {
        Place { file: self.file.clone(), line: Some(self.node.line_of(path)) }
    }
}

#[derive(Default)]
struct Reader {
    resources: Resources,
    foreign: Vec<Source>,
    findings: Vec<Finding>,
}

impl Reader {
    fn file(&mut self, file: &Path) {
        match files::text(file).and_then(|text| files::documents(file, &text)) {
            Ok(documents) if documents.is_empty() => {
                let place = Place { file: file.to_owned(), line: None };
                self.resources.notes.push(Note { place, text: files::NOTHING.to_owned() });
            }
            Ok(documents) => documents.into_iter().for_each(|node| self.document(file, node)),
            Err(findings) => self.findings.extend(findings),
        }
    }

    fn has_found_nothing(&self) -> bool {
        self.resources.sources.is_empty() && self.foreign.is_empty() && self.findings.is_empty()
    }

    fn document(&mut self, file: &Path, node: Node) {
        let source = Source { file: file.to_owned(), node };
        match envelope::open(&source.node) {
            Ok(Envelope::Foreign(what)) => {
                self.resources.notes.push(Note { place: source.place(""), text: what });
                self.foreign.push(source);
            }
            Ok(Envelope::Ours(object)) => self.object(object, source),
            Err((object, problems)) => self.refuse(object.as_ref(), problems, &source),
        }
    }

    fn object(&mut self, object: ObjectRef, source: Source) {
        if let Some(first) = self.resources.sources.get(&object) {
            let found = format!("{object} is already in {}", first.place(""));
            self.refuse(Some(&object), one("metadata.name", found, "each object once"), &source);
            return;
        }
        let taken = match object.kind {
            Kind::GrayRelease => typed(&source).and_then(|release| self.release(release)),
            Kind::Lane => typed(&source).map(|lane| self.resources.lanes.push(lane)),
            Kind::MeshPolicy => typed(&source).and_then(|policy| self.policy(policy, &source.file)),
            Kind::LocalMesh => typed(&source).and_then(|mesh| self.mesh(mesh)),
        };
        if let Err(problems) = taken {
            self.refuse(Some(&object), problems, &source);
        }
        self.resources.sources.insert(object, source);
    }

    /// Whether the lanes in which apps begin requests are there, which can be told when everything is read.
    fn look_at_self_lanes(&mut self) {
        let lanes = self_lanes::lanes(&self.resources);
        let mesh = self.resources.mesh.as_ref().map(|mesh| ObjectRef::of(Kind::LocalMesh, &mesh.metadata));
        let checked = self.resources.mesh.as_ref().map_or(Ok(()), |mesh| self_lanes::check(mesh, &lanes));
        if let (Err(problems), Some(mesh)) = (checked, mesh)
            && let Some(source) = self.resources.sources.get(&mesh).cloned()
        {
            self.refuse(Some(&mesh), problems, &source);
        }
        let odd = |source: &Source| {
            Some(Note { place: source.place(""), text: self_lanes::odd_label(&source.node, &lanes)? })
        };
        self.resources.notes.extend(self.foreign.iter().filter_map(odd));
    }

    /// Whether lanes are of anything but base, which can be told when it is known whether there is a local mesh.
    fn look_at_lanes(&mut self) {
        let mesh = self.resources.mesh.as_ref();
        let wrong = |lane: &Lane| {
            let problems = versions::of_lane(lane, mesh).err()?;
            let object = ObjectRef::of(Kind::Lane, &lane.metadata);
            Some((self.resources.sources.get(&object)?.clone(), object, problems))
        };
        let wrong: Vec<_> = self.resources.lanes.iter().filter_map(wrong).collect();
        for (source, object, problems) in wrong {
            self.refuse(Some(&object), problems, &source);
        }
    }

    fn release(&mut self, release: GrayRelease) -> Result<(), Problems> {
        versions::of_release(&release)?;
        self.resources.releases.push(release);
        Ok(())
    }

    fn policy(&mut self, policy: MeshPolicy, file: &Path) -> Result<(), Problems> {
        self.resources.secrets = secrets::read(&policy.spec, file)?;
        self.resources.policy = Some(policy);
        Ok(())
    }

    fn mesh(&mut self, mesh: LocalMesh) -> Result<(), Problems> {
        if self.resources.mesh.is_some() {
            return Err(one("metadata.name", "there is another LocalMesh".to_owned(), "one LocalMesh"));
        }
        local_mesh::check(&mesh)?;
        self.resources.mesh = Some(mesh);
        Ok(())
    }

    fn refuse(&mut self, object: Option<&ObjectRef>, problems: Problems, source: &Source) {
        self.findings.extend(problems.into_iter().map(|problem| Finding {
            place: Some(source.place(&problem.path)),
            object: object.cloned(),
            problem,
        }));
    }
}

fn typed<T: DeserializeOwned>(source: &Source) -> Result<T, Problems> {
    diagnose::from_value(source.node.value())
}

fn one(path: &str, found: String, allowed: &str) -> Problems {
    let mut problems = Problems::default();
    problems.push(Problem { path: path.to_owned(), found, allowed: allowed.to_owned() });
    problems
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.text)
    }
}

#[cfg(test)]
mod tests;
