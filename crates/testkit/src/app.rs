//! A whole server for each test, on a free port.

use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tracklane_core::model::Role;
use tracklane_engine::access::NewApiKey;
use tracklane_server::limits::LimitSettings;
use tracklane_server::{AppState, ServerSettings};

use crate::engine::TestEngine;

/// A running server with one tenant.
pub struct TestApp {
    /// The engine below it.
    pub engine: TestEngine,
    /// Where it listens.
    pub address: SocketAddr,
    /// The secret of an API key of the tenant's, with the role `admin`.
    pub admin_key: String,
    stop: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
}

impl TestApp {
    /// A fresh one without limits.
    pub async fn new() -> Self {
        let limits = LimitSettings {
            requests_per_minute: 0,
            positions_per_second: 0,
            customer_shipments_per_hour: 0,
            logins_per_minute: 0,
            public_requests_per_minute: 0,
            streams_per_tenant: 0,
            public_streams_per_address: 0,
        };
        Self::with(ServerSettings { limits, ..ServerSettings::default() }).await
    }

    /// A fresh one with these settings; the address is chosen for it.
    ///
    /// # Panics
    /// When it does not start: tests cannot go on then.
    pub async fn with(mut settings: ServerSettings) -> Self {
        let engine = TestEngine::new().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        settings.listen = address;
        let (stop, stopped) = oneshot::channel();
        let stopped = async move { stopped.await.unwrap_or_default() };
        let state = AppState::new(engine.engine.clone(), engine.env.clone(), settings);
        let served = tokio::spawn(tracklane_server::serve(listener, state, stopped));
        let key = NewApiKey {
            name: "Test".to_owned(),
            role: Role::Admin,
            scopes: Vec::new(),
            driver_id: None,
            customer_id: None,
            device_id: None,
            requests_per_minute: None,
            expires_at: None,
        };
        let made = engine.engine.access.create_api_key(&engine.caller, key).await.expect("a key can be made");
        Self { engine, address, admin_key: made.secret, stop, served }
    }

    /// The whole address of a path, such as `/v1/me`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Stops it in order.
    ///
    /// # Panics
    /// When it does not stop.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        self.served.await.expect("the server does not panic").expect("the server stops in order");
        self.engine.stop().await;
    }
}
