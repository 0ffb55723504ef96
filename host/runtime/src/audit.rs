//! The audit log: every host call, allowed or denied, as a hash-chained JSON line.

/// One run's audit log.
pub struct Audit {}
