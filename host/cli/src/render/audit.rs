//! The audit: for each plugin and rule what is imported, declared, granted, used and denied.

use std::collections::BTreeMap;
use std::path::Path;

use maps_engine::PluginName;
use maps_engine::capability::{Allowance, Change, Half, Interface, Risk, Weight};
use maps_engine::name::RuleId;
use maps_runtime::audit::{Tally, Use, VerifyError, Walked, Way};
use serde_json::{Value as Json, json};

use super::style::{BAD, CHANGE, DIM, GOOD, LEARN, STRONG, paint};
use super::text::Text;
use crate::approval::Standing;
use crate::inspected::Inspected;

/// Interfaces whose use the log does not record: they reach nothing outside of the host.
const UNCOUNTED: [Interface; 4] = [Interface::Log, Interface::Clock, Interface::Random, Interface::Secrets];

/// A whole audit, as rows.
pub(crate) struct AuditView {
    plugins: Vec<PluginRows>,
    /// Plugins that the log tells of and the stack no longer has.
    gone: Vec<String>,
    runs: usize,
    log: (String, Option<Result<Walked, VerifyError>>, bool),
}

struct PluginRows {
    name: PluginName,
    source: String,
    version: String,
    digest: String,
    standing: Standing,
    imports: Vec<Interface>,
    stopped: u64,
    /// Risks that are no one rule's, such as what `allow:` lets all of them reach.
    risks: Vec<Risk>,
    rows: Vec<Row>,
}

/// One interface, or one rule of it.
struct Row {
    interface: Interface,
    rule: Option<RuleId>,
    imported: bool,
    declared: bool,
    granted: Granted,
    /// None where the log does not record it.
    uses: Option<Use>,
    risks: Vec<Risk>,
}

enum Granted {
    All,
    Less(Vec<String>),
    No,
}

impl Granted {
    fn name(&self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Less(_) => "narrowed",
            Self::No => "no",
        }
    }
}

impl AuditView {
    /// Draws up the rows.
    pub(crate) fn of(plugins: &[Inspected], tally: &Tally, log: &Path, anchored: bool) -> Self {
        let gone = |name: &PluginName| plugins.iter().all(|plugin| plugin.wanted.name != *name);
        let mut names: Vec<&PluginName> = tally.ways.keys().map(|way| &way.plugin).filter(|name| gone(name)).collect();
        names.dedup();
        Self {
            plugins: plugins.iter().map(|plugin| PluginRows::of(plugin, tally)).collect(),
            gone: names.into_iter().map(ToString::to_string).collect(),
            runs: tally.runs,
            log: (log.display().to_string(), tally.log.clone(), anchored),
        }
    }

    /// For people.
    pub(crate) fn page(&self) -> String {
        let mut page: String = self.plugins.iter().map(PluginRows::page).collect();
        if self.plugins.is_empty() {
            page.push_str("The stack has no plugins.\n\n");
        }
        for name in &self.gone {
            page.push_str(&format!("{} is in the log, and no longer in the stack.\n", Text::name(name)));
        }
        let (path, log, anchored) = &self.log;
        let told = match log {
            Some(Ok(walked)) if walked.lines == 0 && !anchored => "no call was recorded yet".to_owned(),
            Some(Ok(walked)) if *anchored && walked.anchor.is_none() => {
                paint(BAD, "it does not hold the line that the state was saved with: it was emptied, cut or replaced")
            }
            Some(Ok(walked)) => format!("{} of {}, and whole", plural(walked.lines, "line"), plural(self.runs, "run")),
            Some(Err(error)) => paint(BAD, format!("{error}; only what stands before is counted")),
            None => String::new(),
        };
        page.push_str(&format!("{} {}: {told}\n", paint(DIM, "log"), Text::line(path)));
        page
    }

    /// For programs: one event a plugin, one a row, one for the log.
    pub(crate) fn events(&self) -> Vec<Json> {
        let mut events: Vec<Json> = self.plugins.iter().flat_map(PluginRows::events).collect();
        let (path, log, anchored) = &self.log;
        let (lines, head, fault) = match log {
            Some(Ok(walked)) => (Some(walked.lines), Some(&walked.head), None),
            Some(Err(error)) => (None, None, Some(error.to_string())),
            None => (None, None, None),
        };
        let found = log.as_ref().and_then(|log| log.as_ref().ok()).and_then(|walked| walked.anchor);
        events.push(json!({
            "event": "audit-log", "path": path, "runs": self.runs, "lines": lines, "head": head, "fault": fault,
            "anchored": anchored, "anchor_found": !anchored || found.is_some(), "gone": self.gone,
        }));
        events
    }
}

