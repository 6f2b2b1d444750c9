//! Which flows have changed since somebody last asked.

/// Slots, each noted once however often its flow changes. It stands beside the flows, so that nothing
/// is spent on it where nobody asks.
#[derive(Debug, Default)]
pub struct Touched {
    /// In the order of the first change.
    slots: Vec<u32>,
    /// A bit for each slot of the table.
    noted: Vec<u64>,
}

impl Touched {
    /// The flow in a slot has changed.
    pub fn note(&mut self, slot: u32) {
        let (word, bit) = (slot as usize / 64, 1 << (slot % 64));
        if word >= self.noted.len() {
            self.noted.resize(word + 1, 0);
        }
        if let Some(word) = self.noted.get_mut(word).filter(|word| **word & bit == 0) {
            *word |= bit;
            self.slots.push(slot);
        }
    }

    /// The slots noted since this was last called.
    pub fn take(&mut self) -> Vec<u32> {
        let slots = std::mem::take(&mut self.slots);
        for slot in &slots {
            if let Some(word) = self.noted.get_mut(*slot as usize / 64) {
                *word = 0;
            }
        }
        slots
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_told_once_each_time() {
        let mut touched = Touched::default();
        for slot in [5, 200, 5, 6, 200] {
            touched.note(slot);
        }
        assert_eq!(touched.take(), [5, 200, 6]);
        touched.note(6);
        assert_eq!(touched.take(), [6]);
        assert!(touched.take().is_empty());
    }
}
