//! The kind `spaces/key`.
//!
//! A key carries no mark of who made it, and its secret is told once. So the keys of its name are written down
//! before another is made: after a crash one that was not among them is the lost one, and since nobody knows its
//! secret, it goes.

mod api;
mod model;

use maps_s3::batch::{self, Answered};
use maps_s3::is_bucket_name;
use maps_sdk::http::{self, Response};
use maps_sdk::{
    Class, Context, Create, Delete, Find, Kind, Lookup, Outcome, Problem, Progress, Read, Report, Resource, Secret,
    Update, only,
};

use self::api::{Live, New};
pub use self::model::{Checkpoint, Grant, Inputs, Outputs, Permission};

/// The longest name.
const NAME: usize = 255;

/// A key of Spaces.
#[derive(Clone, Copy, Debug, Default)]
pub struct Key;

impl Kind for Key {
    const NAME: &'static str = "spaces/key";
    const DESCRIPTION: &'static str = "A key of DigitalOcean Spaces, for some buckets or for all. An import takes its id, and cannot learn its secret.";
    const SETTLE_MS: u64 = 10_000;
    type Inputs = Inputs;
    type Outputs = Outputs;
    type Checkpoint = Checkpoint;

    maps_sdk::by_batch!(find, read, create, update, delete);

    fn check(&self, _: &Context, inputs: &Inputs, report: &mut Report) {
        check(inputs, report);
    }

    fn find_many(&self, _: &Context, requests: &[Find<Self>]) -> Vec<Answered<Lookup<Self>>> {
        // Without a checkpoint none was made: that is written down before the first call.
        let keys = All::if_any(requests.iter().any(|request| request.checkpoint.is_some()));
        requests.iter().map(|request| lookup(&keys, request)).collect()
    }

    fn read_many(&self, _: &Context, requests: &[Read<Self>]) -> Vec<Answered<Option<Resource<Self>>>> {
        let keys = All::if_any(!requests.is_empty());
        let read = |request: &Read<Self>| {
            let known = request.prior.inputs.as_ref();
            let secret = request.prior.outputs.as_ref().and_then(|outputs| outputs.secret_access_key.clone());
            Ok(keys.get()?.iter().find(|key| key.access_key == request.prior.id).map(|key| told(key, known, secret)))
        };
        requests.iter().map(read).collect()
    }

    fn create_many(&self, _: &Context, requests: &[Create<Self>]) -> Vec<Outcome<Self>> {
        let keys = All::if_any(requests.iter().any(|request| request.checkpoint.is_none()));
        let begun = |request: &&Create<Self>| request.checkpoint.is_some();
        let writes = requests.iter().filter(begun).map(|request| (request, api::create(&request.inputs)));
        let mut answers = write(writes.map(|(request, call)| (request.step(), call)).collect()).into_iter();
        let outcome = |request: &Create<Self>| match request.checkpoint {
            None => {
                let named = keys.get()?.iter().filter(|key| key.name == request.inputs.name);
                let checkpoint = Checkpoint { before: named.map(|key| key.access_key.clone()).collect() };
                Ok(Progress::pending(checkpoint, 0).note("the keys of its name are written down"))
            }
            Some(_) => {
                let New { live, secret_key } = api::created(only(answers.by_ref().take(1))?)
                    .map_err(|problem| problem_of(problem, &request.inputs))?;
                let made = told(&live, Some(&request.inputs), Some(secret_key));
                held_to(&made.inputs.grants, &request.inputs)?;
                Ok(Progress::Done(made))
            }
        };
        requests.iter().map(outcome).collect()
    }

