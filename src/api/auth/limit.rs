//! How often one address may try a token that is not known to be good.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use super::clock::Clock;

/// Tries at once: a page with its programs after a restart.
const BURST: NonZeroU32 = NonZeroU32::new(20).unwrap();
/// One more every two seconds. Guessing 160 bits at that pace is hopeless; what this limits is work.
const REFILL: Duration = Duration::from_secs(2);
/// Addresses remembered: 8,192 × about 64 bytes = 512 KiB. Past that, all new ones share one quota.
const ADDRESSES_MAX: usize = 8_192;

/// Our clock, as the limiter reads it.
#[derive(Clone)]
struct Ticks(Arc<dyn Clock>);

impl GovernorClock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.running()
    }
}

type Limiter = RateLimiter<IpAddr, HashMapStateStore<IpAddr>, Ticks, NoOpMiddleware<Duration>>;

/// Tries left, by address.
pub(super) struct LoginLimit {
    limiter: Limiter,
    clock: Ticks,
}

impl LoginLimit {
    pub(super) fn new(clock: Arc<dyn Clock>) -> LoginLimit {
        let clock = Ticks(clock);
        // A period of zero is the only one that has no quota.
        let quota = Quota::with_period(REFILL).unwrap_or(Quota::per_minute(BURST)).allow_burst(BURST);
        LoginLimit { limiter: RateLimiter::hashmap_with_clock(quota, clock.clone()), clock }
    }

    /// Takes one try, or says how long to wait for it.
    pub(super) fn take(&self, address: Option<IpAddr>) -> Result<(), Duration> {
        let mut key = network(address.unwrap_or(OTHERS));
        if self.limiter.len() >= ADDRESSES_MAX {
            self.limiter.retain_recent();
            if self.limiter.len() >= ADDRESSES_MAX {
                key = OTHERS;
            }
        }
        self.limiter.check_key(&key).map_err(|not_yet| not_yet.wait_time_from(self.clock.now()))
    }
}

/// Stands for everybody who has no quota of his own.
const OTHERS: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// Whoever has one IPv6 address has the whole /64 (RFC 4291 section 2.5.1).
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::super::clock::Hand;
    use super::*;

    fn limit() -> (Arc<Hand>, LoginLimit) {
        let hand = Arc::new(Hand::default());
        (Arc::clone(&hand), LoginLimit::new(hand))
    }

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn tries_run_out_and_come_back() {
        let (hand, limit) = limit();
        for _ in 0..BURST.get() {
            assert_eq!(limit.take(address("10.0.0.1")), Ok(()));
        }
        let wait = limit.take(address("10.0.0.1")).unwrap_err();
        assert!(wait > Duration::ZERO && wait <= REFILL, "{wait:?}");
        assert_eq!(limit.take(address("10.0.0.2")), Ok(()), "another address");
        hand.pass(REFILL);
        assert_eq!(limit.take(address("10.0.0.1")), Ok(()));
        assert!(limit.take(address("10.0.0.1")).is_err());
    }

    #[test]
    fn a_whole_ipv6_network_is_one() {
        let (_, limit) = limit();
        for host in 0..BURST.get() {
            assert_eq!(limit.take(address(&format!("2001:db8::{host:x}"))), Ok(()));
        }
        assert!(limit.take(address("2001:db8::ffff")).is_err());
        assert_eq!(limit.take(address("2001:db8:0:1::1")), Ok(()));
    }

    #[test]
    fn an_ipv4_address_is_the_same_within_ipv6() {
        assert_eq!(network("::ffff:10.0.0.1".parse().unwrap()), "10.0.0.1".parse::<IpAddr>().unwrap());
    }

    #[test]
    fn memory_is_bounded_and_newcomers_share_one_quota() {
        let (hand, limit) = limit();
        for number in 0..ADDRESSES_MAX {
            // The quota of OTHERS lies among these, which changes nothing.
            let _ = limit.take(Some(IpAddr::from(u32::try_from(number).unwrap().to_be_bytes())));
        }
        let newcomers = (0..40).filter(|n| limit.take(address(&format!("203.0.113.{n}"))).is_ok()).count();
        assert!(newcomers <= BURST.get() as usize, "{newcomers}");
        assert!(limit.limiter.len() <= ADDRESSES_MAX + 1);
        hand.pass(Duration::from_secs(3_600));
        assert_eq!(limit.take(address("203.0.113.200")), Ok(()), "the old ones are forgotten");
        assert!(limit.limiter.len() <= 2);
    }
}