impl PluginRows {
    fn of(plugin: &Inspected, tally: &Tally) -> Self {
        let Inspected { inspection, wanted } = plugin;
        let manifest = &inspection.manifest;
        let risks = wanted.effective.risks();
        let mut uses: BTreeMap<(String, Option<RuleId>), Use> = tally
            .ways
            .iter()
            .filter(|(way, _)| way.plugin == wanted.name)
            .map(|(Way { interface, rule, .. }, uses)| ((interface.clone(), rule.clone()), uses.clone()))
            .collect();
        let mut taken = |interface: Interface, rule: Option<&RuleId>| {
            uses.remove(&(interface.name().to_owned(), rule.cloned())).unwrap_or_default()
        };
        let mut rows = Vec::new();
        for interface in Interface::PLAIN {
            let uses = taken(interface, None);
            let (imported, declared) =
                (inspection.imports.contains(&interface), manifest.plain.contains_key(&interface));
            if !imported && !declared && uses == Use::default() {
                continue;
            }
            let shown = wanted.effective.shown.iter().filter(|_| interface == Interface::Reveal);
            let shown: Vec<_> = shown.map(|shown| format!("sees in clear {}", shown.outline())).collect();
            let granted = match (wanted.effective.plain.contains(&interface), shown.is_empty()) {
                (true, _) => Granted::All,
                (false, false) => Granted::Less(shown),
                (false, true) => Granted::No,
            };
            let uncounted = UNCOUNTED.contains(&interface) && uses == Use::default();
            let marks = risks.iter().filter(|risk| risk.rule.is_none() && is_of(risk, interface));
            let risks = marks.cloned().collect();
            rows.push(Row {
                interface,
                rule: None,
                imported,
                declared,
                granted,
                uses: (!uncounted).then_some(uses),
                risks,
            });
        }
        let narrowed = wanted.allowance.changes(&Allowance::all(manifest, &wanted.allowance));
        for rule in &manifest.rules {
            let interface = rule.interface();
            let of_rule = |change: &&Change| change.rule.as_ref() == Some(&rule.id);
            let less: Vec<_> = narrowed.iter().filter(of_rule).map(|change| change.message.clone()).collect();
            let granted = match (wanted.allowance.rules.contains_key(&rule.id), less.is_empty()) {
                (false, _) => Granted::No,
                (true, true) => Granted::All,
                (true, false) => Granted::Less(less),
            };
            rows.push(Row {
                interface,
                rule: Some(rule.id.clone()),
                imported: inspection.imports.contains(&interface),
                declared: true,
                granted,
                uses: Some(taken(interface, Some(&rule.id))),
                risks: risks.iter().filter(|risk| risk.rule.as_ref() == Some(&rule.id)).cloned().collect(),
            });
        }
        // What is left in the log came near no rule, or to one that the plugin no longer has.
        for ((name, rule), uses) in uses {
            let Some(interface) = Interface::named(&name) else { continue };
            rows.push(Row {
                interface,
                rule,
                imported: inspection.imports.contains(&interface),
                declared: false,
                granted: Granted::No,
                uses: Some(uses),
                risks: Vec::new(),
            });
        }
        let of_none = |risk: &&Risk| risk.rule.is_none() && !Interface::PLAIN.iter().any(|plain| is_of(risk, *plain));
        Self {
            name: wanted.name.clone(),
            risks: risks.iter().filter(of_none).cloned().collect(),
            source: wanted.source.clone(),
            version: manifest.version.clone(),
            digest: wanted.digest.clone(),
            standing: wanted.standing.clone(),
            imports: inspection.imports.iter().copied().collect(),
            stopped: tally.stopped.get(&wanted.name).copied().unwrap_or(0),
            rows,
        }
    }

