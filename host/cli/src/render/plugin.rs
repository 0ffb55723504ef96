//! What a plugin says of itself, for people and for programs.

use std::path::Path;

use maps_engine::capability::{Credential, CredentialKind, Effective, Family, Weight};
use maps_runtime::inspect::Inspection;
use serde_json::{Value as Json, json};

use super::kind::KindRow;
use super::style::{BAD, CHANGE, DIM, LEARN, STRONG, paint};
use super::text::Text;

/// What an inspection found, as rows.
#[derive(Debug)]
pub(crate) struct PluginView {
    name: Text,
    version: Text,
    description: Text,
    digest: Text,
    contract: Text,
    bytes: usize,
    imports: Vec<Text>,
    kinds: Vec<KindRow>,
    credentials: Vec<CredentialRow>,
    rules: Vec<RuleRow>,
    risks: Vec<(Weight, Text)>,
    documents: Json,
}

/// One credential that it asks for.
#[derive(Debug)]
struct CredentialRow {
    name: Text,
    kind: String,
    reason: Text,
}

/// One rule, or an interface that is declared as a whole.
#[derive(Debug)]
struct RuleRow {
    interface: Text,
    id: Option<Text>,
    effect: Option<Text>,
    scope: Text,
    reason: Text,
    json: Json,
}

impl PluginView {
    /// Draws up the rows.
    pub(crate) fn of(inspection: &Inspection) -> Self {
        let manifest = &inspection.manifest;
        // A manifest is data through and through, so that this cannot fail.
        let documents =
            json!({"manifest": manifest, "kinds": inspection.kinds["kinds"], "rehearsal": inspection.rehearsal});
        // No grant narrows anything here, so that nothing can be wrong with one.
        let risks = Effective::meet(manifest, None).map(|effective| effective.risks()).unwrap_or_default();
        Self {
            name: Text::line(manifest.plugin.as_str()),
            version: Text::line(&manifest.version),
            description: Text::line(&manifest.description),
            digest: Text::line(inspection.digest.as_str()),
            contract: Text::line(inspection.contract),
            bytes: inspection.bytes,
            imports: inspection.imports.iter().map(|import| Text::line(import.name())).collect(),
            kinds: inspection.schemas.values().map(KindRow::of).collect(),
            credentials: manifest.credentials.iter().map(CredentialRow::of).collect(),
            rules: rules(&documents["manifest"]),
            risks: risks.iter().map(|risk| (risk.weight, Text::line(&risk.message))).collect(),
            documents,
        }
    }

    /// For programs: one event.
    pub(crate) fn event(&self) -> Json {
        json!({
            "event": "plugin",
            "plugin": self.name,
            "version": self.version,
            "description": self.description,
            "digest": self.digest,
            "contract": self.contract,
            "bytes": self.bytes,
            "imports": self.imports,
            "rules": self.rules.iter().map(|rule| &rule.json).collect::<Vec<_>>(),
            "kinds": self.documents["kinds"],
            "manifest": self.documents["manifest"],
            "rehearsal": self.documents["rehearsal"],
        })
    }

    /// For people: that it was built.
    pub(crate) fn built(&self, out: &Path) -> String {
        let (name, out) = (paint(STRONG, &self.name), Text::line(&out.display().to_string()));
        format!("{name} {} is in {out} ({} bytes)\n", self.version, self.bytes)
    }

    /// For people: a page.
    pub(crate) fn page(&self) -> String {
        let mut page = format!("{} {}\n", paint(STRONG, &self.name), self.version);
        if self.description.width() > 0 {
            page.push_str(&format!("{}\n", self.description));
        }
        page.push_str(&format!("\n  digest    {}\n", self.digest));
        page.push_str(&format!("  contract  {}, {} bytes\n", self.contract, self.bytes));
        let imports: Vec<&str> = self.imports.iter().map(Text::as_str).collect();
        let imports = if imports.is_empty() { "nothing".to_owned() } else { imports.join(", ") };
        page.push_str(&format!("  imports   {imports}\n\n{}\n", paint(STRONG, "kinds")));
        self.kinds.iter().for_each(|kind| page.push_str(&kind.page()));
        if !self.credentials.is_empty() {
            page.push_str(&format!("\n{}\n", paint(STRONG, "credentials")));
        }
        for CredentialRow { name, kind, reason } in &self.credentials {
            page.push_str(&format!("  {}  {kind}\n", paint(LEARN, name)));
            if reason.width() > 0 {
                page.push_str(&format!("  {:width$}  {}\n", "", paint(DIM, reason), width = name.width()));
            }
        }
        page.push_str(&format!("\n{}\n", paint(STRONG, "rules")));
        let width = self.rules.iter().map(|rule| rule.title().chars().count()).max().unwrap_or(0);
        for rule in &self.rules {
            let writes = rule.effect.as_ref().is_some_and(|effect| effect.as_str() == "write");
            let style = if writes { CHANGE } else { LEARN };
            let effect = rule.effect.as_ref().map(|effect| format!("{effect} ")).unwrap_or_default();
            let line = format!("  {}  {effect}{}", paint(style, format!("{:width$}", rule.title())), rule.scope);
            page.push_str(&format!("{}\n", line.trim_end()));
            if rule.reason.width() > 0 {
                page.push_str(&format!("  {:width$}  {}\n", "", paint(DIM, &rule.reason)));
            }
        }
        page.push_str(&rehearsal(&self.documents["rehearsal"]));
        if !self.risks.is_empty() {
            page.push_str(&format!("\n{}\n", paint(STRONG, "look at")));
        }
        for (weight, message) in &self.risks {
            let style = if *weight == Weight::Loud { BAD } else { CHANGE };
            page.push_str(&format!("  {}  {message}\n", paint(style, "!")));
        }
        page
    }
}

