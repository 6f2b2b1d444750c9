//! What a flow is for, where its bytes prove more than its protocol's name does (`direction.md` §3).

/// What a flow is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// What the protocol is for by its name.
    Ordinary,
    /// Names, time, logon, policies, a proxy: what others need to work at all.
    Infra,
    /// The server is administered.
    Management,
    /// The server is watched: health checks, scrapes.
    Observability,
    /// Files are copied away.
    Backup,
    /// A replica follows its primary.
    Replication,
    /// Messages are handed to or taken from a broker.
    Broker,
    /// Sound or pictures.
    Media,
}

impl Purpose {
    const ALL: [Purpose; 8] = [
        Purpose::Ordinary,
        Purpose::Infra,
        Purpose::Management,
        Purpose::Observability,
        Purpose::Backup,
        Purpose::Replication,
        Purpose::Broker,
        Purpose::Media,
    ];
}

/// Every purpose that a flow, or the flows of an edge, have shown. One byte: a map has more edges
/// than anything else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purposes(u8);

impl Purposes {
    /// Adds one.
    pub const fn insert(&mut self, purpose: Purpose) {
        self.0 |= 1 << purpose as u8;
    }

    /// Adds all of another set.
    pub const fn join(&mut self, other: Purposes) {
        self.0 |= other.0;
    }

    /// True if nothing was shown.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The set as the bits of a number, in the order of [`Purpose`].
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The set that [`Purposes::bits`] told of; bits that mean nothing are left out of every answer.
    pub const fn from_bits(bits: u8) -> Self {
        Purposes(bits)
    }

    /// Every purpose shown.
    pub fn iter(self) -> impl Iterator<Item = Purpose> {
        Purpose::ALL.into_iter().filter(move |purpose| self.0 & 1 << *purpose as u8 != 0)
    }
}

impl From<Purpose> for Purposes {
    fn from(purpose: Purpose) -> Self {
        let mut purposes = Purposes::default();
        purposes.insert(purpose);
        purposes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_gives_back_what_was_put_in() {
        for one in Purpose::ALL {
            for other in Purpose::ALL {
                let mut purposes = Purposes::from(one);
                assert!(!purposes.is_empty());
                purposes.join(other.into());
                let expected: Vec<_> =
                    Purpose::ALL.into_iter().filter(|each| [one, other].contains(each)).collect();
                assert_eq!(purposes.iter().collect::<Vec<_>>(), expected);
            }
        }
        assert!(Purposes::default().is_empty());
    }
}
