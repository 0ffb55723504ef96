//! What plugins may do, in plain words: what is asked before an approval, and what is told without one.

use std::collections::BTreeSet;
use std::path::Path;

use maps_engine::capability::{
    AllowedRule, CredentialKind, Effect, HttpScope, Interface, KubeScope, Risk, Scope, Seal, Weight,
};
use maps_engine::name::RuleId;
use serde_json::{Value as Json, json};

use super::Screen;
use super::style::{BAD, CHANGE, DIM, GOOD, LEARN, STRONG, paint};
use super::text::Text;
use crate::approval::{Standing, Unapproved, Wanted};

/// One plugin that somebody has to decide about.
pub(crate) struct Page {
    head: String,
    told: Vec<String>,
    command: String,
    /// The grant that leaves only what was approved, if something was.
    narrower: Option<String>,
    json: Json,
}

impl Page {
    /// Draws it up.
    pub(crate) fn of(wanted: &Wanted, command: String) -> Self {
        let narrower = match &wanted.standing {
            Standing::Changed { changes, before, .. } if changes.iter().any(|change| change.widened) => {
                let kept = wanted.allowance.meet(&before.allowance);
                Some(kept.grant(&wanted.manifest))
            }
            _ => None,
        };
        let told = match &wanted.standing {
            Standing::Changed { replaced, changes, .. } => {
                let mut told = Vec::new();
                if *replaced {
                    told.push(replaced_line(wanted));
                }
                for change in changes {
                    let (style, sign) = if change.widened { (BAD, "+") } else { (GOOD, "-") };
                    let rule = change.rule.as_ref().map(|rule| format!("{} ", name(rule.as_str()))).unwrap_or_default();
                    told.push(format!("  {} {rule}{}", paint(style, sign), name(&change.message)));
                }
                if !changes.iter().any(|change| change.widened) {
                    told.push("  It may do no more than was approved.".to_owned());
                }
                told
            }
            _ => all(wanted),
        };
        Self {
            head: head(wanted),
            told,
            json: event(wanted, &command, narrower.as_ref()),
            command,
            narrower: narrower.as_ref().map(grant_lines),
        }
    }

    /// For people; with `ways`, how to approve it or to allow less.
    pub(crate) fn text(&self, ways: bool) -> String {
        let mut page = format!("{}\n\n", self.head);
        self.told.iter().for_each(|line| page.push_str(&format!("{line}\n")));
        if ways {
            page.push_str(&format!("\n  To approve it:  {}\n", paint(STRONG, Text::line(&self.command))));
            if let Some(narrower) = &self.narrower {
                page.push_str("  Or to leave it what was approved, at the plugin in the stack:\n\n");
                narrower.lines().for_each(|line| page.push_str(&format!("    {}\n", name(line))));
            }
        }
        page.push('\n');
        page
    }

    /// For programs.
    pub(crate) fn event(&self) -> &Json {
        &self.json
    }
}

/// Says what would have to be approved where nobody can be asked.
pub(crate) fn refused(screen: &Screen, pages: &[Page]) {
    for page in pages {
        match screen.is_json() {
            true => screen.event(page.event()),
            false => screen.complain(&page.text(true)),
        }
    }
}

/// Says what a rehearsal may do and a run in earnest may not yet: people in a line or two, programs plugin by plugin.
pub(crate) fn rehearsed(screen: &Screen, unapproved: &Unapproved) {
    for (command, wanted) in &unapproved.plugins {
        screen.event(Page::of(wanted, command.clone()).event());
    }
    let changed = |wanted: &Wanted| matches!(wanted.standing, Standing::Changed { .. });
    let (other, new): (Vec<_>, Vec<_>) = unapproved.plugins.iter().partition(|(_, wanted)| changed(wanted));
    for (plugins, one, many) in [
        (new, "is not approved yet", "are not approved yet"),
        (other, "is not what was approved", "are not what was approved"),
    ] {
        let (names, what, command) = match plugins.as_slice() {
            [] => continue,
            [(command, wanted)] => (wanted.name.to_string(), one, command),
            [rest @ .., (_, last)] => {
                let rest: Vec<&str> = rest.iter().map(|(_, wanted)| wanted.name.as_str()).collect();
                (format!("{} and {}", rest.join(", "), last.name), many, &unapproved.command)
            }
        };
        let rules = plugins.iter().flat_map(|(_, wanted)| wanted.allowance.rules.values());
        let (writes, reads): (Vec<_>, Vec<_>) = rules.partition(|rule| rule.effect == Effect::Write);
        let (reads, writes) = (reads.len(), writes.len());
        let asks = format!("which a run in earnest asks for: {reads} reading and {writes} writing rules");
        let line = format!("{names} {what}, {asks}. {command}");
        screen.human(&format!("{}\n", paint(DIM, Text::line(&line))));
    }
}

