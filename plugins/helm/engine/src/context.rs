//! What a function of a template may ask for beyond its arguments. Nothing else reaches outside.

use crate::function::Failure;
use crate::value::Value;

/// The world of a rendering: the evaluator implements it for functions, over what its caller brought.
pub trait Context {
    /// Evaluates a named template with `data` as its dot; `include`.
    ///
    /// # Errors
    /// An unknown name, a failure inside it, or a nesting that is too deep.
    fn include(&mut self, name: &str, data: Value) -> Result<Vec<u8>, Failure>;

    /// Evaluates `text` as a template with `data` as its dot; `tpl`.
    ///
    /// # Errors
    /// What does not parse, or fails.
    fn tpl(&mut self, text: &str, data: Value) -> Result<Vec<u8>, Failure>;

    /// Objects of the cluster; `lookup`. An empty map where nothing is found, or no cluster may be asked.
    ///
    /// # Errors
    /// What the cluster refused.
    fn lookup(&mut self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Result<Value, Failure>;

    /// Random bytes, for keys, passwords and `uuidv4`.
    ///
    /// # Errors
    /// Where the caller brought none.
    fn random(&mut self, bytes: &mut [u8]) -> Result<(), Failure>;

    /// The time: seconds since 1970 (UTC), and nanoseconds of the second.
    ///
    /// # Errors
    /// Where the caller brought no clock.
    fn now(&mut self) -> Result<(i64, u32), Failure>;

    /// Counts work against the rendering's budget before it is done, in bytes that will be made or steps that
    /// will be taken, so that a loop or a repeated string ends in a diagnostic and not in exhaustion.
    ///
    /// # Errors
    /// When the budget is spent.
    fn spend(&mut self, amount: usize) -> Result<(), Failure>;

    /// The regular expressions compiled so far in this rendering.
    fn regexes(&mut self) -> &mut crate::functions::regex::Cache;
}
