//! All analyzers together: who claims the opening of whose protocol.

use crate::model::{Address, Endpoint, Pair, Side, Transport};

use super::testing::hex;
use super::{ANALYZERS, Opening, Probe};

/// How a conversation of a protocol opens: bytes in hexadecimal digits, or as text.
#[derive(Clone)]
struct Sample {
    protocol: &'static str,
    transport: Transport,
    /// The port that the client has.
    from: u16,
    /// The port that the server has.
    port: u16,
    client: Vec<u8>,
    server: Vec<u8>,
}

fn tcp(protocol: &'static str, client: impl Into<Vec<u8>>, server: impl Into<Vec<u8>>) -> Sample {
    // Ports that say nothing.
    let (from, port) = (40_000, 23_456);
    Sample { protocol, transport: Transport::Tcp, from, port, client: client.into(), server: server.into() }
}

fn udp(protocol: &'static str, port: u16, client: &str) -> Sample {
    let client = hex(client);
    Sample { protocol, transport: Transport::Udp, from: 40_000, port, client, server: Vec::new() }
}

/// A name query's name: WS-7 in letters, of the length that all NetBIOS names have.
const NETBIOS_NAME: &str =
    "20 4648 4644 434e 4448 4341 4341 4341 4341 4341 4341 4341 4341 4341 4341 4341 4141 00";

fn of_streams() -> Vec<Sample> {
    let hello = format!("{} {} {}", "16030100 2f 0100002b 0303", "5a".repeat(32), "00 0004 1301 c02f 01 00");
    let as_req = "6a1e 301c a103020105 a20302010a a410 300e a007 0305 0040810010 a203 1b0141";
    let as_req = [&[0, 0, 0, 32][..], &hex(as_req)].concat();
    let bind = "05000b03100000002800000002000000 b810b810 00000000 01000000 00000100 00000000";
    let command = "1020\0lns\0root\0date\0";
    vec![
        tcp("proxy-protocol", "PROXY TCP4 192.0.2.7 10.0.0.2 40000 80\r\n", ""),
        tcp("vnc", "RFB 003.003\n", "RFB 003.008\n"),
        tcp("rsync", "@RSYNCD: 31.0\n", "@RSYNCD: 31.0\n"),
        tcp("amqp", "AMQP\0\0\x09\x01", ""),
        tcp("mqtt", hex("1028 0004 4d515454 04c2 003c 000a"), ""),
        tcp("nats", "CONNECT {\"verbose\":false}\r\n", "INFO {\"server_id\":\"N\"}\r\n"),
        tcp("kafka", hex("00000011 0003 0001 00000002 0003 632d31 00000000"), ""),
        tcp("x11", hex("6c00 0b00 0000 0000 0000 0000"), ""),
        Sample { from: 1021, ..tcp("rsh", command, "\0") },
        tcp("rexec", command, "\0"),
        tcp("rlogin", "\0alice\0root\0vt100/9600\0", "\0"),
        tcp("tls", hex(&hello), ""),
        tcp("http", "GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"),
        tcp("xmpp", "<stream:stream to='a.example' xmlns:stream='http://etherx.jabber.org/streams'>", ""),
        tcp("ssh", "SSH-2.0-PuTTY_Release_0.78\r\n", "SSH-2.0-OpenSSH_9.6\r\n"),
        tcp("smb", hex(&format!("00000040 fe534d42 4000 0100 {}", "00".repeat(56))), ""),
        tcp("rdp", hex("03000013 0e e0 0000 0000 00 01 00 0800 03000000"), ""),
        tcp("postgresql", hex("00000016 00030000 75736572 00 616c696365 00 00"), ""),
        tcp("mysql", "", hex(MYSQL_GREETING)),
        tcp("kerberos", as_req, ""),
        tcp("ldap", hex("300c 020101 6007 020103 0400 8000"), ""),
        tcp("dcerpc", hex(bind), ""),
        tcp("mssql", hex(MSSQL_PRELOGIN), ""),
        tcp("dns", hex("0011 2222 0100 0001 0000 0000 0000 00 0002 0001"), ""),
        tcp("smtp", "EHLO ws-7\r\n", "220 mail.example.com ESMTP Postfix\r\n"),
        tcp("ftp", "USER alice\r\n", "220 (vsFTPd 3.0.5) FTP\r\n331 Password required\r\n"),
        tcp("imap", "1 LOGIN alice secret\r\n", "* OK IMAP4rev1 Service Ready\r\n"),
        tcp("pop3", "USER alice\r\n", "+OK POP3 server ready\r\n"),
        tcp("redis", "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n", "$-1\r\n"),
        tcp("bgp", hex(&format!("{} 0013 04", "ff".repeat(16))), ""),
        tcp("iec104", hex("6804 07000000"), hex("6804 0b000000")),
        tcp("opcua", hex("48454c46 20000000 00000000 00000100 00000100 00000000 00000000 00000000"), ""),
        tcp("dnp3", hex("0564 63 c4 0400 0300 c7ee"), ""),
        tcp("s7comm", hex("03000019 02f080 32 01 0000 0000 0008 0000 f0 00 0001 0001 01e0"), ""),
        tcp("sip", "REGISTER sip:example.org SIP/2.0\r\n\r\n", "SIP/2.0 200 OK\r\n\r\n"),
        tcp("syslog", "<34>Oct 11 22:14:15 mymachine su: failed\n", ""),
        tcp("mongodb", hex("30000000 02000000 00000000 dd070000 00000000 00 1b000000"), ""),
        tcp("cassandra", hex("04 00 0001 05 00000000"), hex("84 00 0000 02 00000000")),
        tcp("oracle", hex("004a 0000 01 00 0000 0139 012c 0000 0800 7fff 4f98"), ""),
        tcp("portmap", hex(&format!("80000028 {}", rpc_call("000186a0"))), ""),
        tcp("nfs", hex(&format!("80000028 {}", rpc_call("000186a3"))), ""),
        tcp("onc-rpc", hex(&format!("80000028 {}", rpc_call("000186a5"))), ""),
        tcp("enip", hex("6500 0400 00000000 00000000 0000000000000000 00000000 0100 0000"), ""),
        tcp("tacacs", hex("c0 01 01 00 6d0e1631 00000006 f7711e4b904f"), ""),
        tcp("irc", "NICK somebody\r\n", ":irc.example 001 somebody :Welcome\r\n"),
        tcp("memcached", "stats\r\n", "STAT pid 8837\r\nEND\r\n"),
        tcp("modbus", hex("0001 0000 0006 01 03 0000 000a"), ""),
        tcp("socks", hex("05 01 00"), hex("05 00")),
        tcp("telnet", hex("fffb18 fffb1f"), hex("fffd18 fffd20 fffd23 fffd27")),
    ]
}

