//! Lists of items, one for each owner, in one array (compressed sparse rows): to walk a list is to walk
//! through memory in order.

use std::ops::Range;

/// Lists by owner. Owners are numbered from 0.
#[derive(Clone, Debug)]
pub(super) struct Rows<T> {
    /// Where each owner's list begins, and at last where all end.
    starts: Vec<u32>,
    items: Vec<T>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Rows { starts: Vec::new(), items: Vec::new() }
    }
}

impl<T> Rows<T> {
    /// From items in the order of their owners, which are below `owners`.
    pub fn new(owners: usize, ordered: impl IntoIterator<Item = (u32, T)>) -> Rows<T> {
        let ordered = ordered.into_iter();
        let mut starts = Vec::with_capacity(owners + 1);
        let mut items = Vec::with_capacity(ordered.size_hint().0);
        for (owner, item) in ordered {
            while starts.len() <= owner as usize {
                starts.push(count(items.len()));
            }
            items.push(item);
        }
        starts.resize(owners + 1, count(items.len()));
        Rows { starts, items }
    }

    /// From items that are in order already, and the owner of each.
    pub fn of_ordered(owners: usize, items: Vec<T>, owner: impl Fn(&T) -> u32) -> Rows<T> {
        let starts = Rows::new(owners, items.iter().map(|item| (owner(item), ()))).starts;
        Rows { starts, items }
    }

    /// How many owners there are.
    pub fn owners(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The items of all owners, in their order.
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// The list of one owner.
    pub fn of(&self, owner: u32) -> &[T] {
        self.at(self.places(owner))
    }

    /// The places of one owner's list among all items.
    pub fn places(&self, owner: u32) -> Range<u32> {
        let owner = owner as usize;
        match self.starts.get(owner..).and_then(|starts| starts.first_chunk()) {
            Some([start, end]) => *start..*end,
            None => 0..0,
        }
    }

    /// Where the lists of some owners in a row begin, and where the last one ends.
    #[inline]
    pub fn starts<const STARTS: usize>(&self, first: u32) -> Option<&[u32; STARTS]> {
        self.starts.get(first as usize..)?.first_chunk()
    }

    /// The items at places in a row.
    #[inline]
    pub fn at(&self, places: Range<u32>) -> &[T] {
        self.items.get(places.start as usize..places.end as usize).unwrap_or_default()
    }
}

/// A length as a place. No map comes near the largest.
pub(super) fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_owner_has_its_own_list() {
        let rows = Rows::new(4, [(0, 'a'), (2, 'b'), (2, 'c')]);
        assert_eq!(rows.of(0), ['a']);
        assert!(rows.of(1).is_empty() && rows.of(3).is_empty(), "who has nothing has an empty list");
        assert_eq!(rows.of(2), ['b', 'c']);
        assert_eq!(rows.places(2), 1..3);
        assert!(rows.of(4).is_empty() && rows.of(u32::MAX).is_empty(), "nobody has nothing");
        assert_eq!(rows.owners(), 4);
        assert_eq!((rows.starts(1), rows.starts::<3>(3)), (Some(&[1, 1, 3]), None));
        assert_eq!(rows.at(1..3), ['b', 'c']);
    }

    #[test]
    fn items_in_order_stay_where_they_are() {
        let rows = Rows::of_ordered(3, vec![10, 11, 20], |item| item / 10);
        assert_eq!((rows.of(0), rows.of(1), rows.of(2)), (&[][..], &[10, 11][..], &[20][..]));
        assert_eq!(Rows::<u8>::default().owners(), 0);
    }
}
