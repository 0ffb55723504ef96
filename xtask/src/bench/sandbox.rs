//! What loading a plugin and calling it takes, in one process.

use super::figure::{Figure, Unit};
use super::place::{Place, echo};
use crate::{Failure, repo};

/// How much more than the bare machine can do is allowed: the audit, the seals and the contract's
/// checks of every call have to be paid by it.
const ALLOWED: f64 = 1.5;
/// wasmtime alone, on a quiet machine: a store and an instance from the pool.
const INSTANCE_US: f64 = 6.6;
/// The same, with a call of 1 KiB of JSON and four host calls in it.
const CALL_US: f64 = 78.0;

pub(super) fn measure(place: &Place) -> Result<Vec<Figure>, Failure> {
    let cache = repo::target().join("bench").join("cache").join("maps");
    let told = place.measure(["sandbox".as_ref(), echo().as_os_str(), cache.as_os_str()])?;
    let figure =
        |name: &str, key: &str| Figure::new(name, told.get(key).copied().unwrap_or(f64::NAN), Unit::Microseconds);
    let bytes = told.get("component-bytes").copied().unwrap_or(f64::NAN);
    Ok(vec![
        Figure::new("the component", bytes / 1024.0, Unit::Kibibytes),
        figure("compile it, with an engine of its own", "compile"),
        figure("set an engine up", "engine"),
        figure("read what it says of itself, digest included", "inspect"),
        figure("load it from the cache, reading included", "load"),
        figure("store and instance", "instance").within(INSTANCE_US * ALLOWED),
        figure("  99th percentile", "instance-p99"),
        figure("fresh instance, a call without requests", "empty-call"),
        figure("  99th percentile", "empty-call-p99"),
        figure("fresh instance, 1 KiB read with four host calls", "call").within(CALL_US * ALLOWED),
        figure("  99th percentile", "call-p99"),
        figure("fresh instance, 1 KiB read", "call-plain"),
        figure("fresh instance, 100 KiB read", "call-large"),
        figure("check of 1 resource", "check-1"),
        figure("check of 100 resources in one call", "check-100"),
    ])
}
