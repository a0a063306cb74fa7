//! The gateway, put together.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, UdpSocket};
use tracklane_core::Env;
use tracklane_core::id::TenantId;
use tracklane_engine::{Engine, Error};

use crate::door::{Door, House};
use crate::listen::{Listen, Spoken, Transport};
use crate::mqtt::{self, BrokerState};
use crate::settings::{GatewaySettings, MqttSettings, UnknownDevices};
use crate::stats::{Counters, Counts};
use crate::tasks::Tasks;
use crate::tcp;
use crate::udp::Datagrams;

/// Why the gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A port cannot be had.
    #[error("failed to listen on {listen}: {error}")]
    Listen {
        /// What was asked for.
        listen: String,
        /// What the system says.
        error: io::Error,
    },
    /// A setting names a tenant that does not exist.
    #[error("{setting}: there is no tenant {tenant:?}")]
    NoTenant {
        /// Which setting.
        setting: String,
        /// What it names.
        tenant: String,
    },
    /// The broker's settings cannot be used.
    #[error("mqtt: {0}")]
    Mqtt(String),
    /// The engine does not answer.
    #[error(transparent)]
    Engine(#[from] Error),
}

/// The sockets, open: nobody is heard yet.
pub struct Opened {
    settings: GatewaySettings,
    mqtt: MqttSettings,
    sockets: Vec<(Listen, Socket)>,
}

enum Socket {
    Tcp(TcpListener),
    Udp(UdpSocket),
}

/// Where the gateway listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// The protocol's name.
    pub protocol: &'static str,
    /// By which way bytes come.
    pub transport: Transport,
    /// Address and port.
    pub address: SocketAddr,
}

/// A running gateway.
pub struct Gateway {
    heard: Vec<Heard>,
    counters: Vec<(&'static str, Arc<Counters>)>,
    broker: Option<Arc<BrokerState>>,
    tasks: Tasks,
}

impl Opened {
    /// Opens the sockets: nothing has happened yet when a port is taken.
    ///
    /// # Errors
    /// Names the entry whose port cannot be had.
    pub async fn new(settings: GatewaySettings, mqtt: MqttSettings) -> Result<Self, StartError> {
        let mut sockets = Vec::new();
        for listen in &settings.listen {
            let failed = |error| StartError::Listen { listen: listen.to_string(), error };
            for transport in listen.transports() {
                let socket = match transport {
                    Transport::Tcp => Socket::Tcp(TcpListener::bind(listen.address).await.map_err(failed)?),
                    Transport::Udp => Socket::Udp(UdpSocket::bind(listen.address).await.map_err(failed)?),
                };
                sockets.push((listen.clone(), socket));
            }
        }
        Ok(Self { settings, mqtt, sockets })
    }

    /// Begins to hear, for this engine.
    ///
    /// # Errors
    /// When a setting names a tenant that does not exist, or the broker's settings cannot be used.
    pub async fn start(self, engine: Engine, env: Env) -> Result<Gateway, StartError> {
        let Self { settings, mqtt, sockets } = self;
        let house = House::new(engine, env, settings);
        let mut gateway = Gateway { heard: Vec::new(), counters: Vec::new(), broker: None, tasks: Tasks::new() };
        // All that can fail comes before anything runs.
        let mut opened = Vec::new();
        for (listen, socket) in sockets {
            let tenant = match &listen.tenant {
                Some(name) => Some(tenant(&house, &format!("gateway.listen: {listen}"), name).await?),
                None => None,
            };
            opened.push((
                gateway.door(listen.protocol, listen.to_string(), tenant, listen.unknown),
                listen.spoken,
                socket,
            ));
        }
        if !mqtt.url.is_empty() {
            let tenant = match mqtt.tenant.as_str() {
                "" => None,
                name => Some(tenant(&house, "mqtt.tenant", name).await?),
            };
            let door = gateway.door("mqtt", "mqtt".to_owned(), tenant, mqtt.unknown_devices);
            let broker = mqtt::Subscriber::new(house.clone(), door, &mqtt).map_err(StartError::Mqtt)?;
            gateway.broker = Some(broker.state());
            gateway.tasks.spawn(broker.run(gateway.tasks.stop.clone()));
        }
        for (door, spoken, socket) in opened {
            let (house, tasks) = (house.clone(), gateway.tasks.clone());
            let protocol = door.protocol;
            let (transport, address) = match (socket, spoken) {
                (Socket::Tcp(listener), spoken) => {
                    let address = listener.local_addr();
                    gateway.tasks.spawn(tcp::listen(listener, spoken, house, door, tasks));
                    (Transport::Tcp, address)
                }
                (Socket::Udp(socket), Spoken::Stream(stream)) => {
                    let address = socket.local_addr();
                    gateway.tasks.spawn(Datagrams { socket, stream, house, door }.run(tasks.stop));
                    (Transport::Udp, address)
                }
                // Such an entry cannot be written.
                (Socket::Udp(_), Spoken::Mqtt) => continue,
            };
            gateway.heard.extend(address.map(|address| Heard { protocol, transport, address }));
        }
        Ok(gateway)
    }
}

impl Gateway {
    /// Where it listens.
    pub fn heard(&self) -> &[Heard] {
        &self.heard
    }

    /// What it has counted, by protocol.
    pub fn counts(&self) -> Vec<Counts> {
        self.counters.iter().map(|(protocol, counters)| counters.read(protocol)).collect()
    }

    /// Whether the broker passes on what devices say; none without a broker.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn broker_health(&self) -> Option<Result<(), String>> {
        self.broker.as_ref().map(|broker| broker.health())
    }

    /// Hears nobody any more, answers what is being committed, and ends; after `grace` at the latest.
    pub async fn stop(&self, grace: Duration) {
        if !self.tasks.end(grace).await {
            tracing::warn!("some devices were still being answered after {} seconds", grace.as_secs());
        }
    }

    fn door(
        &mut self,
        protocol: &'static str,
        name: String,
        tenant: Option<TenantId>,
        unknown: UnknownDevices,
    ) -> Arc<Door> {
        let counters = match self.counters.iter().find(|(known, _)| *known == protocol) {
            Some((_, counters)) => counters.clone(),
            None => {
                self.counters.push((protocol, Arc::default()));
                self.counters[self.counters.len() - 1].1.clone()
            }
        };
        Arc::new(Door { protocol, name, tenant, unknown, counters })
    }
}

async fn tenant(house: &House, setting: &str, name: &str) -> Result<TenantId, StartError> {
    let found = house.engine.records.tenants.find(name).await?;
    found.ok_or_else(|| StartError::NoTenant { setting: setting.to_owned(), tenant: name.to_owned() })
}
