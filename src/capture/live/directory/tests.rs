//! Files that appear, grow, are renamed, cut and finished.

use std::fs::OpenOptions;
use std::io::Write;
use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::capture::order::Order;
use crate::capture::testing::{Files, Writer, pcap_at};

/// No frame.
const NONE: [i64; 0] = [];

/// A watched directory and whoever writes into it.
struct Desk {
    files: Files,
    directory: Directory,
    stopper: Stopper,
}

impl Desk {
    fn new(files: &[(&str, &[u8])], filter: Option<&str>) -> Desk {
        let files = Files::new(files);
        let directory = Directory::open(files.root(), filter).unwrap();
        Desk { files, directory, stopper: Stopper::new().unwrap() }
    }

    fn append(&self, name: &str, bytes: &[u8]) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.files.path(name)).unwrap();
        file.write_all(bytes).unwrap();
    }

    /// Nobody has written to it for long.
    fn age(&self, name: &str) {
        let file = OpenOptions::new().append(true).open(self.files.path(name)).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(1_000)).unwrap();
    }

    /// The seconds of the frames that come before the next wait, with the directory looked through.
    fn take(&mut self) -> Vec<i64> {
        self.directory.looked = Timestamp::MIN;
        let mut seconds = Vec::new();
        while let Arrival::Frame(frame) = self.directory.next(&self.stopper) {
            assert_eq!(i64::from(frame.bytes[0]), frame.time.seconds());
            seconds.push(frame.time.seconds());
        }
        seconds
    }
}

/// A record as [`pcap_at`] writes it, with its header.
fn record(second: u32) -> Vec<u8> {
    pcap_at(&[second]).split_off(24)
}

#[test]
fn files_are_followed_while_they_grow_and_merged_while_they_overlap() {
    let mut desk = Desk::new(&[("b.pcap", &pcap_at(&[3, 9])), ("a.pcap", &pcap_at(&[1, 4]))], None);
    assert_eq!(desk.take(), [1, 3, 4, 9]);
    assert_eq!(desk.take(), NONE);
    desk.append("b.pcap", &record(10));
    assert_eq!(desk.take(), [10]);
    desk.append("c.pcap", &pcap_at(&[11]));
    desk.append("b.pcap", &record(12));
    assert_eq!(desk.take(), [11, 12]);
    assert_eq!(desk.directory.health()[0].frames, 7);
}

#[test]
fn a_record_is_handed_out_when_it_is_whole() {
    let mut desk = Desk::new(&[], None);
    let whole = pcap_at(&[1, 2]);
    let ends = [24 + 76, 24 + 2 * 76];
    let mut before = 0;
    // Within headers, at their ends, within packets, and one byte before the last.
    for (until, seconds) in
        [(3, vec![]), (27, vec![]), (30, vec![]), (ends[0] - 1, vec![]), (ends[0], vec![1])]
            .into_iter()
            .chain([(ends[0] + 5, vec![]), (ends[1] - 1, vec![]), (ends[1], vec![2])])
    {
        desk.append("x.pcap", &whole[before..until]);
        assert_eq!(desk.take(), seconds, "with {until} bytes");
        before = until;
    }
}

#[test]
fn a_pcapng_grows_by_any_bytes() {
    let mut writer = Writer::new(Order::Little);
    writer.section().interface(1, 0, &[(9, &[6])]);
    for second in 1..4_u8 {
        writer.enhanced(0, u64::from(second) * 1_000_000, 60, &[second; 60]);
        writer.block(5, |block| {
            block.raw(&[0; 20]);
        });
    }
    for step in [1, 7, 33, 100] {
        let mut desk = Desk::new(&[], None);
        let mut seen = Vec::new();
        for bytes in writer.bytes.chunks(step) {
            desk.append("x.pcapng", bytes);
            desk.directory.looked = Timestamp::MIN;
            while let Some(place) = desk.directory.place(true) {
                desk.directory.given = Some(place);
                seen.push(desk.directory.open[place].followed.time().unwrap().seconds());
            }
        }
        assert_eq!(seen, [1, 2, 3], "by {step}");
        assert_eq!(desk.directory.health.problem, None);
    }
}

