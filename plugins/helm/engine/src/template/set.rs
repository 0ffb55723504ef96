//! A chart's templates by name: files and definitions together, of which later ones replace earlier ones.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use super::code::Template;
use super::compiler::Functions;
use super::error::{ExecError, ParseError};
use super::machine::{Evaluator, Limits, World};
use super::parser;
use crate::value::{Str, Value};

/// The name of the root of a set, which is nobody's template, and of the text of every `tpl`.
pub(super) const ROOT: &str = "gotpl";

/// All templates that can name each other.
pub struct Templates {
    functions: Functions,
    by_name: HashMap<Str, Rc<Template>>,
    /// A missing key is an error, rather than nothing.
    strict: bool,
    /// Texts of `tpl` that were read already: charts evaluate the same ones again and again.
    texts: RefCell<Texts>,
}

/// How many bytes of texts are kept parsed, which takes some fifty times as much.
const MAX_TEXTS: usize = 1 << 20;

/// Parsed texts of `tpl`.
#[derive(Default)]
struct Texts {
    by_text: HashMap<Str, Rc<Text>>,
    bytes: usize,
}

impl fmt::Debug for Templates {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.by_name.keys()).finish()
    }
}

/// What a text defines, itself first.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) main: Rc<Template>,
    pub(super) definitions: Vec<Rc<Template>>,
}

/// The templates that a `tpl` sees: those of the chart, and what the texts around it define.
#[derive(Debug)]
pub(super) struct Layer {
    own: Vec<Rc<Template>>,
    below: Option<Rc<Layer>>,
}

impl Drop for Layer {
    /// Drops a chain of layers one by one: a `tpl` within a `tpl` within a `tpl` makes a long one.
    fn drop(&mut self) {
        let mut next = self.below.take();
        while let Some(mut layer) = next.and_then(|layer| Rc::try_unwrap(layer).ok()) {
            next = layer.below.take();
        }
    }
}

impl Default for Templates {
    fn default() -> Self {
        Self::new()
    }
}

impl Templates {
    /// No templates yet. A key that is missing is nothing.
    pub fn new() -> Self {
        let functions = crate::functions::by_name();
        Self { functions, by_name: HashMap::new(), strict: false, texts: RefCell::default() }
    }

    /// The same, but a key that is missing is an error: Helm's `--strict`.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    pub(super) fn is_strict(&self) -> bool {
        self.strict
    }

    /// Reads a file and adds it under its name, with what it defines. What is there under a name is replaced, unless
    /// by nothing but space.
    ///
    /// # Errors
    /// What Go finds wrong with the text.
    pub fn add(&mut self, name: &str, text: &[u8]) -> Result<(), ParseError> {
        let parsed = self.parse(&Str::from(name), &Str::from(text))?;
        for template in parsed.definitions {
            if !template.empty || !self.by_name.contains_key(&template.name) {
                self.by_name.insert(template.name.clone(), template);
            }
        }
        Ok(())
    }

    /// Whether there is a template of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.by_name.contains_key(name.as_bytes())
    }

    /// Evaluates one template with limits of its own; an [`Evaluator`] shares them among several.
    ///
    /// # Errors
    /// Where evaluation fails or exceeds a limit.
    pub fn execute(
        &self,
        name: &str,
        dot: Value,
        world: &mut dyn World,
        limits: Limits,
    ) -> Result<Vec<u8>, Box<ExecError>> {
        Evaluator::new(self, world, limits).execute(name, dot)
    }

    fn parse(&self, name: &Str, text: &Str) -> Result<Text, ParseError> {
        let (source, definitions) = parser::parse(name, text, &self.functions).map_err(|error| *error)?;
        let source = Rc::new(source);
        let definitions: Vec<_> = definitions
            .into_iter()
            .map(|definition| {
                Rc::new(Template {
                    name: definition.name,
                    source: Rc::clone(&source),
                    steps: definition.steps,
                    empty: definition.empty,
                })
            })
            .collect();
        // The text itself is always among what it defines.
        let main = definitions.iter().find(|template| template.name == *name).map(Rc::clone);
        let main = main.ok_or_else(|| ParseError { name: name.to_string(), line: 1, message: String::new() })?;
        Ok(Text { main, definitions })
    }

    /// Whether the text of a `tpl` was read already.
    pub(super) fn knows(&self, text: &Str) -> bool {
        self.texts.borrow().by_text.contains_key(text)
    }

    /// The text of a `tpl`, read once.
    pub(super) fn text(&self, text: &Str) -> Result<Rc<Text>, ParseError> {
        if let Some(known) = self.texts.borrow().by_text.get(text) {
            return Ok(Rc::clone(known));
        }
        let parsed = Rc::new(self.parse(&Str::from(ROOT), text)?);
        let mut texts = self.texts.borrow_mut();
        texts.bytes += text.len();
        if texts.bytes > MAX_TEXTS {
            texts.by_text.clear();
            texts.bytes = text.len();
        }
        texts.by_text.insert(text.clone(), Rc::clone(&parsed));
        Ok(parsed)
    }

    /// The template that a name means in a layer, or in the chart.
    pub(super) fn find(&self, layer: Option<&Rc<Layer>>, name: &[u8]) -> Option<Rc<Template>> {
        let mut layer = layer;
        while let Some(here) = layer {
            if let Some(template) = here.own.iter().rev().find(|template| **template.name == *name) {
                return Some(Rc::clone(template));
            }
            layer = here.below.as_ref();
        }
        self.by_name.get(name).map(Rc::clone)
    }

    /// What a `tpl` of `text` sees from within a layer.
    pub(super) fn above(&self, below: Option<&Rc<Layer>>, text: &Text) -> Rc<Layer> {
        let own = text
            .definitions
            .iter()
            .filter(|template| !template.empty || self.find(below, &template.name).is_none())
            .map(Rc::clone)
            .collect();
        Rc::new(Layer { own, below: below.map(Rc::clone) })
    }
}
