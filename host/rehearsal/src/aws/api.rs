//! One service of AWS on the wire: signature, caller, limit, operation, and the headers of every answer.

use std::sync::{Arc, Mutex};

use http::Method;

use super::account::{Account, LastUse};
use super::caller::{Caller, Unknown};
use super::context::Context;
use super::protocol::Protocol;
use super::rate::Rate;
use super::realm::Realm;
use super::refusal::{Refusal, with_header};
use super::regions;
use super::sigv4::{Denied, Signature, Style};
use super::{Handler, s3, spaces};
use crate::clock::Now;
use crate::entropy;
use crate::routes::{self, Effect, Found, Route};
use crate::server::lock;
use crate::service::{Answer, Call, Service, Trouble};
use crate::store::Transaction;

/// The largest body of S3 that is taken; larger objects come in parts.
const S3_BODY_BYTES: usize = 32 << 20;
/// The largest body of the others.
const BODY_BYTES: usize = 1 << 20;

/// An operation by AWS's name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operation {
    pub(super) name: &'static str,
    pub(super) effect: Effect,
    pub(super) handler: Handler,
}

impl Operation {
    /// One that changes nothing.
    pub(super) const fn read(name: &'static str, handler: Handler) -> Self {
        Self { name, effect: Effect::Read, handler }
    }

    /// One that may.
    pub(super) const fn write(name: &'static str, handler: Handler) -> Self {
        Self { name, effect: Effect::Write, handler }
    }
}

/// How a request says which operation it wants.
#[derive(Debug)]
pub(super) enum Dispatch {
    /// By method and path.
    Rest(Vec<Route<Operation>>),
    /// By `x-amz-target`, after this prefix.
    Target(&'static str, &'static [Operation]),
    /// By `Action` in a form, of this version.
    Query(&'static str, &'static [Operation]),
    /// By method, bucket, key and the query's flags: whose buckets.
    S3(Realm),
}

/// What makes one service differ from another.
#[derive(Debug)]
pub(super) struct Surface {
    pub(super) name: &'static str,
    pub(super) protocol: Protocol,
    pub(super) hosts: Vec<String>,
    /// With one region for all.
    pub(super) global: bool,
    pub(super) dispatch: Dispatch,
    pub(super) per_second: u32,
}

/// A service of the account.
#[derive(Debug)]
pub(crate) struct Api {
    surface: Surface,
    account: Arc<Account>,
    rate: Mutex<Rate>,
}

impl Api {
    /// A service.
    pub(super) fn new(surface: Surface, account: Arc<Account>) -> Self {
        let rate = Mutex::new(Rate::new(surface.per_second));
        Self { surface, account, rate }
    }

