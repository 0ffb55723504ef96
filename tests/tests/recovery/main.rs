//! Killed anywhere, run again, and nothing is lost: no orphan, no duplicate. Every call of a run is a
//! place to die.

mod cnpg;
mod dns;
mod doks;
mod helm;
mod kube;
mod secrets;
mod spaces;

macro_rules! everywhere {
    ($($name:ident: $scenario:expr, $fault:literal;)*) => {$(
        #[test]
        fn $name() {
            maps_tests::scenario::killed_everywhere($scenario, $fault);
        }
    )*};
}

pub(crate) use everywhere;
