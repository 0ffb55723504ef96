//! Sets that the API tells as lists: another order is no difference.

/// The live items; in the order of `prior`, if they are the same set.
pub(crate) fn as_before<T: Clone + PartialEq>(live: Vec<T>, prior: Option<&[T]>) -> Vec<T> {
    match prior {
        Some(prior) if same(&live, prior) => prior.to_vec(),
        _ => live,
    }
}

/// Have both the same items?
pub(crate) fn same<T: PartialEq>(one: &[T], other: &[T]) -> bool {
    one.len() == other.len()
        && one.iter().all(|item| other.contains(item))
        && other.iter().all(|item| one.contains(item))
}