/// Says that something was approved.
pub(crate) fn approved(screen: &Screen, wanted: &Wanted, lock: &Path) {
    let lock = lock.display().to_string();
    screen.human(&format!("{} {} in {}\n", paint(GOOD, "Approved"), paint(STRONG, &wanted.name), Text::line(&lock)));
    screen.event(&json!({
        "event": "approved", "plugin": wanted.name, "version": wanted.manifest.version, "digest": wanted.digest,
        "lock": lock,
    }));
}

/// Says that it was approved before.
pub(crate) fn approved_before(screen: &Screen, wanted: &Wanted) {
    screen.human(&format!("{} is approved as it is\n", paint(STRONG, &wanted.name)));
    screen.event(&event(wanted, "", None));
}

fn event(wanted: &Wanted, command: &str, narrower: Option<&Json>) -> Json {
    let (replaced, changes, before) = match &wanted.standing {
        Standing::Changed { replaced, changes, before } => (*replaced, json!(changes), json!(before.digest)),
        _ => (false, json!([]), Json::Null),
    };
    json!({
        "event": "approval",
        "plugin": wanted.name,
        "source": wanted.source,
        "version": wanted.manifest.version,
        "digest": wanted.digest,
        "standing": wanted.standing.name(),
        "replaced": replaced,
        "approved_digest": before,
        "changes": changes,
        "allowance": wanted.allowance,
        "reasons": reasons(wanted),
        "risks": wanted.effective.risks(),
        "command": command,
        "grant": narrower,
    })
}

fn reasons(wanted: &Wanted) -> Json {
    let rules = wanted.effective.rules.iter().map(|rule| (rule.id.as_str().to_owned(), json!(rule.reason)));
    let plain = wanted.manifest.plain.iter().filter(|(interface, _)| wanted.effective.plain.contains(*interface));
    let plain = plain.filter_map(|(interface, reason)| Some((interface.name().to_owned(), json!(reason.as_ref()?))));
    Json::Object(plain.chain(rules).collect())
}

/// `doks 0.1.0, which came with maps, wants to:`
fn head(wanted: &Wanted) -> String {
    let origin = match crate::source::is_bare(&wanted.source) {
        true => "which came with maps".to_owned(),
        false => format!("from {} (sha256:{})", name(&wanted.source), short(&wanted.digest)),
    };
    let asks = match &wanted.standing {
        Standing::Changed { .. } => "is not what was approved:",
        _ => "wants to:",
    };
    let version = name(&wanted.manifest.version);
    format!("{} {version}, {origin}, {asks}", paint(STRONG.bold(), &wanted.name))
}

fn replaced_line(wanted: &Wanted) -> String {
    let Standing::Changed { before, .. } = &wanted.standing else { return String::new() };
    format!(
        "  {} the component is another one: sha256:{}, and {} {} (sha256:{}) was approved",
        paint(CHANGE, "!"),
        short(&wanted.digest),
        name(&before.source),
        name(&before.version),
        short(&before.digest)
    )
}

/// Enough of a digest to tell two apart by eye; programs get the whole of it.
fn short(digest: &str) -> &str {
    digest.get(..16).unwrap_or(digest)
}

