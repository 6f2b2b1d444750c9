//! Certificates that the operator brings: authorities to trust, and an inventory of what is in use.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::anyhow;

use super::failure::Failure;
use crate::graph::CertificateFacts;
use crate::model::Timestamp;
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

/// Files of one directory that are read, and certificates of all inventories: 65,536 × ~4 KiB = 256 MiB.
const FILES_MAX: usize = 65_536;
const INVENTORY_MAX: usize = 65_536;

/// Reads inventories: PEM, DER or CSV, in files or in directories of them. Files of a directory that hold no
/// certificate are passed over; whoever names a file means it.
///
/// # Errors
/// If a file or directory that was named cannot be read, or has no certificate in it.
pub fn inventory(paths: &[PathBuf]) -> Result<Vec<CertificateFacts>, Failure> {
    let mut all: BTreeMap<String, CertificateFacts> = BTreeMap::new();
    for path in paths {
        let fault = |why| Failure::usage(anyhow!("inventory of certificates `{}` {why}", path.display()));
        let found = if path.is_dir() {
            let files = files(path).map_err(|error| fault(format!("cannot be read: {error}")))?;
            files.iter().filter_map(|file| listed(file).ok()).flatten().collect()
        } else {
            listed(path).map_err(fault)?
        };
        if found.is_empty() {
            return Err(fault("has no certificate in it".to_owned()));
        }
        all.extend(found.into_iter().map(|facts| (facts.sha256.clone(), facts)));
        if all.len() > INVENTORY_MAX {
            return Err(fault(format!("makes more than {INVENTORY_MAX} certificates in all")));
        }
    }
    Ok(all.into_values().collect())
}

fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)?.take(FILES_MAX) {
        files.push(entry?.path());
    }
    files.retain(|path| path.is_file());
    files.sort();
    Ok(files)
}

/// The certificates that a file holds or lists.
fn listed(path: &Path) -> Result<Vec<CertificateFacts>, String> {
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv")) {
        return table(path);
    }
    Ok(certificates(path)?.iter().map(|der| CertificateFacts::of(der)).collect())
}

/// A list of certificates as comma-separated values, by the names of the columns in the first line: `sha256` and
/// `not_after` at least, and any of `subject`, `issuer`, `serial`, `spki_sha256`, `not_before`, `san`.
fn table(path: &Path) -> Result<Vec<CertificateFacts>, String> {
    let mut reader = csv::Reader::from_path(path).map_err(|error| format!("cannot be read: {error}"))?;
    let columns: Vec<String> = match reader.headers() {
        Ok(columns) => columns.iter().map(str::to_owned).collect(),
        Err(error) => return Err(format!("cannot be read: {error}")),
    };
    let mut found = Vec::new();
    for (line, row) in (2..).zip(reader.records().take(INVENTORY_MAX)) {
        let row = row.map_err(|error| format!("cannot be read: {error}"))?;
        let cell = |name: &str| {
            let place = columns.iter().position(|column| column == name)?;
            row.get(place).map(str::trim).filter(|cell| !cell.is_empty())
        };
        let needed = |name| cell(name).ok_or_else(|| format!("says no {name} in line {line}"));
        let time =
            |cell: &str| moment(cell).ok_or_else(|| format!("says `{cell}` for a time in line {line}"));
        let mut facts = CertificateFacts::unread(needed("sha256")?.to_ascii_lowercase());
        facts.not_after = time(needed("not_after")?)?;
        facts.not_before = cell("not_before").map(time).transpose()?.unwrap_or(Timestamp::MIN);
        facts.san =
            cell("san").into_iter().flat_map(|names| names.split([';', ' '])).map(str::to_owned).collect();
        facts.san.retain(|name| !name.is_empty());
        for (text, name) in [
            (&mut facts.subject, "subject"),
            (&mut facts.issuer, "issuer"),
            (&mut facts.serial, "serial"),
            (&mut facts.spki_sha256, "spki_sha256"),
        ] {
            *text = cell(name).unwrap_or_default().to_owned();
        }
        facts.extensions.has_san = !facts.san.is_empty();
        found.push(facts);
    }
    Ok(found)
}

/// A time with its zone, or a day, which begins and ends in UTC.
fn moment(text: &str) -> Option<Timestamp> {
    text.parse().or_else(|_| format!("{text}T00:00:00Z").parse()).ok()
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
        let listed = |text: &str| {
            let path = folder.path().join("list.csv");
            fs::write(&path, text).unwrap();
            inventory(&[path]).map(|found| found.len()).map_err(|_| ())
        };
        let row = "sha256,not_after,san\nAB,2026-03-14,a.example; b.example\ncd,2026-03-14T00:00:00Z,\n";
        assert_eq!(listed(row), Ok(2));
        assert_eq!(listed("sha256,not_after\nab,soon\n"), Err(()), "no time");
        assert_eq!(listed("sha256\nab\n"), Err(()), "no end");
        // The folder has the list and both forms of one certificate; the list is broken now.
        assert_eq!(inventory(&[folder.path().to_owned()]).map(|found| found.len()).map_err(|_| ()), Ok(1));
        assert!(certificates(Path::new("/nowhere")).unwrap_err().starts_with("cannot be read"));
    }
}
