//! The clock of this machine, by which the kernel stamps frames.

use crate::model::Timestamp;

/// Now, as the kernel would stamp a frame.
#[expect(
    clippy::disallowed_methods,
    reason = "whether an older frame can still come from another ring is known by the kernel's clock only"
)]
pub(super) fn wall() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
