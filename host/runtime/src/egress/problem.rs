//! What is told of a connection that was refused or failed.

use std::io;

use maps_engine::{Class, Problem};
use url::Url;

use super::EgressError;
use super::address::METADATA;

impl From<EgressError> for Problem {
    fn from(error: EgressError) -> Self {
        let message = error.to_string();
        match error {
            EgressError::Address { kind: METADATA, .. } => Self::new(Class::Denied, "egress-address", message),
            EgressError::Address { host, .. } => Self::new(Class::Denied, "egress-address", message).help(format!(
                "if it is the operator's own, say so at the plugin in the stack: `allow: {{private: [\"{host}\"]}}`; a cluster's server is named under `servers` of its grant"
            )),
            EgressError::Unrehearsed { .. } => Self::new(Class::Denied, "egress-unrehearsed", message),
            EgressError::NotLoopback(_) => Self::new(Class::Internal, "egress-not-loopback", message),
            EgressError::Client(_) => Self::new(Class::Internal, "egress-client", message),
        }
    }
}

/// A transport's failure as a problem. Of the request its text repeats the host alone, which no secret is in.
pub(crate) fn problem(error: &reqwest::Error) -> Problem {
    let (mut refused, mut system, mut tls) = (None, None, None);
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let mut inner: Option<&(dyn std::error::Error + 'static)> = Some(cause);
        // An I/O error hides what it was made of from `source`, and may hide another one.
        while let Some(this) = inner {
            refused = refused.or_else(|| this.downcast_ref::<EgressError>().cloned());
            tls = tls.or_else(|| this.downcast_ref::<rustls::Error>().map(ToString::to_string));
            let io = this.downcast_ref::<io::Error>();
            system = system.or_else(|| io.map(io::Error::kind));
            inner = io.and_then(io::Error::get_ref).map(|inner| inner as &(dyn std::error::Error + 'static));
        }
        source = cause.source();
    }
    if let Some(refused) = refused {
        return refused.into();
    }
    if let (true, Some(reason)) = (error.is_connect(), tls) {
        return Problem::new(Class::Denied, "tls-refused", format!("the server is not who it should be: {reason}"));
    }
    let reason = system.map_or_else(String::new, |kind| format!(": {kind}"));
    match (error.is_connect(), error.is_timeout()) {
        // Never connected: it can have had no effect, so trying again is safe.
        (true, _) => {
            let host = error.url().and_then(Url::host_str).unwrap_or("the service");
            Problem::new(Class::Unavailable, "not-connected", format!("{host} cannot be reached{reason}"))
        }
        (false, true) => Problem::new(Class::Timeout, "no-answer", "the service did not answer in time"),
        (false, false) if error.is_builder() => {
            Problem::new(Class::Invalid, "request-malformed", "the request cannot be sent as it is")
        }
        (false, false) => {
            Problem::new(Class::Timeout, "reply-lost", format!("the connection ended before the answer{reason}"))
        }
    }
}
