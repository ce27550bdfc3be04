//! What is measured: the closed table of variants. Each becomes one listener of the one proxy, and
//! states which version must answer, so that a filter that does nothing cannot look fast.

use anyhow::{Result, ensure};
use serde_json::Value;

use super::ours;
use super::request::Request;

/// One way to route, and the requests that it is measured with.
#[derive(Debug)]
pub(crate) struct Variant {
    pub(crate) name: String,
    pub(crate) filter: Filter,
    pub(crate) routes: Routes,
    pub(crate) request: Request,
    pub(crate) expect: Expect,
}

/// What stands before Envoy's router.
#[derive(Debug, Clone)]
pub(crate) enum Filter {
    None,
    Lua,
    Wasm { module: Module, config: Value },
}

/// The modules that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Module {
    /// `empty-filter`: the SDK with all its exports, deciding nothing.
    Empty,
    /// `minimum.wat`: the least that a router must do.
    Minimum,
    /// `minimum-log.wat`: the same, and the response status is read for the statistics.
    MinimumLog,
    /// `calls.wat`: what the product has Envoy do, and nothing else.
    Calls(Course),
    /// The product.
    Graylane,
    /// Another build of the product: the first one given with `--beside`, the second, ...
    Beside(usize),
}

/// What the product does with a request, as far as Envoy sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Course {
    /// It follows its mark.
    Hop,
    /// It has a mark, and loses it where no service is configured.
    Leave,
    /// It is given a mark.
    Enter,
    /// It has none, and gets none where no service is configured.
    Pass,
    /// It reaches an app.
    Arrive,
    /// The same, and it is remembered until it ends.
    Remember,
    /// It has lost its mark in an app, and is looked up.
    Recall,
}

impl Course {
    pub(crate) const ALL: [Self; 7] =
        [Self::Hop, Self::Leave, Self::Enter, Self::Pass, Self::Arrive, Self::Remember, Self::Recall];
}

/// The routes of a variant's listener.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Routes {
    /// The version header chooses the cluster, as the planner's routes do.
    ByVersionHeader,
    /// Envoy itself draws: 90 to the base version, 10 to the gray one.
    Weighted,
}

/// Which version must answer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expect {
    Base,
    Gray,
    /// 10 % of answers from the gray version, give or take half of that.
    TenPercentGray,
}

impl Expect {
    /// Whether `gray` of `total` answers is what the variant promises.
    pub(crate) fn holds(self, gray: usize, total: usize) -> bool {
        match self {
            Self::Base => gray == 0,
            Self::Gray => gray == total,
            Self::TenPercentGray => (total / 20..=total * 3 / 20).contains(&gray),
        }
    }
}

/// Name of the variant that others are compared with by ratio.
pub(crate) const REFERENCE: &str = "raw minimum with log";

/// The variants whose names contain `pattern` if there is one, and what they are compared with.
///
/// `beside` is the number of other builds of the product.
pub(crate) fn chosen(patterns: &[String], beside: usize) -> Result<Vec<Variant>> {
    let mut variants = all(beside);
    for pattern in patterns {
        let names: Vec<_> = variants.iter().map(|variant| variant.name.clone()).collect();
        ensure!(
            names.iter().any(|name| name.contains(pattern)),
            "no variant's name contains {pattern:?}; there are: {}",
            names.join("; ")
        );
    }
    let is_wanted = |name: &String| patterns.is_empty() || patterns.iter().any(|pattern| name.contains(pattern));
    variants.retain(|variant| variant.is_baseline() || variant.name == REFERENCE || is_wanted(&variant.name));
    Ok(variants)
}

/// All variants, baselines first.
fn all(beside: usize) -> Vec<Variant> {
    let mut variants: Vec<_> = Request::ALL.into_iter().map(plain).collect();
    variants.extend(references());
    variants.extend(ours::variants("ours", Module::Graylane));
    variants.extend((0..beside).flat_map(|nth| ours::variants(&format!("beside {}", nth + 1), Module::Beside(nth))));
    variants
}

/// The baseline of a kind of request: no filter, and the route that no version header leads to.
fn plain(request: Request) -> Variant {
    Variant {
        name: format!("plain, {}", request.name()),
        filter: Filter::None,
        routes: Routes::ByVersionHeader,
        request,
        expect: Expect::Base,
    }
}

impl Variant {
    /// Whether this is the baseline of variants that are measured with such requests.
    pub(crate) fn is_baseline(&self) -> bool {
        matches!((&self.filter, self.routes), (Filter::None, Routes::ByVersionHeader))
    }
}

fn references() -> Vec<Variant> {
    let marked = |name: &str, filter, routes, expect| Variant {
        name: name.to_owned(),
        filter,
        routes,
        request: Request::Marked,
        expect,
    };
    let wasm = |module| Filter::Wasm { module, config: Value::Null };
    let by_header = Routes::ByVersionHeader;
    let calls = |name: &str, course, request, expect| Variant {
        request,
        ..marked(name, wasm(Module::Calls(course)), by_header, expect)
    };
    vec![
        marked("weighted clusters", Filter::None, Routes::Weighted, Expect::TenPercentGray),
        marked("lua", Filter::Lua, by_header, Expect::Gray),
        marked("empty sdk filter", wasm(Module::Empty), by_header, Expect::Base),
        marked("raw minimum", wasm(Module::Minimum), by_header, Expect::Gray),
        marked(REFERENCE, wasm(Module::MinimumLog), by_header, Expect::Gray),
        calls("our calls: hop", Course::Hop, Request::Marked, Expect::Gray),
        calls("our calls: hop, service not configured", Course::Leave, Request::Marked, Expect::Base),
        calls("our calls: entry", Course::Enter, Request::Unmarked, Expect::Gray),
        calls("our calls: entry, service not configured", Course::Pass, Request::Unmarked, Expect::Base),
        calls("our calls: before an app", Course::Arrive, Request::Marked, Expect::Base),
        calls("our calls: before an app, remembered", Course::Remember, Request::Marked, Expect::Base),
        calls("our calls: behind an app, lost mark", Course::Enter, Request::Unmarked, Expect::Gray),
        calls("our calls: behind an app, recalled", Course::Recall, Request::Unmarked, Expect::Gray),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_keeps_what_it_is_compared_with() {
        let names: Vec<_> = chosen(&["lua".to_owned()], 0).unwrap().into_iter().map(|variant| variant.name).collect();
        assert_eq!(names, ["plain, marked", "plain, unmarked", "lua", REFERENCE]);
    }

    #[test]
    fn a_choice_of_nothing_tells_what_there_is() {
        let error = chosen(&["nginx".to_owned()], 0).unwrap_err().to_string();
        assert!(error.contains("\"nginx\"") && error.contains("weighted clusters; lua"), "{error}");
    }

    #[test]
    fn names_are_unique_as_listeners_are_found_by_them() {
        let mut names: Vec<_> = all(2).into_iter().map(|variant| variant.name).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn a_tenth_is_told_from_nothing_and_from_everything() {
        let tenth = Expect::TenPercentGray;
        assert!(tenth.holds(100, 1_000) && !tenth.holds(0, 1_000) && !tenth.holds(1_000, 1_000));
        assert!(Expect::Gray.holds(10, 10) && !Expect::Gray.holds(9, 10));
        assert!(Expect::Base.holds(0, 10) && !Expect::Base.holds(1, 10));
    }
}
