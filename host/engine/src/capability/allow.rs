//! What an operator turns on at a plugin under `allow:`, which no grant could: a grant only narrows what is in
//! effect without it.

use std::collections::BTreeSet;

use super::kube::Escalation;

/// `allow: {reveal: true, private: [charts.corp.example], escalates: [token]}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allow {
    /// Every secret that the plugin is given in clear, where its manifest asks for it.
    pub reveal: bool,
    /// Hosts that may have private addresses, in lower case.
    pub private: BTreeSet<String>,
    /// What roles that it writes may let their holders do, of what its manifest asks for.
    pub escalates: BTreeSet<Escalation>,
}
