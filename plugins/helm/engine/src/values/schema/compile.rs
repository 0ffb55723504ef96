//! Compiles documents into schemas that are ready to judge: every reference resolved, every pattern compiled.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::budget::Budget;
use super::documents::{Documents, Place, Target, quote};
use super::draft::Draft;
use super::formats::{self, Format};
use super::json::Json;
use super::number::Number;
use super::types::Types;
use super::url::{encode, escape, split};
use super::validate;
use crate::functions::regex::{self, Regex};

/// A schema's place among those that are compiled with it.
pub(super) type Index = usize;

/// True, false, or a schema.
#[derive(Clone, Copy, Debug)]
pub(super) enum Additional {
    Bool(bool),
    Schema(Index),
}

/// What has to be there or to hold, where a property is.
pub(super) enum Dependency {
    Required(Vec<Rc<str>>),
    Schema(Index),
}

/// What `items` was before 2020.
#[derive(Default)]
pub(super) enum Items {
    #[default]
    None,
    All(Index),
    Each(Vec<Index>),
}

/// A schema.
#[derive(Default)]
pub(super) struct Schema {
    pub(super) place: Option<Place>,
    pub(super) draft: Option<Draft>,
    /// The schema itself, or the one with a URL that it is in.
    pub(super) resource: Index,
    pub(super) dynamic_anchors: BTreeMap<String, Index>,
    pub(super) constant_answer: Option<bool>,
    pub(super) reference: Option<Index>,
    pub(super) recursive_reference: Option<Index>,
    pub(super) recursive_anchor: bool,
    pub(super) dynamic_reference: Option<(Index, String)>,
    pub(super) dynamic_anchor: String,
    pub(super) types: Option<Types>,
    pub(super) constant: Option<Json>,
    pub(super) enumeration: Option<Vec<Json>>,
    pub(super) format: Option<Format>,

    pub(super) min_properties: Option<i64>,
    pub(super) max_properties: Option<i64>,
    pub(super) required: Vec<Rc<str>>,
    pub(super) properties: BTreeMap<Rc<str>, Index>,
    pub(super) pattern_properties: Vec<(Rc<Regex>, Index)>,
    pub(super) additional_properties: Option<Additional>,
    pub(super) property_names: Option<Index>,
    pub(super) dependencies: BTreeMap<Rc<str>, Dependency>,
    pub(super) dependent_schemas: BTreeMap<Rc<str>, Index>,
    pub(super) dependent_required: BTreeMap<Rc<str>, Vec<Rc<str>>>,
    pub(super) unevaluated_properties: Option<Index>,

    pub(super) min_items: Option<i64>,
    pub(super) max_items: Option<i64>,
    pub(super) unique_items: bool,
    pub(super) items: Items,
    pub(super) additional_items: Option<Additional>,
    pub(super) prefix_items: Vec<Index>,
    pub(super) rest_items: Option<Index>,
    pub(super) contains: Option<Index>,
    pub(super) min_contains: Option<i64>,
    pub(super) max_contains: Option<i64>,
    pub(super) unevaluated_items: Option<Index>,

    pub(super) min_length: Option<i64>,
    pub(super) max_length: Option<i64>,
    pub(super) pattern: Option<(Rc<Regex>, Rc<str>)>,

    pub(super) minimum: Option<Number>,
    pub(super) maximum: Option<Number>,
    pub(super) exclusive_minimum: Option<Number>,
    pub(super) exclusive_maximum: Option<Number>,
    pub(super) multiple_of: Option<Number>,

    pub(super) not: Option<Index>,
    pub(super) all_of: Vec<Index>,
    pub(super) any_of: Vec<Index>,
    pub(super) one_of: Vec<Index>,
    pub(super) condition: Option<Index>,
    pub(super) then: Option<Index>,
    pub(super) otherwise: Option<Index>,
}

impl Schema {
    /// Where it stands, for people.
    pub(super) fn location(&self) -> String {
        self.place.as_ref().map(Place::location).unwrap_or_default()
    }

