//! What plugins fetched from elsewhere, by its digest: the first run records it in maps.lock, and whatever has
//! another digest later is refused before anything is made of it.
//!
//! A kind says which of its outputs holds pins (`x-maps-pins`): an object of what was fetched, each with the digest
//! that it had. The plugin only tells; holding it against maps.lock is done here, around every plugin.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use maps_engine::capability::Lock;
use maps_engine::provider::{
    CheckOutcome, CheckRequest, CreateRequest, DeleteRequest, DiffRequest, FieldChange, FindOutcome, FindRequest,
    Object, Outcome, Preview, PreviewRequest, ReadOutcome, ReadRequest, UpdateRequest,
};
use maps_engine::schema::KindSchema;
use maps_engine::{Call, CallError, Class, Journal, KindName, Problem, Provider, Value};

/// What a run knows of what was fetched.
#[derive(Debug, Default)]
pub(crate) struct Pins {
    /// As maps.lock has it.
    recorded: BTreeMap<String, String>,
    /// What became part of the state in this run.
    made: Mutex<BTreeMap<String, String>>,
}

impl Pins {
    /// Those that were recorded before.
    pub(crate) fn of(lock: &Lock) -> Arc<Self> {
        Arc::new(Self { recorded: lock.pins().clone(), made: Mutex::default() })
    }

    /// What this run made use of and nobody recorded yet.
    pub(crate) fn new_ones(&self) -> BTreeMap<String, String> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.iter()
            .filter(|(what, _)| !self.recorded.contains_key(*what))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect()
    }

    /// Holds outputs against what is recorded, and against what this run has seen so far.
    fn hold(&self, schema: Option<&KindSchema>, outputs: &Value, made: bool) -> Result<(), Problem> {
        let names = schema.into_iter().flat_map(|schema| schema.outputs.properties());
        for name in names.filter(|(_, shape)| shape.flags.pins).map(|(name, _)| name) {
            let Some(Value::Map(pins)) = outputs.as_map().and_then(|outputs| outputs.get(name)).map(Value::peek) else {
                continue;
            };
            for (what, digest) in pins {
                let Some(digest) = digest.as_str().filter(|digest| is_digest(digest)) else {
                    let message = format!("the plugin tells no digest of {what}");
                    return Err(Problem::new(Class::Internal, "pin-malformed", message));
                };
                self.held(what, digest, made)?;
            }
        }
        Ok(())
    }

    fn held(&self, what: &str, digest: &str, made: bool) -> Result<(), Problem> {
        let mut seen = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let known = self.recorded.get(what).or_else(|| seen.get(what));
        if let Some(known) = known.filter(|known| *known != digest) {
            let message = format!("{what} is {digest} now, and maps.lock pins {known}");
            let help = format!(
                "somebody exchanged it: ask who and why; to accept the new one, take the line of {what} out of `pins:` in maps.lock and run again"
            );
            return Err(Problem::new(Class::Conflict, "pin-changed", message).help(help));
        }
        if made {
            seen.insert(what.to_owned(), digest.to_owned());
        }
        Ok(())
    }
}

/// `sha256:` and 64 hex digits.
fn is_digest(text: &str) -> bool {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.strip_prefix("sha256:").is_some_and(|rest| rest.len() == 64 && rest.bytes().all(hex))
}

/// A plugin whose answers are held against maps.lock.
pub(crate) struct Pinned {
    inner: Arc<dyn Provider>,
    pins: Arc<Pins>,
}

impl Pinned {
    /// Around a plugin; one of whose kinds none pins anything is left as it is.
    pub(crate) fn around(inner: Arc<dyn Provider>, pins: &Arc<Pins>) -> Arc<dyn Provider> {
        let pinning = |kind: &KindSchema| kind.outputs.properties().any(|(_, shape)| shape.flags.pins);
        match inner.kinds().values().any(pinning) {
            true => Arc::new(Self { inner, pins: Arc::clone(pins) }),
            false => inner,
        }
    }

    fn done(&self, kind: &KindName, outcome: Outcome<Object>) -> Outcome<Object> {
        match outcome {
            Outcome::Done(object) => match self.pins.hold(self.kinds().get(kind), &object.outputs, true) {
                Ok(()) => Outcome::Done(object),
                Err(problem) => Outcome::Failed(problem),
            },
            other => other,
        }
    }
}

#[async_trait]
impl Provider for Pinned {
    fn kinds(&self) -> &BTreeMap<KindName, KindSchema> {
        self.inner.kinds()
    }

