//! Evaluates the templates of a set for one rendering, and is what functions may ask of the world.

use std::collections::HashMap;
use std::rc::Rc;

use bstr::ByteSlice;

use super::nesting::missing;
use super::{Flow, Origin, Run};
use crate::context::Context;
use crate::function::Failure;
use crate::memory;
use crate::template::code::Template;
use crate::template::error::ExecError;
use crate::template::set::{Layer, Templates};
use crate::value::{Str, Value};

/// How deep functions may evaluate templates on their own; this does take of the stack.
const MAX_NESTED_RUNS: usize = 8;

/// How much is counted before memory is looked at again.
const LOOK: usize = 64 << 10;

/// What Go prints for nothing; Helm removes it again.
pub(super) const NO_VALUE: &[u8] = b"<no value>";

/// What is outside of a rendering.
pub trait World {
    /// Objects of the cluster, as a map; an empty one where nothing is found, or no cluster may be asked.
    ///
    /// # Errors
    /// What the cluster refused.
    fn lookup(&mut self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Result<Value, Failure>;

    /// Random bytes.
    ///
    /// # Errors
    /// Where there are none to be had.
    fn random(&mut self, bytes: &mut [u8]) -> Result<(), Failure>;

    /// The time: seconds since 1970 (UTC), and nanoseconds of the second.
    ///
    /// # Errors
    /// Where there is no clock.
    fn now(&mut self) -> Result<(i64, u32), Failure>;
}

/// How much a rendering may take before it is given up.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes made, and steps taken at sixteen bytes each.
    pub work: u64,
    /// Bytes of one template's output.
    pub output: usize,
}

impl Default for Limits {
    /// A chart of hundreds of templates takes some millions, and its release has to fit into a Secret of a mebibyte;
    /// half a thousand million are a few seconds.
    fn default() -> Self {
        Self { work: 500_000_000, output: 64 << 20 }
    }
}

/// Evaluates the templates of a set, with limits that count for all of them together.
pub struct Evaluator<'a> {
    pub(super) templates: &'a Templates,
    world: &'a mut dyn World,
    pub(super) limits: Limits,
    spent: u64,
    /// Of that, what was counted since memory was looked at.
    unseen: usize,
    /// How often each name is being included at the moment.
    pub(super) included: HashMap<Str, u32>,
    regexes: crate::functions::regex::Cache,
    nested: usize,
}

impl<'a> Evaluator<'a> {
    /// Evaluates what is in `templates`.
    pub fn new(templates: &'a Templates, world: &'a mut dyn World, limits: Limits) -> Self {
        let regexes = crate::functions::regex::Cache::default();
        Self { templates, world, limits, spent: 0, unseen: 0, included: HashMap::new(), regexes, nested: 0 }
    }

    /// Evaluates one template, with `dot` as its dot and `$`. What Go prints for nothing is still in the output: Helm
    /// removes it with [`without_no_value`].
    ///
    /// # Errors
    /// Where evaluation fails or exceeds a limit.
    pub fn execute(&mut self, name: &str, dot: Value) -> Result<Vec<u8>, Box<ExecError>> {
        let Some(template) = self.templates.find(None, name.as_bytes()) else {
            return Err(Box::new(ExecError::plain(missing(name.as_bytes()))));
        };
        self.included.clear();
        self.run(template, None, dot)
    }

    fn run(&mut self, template: Rc<Template>, layer: Option<Rc<Layer>>, dot: Value) -> Result<Vec<u8>, Box<ExecError>> {
        let mut run = Run::default();
        run.enter(template, layer, Origin::Root, dot);
        loop {
            match run.steps(self) {
                Ok(Flow::Switch) => {}
                Ok(Flow::Done) => return Ok(run.out),
                Err(stop) => return Err(Box::new(run.error(stop))),
            }
        }
    }

    /// Counts work.
    pub(super) fn count(&mut self, amount: usize) -> Result<(), String> {
        self.spent = self.spent.saturating_add(amount as u64);
        if self.spent > self.limits.work {
            return Err(format!("the rendering takes more work than {} bytes", self.limits.work));
        }
        self.unseen = self.unseen.saturating_add(amount);
        if self.unseen >= LOOK {
            self.unseen = 0;
            // What grows is there twice for a moment.
            return memory::check(amount.saturating_mul(2));
        }
        Ok(())
    }

    fn nested(&mut self, run: impl FnOnce(&mut Self) -> Result<Vec<u8>, Box<ExecError>>) -> Result<Vec<u8>, Failure> {
        if self.nested >= MAX_NESTED_RUNS {
            return Err(format!("exceeded maximum template depth ({MAX_NESTED_RUNS})").into());
        }
        self.nested += 1;
        let result = run(self);
        self.nested -= 1;
        result.map_err(Failure::Nested)
    }
}

/// Removes what Go prints for nothing, as Helm does from what a file or a `tpl` makes.
pub fn without_no_value(text: Vec<u8>) -> Vec<u8> {
    if text.find(NO_VALUE).is_none() { text } else { text.replace(NO_VALUE, b"") }
}

impl Context for Evaluator<'_> {
    fn include(&mut self, name: &str, data: Value) -> Result<Vec<u8>, Failure> {
        let Some(template) = self.templates.find(None, name.as_bytes()) else {
            return Err(missing(name.as_bytes()).into());
        };
        self.nested(|evaluator| evaluator.run(template, None, data))
    }

    fn tpl(&mut self, text: &str, data: Value) -> Result<Vec<u8>, Failure> {
        let text = self.templates.text(&Str::from(text)).map_err(|error| error.to_string())?;
        let layer = self.templates.above(None, &text);
        let out = self.nested(|evaluator| evaluator.run(Rc::clone(&text.main), Some(layer), data))?;
        Ok(without_no_value(out))
    }

    fn lookup(&mut self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Result<Value, Failure> {
        self.world.lookup(api_version, kind, namespace, name)
    }

    fn random(&mut self, bytes: &mut [u8]) -> Result<(), Failure> {
        self.world.random(bytes)
    }

    fn now(&mut self) -> Result<(i64, u32), Failure> {
        self.world.now()
    }

    fn spend(&mut self, amount: usize) -> Result<(), Failure> {
        Ok(self.count(amount)?)
    }

    fn regexes(&mut self) -> &mut crate::functions::regex::Cache {
        &mut self.regexes
    }
}
