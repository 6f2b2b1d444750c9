//! Compression is undone on the way, and a break in it is a break like any other.

use std::io::Write;

use proptest::prelude::*;

use super::super::input::Input;
use super::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn input(bytes: &[u8]) -> Input {
    Input::open(Box::new(std::io::Cursor::new(bytes.to_vec())), false).unwrap()
}

/// A capture whose bytes do not compress away.
fn capture() -> Vec<u8> {
    let seconds: Vec<u32> = (0..2000_u32).map(|at| at.wrapping_mul(2_654_435_761) >> 4).collect();
    pcap_at(&seconds)
}

#[test]
fn each_compression_is_told_by_its_first_bytes() {
    let plain = capture();
    let expected = whole(&plain);
    for (name, packed) in [("gzip", gzip(&plain)), ("zstd", zstd(&plain)), ("xz", xz(&plain))] {
        assert_eq!(read_from(input(&packed)).unwrap(), (expected.clone(), None), "{name}");
    }
}

#[test]
fn members_and_frames_one_after_another_are_one_file() {
    let plain = capture();
    let (a, b) = plain.split_at(1000);
    let skippable = [0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
    for (name, packed) in [
        ("gzip", [gzip(a), gzip(b)].concat()),
        ("zstd", [skippable.to_vec(), zstd(a), skippable.to_vec(), zstd(b)].concat()),
        ("xz", [xz(a), xz(b)].concat()),
    ] {
        assert_eq!(read_from(input(&packed)).unwrap(), (whole(&plain), None), "{name}");
    }
}

#[test]
fn a_cut_compressed_file_keeps_the_packets_before() {
    let plain = capture();
    let expected = whole(&plain);
    for (name, packed) in [("gzip", gzip(&plain)), ("zstd", zstd(&plain)), ("xz", xz(&plain))] {
        let (seen, stop) = read_from(input(&packed[..packed.len() - packed.len() / 10])).unwrap();
        assert!(expected.starts_with(&seen), "{name}");
        assert!(seen.len() > 1000, "{name}: {}", seen.len());
        let stop = stop.unwrap();
        assert!(stop.ends_with(": the compressed file is cut short"), "{name}: {stop}");
    }
}

#[test]
fn damage_is_noticed() {
    let plain = capture();
    for (name, mut packed) in [("gzip", gzip(&plain)), ("zstd", zstd(&plain)), ("xz", xz(&plain))] {
        let place = packed.len() / 2;
        packed[place] ^= 0x55;
        let end = read_from(input(&packed));
        assert!(!matches!(end, Ok((_, None))), "{name}");
    }
}

#[test]
fn a_bomb_is_read_in_bounded_memory() {
    // 64 MiB of zeros are 4 million empty packets and less than 100 kB compressed; the reader has its
    // one window and no more, so all this test can see is that it ends and counts.
    const ZEROS: usize = 64 << 20;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&pcap_at(&[])).unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..ZEROS >> 20 {
        encoder.write_all(&zeros).unwrap();
    }
    let packed = encoder.finish().unwrap();
    let mut reader = Reader::open(input(&packed)).unwrap();
    let mut packets = 0;
    while let Ok(Some(_)) = reader.next() {
        packets += 1;
    }
    assert_eq!(packets, ZEROS / 16);
}

#[test]
fn a_zstd_window_beyond_reason_is_refused() {
    // Frame header: magic, no content size, window descriptor for 2^(10+31) bytes.
    let file = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xf8, 0x01, 0x00, 0x00];
    let why = read_from(input(&file)).unwrap_err().to_string();
    assert!(why.contains("window"), "{why}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn flipped_bytes_never_panic(flips in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..6)) {
        let plain = pcap_at(&(0..60).collect::<Vec<_>>());
        for mut packed in [gzip(&plain), zstd(&plain), xz(&plain)] {
            for (place, value) in &flips {
                let length = packed.len();
                packed[usize::from(*place) % length] = *value;
            }
            let _ = read_from(input(&packed));
        }
    }
}
