//! Authorities made for a test, and what they issue.

use std::sync::atomic::{AtomicU64, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};

/// Serial numbers that were given; a library would make them of keys, which some tests share.
static NUMBERS: AtomicU64 = AtomicU64::new(1);

/// An authority: its certificate, and what signs for it.
pub(crate) struct Authority {
    /// Its certificate.
    pub(crate) der: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

/// What a certificate says from the first of January 2023 to the last of January 2024, in which all tests play.
pub(crate) fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = rcgen::date_time_ymd(2023, 1, 1);
    params.not_after = rcgen::date_time_ymd(2024, 1, 31);
    params.use_authority_key_identifier_extension = true;
    params
}

/// The same for a server with names.
pub(crate) fn server(names: &[&str]) -> CertificateParams {
    let mut params = params(names[0]);
    let names = names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    params.subject_alt_names = CertificateParams::new(names).unwrap().subject_alt_names;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

/// The same as a log has seen it: one timestamp that nobody signed (RFC 6962 §3.3).
pub(crate) fn logged(mut params: CertificateParams) -> CertificateParams {
    let mut timestamps = vec![4, 52, 0, 50, 0, 48];
    timestamps.extend([0; 43]);
    timestamps.extend([4, 3, 0, 1, 0]);
    let oid = [1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];
    params.custom_extensions.push(CustomExtension::from_oid_content(&oid, timestamps));
    params
}

/// What an authority's certificate says.
pub(crate) fn authority(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

impl Authority {
    /// One that has signed itself.
    pub(crate) fn root(name: &str) -> Authority {
        let (params, key) = (authority(name), KeyPair::generate().unwrap());
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Authority { der, issuer: Issuer::new(params, key) }
    }

    /// Whoever this one issues a certificate to, with a new key.
    pub(crate) fn below(&self, params: CertificateParams) -> Authority {
        let key = KeyPair::generate().unwrap();
        let der = self.certify(&params, &key);
        Authority { der, issuer: Issuer::new(params, key) }
    }

    /// A certificate for a key.
    pub(crate) fn certify(&self, params: &CertificateParams, key: &KeyPair) -> Vec<u8> {
        let mut params = params.clone();
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        params.serial_number.get_or_insert_with(|| [&[0x51], &number[..]].concat().into());
        params.signed_by(key, &self.issuer).unwrap().der().to_vec()
    }

    /// A certificate of the server `shop.example`.
    pub(crate) fn leaf(&self) -> Vec<u8> {
        self.below(server(&["shop.example"])).der
    }
}
