//! Several sources: order, windows, filters, and what is said of the ones that cannot be read.

use std::path::PathBuf;

use super::super::order::Order;
use super::super::{Format, OPEN_SOURCES_MAX};
use super::*;

fn options(change: impl FnOnce(&mut Options)) -> Options {
    let mut options = Options::default();
    change(&mut options);
    options
}

fn refusal(paths: &[PathBuf], options: &Options) -> String {
    Frames::open(paths, options).err().unwrap().to_string()
}

#[test]
fn frames_come_in_time_order_and_ties_in_source_order() {
    let files = Files::new(&[
        ("a.pcap", &pcap_at(&[1, 4, 4, 9])),
        ("b.pcap", &pcap_at(&[2, 4, 7, 3, 10])),
        ("c.pcap", &pcap_at(&[])),
    ]);
    let paths = ["b.pcap", "a.pcap", "c.pcap"].map(|name| files.path(name));
    let (seen, sources) = merged(&paths, &Options::default());
    let expected =
        [(1, 1, 1), (0, 1, 2), (0, 2, 4), (1, 2, 4), (1, 3, 4), (0, 3, 7), (0, 4, 3), (1, 4, 9), (0, 5, 10)];
    assert_eq!(seen, expected);
    assert_eq!(sources.iter().map(|source| source.packets).collect::<Vec<_>>(), [5, 4, 0]);
    assert_eq!((sources[0].first, sources[0].last), (Some(at(2, 0)), Some(at(10, 0))));
    assert_eq!((sources[0].clock_steps, sources[1].clock_steps), (1, 0));
    assert_eq!((sources[2].first, sources[2].format), (None, Some(Format::Pcap)));
}

#[test]
fn frames_outside_the_window_are_counted_as_filtered() {
    let files = Files::new(&[("a.pcap", &pcap_at(&[1, 2, 3, 4, 5]))]);
    let window = options(|options| {
        options.since = Some(at(2, 0));
        options.until = Some(at(4, 0));
    });
    let (seen, sources) = merged(&[files.path("a.pcap")], &window);
    assert_eq!(seen, [(0, 2, 2), (0, 3, 3)]);
    assert_eq!((sources[0].packets, sources[0].filtered), (5, 3));
    assert_eq!((sources[0].first, sources[0].last), (Some(at(1, 0)), Some(at(5, 0))));
}

/// Ethernet with an IPv4 header of this protocol.
fn packet(protocol: u8) -> [u8; 34] {
    let mut packet = [0; 34];
    packet[12] = 8;
    packet[14] = 0x45;
    packet[23] = protocol;
    packet
}

#[test]
fn a_filter_is_compiled_for_each_link_type() {
    let mut file = Writer::new(Order::Little);
    file.section().interface(1, 0, &[]).interface(101, 0, &[]).interface(4711, 0, &[]);
    file.enhanced(0, 1_000_000, 34, &packet(17)).enhanced(0, 2_000_000, 34, &packet(6));
    file.enhanced(1, 3_000_000, 20, &packet(17)[14..]).enhanced(2, 4_000_000, 34, &packet(17));
    let files = Files::new(&[("a.pcapng", &file.bytes)]);
    let (seen, sources) =
        merged(&[files.path("a.pcapng")], &options(|options| options.filter = Some("udp".to_owned())));
    assert_eq!(seen, [(0, 1, 1), (0, 3, 3)]);
    assert_eq!((sources[0].packets, sources[0].filtered), (4, 2));
    let problem = sources[0].problem.as_deref().unwrap();
    assert!(
        problem.starts_with("filter `udp` cannot be used on link type LINKTYPE_4711, whose frames"),
        "{problem}"
    );
    assert_eq!(sources[0].link_types, [1, 101, 4711].map(LinkType));
}

#[test]
fn a_filter_that_suits_no_source_is_an_error_before_reading() {
    let files = Files::new(&[("a.pcap", &pcap_at(&[1]))]);
    let why = refusal(
        &[files.path("a.pcap")],
        &options(|options| options.filter = Some("type mgt subtype beacon".to_owned())),
    );
    assert!(why.contains("cannot be used on link type EN10MB"), "{why}");
    let why =
        refusal(&[files.path("a.pcap")], &options(|options| options.filter = Some("tcp prot 80".to_owned())));
    assert!(why.starts_with("bad filter `tcp prot 80`: "), "{why}");
}

#[test]
fn one_bad_source_among_good_ones_is_told_of() {
    let files = Files::new(&[("a.pcap", &pcap_at(&[1])), ("notes.pcap", b"hello world"), ("none.pcap", b"")]);
    let paths = ["notes.pcap", "a.pcap", "missing.pcap", "none.pcap"].map(|name| files.path(name));
    let (seen, sources) = merged(&paths, &Options::default());
    assert_eq!(seen, [(1, 1, 1)]);
    let problems: Vec<_> = sources.iter().map(|source| source.problem.as_deref().unwrap_or("")).collect();
    assert!(problems[0].starts_with("is no capture file"));
    assert_eq!(problems[1..], ["", "does not exist", "is empty (0 bytes)"]);
    assert_eq!(sources[0].format, None);
}

