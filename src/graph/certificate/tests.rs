//! Certificates made here and now, and two old kinds that no library makes any more.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};

use super::*;

/// RSA of 1024 bits and MD5, self-signed, made with OpenSSL: subject `C=DE, O=Old\, Inc., CN=printer`.
const MD5_RSA_1024: &str = "
    308201d63082013f02020a1b300d06092a864886f70d01010405003033310b300906035504061302444531123010060355040a0c
    094f6c642c20496e632e3110300e06035504030c077072696e746572301e170d3236313132333136323433345a170d3336313132
    303136323433345a3033310b300906035504061302444531123010060355040a0c094f6c642c20496e632e3110300e0603550403
    0c077072696e74657230819f300d06092a864886f70d010101050003818d0030818902818100b4bb53b0628f4d1a6c29ea9847a8
    ec358b894457fe70a615ffdbaafeb566f7c584ccdae17ef68de61b7b6607f90c3d6d9985c9ee0197e760d2649091b26ffa85ee47
    5328b81b8ab78ab37fbb33a8fb54af2036bb44ecb83c404fd787797596d8e0c06701dc5a6ba53302f7cad0aa20d06fc766cdb5d4
    f27073985a227eecaabd0203010001300d06092a864886f70d0101040500038181004dcb6b69816d193d782619d98aa1162ce9b8
    3e2b47efb95d424ad6c3be220e9c4c84d0b8c65b2e8ac1870a92f72a6c447af55364dc19a6595929d2aac1036277648a577f79d9
    84d38e8c47c0cd923de3c651d33d6a2e584a2d063881e2af82fb8a173654912fa4c0877c4f64ee9c4d75a229031a73957f378904
    cca296376eb5
";

/// ECDSA on P-521 with SHA-512, self-signed, made with OpenSSL.
const ECDSA_P521: &str = "
    308201a13082010202140630d9d44ed3f7bc7bae127ce2eb8325069494fd300a06082a8648ce3d040304300f310d300b06035504
    030c0470353231301e170d3236313132333136323433345a170d3236313232333136323433345a300f310d300b06035504030c04
    7035323130819b301006072a8648ce3d020106052b8104002303818600040004275b6608c783e9a947d7a4cf933a783f8765604e
    66cff8f19695a6f3f6ebf6678df6e7ed505f8d8e99ad369f619011ec3ebfcb56a6a2e2577fc8626cbdf89f26007d869431a24058
    14b6e2fd9fc60f34ef1e8d294c6284f5a9038b1e51f0b0443fd3f219f6be559ee5eddf2c79607e630c1deeb434845c5880d5aa68
    14ba5d38a095300a06082a8648ce3d04030403818c0030818802420164ff1c5e561a94520d4eb29d3ac685f680f92251954c980a
    ae0aca1a5dcb35dd90bb39a3f62f71f115377ce0b057d10d5aa21bd6b53214cc5db3221ba92bff4a400242019d096a123ca8c111
    51dcbfba12d522c445c12691f08f00a3bda47fb7bd9df1bfb99c6b954841af5ecd24d568d34c2094e801010663dac2cbaa236ec3
    9e4b33b888
";

