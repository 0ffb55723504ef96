//! Whether trying again can help, and when: decided here alone, from a problem's class.

use crate::clock::Entropy;
use crate::problem::{Class, Problem};

/// The first wait, in milliseconds.
const FIRST_MS: u64 = 500;
/// The longest wait that is our own idea.
const LONGEST_MS: u64 = 30_000;
/// The longest wait that a service may ask for; past it the run is better off failing.
const LONGEST_ASKED_MS: u64 = 600_000;
/// Attempts at what did not answer or is not ready.
const ATTEMPTS: u32 = 6;
/// Attempts at what is throttled: the service works, and only asks for patience.
const THROTTLED_ATTEMPTS: u32 = 12;

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It stays a failure.
    Final,
    /// Try again after so many milliseconds.
    After(u64),
}

/// Decides after the `attempt`-th failure in a row, counted from 1.
pub fn decide(problem: &Problem, attempt: u32, entropy: &dyn Entropy) -> Verdict {
    let attempts = match problem.class {
        Class::Throttled => THROTTLED_ATTEMPTS,
        Class::Unavailable | Class::Timeout => ATTEMPTS,
        Class::Invalid | Class::Denied | Class::NotFound | Class::Conflict | Class::Internal => return Verdict::Final,
    };
    if attempt >= attempts {
        return Verdict::Final;
    }
    let backoff = FIRST_MS.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(LONGEST_MS);
    let mut random = [0_u8; 2];
    entropy.fill(&mut random);
    // Half of the wait is left to chance, so that many clients do not come back together.
    let ours = backoff / 2 + backoff / 2 * u64::from(u16::from_le_bytes(random)) / u64::from(u16::MAX);
    Verdict::After(problem.retry_after_ms.unwrap_or(0).min(LONGEST_ASKED_MS).max(ours))
}

/// Is it open whether a call that failed like this had its effect?
pub fn unanswered(class: Class) -> bool {
    match class {
        Class::Timeout | Class::Unavailable | Class::Internal => true,
        Class::Invalid | Class::Denied | Class::NotFound | Class::Conflict | Class::Throttled => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);
    impl Entropy for Fixed {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0);
        }
    }

    #[test]
    fn only_what_may_pass_by_itself_is_tried_again() {
        for class in [Class::Invalid, Class::Denied, Class::NotFound, Class::Conflict, Class::Internal] {
            assert_eq!(decide(&Problem::new(class, "x", "x"), 1, &Fixed(0)), Verdict::Final);
        }
        for class in [Class::Throttled, Class::Unavailable, Class::Timeout] {
            assert_eq!(decide(&Problem::new(class, "x", "x"), 1, &Fixed(0)), Verdict::After(250));
            assert_eq!(decide(&Problem::new(class, "x", "x"), 100, &Fixed(0)), Verdict::Final);
        }
    }

    #[test]
    fn waits_grow_up_to_a_bound_and_heed_the_service() {
        let problem = Problem::new(Class::Throttled, "x", "x");
        assert_eq!(decide(&problem, 3, &Fixed(255)), Verdict::After(2_000));
        assert_eq!(decide(&problem, 11, &Fixed(255)), Verdict::After(30_000));
        let asked = Problem { retry_after_ms: Some(7_000), ..problem.clone() };
        assert_eq!(decide(&asked, 1, &Fixed(0)), Verdict::After(7_000));
        let absurd = Problem { retry_after_ms: Some(u64::MAX), ..problem };
        assert_eq!(decide(&absurd, 1, &Fixed(0)), Verdict::After(LONGEST_ASKED_MS));
    }
}
