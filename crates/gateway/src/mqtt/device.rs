//! A device, or a program with an API key, that is a client of ours. It publishes, and hears nothing but answers: each goes
//! out after the commit that covers its message. A message that cannot be read, or is of a device that the client may not
//! speak for, is counted and answered, in version 5 with the reason: it would come again for ever.
//!
//! QoS 2 needs no memory of its own here: a message that comes again has the same device and time, and is kept once.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use tokio_util::sync::CancellationToken;
use tracklane_core::model::{Caller, Role};
use tracklane_engine::tracking::DeviceRef;
use tracklane_protocols::mqtt::message::Message;
use tracklane_protocols::mqtt::{
    Ack, AckKind, ConnAck, Connect, Fault, Packet, Publish, Terms, Version, frame, reason,
};

use super::clients::{Client, Key};
use super::login::Stated;
use crate::door::{Door, House, Known, Refused};
use crate::settings::UnknownDevices;
use crate::stats::{Ending, Outcome};
use crate::tcp::{Speech, Understood, Waiting};

/// The largest CONNECT, in bytes: from somebody of whom nothing is known yet.
const FIRST: usize = 8 * 1024;

/// The longest client id, in bytes. It is kept for as long as the session.
const CLIENT_ID: usize = 256;

/// What subscriptions that are granted begin with, though nothing ever comes of them: the OwnTracks app takes a refusal for
/// a broken connection.
const GRANTED: &str = "owntracks/";

/// For how long a login is believed: a credential may be taken away.
const BELIEVED: Duration = Duration::from_secs(30);

/// What a client speaks on its connection.
pub(crate) struct Publisher {
    house: Arc<House>,
    door: Arc<Door>,
    from: IpAddr,
    session: Option<Session>,
    /// Why the connection ends, when that was found in what was read.
    fault: Option<u8>,
}

/// Somebody who is let in.
struct Session {
    version: Version,
    caller: Caller,
    stated: Stated,
    believed_until: Instant,
    /// For how long the client may be silent, if it said so.
    silence: Option<Duration>,
    client: Client,
}

impl Publisher {
    pub fn new(house: Arc<House>, door: Arc<Door>, from: IpAddr) -> Self {
        Self { house, door, from, session: None, fault: None }
    }

    /// Lets a client in, or not: the answer to it, and why the connection ends if it does.
    async fn connect(&mut self, connect: &Connect<'_>, reply: &mut Vec<u8>) -> Option<Ending> {
        match self.enter(connect).await {
            Ok((session, session_present, made)) => {
                let v5 = connect.version == Version::V5;
                let limit = u32::try_from(self.house.settings.message_limit_bytes).ok();
                let idle = self.house.settings.idle_seconds;
                let terms = Terms {
                    client_id: made.as_deref(),
                    packet_limit: limit.filter(|_| v5),
                    in_flight: None,
                    // A client that never says anything is lost after a while; one that is told so can say something.
                    keep_alive_seconds: (v5 && connect.keep_alive_seconds == 0)
                        .then(|| u16::try_from((idle / 2).max(1)).unwrap_or(u16::MAX)),
                    only_takes: v5,
                };
                Packet::ConnAck(ConnAck { session_present, code: reason::SUCCESS, terms })
                    .write(connect.version, reply);
                self.session = Some(session);
                None
            }
            Err(code) => {
                Packet::ConnAck(ConnAck { code, ..ConnAck::default() }).write(connect.version, reply);
                Some(if code == reason::UNAVAILABLE { Ending::NotKept } else { Ending::UnknownDevice })
            }
        }
    }