/// A call of ONC RPC without arguments.
fn rpc_call(program: &str) -> String {
    format!("0d8a454e 00000000 00000002 {program} 00000003 00000000 {}", "00".repeat(16))
}

const MSSQL_PRELOGIN: &str = "12010034 0000 0100 000015000601001b000102001c000c0300280004ff
    080001550000 00 4d5353514c53657276657200 d8030000";

const MYSQL_GREETING: &str = "4a000000 0a 382e302e323800 18000000 365a5c3d1c745177 00 ffff ff 0200 ffdf 15
    00000000000000000000 0b0c0d0e0f101112131415 16 00 63616368696e675f736861325f70617373776f7264 00";

fn of_datagrams() -> Vec<Sample> {
    let hello = format!("fefd {} 00 00 0004 c02b c02f 01 00", "5a".repeat(32));
    let dtls = format!("16 feff 0000 000000000000 0038 01 00002c 0000 000000 00002c {hello}");
    let machine = format!("{} 6cf049b2de6e {}", "00".repeat(16), "00".repeat(202));
    let text = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let asked = "03777777 076578616d706c65 036f7267 00 0001 0001";
    vec![
        udp("dtls", 23_456, &dtls),
        udp("quic", 23_456, super::tls::quic::vectors::CLIENT_1),
        udp("ssdp", 1900, &text("M-SEARCH * HTTP/1.1\r\nMAN: \"ssdp:discover\"\r\n\r\n")),
        udp("kerberos", 88, "6a1e 301c a103020105 a20302010a a410 300e a007 0305 0040810010 a203 1b0141"),
        udp("ldap", 389, "300c 020101 6007 020103 0400 8000"),
        Sample {
            server: hex(&format!("05 1200 {}", text("ServerName;SQL1;;;"))),
            ..udp("mssql-browser", 1434, "02")
        },
        udp(
            "snmp",
            161,
            "3026 020101 0406 7075626c6963 a019 020101 020100 020100 300e 300c
            0608 2b06010201010100 0500",
        ),
        udp("dhcp", 67, &format!("01010600 12345678 0000 0000 {machine} 63825363 350101 ff")),
        udp("bacnet", 47_808, "810a 000b 0104 0001 0c 0000"),
        udp("radius", 1812, "01 00 001b 0f403f9473978057bd83d5cb98f4227a 01 07 616c696365"),
        udp("syslog", 514, &text("<34>Oct 11 22:14:15 mymachine su: failed")),
        udp("sip", 5_060, &text("REGISTER sip:example.org SIP/2.0\r\n\r\n")),
        udp("dnp3", 20_000, "0564 63 c4 0400 0300 c7ee"),
        udp("enip", 44_818, &format!("6300 0000 {}", "00".repeat(20))),
        udp("portmap", 111, &rpc_call("000186a0")),
        udp("nfs", 2049, &rpc_call("000186a3")),
        udp("onc-rpc", 635, &rpc_call("000186a5")),
        udp("dhcpv6", 547, "013a4267 0001 000e 00010001 141281f8 6cf049b2de6e"),
        udp("nbns", 137, &format!("1234 0110 0001 0000 0000 0000 {NETBIOS_NAME} 0020 0001")),
        udp("mdns", 5353, &format!("0000 0000 0001 0000 0000 0000 {asked}")),
        udp("llmnr", 5355, &format!("200c 0000 0001 0000 0000 0000 {asked}")),
        udp("dns", 53, &format!("2003 0100 0001 0000 0000 0000 {asked}")),
        udp("tftp", 69, &format!("0001 {} 00 {} 00", text("rfc1350.txt"), text("octet"))),
        udp(
            "ntp",
            123,
            "230206ea00000bd90000073a55c7d663e09ab55c12dcc914e09ab6620ef01df2e09ab6621447957d
            e09ab6a50706de1a",
        ),
        udp("netbios-dgm", 138, &format!("1102 80a1 0a00000a 008a 0044 0000 {NETBIOS_NAME} {NETBIOS_NAME}")),
    ]
}