    async fn check(&self, call: &Call<'_>, requests: Vec<CheckRequest>) -> Result<Vec<CheckOutcome>, CallError> {
        self.inner.check(call, requests).await
    }

    async fn diff(
        &self,
        call: &Call<'_>,
        requests: Vec<DiffRequest>,
    ) -> Result<Vec<Result<Vec<FieldChange>, Problem>>, CallError> {
        self.inner.diff(call, requests).await
    }

    async fn preview(
        &self,
        call: &Call<'_>,
        requests: Vec<PreviewRequest>,
    ) -> Result<Vec<Result<Preview, Problem>>, CallError> {
        let kinds: Vec<_> = requests.iter().map(|request| request.kind.clone()).collect();
        let previews = self.inner.preview(call, requests).await?;
        let held = previews.into_iter().zip(kinds).map(|(preview, kind)| {
            let preview = preview?;
            self.pins.hold(self.kinds().get(&kind), &preview.outputs, false).map(|()| preview)
        });
        Ok(held.collect())
    }

    async fn find(&self, call: &Call<'_>, requests: Vec<FindRequest>) -> Result<Vec<FindOutcome>, CallError> {
        self.inner.find(call, requests).await
    }

    async fn read(&self, call: &Call<'_>, requests: Vec<ReadRequest>) -> Result<Vec<ReadOutcome>, CallError> {
        self.inner.read(call, requests).await
    }

    async fn create(
        &self,
        call: &Call<'_>,
        journal: &Arc<dyn Journal>,
        requests: Vec<CreateRequest>,
    ) -> Result<Vec<Outcome<Object>>, CallError> {
        let kinds: Vec<_> = requests.iter().map(|request| request.mutation.kind.clone()).collect();
        let outcomes = self.inner.create(call, journal, requests).await?;
        Ok(outcomes.into_iter().zip(kinds).map(|(outcome, kind)| self.done(&kind, outcome)).collect())
    }

    async fn update(
        &self,
        call: &Call<'_>,
        journal: &Arc<dyn Journal>,
        requests: Vec<UpdateRequest>,
    ) -> Result<Vec<Outcome<Object>>, CallError> {
        let kinds: Vec<_> = requests.iter().map(|request| request.mutation.kind.clone()).collect();
        let outcomes = self.inner.update(call, journal, requests).await?;
        Ok(outcomes.into_iter().zip(kinds).map(|(outcome, kind)| self.done(&kind, outcome)).collect())
    }

    async fn delete(
        &self,
        call: &Call<'_>,
        journal: &Arc<dyn Journal>,
        requests: Vec<DeleteRequest>,
    ) -> Result<Vec<Outcome<()>>, CallError> {
        self.inner.delete(call, journal, requests).await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn rt34_another_digest_of_what_was_pinned_is_refused() {
        let digest = |letter: &str| format!("sha256:{}", letter.repeat(64));
        let mut lock = Lock::default();
        lock.pin("https://h/web-1.tgz".to_owned(), digest("a"));
        let pins = Pins::of(&lock);
        assert!(pins.held("https://h/web-1.tgz", &digest("a"), true).is_ok());
        let problem = pins.held("https://h/web-1.tgz", &digest("b"), false).unwrap_err();
        assert_eq!((problem.class, problem.code.as_str()), (Class::Conflict, "pin-changed"));
        assert!(problem.help.unwrap().contains("take the line of https://h/web-1.tgz out of `pins:`"));
        // What is new is recorded once it was made, and held to within the run.
        assert!(pins.held("https://h/web-2.tgz", &digest("c"), false).is_ok());
        assert!(pins.new_ones().is_empty());
        assert!(pins.held("https://h/web-2.tgz", &digest("c"), true).is_ok());
        assert!(pins.held("https://h/web-2.tgz", &digest("d"), true).is_err());
        assert_eq!(pins.new_ones(), BTreeMap::from([("https://h/web-2.tgz".to_owned(), digest("c"))]));
    }

    #[test]
    fn a_lock_keeps_its_pins() {
        let mut lock = Lock::default();
        lock.pin("oci://h/\"x\":1".to_owned(), format!("sha256:{}", "0".repeat(64)));
        assert_eq!(Lock::parse("maps.lock", lock.render().as_bytes()).unwrap(), lock);
        for bad in ["pins: {a: b}", "pins: [a]", "pins: {a: \"sha256:1\"}"] {
            assert!(Lock::parse("maps.lock", format!("maps: v1\nstacks: {{}}\n{bad}\n").as_bytes()).is_err(), "{bad}");
        }
    }
}
