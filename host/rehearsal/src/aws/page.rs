//! Pages: so many items from a place on, and where the next page begins.

/// A page of a sorted list.
#[derive(Debug)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    /// The first item of the next page; none on the last.
    pub(super) next: Option<T>,
}

/// Cuts a list that already begins where the page does.
pub(super) fn cut<T>(mut items: Vec<T>, size: usize) -> Page<T> {
    let rest = if items.len() > size { items.split_off(size) } else { Vec::new() };
    Page { items, next: rest.into_iter().next() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_begins_behind_this_one() {
        let page = cut(vec![1, 2, 3], 2);
        assert_eq!((page.items, page.next), (vec![1, 2], Some(3)));
        let page = cut(vec![1, 2], 2);
        assert_eq!((page.items, page.next), (vec![1, 2], None));
    }
}