/// Every analyzer that claims this opening when all are asked, in their order.
fn claims(sample: &Sample) -> Vec<&'static str> {
    let endpoints = Pair::new(
        Endpoint { address: Address::from([10, 0, 0, 1]), port: sample.from },
        Endpoint { address: Address::from([10, 0, 0, 2]), port: sample.port },
    );
    let opening = Opening {
        bytes: Pair::new(&sample.client, &sample.server),
        endpoints,
        transport: sample.transport,
        from_start: true,
        last_chance: true,
    };
    let asked = ANALYZERS.iter().filter(|analyzer| analyzer.transports().contains(&sample.transport));
    let claiming = asked.filter(|analyzer| match analyzer.probe(&opening) {
        Probe::Match { client } => {
            assert_ne!(client, Some(Side::B), "{} takes the server for the client", analyzer.protocol());
            true
        }
        Probe::NoMatch | Probe::NeedMore => false,
    });
    claiming.map(|analyzer| analyzer.protocol()).collect()
}

#[test]
fn an_opening_is_claimed_by_its_own_analyzer_only() {
    for sample in of_streams().iter().chain(&of_datagrams()) {
        assert_eq!(claims(sample), [sample.protocol], "{:?}", sample.transport);
    }
}

#[test]
fn every_analyzer_has_a_sample_for_each_transport() {
    let samples = [of_streams(), of_datagrams()].concat();
    for analyzer in ANALYZERS {
        for transport in analyzer.transports() {
            let protocol = analyzer.protocol();
            let has = samples.iter().any(|s| (s.protocol, s.transport) == (protocol, *transport));
            assert!(has, "no sample of {protocol} over {transport:?}");
        }
    }
}