    fn update_many(&self, _: &Context, requests: &[Update<Self>]) -> Vec<Outcome<Self>> {
        // What is as wanted already, by a call whose answer was lost, is not written again.
        let keys = All::if_any(!requests.is_empty());
        let done = |request: &Update<Self>| {
            let live = keys.get().ok()?.iter().find(|key| key.access_key == request.prior.id)?;
            let secret = request.prior.outputs.as_ref().and_then(|outputs| outputs.secret_access_key.clone());
            let told = told(live, Some(&request.inputs), secret);
            (told.inputs.name == request.inputs.name && told.inputs.grants == request.inputs.grants).then_some(told)
        };
        let known: Vec<Option<Resource<Self>>> = requests.iter().map(done).collect();
        let open = requests.iter().zip(&known).filter(|(_, known)| known.is_none());
        let mut answers = write(open.map(|(request, _)| (request.step(), change(request))).collect()).into_iter();
        let outcome = |(request, known): (&Update<Self>, Option<Resource<Self>>)| {
            if let Some(known) = known {
                return Ok(Progress::Done(known));
            }
            let answer = api::updated(only(answers.by_ref().take(1))?)
                .map_err(|problem| problem_of(problem, &request.inputs))?;
            let live = answer.ok_or_else(|| batch::gone("key-gone", "the key", &request.prior.id))?;
            let secret = request.prior.outputs.as_ref().and_then(|outputs| outputs.secret_access_key.clone());
            let changed = told(&live, Some(&request.inputs), secret);
            held_to(&changed.inputs.grants, &request.inputs)?;
            Ok(Progress::Done(changed))
        };
        requests.iter().zip(known).map(outcome).collect()
    }

    fn delete_many(&self, _: &Context, requests: &[Delete<Self>]) -> Vec<Answered<Progress<(), Checkpoint>>> {
        let writes = requests.iter().map(|request| (vec![request.step()], api::delete(&request.prior.id)));
        let answers = http::write_all(writes.collect());
        answers.into_iter().map(|answer| api::deleted(answer?).map(Progress::Done)).collect()
    }
}

fn check(inputs: &Inputs, report: &mut Report) {
    if inputs.name.trim().is_empty() || inputs.name.chars().count() > NAME {
        report.invalid("name", "bad-name", format!("a key's name is 1 to {NAME} characters"));
    }
    if inputs.grants.is_empty() {
        let message = "a key without grants opens nothing: name a bucket, or grant `fullaccess`";
        report.invalid("grants", "no-grants", message);
    }
    for (index, grant) in inputs.grants.iter().enumerate() {
        let (at, what) = (format!("grants[{index}].bucket"), format!("grants[{index}].permission"));
        match (grant.permission, grant.bucket.is_empty()) {
            (Permission::Fullaccess, false) => {
                let message = "`fullaccess` is to all buckets: leave `bucket` out, or grant `readwrite`";
                report.across(&[&at, &what], "full-access-to-one", message);
            }
            (Permission::Fullaccess, true) | (_, false) => {}
            (_, true) => report.across(&[&at, &what], "no-bucket", "name the bucket that is granted"),
        }
        if !grant.bucket.is_empty() && !is_bucket_name(&grant.bucket) {
            report.invalid(&at, "bad-bucket", format!("`{}` is no name of a bucket", grant.bucket));
        }
        let same = |earlier: &Grant| earlier.bucket == grant.bucket && !grant.bucket.is_empty();
        if let Some(twin) = inputs.grants[..index].iter().position(same) {
            let twin = format!("grants[{twin}].bucket");
            report.across(&[&at, &twin], "duplicate-grant", format!("{} is granted twice", grant.bucket));
        }
    }
    if inputs.grants.len() > 1 && is_full(&inputs.grants) {
        report.invalid("grants", "mixed-grants", "`fullaccess` and buckets do not go together");
    }
}

fn is_full(grants: &[Grant]) -> bool {
    grants.iter().any(|grant| grant.permission == Permission::Fullaccess)
}

/// All keys of the account, asked for once.
struct All(Answered<Vec<Live>>);

impl All {
    /// Asks only if somebody wants to know.
    fn if_any(any: bool) -> Self {
        Self(if any { api::list() } else { Ok(Vec::new()) })
    }

