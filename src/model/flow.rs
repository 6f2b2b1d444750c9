//! Naming a flow and its two sides, without saying yet who is the client.

use super::{Address, Endpoint, HostKey, Realm, ServiceKey, Transport};

/// One of a flow's two endpoints. `A` is the one that sorts first, whoever spoke first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The endpoint that sorts first.
    A,
    /// The other endpoint.
    B,
}

impl Side {
    /// The other side.
    pub const fn other(self) -> Side {
        match self {
            Side::A => Side::B,
            Side::B => Side::A,
        }
    }
}

/// What a side is to the protocol that is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The side that asks.
    Client,
    /// The side that answers.
    Server,
}

impl Role {
    /// The other role.
    pub const fn other(self) -> Role {
        match self {
            Role::Client => Role::Server,
            Role::Server => Role::Client,
        }
    }
}

/// What makes packets one flow, the same for both directions: `a` sorts before `b`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowKey {
    /// The endpoint that sorts first.
    pub a: Endpoint,
    /// The other endpoint.
    pub b: Endpoint,
    /// The realm of both addresses.
    pub realm: Realm,
    /// The transport.
    pub transport: Transport,
}

impl FlowKey {
    /// The key of a packet, and the side that sent it.
    pub fn of(
        realm: Realm,
        transport: Transport,
        source: Endpoint,
        destination: Endpoint,
    ) -> (FlowKey, Side) {
        if source <= destination {
            (FlowKey { a: source, b: destination, realm, transport }, Side::A)
        } else {
            (FlowKey { a: destination, b: source, realm, transport }, Side::B)
        }
    }

    /// The endpoint on a side.
    pub const fn endpoint(&self, side: Side) -> Endpoint {
        match side {
            Side::A => self.a,
            Side::B => self.b,
        }
    }

    /// The address on a side.
    pub const fn address(&self, side: Side) -> Address {
        self.endpoint(side).address
    }

    /// The host on a side.
    pub const fn host(&self, side: Side) -> HostKey {
        HostKey { realm: self.realm, address: self.address(side) }
    }

    /// The service that this flow uses if `side` is its server.
    pub const fn service(&self, side: Side) -> ServiceKey {
        ServiceKey { host: self.host(side), port: self.endpoint(side).port, transport: self.transport }
    }
}

/// One thing for each of two sides (or of two roles: the client's comes first).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pair<T> {
    /// For [`Side::A`] or [`Role::Client`].
    pub first: T,
    /// For [`Side::B`] or [`Role::Server`].
    pub second: T,
}

impl<T> Pair<T> {
    /// Both things, in order.
    pub const fn new(first: T, second: T) -> Self {
        Pair { first, second }
    }

    /// Both things, in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        [&self.first, &self.second].into_iter()
    }
}

impl<T> std::ops::Index<Side> for Pair<T> {
    type Output = T;

    fn index(&self, side: Side) -> &T {
        match side {
            Side::A => &self.first,
            Side::B => &self.second,
        }
    }
}

impl<T> std::ops::IndexMut<Side> for Pair<T> {
    fn index_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::A => &mut self.first,
            Side::B => &mut self.second,
        }
    }
}

impl<T> std::ops::Index<Role> for Pair<T> {
    type Output = T;

    fn index(&self, role: Role) -> &T {
        match role {
            Role::Client => &self.first,
            Role::Server => &self.second,
        }
    }
}

impl<T> std::ops::IndexMut<Role> for Pair<T> {
    fn index_mut(&mut self, role: Role) -> &mut T {
        match role {
            Role::Client => &mut self.first,
            Role::Server => &mut self.second,
        }
    }
}
