//! All that went over the wire in a trial, held against the service's own document where it is at hand.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::Once;

use maps_rehearsal::Exchange;

static TOLD: Once = Once::new();

/// Fails with everything that is not as documented: what the plugin sent, and what the cloud answered.
pub(crate) fn check(exchanges: impl Iterator<Item = Exchange>) {
    let Some(document) = maps_openapi::digitalocean() else {
        // Past the test harness, which shows what is printed only when a test fails.
        let note = b"DigitalOcean's document is not at hand: what is sent is not held against it\n";
        TOLD.call_once(|| drop(std::io::stderr().write_all(note)));
        return;
    };
    let mut faults = BTreeSet::new();
    for exchange in exchanges.filter(|exchange| exchange.service == "digitalocean") {
        let Exchange { service: _, method, path, request, status, content_type, answer } = &exchange;
        let exchange = maps_openapi::Exchange { method, path, request, status: *status, content_type, answer };
        faults.extend(document.request_faults(&exchange));
        faults.extend(document.answer_faults(&exchange));
    }
    let faults: Vec<String> = faults.into_iter().collect();
    assert!(faults.is_empty(), "not as DigitalOcean documents it:\n{}", faults.join("\n"));
}