    /// Whether no property is left for `unevaluatedProperties` of a schema around it.
    pub(super) fn evaluates_all_properties(&self) -> bool {
        self.additional_properties.is_some()
    }

    /// Whether no item is left, and how many are not in any case.
    pub(super) fn evaluates_items(&self) -> (bool, usize) {
        if self.draft >= Some(Draft::Draft2020) {
            return (self.rest_items.is_some(), self.prefix_items.len());
        }
        match &self.items {
            Items::All(_) => (true, 0),
            Items::Each(items) => (self.additional_items.is_some(), items.len()),
            Items::None => (self.additional_items.is_some(), 0),
        }
    }
}

/// A schema with all that it refers to.
pub(super) struct Compiled {
    pub(super) schemas: Vec<Schema>,
    pub(super) root: Index,
}

/// Schemas of schemas, each compiled when it is first asked for.
#[derive(Default)]
pub(super) struct Metaschemas(BTreeMap<Draft, Rc<Compiled>>);

impl Metaschemas {
    pub(super) fn get(&mut self, draft: Draft, budget: &mut Budget) -> Result<Rc<Compiled>, String> {
        if let Some(compiled) = self.0.get(&draft) {
            return Ok(Rc::clone(compiled));
        }
        let mut documents = Documents::default();
        let compiled = Rc::new(Compiler::new(&mut documents, None, budget).compile(&Rc::from(draft.url()))?);
        self.0.insert(draft, Rc::clone(&compiled));
        Ok(compiled)
    }
}

pub(super) struct Compiler<'a> {
    documents: &'a mut Documents,
    /// What judges the documents; `None` while those that judge are compiled themselves.
    metaschemas: Option<&'a mut Metaschemas>,
    budget: &'a mut Budget,
    /// Places by the index of their schema, as far as they were met.
    queue: Vec<Place>,
    /// As far as they are compiled.
    schemas: Vec<Schema>,
    known: HashMap<Place, Index>,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(
        documents: &'a mut Documents,
        metaschemas: Option<&'a mut Metaschemas>,
        budget: &'a mut Budget,
    ) -> Self {
        Self { documents, metaschemas, budget, queue: Vec::new(), schemas: Vec::new(), known: HashMap::new() }
    }

    /// Compiles the document at a URL, which is loaded if it is not at hand.
    pub(super) fn compile(mut self, url: &Rc<str>) -> Result<Compiled, String> {
        self.documents.load(url, self.budget)?;
        self.judge(&Place::new(url, ""))?;
        let root = self.enqueue(Place::new(url, ""))?;
        while let Some(place) = self.queue.get(self.schemas.len()).cloned() {
            self.ensure_subschema(&place)?;
            let Some(document) = self.documents.get(&place.url) else { break };
            let content = Rc::clone(&document.content);
            let value = place.find(&content)?;
            let schema = self.schema(&place, value)?;
            self.schemas.push(schema);
        }
        Ok(Compiled { schemas: self.schemas, root })
    }

    /// Holds what is at a place against the schema of its draft.
    fn judge(&mut self, place: &Place) -> Result<(), String> {
        let is_metaschema = ["http://json-schema.org/", "https://json-schema.org/"];
        if is_metaschema.iter().any(|prefix| place.url.starts_with(prefix)) {
            return Ok(());
        }
        let Some(metaschemas) = self.metaschemas.as_deref_mut() else { return Ok(()) };
        let Some(document) = self.documents.get(&place.url) else { return Ok(()) };
        let Some((_, resource)) = document.resource(&place.pointer) else { return Ok(()) };
        let metaschema = metaschemas.get(resource.draft, self.budget)?;
        let failure = validate::validate(&metaschema, place.find(&document.content)?, self.budget)?;
        match failure {
            None => Ok(()),
            Some(failure) => {
                Err(format!("{} is not valid against metaschema: {}", quote(&place.location()), failure.shown()))
            }
        }
    }

    fn ensure_subschema(&mut self, place: &Place) -> Result<(), String> {
        if self.documents.get(&place.url).is_some_and(|document| document.is_known(&place.pointer)) {
            return Ok(());
        }
        self.documents.add_subschema(place, self.budget)?;
        self.judge(place)
    }

    fn enqueue(&mut self, place: Place) -> Result<Index, String> {
        if let Some(index) = self.known.get(&place) {
            return Ok(*index);
        }
        self.budget.spend(1 + place.pointer.len() / 16)?;
        let index = self.queue.len();
        self.queue.push(place.clone());
        self.known.insert(place, index);
        Ok(index)
    }

    fn schema(&mut self, place: &Place, value: &Json) -> Result<Schema, String> {
        let mut schema = Schema { place: Some(place.clone()), ..Schema::default() };
        let (base, resource_pointer, draft, dynamic) = {
            let found = self.documents.get(&place.url).and_then(|document| document.resource(&place.pointer));
            let Some((pointer, resource)) = found else { return Ok(schema) };
            let is_resource = pointer == place.pointer;
            let dynamic: Vec<(String, String)> = resource
                .dynamic_anchors()
                .filter(|_| is_resource && resource.draft >= Draft::Draft2020)
                .map(|(name, pointer)| (name.clone(), pointer.clone()))
                .collect();
            (Rc::clone(&resource.url), pointer.to_owned(), resource.draft, dynamic)
        };
        schema.draft = Some(draft);
        schema.resource = self.enqueue(Place::new(&place.url, resource_pointer))?;
        for (name, pointer) in dynamic {
            schema.dynamic_anchors.insert(name, self.enqueue(Place::new(&place.url, pointer))?);
        }
        match value {
            Json::Bool(answer) => schema.constant_answer = Some(*answer),
            Json::Object(object) if object.is_empty() => schema.constant_answer = Some(true),
            Json::Object(object) => {
                Keywords::new(self, object, place, base, draft).compile(&mut schema)?;
            }
            _ => {}
        }
        Ok(schema)
    }

    fn target(&mut self, document: &Rc<str>, base: &str, reference: &str) -> Result<Index, String> {
        let place = match self.documents.resolve(document, base, reference)? {
            Target::Here(place) => place,
            Target::Elsewhere { url, fragment } => {
                if self.documents.load(&url, self.budget)? {
                    self.judge(&Place::new(&url, ""))?;
                }
                self.documents.at(&url, &fragment)?
            }
        };
        self.enqueue(place)
    }
}

