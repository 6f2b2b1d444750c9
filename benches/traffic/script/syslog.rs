//! Syslog over UDP (RFC 3164): one side talks, nobody answers.

use crate::traffic::talk::{Script, Talk};

const LINES: &[&str] = &[
    "sshd[2211]: Accepted publickey for deploy from 10.10.2.14 port 51122 ssh2",
    "nginx: 10.20.3.77 - - \"GET /api/v1/orders HTTP/1.1\" 200 8123",
    "kernel: e1000e 0000:00:1f.6 eno1: NIC Link is Up 1000 Mbps Full Duplex",
    "CRON[9921]: (root) CMD (run-parts /etc/cron.hourly)",
];

/// A machine that reports to a collector.
pub struct Syslog;

impl Script for Syslog {
    fn exchange(&mut self, talk: &mut Talk<'_>) {
        let line = *talk.random.pick(LINES);
        let priority = talk.random.between(80, 86);
        let second = talk.random.below(60);
        talk.client(format!("<{priority}>Mar  2 08:04:{second:02} app07 {line}"));
    }
}
