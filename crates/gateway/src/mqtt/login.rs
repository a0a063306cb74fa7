//! Whether a client may come in, and who it speaks for. A device states its credential as the password, as over HTTP; one
//! that has none is believed by its name. An API key may stand in the place of the password, and speaks for all devices that
//! it may send for.

use std::net::IpAddr;

use tracklane_core::lifecycle::Actor;
use tracklane_core::model::{Caller, Role};
use tracklane_engine::Error;
use tracklane_engine::access::Verb;
use tracklane_protocols::mqtt::message::Topic;
use tracklane_protocols::mqtt::{Connect, reason};

use crate::door::{Door, House, Known, Refused};

/// What an API key begins with.
const KEY: &str = "tlk_";

/// What a client stated, kept for as long as the connection: a credential may be taken away in the meantime.
#[derive(Clone)]
pub(super) struct Stated {
    /// The device that it names: by the topic of its last will, or by its user name.
    names: Vec<String>,
    secret: Option<String>,
    from: IpAddr,
}

impl Stated {
    pub fn of(connect: &Connect<'_>, from: IpAddr) -> Self {
        // OwnTracks' user name is the first half of what its device is called; its will says all of it, and comes first: two
        // phones of one user are two devices.
        let of_will = connect.will_topic.and_then(|topic| match Topic::read(topic) {
            Some(Topic::OwnTracks { device } | Topic::Ours { device, .. }) => Some(device),
            None => None,
        });
        let names = [of_will, connect.user].into_iter().flatten().filter(|name| !name.is_empty());
        let secret = connect.password.and_then(|password| std::str::from_utf8(password).ok());
        Self { names: names.map(str::to_owned).collect(), secret: secret.map(str::to_owned), from }
    }
}

impl House {
    /// Who speaks.
    ///
    /// # Errors
    /// Why it may not, as one of [`reason`].
    pub(super) async fn login(&self, door: &Door, stated: &Stated) -> Result<Caller, u8> {
        let caller = match &stated.secret {
            Some(secret) if secret.starts_with(KEY) => self.by_key(door, secret).await?,
            _ => self.by_name(door, stated).await?,
        };
        if door.tenant.is_some_and(|own| own != caller.tenant_id) {
            // As if it was not known at all.
            return Err(reason::BAD_CREDENTIALS);
        }
        Ok(caller)
    }

    async fn by_key(&self, door: &Door, secret: &str) -> Result<Caller, u8> {
        let principal = self.engine.access.authenticate(secret).await.map_err(|error| self.refusal(door, &error))?;
        let sends = matches!(principal.caller.role, Role::Admin | Role::Operator | Role::Driver | Role::Device);
        if sends && principal.may("positions", Verb::Write) {
            Ok(principal.caller.clone())
        } else {
            Err(reason::NOT_AUTHORIZED)
        }
    }

    async fn by_name(&self, door: &Door, stated: &Stated) -> Result<Caller, u8> {
        let access = &self.engine.access;
        let name = stated.names.iter().find(|name| access.is_device(name)).or(stated.names.first());
        let name = name.ok_or(reason::NOT_AUTHORIZED)?;
        match access.authenticate_device(name, stated.secret.as_deref(), Some(stated.from)).await {
            Ok(caller) => Ok(caller),
            Err(Error::Unauthenticated) => {
                let made = self.register_or_note(door, door.tenant, name).await;
                let Known { tenant_id, device_id } = made.map_err(|refused| match refused {
                    Refused::Unknown => reason::BAD_CREDENTIALS,
                    Refused::Unavailable => reason::UNAVAILABLE,
                })?;
                let (actor, role) = (Actor::Device(device_id), Role::Device);
                Ok(Caller { tenant_id, actor, role, driver_id: None, customer_id: None, device_id: Some(device_id) })
            }
            Err(error) => Err(self.refusal(door, &error)),
        }
    }

    fn refusal(&self, door: &Door, error: &Error) -> u8 {
        match error {
            Error::Unauthenticated => reason::BAD_CREDENTIALS,
            Error::Throttled { .. } => reason::RATE,
            error => {
                self.fault(door, error);
                reason::UNAVAILABLE
            }
        }
    }
}
