//! Full disks, broken files, second writers, clocks that step, and death at any moment.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use tapmap::graph::{Delta, Gained, Snapshot};
use tapmap::model::{FlowRecord, Span, Timestamp};
use tapmap::store::{Retention, Store, StoreOptions, Trouble, Window, backup, check, restore};

use super::round::operator;
use super::travel::flow;

fn store(dir: &Path) -> Store {
    Store::open(dir, &StoreOptions { writer: "a test".to_owned(), ..StoreOptions::default() })
}

/// What a sensor would gain: some flows that ended.
fn gained(flows: &[FlowRecord]) -> Gained {
    let mut delta = Delta::default();
    for record in flows {
        delta.tick(record.last);
        delta.flow(record.clone());
    }
    let watched =
        flows.first().zip(flows.last()).map(|(first, last)| Span { first: first.first, last: last.last });
    Gained { delta, ended: flows.to_vec(), watched, ..Gained::default() }
}

/// The n-th second: ten flows of ten clients.
fn second(number: u64) -> Vec<FlowRecord> {
    let at = 1_700_000_000 + number as i64;
    (0..10).map(|client| flow(client as u8 + 1, 100, 443, at, at, number * 10 + client)).collect()
}

fn flows_of(dir: &Path) -> u64 {
    let stored = store(dir).read(&Window::default()).unwrap();
    Snapshot::new(stored.map, &operator()).flows
}

#[test]
fn a_full_disk_makes_the_writer_wait_and_nothing_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = store(dir.path()).writer().unwrap();
    for number in 0..20 {
        writer.write(&gained(&second(number))).unwrap();
    }
    let room = store(dir.path()).size().unwrap().bytes;
    writer.allow(Some(room)).unwrap();
    let (mut number, mut failed) = (20, 0);
    while failed < 3 {
        // Certain to need pages at last.
        failed += usize::from(writer.write(&gained(&second(number))).is_err());
        number += 1;
        assert!(number < 5_000, "it never got full");
    }
    let problem = writer.health().problem.clone().unwrap();
    assert!(problem.starts_with("no room for `") && problem.contains("answers go on"), "{problem}");
    assert!(writer.health().waiting >= 30);
    assert!(flows_of(dir.path()) < number * 10, "what is there can be asked");
    writer.allow(None).unwrap();
    while writer.health().waiting > 0 {
        writer.write(&Gained::default()).unwrap();
    }
    assert_eq!((writer.health().problem.as_deref(), writer.health().lost), (None, 0));
    assert_eq!(flows_of(dir.path()), number * 10);
    assert_eq!(check(dir.path()).unwrap(), Vec::<String>::new());
}

#[test]
fn what_waits_is_bounded_and_what_is_lost_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = store(dir.path()).writer().unwrap();
    let many: Vec<FlowRecord> =
        (0..90_000).map(|number| flow(1, 2, 80, 1_700_000_000, 1_700_000_001, number)).collect();
    let gain = Gained { ended: many.clone(), delta: gained(&many[..1]).delta, ..Gained::default() };
    for _ in 0..5 {
        writer.keep(&gain);
    }
    assert!(writer.health().waiting < 400_000);
    assert!(writer.health().lost > 0);
}

#[test]
fn a_broken_store_is_moved_aside_by_name_and_a_new_one_begun() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = store(dir.path()).writer().unwrap();
    writer.write(&gained(&second(1))).unwrap();
    writer.close().unwrap();
    let path = dir.path().join("tapmap.db");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[..100].fill(0x5a);
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(store(dir.path()).read(&Window::default()).err().unwrap().trouble(), Trouble::Corrupt);
    let mut writer = store(dir.path()).writer().unwrap();
    assert!(writer.health().notes[0].contains("tapmap.db.corrupt-1"), "{:?}", writer.health().notes);
    writer.write(&gained(&second(2))).unwrap();
    assert_eq!(flows_of(dir.path()), 10);
    assert_eq!(std::fs::read(dir.path().join("tapmap.db.corrupt-1")).unwrap(), bytes);
}

#[test]
fn a_store_that_breaks_while_it_is_written_is_moved_aside_too() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = store(dir.path()).writer().unwrap();
    for number in 0..200 {
        writer.write(&gained(&second(number * 60))).unwrap();
    }
    writer.compact().unwrap();
    // All pages but the first.
    let path = dir.path().join("tapmap.db");
    let length = std::fs::metadata(&path).unwrap().len() as usize;
    let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(4096)).unwrap();
    file.write_all(&vec![0xa5; length - 4096]).unwrap();
    drop(file);
    drop(writer);
    let mut writer = store(dir.path()).writer().unwrap();
    let broke = writer.write(&gained(&second(500)));
    assert!(broke.is_ok(), "{broke:?}");
    assert!(writer.health().notes.iter().any(|note| note.contains("corrupt-1")), "{:?}", writer.health());
    assert_eq!(flows_of(dir.path()), 10);
}

#[test]
fn a_second_writer_is_refused_and_readers_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = store(dir.path()).writer().unwrap();
    first.write(&gained(&second(1))).unwrap();
    let error = store(dir.path()).writer().err().unwrap().to_string();
    assert!(error.contains("is being written by a test, process"), "{error}");
    assert_eq!(flows_of(dir.path()), 10);
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let error = store(&file.join("data")).writer().err().unwrap().to_string();
    assert!(error.contains("file/data"), "{error}");
}

