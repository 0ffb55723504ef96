//! Conditions, of which one side may be unknown, secret or a failure.

use super::eval::marked;
use super::fault::Fault;
use crate::value::Value;

/// What a condition says.
#[derive(Clone, Copy)]
pub(super) enum Truth {
    Known { truth: bool, secret: bool },
    Unknown,
}

/// A running `&&` or `||`. The deciding value wins over an unknown, and that over a failure.
pub(super) struct Junction {
    decisive: bool,
    decided: Option<bool>,
    secret: bool,
    unknown: bool,
    fault: Option<Fault>,
}

impl Junction {
    pub(super) fn new(decisive: bool) -> Self {
        Self { decisive, decided: None, secret: false, unknown: false, fault: None }
    }

    /// Takes one side; true once it is decided.
    pub(super) fn take(&mut self, side: Result<Truth, Fault>) -> bool {
        match side {
            Ok(Truth::Known { truth, secret }) if truth == self.decisive => {
                // Whether an earlier secret side decided is told by the result as well.
                self.decided = Some(self.secret || secret);
                return true;
            }
            Ok(Truth::Known { secret, .. }) => self.secret |= secret,
            Ok(Truth::Unknown) => self.unknown = true,
            // A spent budget is the end, and no other side may hide it.
            Err(fault) if fault.is_final() => {
                self.fault = Some(fault);
                self.decided = None;
                self.unknown = false;
                return true;
            }
            Err(fault) => {
                self.fault.get_or_insert(fault);
            }
        }
        false
    }

    pub(super) fn result(self) -> Result<Value, Fault> {
        match (self.decided, self.fault) {
            (Some(secret), _) => Ok(marked(Value::Bool(self.decisive), secret)),
            (None, Some(fault)) => Err(fault),
            (None, None) if self.unknown => Ok(Value::Unknown),
            (None, None) => Ok(marked(Value::Bool(!self.decisive), self.secret)),
        }
    }
}
