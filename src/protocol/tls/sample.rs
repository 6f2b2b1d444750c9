//! What the tests of this protocol are made of: hellos, messages and records from their parts.

/// A record of TLS.
pub(super) fn record(content: u8, payload: &[u8]) -> Vec<u8> {
    [&[content, 3, 1], &(payload.len() as u16).to_be_bytes()[..], payload].concat()
}

/// A handshake message.
pub(super) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = (body.len() as u32).to_be_bytes();
    [&[kind], &length[..], body].concat()
}

/// An extension.
pub(super) fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &vector16(content)].concat()
}

fn vector16(content: &[u8]) -> Vec<u8> {
    [&(content.len() as u16).to_be_bytes()[..], content].concat()
}

fn vector8(content: &[u8]) -> Vec<u8> {
    [&[content.len() as u8], content].concat()
}

pub(super) fn server_name(name: &str) -> Vec<u8> {
    let entry = [&[0][..], &vector16(name.as_bytes())].concat();
    extension(0, &vector16(&entry))
}

pub(super) fn alpn(names: &[&str]) -> Vec<u8> {
    let list: Vec<u8> = names.iter().flat_map(|name| vector8(name.as_bytes())).collect();
    extension(16, &vector16(&list))
}

fn bytes_of(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// supported_versions, the client's form.
pub(super) fn versions(codes: &[u16]) -> Vec<u8> {
    extension(43, &vector8(&bytes_of(codes)))
}

pub(super) fn signature_algorithms(codes: &[u16]) -> Vec<u8> {
    extension(13, &vector16(&bytes_of(codes)))
}

/// The body of a ClientHello.
pub(super) fn client_hello(version: u16, session: &[u8], suites: &[u16], extensions: &[Vec<u8>]) -> Vec<u8> {
    let mut body = version.to_be_bytes().to_vec();
    body.extend([0x5a; 32]);
    body.extend(vector8(session));
    body.extend(vector16(&bytes_of(suites)));
    body.extend([1, 0]);
    body.extend(vector16(&extensions.concat()));
    body
}

/// The body of a ServerHello.
pub(super) fn server_hello(version: u16, session: &[u8], suite: u16, extensions: &[Vec<u8>]) -> Vec<u8> {
    let mut body = version.to_be_bytes().to_vec();
    body.extend([0xa5; 32]);
    body.extend(vector8(session));
    body.extend(suite.to_be_bytes());
    body.push(0);
    body.extend(vector16(&extensions.concat()));
    body
}

/// The body of a Certificate message.
pub(super) fn chain(certificates: &[&[u8]]) -> Vec<u8> {
    let framed = |bytes: &[u8]| message(0, bytes).split_off(1);
    let list: Vec<u8> = certificates.iter().flat_map(|der| framed(der)).collect();
    framed(&list)
}

/// The ClientHello of a Chrome of 2023, with decoy values where that browser puts them.
pub(super) fn chrome() -> Vec<u8> {
    const SUITES: [u16; 16] = [
        0x2a2a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014,
        0x009c, 0x009d, 0x002f, 0x0035,
    ];
    const ALGORITHMS: [u16; 8] = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];
    let mut extensions = vec![
        extension(0x4a4a, &[]),
        alpn(&["h2", "http/1.1"]),
        server_name("Clients6.Example.COM"),
        signature_algorithms(&ALGORITHMS),
        versions(&[0x7a7a, 0x0304, 0x0303]),
    ];
    let others = [5, 10, 11, 18, 21, 23, 27, 35, 45, 51, 0x4469, 0xff01, 0x9a9a];
    extensions.extend(others.map(|kind| extension(kind, &[0])));
    client_hello(0x0303, &[7; 32], &SUITES, &extensions)
}