    fn get(&self) -> Answered<&[Live]> {
        self.0.as_deref().map_err(Problem::clone)
    }
}

/// The writes that could be put into words, as one list; the answers in their order.
fn write(writes: Vec<(maps_sdk::Step, Answered<http::Request>)>) -> Vec<Answered<Response>> {
    let mut sent = Vec::with_capacity(writes.len());
    let kept: Vec<Answered<()>> =
        writes.into_iter().map(|(step, call)| call.map(|call| sent.push((vec![step], call)))).collect();
    let mut answers = http::write_all(sent).into_iter();
    kept.into_iter().map(|kept| kept.and_then(|()| only(answers.by_ref().take(1)))).collect()
}

/// Looks for a key that was made and whose answer was lost.
fn lookup(keys: &All, request: &Find<Key>) -> Answered<Lookup<Key>> {
    let Some(Checkpoint { before }) = &request.checkpoint else { return Ok(Lookup::Absent) };
    let is_new = |key: &&Live| key.name == request.inputs.name && !before.contains(&key.access_key);
    let new: Vec<&Live> = keys.get()?.iter().filter(is_new).collect();
    match new.as_slice() {
        [] => Ok(Lookup::Absent),
        [lost] => {
            let object = told(lost, Some(&request.inputs), None);
            Ok(Lookup::Unusable(object, "its secret was lost with the answer that told it".to_owned()))
        }
        several => {
            let ids: Vec<&str> = several.iter().map(|key| key.access_key.as_str()).collect();
            let message =
                format!("keys named {} appeared while one was being made: {}", request.inputs.name, ids.join(", "));
            let help = "delete those that nobody uses, then run again";
            Err(Problem::new(Class::Conflict, "unknown-keys", message).at("name").help(help))
        }
    }
}

/// A key in the kind's own shape, its grants in the order in which they were known.
fn told(key: &Live, known: Option<&Inputs>, secret_access_key: Option<Secret>) -> Resource<Key> {
    let mut grants = key.grants.clone();
    let order = known.map(|known| known.grants.as_slice()).unwrap_or_default();
    grants.sort_by_key(|grant| order.iter().position(|known| known.bucket == grant.bucket).unwrap_or(usize::MAX));
    let rotate = known.and_then(|known| known.rotate.clone());
    Resource {
        id: key.access_key.clone(),
        inputs: Inputs { name: key.name.clone(), grants, rotate },
        outputs: Outputs { access_key_id: key.access_key.clone(), secret_access_key },
    }
}

/// What changes a key, where it can be changed.
fn change(request: &Update<Key>) -> Answered<http::Request> {
    let was = request.prior.inputs.as_ref().map(|inputs| is_full(&inputs.grants));
    if was.is_some_and(|was| was != is_full(&request.inputs.grants)) {
        let message = "DigitalOcean converts no key between full access and some buckets";
        let help = "set `rotate` to another text as well: then a new key takes its place";
        return Err(Problem::invalid("key-not-convertible", message).at("grants").help(help));
    }
    api::update(&request.prior.id, &request.inputs)
}

/// A key must open what was asked for, and nothing else.
fn held_to(grants: &[Grant], wanted: &Inputs) -> Answered<()> {
    if grants == wanted.grants {
        return Ok(());
    }
    let message = "DigitalOcean took the request, and the key has other grants than it asked for";
    let help = "set `rotate` to another text: then a new key takes its place";
    Err(Problem::new(Class::Conflict, "grants-not-taken", message).at("grants").help(help))
}

/// DigitalOcean tells of wrong grants by 400 and its message only.
fn problem_of(problem: Problem, inputs: &Inputs) -> Problem {
    if problem.code != "http-400" {
        return problem;
    }
    let buckets: Vec<&str> = inputs.grants.iter().map(|grant| grant.bucket.as_str()).collect();
    let help = format!("are the buckets there, and without policies of their own? It grants {}", buckets.join(", "));
    problem.at("grants").help(help)
}