/// Everything that it may do: the loud things first, then what writes, then what reads.
fn all(wanted: &Wanted) -> Vec<String> {
    let risks = wanted.effective.risks();
    let loud = |id: Option<&RuleId>| risks.iter().any(|risk| risk.weight == Weight::Loud && risk.rule.as_ref() == id);
    let mut lines = Vec::new();
    let credentials: BTreeSet<_> =
        wanted.allowance.rules.values().filter_map(|rule| rule.credential.as_ref()).collect();
    for credential in credentials {
        let hosts: Vec<_> = credential.hosts.iter().map(String::as_str).collect();
        let (whose, hosts) = (paint(STRONG, name(&credential.from)), hosts.join(", "));
        let hosts = name(&hosts);
        let what = match &credential.kind {
            CredentialKind::Aws { actions, .. } => {
                let actions: Vec<_> = actions.iter().map(String::as_str).collect();
                let what = if actions.is_empty() { "calls".to_owned() } else { actions.join(", ") };
                format!("sign {} to {hosts} with the keys of AWS {whose}", name(&what))
            }
            CredentialKind::Spaces => format!("sign calls to {hosts} with the keys of Spaces {whose}"),
            _ => format!("send the credential {whose} to {hosts}"),
        };
        let reason = wanted.manifest.credentials.get(&credential.name).map_or("", |asked| asked.reason.as_str());
        lines.push((true, 0, block(false, &what, reason, &[], &[])));
    }
    for (interface, reason) in wanted.manifest.plain.iter().filter(|(one, _)| wanted.effective.plain.contains(*one)) {
        let is_loud = *interface == Interface::Reveal;
        let marks = if is_loud { marks(&risks, None) } else { Vec::new() };
        let what = format!("use {}", paint(STRONG, interface));
        let asked = wanted.manifest.reveal.on_request.as_ref().filter(|_| is_loud);
        let reason = asked.or(reason.as_ref());
        lines.push((!is_loud, 3, block(is_loud, &what, reason.map_or("", String::as_str), &[], &marks)));
    }
    for shown in &wanted.effective.shown {
        let what = format!("see in clear {}", paint(STRONG, name(&shown.outline())));
        let reason = wanted.manifest.plain.get(&Interface::Reveal).cloned().flatten().unwrap_or_default();
        lines.push((true, 3, block(false, &what, &reason, &[], &[])));
    }
    if !wanted.effective.private.is_empty() {
        let hosts: Vec<_> = wanted.effective.private.iter().map(String::as_str).collect();
        let what = format!("reach {} at private addresses", paint(STRONG, name(&hosts.join(", "))));
        lines.push((false, 0, block(true, &what, "the stack allows it", &[], &[])));
    }
    for rule in &wanted.effective.rules {
        let Some(allowed) = wanted.allowance.rules.get(&rule.id) else { continue };
        let is_loud = loud(Some(&rule.id));
        let style = if rule.effect == Effect::Write { CHANGE } else { LEARN };
        let what = paint(style, name(&allowed.outline()));
        let mut scope = details(allowed);
        scope.insert(0, format!("rule {}", name(rule.id.as_str())));
        let order = if rule.effect == Effect::Write { 1 } else { 2 };
        lines.push((!is_loud, order, block(is_loud, &what, &rule.reason, &scope, &marks(&risks, Some(&rule.id)))));
    }
    lines.sort_by_key(|(quiet, order, _)| (*quiet, *order));
    if lines.is_empty() {
        return vec!["  do nothing outside of itself".to_owned()];
    }
    lines.into_iter().flat_map(|(_, _, block)| block).collect()
}

fn marks(risks: &[Risk], rule: Option<&RuleId>) -> Vec<String> {
    let of = risks.iter().filter(|risk| risk.rule.as_ref() == rule);
    of.map(|risk| {
        let style = if risk.weight == Weight::Loud { BAD } else { CHANGE };
        paint(style, format!("{}: {}", risk.code, name(&risk.message)))
    })
    .collect()
}

fn block(loud: bool, what: &str, reason: &str, scope: &[String], marks: &[String]) -> Vec<String> {
    let sign = if loud { paint(BAD.bold(), "!") } else { " ".to_owned() };
    let mut lines = vec![format!("  {sign} {what}")];
    if !reason.is_empty() {
        lines.push(format!("      {}", Text::prose(reason)));
    }
    if !scope.is_empty() {
        lines.push(format!("      {}", paint(DIM, scope.join("; "))));
    }
    lines.extend(marks.iter().map(|mark| format!("      {mark}")));
    lines
}

