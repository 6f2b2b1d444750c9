//! Tunnels in tunnels, and what only looks like one.

use super::*;
use crate::model::{Realm, RealmKind};

#[test]
fn tunnels_are_remembered_with_their_ends() {
    let gre = outer(47, &join(&[&hex("0000 0800"), &hello()]));
    let ipip = outer(4, &hello());
    let outcome = decode_timed(ETHERNET, &[(0, gre.clone()), (1, gre), (2, ipip)], Limits::default());
    assert_eq!(outcome.tunnels, ["gre 192.0.2.1 > 192.0.2.2 x2", "ipip 192.0.2.1 > 192.0.2.2 x1"]);
}

#[test]
fn the_ends_of_a_tunnel_in_an_overlay_belong_to_the_overlay() {
    let inner = ethernet(0x0800, &ipv4(4, &hello()));
    let overlay = join(&[&hex("08000000 000001 00"), &inner]);
    let mut decoder = Decoder::new(Limits::default());
    let frame = outer_udp(4789, &overlay);
    decoder.decode(ETHERNET, Timestamp::default(), 0, 1, &frame, 1500, &mut |_, _| {});
    let realms: Vec<_> = decoder.tunnels().map(|(tunnel, ..)| (tunnel.kind, tunnel.realm)).collect();
    let vxlan = Realm::overlay(RealmKind::Vxlan, 1);
    assert_eq!(realms, [("ipip", vxlan), ("vxlan", Realm::DEFAULT)]);
}

#[test]
fn the_table_of_tunnels_is_bounded() {
    let from = |last: u8| ethernet(0x0800, &ipv4_of([192, 0, 2, last], [192, 0, 2, 1], 0, 0, 4, &hello()));
    let limits = Limits { tunnels_max: 2, ..Limits::default() };
    let outcome = decode_timed(ETHERNET, &[(0, from(2)), (1, from(3)), (2, from(4)), (3, from(2))], limits);
    assert_eq!(outcome.tunnels, ["ipip 192.0.2.2 > 192.0.2.1 x2", "ipip 192.0.2.3 > 192.0.2.1 x1"]);
    assert_eq!((outcome.packets.len(), outcome.anomalies), (4, vec!["tunnels_dropped"]));
}

#[test]
fn the_innermost_overlay_wins_and_the_outermost_vlan_stays() {
    let tagged_inside = ethernet(0x8100, &join(&[&hex("0063 0800"), &hello()]));
    let inner = ipv4(17, &udp(1, 6081, &join(&[&hex("0000 6558 000002 00"), &tagged_inside])));
    let overlay = join(&[&hex("08000000 000001 00"), &ethernet(0x0800, &inner)]);
    let outside = ipv4_of([192, 0, 2, 1], [192, 0, 2, 2], 0, 0, 17, &udp(1, 4789, &overlay));
    let frame = ethernet(0x8100, &join(&[&hex("0005 0800"), &outside]));
    check(ETHERNET, &frame, &format!("{HELLO} vlan 5 in geneve:2 depth 2"));
}

#[test]
fn a_mirror_of_a_pseudo_wire_of_a_tagged_wire() {
    let wire = ethernet(0x8100, &join(&[&hex("0005 0800"), &hello()]));
    let labels = ethernet(0x8847, &join(&[&hex("00012140 00000000"), &wire]));
    let frame = outer(47, &join(&[&hex("1000 88be 00000001 1017 0000 00000000"), &labels]));
    check(ETHERNET, &frame, &format!("{HELLO} vlan 5 depth 1"));
}

#[test]
fn a_port_is_no_tunnel() {
    let inner = ethernet(0x0800, &hello());
    for (port, header) in [
        // The I flag missing; a reserved byte set.
        (4789, "00000000 000007 00"),
        (4789, "08000000 000007 01"),
        // Another version; a control packet; a type nobody knows.
        (6081, "4000 6558 000007 00"),
        (6081, "0080 6558 000007 00"),
        (6081, "0000 1234 000007 00"),
        // An echo request; a length that does not fit.
        (2152, "32 01 0004 00000000"),
        (2152, "30 ff 0001 00000001"),
        (3544, "0000 0000"),
    ] {
        let payload = join(&[&hex(header), &inner]);
        let len = payload.len();
        check(
            ETHERNET,
            &outer_udp(port, &payload),
            &format!("udp 192.0.2.1 50000 > 192.0.2.2 {port} {len}/{len}"),
        );
    }
}

#[test]
fn what_is_broken_inside_leaves_the_outer_packet() {
    let cut = &ethernet(0x0800, &hello()[..12]);
    let outcome = decode(ETHERNET, &outer_udp(4789, &join(&[&hex("08000000 000007 00"), cut])));
    assert_eq!(outcome.lines(), ["udp 192.0.2.1 50000 > 192.0.2.2 4789 34/34"]);
    assert_eq!((outcome.anomalies, outcome.tunnels.len()), (vec!["tunnel_content"], 0));
    for broken in
        ["20", "2000 0800 0000", "0002 0800", "1000 88be 00000001 9017 0000", "1000 22eb 00000001 2000"]
    {
        let outcome = decode(ETHERNET, &outer(47, &hex(broken)));
        let says = format!("ip 192.0.2.1 > 192.0.2.2 47 {0}/{0}", hex(broken).len());
        assert_eq!((outcome.lines(), outcome.anomalies.len()), (vec![says], 1), "{broken}");
    }
    // A keepalive of GRE carries nothing and is not odd.
    check(ETHERNET, &outer(47, &hex("0000 0000")), "ip 192.0.2.1 > 192.0.2.2 47 4/4");
}

#[test]
fn tunnels_without_end_end() {
    let nest = |levels: usize| (0..levels).fold(hello(), |inner, _| ipv4(4, &inner));
    check(101, &nest(8), &format!("{HELLO} depth 8"));
    let outcome = decode(101, &nest(9));
    assert_eq!(outcome.lines(), ["ip 10.0.0.1 > 10.0.0.2 4 45/45 depth 8"]);
    assert_eq!(outcome.anomalies, ["tunnel_too_deep"]);
    assert_eq!(decode(101, &nest(1000)).packets.len(), 1);
}
