//! What is on one map and not on another.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::{DependencyState, Snapshot};

/// What two maps are compared by: ids, and what may change about each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Hosts that were active, with their roles.
    pub hosts: BTreeMap<String, BTreeSet<String>>,
    /// Services that somebody was answered by, with what they speak.
    pub services: BTreeMap<String, String>,
    /// Dependencies that were answered, with what is spoken.
    pub dependencies: BTreeMap<String, String>,
    /// Certificates by SHA-256, with their subject.
    pub certificates: BTreeMap<String, String>,
}

/// What came and what went of one kind of thing, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Only on the later map.
    pub new: Vec<String>,
    /// Only on the earlier map.
    pub gone: Vec<String>,
}

/// Something that is on both maps and not the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Its id.
    pub id: String,
    /// What was said of it on the earlier map.
    pub before: String,
    /// What is said of it on the later one.
    pub after: String,
}

/// What is different.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Hosts.
    pub hosts: Changes,
    /// Services.
    pub services: Changes,
    /// Dependencies.
    pub dependencies: Changes,
    /// Certificates.
    pub certificates: Changes,
    /// Protocols that anybody speaks.
    pub protocols: Changes,
    /// Hosts with other roles than before.
    pub roles: Vec<Changed>,
    /// Services that speak something else than before.
    pub spoken: Vec<Changed>,
}

impl Listing {
    /// What is on a map. Attempts that nobody answered are no change of the network: a scan would
    /// be nothing but news.
    pub fn of(snapshot: &Snapshot) -> Listing {
        let word = |protocol: Option<&str>| protocol.unwrap_or("unknown").to_owned();
        let answered = snapshot.dependencies.iter().filter(|row| row.state >= DependencyState::Answered);
        Listing {
            hosts: snapshot
                .hosts
                .iter()
                .map(|host| (host.key.to_string(), host.roles.iter().map(ToString::to_string).collect()))
                .collect(),
            services: snapshot.services.iter().map(|row| (row.key.to_string(), word(row.protocol))).collect(),
            dependencies: answered.map(|row| (row.id(), word(row.protocol()))).collect(),
            certificates: snapshot
                .certificates
                .iter()
                .map(|row| (row.facts.sha256.clone(), row.facts.subject.clone()))
                .collect(),
        }
    }

    fn protocols(&self) -> BTreeSet<&String> {
        self.dependencies.values().filter(|protocol| *protocol != "unknown").collect()
    }
}

/// What is different between an earlier map and a later one.
pub fn diff(before: &Listing, after: &Listing) -> Difference {
    Difference {
        hosts: changes(before.hosts.keys(), after.hosts.keys()),
        services: changes(before.services.keys(), after.services.keys()),
        dependencies: changes(before.dependencies.keys(), after.dependencies.keys()),
        certificates: changes(before.certificates.keys(), after.certificates.keys()),
        protocols: changes(before.protocols(), after.protocols()),
        roles: changed(&before.hosts, &after.hosts, |roles| {
            roles.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
        }),
        spoken: changed(&before.services, &after.services, Clone::clone),
    }
}

fn changes<'a>(
    before: impl IntoIterator<Item = &'a String>,
    after: impl IntoIterator<Item = &'a String>,
) -> Changes {
    let before: BTreeSet<&String> = before.into_iter().collect();
    let after: BTreeSet<&String> = after.into_iter().collect();
    Changes {
        new: after.difference(&before).map(ToString::to_string).collect(),
        gone: before.difference(&after).map(ToString::to_string).collect(),
    }
}

fn changed<T: PartialEq>(
    before: &BTreeMap<String, T>,
    after: &BTreeMap<String, T>,
    say: impl Fn(&T) -> String,
) -> Vec<Changed> {
    let both = after.iter().filter_map(|(id, now)| Some((id, before.get(id)?, now)));
    both.filter(|(_, then, now)| then != now)
        .map(|(id, then, now)| Changed { id: id.clone(), before: say(then), after: say(now) })
        .collect()
}

impl Difference {
    /// Nothing is different.
    pub fn is_empty(&self) -> bool {
        *self == Difference::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(services: &[(&str, &str)]) -> Listing {
        let pairs = services.iter().map(|(id, protocol)| ((*id).to_owned(), (*protocol).to_owned()));
        Listing {
            services: pairs.clone().collect(),
            dependencies: pairs.map(|(id, protocol)| (format!("c>{id}"), protocol)).collect(),
            ..Listing::default()
        }
    }

    #[test]
    fn what_came_what_went_and_what_changed() {
        let before = listing(&[("a:80/tcp", "http"), ("b:22/tcp", "ssh"), ("c:1/tcp", "unknown")]);
        let after = listing(&[("a:80/tcp", "tls"), ("c:1/tcp", "unknown"), ("d:53/udp", "dns")]);
        let difference = diff(&before, &after);
        assert_eq!(difference.services.new, ["d:53/udp"]);
        assert_eq!(difference.services.gone, ["b:22/tcp"]);
        assert_eq!(difference.dependencies.new, ["c>d:53/udp"]);
        assert_eq!(difference.protocols.new, ["dns", "tls"]);
        assert_eq!(difference.protocols.gone, ["http", "ssh"]);
        let spoken = &difference.spoken;
        assert_eq!((spoken.len(), spoken[0].before.as_str(), spoken[0].after.as_str()), (1, "http", "tls"));
        assert!(diff(&after, &after).is_empty());
    }

    #[test]
    fn a_difference_turned_round_is_the_other_difference() {
        let before = listing(&[("a:80/tcp", "http"), ("b:22/tcp", "ssh")]);
        let after = listing(&[("a:80/tcp", "http"), ("d:53/udp", "dns")]);
        let (there, back) = (diff(&before, &after), diff(&after, &before));
        assert_eq!(there.services.new, back.services.gone);
        assert_eq!(there.services.gone, back.services.new);
    }
}
