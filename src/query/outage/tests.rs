//! What an answer tells of impact, on small towns made of flows.

use std::sync::Arc;

use super::super::atlas::Observed;
use super::super::knowledge::{BusinessService, Knowledge};
use super::super::requires::Why;
use super::*;
use crate::graph::inference::PoolEvidence;
use crate::graph::testing::{endpoint, served};
use crate::graph::{Delta, History, Inferences, InferredLink, Map, Operator, Pool, Snapshot, Verdict};
use crate::model::{FlowRecord, HostKey, Realm, ServiceKey, Transport};

/// Flows among hosts of 10.0.0.0/24, and what is known besides.
#[derive(Default)]
struct Town {
    records: Vec<FlowRecord>,
    inferences: Inferences,
    knowledge: Knowledge,
    next_port: u16,
}

impl Town {
    /// A client uses a service so often, an hour between each.
    fn uses(
        &mut self,
        client: u8,
        server: (u8, u16),
        protocol: Option<&'static str>,
        times: u16,
    ) -> &mut Town {
        for time in 0..times {
            self.next_port += 1;
            let second = 3_600 * i64::from(time);
            let mut record =
                served(endpoint(client, 40_000 + self.next_port), endpoint(server.0, server.1), second);
            record.protocol = protocol;
            self.records.push(record);
        }
        self
    }

    fn link(&mut self, service: (u8, u16), needs: (u8, u16), verdict: Verdict, strength: f32) -> &mut Town {
        self.inferences.links.push(InferredLink {
            service: service_key(service),
            needs: service_key(needs),
            verdict,
            strength,
            exact: false,
            requests: 1_000,
            nested: (1_000.0 * strength) as u32,
            uplift: strength,
            p_value: 0.0,
            pool: None,
        });
        self.inferences.links.sort_by_key(|link| (link.service, link.needs));
        self
    }

    fn pool(&mut self, members: &[(u8, u16)], needed: u32) -> &mut Town {
        let members = members.iter().map(|member| service_key(*member)).collect();
        self.inferences.pools.push(Pool { members, needed, evidence: PoolEvidence::Turns });
        self
    }

    fn ask<T>(&self, answer: impl FnOnce(&Atlas) -> T) -> T {
        let mut delta = Delta::default();
        self.records.iter().cloned().for_each(|record| delta.flow(record));
        let operator = Operator { local: vec!["10.0.0.0/25".parse().unwrap()], ..Operator::default() };
        let snapshot = Snapshot::new(Map::from(delta), &operator);
        let history = History::new(&snapshot, &self.records);
        answer(&Atlas::new(Observed {
            snapshot: Arc::new(snapshot),
            history: Arc::new(history),
            inferences: Arc::new(self.inferences.clone()),
            knowledge: Arc::new(self.knowledge.clone()),
            watched: Arc::default(),
        }))
    }

    /// What stops with some hosts.
    fn stop(&self, hosts: &[u8], expand: bool) -> Told {
        self.ask(|atlas| {
            let requires = Requires::from_atlas(atlas);
            let places = hosts.iter().map(|host| atlas.host_place(&host_key(*host)).unwrap());
            let target = Resolved { hosts: places.collect(), ..Resolved::default() };
            let outage = Outage::of(atlas, &requires, &target, expand);
            let name = |node: u32| match requires.node(node) {
                ImpactNode::Host(host) => atlas.host(host).unwrap().key.address.to_string()[7..].to_owned(),
                ImpactNode::Service(service) => {
                    atlas.service(service).unwrap().key.to_string()[7..].replace("/tcp", "")
                }
            };
            let names = |losses: &[Loss]| losses.iter().map(|loss| name(loss.node)).collect();
            Told {
                must: names(&outage.must),
                may: names(&outage.may),
                once: names(&outage.seen_once),
                outage,
            }
        })
    }
}

/// What stops, by the last numbers of addresses: `2:80` is a service, `3` a client.
struct Told {
    must: Vec<String>,
    may: Vec<String>,
    once: Vec<String>,
    outage: Outage,
}

fn host_key(last: u8) -> HostKey {
    HostKey { realm: Realm::DEFAULT, address: endpoint(last, 0).address }
}

fn service_key((last, port): (u8, u16)) -> ServiceKey {
    ServiceKey { host: host_key(last), port, transport: Transport::Tcp }
}

const WEB: (u8, u16) = (2, 80);
const DATABASE: (u8, u16) = (3, 5432);
const CACHE: (u8, u16) = (4, 6379);

/// A client uses a web server, which uses a database and a cache.
fn shop() -> Town {
    let mut town = Town::default();
    town.uses(1, WEB, Some("http"), 3).uses(2, DATABASE, Some("postgresql"), 3).uses(
        2,
        CACHE,
        Some("redis"),
        3,
    );
    town
}

