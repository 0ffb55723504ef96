//! Faults on request, sorted by who makes them happen.

use crate::error::Failure;

/// What `--fault` asks for.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// Those of this process: it kills itself around a call.
    pub(crate) ours: Vec<maps_runtime::fault::Fault>,
    /// Those of the cloud.
    pub(crate) clouds: Vec<maps_rehearsal::Fault>,
}

impl Faults {
    /// Reads them.
    pub(crate) fn parse(specs: &[String]) -> Result<Self, Failure> {
        let mut faults = Self::default();
        for spec in specs {
            match (spec.parse(), spec.parse()) {
                (Ok(ours), _) => faults.ours.push(ours),
                (_, Ok(clouds)) => faults.clouds.push(clouds),
                _ => {
                    return Err(Failure::usage_help(
                        format!("{spec:?} is no fault"),
                        "write KIND@N, with N the call it happens at, from 1, and KIND one of error, throttle, lost, \
                         drip (made by the cloud; ssm:lost@N counts that service's calls), crash-before, crash-sent, \
                         crash-replied (maps kills itself; write:crash-sent@N counts the calls that change something), \
                         stop-before, stop-sent, stop-replied (maps stops until SIGCONT; @N-M is each call of a span)",
                    ));
                }
            }
        }
        Ok(faults)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn each_fault_goes_to_the_side_that_makes_it() {
        let specs = ["crash-sent@3", "lost@1", "error@2"].map(str::to_owned);
        let faults = Faults::parse(&specs).unwrap();
        assert_eq!((faults.ours.len(), faults.clouds.len()), (1, 2));
        for wrong in ["crash@1", "lost", "lost@0", "crash-sent@0", ""] {
            assert!(Faults::parse(&[wrong.to_owned()]).unwrap_err().to_string().contains("is no fault"));
        }
    }
}
