//! A cable with two ends: `tap` is watched, into `far` traffic is put.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

/// The watched end.
pub const TAP: &str = "tap";

/// The other end.
const FAR: &str = "far";

/// Networks that hosts move through while a replay goes on, so that new ones come: 8 × those of the file.
const NETWORKS: u8 = 8;

/// How long a host stays where it is: all networks are known after four minutes.
const STAY: Duration = Duration::from_secs(30);

/// A cable in a namespace of its own.
pub struct Cable(());

impl Cable {
    /// Plugs it in. Nothing but the benchmark speaks on it.
    pub fn new() -> Result<Cable> {
        let script = format!(
            "sysctl -qw net.ipv6.conf.default.disable_ipv6=1 net.ipv6.conf.all.disable_ipv6=1
             ip link set lo up
             ip link add {TAP} type veth peer name {FAR}
             ip link set dev {TAP} arp off up
             ip link set dev {FAR} arp off up"
        );
        let status = Command::new("sh").args(["-ec", &script]).status()?;
        ensure!(status.success(), "no cable could be made");
        Ok(Cable(()))
    }

    /// Replays a file as fast as it goes, or at so many packets a second.
    pub fn replay(&self, file: &Path, rate: Option<u64>) -> Result<()> {
        let speed = rate.map_or("--topspeed".to_owned(), |rate| format!("--pps={rate}"));
        let output = Command::new("tcpreplay")
            .args(["--quiet", "--preload-pcap", &speed, "--intf1", FAR])
            .arg(file)
            .output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// Replays a file again and again at so many packets a second, its hosts moving on now and then,
    /// until it is told to stop.
    pub fn replay_for_ever(&self, file: &Path, rate: u64) -> Result<Replay> {
        let sender = pcap::Capture::from_device(FAR)?.open()?;
        let frames = frames(file)?;
        let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let thread = {
            let (stop, sent) = (Arc::clone(&stop), Arc::clone(&sent));
            std::thread::spawn(move || send(sender, frames, rate, &stop, &sent))
        };
        Ok(Replay { stop, sent, thread })
    }
}

/// A replay that goes on.
pub struct Replay {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl Replay {
    /// Packets sent so far.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Ends it, and says how many packets were sent.
    pub fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        self.sent.load(Ordering::Relaxed)
    }
}

fn frames(file: &Path) -> Result<Vec<Vec<u8>>> {
    let mut capture = pcap::Capture::from_file(file)?;
    let mut frames = Vec::new();
    while let Ok(packet) = capture.next_packet() {
        frames.push(packet.data.to_vec());
    }
    Ok(frames)
}

fn send(
    mut sender: pcap::Capture<pcap::Active>,
    mut frames: Vec<Vec<u8>>,
    rate: u64,
    stop: &AtomicBool,
    sent: &AtomicU64,
) {
    let begun = Instant::now();
    let mut network = 0;
    let mut number = 0_u64;
    loop {
        for frame in &mut frames {
            let now = begun.elapsed();
            let due = Duration::from_nanos(number * 1_000_000_000 / rate);
            if let Some(early) = due.checked_sub(now).filter(|early| *early > Duration::from_millis(1)) {
                // Pacing, and nothing waits for it.
                std::thread::sleep(early);
            }
            if stop.load(Ordering::Relaxed) {
                return;
            }
            move_host(frame, network);
            if sender.sendpacket(&frame[..]).is_ok() {
                sent.fetch_add(1, Ordering::Relaxed);
            }
            move_host(frame, NETWORKS - network);
            number += 1;
        }
        network = u8::try_from(begun.elapsed().as_secs() / STAY.as_secs() % u64::from(NETWORKS)).unwrap();
    }
}

/// Moves both ends of a frame by so many networks, modulo [`NETWORKS`]: the upper bits of the third
/// number of an address of 10.0.0.0/8, and the checksum with it (RFC 1624).
fn move_host(frame: &mut [u8], by: u8) {
    if frame.len() < 34 || frame[12..14] != [8, 0] {
        return;
    }
    for address in [26, 30] {
        if frame[address] != 10 {
            continue;
        }
        let word = |frame: &[u8], at: usize| u16::from_be_bytes([frame[at], frame[at + 1]]);
        let before = word(frame, address + 2);
        frame[address + 2] = frame[address + 2].wrapping_add(by.wrapping_mul(256u16.div_ceil(8) as u8));
        let after = word(frame, address + 2);
        let sum = u32::from(!word(frame, 24)) + u32::from(!before) + u32::from(after);
        let folded = (sum & 0xffff) + (sum >> 16);
        let folded = (folded & 0xffff) + (folded >> 16);
        frame[24..26].copy_from_slice(&(!(folded as u16)).to_be_bytes());
    }
}
