//! A hash map that costs little more than what it holds.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// A hash map for keys that an attacker picks: rows in one list, in the order in which they came, and
/// an index of their places.
///
/// A map that keeps its rows in the buckets doubles with all of them, and so is half empty most of the
/// time; here only the index doubles, at five bytes a row, and the list grows by an eighth.
#[derive(Clone, Debug)]
pub struct Table<K, V> {
    rows: Vec<(K, V)>,
    index: HashTable<u32>,
    seed: RandomState,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Table { rows: Vec::new(), index: HashTable::new(), seed: RandomState::default() }
    }
}

impl<K: Hash + Eq, V> Table<K, V> {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// True if a key has a row.
    pub fn contains_key(&self, key: &K) -> bool {
        self.place(key).is_some()
    }

    /// The value of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.rows.get(self.place(key)?).map(|(_, value)| value)
    }

    /// The value of a key, to be changed.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let place = self.place(key)?;
        self.rows.get_mut(place).map(|(_, value)| value)
    }

    /// Joins a value with that of its key, or adds a row while there are fewer than `max`. False if
    /// there was no room.
    pub fn add(&mut self, max: usize, key: K, value: V, join: impl FnOnce(&mut V, V)) -> bool {
        let place = self.place(&key);
        if let Some((_, known)) = place.and_then(|place| self.rows.get_mut(place)) {
            join(known, value);
            return true;
        }
        let room = self.rows.len() < max;
        if room {
            self.push(key, value);
        }
        room
    }

    /// The value of a key, made while there are fewer rows than `max`. None if there was no room.
    pub fn get_or_make(&mut self, max: usize, key: K, make: impl FnOnce() -> V) -> Option<&mut V> {
        let place = match self.place(&key) {
            Some(place) => place,
            None if self.rows.len() >= max => return None,
            None => {
                self.push(key, make());
                self.rows.len() - 1
            }
        };
        self.rows.get_mut(place).map(|(_, value)| value)
    }

    /// Keeps only some rows, in their order. Returns how many have gone.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) -> usize {
        let before = self.rows.len();
        self.rows.retain_mut(|(key, value)| keep(key, value));
        let gone = before - self.rows.len();
        if gone > 0 {
            let rows = std::mem::take(&mut self.rows);
            self.index.clear();
            self.rows.reserve_exact(rows.len());
            rows.into_iter().for_each(|(key, value)| self.push(key, value));
        }
        gone
    }

    /// All rows.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.rows.iter().map(|(key, value)| (key, value))
    }

    /// All keys.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.rows.iter().map(|(key, _)| key)
    }

    fn place(&self, key: &K) -> Option<usize> {
        let same = |place: &u32| self.rows.get(*place as usize).is_some_and(|(known, _)| known == key);
        self.index.find(self.seed.hash_one(key), same).map(|place| *place as usize)
    }

    /// Adds a row whose key has none yet.
    fn push(&mut self, key: K, value: V) {
        let hash = self.seed.hash_one(&key);
        let place = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        if self.rows.len() == self.rows.capacity() {
            self.rows.reserve_exact(4 + self.rows.len() / 8);
        }
        self.rows.push((key, value));
        let (rows, seed) = (&self.rows, &self.seed);
        let again = |place: &u32| rows.get(*place as usize).map_or(0, |(key, _)| seed.hash_one(key));
        self.index.insert_unique(hash, place, again);
    }
}

impl<K, V> IntoIterator for Table<K, V> {
    type Item = (K, V);
    type IntoIter = std::vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_again_and_bounded() {
        let mut table = Table::default();
        for round in 1..=2 {
            for key in 0..2000u32 {
                let fits = table.add(1000, key, 1, |known, new| *known += new);
                assert_eq!(fits, key < 1000, "{key} in round {round}");
            }
        }
        assert_eq!(table.len(), 1000);
        assert!(table.iter().all(|(key, count)| *count == 2 && table.get(key) == Some(count)));
        assert_eq!((table.get(&1000), table.contains_key(&999)), (None, true));
        assert!(table.into_iter().map(|(key, _)| key).eq(0..1000), "in the order in which they came");
    }

    #[test]
    fn what_is_kept_is_found_again() {
        let mut table = Table::default();
        (0..100u32).for_each(|key| {
            table.add(100, key, key, |_, _| {});
        });
        assert_eq!(table.retain(|key, _| key % 3 == 0), 66);
        assert_eq!((table.get(&33), table.get(&34), table.len()), (Some(&33), None, 34));
        assert!(table.add(35, 34, 34, |_, _| {}) && !table.add(35, 35, 35, |_, _| {}));
    }

    #[test]
    fn a_value_is_made_once() {
        let mut table = Table::default();
        assert_eq!(table.get_or_make(1, 'a', || 1), Some(&mut 1));
        assert_eq!(table.get_or_make(1, 'a', || 2), Some(&mut 1));
        assert_eq!(table.get_or_make(1, 'b', || 2), None);
    }
}
