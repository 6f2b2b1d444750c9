//! What announcements and bytes together make of a flow.

use super::*;
use crate::decode::TcpFlags;
use crate::model::{Address, Evidence, Realm, Timestamp};

const SYN: u8 = 0x02;
const SYN_ACK: u8 = 0x12;
const ACK: u8 = 0x18;

/// One TCP connection, said piece by piece.
struct Talker {
    shard: Shard,
    frame: u64,
}

impl Talker {
    fn new() -> Talker {
        let orders =
            Orders { limits: Limits::default(), drop_duplicates: false, keep_records: true, live: false };
        Talker { shard: Shard::new(orders), frame: 0 }
    }

    fn send(
        &mut self,
        from: Endpoint,
        to: Endpoint,
        (sequence, acknowledgement): (u32, u32),
        flags: u8,
        payload: &[u8],
    ) {
        self.frame += 1;
        let payload_len = u32::try_from(payload.len()).unwrap();
        let packet = Packet {
            time: Timestamp::from_seconds(i64::try_from(self.frame).unwrap(), 0),
            source_index: 0,
            frame: self.frame,
            realm: Realm::DEFAULT,
            source: from.address,
            destination: to.address,
            layer4: Layer4::Tcp {
                ports: (from.port, to.port),
                sequence,
                acknowledgement,
                flags: TcpFlags(flags),
                window: 1_000,
            },
            ttl: 64,
            ip_id: 0,
            ip_len: 40 + payload_len,
            packets: 1,
            payload_len,
            source_mac: Mac::default(),
            destination_mac: Mac::default(),
            vlan: 0,
            fingerprint: self.frame,
            bad_checksum: false,
            depth: 0,
        };
        self.shard.on_packet(&packet, payload);
    }

    /// A connection from `client` to `server`, with what they say in turns; true is the client.
    fn connection(&mut self, client: Endpoint, server: Endpoint, said: &[(bool, &[u8])]) {
        let (mut mine, mut theirs) = (1, 1);
        self.send(client, server, (0, 0), SYN, b"");
        self.send(server, client, (0, 1), SYN_ACK, b"");
        for (by_client, bytes) in said {
            let len = u32::try_from(bytes.len()).unwrap();
            if *by_client {
                self.send(client, server, (mine, theirs), ACK, bytes);
                mine += len;
            } else {
                self.send(server, client, (theirs, mine), ACK, bytes);
                theirs += len;
            }
        }
    }

    fn finish(self) -> Vec<FlowRecord> {
        self.shard.finish().records
    }
}

fn endpoint(last: u8, port: u16) -> Endpoint {
    Endpoint { address: Address::from([10, 0, 0, last]), port }
}

/// The FTP client 10.0.0.1 says that it listens on port 8080; then the FTP server connects there and
/// they say this. Who is the client of that flow, by what, and what does it speak?
fn announced(said: &[(bool, &[u8])]) -> (u8, Evidence, Option<&'static str>) {
    let mut talker = Talker::new();
    let control: [(bool, &[u8]); 5] = [
        (false, b"220 ready (FTP)\r\n"),
        (true, b"USER anonymous\r\n"),
        (false, b"331 Password required\r\n"),
        (true, b"PORT 10,0,0,1,31,144\r\n"),
        (false, b"200 PORT command successful\r\n"),
    ];
    talker.connection(endpoint(1, 40_000), endpoint(2, 21), &control);
    talker.connection(endpoint(2, 41_000), endpoint(1, 8080), said);
    let records = talker.finish();
    let record = records.iter().find(|record| record.key.a.port == 8080).unwrap();
    let decision = record.ledger.decide_alone(&record.key);
    let client = record.key.address(decision.client.unwrap());
    (client.bits().to_le_bytes()[0], decision.evidence, record.protocol)
}

#[test]
fn data_goes_where_it_was_announced() {
    let expected = (1, Evidence::Announced, Some("ftp-data"));
    assert_eq!(announced(&[(true, b"drwxr-xr-x 2 ftp ftp 4096 Jan 1 00:00 pub\r\n")]), expected);
    assert_eq!(announced(&[]), expected);
}

#[test]
fn a_proven_protocol_is_believed_before_an_announcement() {
    let said: [(bool, &[u8]); 2] = [
        (true, b"GET / HTTP/1.1\r\nHost: www.example\r\n\r\n"),
        (false, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ];
    assert_eq!(announced(&said), (2, Evidence::Syn, Some("http")));
}