#[test]
fn a_file_is_finished_when_another_was_written_later() {
    let mut desk = Desk::new(&[("a.pcap", &pcap_at(&[1, 2])), ("b.pcap", &pcap_at(&[3]))], None);
    desk.age("a.pcap");
    assert_eq!(desk.take(), [1, 2, 3]);
    assert_eq!(desk.directory.open.len(), 1, "the one is closed, the other followed");
    // It grows after all: nothing is lost, and nothing comes twice.
    desk.append("a.pcap", &record(4));
    assert_eq!(desk.take(), [4]);
    // Its name is used again.
    desk.age("a.pcap");
    assert_eq!(desk.take(), NONE);
    fs::write(desk.files.path("a.pcap"), pcap_at(&[5])).unwrap();
    assert_eq!(desk.take(), [5]);
}

#[test]
fn a_file_that_is_renamed_is_read_once_and_one_that_goes_is_forgotten() {
    let mut desk = Desk::new(&[("a.tmp", &pcap_at(&[1])), (".hidden", &pcap_at(&[9]))], None);
    assert_eq!(desk.take(), [1]);
    fs::rename(desk.files.path("a.tmp"), desk.files.path("a.pcap")).unwrap();
    assert_eq!(desk.take(), NONE);
    desk.append("a.pcap", &record(2));
    assert_eq!(desk.take(), [2]);
    fs::remove_file(desk.files.path("a.pcap")).unwrap();
    assert_eq!(desk.take(), NONE);
    assert_eq!((desk.directory.open.len(), desk.directory.known.len()), (0, 0));
}

#[test]
fn what_is_no_capture_or_broken_is_told_and_passed_over() {
    let mut cut = pcap_at(&[1, 2]);
    cut.truncate(140);
    let mut desk = Desk::new(&[("a.pcap", &cut), ("notes", &[b'x'; 99]), ("b.pcap", &pcap_at(&[3]))], None);
    desk.age("a.pcap");
    assert_eq!(desk.take(), [1, 3]);
    let problem = desk.directory.health()[0].problem.clone().unwrap();
    assert!(problem.contains("a.pcap` is truncated in packet 2"), "{problem}");
    desk.append("c.pcap", &[b'x'; 99]);
    assert_eq!(desk.take(), NONE);
    let problem = desk.directory.health()[0].problem.clone().unwrap();
    assert!(problem.contains("c.pcap` is no capture file"), "{problem}");
}

#[test]
fn compressed_files_are_read_once_they_do_not_grow() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&pcap_at(&[1, 2])).unwrap();
    let mut desk = Desk::new(&[("a.pcap.gz", &encoder.finish().unwrap())], None);
    assert_eq!(desk.take(), NONE);
    assert_eq!(desk.take(), [1, 2]);
    assert_eq!(desk.take(), NONE);
    assert_eq!(desk.directory.open.len(), 0);
}

#[test]
fn more_files_than_are_open_at_once_are_all_read() {
    let names: Vec<String> = (0..200).map(|number| format!("{number:03}.pcap")).collect();
    let bytes: Vec<Vec<u8>> = (0..200).map(|number| pcap_at(&[number])).collect();
    let files: Vec<(&str, &[u8])> =
        names.iter().map(String::as_str).zip(bytes.iter().map(Vec::as_slice)).collect();
    let mut desk = Desk::new(&files, None);
    assert_eq!(desk.take(), (0..200).collect::<Vec<_>>());
    assert!(desk.directory.open.len() <= OPEN_MAX);
    assert_eq!(desk.take(), NONE);
    desk.append("000.pcap", &record(201));
    assert_eq!(desk.take(), [201]);
}

#[test]
fn it_is_filtered_and_stopped() {
    let mut desk = Desk::new(&[("a.pcap", &pcap_at(&[1, 2, 3]))], Some("ether[0] = 2"));
    assert_eq!(desk.take(), [2]);
    desk.append("a.pcap", &record(4));
    desk.stopper.stop();
    assert!(matches!(desk.directory.next(&desk.stopper), Arrival::Over));
    let missing = Directory::open(Path::new("/no/such"), None).err().unwrap().to_string();
    assert_eq!(missing, "cannot watch `/no/such`: it does not exist");
}
