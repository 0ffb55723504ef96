//! A cloud that errs or asks for patience once, at every call of a run: the run converges by
//! itself, and where it does not, it says why and the next one does.

mod dns;
mod doks;
mod secrets;
mod spaces;