#[test]
fn without_inference_services_may_need_what_their_host_uses() {
    let told = shop().stop(&[3], false);
    assert_eq!((told.must, told.may), (vec!["2".to_owned()], vec!["2:80".to_owned(), "1".to_owned()]));
    assert_eq!(told.outage.clients, [] as [u32; 0], "the web server is told as its service");
    assert_eq!(told.outage.clients_may.len(), 1);
    assert!((told.outage.must[0].probability, told.outage.may[1].probability) == (1.0, 0.5));
}

#[test]
fn what_was_found_goes_before_guesses() {
    let mut town = shop();
    town.link(WEB, DATABASE, Verdict::Needed, 0.95);
    let told = town.stop(&[3], false);
    assert_eq!(told.must, ["2:80", "2", "1"]);
    assert_eq!(town.stop(&[4], false).may, [] as [&str; 0], "the cache was too rare to be tested");
    let mut town = shop();
    town.link(WEB, DATABASE, Verdict::Needed, 0.4);
    let told = town.stop(&[3], false);
    assert_eq!((told.must, told.may), (vec!["2".to_owned()], vec!["2:80".to_owned(), "1".to_owned()]));
    let mut town = shop();
    town.link(WEB, DATABASE, Verdict::Rejected, 0.0);
    assert_eq!(town.stop(&[3], false).may, [] as [&str; 0]);
    assert_eq!(town.stop(&[4], false).may, ["2:80", "1"], "nothing was said of the cache");
    let mut town = shop();
    town.link(WEB, DATABASE, Verdict::Ambiguous, 0.9).link(WEB, CACHE, Verdict::Needed, 0.9);
    assert_eq!(town.stop(&[3], false).may, ["2:80", "1"], "it may be another service of the host");
}

#[test]
fn what_was_seen_once_is_told_and_not_counted() {
    let mut town = shop();
    town.uses(5, WEB, None, 1);
    let told = town.stop(&[2], false);
    assert_eq!((told.must, told.once), (vec!["1".to_owned()], vec!["5".to_owned()]));
    town.uses(5, WEB, Some("http"), 1);
    assert_eq!(town.stop(&[2], false).must, ["1", "5"], "and recognised is enough");
}

#[test]
fn administration_is_no_need() {
    let mut town = shop();
    town.uses(6, (2, 22), Some("ssh"), 3);
    assert_eq!(town.stop(&[2], false).must, ["1"]);
    let told = town.stop(&[3], false);
    assert!(!told.may.contains(&"2:22".to_owned()), "a shell works without the database: {:?}", told.may);
}

#[test]
fn services_that_stand_in_for_each_other_fail_together() {
    let mut town = Town::default();
    town.uses(1, (2, 80), Some("http"), 3).uses(1, (3, 80), Some("http"), 3).uses(
        5,
        (2, 80),
        Some("http"),
        3,
    );
    town.pool(&[(2, 80), (3, 80)], 1);
    assert_eq!(town.stop(&[2], false).must, ["5"], "it was never seen to use the other one");
    assert_eq!(town.stop(&[3], false).must, [] as [&str; 0]);
    assert_eq!(town.stop(&[2, 3], false).must, ["1", "5"]);
}

#[test]
fn name_servers_of_one_client_stand_in_for_each_other() {
    let mut town = Town::default();
    for server in [20, 21] {
        town.uses(1, (server, 53), Some("dns"), 3).uses(2, (server, 53), Some("dns"), 3);
        town.uses(2, (server, 123), Some("ntp"), 3);
    }
    town.uses(3, (20, 53), Some("dns"), 3).uses(1, WEB, Some("http"), 3);
    town.link(WEB, (20, 53), Verdict::Needed, 0.5).link(WEB, (21, 53), Verdict::Needed, 0.49);
    let one = town.stop(&[20], false);
    assert_eq!((one.must, one.may), (vec!["3".to_owned()], vec![]), "it knows no other");
    assert_eq!(town.stop(&[20, 21], false).must, ["2:80", "2", "1", "3"]);
    // Two web servers are two sites until something shows that they are one.
    let mut sites = Town::default();
    sites.uses(1, (2, 80), Some("http"), 3).uses(1, (3, 80), Some("http"), 3);
    assert_eq!(sites.stop(&[2], false).must, ["1"]);
}

#[test]
fn a_quorum_must_live_whichever_member_is_used() {
    let mut town = Town::default();
    town.uses(1, (2, 2379), Some("http"), 3).uses(9, (3, 2379), None, 3).uses(9, (4, 2379), None, 3);
    town.pool(&[(2, 2379), (3, 2379), (4, 2379)], 2);
    assert_eq!(town.stop(&[3], false).must, [] as [&str; 0]);
    assert_eq!(town.stop(&[3, 4], false).must, ["1", "9"]);
}

