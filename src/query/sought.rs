//! Who asked for, and who touched, something that somebody looks for.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::CompactString;

use super::atlas::Atlas;
use super::hidden::{Hidden, is_or_is_below};
use super::indicator::Indicated;
use crate::graph::{Certificate, EdgeKey, Host, Name};
use crate::model::{
    FrameId, HostKey, Indication, IndicatorKind, NameSource, Role, ServiceKey, Span, Timestamp, Transport,
};

/// How it is known that a contact has to do with what is sought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// One end has the address.
    Address,
    /// One end has an address that bears the name.
    NamedAddress,
    /// The client named it in TLS.
    Sni,
    /// The client named it in HTTP.
    HttpHost,
    /// The client has the fingerprint.
    Ja4,
    /// One side presented the certificate.
    Certificate,
    /// The client logged in as the user.
    User,
}

impl How {
    /// Its word in answers.
    pub const fn word(self) -> &'static str {
        match self {
            How::Address => "address",
            How::NamedAddress => "named_address",
            How::Sni => "sni",
            How::HttpHost => "http_host",
            How::Ja4 => "ja4",
            How::Certificate => "certificate",
            How::User => "user",
        }
    }

    const fn of(kind: IndicatorKind) -> Option<How> {
        match kind {
            IndicatorKind::Asked | IndicatorKind::Resolved => None,
            IndicatorKind::Sni => Some(How::Sni),
            IndicatorKind::HttpHost => Some(How::HttpHost),
            IndicatorKind::Ja4 => Some(How::Ja4),
            IndicatorKind::User => Some(How::User),
        }
    }
}

/// A client that asked for the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// Who.
    pub client: HostKey,
    /// Which name.
    pub name: CompactString,
    /// Whom it asked.
    pub server: ServiceKey,
    /// Questions.
    pub questions: u64,
    /// Answers that gave it records.
    pub answers: u64,
    /// From the first message to the last.
    pub span: Span,
    /// The first message's frame.
    pub frame: FrameId,
}

/// Flows of a client with a service that have to do with what is sought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touch {
    /// Who.
    pub client: HostKey,
    /// With which service.
    pub service: ServiceKey,
    /// The dependency's place; none where the flows were not kept.
    pub dependency: Option<u32>,
    /// How that is known.
    pub how: BTreeSet<How>,
    /// What of it was shown: names, users.
    pub shown: BTreeSet<CompactString>,
    /// What is sought is the client's: it did something, rather than something was done to it.
    pub by_it: bool,
    /// Flows.
    pub flows: u64,
    /// Of these, answered.
    pub answered: u64,
    /// Bytes from the client.
    pub bytes_up: u64,
    /// Bytes to the client.
    pub bytes_down: u64,
    /// The bytes may be for something else too: the address or service bears other names.
    pub shared: bool,
    /// A connection goes on.
    pub open: bool,
    /// From the first flow to the last.
    pub span: Span,
    /// The first flow's first frame, or the one that showed it.
    pub frame: FrameId,
}

/// What is known of something that is sought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sought {
    /// Who asked for it, in order of time.
    pub asked: Vec<Asker>,
    /// Who touched it, in order of time.
    pub touched: Vec<Touch>,
    /// Hosts that it is, or whose name it is: places, ascending.
    pub hosts: BTreeSet<u32>,
    /// Certificates that it is: places, ascending.
    pub certificates: BTreeSet<u32>,
    /// Hosts that may have asked unseen.
    pub hidden: Hidden,
    /// Questions, names and fingerprints that were not kept.
    pub dropped: u64,
}

impl Asker {
    fn of(row: &Indication) -> Asker {
        let answered = row.indicator.kind == IndicatorKind::Resolved;
        Asker {
            client: row.client,
            name: row.indicator.text.clone(),
            server: row.service,
            questions: if answered { 0 } else { row.count },
            answers: if answered { row.count } else { 0 },
            span: row.span,
            frame: row.frame,
        }
    }

    fn join(&mut self, other: &Asker) {
        self.questions += other.questions;
        self.answers += other.answers;
        if other.span.first < self.span.first {
            self.frame = other.frame;
        }
        self.span.join(other.span);
    }
}

impl Sought {
    /// Nothing of it was seen.
    pub fn is_empty(&self) -> bool {
        self.asked.is_empty()
            && self.touched.is_empty()
            && self.hosts.is_empty()
            && self.certificates.is_empty()
    }

    /// From the first to the last time that it was asked for or touched.
    pub fn span(&self) -> Option<Span> {
        let spans = self.asked.iter().map(|row| row.span).chain(self.touched.iter().map(|row| row.span));
        spans.reduce(|mut all, span| {
            all.join(span);
            all
        })
    }

    /// Bytes from clients and to them.
    pub fn bytes(&self) -> (u64, u64) {
        let of = |bytes: fn(&Touch) -> u64| self.touched.iter().map(bytes).sum();
        (of(|row| row.bytes_up), of(|row| row.bytes_down))
    }
}

