//! TLS cipher suites by what is wrong with them (IANA's registry of TLS parameters).

use std::ops::BitOr;

/// What is wrong with a suite; several things may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SuiteClasses(u8);

impl SuiteClasses {
    /// Nothing that is known here.
    pub const NONE: SuiteClasses = SuiteClasses(0);
    /// No encryption at all (RFC 9325 §4.1).
    pub const NULL: SuiteClasses = SuiteClasses(1);
    /// Keys of 40 or 56 bits, for export laws long gone (CVE-2015-0204, CVE-2015-4000).
    pub const EXPORT: SuiteClasses = SuiteClasses(1 << 1);
    /// Nobody proves who they are.
    pub const ANON: SuiteClasses = SuiteClasses(1 << 2);
    /// RC4, prohibited by RFC 7465.
    pub const RC4: SuiteClasses = SuiteClasses(1 << 3);
    /// DES and IDEA (RFC 5469), or RC2.
    pub const DES: SuiteClasses = SuiteClasses(1 << 4);
    /// Triple DES, whose blocks are too short (CVE-2016-2183).
    pub const TRIPLE_DES: SuiteClasses = SuiteClasses(1 << 5);
    /// No forward secrecy: who gets the server's key later reads what was recorded.
    pub const NO_PFS: SuiteClasses = SuiteClasses(1 << 6);
    /// A block cipher in CBC mode, authenticated before it is encrypted.
    pub const CBC: SuiteClasses = SuiteClasses(1 << 7);

    /// True if all of `classes` are among these.
    pub const fn contains(self, classes: SuiteClasses) -> bool {
        self.0 & classes.0 == classes.0
    }

    /// True if whoever records the traffic, or stands on its way, can read it: what is wrong is more
    /// than a lack of forward secrecy or a block cipher in CBC mode.
    pub const fn is_broken(self) -> bool {
        self.0 & !(Self::NO_PFS.0 | Self::CBC.0) != 0
    }

    /// True if nothing is wrong that is known here.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for SuiteClasses {
    type Output = SuiteClasses;

    fn bitor(self, other: SuiteClasses) -> SuiteClasses {
        SuiteClasses(self.0 | other.0)
    }
}

/// What is wrong with a suite. Unknown suites are taken for sound ones.
pub fn classes(code: u16) -> SuiteClasses {
    row(code).map_or(SuiteClasses::NONE, |(_, _, bits)| SuiteClasses(*bits))
}

/// IANA's name of a suite: of every weak one, and of those sound ones that are in common use.
pub fn name(code: u16) -> Option<&'static str> {
    row(code).map(|(_, name, _)| *name)
}

fn row(code: u16) -> Option<&'static (u16, &'static str, u8)> {
    let place = SUITES.binary_search_by_key(&code, |(code, _, _)| *code).ok()?;
    SUITES.get(place)
}

const NONE: u8 = SuiteClasses::NONE.0;
const NULL: u8 = SuiteClasses::NULL.0;
const EXPORT: u8 = SuiteClasses::EXPORT.0;
const ANON: u8 = SuiteClasses::ANON.0;
const RC4: u8 = SuiteClasses::RC4.0;
const DES: u8 = SuiteClasses::DES.0;
const TRIPLE_DES: u8 = SuiteClasses::TRIPLE_DES.0;
const NO_PFS: u8 = SuiteClasses::NO_PFS.0;
const CBC: u8 = SuiteClasses::CBC.0;

