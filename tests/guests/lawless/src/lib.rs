//! A plugin that keeps every law of a provider but the one that its input `breaks` names, so that
//! the conformance suite can be seen to catch each.

mod api;
mod thing;

maps_sdk::plugin!(thing::Thing);