#[test]
fn clocks_that_step_lose_nothing_and_empty_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = store(dir.path()).writer().unwrap();
    let day = 86_400;
    // Forward ten years, back again, and before all that was seen.
    for number in [100, 3_650 * day, 101, 50] {
        writer.write(&gained(&second(number))).unwrap();
    }
    // The clock of the machine is right, one packet's is not.
    let now = Timestamp::from_seconds(1_700_000_200, 0);
    while writer.keep_house(now, &Retention::default()).unwrap() {}
    assert_eq!(flows_of(dir.path()), 40);
    assert_eq!(check(dir.path()).unwrap(), Vec::<String>::new());
}

#[test]
fn what_is_too_old_is_forgotten_by_class() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = store(dir.path()).writer().unwrap();
    let day = 86_400;
    for number in [0, 100 * day, 200 * day] {
        writer.write(&gained(&second(number))).unwrap();
    }
    let now = Timestamp::from_seconds(1_700_000_000 + 200 * day as i64, 0);
    while writer.keep_house(now, &Retention::default()).unwrap() {}
    let stored = store(dir.path()).read(&Window { records: true, ..Window::default() }).unwrap();
    assert_eq!(stored.records.len(), 10, "flows of thirty days");
    let rows = store(dir.path()).size().unwrap().rows;
    let of = |table: &str| rows.iter().find(|room| room.table == table).unwrap().rows;
    assert_eq!((of("edge_hour"), of("edge")), (20, 10), "hours of 180 days, edges of 400");
    let window = Window {
        as_of: Some(Timestamp::from_seconds(1_700_000_000 + 150 * day as i64, 0)),
        ..Window::default()
    };
    let then = Snapshot::new(store(dir.path()).read(&window).unwrap().map, &operator());
    assert_eq!(then.dependencies.len(), 10, "told to the hour where flows are gone");
}

#[test]
fn a_backup_of_a_store_that_is_written_is_whole_and_can_be_put_back() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut writer = store(dir.path()).writer().unwrap();
    (0..10).for_each(|number| writer.write(&gained(&second(number))).unwrap());
    let copy = other.path().join("copy.db");
    backup(dir.path(), &copy).unwrap();
    assert!(backup(dir.path(), &copy).is_err(), "nothing is overwritten");
    writer.write(&gained(&second(10))).unwrap();
    assert!(restore(dir.path(), &copy, "a test").is_err(), "somebody writes");
    writer.close().unwrap();
    assert_eq!(flows_of(dir.path()), 110);
    let aside = restore(dir.path(), &copy, "a test").unwrap().unwrap();
    assert!(aside.ends_with("tapmap.db.replaced-1"));
    assert_eq!(flows_of(dir.path()), 100);
    assert!(restore(dir.path(), &aside, "a test").is_ok());
    assert_eq!(flows_of(dir.path()), 110);
}

#[test]
fn flows_that_were_open_when_the_writer_died_count_as_they_stood() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = store(dir.path()).writer().unwrap();
    let mut open = second(1);
    writer.write(&Gained { open: open.clone(), ..Gained::default() }).unwrap();
    for record in &mut open {
        record.last = record.last + 5_000_000_000;
        record.sent.first.bytes += 1_000;
    }
    writer.write(&Gained { open: open.clone(), ..Gained::default() }).unwrap();
    let ended = open.split_off(7);
    writer.write(&gained(&ended)).unwrap();
    drop(writer);
    let outline = |dir: &Path| {
        let stored = store(dir).read(&Window { records: true, ..Window::default() }).unwrap();
        let snapshot = Snapshot::new(stored.map, &operator());
        let bytes: u64 = snapshot
            .dependencies
            .iter()
            .map(|each| each.totals.to_server.bytes + each.totals.to_client.bytes)
            .sum();
        (snapshot.flows, snapshot.dependencies.len(), bytes, stored.records.len())
    };
    let expected = (10, 10, 10 * 600 + 10 * 1_000, 10);
    assert_eq!(outline(dir.path()), expected, "as they stood");
    // The next writer counts them for good; nothing is counted twice, and nothing is new.
    let writer = store(dir.path()).writer().unwrap();
    assert_eq!(outline(dir.path()), expected);
    writer.close().unwrap();
    assert_eq!(outline(dir.path()), expected);
}

/// The environment that makes this test the writer that is killed, and where it writes.
const WRITER: &str = "TAPMAP_TEST_WRITER";

#[test]
fn a_writer_that_is_killed_at_any_moment_loses_its_last_transaction_at_most() {
    if let Some(dir) = std::env::var_os(WRITER) {
        write_until_killed(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    let mut written = 0;
    for round in 0..100u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "trouble::a_writer_that_is_killed_at_any_moment_loses_its_last_transaction_at_most",
            ])
            .args(["--nocapture", "--test-threads=1"])
            .env(WRITER, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // After so many transactions; where in the next one is left to chance.
        let stop = 1 + (round * 7) % 12;
        let told =
            lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("wrote ")?.parse::<u64>().ok());
        let last = told.take(stop as usize).last().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let now = flows_of(dir.path());
        assert_eq!(now % 10, 0, "round {round}: a transaction is whole or not at all");
        assert!(now >= written + last * 10, "round {round}: {now} of at least {}", written + last * 10);
        written = now;
    }
    assert_eq!(check(dir.path()).unwrap(), Vec::<String>::new());
    let stored = store(dir.path()).read(&Window { records: true, ..Window::default() }).unwrap();
    assert_eq!(stored.records.len() as u64, written);
}

/// Writes one second after another, and tells of each once it is written.
#[expect(clippy::print_stdout, reason = "the parent reads it")]
fn write_until_killed(dir: &Path) -> ! {
    let mut writer = store(dir).writer().unwrap();
    let begin = flows_of(dir) / 10;
    for number in 1.. {
        writer.write(&gained(&second(begin + number))).unwrap();
        println!("wrote {number}");
    }
    unreachable!("it is killed")
}