#[test]
fn balanced_requests_add_up() {
    let mut town = Town::default();
    town.uses(1, WEB, Some("http"), 3).uses(2, (3, 90), Some("http"), 3).uses(2, (4, 90), Some("http"), 3);
    town.pool(&[(3, 90), (4, 90)], 1);
    town.link(WEB, (3, 90), Verdict::Needed, 0.5).link(WEB, (4, 90), Verdict::Needed, 0.49);
    town.ask(|atlas| {
        let requires = Requires::from_atlas(atlas);
        let web = atlas.service_place(&service_key(WEB)).unwrap();
        let groups: Vec<_> = requires.groups_of(web).map(|at| *requires.group(at).unwrap()).collect();
        assert_eq!((groups.len(), groups[0].why), (1, Why::Inferred));
        assert!(groups[0].strength > 0.97 && groups[0].strength < 1.0, "{groups:?}");
    });
    assert_eq!(town.stop(&[3, 4], false).must, ["2:80", "2", "1"]);
}

#[test]
fn many_applications_go_on_without_their_cache() {
    let why = |protocol| {
        let mut town = Town::default();
        town.uses(1, WEB, Some("http"), 3).uses(2, CACHE, Some(protocol), 3);
        town.link(WEB, CACHE, Verdict::Needed, 0.97);
        let told = town.stop(&[CACHE.0], false);
        town.ask(|atlas| {
            let requires = Requires::from_atlas(atlas);
            let place = requires.groups_of(atlas.service_place(&service_key(WEB)).unwrap()).next().unwrap();
            (told.must.clone(), told.may.clone(), requires.group(place).unwrap().why)
        })
    };
    for protocol in ["redis", "memcached", "smtp"] {
        let told = why(protocol);
        let expected = (vec!["2".to_owned()], vec!["2:80".to_owned(), "1".to_owned()], Why::Soft);
        assert_eq!(told, expected, "{protocol}: what uses it itself is cut off, who asks that may be");
    }
    let (must, may, why) = why("postgresql");
    assert_eq!((must, may, why), (vec!["2:80".into(), "2".into(), "1".into()], vec![], Why::Inferred));
}

#[test]
fn what_may_fall_with_shared_infrastructure_is_told_once() {
    let mut town = shop();
    // A name server that most use, and that itself uses a clock.
    for client in 1..9 {
        town.uses(client, (20, 53), Some("dns"), 3);
    }
    town.uses(20, (30, 123), Some("ntp"), 3);
    let told = town.stop(&[30], false);
    assert_eq!(told.must, ["20"]);
    assert_eq!(told.may, [] as [&str; 0]);
    assert_eq!((told.outage.shared.len(), told.outage.shared[0].clients), (1, 8));
    let all = town.stop(&[30], true);
    assert_eq!(told.outage.folded, all.may.len() - 1, "all but the name server itself");
    assert!(all.may.contains(&"20:53".to_owned()) && all.may.contains(&"2:80".to_owned()));
    assert_eq!(told.outage.score, all.outage.score, "what is not listed counts all the same");
    // What certainly falls is listed whatever it falls with, and so is what needs the target itself.
    town.link((20, 53), (30, 123), Verdict::Needed, 0.9);
    assert_eq!(town.stop(&[30], false).must.len(), 10);
    assert_eq!(town.stop(&[20], false).must.len(), 8);
}

#[test]
fn clients_visitors_and_the_business_are_counted() {
    let mut town = shop();
    town.uses(200, WEB, Some("http"), 2).link(WEB, DATABASE, Verdict::Needed, 0.95);
    town.knowledge.business = vec![
        BusinessService { name: "shop".to_owned(), services: vec![service_key(WEB)] },
        BusinessService {
            name: "data".to_owned(),
            services: vec![service_key(DATABASE), service_key(CACHE)],
        },
        BusinessService { name: "other".to_owned(), services: vec![service_key(CACHE)] },
    ];
    let outage = town.stop(&[3], false).outage;
    assert_eq!((outage.clients.len(), outage.external), (2, 1));
    let hits: Vec<(&str, Extent)> = outage.business.iter().map(|hit| (hit.name.as_str(), hit.lost)).collect();
    assert_eq!(hits, [("shop", Extent::All), ("data", Extent::Part)]);
    assert_eq!(outage.restore.len(), 2);
    assert!(outage.score > 0.5 && outage.score < 1.0, "{}", outage.score);
}

#[test]
fn the_way_back_is_told_and_what_lives_on() {
    let mut town = shop();
    town.link(WEB, DATABASE, Verdict::Needed, 0.95);
    let outage = town.stop(&[3], false).outage;
    let client = outage.must.iter().find(|loss| loss.hop == 2).unwrap();
    let ways: Vec<String> =
        town.ask(|atlas| client.because.iter().map(|place| atlas.dependency(*place).unwrap().id()).collect());
    assert_eq!(ways, ["10.0.0.1>10.0.0.2:80/tcp", "10.0.0.2>10.0.0.3:5432/tcp"]);
    assert_eq!(town.stop(&[2], false).outage.safe.len(), 2);
}