    fn page(&self) -> String {
        let standing = match &self.standing {
            Standing::Approved => paint(GOOD, "approved"),
            Standing::New => paint(CHANGE, "not approved"),
            Standing::Changed { .. } => paint(BAD, "not what was approved"),
        };
        let mut page = format!(
            "{} {} from {}, {standing}\n{}\n",
            paint(STRONG, &self.name),
            Text::name(&self.version),
            Text::name(&self.source),
            paint(DIM, format!("sha256:{}", self.digest)),
        );
        if let Standing::Changed { replaced, changes, .. } = &self.standing {
            if *replaced {
                page.push_str(&format!("  {} the component is another one\n", paint(CHANGE, "!")));
            }
            for change in changes.iter().filter(|change| change.widened) {
                let rule = change.rule.as_ref().map(|rule| format!("{rule} ")).unwrap_or_default();
                page.push_str(&format!("  {} {}\n", paint(BAD, "+"), Text::name(&format!("{rule}{}", change.message))));
            }
        }
        self.risks.iter().for_each(|risk| page.push_str(&format!("{}\n", mark(risk))));
        page.push('\n');
        page.push_str(&table(&self.rows));
        let details: Vec<String> = self.rows.iter().flat_map(Row::details).collect();
        if !details.is_empty() {
            page.push('\n');
            details.iter().for_each(|line| page.push_str(&format!("{line}\n")));
        }
        if self.stopped > 0 {
            page.push_str(&format!("\n  {} the guest was stopped {}\n", paint(BAD, "!"), times(self.stopped)));
        }
        page.push('\n');
        page
    }

    fn events(&self) -> Vec<Json> {
        let changes = match &self.standing {
            Standing::Changed { changes, .. } => json!(changes),
            _ => json!([]),
        };
        let plugin = json!({
            "event": "audited-plugin", "plugin": self.name, "source": self.source, "version": self.version,
            "digest": self.digest, "standing": self.standing.name(), "changes": changes, "imports": self.imports,
            "stopped": self.stopped, "risks": self.risks,
        });
        let rows = self.rows.iter().map(|row| {
            let narrowed = match &row.granted {
                Granted::Less(how) => json!(how),
                _ => json!([]),
            };
            json!({
                "event": "audited-rule", "plugin": self.name, "interface": row.interface, "rule": row.rule,
                "imported": row.imported, "declared": row.declared, "granted": row.granted.name(),
                "narrowed": narrowed, "used": row.uses.as_ref().map(|uses| uses.used),
                "never_used": row.uses.as_ref().is_some_and(|uses| uses.used == 0), "uses": row.uses,
                "denied": row.uses.as_ref().map_or(0, |uses| uses.denied), "risks": row.risks,
            })
        });
        [plugin].into_iter().chain(rows).collect()
    }
}

const HEADINGS: [&str; 7] = ["rule", "interface", "imported", "declared", "granted", "used", "denied"];

fn table(rows: &[Row]) -> String {
    let cells: Vec<[String; 7]> = rows.iter().map(Row::cells).collect();
    let mut widths = HEADINGS.map(str::len);
    for row in &cells {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: &[String; 7]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("  {}", cells.collect::<Vec<_>>().join("  ")).trim_end().to_owned()
    };
    let mut text = format!("{}\n", paint(DIM, line(&HEADINGS.map(str::to_owned))));
    for (row, cells) in rows.iter().zip(&cells) {
        let style = match row.interface {
            Interface::Ruled(_, Half::Write) => CHANGE,
            _ => LEARN,
        };
        let mut line = line(cells);
        if row.risks.iter().any(|risk| risk.weight == Weight::Loud) {
            line.replace_range(..1, "!");
        }
        text.push_str(&format!("{}\n", paint(style, line)));
    }
    text
}

impl Row {
    fn name(&self) -> String {
        match &self.rule {
            Some(rule) => Text::name(rule.as_str()).to_string(),
            None if self.declared || self.imported => self.interface.name().to_owned(),
            None => "no rule".to_owned(),
        }
    }

    fn cells(&self) -> [String; 7] {
        let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
        let used = match &self.uses {
            None => "not counted".to_owned(),
            Some(uses) if uses.used == 0 => "never".to_owned(),
            Some(uses) => uses.used.to_string(),
        };
        let denied = self.uses.as_ref().map_or(0, |uses| uses.denied);
        let denied = if denied == 0 { String::new() } else { denied.to_string() };
        let granted = self.granted.name().to_owned();
        let name = if self.rule.is_none() && self.is_http() { "no rule".to_owned() } else { self.name() };
        [name, self.interface.to_string(), yes(self.imported), yes(self.declared), granted, used, denied]
    }

    fn is_http(&self) -> bool {
        matches!(self.interface, Interface::Ruled(..))
    }

    fn details(&self) -> Vec<String> {
        let mut lines = Vec::new();
        lines.extend(self.risks.iter().map(mark));
        if let Granted::Less(how) = &self.granted {
            lines.push(format!("  {} `{}` {}", paint(GOOD, "narrowed:"), self.name(), Text::name(&how.join("; "))));
        }
        for denied in self.uses.iter().flat_map(|uses| &uses.denials) {
            let what = format!("{} in {}: {}", denied.summary, denied.operation, denied.code);
            lines.push(format!("  {} {} {}", paint(BAD, "denied:"), Text::line(&denied.time), Text::name(&what)));
        }
        if let Some(uses) = self.uses.as_ref().filter(|uses| uses.unanswered > 0) {
            lines.push(format!("  {} {} of `{}`", paint(CHANGE, "unanswered:"), uses.unanswered, self.name()));
        }
        lines
    }
}