/// Looks for everything that a text may mean.
pub fn seek(atlas: &Atlas, meant: &[Indicated]) -> Sought {
    let mut search = Search { atlas, sought: Sought::default(), touched: BTreeMap::new() };
    meant.iter().for_each(|indicated| search.seek(indicated));
    let Search { mut sought, touched, .. } = search;
    sought.touched = touched.into_values().filter_map(|draft| draft.measured(atlas)).collect();
    sought.touched.sort_by_key(|row| (row.span.first, row.client, row.service));
    sought.asked.sort_by(|one, other| {
        let key = |row: &Asker| (row.span.first, row.client, row.name.clone(), row.server);
        key(one).cmp(&key(other))
    });
    sought.hidden = Hidden::of(atlas);
    sought.dropped = atlas.observed.history.indications_dropped;
    sought
}

/// A search under way.
struct Search<'a> {
    atlas: &'a Atlas,
    sought: Sought,
    touched: BTreeMap<EdgeKey, Draft>,
}

/// Contacts of a client with a service that are not yet measured.
struct Draft {
    key: EdgeKey,
    how: BTreeSet<How>,
    shown: BTreeSet<CompactString>,
    by_it: bool,
    /// When it was shown, and in which frame; none: every flow counts.
    shown_at: Option<(Span, FrameId)>,
    shared: bool,
}

impl Search<'_> {
    fn seek(&mut self, indicated: &Indicated) {
        match indicated {
            Indicated::Network(network) => {
                self.hosts(How::Address, &|host| network.contains(&host.key.address.ip()).then_some(false));
            }
            Indicated::Name(name) => {
                self.indications(&|row| {
                    row.indicator.kind.is_name() && is_or_is_below(&row.indicator.text, name)
                });
                self.hosts(How::NamedAddress, &|host| named(host, name));
            }
            Indicated::Ja4(ja4) => self.indications(&|row| {
                row.indicator.kind == IndicatorKind::Ja4 && row.indicator.text.eq_ignore_ascii_case(ja4)
            }),
            Indicated::User(user) => self.indications(&|row| {
                row.indicator.kind == IndicatorKind::User && is_user(&row.indicator.text, user)
            }),
            Indicated::Certificate(digits) => self.certificates(digits),
        }
    }

    /// Hosts that are wanted. The function says of those whether their address bears other names too.
    fn hosts(&mut self, how: How, wanted: &dyn Fn(&Host) -> Option<bool>) {
        let atlas = self.atlas;
        for (place, host) in (0u32..).zip(&atlas.observed.snapshot.hosts) {
            let Some(shared) = wanted(host) else { continue };
            self.sought.hosts.insert(place);
            for dependency in atlas.uses(place) {
                self.contact(*dependency, how, true, shared);
            }
        }
        let all = 0..u32::try_from(atlas.observed.snapshot.dependencies.len()).unwrap_or(u32::MAX);
        for dependency in all {
            let Some(server) = atlas.server_of(dependency) else { continue };
            let shared = atlas.host(server).and_then(wanted);
            if let Some(shared) = shared {
                self.contact(dependency, how, false, shared);
            }
        }
    }

    fn contact(&mut self, dependency: u32, how: How, by_it: bool, shared: bool) {
        let Some(row) = self.atlas.dependency(dependency) else { return };
        match self.touched.get_mut(&row.key) {
            // The name was shown in the flow: that is more than that its address bears it.
            Some(draft) if how == How::NamedAddress && !by_it => _ = draft.how.insert(how),
            Some(draft) => {
                draft.how.insert(how);
                draft.by_it |= by_it;
            }
            None => {
                let draft = Draft {
                    key: row.key,
                    how: [how].into(),
                    shown: BTreeSet::new(),
                    by_it,
                    shown_at: None,
                    shared,
                };
                self.touched.insert(row.key, draft);
            }
        }
    }

    fn indications(&mut self, wanted: &dyn Fn(&Indication) -> bool) {
        let rows = &self.atlas.observed.history.indications;
        let pair = |row: &Indication| (row.client, row.service, row.indicator.kind);
        let (mine, others): (Vec<&Indication>, Vec<&Indication>) = rows.iter().partition(|row| wanted(row));
        let pairs: BTreeSet<_> = mine.iter().map(|row| pair(row)).collect();
        // The client called the service by other names too, or with other fingerprints.
        let shared: BTreeSet<_> =
            others.into_iter().map(pair).filter(|other| pairs.contains(other)).collect();
        let mut asked: BTreeMap<(HostKey, ServiceKey, &CompactString), Asker> = BTreeMap::new();
        for row in mine {
            match How::of(row.indicator.kind) {
                Some(how) => self.shown(row, how, shared.contains(&pair(row))),
                None => {
                    let asker = Asker::of(row);
                    asked
                        .entry((row.client, row.service, &row.indicator.text))
                        .and_modify(|known| known.join(&asker))
                        .or_insert(asker);
                }
            }
        }
        self.sought.asked.extend(asked.into_values());
    }

    fn shown(&mut self, row: &Indication, how: How, shared: bool) {
        let key = EdgeKey { client: row.client, service: row.service };
        let draft = self.touched.entry(key).or_insert_with(|| Draft {
            key,
            how: BTreeSet::new(),
            shown: BTreeSet::new(),
            by_it: false,
            shown_at: None,
            shared,
        });
        draft.how.insert(how);
        draft.shown.insert(row.indicator.text.clone());
        draft.by_it |= matches!(how, How::Ja4 | How::User);
        match &mut draft.shown_at {
            Some((span, frame)) => {
                if row.span.first < span.first {
                    *frame = row.frame;
                }
                span.join(row.span);
            }
            at @ None => *at = Some((row.span, row.frame)),
        }
    }

    fn certificates(&mut self, digits: &str) {
        let is_it = |row: &Certificate| {
            row.facts.sha256.starts_with(digits) || row.facts.serial == digits.trim_start_matches('0')
        };
        for (place, row) in (0u32..).zip(&self.atlas.observed.snapshot.certificates) {
            if !is_it(row) {
                continue;
            }
            self.sought.certificates.insert(place);
            for at in &row.seen {
                for client in at.place.client.iter().chain(at.seen.clients.iter()) {
                    let key = EdgeKey { client: *client, service: at.place.service };
                    let draft = self.touched.entry(key).or_insert_with(|| Draft {
                        key,
                        how: BTreeSet::new(),
                        shown: at.place.sni.iter().cloned().collect(),
                        by_it: at.place.role == Role::Client,
                        shown_at: None,
                        shared: false,
                    });
                    draft.how.insert(How::Certificate);
                }
            }
        }
    }
}

