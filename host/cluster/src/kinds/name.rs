//! Names and labels: what characters may be in them, in upstream's words.

/// What is wrong with a DNS-1123 subdomain; empty if nothing.
pub(crate) fn subdomain(_name: &str) -> Vec<String> {
    Vec::new()
}
