//! Which shard a packet belongs to: one for both directions of everything between two machines.

use crate::model::{Address, Realm};

use super::packet::{Layer4, Packet};

/// The shard of a packet, below `shards`.
///
/// It goes by realm and pair of addresses only, so that whatever two machines say to each other,
/// on any port, is seen by one shard; an ICMP error goes where the packet goes that it quotes. The
/// function is fixed, because the report must not depend on a random seed. So somebody who chooses
/// addresses can send everything to one shard: that shard's own limits then hold, and packets that it
/// has no room for are counted as such.
#[inline]
pub fn shard_of(packet: &Packet, shards: usize) -> usize {
    let (source, destination) = match packet.layer4 {
        Layer4::Icmp { about: Some(quoted), .. } => (quoted.source.address, quoted.destination.address),
        _ => (packet.source, packet.destination),
    };
    let pair = mixed(source).wrapping_add(mixed(destination)).wrapping_add(realm_number(packet.realm));
    // The high bits of a product depend on all bits of its factors.
    let spread = pair.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    usize::try_from(spread).unwrap_or(0).checked_rem(shards).unwrap_or(0)
}

fn mixed(address: Address) -> u64 {
    let [high, low] = [address.bits() >> 64, address.bits() & u128::from(u64::MAX)]
        .map(|half| u64::try_from(half).unwrap_or(0));
    let product = u128::from(high ^ 0x243f_6a88_85a3_08d3) * u128::from(low ^ 0x1319_8a2e_0370_7344);
    let folded = (product >> 64) ^ (product & u128::from(u64::MAX));
    u64::try_from(folded).unwrap_or(0).wrapping_mul(0xa409_3822_299f_31d1)
}

fn realm_number(realm: Realm) -> u64 {
    if realm.is_default() {
        return 0;
    }
    let mut hasher = std::hash::BuildHasher::build_hasher(&foldhash::fast::FixedState::with_seed(0));
    std::hash::Hash::hash(&realm, &mut hasher);
    std::hash::Hasher::finish(&hasher)
}
