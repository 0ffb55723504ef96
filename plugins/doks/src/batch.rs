//! The writes of a whole batch as one list, so that the host sends them side by side.

use maps_sdk::http::{self, Response};
use maps_sdk::{Problem, Step};

use crate::api::{self, Written};
use crate::converge::{self, Write};

pub(crate) type Answer<T> = Result<T, Problem>;

/// What one request of a batch comes to before anything is written.
pub(crate) enum Turn<T> {
    /// Nothing is to be written: this is the answer.
    Over(T),
    /// This is to be written.
    Writes(Vec<Write>),
}

/// A turn whose writes are on the list: what they do in words, and how many they are.
enum Kept<T> {
    Over(T),
    Sent(String, usize),
}

/// Writes what all the turns write. `judge` answers for the request at a place of the batch, from what
/// its writes do in words and from their answers.
pub(crate) fn write_all<T>(
    turns: impl IntoIterator<Item = (Step, Answer<Turn<T>>)>,
    judge: impl Fn(usize, &str, Vec<Answer<Response>>) -> Answer<T>,
) -> Vec<Answer<T>> {
    let mut sent = Vec::new();
    let mut keep = |(step, turn): (Step, Answer<Turn<T>>)| match turn? {
        Turn::Over(answer) => Ok(Kept::Over(answer)),
        Turn::Writes(writes) => {
            let kept = Kept::Sent(converge::said(&writes), writes.len());
            sent.extend(writes.into_iter().map(|write| (vec![step], write.request)));
            Ok(kept)
        }
    };
    let kept: Vec<Answer<Kept<T>>> = turns.into_iter().map(&mut keep).collect();
    let mut answers = http::write_all(sent).into_iter();
    let judged = kept.into_iter().enumerate().map(|(place, kept)| match kept? {
        Kept::Over(answer) => Ok(answer),
        Kept::Sent(said, count) => judge(place, &said, answers.by_ref().take(count).collect()),
    });
    judged.collect()
}

/// What became of the writes of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// All are taken. What was to go and is not there counts as gone.
    All,
    /// One was not taken, since the cluster is busy.
    NotNow,
}

/// What became of writes, or the first problem among them.
pub(crate) fn taken(answers: Vec<Answer<Response>>) -> Answer<Taken> {
    let mut all = Taken::All;
    for answer in answers {
        if matches!(api::written(answer?)?, Written::Busy) {
            all = Taken::NotNow;
        }
    }
    Ok(all)
}