    /// The session of a client, whether it was known before, and the client id that was made for it if one was.
    async fn enter(&self, connect: &Connect<'_>) -> Result<(Session, bool, Option<String>), u8> {
        let Connect { version, client_id, clean, keep_alive_seconds, session_seconds, has_method, .. } = connect;
        if *has_method {
            return Err(reason::BAD_METHOD);
        }
        let nameless = client_id.is_empty();
        // A session without a name could not be found again (3.1.1, section 3.1.3.1).
        if client_id.len() > CLIENT_ID || (nameless && !clean && *version == Version::V3) {
            return Err(reason::CLIENT_ID);
        }
        let made = nameless.then(|| format!("auto-{}", u64::from_be_bytes(self.house.env.random())));
        let stated = Stated::of(connect, self.from);
        let caller = self.house.login(&self.door, &stated).await?;
        let now = Instant::now();
        let client_id = made.clone().unwrap_or_else(|| (*client_id).to_owned());
        let key = Key { tenant: caller.tenant_id, device: caller.device_id, client_id };
        let lasts = Duration::from_secs((*session_seconds).into());
        let (client, present) = self.house.clients.enter(key, *clean, lasts, now);
        // One and a half of what it asked for (section 3.1.2.10).
        let silence =
            Some(Duration::from_millis(1_500 * u64::from(*keep_alive_seconds))).filter(|time| !time.is_zero());
        let session = Session { version: *version, caller, stated, believed_until: now + BELIEVED, silence, client };
        Ok((session, present, made))
    }

    /// Takes a message, and answers how long to wait before the next.
    async fn publish(&mut self, publish: Publish<'_>, waiting: &mut Waiting) -> Result<Duration, Ending> {
        let Some(session) = &mut self.session else { return Err(Ending::Unreadable) };
        let now = Instant::now();
        if now > session.believed_until {
            session.caller = self.house.login(&self.door, &session.stated).await.map_err(|code| {
                self.fault = Some(if code == reason::UNAVAILABLE { code } else { reason::NOT_AUTHORIZED });
                if code == reason::UNAVAILABLE { Ending::NotKept } else { Ending::UnknownDevice }
            })?;
            session.believed_until = now + BELIEVED;
        }
        let (house, door, caller) = (&self.house, &self.door, &session.caller);
        let (mut wait, mut code) = (Duration::ZERO, reason::SUCCESS);
        match house.message(door, publish.topic, publish.payload) {
            Ok(Some(message)) => match whose(house, door, caller, &message).await {
                Ok(known) => {
                    wait = house.devices.take(known.device_id, now);
                    house.put(door, &mut waiting.batch, known, message.rows);
                }
                Err(Refused::Unknown) => {
                    door.counters.message(Outcome::UnknownDevice);
                    code = reason::NOT_AUTHORIZED;
                }
                Err(Refused::Unavailable) => {
                    self.fault = Some(reason::UNAVAILABLE);
                    return Err(Ending::NotKept);
                }
            },
            Ok(None) => {}
            Err(()) => code = reason::PAYLOAD,
        }
        let kind = match publish.qos {
            0 => return Ok(wait),
            1 => AckKind::PubAck,
            _ => AckKind::PubRec,
        };
        // Version 3.1.1 has no place for the reason, and takes every answer for success.
        let code = if session.version == Version::V5 { code } else { reason::SUCCESS };
        Packet::Ack(Ack { kind, id: publish.id, code }).write(session.version, waiting.reply());
        Ok(wait)
    }

    fn fail(&mut self, fault: Fault) -> Understood {
        tracing::debug!(door = self.door.name, rule = fault.rule, "a connection cannot be read any more");
        self.door.counters.message(Outcome::Unreadable);
        self.fault = Some(fault.reason);
        Understood::end(Ending::Unreadable)
    }
}

/// The device that a message is from, if the caller may speak for it.
async fn whose(house: &House, door: &Door, caller: &Caller, message: &Message<'_>) -> Result<Known, Refused> {
    if let Some(name) = message.tenant
        && house.tenant_named(door, name).await? != Some(caller.tenant_id)
    {
        house.note_unknown(door, Some(caller.tenant_id), message.device);
        return Err(Refused::Unknown);
    }
    let tracking = &house.engine.tracking;
    let named = tracking.device(caller, &DeviceRef::parse(message.device)).or_else(|| {
        // The app makes up its topic; a device that has logged in is who it is, unless it names another.
        let free =
            message.tenant.is_none() && caller.role == Role::Device && !house.engine.access.is_device(message.device);
        free.then(|| tracking.device(caller, &DeviceRef::Caller)).flatten()
    });
    match named.filter(|device| !device.disabled) {
        Some(device) => Ok(Known { tenant_id: device.tenant_id, device_id: device.device_id }),
        // Who speaks for many may bring new ones.
        None if caller.device_id.is_none() && door.unknown == UnknownDevices::Register => {
            house.register_or_note(door, Some(caller.tenant_id), message.device).await
        }
        None => {
            house.note_unknown(door, Some(caller.tenant_id), message.device);
            Err(Refused::Unknown)
        }
    }
}

