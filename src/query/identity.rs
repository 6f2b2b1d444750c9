//! What a snapshot is, in one number: equal maps have equal digests, whatever order they grew in.

use sha2::{Digest as _, Sha256};

use super::atlas::Observed;
use crate::graph::{Contact, Dependency, Host, InferredLink, Service};
use crate::model::Indication;

/// The digest of a map: the sum of its rows' SHA-256, modulo 2^256, so that it can be kept up to date
/// as rows change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest([u8; 32]);

impl Digest {
    fn add(&mut self, row: Sha256) {
        let mut carry = 0;
        let row: [u8; 32] = row.finalize().into();
        for (mine, theirs) in self.0.iter_mut().zip(row).rev() {
            let sum = u16::from(*mine) + u16::from(theirs) + carry;
            let [high, low] = sum.to_be_bytes();
            *mine = low;
            carry = u16::from(high);
        }
    }

    /// The 32 bytes, the most significant first.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The digest of everything that an answer is made from, but for what the operator knows.
pub fn digest(observed: &Observed) -> Digest {
    let snapshot = &observed.snapshot;
    let mut sum = Digest::default();
    let mut add = |row: &dyn Fn(&mut Row)| {
        let mut hash = Row(Sha256::new());
        row(&mut hash);
        sum.add(hash.0);
    };
    snapshot.hosts.iter().for_each(|row| add(&|hash| host(hash, row)));
    snapshot.services.iter().for_each(|row| add(&|hash| service(hash, row)));
    snapshot.dependencies.iter().for_each(|row| add(&|hash| dependency(hash, row)));
    snapshot.certificates.iter().for_each(|row| {
        add(&|hash| hash.bytes(row.facts.sha256.as_bytes()));
    });
    for row in observed.history.contacts() {
        let Some(of) = snapshot.dependencies.get(row.dependency as usize) else { continue };
        add(&|hash| {
            hash.word("flow").word(&of.id());
            contact(hash, row);
        });
    }
    for row in &observed.history.indications {
        add(&|hash| indication(hash, row));
    }
    observed.inferences.links.iter().for_each(|row| add(&|hash| link(hash, row)));
    for pool in &observed.inferences.pools {
        add(&|hash| {
            hash.word("pool").number(pool.needed.into());
            pool.members.iter().for_each(|member| hash.bytes(member.to_string().as_bytes()));
        });
    }
    for span in observed.watched.iter() {
        add(&|hash| {
            hash.word("watched").number(span.first.nanos().cast_unsigned());
            hash.number(span.last.nanos().cast_unsigned());
        });
    }
    sum
}

/// Words and numbers of one row, each with its length, so that no two rows read alike.
struct Row(Sha256);

impl Row {
    fn word(&mut self, word: &str) -> &mut Row {
        self.bytes(word.as_bytes());
        self
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    fn number(&mut self, number: u64) -> &mut Row {
        self.0.update(number.to_be_bytes());
        self
    }
}

fn host(hash: &mut Row, row: &Host) {
    hash.word("host").word(&row.key.to_string());
    row.names.iter().for_each(|name| hash.bytes(name.name.as_bytes()));
    row.macs.iter().for_each(|mac| hash.bytes(&mac.0));
    row.vlans.iter().for_each(|vlan| hash.bytes(&vlan.to_be_bytes()));
    row.roles.iter().for_each(|role| hash.bytes(role.as_bytes()));
    hash.number(row.internal.into());
    for held in &row.held {
        hash.bytes(&held.mac.0);
        hash.word(held.source.word()).number(held.span.first.nanos().cast_unsigned());
        hash.number(held.span.last.nanos().cast_unsigned());
    }
    if let Some(span) = row.span {
        hash.number(span.first.nanos().cast_unsigned()).number(span.last.nanos().cast_unsigned());
    }
}

fn service(hash: &mut Row, row: &Service) {
    hash.word("service").word(&row.key.to_string()).word(row.protocol.unwrap_or_default());
    hash.word(row.product.as_deref().unwrap_or_default()).number(row.clients as u64).number(row.flows);
    hash.number(row.tls.is_some().into());
}

fn dependency(hash: &mut Row, row: &Dependency) {
    let totals = &row.totals;
    hash.word("dependency").word(&row.id()).word(row.kind.word()).word(row.state.word());
    hash.word(row.protocol().unwrap_or_default());
    for number in [totals.flows, totals.failed, totals.answered, totals.observed, totals.confidence.to_bits()]
    {
        hash.number(number.into());
    }
    for volume in [totals.to_server, totals.to_client] {
        hash.number(volume.packets).number(volume.bytes);
    }
    hash.number(totals.span.first.nanos().cast_unsigned());
    hash.number(totals.span.last.nanos().cast_unsigned());
}

fn contact(hash: &mut Row, row: &Contact) {
    hash.number(row.span.first.nanos().cast_unsigned()).number(row.span.last.nanos().cast_unsigned());
    hash.number(row.frame.number).number(row.frame.source.into()).number(row.client_port.into());
    hash.number(row.to_server.bytes).number(row.to_client.bytes);
    hash.number(row.open.into()).number(row.observed.into());
}

fn indication(hash: &mut Row, row: &Indication) {
    hash.word("indication").word(row.indicator.kind.word()).word(&row.indicator.text);
    hash.word(&row.client.to_string()).word(&row.service.to_string()).number(row.count);
    hash.number(row.span.first.nanos().cast_unsigned()).number(row.span.last.nanos().cast_unsigned());
    hash.number(row.frame.number).number(row.frame.source.into());
}

fn link(hash: &mut Row, row: &InferredLink) {
    hash.word("link").word(&row.service.to_string()).word(&row.needs.to_string());
    hash.number(row.verdict as u64).number(row.strength.to_bits().into()).number(row.exact.into());
    hash.number(row.requests.into()).number(row.nested.into());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(bytes: &[u8]) -> Sha256 {
        Sha256::new_with_prefix(bytes)
    }

    #[test]
    fn a_sum_does_not_depend_on_the_order() {
        let mut one = Digest::default();
        let mut other = Digest::default();
        for bytes in [b"a", b"b", b"c"] {
            one.add(row(bytes));
        }
        for bytes in [b"c", b"a", b"b"] {
            other.add(row(bytes));
        }
        assert_eq!(one, other);
        other.add(row(b"a"));
        assert_ne!(one, other);
    }

    #[test]
    fn carries_go_all_the_way() {
        let mut sum = Digest([0xff; 32]);
        sum.add(row(b"x"));
        let mut one_less: [u8; 32] = row(b"x").finalize().into();
        for byte in one_less.iter_mut().rev() {
            let (less, borrowed) = byte.overflowing_sub(1);
            *byte = less;
            if !borrowed {
                break;
            }
        }
        assert_eq!(sum, Digest(one_less));
    }
}
