//! Charts beside what is printed of them: `assembly/NAME/` and `assembly/NAME.expected.yaml`.

use std::path::Path;

use crate::{Trial, arguments, difference, read};

/// How each was called.
const CALL: [&str; 2] = ["template", "rel"];
const FLAGS: [&str; 3] = ["-n", "demo", "--include-crds"];

pub(crate) fn trials(folder: &Path) -> Result<Vec<Trial>, String> {
    let assembly = folder.join("assembly");
    let Ok(entries) = std::fs::read_dir(&assembly) else {
        return Ok(Vec::new());
    };
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            entry.ok()?.file_name().into_string().ok()?.strip_suffix(".expected.yaml").map(str::to_owned)
        })
        .collect();
    names.sort();
    let trial = |name: String| {
        let assembly = assembly.clone();
        Trial::new(format!("assembly {name}"), move || {
            let call: Vec<String> = CALL.into_iter().chain([&*name]).chain(FLAGS).map(str::to_owned).collect();
            let called = arguments::call(&assembly, &call)?;
            if called.exit != 0 {
                return Err(format!("  {}", called.error));
            }
            difference(&read(&assembly.join(format!("{name}.expected.yaml")))?, &called.output)
        })
    };
    Ok(names.into_iter().map(trial).collect())
}
