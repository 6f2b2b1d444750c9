//! IEEE 802.11 data frames, and the headers that captures put before them.

use crate::model::Mac;

use super::field::{after, array_at, u16_at, u32_at};
use super::link::{self, Carries, Front, Linked};

/// Presence words of one radiotap header that are walked; the registry has defined three.
const PRESENCE_WORDS_MAX: usize = 16;

/// LINKTYPE_IEEE802_11_RADIOTAP: version, pad, length, presence words, all little-endian. Its flags say
/// whether the 802.11 header was padded to a multiple of four bytes.
pub(super) fn radiotap(bytes: &[u8]) -> Linked<'_> {
    let Some(length) = array_at(bytes, 2).map(u16::from_le_bytes) else { return broken() };
    match bytes.get(usize::from(length)..) {
        Some(frame) => ieee80211(frame, radiotap_flags(bytes).is_some_and(|flags| flags & 0x20 != 0)),
        None => broken(),
    }
}

/// The flags field, the second one; the first, a time of eight bytes, is aligned to its size.
fn radiotap_flags(bytes: &[u8]) -> Option<u8> {
    let word = |index: usize| array_at(bytes, 4 + index * 4).map(u32::from_le_bytes);
    let present = word(0)?;
    let last = (0..PRESENCE_WORDS_MAX).find(|index| word(*index).is_none_or(|word| word >> 31 == 0))?;
    let fields = 8 + last * 4;
    let flags = if present & 1 == 1 { fields.next_multiple_of(8) + 8 } else { fields };
    (present & 2 != 0).then(|| bytes.get(flags).copied()).flatten()
}

/// LINKTYPE_IEEE802_11_PRISM: message code, length in the byte order of the machine that captured.
/// Some drivers put the other header under this number.
pub(super) fn prism(bytes: &[u8]) -> Linked<'_> {
    match u32_at(bytes, 4) {
        Some(length) => behind(bytes, length.min(length.swap_bytes())),
        None => broken(),
    }
}

/// LINKTYPE_IEEE802_11_AVS: version, length.
pub(super) fn avs(bytes: &[u8]) -> Linked<'_> {
    match u32_at(bytes, 4) {
        Some(length) => behind(bytes, length),
        None => broken(),
    }
}

fn behind(bytes: &[u8], length: u32) -> Linked<'_> {
    match usize::try_from(length).ok().and_then(|length| bytes.get(length..)) {
        Some(frame) => ieee80211(frame, false),
        None => broken(),
    }
}

fn broken() -> Linked<'static> {
    link::walk(Front::End(Carries::Broken), &[])
}

/// A frame of IEEE 802.11 §9.2. Only data that is not encrypted carries what can be read.
pub(super) fn ieee80211(frame: &[u8], padded: bool) -> Linked<'_> {
    let (Some([control, flags]), Some(first)) = (array_at(frame, 0), array_at(frame, 4)) else {
        return broken();
    };
    let is_data = control & 0x0f == 0x08;
    let (without_data, with_quality) = (control & 0x40 != 0, control & 0x80 != 0);
    let (to_system, from_system) = (flags & 0x01 != 0, flags & 0x02 != 0);
    if !is_data || without_data || flags & PROTECTED != 0 {
        return link::walk(Front::End(Carries::Other), &[]);
    }
    let (Some(second), Some(third), Some(sequence)) =
        (array_at(frame, 10), array_at(frame, 16), u16_at(frame, 22))
    else {
        return broken();
    };
    // A piece of a frame carries a piece of a packet. The number stands in the low byte's low half.
    if flags & MORE_FRAGMENTS != 0 || sequence & 0x0f00 != 0 {
        return link::walk(Front::End(Carries::Other), &[]);
    }
    let mut length = 24;
    // §9.3.2.1, table 9-30: which address is whose.
    let (destination, source) = match (to_system, from_system) {
        (false, false) => (first, second),
        (false, true) => (first, third),
        (true, false) => (third, second),
        (true, true) => match array_at(frame, 24) {
            Some(fourth) => {
                length += 6;
                (third, fourth)
            }
            None => return broken(),
        },
    };
    let mut aggregate = false;
    if with_quality {
        aggregate = frame.get(length).is_some_and(|quality| quality & 0x80 != 0);
        length += if flags & ORDER != 0 { 6 } else { 2 };
    }
    if padded {
        length = usize::next_multiple_of(length, 4);
    }
    let body = after(frame, length);
    if aggregate {
        // Of several packets in one frame the first is read: destination, source, length, LLC.
        return link::walk(Front::Ethernet, body);
    }
    Linked { source: Mac(source), destination: Mac(destination), ..link::walk(Front::Llc, body) }
}

const MORE_FRAGMENTS: u8 = 0x04;
const PROTECTED: u8 = 0x40;
const ORDER: u8 = 0x80;
