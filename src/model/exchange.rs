//! When a flow changed direction: what is left of a conversation once its bytes are gone.

use super::{Nanos, Side, Timestamp};

/// Bytes that one side of a flow sent without the other saying anything, and without a pause. 16 bytes,
/// because a busy server has millions of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The first of its packets.
    pub first: Timestamp,
    /// From the first of its packets to the last, in microseconds; at most 71 minutes.
    pub lasted_us: u32,
    /// Payload bytes, those sent again left aside. 65,535 stands for more: it is small sizes that tell
    /// something (a message that ends a handshake from a request).
    pub bytes: u16,
    /// Who sent it.
    pub side: Side,
    /// The first byte of it, 0 where that was not captured. In TLS it is the type of a record.
    pub opening: u8,
}

impl Turn {
    /// A turn of one packet.
    pub fn new(time: Timestamp, side: Side, bytes: u32, opening: u8) -> Self {
        let bytes = u16::try_from(bytes).unwrap_or(u16::MAX);
        Turn { first: time, lasted_us: 0, bytes, side, opening }
    }

    /// The last of its packets, to the microsecond below.
    pub fn last(&self) -> Timestamp {
        self.first + Nanos::from(self.lasted_us) * 1000
    }

    /// Another packet of it. One that is older than the first changes no time.
    pub fn extend(&mut self, time: Timestamp, bytes: u32) {
        let lasted = ((time - self.first) / 1000).max(0);
        self.lasted_us = self.lasted_us.max(u32::try_from(lasted).unwrap_or(u32::MAX));
        self.bytes = self.bytes.saturating_add(u16::try_from(bytes).unwrap_or(u16::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_small_and_its_numbers_stop_at_their_ends() {
        assert_eq!(size_of::<Turn>(), 16);
        let mut turn = Turn::new(Timestamp::from_seconds(10, 0), Side::A, 70_000, 0x17);
        turn.extend(Timestamp::from_seconds(9, 0), 1);
        assert_eq!((turn.last(), turn.bytes), (turn.first, u16::MAX));
        turn.extend(Timestamp::from_seconds(11, 500_000_999), 1);
        assert_eq!(turn.last(), Timestamp::from_seconds(11, 500_000_000));
        turn.extend(Timestamp::from_seconds(100_000, 0), 1);
        assert_eq!(turn.lasted_us, u32::MAX);
    }
}
