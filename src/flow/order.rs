//! Lists of flows by when they were last active, threaded through the flows' own slots.

/// No slot.
const NONE: u32 = u32::MAX;

/// A slot's place in its list.
#[derive(Clone, Copy, Debug)]
pub struct Links {
    before: u32,
    after: u32,
}

impl Default for Links {
    fn default() -> Self {
        Links { before: NONE, after: NONE }
    }
}

/// Where the links of slots are kept.
pub trait Slots {
    /// The links of a slot; none if the slot does not exist.
    fn links(&mut self, slot: u32) -> Option<&mut Links>;
}

/// One list: the slot at the front has been idle longest.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    front: u32,
    back: u32,
    len: usize,
}

impl Default for Order {
    fn default() -> Self {
        Order { front: NONE, back: NONE, len: 0 }
    }
}

impl Order {
    /// The slot that has been idle longest.
    pub fn front(&self) -> Option<u32> {
        (self.front != NONE).then_some(self.front)
    }

    /// How many slots are in the list.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Adds a slot, which must be in no list, as the one active last.
    pub fn push_back(&mut self, slots: &mut impl Slots, slot: u32) {
        if let Some(links) = slots.links(slot) {
            *links = Links { before: self.back, after: NONE };
        }
        match slots.links(self.back) {
            Some(last) => last.after = slot,
            None => self.front = slot,
        }
        self.back = slot;
        self.len += 1;
    }

    /// Takes a slot, which must be in this list, out of it.
    pub fn remove(&mut self, slots: &mut impl Slots, slot: u32) {
        let Some(Links { before, after }) = slots.links(slot).copied() else { return };
        match slots.links(before) {
            Some(links) => links.after = after,
            None => self.front = after,
        }
        match slots.links(after) {
            Some(links) => links.before = before,
            None => self.back = before,
        }
        self.len = self.len.saturating_sub(1);
    }

    /// Makes a slot of this list the one active last.
    pub fn touch(&mut self, slots: &mut impl Slots, slot: u32) {
        if self.back != slot {
            self.remove(slots, slot);
            self.push_back(slots, slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Slots for Vec<Links> {
        fn links(&mut self, slot: u32) -> Option<&mut Links> {
            self.get_mut(slot as usize)
        }
    }

    #[test]
    fn keeps_the_order_of_activity() {
        let mut slots = vec![Links::default(); 4];
        let mut order = Order::default();
        for slot in 0..4 {
            order.push_back(&mut slots, slot);
        }
        order.touch(&mut slots, 0);
        order.remove(&mut slots, 2);
        let mut left = Vec::new();
        while let Some(slot) = order.front() {
            left.push(slot);
            order.remove(&mut slots, slot);
        }
        assert_eq!(left, [1, 3, 0]);
        assert_eq!(order.len(), 0);
    }
}
