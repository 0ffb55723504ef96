//! Keywords of objects.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::super::compile::{Additional, Dependency, Schema};
use super::super::draft::Draft;
use super::super::failure::{Failure, Kind, list, single_quoted};
use super::super::json::Json;
use super::{Frame, Unevaluated, Validator, limit, size, validate_by};

impl Validator<'_> {
    pub(super) fn missing(
        &mut self,
        object: &BTreeMap<Rc<str>, Json>,
        required: &[Rc<str>],
    ) -> Result<Vec<Rc<str>>, String> {
        self.budget.spend(required.len())?;
        Ok(required.iter().filter(|name| !object.contains_key(*name)).map(Rc::clone).collect())
    }

    pub(super) fn object(
        &mut self,
        frame: &Frame<'_>,
        schema: &Schema,
        object: &BTreeMap<Rc<str>, Json>,
        unevaluated: &mut Unevaluated,
        failures: &mut Vec<Failure>,
        depth: usize,
    ) -> Result<(), String> {
        let size = size(object.len());
        if let Some(wanted) = schema.min_properties.filter(|wanted| size < *wanted) {
            failures.push(self.failure(frame, || limit("minProperties", size, wanted))?);
        }
        if let Some(wanted) = schema.max_properties.filter(|wanted| size > *wanted) {
            failures.push(self.failure(frame, || limit("maxProperties", size, wanted))?);
        }
        match self.missing(object, &schema.required)?.as_slice() {
            [] => {}
            [name] => failures.push(self.failure(frame, || format!("missing property {}", single_quoted(name)))?),
            names => failures.push(self.failure(frame, || format!("missing properties {}", list(names)))?),
        }
        if frame.brief && !failures.is_empty() {
            return Ok(());
        }
        for (name, dependency) in schema.dependencies.iter().filter(|(name, _)| object.contains_key(*name)) {
            match dependency {
                Dependency::Required(required) => {
                    let missing = self.missing(object, required)?;
                    if !missing.is_empty() {
                        failures.push(self.failure(frame, || depends(name, &missing))?);
                    }
                }
                Dependency::Schema(target) => {
                    failures.extend(self.same(frame, *target, "", false, unevaluated, depth)?.err());
                }
            }
        }
        self.properties(frame, schema, object, unevaluated, failures, depth)?;
        if schema.draft >= Some(Draft::Draft6)
            && let Some(target) = schema.property_names
        {
            for name in object.keys() {
                let value = Json::Str(Rc::clone(name));
                // Judged by itself: where it is found is forgotten.
                let failure = validate_by(self.compiled, target, &value, self.budget, depth + 1)?;
                if let Some(failure) = failure {
                    let kind = Kind::Told(format!("invalid propertyName {}", single_quoted(name)));
                    failures.push(Failure { kind, ..failure });
                }
            }
        }
        for (_, target) in schema.dependent_schemas.iter().filter(|(name, _)| object.contains_key(*name)) {
            failures.extend(self.same(frame, *target, "", false, unevaluated, depth)?.err());
        }
        for (name, required) in schema.dependent_required.iter().filter(|(name, _)| object.contains_key(*name)) {
            let missing = self.missing(object, required)?;
            if !missing.is_empty() {
                failures.push(self.failure(frame, || depends(name, &missing))?);
            }
        }
        Ok(())
    }

    pub(super) fn properties(
        &mut self,
        frame: &Frame<'_>,
        schema: &Schema,
        object: &BTreeMap<Rc<str>, Json>,
        unevaluated: &mut Unevaluated,
        failures: &mut Vec<Failure>,
        depth: usize,
    ) -> Result<(), String> {
        let mut additional = Vec::new();
        for (name, value) in object {
            if frame.brief && !failures.is_empty() {
                return Ok(());
            }
            let mut evaluated = false;
            if let Some(target) = schema.properties.get(name) {
                evaluated = true;
                failures.extend(self.within(frame, *target, value, Rc::clone(name), depth)?.err());
            }
            for (pattern, target) in &schema.pattern_properties {
                self.budget.spend(1 + name.len())?;
                if pattern.is_match(name.as_bytes()) {
                    evaluated = true;
                    failures.extend(self.within(frame, *target, value, Rc::clone(name), depth)?.err());
                }
            }
            if !evaluated && let Some(rest) = schema.additional_properties {
                evaluated = true;
                match rest {
                    Additional::Bool(true) => {}
                    Additional::Bool(false) => additional.push(Rc::clone(name)),
                    Additional::Schema(target) => {
                        failures.extend(self.within(frame, target, value, Rc::clone(name), depth)?.err());
                    }
                }
            }
            if evaluated {
                unevaluated.properties.remove(name);
            }
        }
        if !additional.is_empty() {
            let told = || format!("additional properties {} not allowed", list(&additional));
            failures.push(self.failure(frame, told)?);
        }
        Ok(())
    }
}

fn depends(name: &str, missing: &[Rc<str>]) -> String {
    format!("properties {} required, if {} exists", list(missing), single_quoted(name))
}