impl Speech for Publisher {
    fn longest(&self) -> usize {
        if self.session.is_some() { self.house.settings.message_limit_bytes } else { FIRST }
    }

    fn frame(&mut self, buffer: &mut BytesMut) -> Result<Option<Bytes>, String> {
        match frame(buffer, self.longest()) {
            Ok(length) => {
                Ok(length.filter(|length| *length <= buffer.len()).map(|length| buffer.split_to(length).freeze()))
            }
            Err(fault) => {
                self.fault = Some(fault.reason);
                Err(fault.to_string())
            }
        }
    }

    async fn read(&mut self, message: &[u8], waiting: &mut Waiting) -> Understood {
        let version = self.session.as_ref().map(|session| session.version);
        let packet = match Packet::read(message, version.unwrap_or(Version::V3)) {
            Ok(packet) => packet,
            Err(fault) => {
                if version.is_none() && fault.reason == reason::UNSUPPORTED_VERSION {
                    // Written so that every version understands it (version 5, section 3.1.2.2).
                    let code = fault.reason;
                    Packet::ConnAck(ConnAck { code, ..ConnAck::default() }).write(Version::V3, waiting.reply());
                }
                return self.fail(fault);
            }
        };
        let Some(version) = version else {
            let Packet::Connect(connect) = packet else {
                return self
                    .fail(Fault { reason: reason::PROTOCOL_ERROR, rule: "a connection must begin with a CONNECT" });
            };
            let ending = self.connect(&connect, waiting.reply()).await;
            return Understood { ending, is_sound: true, is_known: ending.is_none(), wait: Duration::ZERO };
        };
        let answer = match packet {
            Packet::Publish(publish) => {
                return match self.publish(publish, waiting).await {
                    Ok(wait) => Understood { ending: None, is_sound: true, is_known: true, wait },
                    Err(ending) => Understood::end(ending),
                };
            }
            Packet::Ack(Ack { kind: AckKind::PubRel, id, .. }) => {
                Packet::Ack(Ack { kind: AckKind::PubComp, id, code: reason::SUCCESS })
            }
            Packet::Subscribe { id, filters } => {
                let codes =
                    filters.iter().map(|filter| if filter.starts_with(GRANTED) { 0 } else { reason::NOT_AUTHORIZED });
                Packet::SubAck { id, codes: codes.collect() }
            }
            Packet::Unsubscribe { id, filters } => {
                Packet::UnsubAck { id, codes: vec![reason::NO_SUBSCRIPTION; filters.len()] }
            }
            Packet::PingReq => Packet::PingResp,
            Packet::Disconnect(_) => return Understood::end(Ending::Device),
            _ => {
                return self
                    .fail(Fault { reason: reason::PROTOCOL_ERROR, rule: "a client must not send such a packet now" });
            }
        };
        answer.write(version, waiting.reply());
        Understood { ending: None, is_sound: true, is_known: true, wait: Duration::ZERO }
    }

    fn silence(&self) -> Option<Duration> {
        self.session.as_ref().and_then(|session| session.silence)
    }

    fn replaced(&self) -> Option<&CancellationToken> {
        self.session.as_ref().map(|session| &session.client.replaced)
    }

    /// Version 5 is told why (section 3.14); 3.1.1 has no word for it.
    fn farewell(&self, ending: Ending) -> Vec<u8> {
        let mut said = Vec::new();
        let code = self.fault.unwrap_or(match ending {
            Ending::Idle => reason::KEEP_ALIVE,
            Ending::NotKept => reason::UNAVAILABLE,
            Ending::Stopping => reason::SHUTTING_DOWN,
            Ending::Replaced => reason::TAKEN_OVER,
            Ending::Unreadable => reason::MALFORMED,
            _ => return said,
        });
        if self.session.as_ref().is_some_and(|session| session.version == Version::V5) {
            Packet::Disconnect(code).write(Version::V5, &mut said);
        }
        said
    }
}
