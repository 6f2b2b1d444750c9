//! Sections, interfaces and blocks.

use super::super::order::Order;
use super::*;

#[test]
fn interfaces_have_their_own_link_type_and_clock() {
    for order in [Order::Little, Order::Big] {
        let offset = match order {
            Order::Little => 100_i64.to_le_bytes(),
            Order::Big => 100_i64.to_be_bytes(),
        };
        let mut file = Writer::new(order);
        file.section()
            .interface(1, 0, &[])
            .interface(101, 0, &[(2, b"eth7"), (9, &[9]), (0, &[])])
            .interface(276, 0, &[(9, &[0x81]), (14, &offset)]);
        file.enhanced(0, 1_000_005, 90, b"abc").enhanced(1, 2_000_000_005, 4, b"abcd").enhanced(2, 5, 0, b"");
        let expected = [
            (at(1, 5000), 1, 90, b"abc".to_vec()),
            (at(2, 5), 101, 4, b"abcd".to_vec()),
            (at(102, 500_000_000), 276, 0, vec![]),
        ];
        assert_eq!(whole(&file.bytes), expected, "{order:?}");
    }
}

#[test]
fn a_new_section_forgets_interfaces_and_byte_order() {
    let mut first = Writer::new(Order::Big);
    first.section().interface(1, 0, &[]).enhanced(0, 1_000_000, 1, b"a");
    let mut second = Writer::new(Order::Little);
    second.section().interface(113, 0, &[(9, &[3])]).enhanced(0, 2_000, 1, b"b");
    first.raw(&second.bytes);
    assert_eq!(whole(&first.bytes), [(at(1, 0), 1, 1, b"a".to_vec()), (at(2, 0), 113, 1, b"b".to_vec())]);

    let mut empty = Writer::new(Order::Little);
    empty.section().interface(1, 0, &[]).section().enhanced(0, 0, 1, b"a");
    let (seen, stop) = read(&empty.bytes).unwrap();
    assert!(seen.is_empty());
    assert!(stop.unwrap().ends_with("a packet names interface 0, but only 0 are described"));
}

#[test]
fn simple_and_obsolete_packets() {
    let mut file = Writer::new(Order::Little);
    file.section().interface(1, 5, &[]);
    file.simple(3, b"abc").simple(900, b"abcde").obsolete(0, 7_000_000, b"abcdef");
    let expected = [
        (at(0, 0), 1, 3, b"abc".to_vec()),
        (at(0, 0), 1, 900, b"abcde".to_vec()),
        (at(7, 0), 1, 6, b"abcdef".to_vec()),
    ];
    assert_eq!(whole(&file.bytes), expected);
}

#[test]
fn a_simple_packet_has_the_time_of_the_one_before() {
    let mut file = Writer::new(Order::Little);
    file.section().interface(1, 0, &[]).enhanced(0, 9_000_000, 1, b"a").simple(1, b"b");
    let files = Files::new(&[("a.pcapng", &file.bytes)]);
    let (seen, sources) = merged(&[files.path("a.pcapng")], &Options::default());
    assert_eq!(seen, [(0, 1, 9), (0, 2, 9)]);
    assert_eq!((sources[0].first, sources[0].clock_steps), (Some(at(9, 0)), 0));
}

#[test]
fn other_blocks_are_passed_over_whatever_their_length() {
    let mut file = Writer::new(Order::Big);
    file.section().interface(1, 0, &[]);
    for kind in [4, 5, 9, 10, 0xbad, 0x4000_0bad, 0x8000_0001] {
        file.block(kind, |block| {
            block.raw(&[0xab; 100]);
        });
    }
    file.block(0x7777_7777, |block| block.bytes.resize(2_000_000, 0)).enhanced(0, 1_000_000, 1, b"a");
    assert_eq!(whole(&file.bytes), [(at(1, 0), 1, 1, b"a".to_vec())]);
}

#[test]
fn a_damaged_option_costs_no_packet() {
    let mut file = Writer::new(Order::Little);
    file.block(0x0a0d_0d0a, |block| {
        block.u32(0x1a2b_3c4d).u16(1).u16(0).u64(u64::MAX).u16(2).u16(0x3030).raw(b"0000");
    });
    file.block(1, |block| {
        block.u16(1).u16(0).u32(0).u16(9).u16(1).raw(&[9, 0, 0, 0]).u16(2).u16(60_000).raw(b"0000");
    });
    file.enhanced(0, 5, 1, b"a");
    assert_eq!(whole(&file.bytes), [(at(0, 5), 1, 1, b"a".to_vec())]);
}

#[test]
fn a_comment_longer_than_the_window_costs_no_packet() {
    let mut file = Writer::new(Order::Little);
    file.section().interface(1, 0, &[]);
    file.block(6, |block| {
        block.u32(0).u32(0).u32(5).u32(4).u32(4).raw(b"abcd");
        for _ in 0..20 {
            block.u16(1).u16(65_532).raw(&[b'x'; 65_532]);
        }
    });
    file.enhanced(0, 6, 1, b"b");
    assert_eq!(
        whole(&file.bytes),
        [(at(0, 5000), 1, 4, b"abcd".to_vec()), (at(0, 6000), 1, 1, b"b".to_vec())]
    );
}

#[test]
fn broken_blocks_end_the_file_with_their_reason() {
    let check = |write: &dyn Fn(&mut Writer), packets: usize, expected: &str| {
        let mut file = Writer::new(Order::Little);
        file.section().interface(1, 0, &[]).enhanced(0, 5, 4, b"abcd");
        write(&mut file);
        let (seen, stop) = read(&file.bytes).unwrap();
        assert_eq!((seen.len(), stop.as_deref()), (packets, Some(expected)));
    };
    check(
        &|file| {
            file.u32(6).u32(8).u32(0);
        },
        1,
        "corrupt after packet 1 at byte 84: a block of type 0x00000006 claims a length of 8 bytes",
    );
    check(
        &|file| {
            file.enhanced(3, 0, 0, b"");
        },
        1,
        "corrupt after packet 1 at byte 84: a packet names interface 3, but only 1 are described",
    );
    check(
        &|file| {
            file.enhanced(0, 0, 4, b"abcd");
            let end = file.bytes.len() - 4;
            file.bytes[end] = 0;
        },
        2,
        "corrupt after packet 2 at byte 116: a block begins with a length of 36 bytes and ends with one of 0",
    );
    check(
        &|file| {
            file.block(6, |block| {
                block.u32(0).u64(0).u32(9).u32(9).raw(b"abcd");
            });
        },
        1,
        "corrupt after packet 1 at byte 84: a packet of 9 bytes stands in a block of 36",
    );
    check(
        &|file| {
            file.block(0x0a0d_0d0a, |block| {
                block.u32(0x1a2b_3c4d).u16(2).u16(0).u64(u64::MAX);
            });
        },
        1,
        "corrupt after packet 1 at byte 84: a section of pcapng version 2.0 (1.0 to 1.2 are read)",
    );
}
