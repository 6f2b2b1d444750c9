//! Authorities that the operator names: files of certificates.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::anyhow;

use super::failure::Failure;
use crate::query::Authorities;

/// Bytes of a bundle; all public roots together have 250 KB as PEM.
const BUNDLE_BYTES_MAX: u64 = 16 << 20;

/// Reads bundles: certificates as PEM, in files that may hold other things too, or one as DER.
///
/// # Errors
/// If one cannot be read, or has no certificate in it.
pub fn authorities(paths: &[PathBuf]) -> Result<Authorities, Failure> {
    let mut all = Vec::new();
    for path in paths {
        all.extend(
            certificates(path)
                .map_err(|why| Failure::usage(anyhow!("CA bundle `{}` {why}", path.display())))?,
        );
    }
    Ok(Authorities::naming(all.iter().map(Vec::as_slice)))
}

fn certificates(path: &Path) -> Result<Vec<Vec<u8>>, String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    let bytes = fs::metadata(path).map_err(unreadable)?.len();
    if bytes > BUNDLE_BYTES_MAX {
        return Err(format!("has {bytes} bytes and is hardly one"));
    }
    let text = fs::read(path).map_err(unreadable)?;
    // DER begins with a sequence, PEM with words.
    let found: Vec<Vec<u8>> = if text.first() == Some(&0x30) {
        vec![text]
    } else {
        let read: Result<Vec<_>, _> = rustls_pemfile::certs(&mut text.as_slice()).collect();
        let read = read.map_err(|error| format!("is no sound PEM: {error}"))?;
        read.into_iter().map(|certificate| certificate.to_vec()).collect()
    };
    if found.is_empty() {
        return Err("has no certificate in it".to_owned());
    }
    match found.iter().position(|der| x509_parser::parse_x509_certificate(der).is_err()) {
        None => Ok(found),
        Some(place) => Err(format!("cannot be used: certificate {} in it is none", place + 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundles_are_read_and_faults_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let check = |name: &str, text: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            certificates(&path).map(|found| found.len())
        };
        let key = rcgen::generate_simple_self_signed(["ca.example".to_owned()]).unwrap();
        let pem = key.cert.pem();
        assert_eq!(check("one.pem", format!("# ours\n{pem}\n{pem}").as_bytes()), Ok(2));
        assert_eq!(check("one.der", key.cert.der()), Ok(1));
        assert_eq!(
            check("key.pem", key.signing_key.serialize_pem().as_bytes()).unwrap_err(),
            "has no certificate in it"
        );
        assert!(
            check("cut.der", &key.cert.der()[..100]).unwrap_err().contains("certificate 1 in it is none")
        );
        let broken = pem.replace("-----END", "x");
        assert!(check("broken.pem", broken.as_bytes()).is_err());
        assert!(certificates(Path::new("/nowhere")).unwrap_err().starts_with("cannot be read"));
    }
}
