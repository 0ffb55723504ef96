//! What a stack file says, after parsing and before anything is evaluated.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Span};
use crate::document::Document;
use crate::expr::{Scope, Template};
use crate::name::{Address, KindName, PluginName};
use crate::value::Value;

/// A whole stack: the file, its includes and its overlay, with `each` and `when` already unfolded.
#[derive(Clone, Debug)]
pub struct Stack {
    /// `stack:`.
    pub name: String,
    /// The overlay chosen with `-e`; state refuses another one's.
    pub environment: Option<String>,
    /// Evaluated inputs; secret ones are [`Value::Secret`].
    pub inputs: BTreeMap<String, Value>,
    /// `state:`.
    pub state: StateSettings,
    /// `secrets:`.
    pub secrets: SecretSettings,
    /// `credentials:`, by name.
    pub credentials: BTreeMap<String, CredentialDecl>,
    /// `plugins:`, by name.
    pub plugins: BTreeMap<PluginName, PluginDecl>,
    /// `resources:`, by address, `each` unfolded.
    pub resources: BTreeMap<Address, ResourceDecl>,
    /// `outputs:`, by name.
    pub outputs: BTreeMap<String, Template>,
    /// `checks:`.
    pub checks: Vec<CheckDecl>,
    /// `moved:`, from old address to new.
    pub moved: Vec<(Address, Address, Span)>,
    /// `removed:`: forget these without deleting them.
    pub removed: Vec<(Address, Span)>,
}

/// `state:`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateSettings {
    /// `file` (the default) or a URL.
    pub store: Option<String>,
}

/// `secrets:`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretSettings {
    /// `key-file` (the default), `passphrase` or `awskms://…`.
    pub key: Option<String>,
}

/// A credential: its value, and the hosts it may be sent to.
#[derive(Clone, Debug)]
pub struct CredentialDecl {
    /// Evaluates to a secret.
    pub value: Template,
    /// Host names; nothing else ever receives it.
    pub hosts: Vec<String>,
    /// Where it stands.
    pub span: Span,
}

impl CredentialDecl {
    /// Its value, secret whatever it was made of.
    ///
    /// # Errors
    /// A diagnostic at the expression that failed.
    #[allow(clippy::result_large_err)] // As `Template::evaluate`.
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<Value, Diagnostic> {
        self.value.evaluate(scope).map(Value::secret)
    }
}

/// A plugin in use.
#[derive(Clone, Debug)]
pub struct PluginDecl {
    /// `doks`, a path, or `oci://…@sha256:…`.
    pub source: String,
    /// Its configuration; may refer to resources.
    pub config: Template,
    /// The manifest's credential name to the stack's.
    pub credentials: BTreeMap<String, String>,
    /// What the operator grants; none means all that is declared.
    pub grant: Option<Document>,
    /// Where it stands.
    pub span: Span,
}

/// A resource, `each` unfolded.
#[derive(Clone, Debug)]
pub struct ResourceDecl {
    /// Its address.
    pub address: Address,
    /// Its kind.
    pub kind: KindName,
    /// Its inputs.
    pub with: Template,
    /// Everything it waits for: what its inputs and its plugin's config refer to, and `depends_on`.
    pub depends_on: Vec<Address>,
    /// `options:`.
    pub options: Options,
    /// Where it stands.
    pub span: Span,
    /// Where its `type` stands.
    pub kind_span: Span,
}

/// `options:`
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `depends_on:`, each with where it is said.
    pub depends_on: Vec<(Address, Span)>,
    /// Refuse to delete or replace it.
    pub protect: bool,
    /// Forget it instead of deleting it.
    pub retain: bool,
    /// Input paths whose changes are not acted upon.
    pub ignore_changes: Vec<String>,
    /// Input paths whose changes replace it.
    pub replace_on_changes: Vec<String>,
    /// Delete the old one before the new one is made; none leaves it to the kind.
    pub delete_before_replace: Option<bool>,
    /// Milliseconds, for `create`, `update`, `delete`.
    pub timeouts: BTreeMap<String, u64>,
    /// Take over the object with this id instead of making one.
    pub import: Option<String>,
}

/// `checks:`
#[derive(Clone, Debug)]
pub struct CheckDecl {
    /// Must be true after the run.
    pub assert: Template,
    /// Said when it is not.
    pub message: String,
    /// Where it stands.
    pub span: Span,
}
