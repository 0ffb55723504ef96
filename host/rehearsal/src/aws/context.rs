//! What an operation works with: one request, one moment, one caller, one transaction.

use http::StatusCode;

use super::account::Account;
use super::caller::Caller;
use super::policy::{Decision, Guard, Wanted};
use super::protocol::Protocol;
use super::realm::Realm;
use super::refusal::Refusal;
use super::sigv4::Verified;
use super::xml::Element;
use crate::clock::Now;
use crate::service::{Answer, Call};
use crate::store::Transaction;

/// One authentic request.
pub(super) struct Context<'c, 't> {
    pub(super) call: &'c Call,
    /// The values of the route's placeholders, in order.
    pub(super) parameters: Vec<String>,
    pub(super) now: Now,
    pub(super) transaction: &'c mut Transaction<'t>,
    pub(super) account: &'c Account,
    pub(super) caller: Caller,
    pub(super) region: String,
    pub(super) request_id: String,
    pub(super) verified: Verified,
    pub(super) protocol: Protocol,
    /// Whose buckets S3's operations are about.
    pub(super) realm: Realm,
}

impl Context<'_, '_> {
    /// The value of the route's n-th placeholder.
    pub(super) fn parameter(&self, n: usize) -> &str {
        self.parameters.get(n).map_or("", String::as_str)
    }

    /// Goes on only if the caller's policies allow the action on the resource.
    pub(super) fn allow(&self, action: &str, resource: Option<&str>) -> Result<(), Refusal> {
        self.allow_with(action, resource, Vec::new())
    }

    /// The same, with the condition keys of this action.
    pub(super) fn allow_with(
        &self,
        action: &str,
        resource: Option<&str>,
        keys: Vec<(&str, Vec<String>)>,
    ) -> Result<(), Refusal> {
        self.allow_on(action, resource, keys, None)
    }

    /// The same, on a resource with a policy of its own.
    pub(super) fn allow_on(
        &self,
        action: &str,
        resource: Option<&str>,
        keys: Vec<(&str, Vec<String>)>,
        guard: Option<&Guard>,
    ) -> Result<(), Refusal> {
        let mut context = self.caller.context(self.account, &self.region);
        context.extend(keys.into_iter().map(|(key, values)| (key.to_ascii_lowercase(), values)));
        match self.caller.decide(self.transaction, guard, &Wanted { action, resource, context })? {
            Decision::Allowed => Ok(()),
            // Nothing more is told there.
            Decision::Denied(_) if self.realm == Realm::Spaces => {
                Err(Refusal::forbidden("AccessDenied", "Access Denied."))
            }
            Decision::Denied(reason) => {
                let on = match (resource, self.protocol) {
                    (None, _) => String::new(),
                    (Some(resource), Protocol::S3) => format!(" on resource: \"{resource}\""),
                    (Some(resource), _) => format!(" on resource: {resource}"),
                };
                let caller = self.caller.arn(self.account);
                let reason = reason.text(action);
                let message = format!("User: {caller} is not authorized to perform: {action}{on} {reason}");
                Err(self.protocol.unauthorised(message))
            }
        }
    }

    /// The ARN of something of this account: `arn:aws:service:region:account:rest`.
    pub(super) fn arn(&self, service: &str, rest: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{rest}", self.region, self.account.id)
    }

    /// The XML answer of a query operation, with its result and metadata.
    pub(super) fn query(&self, operation: &str, namespace: &'static str, result: Option<Element>) -> Answer {
        let mut root = Element::new(format!("{operation}Response")).within(namespace);
        if let Some(result) = result {
            root = root.with(result);
        }
        let metadata = Element::new("ResponseMetadata").with_text("RequestId", &self.request_id);
        Answer::of(StatusCode::OK, "text/xml", root.with(metadata).document())
    }
}