impl CredentialRow {
    fn of((name, asked): (&String, &Credential)) -> Self {
        let kind = match &asked.kind {
            CredentialKind::Bearer => "is sent as a bearer token".to_owned(),
            CredentialKind::Basic => "is sent as user and password".to_owned(),
            CredentialKind::Header { name } => format!("is sent as the header {}", Text::name(name)),
            CredentialKind::Spaces => "signs calls to Spaces".to_owned(),
            CredentialKind::Aws { service, actions } => {
                let what: Vec<_> = service.iter().chain(actions).map(|word| Text::name(word).to_string()).collect();
                format!("signs calls to AWS {}", what.join(" ")).trim_end().to_owned()
            }
        };
        Self { name: Text::name(name), kind, reason: Text::prose(&asked.reason) }
    }
}

impl RuleRow {
    fn title(&self) -> String {
        match &self.id {
            Some(id) => format!("{} {id}", self.interface),
            None => self.interface.to_string(),
        }
    }
}

fn text(json: &Json, key: &str) -> Text {
    Text::line(json.get(key).and_then(Json::as_str).unwrap_or_default())
}

/// What rehearsals play of it; nothing if its author declares nothing.
fn rehearsal(declared: &Json) -> String {
    let services: Vec<&Json> = declared["services"].as_array().into_iter().flatten().collect();
    if services.is_empty() {
        return String::new();
    }
    let mut page = format!("\n{}\n", paint(STRONG, "played in rehearsals"));
    for service in services {
        let paths = service["collections"].as_array().into_iter().flatten();
        let mut played: Vec<String> = paths.map(|collection| text(collection, "path").to_string()).collect();
        let recorded = service["recorded"].as_array().map_or(0, Vec::len);
        played.extend((recorded > 0).then(|| format!("{recorded} recorded answers")));
        page.push_str(&format!("  {}  {}\n", paint(LEARN, text(service, "host")), played.join(", ")));
    }
    page
}

/// Every rule of every interface: those that are declared as a whole, then the families with rules.
fn rules(manifest: &Json) -> Vec<RuleRow> {
    let plain = manifest["plain"].as_object().into_iter().flatten();
    let plain = plain.map(|(interface, reason)| row(interface, &json!({"reason": reason})));
    let ruled = Family::ALL.into_iter().flat_map(|family| {
        let rules = manifest[family.name()].as_array().into_iter().flatten();
        rules.map(move |rule| row(family.name(), rule))
    });
    plain.chain(ruled).collect()
}

fn row(interface: &str, rule: &Json) -> RuleRow {
    let shown = |key: &str| rule.get(key).and_then(Json::as_str).map(Text::line);
    let mut json = json!({"interface": interface});
    if let (Some(json), Some(rule)) = (json.as_object_mut(), rule.as_object()) {
        json.extend(rule.clone());
    }
    RuleRow {
        interface: Text::line(interface),
        id: shown("id"),
        effect: shown("effect"),
        scope: Text::name(&scope(rule)),
        reason: Text::prose(rule.get("reason").and_then(Json::as_str).unwrap_or_default()),
        json,
    }
}

/// What a rule says beside its name, effect and reason: `GET https://… credential=api`,
/// `PutParameter names=["/**"]`.
fn scope(rule: &Json) -> String {
    const TOLD: [&str; 7] = ["id", "effect", "reason", "methods", "actions", "url", "operations"];
    let Some(rule) = rule.as_object() else { return String::new() };
    let words = |key| rule.get(key).and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
    let methods = words("methods").chain(words("actions"));
    let url = rule.get("url").and_then(Json::as_str);
    let rest = rule.iter().filter(|(key, value)| !TOLD.contains(&key.as_str()) && says_something(value));
    let rest = rest.map(|(key, value)| match value {
        Json::String(text) => format!("{key}={text}"),
        other => format!("{key}={other}"),
    });
    methods.map(str::to_owned).chain(url.map(str::to_owned)).chain(rest).collect::<Vec<_>>().join(" ")
}

fn says_something(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::Array(items) => !items.is_empty(),
        Json::Object(fields) => fields.values().any(says_something),
        _ => true,
    }
}