/// Suites in the order of their numbers: number, name, classes. The last two are Netscape's, never
/// registered, and still spoken by old devices.
const SUITES: &[(u16, &str, u8)] = &[
    (0x0000, "TLS_NULL_WITH_NULL_NULL", NULL),
    (0x0001, "TLS_RSA_WITH_NULL_MD5", NULL | NO_PFS),
    (0x0002, "TLS_RSA_WITH_NULL_SHA", NULL | NO_PFS),
    (0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5", EXPORT | RC4 | NO_PFS),
    (0x0004, "TLS_RSA_WITH_RC4_128_MD5", RC4 | NO_PFS),
    (0x0005, "TLS_RSA_WITH_RC4_128_SHA", RC4 | NO_PFS),
    (0x0006, "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5", EXPORT | DES | NO_PFS | CBC),
    (0x0007, "TLS_RSA_WITH_IDEA_CBC_SHA", DES | NO_PFS | CBC),
    (0x0008, "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA", EXPORT | DES | NO_PFS | CBC),
    (0x0009, "TLS_RSA_WITH_DES_CBC_SHA", DES | NO_PFS | CBC),
    (0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA", TRIPLE_DES | NO_PFS | CBC),
    (0x000b, "TLS_DH_DSS_EXPORT_WITH_DES40_CBC_SHA", EXPORT | DES | NO_PFS | CBC),
    (0x000c, "TLS_DH_DSS_WITH_DES_CBC_SHA", DES | NO_PFS | CBC),
    (0x000d, "TLS_DH_DSS_WITH_3DES_EDE_CBC_SHA", TRIPLE_DES | NO_PFS | CBC),
    (0x000e, "TLS_DH_RSA_EXPORT_WITH_DES40_CBC_SHA", EXPORT | DES | NO_PFS | CBC),
    (0x000f, "TLS_DH_RSA_WITH_DES_CBC_SHA", DES | NO_PFS | CBC),
    (0x0010, "TLS_DH_RSA_WITH_3DES_EDE_CBC_SHA", TRIPLE_DES | NO_PFS | CBC),
    (0x0011, "TLS_DHE_DSS_EXPORT_WITH_DES40_CBC_SHA", EXPORT | DES | CBC),
    (0x0012, "TLS_DHE_DSS_WITH_DES_CBC_SHA", DES | CBC),
    (0x0013, "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA", TRIPLE_DES | CBC),
    (0x0014, "TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA", EXPORT | DES | CBC),
    (0x0015, "TLS_DHE_RSA_WITH_DES_CBC_SHA", DES | CBC),
    (0x0016, "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA", TRIPLE_DES | CBC),
    (0x0017, "TLS_DH_anon_EXPORT_WITH_RC4_40_MD5", EXPORT | ANON | RC4),
    (0x0018, "TLS_DH_anon_WITH_RC4_128_MD5", ANON | RC4),
    (0x0019, "TLS_DH_anon_EXPORT_WITH_DES40_CBC_SHA", EXPORT | ANON | DES | CBC),
    (0x001a, "TLS_DH_anon_WITH_DES_CBC_SHA", ANON | DES | CBC),
    (0x001b, "TLS_DH_anon_WITH_3DES_EDE_CBC_SHA", ANON | TRIPLE_DES | CBC),
    (0x001e, "TLS_KRB5_WITH_DES_CBC_SHA", DES | CBC),
    (0x001f, "TLS_KRB5_WITH_3DES_EDE_CBC_SHA", TRIPLE_DES | CBC),
    (0x0020, "TLS_KRB5_WITH_RC4_128_SHA", RC4),
    (0x0021, "TLS_KRB5_WITH_IDEA_CBC_SHA", DES | CBC),
    (0x0022, "TLS_KRB5_WITH_DES_CBC_MD5", DES | CBC),
    (0x0023, "TLS_KRB5_WITH_3DES_EDE_CBC_MD5", TRIPLE_DES | CBC),
    (0x0024, "TLS_KRB5_WITH_RC4_128_MD5", RC4),
    (0x0025, "TLS_KRB5_WITH_IDEA_CBC_MD5", DES | CBC),
    (0x0026, "TLS_KRB5_EXPORT_WITH_DES_CBC_40_SHA", EXPORT | DES | CBC),
    (0x0027, "TLS_KRB5_EXPORT_WITH_RC2_CBC_40_SHA", EXPORT | DES | CBC),
    (0x0028, "TLS_KRB5_EXPORT_WITH_RC4_40_SHA", EXPORT | RC4),
    (0x0029, "TLS_KRB5_EXPORT_WITH_DES_CBC_40_MD5", EXPORT | DES | CBC),
    (0x002a, "TLS_KRB5_EXPORT_WITH_RC2_CBC_40_MD5", EXPORT | DES | CBC),
    (0x002b, "TLS_KRB5_EXPORT_WITH_RC4_40_MD5", EXPORT | RC4),
    (0x002c, "TLS_PSK_WITH_NULL_SHA", NULL | NO_PFS),
    (0x002d, "TLS_DHE_PSK_WITH_NULL_SHA", NULL),
    (0x002e, "TLS_RSA_PSK_WITH_NULL_SHA", NULL | NO_PFS),
    (0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA", NO_PFS | CBC),
    (0x0030, "TLS_DH_DSS_WITH_AES_128_CBC_SHA", NO_PFS | CBC),
    (0x0031, "TLS_DH_RSA_WITH_AES_128_CBC_SHA", NO_PFS | CBC),
    (0x0032, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA", CBC),
    (0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", CBC),
    (0x0034, "TLS_DH_anon_WITH_AES_128_CBC_SHA", ANON | CBC),
    (0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA", NO_PFS | CBC),
    (0x0036, "TLS_DH_DSS_WITH_AES_256_CBC_SHA", NO_PFS | CBC),
    (0x0037, "TLS_DH_RSA_WITH_AES_256_CBC_SHA", NO_PFS | CBC),
    (0x0038, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA", CBC),
    (0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA", CBC),
    (0x003a, "TLS_DH_anon_WITH_AES_256_CBC_SHA", ANON | CBC),
    (0x003b, "TLS_RSA_WITH_NULL_SHA256", NULL | NO_PFS),
    (0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256", NO_PFS | CBC),
    (0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256", NO_PFS | CBC),
    (0x003e, "TLS_DH_DSS_WITH_AES_128_CBC_SHA256", NO_PFS | CBC),
    (0x003f, "TLS_DH_RSA_WITH_AES_128_CBC_SHA256", NO_PFS | CBC),
    (0x0040, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA256", CBC),
    (0x0041, "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA", NO_PFS | CBC),
    (0x0042, "TLS_DH_DSS_WITH_CAMELLIA_128_CBC_SHA", NO_PFS | CBC),
    (0x0043, "TLS_DH_RSA_WITH_CAMELLIA_128_CBC_SHA", NO_PFS | CBC),
    (0x0044, "TLS_DHE_DSS_WITH_CAMELLIA_128_CBC_SHA", CBC),
    (0x0045, "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA", CBC),
    (0x0046, "TLS_DH_anon_WITH_CAMELLIA_128_CBC_SHA", ANON | CBC),
    (0x0060, "TLS_RSA_EXPORT1024_WITH_RC4_56_MD5", EXPORT | RC4 | NO_PFS),
    (0x0061, "TLS_RSA_EXPORT1024_WITH_RC2_CBC_56_MD5", EXPORT | DES | NO_PFS | CBC),
    (0x0062, "TLS_RSA_EXPORT1024_WITH_DES_CBC_SHA", EXPORT | DES | NO_PFS | CBC),
    (0x0063, "TLS_DHE_DSS_EXPORT1024_WITH_DES_CBC_SHA", EXPORT | DES | CBC),
    (0x0064, "TLS_RSA_EXPORT1024_WITH_RC4_56_SHA", EXPORT | RC4 | NO_PFS),
    (0x0065, "TLS_DHE_DSS_EXPORT1024_WITH_RC4_56_SHA", EXPORT | RC4),
    (0x0066, "TLS_DHE_DSS_WITH_RC4_128_SHA", RC4),
    (0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256", CBC),
    (0x0068, "TLS_DH_DSS_WITH_AES_256_CBC_SHA256", NO_PFS | CBC),
    (0x0069, "TLS_DH_RSA_WITH_AES_256_CBC_SHA256", NO_PFS | CBC),
    (0x006a, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA256", CBC),
    (0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256", CBC),
    (0x006c, "TLS_DH_anon_WITH_AES_128_CBC_SHA256", ANON | CBC),
    (0x006d, "TLS_DH_anon_WITH_AES_256_CBC_SHA256", ANON | CBC),
    (0x0084, "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA", NO_PFS | CBC),
    (0x0085, "TLS_DH_DSS_WITH_CAMELLIA_256_CBC_SHA", NO_PFS | CBC),
    (0x0086, "TLS_DH_RSA_WITH_CAMELLIA_256_CBC_SHA", NO_PFS | CBC),
    (0x0087, "TLS_DHE_DSS_WITH_CAMELLIA_256_CBC_SHA", CBC),
    (0x0088, "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA", CBC),
    (0x0089, "TLS_DH_anon_WITH_CAMELLIA_256_CBC_SHA", ANON | CBC),
    (0x008a, "TLS_PSK_WITH_RC4_128_SHA", RC4 | NO_PFS),
    (0x008b, "TLS_PSK_WITH_3DES_EDE_CBC_SHA", TRIPLE_DES | NO_PFS | CBC),
    (0x008c, "TLS_PSK_WITH_AES_128_CBC_SHA", NO_PFS | CBC),
    (0x008d, "TLS_PSK_WITH_AES_256_CBC_SHA", NO_PFS | CBC),
    (0x008e, "TLS_DHE_PSK_WITH_RC4_128_SHA", RC4),
    (0x008f, "TLS_DHE_PSK_WITH_3DES_EDE_CBC_SHA", TRIPLE_DES | CBC),
    (0x0090, "TLS_DHE_PSK_WITH_AES_128_CBC_SHA", CBC),
    (0x0091, "TLS_DHE_PSK_WITH_AES_256_CBC_SHA", CBC),
    (0x0092, "TLS_RSA_PSK_WITH_RC4_128_SHA", RC4 | NO_PFS),
    (0x0093, "TLS_RSA_PSK_WITH_3DES_EDE_CBC_SHA", TRIPLE_DES | NO_PFS | CBC),
    (0x0094, "TLS_RSA_PSK_WITH_AES_128_CBC_SHA", NO_PFS | CBC),
    (0x0095, "TLS_RSA_PSK_WITH_AES_256_CBC_SHA", NO_PFS | CBC),
    (0x0096, "TLS_RSA_WITH_SEED_CBC_SHA", NO_PFS | CBC),
    (0x0097, "TLS_DH_DSS_WITH_SEED_CBC_SHA", NO_PFS | CBC),
    (0x0098, "TLS_DH_RSA_WITH_SEED_CBC_SHA", NO_PFS | CBC),
    (0x0099, "TLS_DHE_DSS_WITH_SEED_CBC_SHA", CBC),
    (0x009a, "TLS_DHE_RSA_WITH_SEED_CBC_SHA", CBC),
    (0x009b, "TLS_DH_anon_WITH_SEED_CBC_SHA", ANON | CBC),
    (0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256", NO_PFS),
    (0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384", NO_PFS),
    (0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", NONE),
    (0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", NONE),
    (0x00a0, "TLS_DH_RSA_WITH_AES_128_GCM_SHA256", NO_PFS),
    (0x00a1, "TLS_DH_RSA_WITH_AES_256_GCM_SHA384", NO_PFS),
    (0x00a2, "TLS_DHE_DSS_WITH_AES_128_GCM_SHA256", NONE),
    (0x00a3, "TLS_DHE_DSS_WITH_AES_256_GCM_SHA384", NONE),
    (0x00a4, "TLS_DH_DSS_WITH_AES_128_GCM_SHA256", NO_PFS),
    (0x00a5, "TLS_DH_DSS_WITH_AES_256_GCM_SHA384", NO_PFS),
    (0x00a6, "TLS_DH_anon_WITH_AES_128_GCM_SHA256", ANON),
    (0x00a7, "TLS_DH_anon_WITH_AES_256_GCM_SHA384", ANON),
    (0x00ae, "TLS_PSK_WITH_AES_128_CBC_SHA256", NO_PFS | CBC),
    (0x00af, "TLS_PSK_WITH_AES_256_CBC_SHA384", NO_PFS | CBC),
    (0x00b0, "TLS_PSK_WITH_NULL_SHA256", NULL | NO_PFS),
    (0x00b1, "TLS_PSK_WITH_NULL_SHA384", NULL | NO_PFS),
    (0x00b2, "TLS_DHE_PSK_WITH_AES_128_CBC_SHA256", CBC),
    (0x00b3, "TLS_DHE_PSK_WITH_AES_256_CBC_SHA384", CBC),
    (0x00b4, "TLS_DHE_PSK_WITH_NULL_SHA256", NULL),
    (0x00b5, "TLS_DHE_PSK_WITH_NULL_SHA384", NULL),
    (0x00b6, "TLS_RSA_PSK_WITH_AES_128_CBC_SHA256", NO_PFS | CBC),
    (0x00b7, "TLS_RSA_PSK_WITH_AES_256_CBC_SHA384", NO_PFS | CBC),
    (0x00b8, "TLS_RSA_PSK_WITH_NULL_SHA256", NULL | NO_PFS),
    (0x00b9, "TLS_RSA_PSK_WITH_NULL_SHA384", NULL | NO_PFS),
    (0x00ba, "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA256", NO_PFS | CBC),
    (0x00bb, "TLS_DH_DSS_WITH_CAMELLIA_128_CBC_SHA256", NO_PFS | CBC),
    (0x00bc, "TLS_DH_RSA_WITH_CAMELLIA_128_CBC_SHA256", NO_PFS | CBC),
    (0x00bd, "TLS_DHE_DSS_WITH_CAMELLIA_128_CBC_SHA256", CBC),
    (0x00be, "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA256", CBC),
    (0x00bf, "TLS_DH_anon_WITH_CAMELLIA_128_CBC_SHA256", ANON | CBC),
    (0x00c0, "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA256", NO_PFS | CBC),
    (0x00c1, "TLS_DH_DSS_WITH_CAMELLIA_256_CBC_SHA256", NO_PFS | CBC),
    (0x00c2, "TLS_DH_RSA_WITH_CAMELLIA_256_CBC_SHA256", NO_PFS | CBC),
    (0x00c3, "TLS_DHE_DSS_WITH_CAMELLIA_256_CBC_SHA256", CBC),
    (0x00c4, "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA256", CBC),
    (0x00c5, "TLS_DH_anon_WITH_CAMELLIA_256_CBC_SHA256", ANON | CBC),
    (0x1301, "TLS_AES_128_GCM_SHA256", NONE),
    (0x1302, "TLS_AES_256_GCM_SHA384", NONE),
    (0x1303, "TLS_CHACHA20_POLY1305_SHA256", NONE),
    (0x1304, "TLS_AES_128_CCM_SHA256", NONE),
    (0x1305, "TLS_AES_128_CCM_8_SHA256", NONE),
    (0xc001, "TLS_ECDH_ECDSA_WITH_NULL_SHA", NULL | NO_PFS),
    (0xc002, "TLS_ECDH_ECDSA_WITH_RC4_128_SHA", RC4 | NO_PFS),
    (0xc003, "TLS_ECDH_ECDSA_WITH_3DES_EDE_CBC_SHA", TRIPLE_DES | NO_PFS | CBC),
    (0xc004, "TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA", NO_PFS | CBC),
    (0xc005, "TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA", NO_PFS | CBC),
    (0xc006, "TLS_ECDHE_ECDSA_WITH_NULL_SHA", NULL),
    (0xc007, "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA", RC4),
    (0xc008, "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA", TRIPLE_DES | CBC),
    (0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", CBC),
    (0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", CBC),
    (0xc00b, "TLS_ECDH_RSA_WITH_NULL_SHA", NULL | NO_PFS),
    (0xc00c, "TLS_ECDH_RSA_WITH_RC4_128_SHA", RC4 | NO_PFS),
    (0xc00d, "TLS_ECDH_RSA_WITH_3DES_EDE_CBC_SHA", TRIPLE_DES | NO_PFS | CBC),
    (0xc00e, "TLS_ECDH_RSA_WITH_AES_128_CBC_SHA", NO_PFS | CBC),
    (0xc00f, "TLS_ECDH_RSA_WITH_AES_256_CBC_SHA", NO_PFS | CBC),
    (0xc010, "TLS_ECDHE_RSA_WITH_NULL_SHA", NULL),
    (0xc011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA", RC4),
    (0xc012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", TRIPLE_DES | CBC),
    (0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", CBC),
    (0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", CBC),
    (0xc015, "TLS_ECDH_anon_WITH_NULL_SHA", NULL | ANON),
    (0xc016, "TLS_ECDH_anon_WITH_RC4_128_SHA", ANON | RC4),
    (0xc017, "TLS_ECDH_anon_WITH_3DES_EDE_CBC_SHA", ANON | TRIPLE_DES | CBC),
    (0xc018, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA", ANON | CBC),
    (0xc019, "TLS_ECDH_anon_WITH_AES_256_CBC_SHA", ANON | CBC),
    (0xc01a, "TLS_SRP_SHA_WITH_3DES_EDE_CBC_SHA", TRIPLE_DES | CBC),
    (0xc01b, "TLS_SRP_SHA_RSA_WITH_3DES_EDE_CBC_SHA", TRIPLE_DES | CBC),
    (0xc01c, "TLS_SRP_SHA_DSS_WITH_3DES_EDE_CBC_SHA", TRIPLE_DES | CBC),
    (0xc01d, "TLS_SRP_SHA_WITH_AES_128_CBC_SHA", CBC),
    (0xc01e, "TLS_SRP_SHA_RSA_WITH_AES_128_CBC_SHA", CBC),
    (0xc01f, "TLS_SRP_SHA_DSS_WITH_AES_128_CBC_SHA", CBC),
    (0xc020, "TLS_SRP_SHA_WITH_AES_256_CBC_SHA", CBC),
    (0xc021, "TLS_SRP_SHA_RSA_WITH_AES_256_CBC_SHA", CBC),
    (0xc022, "TLS_SRP_SHA_DSS_WITH_AES_256_CBC_SHA", CBC),
    (0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", CBC),
    (0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", CBC),
    (0xc025, "TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA256", NO_PFS | CBC),
    (0xc026, "TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA384", NO_PFS | CBC),
    (0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", CBC),
    (0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", CBC),
    (0xc029, "TLS_ECDH_RSA_WITH_AES_128_CBC_SHA256", NO_PFS | CBC),
    (0xc02a, "TLS_ECDH_RSA_WITH_AES_256_CBC_SHA384", NO_PFS | CBC),
    (0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", NONE),
    (0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", NONE),
    (0xc02d, "TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256", NO_PFS),
    (0xc02e, "TLS_ECDH_ECDSA_WITH_AES_256_GCM_SHA384", NO_PFS),
    (0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", NONE),
    (0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", NONE),
    (0xc031, "TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256", NO_PFS),
    (0xc032, "TLS_ECDH_RSA_WITH_AES_256_GCM_SHA384", NO_PFS),
    (0xc033, "TLS_ECDHE_PSK_WITH_RC4_128_SHA", RC4),
    (0xc034, "TLS_ECDHE_PSK_WITH_3DES_EDE_CBC_SHA", TRIPLE_DES | CBC),
    (0xc035, "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA", CBC),
    (0xc036, "TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA", CBC),
    (0xc037, "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256", CBC),
    (0xc038, "TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA384", CBC),
    (0xc039, "TLS_ECDHE_PSK_WITH_NULL_SHA", NULL),
    (0xc03a, "TLS_ECDHE_PSK_WITH_NULL_SHA256", NULL),
    (0xc03b, "TLS_ECDHE_PSK_WITH_NULL_SHA384", NULL),
    (0xc03c, "TLS_RSA_WITH_ARIA_128_CBC_SHA256", NO_PFS | CBC),
    (0xc03d, "TLS_RSA_WITH_ARIA_256_CBC_SHA384", NO_PFS | CBC),
    (0xc03e, "TLS_DH_DSS_WITH_ARIA_128_CBC_SHA256", NO_PFS | CBC),
    (0xc03f, "TLS_DH_DSS_WITH_ARIA_256_CBC_SHA384", NO_PFS | CBC),
    (0xc040, "TLS_DH_RSA_WITH_ARIA_128_CBC_SHA256", NO_PFS | CBC),
    (0xc041, "TLS_DH_RSA_WITH_ARIA_256_CBC_SHA384", NO_PFS | CBC),
    (0xc042, "TLS_DHE_DSS_WITH_ARIA_128_CBC_SHA256", CBC),
    (0xc043, "TLS_DHE_DSS_WITH_ARIA_256_CBC_SHA384", CBC),
    (0xc044, "TLS_DHE_RSA_WITH_ARIA_128_CBC_SHA256", CBC),
    (0xc045, "TLS_DHE_RSA_WITH_ARIA_256_CBC_SHA384", CBC),
    (0xc046, "TLS_DH_anon_WITH_ARIA_128_CBC_SHA256", ANON | CBC),
    (0xc047, "TLS_DH_anon_WITH_ARIA_256_CBC_SHA384", ANON | CBC),
    (0xc048, "TLS_ECDHE_ECDSA_WITH_ARIA_128_CBC_SHA256", CBC),
    (0xc049, "TLS_ECDHE_ECDSA_WITH_ARIA_256_CBC_SHA384", CBC),
    (0xc04a, "TLS_ECDH_ECDSA_WITH_ARIA_128_CBC_SHA256", NO_PFS | CBC),
    (0xc04b, "TLS_ECDH_ECDSA_WITH_ARIA_256_CBC_SHA384", NO_PFS | CBC),
    (0xc04c, "TLS_ECDHE_RSA_WITH_ARIA_128_CBC_SHA256", CBC),
    (0xc04d, "TLS_ECDHE_RSA_WITH_ARIA_256_CBC_SHA384", CBC),
    (0xc04e, "TLS_ECDH_RSA_WITH_ARIA_128_CBC_SHA256", NO_PFS | CBC),
    (0xc04f, "TLS_ECDH_RSA_WITH_ARIA_256_CBC_SHA384", NO_PFS | CBC),
    (0xc050, "TLS_RSA_WITH_ARIA_128_GCM_SHA256", NO_PFS),
    (0xc051, "TLS_RSA_WITH_ARIA_256_GCM_SHA384", NO_PFS),
    (0xc054, "TLS_DH_RSA_WITH_ARIA_128_GCM_SHA256", NO_PFS),
    (0xc055, "TLS_DH_RSA_WITH_ARIA_256_GCM_SHA384", NO_PFS),
    (0xc058, "TLS_DH_DSS_WITH_ARIA_128_GCM_SHA256", NO_PFS),
    (0xc059, "TLS_DH_DSS_WITH_ARIA_256_GCM_SHA384", NO_PFS),
    (0xc05a, "TLS_DH_anon_WITH_ARIA_128_GCM_SHA256", ANON),
    (0xc05b, "TLS_DH_anon_WITH_ARIA_256_GCM_SHA384", ANON),
    (0xc05e, "TLS_ECDH_ECDSA_WITH_ARIA_128_GCM_SHA256", NO_PFS),
    (0xc05f, "TLS_ECDH_ECDSA_WITH_ARIA_256_GCM_SHA384", NO_PFS),
    (0xc062, "TLS_ECDH_RSA_WITH_ARIA_128_GCM_SHA256", NO_PFS),
    (0xc063, "TLS_ECDH_RSA_WITH_ARIA_256_GCM_SHA384", NO_PFS),
    (0xc064, "TLS_PSK_WITH_ARIA_128_CBC_SHA256", NO_PFS | CBC),
    (0xc065, "TLS_PSK_WITH_ARIA_256_CBC_SHA384", NO_PFS | CBC),
    (0xc066, "TLS_DHE_PSK_WITH_ARIA_128_CBC_SHA256", CBC),
    (0xc067, "TLS_DHE_PSK_WITH_ARIA_256_CBC_SHA384", CBC),
    (0xc068, "TLS_RSA_PSK_WITH_ARIA_128_CBC_SHA256", NO_PFS | CBC),
    (0xc069, "TLS_RSA_PSK_WITH_ARIA_256_CBC_SHA384", NO_PFS | CBC),
    (0xc070, "TLS_ECDHE_PSK_WITH_ARIA_128_CBC_SHA256", CBC),
    (0xc071, "TLS_ECDHE_PSK_WITH_ARIA_256_CBC_SHA384", CBC),
    (0xc072, "TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_CBC_SHA256", CBC),
    (0xc073, "TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_CBC_SHA384", CBC),
    (0xc074, "TLS_ECDH_ECDSA_WITH_CAMELLIA_128_CBC_SHA256", NO_PFS | CBC),
    (0xc075, "TLS_ECDH_ECDSA_WITH_CAMELLIA_256_CBC_SHA384", NO_PFS | CBC),
    (0xc076, "TLS_ECDHE_RSA_WITH_CAMELLIA_128_CBC_SHA256", CBC),
    (0xc077, "TLS_ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384", CBC),
    (0xc078, "TLS_ECDH_RSA_WITH_CAMELLIA_128_CBC_SHA256", NO_PFS | CBC),
    (0xc079, "TLS_ECDH_RSA_WITH_CAMELLIA_256_CBC_SHA384", NO_PFS | CBC),
    (0xc07a, "TLS_RSA_WITH_CAMELLIA_128_GCM_SHA256", NO_PFS),
    (0xc07b, "TLS_RSA_WITH_CAMELLIA_256_GCM_SHA384", NO_PFS),
    (0xc07e, "TLS_DH_RSA_WITH_CAMELLIA_128_GCM_SHA256", NO_PFS),
    (0xc07f, "TLS_DH_RSA_WITH_CAMELLIA_256_GCM_SHA384", NO_PFS),
    (0xc082, "TLS_DH_DSS_WITH_CAMELLIA_128_GCM_SHA256", NO_PFS),
    (0xc083, "TLS_DH_DSS_WITH_CAMELLIA_256_GCM_SHA384", NO_PFS),
    (0xc084, "TLS_DH_anon_WITH_CAMELLIA_128_GCM_SHA256", ANON),
    (0xc085, "TLS_DH_anon_WITH_CAMELLIA_256_GCM_SHA384", ANON),
    (0xc088, "TLS_ECDH_ECDSA_WITH_CAMELLIA_128_GCM_SHA256", NO_PFS),
    (0xc089, "TLS_ECDH_ECDSA_WITH_CAMELLIA_256_GCM_SHA384", NO_PFS),
    (0xc08c, "TLS_ECDH_RSA_WITH_CAMELLIA_128_GCM_SHA256", NO_PFS),
    (0xc08d, "TLS_ECDH_RSA_WITH_CAMELLIA_256_GCM_SHA384", NO_PFS),
    (0xc094, "TLS_PSK_WITH_CAMELLIA_128_CBC_SHA256", NO_PFS | CBC),
    (0xc095, "TLS_PSK_WITH_CAMELLIA_256_CBC_SHA384", NO_PFS | CBC),
    (0xc096, "TLS_DHE_PSK_WITH_CAMELLIA_128_CBC_SHA256", CBC),
    (0xc097, "TLS_DHE_PSK_WITH_CAMELLIA_256_CBC_SHA384", CBC),
    (0xc098, "TLS_RSA_PSK_WITH_CAMELLIA_128_CBC_SHA256", NO_PFS | CBC),
    (0xc099, "TLS_RSA_PSK_WITH_CAMELLIA_256_CBC_SHA384", NO_PFS | CBC),
    (0xc09a, "TLS_ECDHE_PSK_WITH_CAMELLIA_128_CBC_SHA256", CBC),
    (0xc09b, "TLS_ECDHE_PSK_WITH_CAMELLIA_256_CBC_SHA384", CBC),
    (0xc09c, "TLS_RSA_WITH_AES_128_CCM", NO_PFS),
    (0xc09d, "TLS_RSA_WITH_AES_256_CCM", NO_PFS),
    (0xc09e, "TLS_DHE_RSA_WITH_AES_128_CCM", NONE),
    (0xc09f, "TLS_DHE_RSA_WITH_AES_256_CCM", NONE),
    (0xc0a0, "TLS_RSA_WITH_AES_128_CCM_8", NO_PFS),
    (0xc0a1, "TLS_RSA_WITH_AES_256_CCM_8", NO_PFS),
    (0xc0ac, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", NONE),
    (0xc0ad, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM", NONE),
    (0xc0ae, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", NONE),
    (0xc0af, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8", NONE),
    (0xc0b4, "TLS_SHA256_SHA256", NULL),
    (0xc0b5, "TLS_SHA384_SHA384", NULL),
    (0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", NONE),
    (0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", NONE),
    (0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", NONE),
    (0xfefe, "SSL_RSA_FIPS_WITH_DES_CBC_SHA", DES | NO_PFS | CBC),
    (0xfeff, "SSL_RSA_FIPS_WITH_3DES_EDE_CBC_SHA", TRIPLE_DES | NO_PFS | CBC),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Insists that exactly these suites have a class; ranges are given by their ends.
    fn check(class: SuiteClasses, except: SuiteClasses, expected: &[(u16, u16)]) {
        let excepted = |code| !except.is_empty() && classes(code).contains(except);
        let found = (0..=u16::MAX).filter(|code| classes(*code).contains(class) && !excepted(*code));
        let expected = expected.iter().flat_map(|(first, last)| *first..=*last);
        assert_eq!(found.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    }

    fn each<const N: usize>(codes: [u16; N]) -> [(u16, u16); N] {
        codes.map(|code| (code, code))
    }

    #[test]
    fn the_table_is_sorted() {
        assert!(SUITES.is_sorted_by(|one, next| one.0 < next.0));
    }

    #[test]
    fn suites_without_encryption() {
        let singles =
            each([0x3b, 0xb0, 0xb1, 0xb4, 0xb5, 0xb8, 0xb9, 0xc001, 0xc006, 0xc00b, 0xc010, 0xc015]);
        let expected =
            [&[(0, 2), (0x2c, 0x2e)], &singles[..], &[(0xc039, 0xc03b), (0xc0b4, 0xc0b5)]].concat();
        check(SuiteClasses::NULL, SuiteClasses::NONE, &expected);
    }

    #[test]
    fn suites_for_export() {
        let singles = each([0x03, 0x06, 0x08, 0x0b, 0x0e, 0x11, 0x14, 0x17, 0x19]);
        let expected = [&singles[..], &[(0x26, 0x2b), (0x60, 0x65)]].concat();
        check(SuiteClasses::EXPORT, SuiteClasses::NONE, &expected);
    }

    #[test]
    fn suites_without_a_proven_server() {
        let singles = each([0x34, 0x3a, 0x46, 0x6c, 0x6d, 0x89, 0x9b, 0xa6, 0xa7, 0xbf, 0xc5]);
        let late = [(0xc015, 0xc019), (0xc046, 0xc047), (0xc05a, 0xc05b), (0xc084, 0xc085)];
        check(SuiteClasses::ANON, SuiteClasses::NONE, &[&[(0x17, 0x1b)], &singles[..], &late].concat());
    }

    #[test]
    fn suites_with_old_ciphers() {
        let rc4 = each([
            0x04, 0x05, 0x18, 0x20, 0x24, 0x66, 0x8a, 0x8e, 0x92, 0xc002, 0xc007, 0xc00c, 0xc011, 0xc016,
            0xc033,
        ]);
        check(SuiteClasses::RC4, SuiteClasses::EXPORT, &rc4);
        let des = each([0x07, 0x09, 0x0c, 0x0f, 0x12, 0x15, 0x1a, 0x1e, 0x21, 0x22, 0x25, 0xfefe]);
        check(SuiteClasses::DES, SuiteClasses::EXPORT, &des);
        let triple = each([
            0x0a, 0x0d, 0x10, 0x13, 0x16, 0x1b, 0x1f, 0x23, 0x8b, 0x8f, 0x93, 0xc003, 0xc008, 0xc00d, 0xc012,
            0xc017, 0xc01a, 0xc01b, 0xc01c, 0xc034, 0xfeff,
        ]);
        check(SuiteClasses::TRIPLE_DES, SuiteClasses::NONE, &triple);
    }

    #[test]
    fn forward_secrecy_and_sound_suites() {
        for code in [0x002f, 0x0035, 0x003c, 0x003d, 0x009c, 0x009d] {
            assert!(classes(code).contains(SuiteClasses::NO_PFS), "{code:04x}");
        }
        assert_eq!(classes(0xc013), SuiteClasses::CBC);
        for code in [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc030, 0xcca8, 0xcca9, 0x009e] {
            assert!(classes(code).is_empty() && name(code).is_some(), "{code:04x}");
        }
    }

    #[test]
    fn names_are_those_of_the_registry() {
        assert_eq!(name(0x0005), Some("TLS_RSA_WITH_RC4_128_SHA"));
        assert_eq!(name(0x1301), Some("TLS_AES_128_GCM_SHA256"));
        assert_eq!(name(0x00ff), None, "the renegotiation signal is no suite");
    }
}