/// Is a risk that is no rule's told with this interface?
fn is_of(risk: &Risk, interface: Interface) -> bool {
    match interface {
        Interface::Reveal => matches!(risk.code, "reveal" | "reveals-secrets"),
        _ => risk.code == interface.name(),
    }
}

fn mark(risk: &Risk) -> String {
    let style = if risk.weight == Weight::Loud { BAD } else { CHANGE };
    format!("  {} {}", paint(style, format!("{}:", risk.code)), Text::name(&risk.message))
}

fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

fn plural(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// That a log is whole: for people, and for programs.
pub(crate) fn whole(path: &Path, walked: &Walked, anchored: bool) -> (String, Json) {
    let shown = path.display().to_string();
    let anchor = match walked.anchor {
        Some(line) if anchored => format!("; the state was saved at line {line}"),
        _ => String::new(),
    };
    let text = format!("{} {}: {}{anchor}\n", paint(GOOD, "Whole"), Text::line(&shown), plural(walked.lines, "line"));
    let event = json!({
        "event": "audit-log", "path": shown, "lines": walked.lines, "head": walked.head, "fault": null,
        "anchored": anchored, "anchor_found": true, "anchor_line": walked.anchor,
    });
    (text, event)
}

/// That a log was begun anew.
pub(crate) fn restarted(path: &Path, aside: Option<&Path>) -> (String, Json) {
    let (path, aside) = (path.display().to_string(), aside.map(|aside| aside.display().to_string()));
    let kept = match &aside {
        Some(aside) => format!("; what was there is kept as {}", Text::line(aside)),
        None => "; there was none".to_owned(),
    };
    let text = format!("{} {}{kept}\n", paint(GOOD, "Began anew"), Text::line(&path));
    (text, json!({"event": "audit-log-restarted", "path": path, "aside": aside}))
}

/// The host whose tokens have the scopes.
const DIGITALOCEAN: &str = "api.digitalocean.com";

/// The token scopes that a stack's rules need, by the stack's credential.
pub(crate) struct ScopesView {
    scopes: BTreeMap<String, Vec<String>>,
    /// Rules that do not say what they need.
    silent: Vec<(PluginName, RuleId)>,
}

impl ScopesView {
    /// Of the rules in effect, and of no others.
    pub(crate) fn of(plugins: &[Inspected]) -> Self {
        let mut view = Self { scopes: BTreeMap::new(), silent: Vec::new() };
        for plugin in plugins {
            let wanted = &plugin.wanted;
            for rule in &wanted.effective.rules {
                let credential = wanted.allowance.rules.get(&rule.id).and_then(|rule| rule.credential.as_ref());
                let there = rule.http().is_some_and(|scope| scope.url.exact_host() == Some(DIGITALOCEAN));
                let Some(credential) = credential.filter(|_| there) else { continue };
                let scopes = view.scopes.entry(credential.from.clone()).or_default();
                scopes.extend(rule.scopes.iter().cloned());
                if rule.scopes.is_empty() {
                    view.silent.push((wanted.name.clone(), rule.id.clone()));
                }
            }
        }
        for scopes in view.scopes.values_mut() {
            scopes.sort();
            scopes.dedup();
        }
        view
    }

    /// What makes the list incomplete.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let warning = |(plugin, rule): &(PluginName, RuleId)| {
            format!("{} the rule {rule} of {plugin} does not say what it needs\n", paint(CHANGE.bold(), "warning:"))
        };
        self.silent.iter().map(warning).collect()
    }

    /// For people and for forms: one scope a line, under its credential where there is more than one.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for (credential, scopes) in &self.scopes {
            if self.scopes.len() > 1 {
                text.push_str(&format!("{}\n", paint(DIM, format!("# {credential}"))));
            }
            scopes.iter().for_each(|scope| text.push_str(&format!("{}\n", Text::name(scope))));
        }
        text
    }

    /// For programs.
    pub(crate) fn event(&self) -> Json {
        let silent = self.silent.iter().map(|(plugin, rule)| json!({"plugin": plugin, "rule": rule}));
        json!({"event": "do-scopes", "scopes": self.scopes, "silent": silent.collect::<Vec<_>>()})
    }
}
