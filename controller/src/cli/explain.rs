//! `graylane explain`: which version a request would meet, and why.
//!
//! The answer is that of the very router that filters run, for resources in files or for what is published in a cluster.
//! What neither can tell is taken as absent: claims of tokens and the caller's address.

use std::io::Write;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use graylane_core::slots::Slot;
use graylane_core::{
    Decision, Draw, FilterConfig, HeaderEdit, Headers, Memory, NoDraw, OpaqueId, Outcome, Phase, Router, SplitId,
    SplitKey, Step,
};
use serde::Serialize;

use super::cluster::ClusterArgs;
use super::output::ReportForm;
use super::{CliError, Verdict, overrides, planned};

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// A file or folder of resources (*.yaml, *.yml, *.json) to ask instead of the cluster; may be repeated
    #[arg(short = 'f', long = "file", value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// The proxy that the request comes to
    #[arg(long, value_enum, default_value_t = Role::Gateway)]
    phase: Role,
    /// The method
    #[arg(long, default_value = "GET")]
    method: String,
    /// A header, as 'x-user: alice'; may be repeated
    #[arg(short = 'H', long, value_name = "NAME: VALUE")]
    header: Vec<Header>,
    /// The form of the output
    #[arg(short, long, value_enum, default_value_t = ReportForm::Text)]
    output: ReportForm,
    /// What the request asks for, as `http://cart.shop/items?id=1` or `cart.shop/items`
    url: String,
}

/// The role of a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Role {
    /// At an edge
    Gateway,
    /// In front of an app
    Inbound,
    /// Behind an app
    Outbound,
}

#[derive(Debug, Clone)]
struct Header {
    name: String,
    value: String,
}

/// No chance, and the time that it is.
struct Today;

impl Memory for Today {}

impl Draw for Today {
    fn opaque_id(&mut self) -> OpaqueId {
        NoDraw.opaque_id()
    }

    fn sequence_slot(&mut self, split: SplitId) -> Slot {
        NoDraw.sequence_slot(split)
    }

    fn unix_seconds(&mut self) -> u64 {
        overrides::now()
    }
}

/// What is said about a request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Explanation {
    steps: Vec<Step>,
    outcome: Outcome,
    service: Option<String>,
    version: Option<String>,
    lanes: Vec<String>,
    reason: graylane_core::Reason,
    headers: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    set_cookie: Option<String>,
}

pub(super) fn run(args: &ExplainArgs, out: &mut impl Write) -> Result<Verdict, CliError> {
    let request = request(args)?;
    let router = Router::compile(&config(args)?).map_err(CliError::Compile)?;
    let (decision, steps) = router.explain(&request, &mut Today);
    let explanation = Explanation::of(&decision, steps, &router);
    match args.output.data() {
        Some(form) => form.print(&explanation, out)?,
        None => explanation.tell(out)?,
    }
    Ok(Verdict::Fine)
}

/// What the proxy would be told, or is told.
fn config(args: &ExplainArgs) -> Result<FilterConfig, CliError> {
    let phase = args.phase.phase();
    if args.paths.is_empty() {
        return args.cluster.clone().ask(async |operator| operator.published(phase).await);
    }
    let (_, plan) = planned(&args.paths)?;
    Ok(plan.configs.of(phase).clone())
}

fn request(args: &ExplainArgs) -> Result<Headers, CliError> {
    let refused = |reason: String| CliError::Url { url: args.url.clone(), reason };
    let absolute = if args.url.contains("://") { args.url.clone() } else { format!("http://{}", args.url) };
    let url: http::Uri = absolute.parse().map_err(|error: http::uri::InvalidUri| refused(error.to_string()))?;
    let authority = url.authority().ok_or_else(|| refused("it has no host".to_owned()))?;
    let path = url.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let mut headers =
        Headers::from([(":method", args.method.as_str()), (":authority", authority.as_str()), (":path", path)]);
    for Header { name, value } in &args.header {
        headers.push(name, value);
    }
    Ok(headers)
}

impl Role {
    fn phase(self) -> Phase {
        match self {
            Self::Gateway => Phase::Gateway,
            Self::Inbound => Phase::SidecarInbound,
            Self::Outbound => Phase::SidecarOutbound,
        }
    }
}

impl FromStr for Header {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some((name, value)) if !name.trim().is_empty() => {
                Ok(Self { name: name.trim().to_owned(), value: value.trim().to_owned() })
            }
            _ => Err("'NAME: VALUE' is allowed, as 'x-user: alice'".to_owned()),
        }
    }
}

impl Explanation {
    fn of(decision: &Decision<'_>, steps: Vec<Step>, router: &Router) -> Self {
        let edit = |edit: &HeaderEdit<'_>| match edit {
            HeaderEdit::Set(name, value) => format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())),
            HeaderEdit::Remove(name) => format!("{name} removed"),
        };
        Self {
            steps,
            outcome: decision.outcome,
            service: decision.target.and_then(|target| router.service_name(target.service)).map(ToString::to_string),
            version: decision.version.map(ToString::to_string),
            lanes: decision.lanes.iter().filter_map(|lane| router.lane_name(*lane)).map(ToString::to_string).collect(),
            reason: decision.reason,
            headers: decision.edits.iter().map(edit).collect(),
            set_cookie: decision.cookie.as_ref().map(ToString::to_string),
        }
    }

    fn tell(&self, out: &mut impl Write) -> Result<(), CliError> {
        for step in &self.steps {
            let chance = if is_chance(step) { ", another request may fall elsewhere" } else { "" };
            writeln!(out, "{step}{chance}")?;
        }
        let service = self.service.as_deref().unwrap_or("no service");
        match (self.outcome, &self.version) {
            (Outcome::Pass, _) => writeln!(out, "=> passes as it is ({})", self.reason)?,
            (Outcome::Forward, Some(version)) => writeln!(out, "=> {service} {version} ({})", self.reason)?,
            (Outcome::Forward, None) => writeln!(out, "=> {service} ({})", self.reason)?,
            (Outcome::Refuse, _) => writeln!(out, "=> {service} answers 503 ({})", self.reason)?,
        }
        for header in &self.headers {
            writeln!(out, "   {header}")?;
        }
        if let Some(cookie) = &self.set_cookie {
            writeln!(out, "   the response sets the cookie {cookie}")?;
        }
        Ok(())
    }
}

/// Whether the step would be another one for an equal request: here it is that of the first draw.
fn is_chance(step: &Step) -> bool {
    matches!(step, Step::Split { by: SplitKey::Sequence | SplitKey::NewCookie, .. })
}
