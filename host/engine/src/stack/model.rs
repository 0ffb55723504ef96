//! What a stack file says, after parsing and before anything is evaluated.

use std::collections::BTreeMap;

use crate::capability::Allow;
use crate::diagnostic::Span;
use crate::document::Document;
use crate::expr::Template;
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

/// A credential: what it is, and the hosts it may be sent to.
#[derive(Clone, Debug)]
pub struct CredentialDecl {
    /// What it is.
    pub given: Given,
    /// Host names; nothing else ever receives it. `*.` before one is any one label, `**.` any number.
    pub hosts: Vec<String>,
    /// Where it stands.
    pub span: Span,
}

/// What a credential is.
#[derive(Clone, Debug)]
pub enum Given {
    /// A text: evaluates to a secret.
    Value(Template),
    /// Keys of AWS.
    Aws(AwsDecl),
}

/// Whose keys sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer {
    /// Amazon's.
    Aws,
    /// DigitalOcean's Spaces, whose buckets speak S3's language.
    Spaces,
}

/// Keys of AWS or of Spaces, or where to find them. What is absent is found as their own programs find it.
#[derive(Clone, Debug)]
pub struct AwsDecl {
    /// Whose keys they are.
    pub signer: Signer,
    /// A profile of the operator's own configuration.
    pub profile: Option<Template>,
    /// The region of services whose host names none.
    pub region: Option<Template>,
    /// Where calls go instead of AWS.
    pub endpoint: Option<Template>,
    /// The keys themselves.
    pub access_key: Option<AccessKey>,
}

/// An access key of AWS.
#[derive(Clone, Debug)]
pub struct AccessKey {
    /// Its id.
    pub id: Template,
    /// Its secret.
    pub secret: Template,
    /// The token of a session.
    pub session_token: Option<Template>,
}

impl CredentialDecl {
    /// Everything in it that is evaluated.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        let (value, aws) = match &self.given {
            Given::Value(value) => (Some(value), None),
            Given::Aws(aws) => (None, Some(aws)),
        };
        let parts = aws.into_iter().flat_map(|aws| {
            let key = aws.access_key.as_ref().map(|key| [Some(&key.id), Some(&key.secret), key.session_token.as_ref()]);
            [aws.profile.as_ref(), aws.region.as_ref(), aws.endpoint.as_ref()]
                .into_iter()
                .chain(key.into_iter().flatten())
                .flatten()
        });
        value.into_iter().chain(parts)
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
    /// What the operator turns on beside it, and where it is said.
    pub allow: Option<(Allow, Span)>,
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
