//! Who made a machine's network card, by its hardware address.
//!
//! The registry (`vendor/README.md` says where it comes from) is searched where it lies in the
//! program: nothing is read or copied at the start. Its format, all numbers big-endian:
//!
//! - three counts of 4 octets, one for each table;
//! - three tables, for blocks of 24, 28 and 36 bits, each sorted by prefix. An entry is the prefix
//!   in 3, 4 or 5 octets, unused bits zero, and in 3 octets the place of a name;
//! - the names, each with its length in an octet before it. Places count from the first.

use std::cmp::Ordering;

use crate::model::Mac;

static REGISTRY: &[u8] = include_bytes!("vendor/registry.bin");

/// Octets of the three counts.
const COUNTS_OCTETS: usize = 12;

/// Octets of a name's place.
const PLACE_OCTETS: usize = 3;

/// Who holds the block that an address is from. Nobody holds group addresses or those that the
/// machine gave itself (virtual machines, phones that hide): the two low bits of the first octet.
pub fn vendor(mac: Mac) -> Option<&'static str> {
    const GROUP_OR_LOCAL: u8 = 0b11;
    let Mac([a, b, c, d, e, _]) = mac;
    if a & GROUP_OR_LOCAL != 0 || mac.is_zero() {
        return None;
    }
    let registry = Registry::split(REGISTRY)?;
    // Small blocks are parts of large ones, whose holder only divides them.
    let place = find(registry.blocks_36, &[a, b, c, d, e & 0xf0])
        .or_else(|| find(registry.blocks_28, &[a, b, c, d & 0xf0]))
        .or_else(|| find(registry.blocks_24, &[a, b, c]))?;
    registry.name(place)
}

/// The parts of the registry.
struct Registry {
    blocks_24: &'static [u8],
    blocks_28: &'static [u8],
    blocks_36: &'static [u8],
    names: &'static [u8],
}

impl Registry {
    fn split(registry: &'static [u8]) -> Option<Self> {
        let (counts, rest) = registry.split_first_chunk::<COUNTS_OCTETS>()?;
        let mut counts = counts.as_chunks::<4>().0.iter().map(|count| u32::from_be_bytes(*count) as usize);
        let (blocks_24, rest) = rest.split_at_checked(counts.next()? * (3 + PLACE_OCTETS))?;
        let (blocks_28, rest) = rest.split_at_checked(counts.next()? * (4 + PLACE_OCTETS))?;
        let (blocks_36, names) = rest.split_at_checked(counts.next()? * (5 + PLACE_OCTETS))?;
        Some(Registry { blocks_24, blocks_28, blocks_36, names })
    }

    fn name(&self, place: usize) -> Option<&'static str> {
        let (length, rest) = self.names.get(place..)?.split_first()?;
        std::str::from_utf8(rest.get(..usize::from(*length))?).ok()
    }
}

/// The place of the name that a table has for a prefix.
fn find(table: &[u8], prefix: &[u8]) -> Option<usize> {
    let width = prefix.len() + PLACE_OCTETS;
    let (mut low, mut high) = (0, table.len() / width);
    while low < high {
        let middle = low + (high - low) / 2;
        let (key, place) = table.get(middle * width..(middle + 1) * width)?.split_at_checked(prefix.len())?;
        match key.cmp(prefix) {
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
            Ordering::Equal => {
                return Some(place.iter().fold(0, |place, octet| place << 8 | usize::from(*octet)));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(mac: [u8; 6], expected: Option<&str>) {
        assert_eq!(vendor(Mac(mac)), expected, "{}", Mac(mac));
    }

    #[test]
    fn blocks_of_all_sizes_have_holders() {
        check([0x00, 0x0c, 0x29, 1, 2, 3], Some("VMware"));
        check([0x00, 0x21, 0x1c, 0x2e, 0x41, 0x46], Some("Cisco Systems"));
        check([0xc8, 0x5c, 0xe2, 0x7f, 0, 1], Some("SYNERGY SYSTEMS AND SOLUTIONS"));
        check([0x8c, 0x1f, 0x64, 0xaf, 0xaf, 0xff], Some("DATA ELECTRONIC DEVICES"));
        check([0x00, 0x50, 0xc2, 0xf7, 0x10, 1], Some("RF Code"));
    }

    #[test]
    fn the_first_and_last_blocks_are_found() {
        check([0x00, 0x00, 0x00, 0, 0, 1], Some("XEROX"));
        let last = Registry::split(REGISTRY).unwrap().blocks_24.rchunks(6).next().unwrap();
        let [a, b, c, ..] = *last else { panic!("no blocks") };
        assert!(vendor(Mac([a, b, c, 0, 0, 0])).is_some());
    }

    #[test]
    fn nobody_holds_addresses_that_are_made_up() {
        check([0x02, 0x0c, 0x29, 1, 2, 3], None);
        check([0x01, 0x00, 0x5e, 0, 0, 0xfb], None);
        check([0xff; 6], None);
        check([0; 6], None);
    }

    #[test]
    fn the_registry_is_sorted_and_every_place_is_a_name() {
        let registry = Registry::split(REGISTRY).unwrap();
        for (table, width) in [(registry.blocks_24, 6), (registry.blocks_28, 7), (registry.blocks_36, 8)] {
            assert!(table.len() > 1000 * width && table.len() % width == 0);
            assert!(table.chunks(width).is_sorted_by(|a, b| a[..width - 3] < b[..width - 3]));
            for entry in table.chunks(width) {
                let place = find(table, &entry[..width - 3]).unwrap();
                let name = registry.name(place).unwrap();
                assert!(!name.is_empty() && !name.chars().any(char::is_control), "{name:?}");
            }
        }
    }
}
