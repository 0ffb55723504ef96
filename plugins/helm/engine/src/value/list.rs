//! Go's slices.

use std::cell::{Ref, RefCell};
use std::rc::Rc;

use super::drop::dismantle;
use super::{Type, Value};

/// A slice: a shared run of values with the type of its elements.
///
/// No function of a template changes one in place but `sortAlpha`.
#[derive(Clone, Debug)]
pub struct List {
    element: Rc<Type>,
    items: Rc<RefCell<Items>>,
    nil: bool,
}

impl List {
    /// A slice of `items`, each of type `element`.
    pub fn new(element: Type, items: Vec<Value>) -> Self {
        Self { element: Rc::new(element), items: Rc::new(RefCell::new(Items(items))), nil: false }
    }

    /// A nil slice, as `concat`, `rest` and `regexFindAll` answer where there is nothing: it prints as an empty
    /// one does, is `null` in JSON and YAML, and not deeply equal to an empty one.
    pub fn nil(element: Type) -> Self {
        Self { element: Rc::new(element), items: Rc::default(), nil: true }
    }

    /// Whether this is Go's nil slice.
    pub fn is_nil(&self) -> bool {
        self.nil
    }

    /// A `[]string`.
    pub fn strings<T: Into<super::Str>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::new(Type::Str, items.into_iter().map(|item| Value::Str(item.into())).collect())
    }

    /// The type of the elements.
    pub fn element(&self) -> &Type {
        &self.element
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.items.borrow().0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The item at `index`.
    pub fn get(&self, index: usize) -> Option<Value> {
        self.items.borrow().0.get(index).cloned()
    }

    /// The items, for reading. Hold it only while nothing of a template is evaluated.
    pub fn borrow(&self) -> Ref<'_, Vec<Value>> {
        Ref::map(self.items.borrow(), |items| &items.0)
    }

    /// A copy of the items, for what must not hold a borrow.
    pub fn to_vec(&self) -> Vec<Value> {
        self.items.borrow().0.clone()
    }

    /// Puts the items into another order in place, which shows through every handle: what `sortAlpha` does to a
    /// `[]string`.
    pub fn sort_by(&self, order: impl FnMut(&Value, &Value) -> std::cmp::Ordering) {
        self.items.borrow_mut().0.sort_by(order);
    }

    /// Whether both are one slice, not two equal ones.
    pub fn same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.items, &other.items)
    }

    /// The items, where this is the last handle to them.
    pub(super) fn into_items(self) -> Vec<Value> {
        Rc::into_inner(self.items).map(|items| std::mem::take(&mut items.into_inner().0)).unwrap_or_default()
    }
}

/// What a slice holds; it goes without recursion, however deeply it is nested.
#[derive(Debug, Default)]
struct Items(Vec<Value>);

impl Drop for Items {
    fn drop(&mut self) {
        dismantle(std::mem::take(&mut self.0));
    }
}
