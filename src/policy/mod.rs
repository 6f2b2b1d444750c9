//! Firewall rules from answers: written down and rehearsed, never applied.
