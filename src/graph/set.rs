//! Sets of few things.

use std::ops::Deref;

use smallvec::SmallVec;

/// A sorted set of few things, the first `N` of them in place. A B-tree's smallest node has room for
/// eleven, and most sets of a map hold one or two: its words, versions, clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set<T, const N: usize = 1>(SmallVec<[T; N]>);

impl<T, const N: usize> Default for Set<T, N> {
    fn default() -> Self {
        Set(SmallVec::new())
    }
}

impl<T: Ord, const N: usize> Set<T, N> {
    /// Adds a thing. Where there would be more than `max`, the smallest stay, so that the order of
    /// adding is no matter.
    pub fn add(&mut self, max: usize, thing: T) {
        let Err(place) = self.0.binary_search(&thing) else { return };
        if place >= max {
            return;
        }
        if self.0.len() == self.0.capacity() {
            self.0.reserve_exact(1 + self.0.len() / 2);
        }
        self.0.insert(place, thing);
        self.0.truncate(max);
    }

    /// Adds all things of another set.
    pub fn join(&mut self, max: usize, other: Set<T, N>) {
        other.0.into_iter().for_each(|thing| self.add(max, thing));
    }
}

impl<T, const N: usize> From<Option<T>> for Set<T, N> {
    fn from(thing: Option<T>) -> Self {
        Set(thing.into_iter().collect())
    }
}

/// The things, sorted.
impl<T, const N: usize> Deref for Set<T, N> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_stay_in_any_order() {
        for things in [[1, 2, 3, 4], [4, 3, 2, 1], [3, 1, 4, 2]] {
            let mut set = Set::<u8>::default();
            things.into_iter().chain(things).for_each(|thing| set.add(3, thing));
            assert_eq!(*set, [1, 2, 3]);
        }
    }

    #[test]
    fn joined_sets_hold_each_thing_once() {
        let mut set = Set::<u8, 2>::from(Some(2));
        let mut other = set.clone();
        other.add(8, 1);
        set.join(8, other);
        assert_eq!(*set, [1, 2]);
    }
}
