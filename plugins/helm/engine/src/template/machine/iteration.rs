//! `range` and `with`: what changes dot.

use bstr::ByteSlice;

use super::{Loop, Run, Stop};
use crate::format;
use crate::template::access::{Cell, Item, Items};
use crate::template::code::Binding;
use crate::value::Value;

impl Run {
    /// Makes a value dot until the scope ends.
    pub(super) fn set_dot(&mut self, dot: Cell) {
        let outer = std::mem::replace(&mut self.dot, dot);
        if let Some(scope) = self.scopes.last_mut()
            && scope.dot.is_none()
        {
            scope.dot = Some(outer);
        }
    }

    /// Begins a `range`; false where there is nothing to go through.
    pub(super) fn range(&mut self, value: &Value, binding: &Binding) -> Result<bool, Stop> {
        let printed = |value| -> Result<String, String> {
            Ok(format::print(value).map_err(|error| error.to_string())?.to_str_lossy().into_owned())
        };
        let items = match Items::of(value) {
            Ok(items) => items,
            Err(()) => return Err(format!("range can't iterate over {}", printed(value)?).into()),
        };
        let two = matches!(binding, Binding::Declared(2) | Binding::Assigned(Some(_), _));
        if two && matches!(value, Value::Int(..) | Value::Uint(_)) {
            return Err(format!("can't use {} to iterate over more than one variable", printed(value)?).into());
        }
        let Some(items) = items else { return Ok(false) };
        if let Some(scope) = self.scopes.last_mut() {
            scope.items = Some(Loop { items, binding: binding.clone(), variables: self.variables.len() });
        }
        Ok(true)
    }

    /// The next iteration; false at the end.
    pub(super) fn next_item(&mut self, base: usize) -> Result<bool, Stop> {
        let Some(around) = self.scopes.last_mut().and_then(|scope| scope.items.as_mut()) else { return Ok(false) };
        self.variables.truncate(around.variables);
        let Some(Item { index, element }) = around.items.next() else { return Ok(false) };
        let top = around.variables;
        let binding = around.binding.clone();
        match binding {
            Binding::Declared(count) => {
                for (below, cell) in [(1, element.clone()), (2, Cell::known(index))].into_iter().take(count.into()) {
                    if let Some(variable) = top.checked_sub(below).and_then(|at| self.variables.get_mut(at)) {
                        variable.1 = cell;
                    }
                }
            }
            Binding::Assigned(None, name) => self.assign(base, &name, element.clone())?,
            Binding::Assigned(Some(first), second) => {
                self.assign(base, &first, Cell::known(index))?;
                self.assign(base, &second, element.clone())?;
            }
        }
        self.set_dot(element);
        Ok(true)
    }
}
