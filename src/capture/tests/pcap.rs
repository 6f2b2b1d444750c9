//! The kinds of pcap.

use super::super::order::Order;
use super::*;

#[test]
fn both_byte_orders_and_resolutions() {
    for order in [Order::Little, Order::Big] {
        for (magic, fraction, nanos) in [(0xa1b2_c3d4, 5, 5000), (0xa1b2_3c4d, 5, 5), (0xa12b_3c4d, 7, 7000)]
        {
            let mut file = Writer::new(order);
            file.pcap_header(magic, (2, 4), 113).record(0xf000_0000, fraction, (3, 90), b"abc");
            // Seconds are unsigned: this is the year 2097.
            let expected = (at(0xf000_0000, nanos), 113, 90, b"abc".to_vec());
            assert_eq!(whole(&file.bytes), [expected], "{order:?} {magic:x}");
        }
    }
}

#[test]
fn patched_records_have_eight_bytes_more() {
    let mut file = Writer::new(Order::Big);
    file.pcap_header(0xa1b2_cd34, (2, 4), 1);
    file.record(1, 2, (3, 3), &[0xee; 8]).raw(b"abc").record(2, 2, (1, 1), &[0xee; 8]).raw(b"d");
    let expected = [(at(1, 2000), 1, 3, b"abc".to_vec()), (at(2, 2000), 1, 1, b"d".to_vec())];
    assert_eq!(whole(&file.bytes), expected);
}

#[test]
fn old_versions_write_the_lengths_the_other_way_round() {
    for (version, lengths) in
        [((2, 4), (3, 90)), ((2, 3), (3, 90)), ((2, 3), (90, 3)), ((2, 2), (90, 3)), ((543, 0), (90, 3))]
    {
        let mut file = Writer::new(Order::Little);
        file.pcap_header(0xa1b2_c3d4, version, 1).record(1, 0, lengths, b"abc");
        assert_eq!(whole(&file.bytes), [(at(1, 0), 1, 90, b"abc".to_vec())], "{version:?}");
    }
    for (major, minor) in [(1, 4), (2, 5), (3, 0), (543, 1)] {
        let mut file = Writer::new(Order::Little);
        file.pcap_header(0xa1b2_c3d4, (major, minor), 1);
        assert_eq!(read(&file.bytes).unwrap_err(), Refusal::PcapVersion { major, minor });
    }
}

#[test]
fn the_upper_half_of_the_link_type_is_something_else() {
    let mut file = Writer::new(Order::Little);
    file.pcap_header(0xa1b2_c3d4, (2, 4), 0x5400_0001).record(1, 0, (3, 3), b"abc");
    assert_eq!(whole(&file.bytes), [(at(1, 0), 1, 3, b"abc".to_vec())]);
}

#[test]
fn a_length_that_no_frame_has_ends_the_file() {
    let mut file = Writer::new(Order::Little);
    file.pcap_header(0xa1b2_c3d4, (2, 4), 1).record(1, 0, (3, 3), b"abc");
    file.record(2, 0, (262_145, 262_145), &[0; 262_145]).record(3, 0, (3, 3), b"abc");
    let (seen, stop) = read(&file.bytes).unwrap();
    assert_eq!(seen.len(), 1);
    assert_eq!(stop.unwrap(), "corrupt from packet 2 at byte 43: it claims 262145 bytes (at most 262144)");
}

#[test]
fn the_longest_frame_is_whole_and_a_usb_transfer_is_cut_to_it() {
    let long: Vec<u8> = (0..300_000_u32).map(|at| at as u8).collect();
    let mut file = Writer::new(Order::Little);
    file.pcap_header(0xa1b2_c3d4, (2, 4), 1).record(1, 0, (262_144, 262_144), &long[..262_144]);
    assert_eq!(whole(&file.bytes)[0].3, &long[..262_144]);

    let mut file = Writer::new(Order::Little);
    file.pcap_header(0xa1b2_c3d4, (2, 4), 249).record(1, 0, (300_000, 300_000), &long);
    file.record(2, 0, (3, 3), b"abc");
    let seen = whole(&file.bytes);
    assert_eq!((seen[0].2, seen[0].3.as_slice()), (300_000, &long[..262_144]));
    assert_eq!(seen[1].3, b"abc");
    // And where the transfer itself is cut, the file says so.
    let (seen, stop) = read(&file.bytes[..290_000]).unwrap();
    assert_eq!(seen.len(), 1);
    assert!(stop.unwrap().starts_with("truncated in packet 1 "));
}

#[test]
fn says_what_a_file_is_that_is_no_capture() {
    let check = |bytes: &[u8], expected: &str| assert_eq!(read(bytes).unwrap_err().to_string(), expected);
    check(b"", "is empty (0 bytes)");
    check(
        b"hello world",
        "is no capture file: it begins with `hello wo…` (a pcap begins with d4 c3 b2 a1, a pcapng with 0a 0d 0d 0a)",
    );
    check(
        b"\x7fELF",
        "is no capture file: it begins with `7f 45 4c 46` (a pcap begins with d4 c3 b2 a1, a pcapng with 0a 0d 0d 0a)",
    );
    check(b"snoop\0\0\0\0\0\0\x02", "is a file of Solaris snoop; convert it with `editcap -F pcapng`");
    check(b"BZh91AY&SY", "is compressed with bzip2; gzip, zstd and xz are undone here");
    check(&pcap_at(&[])[..20], "is cut short: 20 bytes, and the header of a pcap has 24");
    check(&[0x0a, 0x0d, 0x0d, 0x0a], "is cut short: 4 bytes, and the header of a pcapng has 28");
}