/// One schema's keywords, while they are compiled.
struct Keywords<'a, 'b> {
    compiler: &'a mut Compiler<'b>,
    object: &'a BTreeMap<Rc<str>, Json>,
    /// What [`mark`] gives of each of its keys: a schema has few keywords of many, and most questions end here.
    marks: u64,
    place: &'a Place,
    /// The URL that its references are relative to.
    base: Rc<str>,
    draft: Draft,
}

/// One bit for a keyword; few share one.
fn mark(keyword: &str) -> u64 {
    let bytes = keyword.as_bytes();
    let sum = |at: usize| bytes.get(at).copied().map_or(0, u64::from);
    1 << ((bytes.len() as u64 * 7 + sum(0) * 5 + sum(3) * 3 + sum(bytes.len() / 2)) % 64)
}

impl<'a, 'b> Keywords<'a, 'b> {
    fn new(
        compiler: &'a mut Compiler<'b>,
        object: &'a BTreeMap<Rc<str>, Json>,
        place: &'a Place,
        base: Rc<str>,
        draft: Draft,
    ) -> Self {
        let marks = object.keys().fold(0, |marks, key| marks | mark(key));
        Self { compiler, object, marks, place, base, draft }
    }

    fn get(&self, keyword: &str) -> Option<&'a Json> {
        if self.marks & mark(keyword) == 0 { None } else { self.object.get(keyword) }
    }

    fn compile(&mut self, schema: &mut Schema) -> Result<(), String> {
        schema.reference = self.reference("$ref")?;
        // Before 2019 what stands beside a reference is nothing. But keywords that came after the fourth draft
        // are compiled all the same, and `const` even judges.
        if self.draft >= Draft::Draft2019 || schema.reference.is_none() {
            self.applicators(schema)?;
            self.assertions(schema)?;
        }
        if self.draft >= Draft::Draft6 {
            schema.contains = self.schema("contains")?;
            schema.property_names = self.schema("propertyNames")?;
            schema.constant = self.get("const").cloned();
        }
        if self.draft >= Draft::Draft7 {
            schema.condition = self.schema("if")?;
            let answer = self.get("if").and_then(Json::bool);
            if schema.condition.is_some() && answer != Some(false) {
                schema.then = self.schema("then")?;
            }
            if schema.condition.is_some() && answer != Some(true) {
                schema.otherwise = self.schema("else")?;
            }
        }
        if self.draft >= Draft::Draft2019 {
            schema.recursive_reference = self.reference("$recursiveRef")?;
            schema.recursive_anchor = self.flag("$recursiveAnchor");
            if schema.contains.is_some() {
                schema.min_contains = self.whole("minContains");
                schema.max_contains = self.whole("maxContains");
            }
            for (name, value) in self.get("dependentRequired").and_then(Json::object).into_iter().flatten() {
                if let Json::List(list) = value {
                    schema.dependent_required.insert(Rc::clone(name), strings(list));
                }
            }
            schema.dependent_schemas = self.schemas_by_name("dependentSchemas")?;
            schema.unevaluated_items = self.schema("unevaluatedItems")?;
            schema.unevaluated_properties = self.schema("unevaluatedProperties")?;
        }
        if self.draft >= Draft::Draft2020 {
            if let Some(target) = self.reference("$dynamicRef")? {
                let fragment = self.text("$dynamicRef").map_or("", |reference| split(reference).1);
                let anchor = if fragment.starts_with('/') { "" } else { fragment };
                schema.dynamic_reference = Some((target, anchor.to_owned()));
            }
            schema.dynamic_anchor = self.text("$dynamicAnchor").map(ToString::to_string).unwrap_or_default();
            schema.prefix_items = self.schemas("prefixItems")?;
            schema.rest_items = self.schema("items")?;
        }
        Ok(())
    }

    fn applicators(&mut self, schema: &mut Schema) -> Result<(), String> {
        schema.all_of = self.schemas("allOf")?;
        schema.any_of = self.schemas("anyOf")?;
        schema.one_of = self.schemas("oneOf")?;
        schema.not = self.schema("not")?;
        if self.draft < Draft::Draft2020 {
            match self.get("items") {
                Some(Json::List(_)) => {
                    schema.items = Items::Each(self.schemas("items")?);
                    schema.additional_items = self.additional("additionalItems")?;
                }
                Some(_) => {
                    if let Some(items) = self.schema("items")? {
                        schema.items = Items::All(items);
                    }
                }
                None => {}
            }
        }
        schema.properties = self.schemas_by_name("properties")?;
        for (pattern, index) in self.schemas_by_name("patternProperties")? {
            schema.pattern_properties.push((self.regex(&pattern, "patternProperties")?, index));
        }
        schema.additional_properties = self.additional("additionalProperties")?;
        for (name, value) in self.get("dependencies").and_then(Json::object).into_iter().flatten() {
            let dependency = match value {
                Json::List(list) => Dependency::Required(strings(list)),
                _ => Dependency::Schema(self.enqueue(&format!("dependencies/{}", escape(name)))?),
            };
            schema.dependencies.insert(Rc::clone(name), dependency);
        }
        Ok(())
    }

    fn assertions(&mut self, schema: &mut Schema) -> Result<(), String> {
        schema.types = self.get("type").map(Types::parse);
        schema.enumeration = self.get("enum").and_then(Json::list).map(<[Json]>::to_vec);
        self.compiler.budget.spend(schema.enumeration.as_ref().map_or(0, Vec::len))?;
        schema.multiple_of = self.number("multipleOf");
        schema.maximum = self.number("maximum");
        // In the fourth draft, a flag that makes the limit exclusive.
        schema.exclusive_maximum =
            if self.flag("exclusiveMaximum") { schema.maximum.take() } else { self.number("exclusiveMaximum") };
        schema.minimum = self.number("minimum");
        schema.exclusive_minimum =
            if self.flag("exclusiveMinimum") { schema.minimum.take() } else { self.number("exclusiveMinimum") };
        schema.min_length = self.whole("minLength");
        schema.max_length = self.whole("maxLength");
        if let Some(pattern) = self.text("pattern").map(Rc::clone) {
            schema.pattern = Some((self.regex(&pattern, "pattern")?, pattern));
        }
        schema.min_items = self.whole("minItems");
        schema.max_items = self.whole("maxItems");
        schema.unique_items = self.flag("uniqueItems");
        schema.max_properties = self.whole("maxProperties");
        schema.min_properties = self.whole("minProperties");
        schema.required = self.get("required").and_then(Json::list).map(strings).unwrap_or_default();
        // Since 2019 formats are remarks, but in the schemas of schemas.
        if self.draft < Draft::Draft2019 || self.compiler.metaschemas.is_none() {
            schema.format = self.text("format").and_then(|name| formats::by_name(name));
        }
        Ok(())
    }

    fn enqueue(&mut self, pointer: &str) -> Result<Index, String> {
        self.compiler.enqueue(Place::new(&self.place.url, format!("{}/{pointer}", self.place.pointer)))
    }

    fn reference(&mut self, keyword: &str) -> Result<Option<Index>, String> {
        let Some(reference) = self.text(keyword).map(Rc::clone) else { return Ok(None) };
        self.compiler.target(&self.place.url, &self.base, &reference).map(Some)
    }

    fn schema(&mut self, keyword: &str) -> Result<Option<Index>, String> {
        if self.get(keyword).is_none() {
            return Ok(None);
        }
        self.enqueue(keyword).map(Some)
    }

    fn schemas(&mut self, keyword: &str) -> Result<Vec<Index>, String> {
        let count = self.get(keyword).and_then(Json::list).map_or(0, <[Json]>::len);
        (0..count).map(|index| self.enqueue(&format!("{keyword}/{index}"))).collect()
    }

    fn schemas_by_name(&mut self, keyword: &str) -> Result<BTreeMap<Rc<str>, Index>, String> {
        let Some(Json::Object(object)) = self.get(keyword) else { return Ok(BTreeMap::new()) };
        object.keys().map(|name| Ok((Rc::clone(name), self.enqueue(&format!("{keyword}/{}", escape(name)))?))).collect()
    }

    fn additional(&mut self, keyword: &str) -> Result<Option<Additional>, String> {
        match self.get(keyword) {
            Some(Json::Bool(allowed)) => Ok(Some(Additional::Bool(*allowed))),
            _ => Ok(self.schema(keyword)?.map(Additional::Schema)),
        }
    }

    fn regex(&mut self, pattern: &str, keyword: &str) -> Result<Rc<Regex>, String> {
        // Compiling costs more than its length, and at most what the compiler's own limit allows.
        self.compiler.budget.spend(100 + pattern.len() * 10)?;
        regex::compile(pattern).map_err(|error| {
            let place = format!("{}#{}/{}", self.place.url, encode(&self.place.pointer), keyword);
            format!("invalid regex {} at {}: {error}", quote(pattern), quote(&place))
        })
    }

    fn text(&self, keyword: &str) -> Option<&Rc<str>> {
        self.get(keyword)?.text()
    }

    fn flag(&self, keyword: &str) -> bool {
        self.get(keyword).and_then(Json::bool) == Some(true)
    }

    fn number(&self, keyword: &str) -> Option<Number> {
        self.get(keyword)?.number().cloned()
    }

    fn whole(&self, keyword: &str) -> Option<i64> {
        self.get(keyword)?.number()?.to_i64()
    }
}

fn strings(list: &[Json]) -> Vec<Rc<str>> {
    list.iter().filter_map(|item| item.text().map(Rc::clone)).collect()
}
