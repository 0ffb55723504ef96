//! Where the operator runs, and what it looks at.

use serde_json::Value;

use crate::controllers::api::Api;
use crate::controllers::programs::{self, Program};

/// The image's name, behind its registry and before its tag.
const IMAGE: &str = "cloudnative-pg";

/// Does a Deployment run the operator, ready or not?
pub(super) fn runs(deployment: &Value) -> bool {
    programs::runs(deployment, IMAGE)
}

/// Does an operator that is up look at a namespace? `WATCH_NAMESPACE` names them, all of them where it is not there.
pub(super) fn is_up(api: &dyn Api, place: &str) -> bool {
    let looks = |program: &Program| {
        let names = program.environment.get("WATCH_NAMESPACE").map(String::as_str).unwrap_or_default();
        names.is_empty() || names.split(',').any(|name| name.trim() == place)
    };
    Program::all(api, IMAGE).iter().any(looks)
}
