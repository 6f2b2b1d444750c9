//! Lists of items, one for each owner, in one array (compressed sparse rows): to walk a list is to walk
//! through memory in order.

use std::ops::Range;

/// Lists of items, one for each of the owners `0..n`.
#[derive(Debug)]
pub(super) struct Rows<T> {
    starts: Vec<u32>,
    items: Vec<T>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Rows { starts: Vec::new(), items: Vec::new() }
    }
}

impl<T> Rows<T> {
    /// From items in the order of their owners.
    pub fn new(owners: usize, owned: impl IntoIterator<Item = (u32, T)>) -> Rows<T> {
        let mut starts = Vec::with_capacity(owners + 1);
        let mut items = Vec::new();
        for (owner, item) in owned {
            while starts.len() <= owner as usize {
                starts.push(count(items.len()));
            }
            items.push(item);
        }
        starts.resize(owners + 1, count(items.len()));
        Rows { starts, items }
    }

    /// From items that are in the order of their owners already.
    pub fn sorted(owners: usize, items: Vec<T>, owner: impl Fn(&T) -> u32) -> Rows<T> {
        Rows { starts: starts(owners, items.iter().map(owner)), items }
    }

    /// The list of one owner.
    pub fn of(&self, owner: u32) -> &[T] {
        self.at(self.places(owner))
    }

    /// The items at places in a row.
    pub fn at(&self, Range { start, end }: Range<u32>) -> &[T] {
        self.items.get(start as usize..end as usize).unwrap_or_default()
    }

    /// Where the lists of some owners in a row begin, and where the last of these ends.
    pub fn starts<const STARTS: usize>(&self, first: u32) -> Option<&[u32; STARTS]> {
        self.starts.get(first as usize..)?.first_chunk()
    }

    /// Where the list of one owner stands among all items.
    pub fn places(&self, owner: u32) -> Range<u32> {
        let bound = |owner: usize| self.starts.get(owner).copied().unwrap_or_default();
        bound(owner as usize)..bound(owner as usize + 1)
    }

    /// All items, in the order of their owners.
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// How many owners there are.
    pub const fn owners(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }
}

impl Rows<u32> {
    /// Sorts the places `0..of.len()` by their owner; each list is in ascending order, and what is of
    /// nobody is in none.
    pub fn by_owner(owners: usize, of: &[u32]) -> Rows<u32> {
        let starts = starts(owners, of.iter().copied());
        let mut next = starts.clone();
        let mut items = vec![0u32; starts.last().map_or(0, |end| *end as usize)];
        for (place, owner) in (0u32..).zip(of) {
            let Some(free) = next.get_mut(*owner as usize) else { continue };
            if let Some(item) = items.get_mut(*free as usize) {
                *item = place;
            }
            *free += 1;
        }
        Rows { starts, items }
    }
}

/// Where each owner's list begins, and where the last one ends.
fn starts(owners: usize, of: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut starts = vec![0u32; owners + 1];
    for owner in of {
        if let Some(start) = starts.get_mut(owner as usize + 1) {
            *start += 1;
        }
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    starts
}

/// A length in 32 bits; no map comes near the largest.
pub(super) fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stands for nobody.
    const NOBODY: u32 = u32::MAX;

    #[test]
    fn places_are_listed_by_owner_and_those_of_nobody_are_left_out() {
        let rows = Rows::by_owner(4, &[2, 0, 2, NOBODY, 0, 4]);
        assert_eq!(
            [0, 1, 2, 3, 4, 9].map(|owner| rows.of(owner).to_vec()),
            [vec![1, 4], vec![], vec![0, 2], vec![], vec![], vec![]]
        );
        assert_eq!((rows.owners(), rows.items().len()), (4, 4));
    }

    #[test]
    fn items_in_order_become_the_same_lists_either_way() {
        let owned = [(0, 'a'), (2, 'b'), (2, 'c')];
        let (one, other) = (Rows::new(4, owned), Rows::sorted(4, owned.to_vec(), |item| item.0));
        for owner in 0..5 {
            let letters: Vec<char> = other.of(owner).iter().map(|item| item.1).collect();
            assert_eq!(one.of(owner), letters);
            assert_eq!(one.places(owner), other.places(owner));
        }
        assert_eq!(one.places(2), 1..3);
        assert_eq!(one.at(1..3), ['b', 'c']);
        assert_eq!((one.starts(1), one.starts::<3>(3)), (Some(&[1, 1, 3]), None));
        assert!(Rows::<u32>::default().of(0).is_empty());
    }
}
