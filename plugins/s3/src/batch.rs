//! The calls of a whole batch as one list, so that the host sends them side by side.

use maps_sdk::aws::{Answer, Call};
use maps_sdk::{Class, Problem, Step, only};

/// What was answered, or why not.
pub type Answered<T> = Result<T, Problem>;
/// What became of the writes of one request.
pub type Written = Answered<Vec<Answer>>;
/// The reads of a service, as a list.
type Reads = fn(Vec<Call>) -> Vec<Answered<Answer>>;
/// The writes of a service, as a list.
type Writes = fn(Vec<(Vec<Step>, Call)>) -> Vec<Answered<Answer>>;

/// A list of calls to a service, those that could be put into words: the answers, in the calls' order.
pub fn send<C>(service: fn(Vec<C>) -> Vec<Answered<Answer>>, calls: Vec<Answered<C>>) -> Vec<Answered<Answer>> {
    let mut sent = Vec::with_capacity(calls.len());
    let kept: Vec<Answered<()>> = calls.into_iter().map(|call| call.map(|call| sent.push(call))).collect();
    let mut answers = service(sent).into_iter();
    kept.into_iter().map(|kept| kept.and_then(|()| only(answers.by_ref().take(1)))).collect()
}

/// Several reads for each request of a batch; the answers by request, and in the order of its calls.
pub fn read(service: Reads, asks: Vec<Vec<Answered<Call>>>) -> Vec<Vec<Answered<Answer>>> {
    let counts: Vec<usize> = asks.iter().map(Vec::len).collect();
    let mut answers = send(service, asks.into_iter().flatten().collect()).into_iter();
    counts.into_iter().map(|count| answers.by_ref().take(count).collect()).collect()
}

/// Several writes for each request of a batch that came so far, and what became of each: the answers in the
/// order of its calls, or the first problem.
pub fn write(service: Writes, plans: Vec<Answered<(Step, Vec<Call>)>>) -> Vec<Written> {
    let mut sent = Vec::new();
    let mut keep = |plan: Answered<(Step, Vec<Call>)>| {
        let (step, calls) = plan?;
        let count = calls.len();
        sent.extend(calls.into_iter().map(|call| (vec![step], call)));
        Ok(count)
    };
    let counts: Vec<Answered<usize>> = plans.into_iter().map(&mut keep).collect();
    let mut answers = service(sent).into_iter();
    let mut mine = |count: Answered<usize>| {
        // All are taken before the first problem ends it, so that each request gets its own.
        let answers: Vec<Answered<Answer>> = answers.by_ref().take(count?).collect();
        answers.into_iter().collect()
    };
    counts.into_iter().map(&mut mine).collect()
}

/// As [`write`], for what was found out of each request: it is handed back with its answers.
pub fn write_for<T>(
    service: Writes,
    items: Vec<Answered<T>>,
    plan: impl Fn(&T) -> Answered<(Step, Vec<Call>)>,
) -> Vec<Answered<(T, Vec<Answer>)>> {
    let plans = items.iter().map(|item| item.as_ref().map_err(Problem::clone).and_then(&plan)).collect();
    let written = write(service, plans);
    items.into_iter().zip(written).map(|(item, written)| Ok((item?, written?))).collect()
}

/// What each request becomes by what `ask` tells of the object that it names.
pub fn told<'r, R, L, T>(
    requests: &'r [R],
    name: fn(&R) -> &str,
    ask: impl FnOnce(&[&str]) -> Vec<Answered<L>>,
    outcome: impl Fn(&'r R, L) -> Answered<T>,
) -> Vec<Answered<T>> {
    let names: Vec<&str> = requests.iter().map(name).collect();
    requests.iter().zip(ask(&names)).map(|(request, live)| outcome(request, live?)).collect()
}

/// Creates of which some have begun: these go on, the others begin; the outcomes in the requests' order.
pub fn create<R, T>(
    requests: &[R],
    is_begun: impl Fn(&R) -> bool,
    begin: impl FnOnce(&[&R]) -> Vec<Answered<T>>,
    go_on: impl FnOnce(&[&R]) -> Vec<Answered<T>>,
) -> Vec<Answered<T>> {
    let (begun, new): (Vec<&R>, Vec<&R>) = requests.iter().partition(|request| is_begun(request));
    let (mut begun, mut new) = (go_on(&begun).into_iter(), begin(&new).into_iter());
    let next = |request| only(if is_begun(request) { &mut begun } else { &mut new }.take(1));
    requests.iter().map(next).collect()
}

/// An answer, or none where the service has no such thing.
pub fn found<T>(answer: Answered<T>) -> Answered<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(problem) if problem.class == Class::NotFound => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// Something of the name is there that this stack did not make.
pub fn foreign(code: &str, what: &str, name: &str, import: &str) -> Problem {
    let message = format!("there is {what} named {name} that this resource did not make");
    let help = format!("choose another name, or take it over with `options: {{import: {import}}}`");
    Problem::new(Class::Conflict, code, message).at("name").help(help)
}

/// What was to be changed is not there any more.
pub fn gone(code: &str, what: &str, name: &str) -> Problem {
    let message = format!("{what} {name} is gone");
    Problem::new(Class::NotFound, code, message).help("plan again: it will be made anew")
}
