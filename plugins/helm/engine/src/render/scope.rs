//! What each chart's templates see: the map behind their dot, made chart by chart from the root down.

use std::rc::Rc;

use super::Release;
use super::capabilities::Capabilities;
use super::files::Files;
use crate::chart::{Chart, Metadata};
use crate::value::{Map, Str, Type, Value};

/// The type of `.`, `.Values` and `.Template`.
pub(super) const VALUES: Type = Type::Named { name: "common.Values", kind: "map" };

/// A template with what it sees.
#[derive(Debug)]
pub(super) struct Template {
    /// Its path from the root chart: `app/charts/db/templates/service.yaml`.
    pub(super) name: String,
    /// Its text.
    pub(super) text: Str,
    /// Where the templates of its chart are.
    base_path: Rc<str>,
    /// The dot, shared by the templates of a chart.
    dot: Map,
}

impl Template {
    /// The dot, with `.Template` set for this one. It stays set, as in Helm: a parent sees it through `.Subcharts`.
    pub(super) fn dot(&self) -> Value {
        let template = Map::typed(VALUES, Default::default());
        template.set("Name", self.name.as_str().into());
        template.set("BasePath", (&*self.base_path).into());
        self.dot.set("Template", template.into());
        self.dot.converted(VALUES).into()
    }
}

/// The templates of a chart and of all charts within, in the order in which Helm parses and renders them: the
/// deepest first and, among those of one depth, the last by name, so that a parent's definitions replace its
/// subcharts'.
pub(super) fn templates(
    chart: &Chart,
    values: &Map,
    release: &Release,
    capabilities: &Rc<Capabilities>,
) -> Vec<Template> {
    let mut scope = Scope { release: release.object(), capabilities, templates: Vec::new() };
    scope.chart(chart, None, values.clone(), chart.name());
    let mut templates = scope.templates;
    let depth = |template: &Template| template.name.matches('/').count();
    // A stable order, so that of two templates under one name the later is the last one here too.
    templates.sort_by(|a, b| depth(b).cmp(&depth(a)).then_with(|| b.name.cmp(&a.name)));
    templates.dedup_by(|later, kept| {
        let same = later.name == kept.name;
        if same {
            std::mem::swap(later, kept);
        }
        same
    });
    templates
}

struct Scope<'a> {
    release: Value,
    capabilities: &'a Rc<Capabilities>,
    templates: Vec<Template>,
}

impl Scope<'_> {
    /// Makes the scope of one chart, and those of the charts within.
    fn chart(&mut self, chart: &Chart, parent: Option<&Map>, values: Map, path: &str) -> Map {
        let values = match parent {
            None => values,
            Some(values) => table(values, chart.name()).unwrap_or_default().converted(VALUES),
        };
        let subcharts = Map::new();
        let files = chart.files.iter().map(|file| (file.name.as_str().into(), file.data.clone()));
        let dot: Map = [
            ("Chart".into(), metadata(&chart.metadata, parent.is_none()).into()),
            ("Files".into(), Value::Object(Rc::new(Files::new(files)))),
            ("Release".into(), self.release.clone()),
            ("Capabilities".into(), Value::Object(self.capabilities.clone())),
            ("Values".into(), values.clone().into()),
            ("Subcharts".into(), subcharts.clone().into()),
        ]
        .into_iter()
        .collect();
        for child in &chart.dependencies {
            let path = format!("{path}/charts/{}", child.name());
            let scope = self.chart(child, Some(&values), Map::new(), &path);
            subcharts.set(child.name(), scope.into());
        }
        let base_path: Rc<str> = format!("{path}/templates").into();
        let library = chart.metadata.kind == "library";
        for file in chart.templates.iter() {
            let base = file.name.rsplit('/').next().unwrap_or_default();
            // Of a library, only what defines templates for others.
            if library && !base.starts_with('_') {
                continue;
            }
            self.templates.push(Template {
                name: format!("{path}/{}", file.name),
                text: file.data.clone(),
                base_path: base_path.clone(),
                dot: dot.clone(),
            });
        }
        dot
    }
}

/// The table of this name in the values; a dot in a chart's name leads into tables.
fn table(values: &Map, name: &str) -> Option<Map> {
    let mut table = values.clone();
    for part in name.split('.') {
        match table.get(part.as_bytes()) {
            Some(Value::Map(next)) => table = next,
            _ => return None,
        }
    }
    Some(table)
}

/// `.Chart`: Chart.yaml under the names of Go's fields.
fn metadata(metadata: &Metadata, is_root: bool) -> Map {
    let text = |text: &str| Value::from(text);
    let texts =
        |texts: &Option<Vec<String>>| -> Value { Value::list(texts.iter().flatten().map(|item| text(item)).collect()) };
    let maintainers = metadata.maintainers.iter().flatten().map(|maintainer| {
        fields([("Name", text(&maintainer.name)), ("Email", text(&maintainer.email)), ("URL", text(&maintainer.url))])
    });
    let dependencies = metadata.dependencies.iter().flatten().map(|dependency| {
        fields([
            ("Name", text(&dependency.name)),
            ("Version", text(&dependency.version)),
            ("Repository", text(&dependency.repository)),
            ("Condition", text(&dependency.condition)),
            ("Tags", texts(&dependency.tags)),
            ("Enabled", dependency.enabled.into()),
            ("ImportValues", Value::list(dependency.import_values.iter().flatten().cloned().collect())),
            ("Alias", text(&dependency.alias)),
        ])
    });
    let strings = Type::Map(Box::new(Type::Str));
    let annotations = match &metadata.annotations {
        None => Map::nil(strings),
        Some(entries) => {
            Map::typed(strings, entries.iter().map(|(name, value)| (name.as_str().into(), text(value))).collect())
        }
    };
    [
        ("Name", text(&metadata.name)),
        ("Home", text(&metadata.home)),
        ("Sources", texts(&metadata.sources)),
        ("Version", text(&metadata.version)),
        ("Description", text(&metadata.description)),
        ("Keywords", texts(&metadata.keywords)),
        ("Maintainers", Value::list(maintainers.collect())),
        ("Icon", text(&metadata.icon)),
        ("APIVersion", text(&metadata.api_version)),
        ("Condition", text(&metadata.condition)),
        ("Tags", text(&metadata.tags)),
        ("AppVersion", text(&metadata.app_version)),
        ("Deprecated", metadata.deprecated.into()),
        ("Annotations", annotations.into()),
        ("KubeVersion", text(&metadata.kube_version)),
        ("Dependencies", Value::list(dependencies.collect())),
        ("Type", text(&metadata.kind)),
        ("IsRoot", is_root.into()),
    ]
    .into_iter()
    .map(|(name, value)| (name.into(), value))
    .collect()
}

fn fields<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let fields: Map = fields.into_iter().map(|(name, value)| (name.into(), value)).collect();
    fields.into()
}
