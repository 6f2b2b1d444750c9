//! Certificates and a key from PEM files (RFC 7468), and where in them a fault is.

use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls_pemfile::Item;

/// A chain of ten certificates with 4,096 bit keys has 30 KiB.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// A file that cannot be used, and where its fault is.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1; none where the file as a whole is meant.
    pub line: Option<usize>,
    /// What is wrong there, and what helps.
    pub why: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}, line {line}: {}", self.path.display(), self.why),
            None => write!(f, "{}: {}", self.path.display(), self.why),
        }
    }
}

impl std::error::Error for Fault {}

/// What a file holds, with the line on which each begins.
pub(super) struct Pem {
    pub(super) path: PathBuf,
    items: Vec<(usize, Item)>,
}

impl Pem {
    /// The same for a key, which is none if everybody on this machine can read it.
    pub(super) fn read_secret(path: &Path) -> Result<Pem, Fault> {
        let mode = fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode() & 0o7777);
        if mode & 0o007 != 0 {
            let why = format!("everybody on this machine may use this key (mode {mode:04o}); chmod o= it");
            return Err(Fault { path: path.to_owned(), line: None, why });
        }
        Pem::read(path)
    }

    /// Reads a whole file. What is in it beside certificates and keys is passed over.
    pub(super) fn read(path: &Path) -> Result<Pem, Fault> {
        let fault = |line, why: String| Fault { path: path.to_owned(), line, why };
        let whole = |error: std::io::Error| fault(None, format!("cannot be read: {error}"));
        let bytes = fs::metadata(path).map_err(whole)?.len();
        if bytes > FILE_BYTES_MAX {
            return Err(fault(None, format!("has {bytes} bytes and is hardly a certificate or key")));
        }
        let text = fs::read(path).map_err(whole)?;
        let mut items = Vec::new();
        for section in sections(&text) {
            match rustls_pemfile::read_one_from_slice(section.text) {
                Ok(Some((item, _))) => items.push((section.line, item)),
                Ok(None) if section.is_encrypted() => {
                    let why = "the key is encrypted, and nobody is there to be asked for its password; write it \
                               without one: openssl pkey -in FILE -out FILE.plain";
                    return Err(fault(Some(section.line), why.to_owned()));
                }
                Ok(None) => {}
                Err(error) => {
                    let (line, why) = section.explain(&error);
                    return Err(fault(Some(line), why));
                }
            }
        }
        if items.is_empty() {
            let why = "there is no `-----BEGIN` of a certificate or key in it; if it is DER, write it as PEM: \
                       openssl x509 (or pkey) -inform der -in FILE -out FILE.pem";
            return Err(fault(None, why.to_owned()));
        }
        Ok(Pem { path: path.to_owned(), items })
    }

    /// The certificates in their order, with the line of each.
    pub(super) fn certificates(&self) -> Result<Vec<(usize, CertificateDer<'static>)>, Fault> {
        let mut found = Vec::new();
        for (line, item) in &self.items {
            if let Item::X509Certificate(der) = item {
                if x509_parser::parse_x509_certificate(der).is_err() {
                    return Err(self.fault(*line, "what is called a certificate here is none"));
                }
                found.push((*line, der.clone()));
            }
        }
        if found.is_empty() {
            return Err(self.fault(1, "there is no certificate in it; is it the key?"));
        }
        Ok(found)
    }

    /// The only private key, with its line.
    pub(super) fn key(&self) -> Result<(usize, PrivateKeyDer<'static>), Fault> {
        let mut found = None;
        for (line, item) in &self.items {
            let key = match item {
                Item::Pkcs1Key(key) => PrivateKeyDer::Pkcs1(key.clone_key()),
                Item::Pkcs8Key(key) => PrivateKeyDer::Pkcs8(key.clone_key()),
                Item::Sec1Key(key) => PrivateKeyDer::Sec1(key.clone_key()),
                _ => continue,
            };
            if found.replace((*line, key)).is_some() {
                return Err(self
                    .fault(*line, "this is the second key; leave the one that belongs to the certificate"));
            }
        }
        found.ok_or_else(|| self.fault(1, "there is no private key in it; is it the certificate?"))
    }

    pub(super) fn fault(&self, line: usize, why: &str) -> Fault {
        Fault { path: self.path.clone(), line: Some(line), why: why.to_owned() }
    }
}

/// From one `-----BEGIN` to the next.
struct Section<'a> {
    line: usize,
    text: &'a [u8],
}

impl Section<'_> {
    fn is_encrypted(&self) -> bool {
        self.text.starts_with(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    }

    /// The library says what is wrong; the line is found here.
    fn explain(&self, error: &rustls_pemfile::Error) -> (usize, String) {
        use rustls_pemfile::Error::{Base64Decode, IllegalSectionStart, MissingSectionEnd};
        match error {
            MissingSectionEnd { end_marker } => {
                let end = String::from_utf8_lossy(end_marker);
                (
                    self.line,
                    format!("what begins here is cut off: its `-----END {}-----` is missing", end.trim()),
                )
            }
            IllegalSectionStart { .. } => (self.line, "this line should read `-----BEGIN …-----`".to_owned()),
            Base64Decode(_) => match self.line_that_is_no_base64() {
                Some(line) => (line, "this line is no base64".to_owned()),
                None => (self.line, "what begins here is no base64".to_owned()),
            },
        }
    }

    fn line_that_is_no_base64(&self) -> Option<usize> {
        let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
        let lines = self.text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
        let inside = lines.enumerate().skip(1).take_while(|(_, line)| !line.starts_with(b"-----"));
        let mut wrong = inside.filter(|(_, line)| !line.iter().all(is_base64));
        wrong.next().map(|(place, _)| self.line + place)
    }
}

fn sections(text: &[u8]) -> Vec<Section<'_>> {
    let mut found: Vec<Section<'_>> = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while !rest.is_empty() {
        if rest.starts_with(b"-----BEGIN") {
            found.push(Section { line, text: rest });
        }
        let end = rest.iter().position(|&byte| byte == b'\n').map_or(rest.len(), |end| end + 1);
        rest = rest.get(end..).unwrap_or_default();
        line += 1;
    }
    // Each ends where the next begins, so that a fault in one is not looked for in the other.
    let ends: Vec<usize> = found.iter().skip(1).map(|section| section.text.len()).chain([0]).collect();
    for (section, left) in found.iter_mut().zip(ends) {
        section.text = section.text.get(..section.text.len() - left).unwrap_or_default();
    }
    found
}
