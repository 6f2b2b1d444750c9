//! stand-in: the few suites that tests of the TLS rules name.

use std::ops::BitOr;

/// What is wrong with a suite; several things may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SuiteClasses(u8);

impl SuiteClasses {
    /// Nothing that is known here.
    pub const NONE: SuiteClasses = SuiteClasses(0);
    /// No encryption at all.
    pub const NULL: SuiteClasses = SuiteClasses(1);
    /// Keys of 40 or 56 bits.
    pub const EXPORT: SuiteClasses = SuiteClasses(1 << 1);
    /// Nobody proves who they are.
    pub const ANON: SuiteClasses = SuiteClasses(1 << 2);
    /// RC4.
    pub const RC4: SuiteClasses = SuiteClasses(1 << 3);
    /// DES, IDEA or RC2.
    pub const DES: SuiteClasses = SuiteClasses(1 << 4);
    /// Triple DES.
    pub const TRIPLE_DES: SuiteClasses = SuiteClasses(1 << 5);

    /// True if all of `classes` are among these.
    pub const fn contains(self, classes: SuiteClasses) -> bool {
        self.0 & classes.0 == classes.0
    }
}

impl BitOr for SuiteClasses {
    type Output = SuiteClasses;

    fn bitor(self, other: SuiteClasses) -> SuiteClasses {
        SuiteClasses(self.0 | other.0)
    }
}

/// What is wrong with a suite.
pub fn classes(code: u16) -> SuiteClasses {
    match code {
        0x0002 => SuiteClasses::NULL,
        0x0003 => SuiteClasses::EXPORT | SuiteClasses::RC4,
        0x0005 => SuiteClasses::RC4,
        0x0008 => SuiteClasses::EXPORT | SuiteClasses::DES,
        0x0009 => SuiteClasses::DES,
        0x000a => SuiteClasses::TRIPLE_DES,
        0x0034 => SuiteClasses::ANON,
        _ => SuiteClasses::NONE,
    }
}

/// The registry's name of a suite.
pub fn name(code: u16) -> Option<&'static str> {
    Some(match code {
        0x0002 => "TLS_RSA_WITH_NULL_SHA",
        0x0003 => "TLS_RSA_EXPORT_WITH_RC4_40_MD5",
        0x0005 => "TLS_RSA_WITH_RC4_128_SHA",
        0x0008 => "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA",
        0x0009 => "TLS_RSA_WITH_DES_CBC_SHA",
        0x000a => "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
        0x0034 => "TLS_DH_anon_WITH_AES_128_CBC_SHA",
        _ => return None,
    })
}