    /// The name that signatures are scoped to.
    pub(super) fn signing_name(&self) -> &'static str {
        match self.surface.dispatch {
            Dispatch::S3(_) => "s3",
            _ => self.surface.name,
        }
    }

    /// Whose keys and buckets these are.
    fn realm(&self) -> Realm {
        match self.surface.dispatch {
            Dispatch::S3(realm) => realm,
            _ => Realm::Aws,
        }
    }

    fn find(&self, call: &Call) -> Option<(Operation, Vec<String>)> {
        let named = |name: &str, table: &'static [Operation]| {
            table.iter().find(|operation| operation.name == name).map(|operation| (*operation, Vec::new()))
        };
        match &self.surface.dispatch {
            Dispatch::Rest(table) => match routes::find(table, &call.method, call.path.trim_end_matches('/')) {
                Found::Route(route, parameters) => Some((route.handler, parameters)),
                Found::OtherMethods | Found::Nothing => None,
            },
            Dispatch::Target(prefix, table) => {
                let name = call.header("x-amz-target")?.strip_prefix(prefix)?.strip_prefix('.')?;
                named(name, table).filter(|_| call.method == Method::POST && call.path == "/")
            }
            Dispatch::Query(version, table) => {
                let form = call.form();
                let field = |wanted: &str| form.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
                named(field("Action")?, table).filter(|_| field("Version").is_none_or(|given| given == version))
            }
            Dispatch::S3(realm) => s3::find(call, *realm),
        }
    }

    /// The region that a request is for. The plain endpoint is in none, so that the signature says it; clients that
    /// are pointed there sign with their own region even for services that have one for all.
    fn region(&self, call: &Call, signature: &Signature) -> Result<String, Denied> {
        if let (Realm::Spaces, Some((region, _))) = (self.realm(), spaces::of_host(&call.host)) {
            return Ok(region.to_owned());
        }
        let given = signature.region.as_str();
        let wanted = match regions::of_host(&call.host) {
            Some(of_host) => of_host,
            None if regions::exists(given) => given,
            None => regions::GLOBAL,
        };
        if wanted != given {
            return Err(Denied::Region { given: given.to_owned(), wanted: wanted.to_owned() });
        }
        Ok(if self.surface.global { regions::GLOBAL } else { given }.to_owned())
    }

    fn handle(
        &self,
        call: &Call,
        now: Now,
        transaction: &mut Transaction<'_>,
        request_id: &str,
    ) -> Result<Answer, Refusal> {
        let protocol = self.surface.protocol;
        let denied = |denied| protocol.denied(denied);
        let signature = Signature::read(call).map_err(denied)?;
        if signature.service != self.signing_name() {
            return Err(denied(Denied::Mismatch));
        }
        let (caller, secret) =
            Caller::find(&signature, self.realm(), transaction, now).map_err(|unknown| match unknown {
                Unknown::Denied(why) => denied(why),
                Unknown::Shape => Refusal::internal(),
            })?;
        let region = self.region(call, &signature).map_err(denied)?;
        let style = if protocol == Protocol::S3 { Style::S3 } else { Style::Plain };
        let verified = signature.verify(call, &secret, style, now).map_err(denied)?;
        if !lock(&self.rate).take(now) {
            return Err(protocol.throttled());
        }
        if self.surface.name == "iam" && caller.session {
            // Sessions without a second factor may not call IAM at all.
            return Err(denied(Denied::Token));
        }
        let (operation, parameters) = self.find(call).ok_or_else(|| protocol.unknown_operation())?;
        let last = LastUse { ms: now.real_ms, service: self.surface.name, region: region.clone() };
        self.account.used(&caller.key, last);
        (operation.handler)(&mut Context {
            call,
            parameters,
            now,
            transaction,
            account: &self.account,
            caller,
            region,
            request_id: request_id.to_owned(),
            verified,
            protocol,
            realm: self.realm(),
        })
    }

    /// The headers that every answer carries.
    fn finish(&self, answer: Answer, request_id: &str) -> Answer {
        match self.surface.protocol {
            Protocol::S3 => {
                let answer = with_header(answer, "x-amz-request-id", request_id);
                with_header(answer, "x-amz-id-2", &format!("host-{request_id}"))
            }
            Protocol::Xml { .. } | Protocol::Json => with_header(answer, "x-amzn-requestid", request_id),
        }
    }

    fn request_id(&self) -> String {
        let made = match self.surface.protocol {
            Protocol::S3 => entropy::pick(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ", 16),
            Protocol::Xml { .. } | Protocol::Json => entropy::uuid(),
        };
        // Without randomness nothing is done, and the refusal needs an identity all the same.
        made.unwrap_or_else(|_| "00000000-0000-0000-0000-000000000000".to_owned())
    }
}

impl Service for Api {
    fn name(&self) -> &str {
        self.surface.name
    }

    fn hosts(&self) -> Vec<&str> {
        self.surface.hosts.iter().map(String::as_str).collect()
    }

    fn max_body(&self) -> usize {
        if self.surface.protocol == Protocol::S3 { S3_BODY_BYTES } else { BODY_BYTES }
    }

    fn is_told_by_body(&self) -> bool {
        matches!(self.surface.dispatch, Dispatch::Query(..))
    }

    fn classify(&self, call: &Call) -> (Effect, String) {
        match self.find(call) {
            Some((operation, _)) => (operation.effect, operation.name.to_owned()),
            None => (Effect::of(&call.method), "(no such operation)".to_owned()),
        }
    }

    fn answer(&self, call: &Call, now: Now, transaction: &mut Transaction<'_>) -> Answer {
        let id = self.request_id();
        let answered = self.handle(call, now, transaction, &id);
        let answer = answered.unwrap_or_else(|refusal| refusal.into_answer(self.surface.protocol, &call.path, &id));
        self.finish(answer, &id)
    }

    fn refuse(&self, trouble: Trouble, _: Now) -> Answer {
        let id = self.request_id();
        let refusal = self.surface.protocol.trouble(trouble);
        self.finish(refusal.into_answer(self.surface.protocol, "", &id), &id)
    }
}