/// What a rule says beside its outline.
fn details(rule: &AllowedRule) -> Vec<String> {
    let mut told = Vec::new();
    if rule.effect == Effect::Write {
        let operations: Vec<_> = rule.scope.operations().iter().map(|operation| operation.name()).collect();
        told.push(format!("in {}", operations.join(", ")));
    }
    if let Some(credential) = &rule.credential {
        told.push(format!("with {}", name(&credential.from)));
    }
    let (bind, sinks) = match &rule.scope {
        Scope::Http(scope) => (&scope.bind, &scope.sinks),
        Scope::Api(scope) => (&scope.bind, &scope.sinks),
        Scope::Kube(scope) => (&scope.bind, &scope.sinks),
        Scope::Files(_) => return told,
    };
    let places = bind.body.iter().map(|(place, templates)| (place.to_string(), templates));
    let names = bind.query.iter().map(|(name, templates)| (format!("?{name}"), templates));
    for (place, templates) in places.chain(names) {
        let templates: Vec<_> = templates.iter().map(ToString::to_string).collect();
        told.push(format!("{} is {}", name(&place), name(&templates.join(" and "))));
    }
    if let Scope::Http(HttpScope { query, .. }) = &rule.scope
        && !query.is_empty()
    {
        let names: Vec<_> = query.iter().map(|parameter| name(parameter).to_string()).collect();
        told.push(format!("query {}", names.join(", ")));
    }
    if rule.scope.sends_bearer() {
        told.push("may send a bearer token that it was handed".to_owned());
    }
    if !sinks.is_empty() {
        let places: Vec<_> = sinks.iter().map(|place| name(&place.to_string()).to_string()).collect();
        told.push(format!("secrets go to {}", places.join(", ")));
    }
    let places: Vec<String> = match &rule.scope {
        Scope::Http(HttpScope { seal: Seal::Body, .. }) => {
            told.push("the answer is sealed".to_owned());
            Vec::new()
        }
        Scope::Http(HttpScope { seal: Seal::At(places), .. }) => places.iter().map(ToString::to_string).collect(),
        Scope::Api(scope) => scope.seals().map(str::to_owned).collect(),
        Scope::Kube(_) => vec!["the data of Secrets".to_owned()],
        Scope::Files(_) => Vec::new(),
    };
    if let Scope::Kube(scope) = &rule.scope {
        told.extend(kube_details(scope));
    }
    if !places.is_empty() {
        let places: Vec<_> = places.iter().map(|place| name(place).to_string()).collect();
        told.push(format!("sealed in the answer: {}", places.join(", ")));
    }
    told
}

/// What a rule of `kube` says beside whom it is about.
fn kube_details(scope: &KubeScope) -> Vec<String> {
    let words = |words: Vec<String>, between: &str| name(&words.join(between)).to_string();
    let mut told = Vec::new();
    if let Some(objects) = &scope.objects {
        let objects = objects.iter().map(ToString::to_string).collect();
        told.push(format!("only the step's {} objects", words(objects, " or ")));
    }
    if !scope.servers.is_any() {
        told.push(format!("only of the servers {}", name(&scope.servers.to_string())));
    }
    if !scope.marks.is_empty() {
        let marks: Vec<_> = scope
            .marks
            .body
            .iter()
            .flat_map(|(place, are)| are.iter().map(move |is| format!("{place} is {is}")))
            .collect();
        told.push(format!("marked: where the object's {}", words(marks, " and ")));
    }
    if let Some(manager) = &scope.manager {
        told.push(format!("as the field manager {}", name(manager)));
    }
    if !scope.escalates.is_empty() {
        let escalates = scope.escalates.iter().map(ToString::to_string).collect();
        told.push(format!("roles may allow {}", words(escalates, ", ")));
    }
    told
}

/// A grant as one writes it in a stack.
fn grant_lines(grant: &Json) -> String {
    let Some(fields) = grant.as_object().filter(|fields| !fields.is_empty()) else { return "grant: {}\n".to_owned() };
    let mut text = "grant:\n".to_owned();
    for (interface, value) in fields {
        match value.as_array() {
            Some(rules) => {
                text.push_str(&format!("  {interface}:\n"));
                rules.iter().for_each(|rule| text.push_str(&format!("    - {rule}\n")));
            }
            None => text.push_str(&format!("  {interface}: {value}\n")),
        }
    }
    text
}

fn name(foreign: &str) -> Text {
    Text::name(foreign)
}
