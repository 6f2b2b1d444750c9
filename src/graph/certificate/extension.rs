//! What the extensions of a certificate say (RFC 5280 §4.2).

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{ExtendedKeyUsage, GeneralName, KeyUsage, ParsedExtension};

use super::name;
use crate::model::Address;

/// Alternative names that are kept. Large content networks have a few hundred in one certificate.
const NAMES_MAX: usize = 512;

/// Characters of one alternative name that are kept; a host name has 253 at most.
const NAME_LEN_MAX: usize = 512;

/// Purposes, policies and addresses of one kind that are kept; real certificates have four at most.
const WORDS_MAX: usize = 16;

/// Bytes of a key's identifier that are kept; 20 are usual, and more than 64 nobody writes.
const KEY_ID_LEN_MAX: usize = 64;

/// TLS features (RFC 7633): what a server with this certificate must send.
const TLS_FEATURES: &str = "1.3.6.1.5.5.7.1.24";

/// `status_request`, as DER writes the number 5: a response of OCSP must be stapled.
const STATUS_REQUEST: &[u8] = &[2, 1, 5];

/// Where the issuer's own certificate is to be had (RFC 5280 §4.2.2.1).
const CA_ISSUERS: &str = "1.3.6.1.5.5.7.48.2";

/// What the key may be used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Sign what is not a certificate: all of TLS 1.3, and ephemeral keys before.
    pub signature: bool,
    /// Unwrap a key: RSA key exchange.
    pub encipherment: bool,
    /// Agree on a key: static Diffie-Hellman.
    pub agreement: bool,
    /// Sign certificates.
    pub certificates: bool,
}

/// What the extensions of a certificate say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    /// There are alternative names, even if none that are kept.
    pub has_san: bool,
    /// It may, or may not, issue certificates; none where it does not say.
    pub authority: Option<bool>,
    /// What its key may be used for; none: anything.
    pub usage: Option<Usage>,
    /// What for, by the names of RFC 5280 §4.2.1.12 (`serverAuth`), else dotted; none: anything.
    pub purposes: Option<Vec<String>>,
    /// The server must staple a response of OCSP.
    pub must_staple: bool,
    /// Logs have promised to publish it (RFC 6962).
    pub logged: bool,
    /// Policies that it was issued under, dotted.
    pub policies: Vec<String>,
    /// Which key signed it.
    pub authority_key: Option<Box<[u8]>>,
    /// Which key it is about.
    pub subject_key: Option<Box<[u8]>>,
    /// Where the issuer's certificate is to be had.
    pub issuer_urls: Vec<String>,
}

impl Extensions {
    /// Reads them, and names one that cannot be read.
    pub(super) fn of(certificate: &X509Certificate<'_>) -> (Extensions, Option<String>) {
        let mut found = Extensions::default();
        let mut problem = None;
        for extension in certificate.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::SubjectAlternativeName(_) => found.has_san = true,
                ParsedExtension::BasicConstraints(constraints) => found.authority = Some(constraints.ca),
                ParsedExtension::KeyUsage(usage) => found.usage = Some(Usage::of(usage)),
                ParsedExtension::ExtendedKeyUsage(purposes) => {
                    found.purposes = Some(self::purposes(purposes))
                }
                ParsedExtension::SCT(scts) => found.logged = !scts.is_empty(),
                ParsedExtension::CertificatePolicies(policies) => {
                    let dotted = policies.iter().map(|policy| policy.policy_id.to_id_string());
                    found.policies = dotted.take(WORDS_MAX).collect();
                }
                ParsedExtension::AuthorityKeyIdentifier(id) => {
                    found.authority_key = id.key_identifier.as_ref().and_then(|id| key_id(id.0));
                }
                ParsedExtension::SubjectKeyIdentifier(id) => found.subject_key = key_id(id.0),
                ParsedExtension::AuthorityInfoAccess(access) => {
                    let issuers = access.accessdescs.iter();
                    let issuers = issuers.filter(|at| at.access_method.to_id_string() == CA_ISSUERS);
                    let urls = issuers.filter_map(|at| alternative(&at.access_location));
                    found.issuer_urls = urls.take(WORDS_MAX).collect();
                }
                ParsedExtension::ParseError { .. } => {
                    problem = Some(format!("extension {} cannot be read", extension.oid));
                }
                _ if extension.oid.to_id_string() == TLS_FEATURES => {
                    found.must_staple =
                        extension.value.windows(STATUS_REQUEST.len()).any(|part| part == STATUS_REQUEST);
                }
                _ => {}
            }
        }
        (found, problem)
    }

    /// Its key may be used for this purpose, or for anything.
    pub fn allows(&self, purpose: &str) -> bool {
        let listed = |purposes: &Vec<String>| purposes.iter().any(|one| one == purpose || one == "any");
        self.purposes.as_ref().is_none_or(listed)
    }
}

impl Usage {
    fn of(usage: &KeyUsage) -> Usage {
        Usage {
            signature: usage.digital_signature(),
            encipherment: usage.key_encipherment(),
            agreement: usage.key_agreement(),
            certificates: usage.key_cert_sign(),
        }
    }
}

/// Alternative names as text.
pub(super) fn alternatives(certificate: &X509Certificate<'_>) -> Vec<String> {
    let names = certificate.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectAlternativeName(names) => Some(&names.general_names),
        _ => None,
    });
    names.into_iter().flatten().filter_map(alternative).take(NAMES_MAX).collect()
}

fn purposes(purposes: &ExtendedKeyUsage<'_>) -> Vec<String> {
    let named = [
        (purposes.any, "any"),
        (purposes.server_auth, "serverAuth"),
        (purposes.client_auth, "clientAuth"),
        (purposes.code_signing, "codeSigning"),
        (purposes.email_protection, "emailProtection"),
        (purposes.time_stamping, "timeStamping"),
        (purposes.ocsp_signing, "OCSPSigning"),
    ];
    let named = named.into_iter().filter(|(there, _)| *there).map(|(_, name)| name.to_owned());
    named.chain(purposes.other.iter().map(|oid| oid.to_id_string())).take(WORDS_MAX).collect()
}

fn key_id(bytes: &[u8]) -> Option<Box<[u8]>> {
    (!bytes.is_empty() && bytes.len() <= KEY_ID_LEN_MAX).then(|| bytes.into())
}

fn alternative(name: &GeneralName<'_>) -> Option<String> {
    let text = match name {
        GeneralName::DNSName(text) | GeneralName::RFC822Name(text) | GeneralName::URI(text) => *text,
        GeneralName::IPAddress(bytes) => {
            let v4 = bytes.first_chunk::<4>().filter(|_| bytes.len() == 4).map(|v4| Address::from(*v4));
            let v6 = bytes.first_chunk::<16>().filter(|_| bytes.len() == 16).map(|v6| Address::from(*v6));
            return v4.or(v6).map(|address| address.to_string());
        }
        _ => return None,
    };
    Some(name::clean(text.chars(), NAME_LEN_MAX))
}