impl Draft {
    /// Adds up the flows that reach into the time in which it was shown.
    fn measured(self, atlas: &Atlas) -> Option<Touch> {
        let snapshot = &atlas.observed.snapshot;
        let dependency = snapshot.dependency_place(&self.key);
        let contacts = dependency.map(|place| atlas.observed.history.of(place)).unwrap_or_default();
        let meant = |span: Span| match self.shown_at {
            Some((shown, _)) => span.last >= shown.first && span.first <= shown.last,
            None => true,
        };
        let mut span = self.shown_at.map(|(span, _)| span);
        let mut frame = self.shown_at.map(|(span, frame)| (span.first, frame));
        let mut touch = Touch {
            client: self.key.client,
            service: self.key.service,
            dependency: dependency.and_then(|place| u32::try_from(place).ok()),
            how: self.how,
            shown: self.shown,
            by_it: self.by_it,
            flows: 0,
            answered: 0,
            bytes_up: 0,
            bytes_down: 0,
            shared: self.shared,
            open: false,
            span: Span::at(Timestamp::MIN),
            frame: FrameId::default(),
        };
        for contact in contacts.iter().filter(|contact| meant(contact.span)) {
            touch.flows += 1;
            touch.answered += u64::from(contact.answered);
            touch.bytes_up += contact.to_server.bytes;
            touch.bytes_down += contact.to_client.bytes;
            touch.open |= contact.open && self.key.service.transport == Transport::Tcp;
            span = Some(span.map_or(contact.span, |mut all| {
                all.join(contact.span);
                all
            }));
            frame = frame
                .min(Some((contact.span.first, contact.frame)))
                .or(Some((contact.span.first, contact.frame)));
        }
        // A lease by broadcast is a dependency without a flow.
        let totals = dependency.and_then(|place| snapshot.dependencies.get(place)).map(|row| row.totals.span);
        touch.span = span.or(totals)?;
        touch.frame = frame.map(|(_, frame)| frame).unwrap_or_default();
        Some(touch)
    }
}

/// Whether a host bears a name by more than what clients call it, and if so, whether others too.
fn named(host: &Host, name: &str) -> Option<bool> {
    let own = |known: &&Name| {
        !matches!(known.source, Some(NameSource::Sni | NameSource::HttpHost | NameSource::Certificate))
    };
    let (mine, others): (Vec<&Name>, Vec<&Name>) =
        host.names.iter().filter(own).partition(|known| is_or_is_below(&known.name, name));
    (!mine.is_empty()).then_some(!others.is_empty())
}

/// `alice` is `alice@CORP`, `CORP\alice` and `alice/admin`, and no `malice`.
fn is_user(text: &str, user: &str) -> bool {
    let text = text.to_lowercase();
    text == user || text.split(['@', '\\', '/']).any(|part| part == user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_in_their_realms() {
        for text in ["Alice", "alice@CORP.EXAMPLE", "CORP\\alice", "alice/admin"] {
            assert!(is_user(text, "alice"), "{text}");
        }
        assert!(!is_user("malice", "alice"));
    }
}
