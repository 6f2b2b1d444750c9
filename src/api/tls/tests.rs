//! Files that are right, and where the others are wrong.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use rcgen::{CertificateParams, KeyPair};

use super::*;

/// A certificate and its key, as PEM.
fn pair(name: &str) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

struct Files {
    _folder: tempfile::TempDir,
    certificate: PathBuf,
    key: PathBuf,
}

fn files(certificate: &str, key: &str) -> Files {
    let folder = tempfile::tempdir().unwrap();
    let (certificate_path, key_path) = (folder.path().join("map.crt"), folder.path().join("map.key"));
    fs::write(&certificate_path, certificate).unwrap();
    fs::write(&key_path, key).unwrap();
    fs::set_permissions(&key_path, Permissions::from_mode(0o640)).unwrap();
    Files { _folder: folder, certificate: certificate_path, key: key_path }
}

/// What is said of two files, without their folder.
fn fault(certificate: &str, key: &str) -> String {
    let files = files(certificate, key);
    let told = Tls::open(&files.certificate, &files.key).err().unwrap().to_string();
    told.replace(&format!("{}/", files.certificate.parent().unwrap().display()), "")
}

#[test]
fn a_certificate_and_its_key_are_taken() {
    let (certificate, key) = pair("map.test");
    let files = files(&format!("# the map\n\n{certificate}"), &key);
    let tls = Tls::open(&files.certificate, &files.key).unwrap();
    assert!(tls.not_after() > Timestamp::from_seconds(1_773_482_640, 0));
    assert_eq!(tls.config.get_inner().alpn_protocols, [b"h2".to_vec(), b"http/1.1".to_vec()]);
}

#[test]
fn faults_name_file_and_line() {
    let (certificate, key) = pair("map.test");
    let (other, other_key) = pair("other.test");
    let broken = certificate.lines().enumerate().map(|(n, line)| if n == 3 { "not ? base64" } else { line });
    let broken = format!("subject=map.test\n{}\n", broken.collect::<Vec<_>>().join("\n"));
    assert_eq!(fault(&broken, &key), "map.crt, line 5: this line is no base64");
    let cut = &certificate[..certificate.len() - 10];
    assert_eq!(
        fault(cut, &key),
        "map.crt, line 1: what begins here is cut off: its `-----END CERTIFICATE-----` is missing"
    );
    assert!(fault("\u{30}\u{82}", &key).starts_with("map.crt: there is no `-----BEGIN`"));
    assert_eq!(fault(&key, &key), "map.crt, line 1: there is no certificate in it; is it the key?");
    assert_eq!(
        fault(&certificate, &certificate),
        "map.key, line 1: there is no private key in it; is it the certificate?"
    );
    let two = format!("{key}{other_key}");
    let line = key.lines().count() + 1;
    assert!(fault(&certificate, &two).starts_with(&format!("map.key, line {line}: this is the second key")));
    let wrong_first = format!("\n{other}{certificate}");
    assert!(
        fault(&wrong_first, &key)
            .starts_with("map.crt, line 2: this certificate does not belong to the key in map.key, line 1")
    );
    let no_certificate = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    assert_eq!(
        fault(&format!("{certificate}{no_certificate}"), &key),
        format!(
            "map.crt, line {}: what is called a certificate here is none",
            certificate.lines().count() + 1
        )
    );
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\naGVsbG8=\n-----END ENCRYPTED PRIVATE KEY-----\n";
    assert!(fault(&certificate, encrypted).starts_with("map.key, line 1: the key is encrypted"));
    let hello = "-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----\n";
    assert!(fault(&certificate, hello).starts_with("map.key, line 1: this key cannot be used"));
}

#[test]
fn a_key_that_everybody_may_read_is_none() {
    let (certificate, key) = pair("map.test");
    let files = files(&certificate, &key);
    fs::set_permissions(&files.key, Permissions::from_mode(0o644)).unwrap();
    let told = Tls::open(&files.certificate, &files.key).err().unwrap().to_string();
    assert!(told.ends_with("everybody on this machine may use this key (mode 0644); chmod o= it"), "{told}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Tls::open(Path::new("/nowhere/map.crt"), Path::new("/nowhere/map.key")).err().unwrap();
    assert!(error.to_string().starts_with("/nowhere/map.crt: cannot be read: No such file"), "{error}");
}

#[test]
fn new_files_are_taken_and_broken_ones_change_nothing() {
    let (certificate, key) = pair("map.test");
    let files = files(&certificate, &key);
    let tls = Tls::open(&files.certificate, &files.key).unwrap();
    assert!(!tls.reload_if_changed().unwrap(), "nothing changed");
    let first = tls.config.get_inner();
    fs::write(&files.key, "broken").unwrap();
    assert!(tls.reload_if_changed().is_err());
    assert!(!tls.reload_if_changed().unwrap(), "said once");
    assert!(tls.reload().is_err(), "asked for by hand, it is said again");
    assert!(Arc::ptr_eq(&first, &tls.config.get_inner()), "the old ones stay in use");
    let (certificate, key) = pair("new.test");
    fs::write(&files.certificate, certificate).unwrap();
    fs::write(&files.key, key).unwrap();
    assert!(tls.reload_if_changed().unwrap());
    assert!(!Arc::ptr_eq(&first, &tls.config.get_inner()));
}