fn bytes(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.chars().filter_map(|c| c.to_digit(16)).map(|d| d as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn leaf_params() -> CertificateParams {
    let mut params = CertificateParams::new(vec!["a.example".to_owned(), "*.b.example".to_owned()]).unwrap();
    params.subject_alt_names.push(SanType::IpAddress([10, 1, 2, 3].into()));
    params.subject_alt_names.push(SanType::IpAddress("fe80::1".parse().unwrap()));
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, "DE");
    params.distinguished_name.push(DnType::OrganizationName, "A, B & Söhne");
    params.distinguished_name.push(DnType::CommonName, "a.example");
    params.not_before = rcgen::date_time_ymd(2026, 3, 14);
    params.not_after = rcgen::date_time_ymd(2026, 9, 30);
    params.serial_number = Some(vec![0x0a, 0x1b, 0x00].into());
    params
}

#[test]
fn a_leaf_of_an_authority() {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "Authority");
    let authority = Issuer::new(authority, KeyPair::generate().unwrap());
    let key = KeyPair::generate().unwrap();
    let certificate = leaf_params().signed_by(&key, &authority).unwrap();
    let facts = CertificateFacts::of(certificate.der());
    assert_eq!(facts.problem, None);
    assert_eq!(facts.sha256, hex(&Sha256::digest(certificate.der())));
    assert_eq!(facts.subject, "CN=a.example, O=A\\, B & Söhne, C=DE");
    assert_eq!(facts.issuer, "CN=Authority");
    assert_eq!(facts.serial, "a1b00");
    assert_eq!(facts.not_before, "2026-03-14T00:00:00Z".parse().unwrap());
    assert_eq!(facts.not_after, "2026-09-30T00:00:00Z".parse().unwrap());
    assert_eq!(facts.san, ["a.example", "*.b.example", "10.1.2.3", "fe80::1"]);
    assert_eq!((facts.key_algorithm.as_str(), facts.key_bits), ("EC", Some(256)));
    assert_eq!(facts.signature_algorithm, "ecdsa-with-SHA256");
    assert!(!facts.is_ca && !facts.self_issued);
    assert_eq!(facts.self_signed, Some(false));
    let again = leaf_params().self_signed(&key).unwrap();
    assert_eq!(CertificateFacts::of(again.der()).spki_sha256, facts.spki_sha256, "the key is the same");
    assert_ne!(CertificateFacts::of(again.der()).sha256, facts.sha256);
}

#[test]
fn what_extensions_say() {
    use rcgen::{CustomExtension, ExtendedKeyUsagePurpose, KeyUsagePurpose};
    let mut params = leaf_params();
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ClientAuth,
        ExtendedKeyUsagePurpose::Other(vec![1, 3, 6, 1, 4, 1, 311, 1]),
    ];
    params.use_authority_key_identifier_extension = true;
    let feature = |oid: &[u64], content: &[u8]| CustomExtension::from_oid_content(oid, content.to_vec());
    params.custom_extensions.push(feature(&[1, 3, 6, 1, 5, 5, 7, 1, 24], &[0x30, 3, 2, 1, 5]));
    let policy = [0x30, 10, 0x30, 8, 6, 6, 0x67, 0x81, 0x0c, 1, 2, 1];
    params.custom_extensions.push(feature(&[2, 5, 29, 32], &policy));
    let url = [&[0x30, 22, 0x30, 20, 6, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 2, 0x86, 8][..], b"http://a"].concat();
    params.custom_extensions.push(feature(&[1, 3, 6, 1, 5, 5, 7, 1, 1], &url));
    let authority = Issuer::new(leaf_params(), KeyPair::generate().unwrap());
    let facts =
        CertificateFacts::of(params.signed_by(&KeyPair::generate().unwrap(), &authority).unwrap().der());
    assert_eq!(facts.problem, None);
    let extensions = &facts.extensions;
    assert!(extensions.has_san && extensions.must_staple && !extensions.logged);
    assert_eq!(extensions.usage, Some(Usage { signature: true, ..Usage::default() }));
    assert_eq!(extensions.purposes.as_deref().unwrap(), ["clientAuth", "1.3.6.1.4.1.311.1"]);
    assert!(extensions.allows("clientAuth") && !extensions.allows("serverAuth"));
    assert_eq!(
        (extensions.policies.as_slice(), extensions.authority),
        (&["2.23.140.1.2.1".to_owned()][..], None)
    );
    assert_eq!(extensions.issuer_urls, ["http://a"]);
    assert_eq!(extensions.authority_key.as_ref().map(|id| id.len()), Some(20));
    assert_eq!(facts.common_name.as_deref(), Some("a.example"));
    assert_eq!((facts.version, facts.serial_len, facts.serial_positive), (3, 3, true));
    assert_eq!((facts.rsa_modulus.as_ref(), facts.unnamed_curve), (None, false));
    let none = CertificateFacts::of(
        leaf_params().signed_by(&KeyPair::generate().unwrap(), &authority).unwrap().der(),
    );
    assert!(none.extensions.allows("serverAuth") && none.extensions.usage.is_none());
}

