//! A batch of one.

use crate::problem::Problem;

/// The first of the answers to a list, which for a list of one is the answer.
///
/// # Errors
/// That answer's own, or that there is none: every list is answered with one of the same length.
pub fn only<T>(answers: impl IntoIterator<Item = Result<T, Problem>>) -> Result<T, Problem> {
    answers.into_iter().next().unwrap_or_else(|| Err(Problem::internal("no-answer", "the host answered nothing")))
}

/// The methods of a [`Kind`](crate::Kind) for one object, each answered by its `_many`: `by_batch!(find, read, create);`
/// in the `impl` of a kind that serves whole batches.
#[macro_export]
macro_rules! by_batch {
    ($($method:ident),+ $(,)?) => { $($crate::by_batch!(@ $method);)+ };
    (@ preview) => { $crate::by_batch!(@ preview preview_many Preview<Self> => ::core::result::Result<$crate::Previewed, $crate::Problem>); };
    (@ find) => { $crate::by_batch!(@ find find_many Find<Self> => ::core::result::Result<$crate::Lookup<Self>, $crate::Problem>); };
    (@ read) => { $crate::by_batch!(@ read read_many Read<Self> => ::core::result::Result<::core::option::Option<$crate::Resource<Self>>, $crate::Problem>); };
    (@ create) => { $crate::by_batch!(@ create create_many Create<Self> => $crate::Outcome<Self>); };
    (@ update) => { $crate::by_batch!(@ update update_many Update<Self> => $crate::Outcome<Self>); };
    (@ delete) => { $crate::by_batch!(@ delete delete_many Delete<Self> => ::core::result::Result<$crate::Progress<(), Self::Checkpoint>, $crate::Problem>); };
    (@ $one:ident $many:ident $request:ident<Self> => $answer:ty) => {
        fn $one(&self, context: &$crate::Context, request: &$crate::$request<Self>) -> $answer {
            $crate::only(self.$many(context, ::core::slice::from_ref(request)))
        }
    };
}
