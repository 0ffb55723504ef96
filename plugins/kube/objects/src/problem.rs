//! What a server says of a write, told of the object that it is about.

use maps_sdk::{Class, Problem};

use crate::id::ObjectId;

/// A problem of the server's as one of an object.
pub fn told(id: &ObjectId, mut problem: Problem) -> Problem {
    if is_misshapen(&problem) {
        (problem.class, problem.code) = (Class::Invalid, "wrong-shape".to_owned());
    }
    problem.message = format!("{}: {}", id.shown(), problem.message);
    let help = match problem.code.as_str() {
        "field-manager-conflict" => {
            "`force: true` takes these fields; or leave them out of the manifest, and their manager keeps them"
        }
        "kind-unknown" => "install what defines the kind first, and name it in `options: {depends_on: […]}`",
        _ if problem.class == Class::Invalid && problem.message.contains("immutable") => {
            "the field cannot be changed in place: give the object another name, or delete it first"
        }
        _ => return problem,
    };
    problem.help = problem.help.or_else(|| Some(help.to_owned()));
    problem
}

/// Does the answer to a trial only say that something else has to be there first? A namespace, a definition or a webhook
/// of the same plan is not there yet.
pub fn comes_later(problem: &Problem) -> bool {
    matches!(problem.class, Class::NotFound | Class::Unavailable) && !is_misshapen(problem)
}

/// Does the server say that a field has another type? It answers that as a failure of its own (500), which another
/// try does not mend.
pub fn is_misshapen(problem: &Problem) -> bool {
    problem.message.contains("failed to create typed patch object")
}
