//! Names, fingerprints and users with who named them to whom: kept where records are.

use compact_str::CompactString;
use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::graph::Scene;
use crate::model::{
    FrameId, HostKey, Indication, Indicator, IndicatorKind, NameSource, NamedThing, Observation, Role,
    ServiceKey, Span, Timestamp,
};

/// Marks that a shard remembers: 65,536 × ~200 B = 12.5 MiB, and as much again for texts of more
/// than 24 bytes. What comes after them is counted.
const INDICATIONS_MAX: usize = 65_536;

/// Of these, marks of one client: a tunnel through DNS asks for a new name with every packet, and
/// must not use up everybody's room.
const CLIENT_INDICATIONS_MAX: usize = 4_096;

/// Bytes of the longest mark: a name's greatest length (RFC 1035 §2.3.4).
const TEXT_BYTES_MAX: usize = 255;

type Table<K, V> = HashMap<K, V, RandomState>;

/// The mark, who showed it, and to whom.
type Key = (Indicator, HostKey, ServiceKey);

/// When a mark was seen, and how often.
#[derive(Clone, Copy, Debug)]
struct Times {
    span: Span,
    frame: FrameId,
    count: u64,
}

/// The marks that one shard has seen.
#[derive(Debug, Default)]
pub struct Indications {
    seen: Table<Key, Times>,
    of_client: Table<HostKey, usize>,
    /// Marks that did not fit.
    pub dropped: u64,
}

impl Indications {
    /// Takes what an observation marks.
    pub fn note(&mut self, scene: &Scene, observation: &Observation) {
        if scene.group {
            return;
        }
        match observation {
            Observation::ClientHello { sni, ja4, ech, .. } => {
                if let Some(name) = sni.as_ref().filter(|_| !ech) {
                    self.add(scene, IndicatorKind::Sni, name);
                }
                self.add(scene, IndicatorKind::Ja4, ja4);
            }
            Observation::Name { of: NamedThing::Role(Role::Server), name, source: NameSource::HttpHost } => {
                self.add(scene, IndicatorKind::HttpHost, name)
            }
            Observation::Asked { name, answered: false } => self.add(scene, IndicatorKind::Asked, name),
            Observation::Asked { name, answered: true } => self.add(scene, IndicatorKind::Resolved, name),
            Observation::User(name) => self.add(scene, IndicatorKind::User, name),
            _ => {}
        }
    }

    fn add(&mut self, scene: &Scene, kind: IndicatorKind, text: &CompactString) {
        if text.is_empty() || text.len() > TEXT_BYTES_MAX {
            return;
        }
        let client = scene.key.host(scene.client);
        let service = scene.key.service(scene.client.other());
        let key = (Indicator { kind, text: text.clone() }, client, service);
        self.admit(key, Times { span: Span::at(scene.at.time), frame: scene.at.frame, count: 1 });
    }

    fn admit(&mut self, key: Key, new: Times) {
        if let Some(times) = self.seen.get_mut(&key) {
            if new.span.first < times.span.first {
                times.frame = new.frame;
            }
            times.span.join(new.span);
            times.count += new.count;
            return;
        }
        let of_client = self.of_client.entry(key.1).or_default();
        if self.seen.len() >= INDICATIONS_MAX || *of_client >= CLIENT_INDICATIONS_MAX {
            self.dropped += 1;
            return;
        }
        *of_client += 1;
        self.seen.insert(key, new);
    }

    /// Adds what the same shard saw later, within the same bounds.
    pub fn absorb(&mut self, later: Indications) {
        self.dropped += later.dropped;
        let mut rows: Vec<(Key, Times)> = later.seen.into_iter().collect();
        // As they were first seen, so that the same rows find room as if nobody had taken them out.
        rows.sort_unstable_by(|(one, times), (other, others)| {
            (times.span.first, times.frame, one).cmp(&(others.span.first, others.frame, other))
        });
        rows.into_iter().for_each(|(key, times)| self.admit(key, times));
    }

    /// Forgets what was last seen before a moment, and tells how many that were.
    pub fn forget(&mut self, before: Timestamp) -> u64 {
        let all = self.seen.len();
        self.seen.retain(|_, times| times.span.last >= before);
        self.of_client.clear();
        for (_, client, _) in self.seen.keys() {
            *self.of_client.entry(*client).or_default() += 1;
        }
        (all - self.seen.len()) as u64
    }

    /// All of them, in no order. A client and a service meet in one shard only, so that none is told
    /// by two.
    pub fn into_rows(self) -> impl Iterator<Item = Indication> {
        self.seen.into_iter().map(|(key, times)| row(key, times))
    }

    /// The same, and they stay.
    pub fn rows(&self) -> impl Iterator<Item = Indication> + '_ {
        self.seen.iter().map(|(key, times)| row(key.clone(), *times))
    }
}

fn row((indicator, client, service): Key, times: Times) -> Indication {
    Indication { indicator, client, service, span: times.span, frame: times.frame, count: times.count }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Address, Endpoint, FlowKey, Moment, Realm, Side, Timestamp, Transport};

    fn scene(client: u8, second: i64) -> Scene {
        let endpoint = |last, port| Endpoint { address: Address::from([10, 0, 0, last]), port };
        let (key, side) =
            FlowKey::of(Realm::DEFAULT, Transport::Udp, endpoint(client, 40_000), endpoint(200, 53));
        let time = Timestamp::from_seconds(second, 0);
        let frame = FrameId { source: 0, number: second as u64 };
        Scene { key, client: side, service: side.other(), group: false, at: Moment { frame, time } }
    }

    fn asked(name: &str) -> Observation {
        Observation::Asked { name: name.into(), answered: false }
    }

    #[test]
    fn the_same_question_is_one_row_with_its_first_frame() {
        let mut indications = Indications::default();
        for second in [7, 3, 9] {
            indications.note(&scene(1, second), &asked("bad.example"));
        }
        let rows: Vec<_> = indications.into_rows().collect();
        assert_eq!(rows.len(), 1);
        let row = &rows[0];
        assert_eq!((row.span.first.seconds(), row.span.last.seconds(), row.count), (3, 9, 3));
        assert_eq!((row.frame.number, row.client.address), (3, Address::from([10, 0, 0, 1])));
        assert_eq!(row.service.port, 53);
    }

    #[test]
    fn a_client_that_asks_for_ever_new_names_leaves_room_for_others() {
        let mut indications = Indications::default();
        for second in 0..CLIENT_INDICATIONS_MAX as i64 + 5 {
            indications.note(&scene(1, second), &asked(&format!("{second}.tunnel.example")));
        }
        indications.note(&scene(2, 1), &asked("bad.example"));
        assert_eq!(indications.dropped, 5);
        assert_eq!(indications.into_rows().count(), CLIENT_INDICATIONS_MAX + 1);
    }

    #[test]
    fn names_behind_ech_and_in_groups_are_none() {
        let mut indications = Indications::default();
        let hello = |ech| Observation::ClientHello {
            sni: Some("cover.example".into()),
            alpn: Vec::new(),
            ja4: "t13d1516h2_8daaf6152771_02713d6af862".into(),
            version: crate::model::TlsVersion::Tls13,
            ech,
        };
        indications.note(&scene(1, 1), &hello(true));
        indications.note(&Scene { group: true, ..scene(1, 1) }, &hello(false));
        let kinds: Vec<_> = indications.into_rows().map(|row| row.indicator.kind).collect();
        assert_eq!(kinds, [IndicatorKind::Ja4]);
        assert_eq!(scene(1, 1).client, Side::A);
    }
}
