//! Templates within templates: `template`, `include` and `tpl`, and the chain of them that errors tell.

use std::rc::Rc;

use bstr::ByteSlice;

use super::evaluator::{Evaluator, NO_VALUE, without_no_value};
use super::{Flow, Frame, Origin, Run, Stop};
use crate::format::quote::quote;
use crate::function::Failure;
use crate::template::access::Cell;
use crate::template::code::Template;
use crate::template::error::ExecError;
use crate::template::node::Id;
use crate::template::set::{Layer, ROOT};
use crate::value::{Str, Value};

/// How often one name may be included within itself: Helm's own number.
const MAX_INCLUDES: u32 = 1000;

/// How deep templates may be nested by `template`, `include` and `tpl` together: Go's own number for `template`.
/// A level takes a few hundred bytes of memory, and nothing of the stack.
const MAX_DEPTH: usize = 100_000;

/// How long the chain of calls in an error may become before its middle is left out: a thousand includes fit.
const MAX_CHAIN: usize = 1 << 20;

/// What a byte of a text that is parsed counts, against one for a byte that is made: about as much as it takes longer.
const PARSED_BYTE: usize = 16;

/// Go's words for a name that no template has.
pub(super) fn missing(name: &[u8]) -> String {
    format!("template: no template {} associated with template \"{ROOT}\"", quote(name).as_bstr())
}

impl Run {
    pub(super) fn enter(&mut self, template: Rc<Template>, layer: Option<Rc<Layer>>, origin: Origin, dot: Value) {
        let dot = Cell::known(dot);
        let outer = (std::mem::replace(&mut self.dot, dot.clone()), self.at);
        self.frames.push(Frame { template, layer, next: 0, origin, variables: self.variables.len(), outer });
        self.variables.push((Str::from("$"), dot));
    }

    pub(super) fn check_depth(&self) -> Result<(), String> {
        if self.frames.len() > MAX_DEPTH {
            return Err(format!("exceeded maximum template depth ({MAX_DEPTH})"));
        }
        Ok(())
    }

    pub(super) fn find(&self, evaluator: &Evaluator<'_>, name: &Str) -> Result<Rc<Template>, String> {
        let layer = self.frames.last().and_then(|frame| frame.layer.as_ref());
        let found = evaluator.templates.find(layer, name);
        found.ok_or_else(|| format!("template {} not defined", quote(name).as_bstr()))
    }

    pub(super) fn include(&mut self, evaluator: &mut Evaluator<'_>, node: Id) -> Result<Flow, Stop> {
        let dot = self.pop();
        let calling = |failure: String| Stop::Calling(Str::from("include"), node, Failure::Error(failure));
        // The name was held against a parameter for strings.
        let Value::Str(name) = self.pop() else { return Err(calling(String::new())) };
        let active = evaluator.included.get(&name).copied().unwrap_or(0);
        if active > MAX_INCLUDES {
            return Err(calling(format!(
                "rendering template has a nested reference name: {name}: unable to execute template"
            )));
        }
        let layer = self.frames.last().and_then(|frame| frame.layer.clone());
        let found = evaluator.templates.find(layer.as_ref(), &name).ok_or_else(|| calling(missing(&name)))?;
        self.check_depth().map_err(calling)?;
        evaluator.included.insert(name.clone(), active + 1);
        self.enter(found, layer, Origin::Include(name, node, self.out.len()), dot);
        Ok(Flow::Switch)
    }

    pub(super) fn tpl(&mut self, evaluator: &mut Evaluator<'_>, node: Id) -> Result<Flow, Stop> {
        let dot = self.pop();
        let calling = |failure: String| Stop::Calling(Str::from("tpl"), node, Failure::Error(failure));
        // The text was held against a parameter for strings.
        let Value::Str(text) = self.pop() else { return Err(calling(String::new())) };
        let cost = if evaluator.templates.knows(&text) { 1 } else { PARSED_BYTE };
        evaluator.count(text.len().saturating_mul(cost)).map_err(calling)?;
        self.check_depth().map_err(calling)?;
        let parsed = evaluator
            .templates
            .text(&text)
            .map_err(|error| calling(format!("cannot parse template {}: {error}", quote(&text).as_bstr())))?;
        let layer = self.frames.last().and_then(|frame| frame.layer.as_ref());
        let layer = evaluator.templates.above(layer, &parsed);
        self.enter(Rc::clone(&parsed.main), Some(layer), Origin::Tpl(text, node, self.out.len()), dot);
        Ok(Flow::Switch)
    }

    /// Ends the template at hand and gives its caller what it made.
    pub(super) fn leave(&mut self, evaluator: &mut Evaluator<'_>) -> Result<Flow, Stop> {
        let Some(frame) = self.frames.pop() else { return Ok(Flow::Done) };
        self.variables.truncate(frame.variables);
        (self.dot, self.at) = frame.outer;
        match frame.origin {
            Origin::Root => return Ok(Flow::Done),
            Origin::Invocation => {}
            Origin::Include(name, _, start) => {
                if let Some(active) = evaluator.included.get_mut(&name) {
                    *active = active.saturating_sub(1);
                }
                let text = Str::from(self.out.get(start..).unwrap_or_default());
                self.out.truncate(start);
                evaluator.count(text.len())?;
                self.push(Value::Str(text));
            }
            Origin::Tpl(_, _, start) => {
                let text = self.out.get(start..).unwrap_or_default();
                let text = if text.find(NO_VALUE).is_none() {
                    Str::from(text)
                } else {
                    Str::from(without_no_value(text.to_vec()))
                };
                self.out.truncate(start);
                evaluator.count(text.len())?;
                self.push(Value::Str(text));
            }
        }
        Ok(Flow::Switch)
    }

    /// Lays out an error with the chain of calls that led to it.
    pub(super) fn error(&self, stop: Stop) -> ExecError {
        let mut message = String::new();
        let mut causes = Vec::new();
        let at = |message: &mut String, frame: &Frame, node: Id| {
            let Template { name, source, .. } = &*frame.template;
            let (location, printed) = (source.location(node), source.print(node));
            message.push_str(&format!("template: {location}: executing {} at <{printed}>: ", quote(name).as_bstr()));
        };
        for pair in self.frames.windows(2) {
            let [caller, frame] = pair else { continue };
            if message.len() > MAX_CHAIN {
                break;
            }
            match &frame.origin {
                Origin::Root | Origin::Invocation => {}
                Origin::Include(_, node, _) => {
                    at(&mut message, caller, *node);
                    message.push_str("error calling include: ");
                    causes.push(message.len());
                }
                Origin::Tpl(text, node, _) => {
                    at(&mut message, caller, *node);
                    message.push_str("error calling tpl: ");
                    causes.push(message.len());
                    let text = quote(text);
                    message.push_str(&format!("error during tpl function execution for {}: ", text.as_bstr()));
                    causes.push(message.len());
                }
            }
        }
        let Some(frame) = self.frames.last() else { return ExecError { message, causes } };
        match stop {
            Stop::At(text) => {
                at(&mut message, frame, self.at);
                message.push_str(&text);
            }
            Stop::Calling(name, node, failure) => {
                at(&mut message, frame, node);
                message.push_str(&format!("error calling {name}: "));
                causes.push(message.len());
                match failure {
                    Failure::Error(text) => message.push_str(&text),
                    Failure::Nested(nested) => {
                        causes.extend(nested.causes.iter().map(|start| start + message.len()));
                        message.push_str(&nested.message);
                    }
                }
            }
        }
        ExecError { message, causes }
    }
}