#[test]
fn no_good_source_is_an_error() {
    let files = Files::new(&[("notes.pcap", b"hello world"), ("empty/README", b"hello world")]);
    let one = refusal(&[files.path("notes.pcap")], &Options::default());
    assert!(one.contains("notes.pcap` is no capture file: it begins with `hello wo…`"), "{one}");
    let two = refusal(&[files.path("notes.pcap"), files.path("missing")], &Options::default());
    assert!(two.starts_with("none of the 2 sources can be read: "), "{two}");
    let empty = refusal(&[files.path("empty")], &Options::default());
    assert!(empty.ends_with("empty` is a directory without captures (1 files looked at)"), "{empty}");
    assert!(matches!(Frames::open(&[], &Options::default()), Err(OpenError::NothingNamed)));
    let dash = PathBuf::from("-");
    let twice = Frames::open(&[dash.clone(), dash], &Options::default());
    assert!(matches!(twice, Err(OpenError::StandardInputTwice)));
}

#[test]
fn a_directory_is_searched_and_what_is_no_capture_left_alone() {
    let files = Files::new(&[
        ("b/2.pcap", &pcap_at(&[2])),
        ("a.anything", &pcap_at(&[3])),
        ("b/README", b"hello world"),
        ("b/cut.pcap", b"\xd4\xc3\xb2\xa1"),
        ("c.json", b"{}"),
    ]);
    let (seen, sources) = merged(&[files.root().to_path_buf()], &Options::default());
    assert_eq!(seen, [(1, 1, 2), (0, 1, 3)]);
    let names: Vec<_> = sources
        .iter()
        .map(|source| source.path.strip_prefix(files.root()).unwrap().to_str().unwrap())
        .collect();
    assert_eq!(names, ["a.anything", "b/2.pcap", "b/cut.pcap"]);
    assert_eq!(sources[2].problem.as_deref(), Some("is cut short: 4 bytes, and the header of a pcap has 24"));
}

#[test]
fn many_files_are_open_only_while_their_time_lasts() {
    let files = Files::new(&[]);
    let count = OPEN_SOURCES_MAX as u32 * 3;
    for number in 0..count {
        std::fs::write(files.path(&format!("{number:04}.pcap")), pcap_at(&[number * 10, number * 10 + 15]))
            .unwrap();
    }
    let mut frames = Frames::open(&[files.root().to_path_buf()], &Options::default()).unwrap();
    let (mut packets, mut last) = (0, Timestamp::MIN);
    while let Some(frame) = frames.next() {
        assert!(frame.time >= last);
        (packets, last) = (packets + 1, frame.time);
        assert!(frames.open <= 3, "{}", frames.open);
    }
    assert_eq!(packets, count * 2);
    assert!(frames.sources().iter().all(|source| source.problem.is_none() && source.packets == 2));
}

#[test]
fn captures_beyond_the_bound_are_read_late_and_say_so() {
    let files = Files::new(&[]);
    let count = OPEN_SOURCES_MAX as u32 + 3;
    for number in 0..count {
        std::fs::write(files.path(&format!("{number:04}.pcap")), pcap_at(&[number, 100_000 + number]))
            .unwrap();
    }
    let (seen, sources) = merged(&[files.root().to_path_buf()], &Options::default());
    assert_eq!(seen.len(), count as usize * 2);
    assert_eq!(sources.iter().filter(|source| source.problem.is_some()).count(), 3);
    assert!(sources.last().unwrap().problem.as_deref().unwrap().starts_with("read late: "));
}

#[test]
fn the_hash_is_of_the_file_as_it_is_on_disk() {
    use sha2::{Digest, Sha256};
    let mut cut = pcap_at(&[1, 2]);
    cut[100 + 8..100 + 12].copy_from_slice(&[0xff; 4]);
    cut.resize(3_000_000, 7);
    let files = Files::new(&[("cut.pcap", &cut)]);
    let (_, sources) = merged(&[files.path("cut.pcap")], &options(|options| options.hash = true));
    let expected: String = Sha256::digest(&cut).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(sources[0].sha256.as_deref(), Some(expected.as_str()));
    assert_eq!((sources[0].packets, sources[0].bytes), (1, 3_000_000));
    assert!(sources[0].problem.as_deref().unwrap().starts_with("corrupt from packet 2 at byte 100"));
    let (_, sources) = merged(&[files.path("cut.pcap")], &Options::default());
    assert_eq!(sources[0].sha256, None);
}

#[test]
fn progress_comes_to_its_end() {
    let files = Files::new(&[("a.pcap", &pcap_at(&[1, 2])), ("b.pcap", &pcap_at(&[3])), ("c.pcap", b"")]);
    let mut frames = Frames::open(&[files.root().to_path_buf()], &Options::default()).unwrap();
    let before = frames.progress();
    assert_eq!((before.packets, before.total), (0, Some(176 + 100)));
    while frames.next().is_some() {}
    let after = frames.progress();
    assert_eq!((after.packets, after.bytes, after.total), (3, 276, Some(276)));
}

#[test]
fn frames_shorter_than_they_were_are_counted() {
    let mut file = Writer::new(Order::Little);
    file.pcap_header(0xa1b2_c3d4, (2, 4), 1).record(1, 0, (3, 90), b"abc").record(2, 0, (3, 3), b"abc");
    let files = Files::new(&[("a.pcap", &file.bytes)]);
    let (_, sources) = merged(&[files.path("a.pcap")], &Options::default());
    assert_eq!(sources[0].cut_packets, 1);
}

#[test]
fn can_be_moved_to_the_thread_that_reads() {
    fn is_send<T: Send>() {}
    is_send::<Frames>();
}