#[test]
fn signatures_of_others_are_verified() {
    let key = KeyPair::generate().unwrap();
    let mut params = leaf_params();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let own = CertificateFacts::of(params.self_signed(&key).unwrap().der());
    let leaf = leaf_params().signed_by(&KeyPair::generate().unwrap(), &Issuer::new(params, key)).unwrap();
    let leaf = CertificateFacts::of(leaf.der());
    assert_eq!(leaf.is_signed_by(&own), Some(true));
    assert_eq!(own.is_signed_by(&leaf), Some(false));
    assert_eq!(leaf.is_signed_by(&CertificateFacts::of(b"none")), None);
    let old = CertificateFacts::of(&bytes(MD5_RSA_1024));
    assert_eq!((old.version, old.rsa_exponent), (1, Some(65_537)));
    assert_eq!(old.rsa_modulus.as_ref().map(|modulus| modulus.len()), Some(128));
    assert_eq!(old.is_signed_by(&own), Some(false), "another kind of key");
}

#[test]
fn an_authority_without_end() {
    let mut params = leaf_params();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_after = rcgen::date_time_ymd(9999, 12, 31);
    let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let facts = CertificateFacts::of(params.self_signed(&key).unwrap().der());
    assert!(facts.is_ca && facts.self_issued);
    assert_eq!(facts.self_signed, Some(true));
    assert_eq!(facts.not_after, Timestamp::MAX);
    assert_eq!((facts.key_algorithm.as_str(), facts.key_bits), ("Ed25519", Some(256)));
    assert_eq!(facts.signature_algorithm, "Ed25519");
}

#[test]
fn a_name_alone_is_no_signature() {
    // Two authorities of one name, the second certified by the first.
    let first = Issuer::new(leaf_params(), KeyPair::generate().unwrap());
    let second = leaf_params().signed_by(&KeyPair::generate().unwrap(), &first).unwrap();
    let facts = CertificateFacts::of(second.der());
    assert!(facts.self_issued);
    assert_eq!(facts.self_signed, Some(false));
}

#[test]
fn an_old_certificate_is_verified_too() {
    let mut der = bytes(MD5_RSA_1024);
    let facts = CertificateFacts::of(&der);
    assert_eq!(facts.problem, None);
    assert_eq!(facts.subject, "CN=printer, O=Old\\, Inc., C=DE");
    assert_eq!((facts.serial.as_str(), facts.key_bits), ("a1b", Some(1024)));
    assert_eq!(
        (facts.key_algorithm.as_str(), facts.signature_algorithm.as_str()),
        ("RSA", "md5WithRSAEncryption")
    );
    assert_eq!(facts.self_signed, Some(true));
    *der.last_mut().unwrap() ^= 1;
    assert_eq!(CertificateFacts::of(&der).self_signed, Some(false), "one bit of the signature is wrong");
}

#[test]
fn what_cannot_be_verified_is_left_open() {
    let facts = CertificateFacts::of(&bytes(ECDSA_P521));
    assert_eq!((facts.key_bits, facts.signature_algorithm.as_str()), (Some(521), "ecdsa-with-SHA512"));
    assert!(facts.self_issued);
    assert_eq!(facts.self_signed, None);
}

#[test]
fn every_cut_keeps_the_fingerprint() {
    let der = bytes(MD5_RSA_1024);
    for len in 0..der.len() {
        let facts = CertificateFacts::of(&der[..len]);
        assert!(facts.problem.is_some(), "{len} bytes");
        assert_eq!(facts.sha256, hex(&Sha256::digest(&der[..len])));
        assert_eq!((facts.not_before, facts.not_after), (Timestamp::MIN, Timestamp::MAX));
    }
    let trailing = [&der[..], &[0]].concat();
    let facts = CertificateFacts::of(&trailing);
    assert_eq!(facts.problem.as_deref(), Some("1 bytes follow the certificate"));
    assert_eq!(facts.key_bits, Some(1024));
    assert!(CertificateFacts::of(&vec![0x30; DER_LEN_MAX + 1]).problem.is_some());
}

#[test]
fn strangers_do_not_write_on_our_terminal() {
    assert_eq!(name::clean("a\u{1b}[2J\u{202e}b".chars(), 100), "a\u{fffd}[2J\u{fffd}b");
    assert_eq!(name::clean("abcdef".chars(), 3), "abc");
}

proptest::proptest! {
    #[test]
    fn any_changed_bytes(changes in proptest::collection::vec((0usize..474, proptest::num::u8::ANY), 1..6)) {
        let mut der = bytes(MD5_RSA_1024);
        for (place, byte) in changes {
            der[place] = byte;
        }
        CertificateFacts::of(&der);
    }
}
