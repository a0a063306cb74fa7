//! The real thing, ready to be measured: zones, devices, an API key, a live stream that somebody reads.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use futures::StreamExt;
use serde_json::json;
use tracklane_core::id::{DeviceId, DriverId, TenantId, ZoneId};
use tracklane_core::model::{Caller, Device, Driver, DutyState, Role, Zone, ZoneKind};
use tracklane_core::position::Point;
use tracklane_core::time::Env;
use tracklane_engine::access::NewApiKey;
use tracklane_store::{Scope, Store, devices, drivers, zones};

use super::load::fleet::{Random, SIDE_DEGREES, SOUTH_WEST, Sender};
use crate::app::{App, FirstAdmin};
use crate::args::Global;
use crate::config::Settings;

/// What to prepare.
#[derive(Default)]
pub struct StagePlan {
    /// The data folder.
    pub data: PathBuf,
    /// How many zones.
    pub zones: usize,
    /// How many devices.
    pub devices: usize,
    /// Whether each device has a credential of its own, which takes a while to give.
    pub credentials: bool,
    /// Whether each device has a driver of its own.
    pub drivers: bool,
    /// Sleep added to each sync.
    pub sync_delay: Duration,
    /// More settings.
    pub settings: Vec<Setting>,
}

/// A setting of the server that is measured: section, key, value.
pub type Setting = (String, String, String);

/// Reads `section.key=value`.
///
/// # Errors
/// Names the form.
pub fn setting(text: &str) -> Result<Setting, String> {
    let read = || {
        let (name, value) = text.split_once('=')?;
        let (section, key) = name.split_once('.')?;
        Some((section.to_owned(), key.to_owned(), value.to_owned()))
    };
    read().ok_or_else(|| "must be SECTION.KEY=VALUE".to_owned())
}

/// A running server with everything in place.
pub struct Stage {
    /// Where it listens.
    pub address: SocketAddr,
    /// The tenant whose they are.
    pub tenant: TenantId,
    /// The devices.
    pub devices: Vec<Sender>,
    /// Their drivers, in the same order, where the plan says so.
    pub drivers: Vec<DriverId>,
    /// An API key of an admin.
    pub token: String,
    /// The server itself.
    pub app: App,
    heard: Arc<AtomicU64>,
}

const ADMIN: FirstAdmin<'static> = FirstAdmin { email: "bench@tracklane.local", password: None };
/// Radius of a zone, in degrees of latitude: about 200 metres.
const ZONE_DEGREES: f64 = 0.0018;
/// How many records are written at once.
const AT_ONCE: usize = 1_024;
/// Corners of a zone.
const CORNERS: usize = 8;

impl Stage {
    /// Makes the records directly in the store, then starts the server on them.
    ///
    /// # Errors
    /// When the store or the server does not start.
    pub async fn set(global: &Global, plan: &StagePlan) -> anyhow::Result<Self> {
        let text = |value: &str| Some(value.to_owned());
        let mut settings = vec![
            ("--data", "server", "data", Some(plan.data.display().to_string())),
            ("bench", "server", "listen", text("127.0.0.1:0")),
            ("bench", "store", "url", text("")),
            ("bench", "limits", "requests_per_minute", text("0")),
            ("bench", "limits", "positions_per_second", text("0")),
        ];
        settings.extend(
            plan.settings.iter().map(|(section, key, value)| ("bench", section.as_str(), key.as_str(), text(value))),
        );
        let settings = super::super::settings(global, &settings)?;
        let env = crate::env::real();
        let (tenant, mut devices, drivers) = fill(&settings, plan, &env).await?;
        let mut history = settings.history.settings();
        history.sync_delay = plan.sync_delay;
        let app = App::start_with(&settings, history, env, ADMIN).await?;
        let key = NewApiKey {
            name: "Bench".to_owned(),
            role: Role::Admin,
            scopes: Vec::new(),
            driver_id: None,
            customer_id: None,
            device_id: None,
            requests_per_minute: None,
            expires_at: None,
        };
        let caller = Caller::system(tenant);
        let token = app.engine.access.create_api_key(&caller, key).await?.secret;
        if plan.credentials {
            for device in &mut devices {
                device.secret = app.engine.access.set_device_credential(&caller, device.id).await?;
            }
        }
        let heard = Arc::new(AtomicU64::new(0));
        listen(&app, &token, heard.clone()).await?;
        Ok(Self { address: app.address, tenant, devices, drivers, token, app, heard })
    }

    /// Zones entered and left so far.
    pub fn crossings(&self) -> u64 {
        self.app.engine.tracking.stats().snapshot().crossings
    }

    /// Pieces that the live stream has sent so far.
    pub fn live_messages(&self) -> u64 {
        self.heard.load(Ordering::Relaxed)
    }

    /// Stops the server.
    pub async fn close(self) {
        if let Err(error) = self.app.stop().await {
            eprintln!("the server did not stop in order: {error:#}");
        }
    }
}

/// Thousands of records through the API would take longer than the measurement: they go into the store in transactions.
async fn fill(
    settings: &Settings,
    plan: &StagePlan,
    env: &Env,
) -> anyhow::Result<(TenantId, Vec<Sender>, Vec<DriverId>)> {
    let offline = crate::app::offline(settings, env.clone()).await?;
    let first = offline.access.bootstrap(ADMIN.email, ADMIN.password).await?;
    let tenant = first.context("the data folder is in use: choose an empty one")?.tenant.id;
    let store = Store::open(&settings.store_url()).await?;
    let mut tx = store.begin(Scope::Tenant(tenant)).await?;
    let mut rng = Random(7);
    for number in 0..plan.zones {
        zones::insert(&mut tx, &zone(tenant, number, &mut rng, env)).await?;
    }
    let (mut senders, mut ids) = (Vec::with_capacity(plan.devices), Vec::new());
    let mut records = Vec::new();
    for number in 0..plan.devices {
        let mut device = device(tenant, number, env);
        if plan.drivers {
            let driver = driver(tenant, number, env);
            drivers::insert(&mut tx, &driver).await?;
            device.driver_id = Some(driver.id);
        }
        records.push(device.clone());
        if records.len() == AT_ONCE || number + 1 == plan.devices {
            devices::insert_many(&mut tx, &std::mem::take(&mut records)).await?;
        }
        senders.push(Sender { id: device.id, identifier: device.identifier, secret: String::new() });
        ids.extend(device.driver_id);
    }
    tx.commit().await?;
    store.close().await;
    Ok((tenant, senders, ids))
}

/// The middles of the first zones of every stage.
pub fn zone_centers(count: usize) -> Vec<Point> {
    let mut rng = Random(7);
    (0..count).map(|_| center(&mut rng)).collect()
}

fn center(rng: &mut Random) -> Point {
    Point { lat: SOUTH_WEST.lat + rng.unit() * SIDE_DEGREES, lon: SOUTH_WEST.lon + rng.unit() * SIDE_DEGREES }
}

fn zone(tenant_id: TenantId, number: usize, rng: &mut Random, env: &Env) -> Zone {
    let Point { lat, lon } = center(rng);
    let corner = |corner: usize| {
        let angle = std::f64::consts::TAU * (corner % CORNERS) as f64 / CORNERS as f64;
        let east = ZONE_DEGREES * angle.cos() / lat.to_radians().cos();
        json!([lon + east, lat + ZONE_DEGREES * angle.sin()])
    };
    let ring: Vec<_> = (0..=CORNERS).map(corner).collect();
    Zone {
        id: ZoneId::new(env),
        tenant_id,
        reference: None,
        name: format!("Zone {number}"),
        kind: ZoneKind::Custom,
        location_id: None,
        geometry: json!({ "type": "Polygon", "coordinates": [ring] }),
        radius_m: None,
        width_m: None,
        rules: None,
        schedule: None,
        speed_limit: None,
        created_at: env.now(),
        updated_at: env.now(),
        version: 1,
    }
}

fn device(tenant_id: TenantId, number: usize, env: &Env) -> Device {
    Device {
        id: DeviceId::new(env),
        tenant_id,
        identifier: format!("bench{number}"),
        name: format!("Device {number}"),
        driver_id: None,
        vehicle_id: None,
        max_speed_mps: None,
        disabled: false,
        has_credential: false,
        created_at: env.now(),
        updated_at: env.now(),
        version: 1,
    }
}

fn driver(tenant_id: TenantId, number: usize, env: &Env) -> Driver {
    Driver {
        id: DriverId::new(env),
        tenant_id,
        reference: None,
        name: format!("Driver {number}"),
        phone: None,
        duty: DutyState::OnDuty,
        vehicle_id: None,
        created_at: env.now(),
        updated_at: env.now(),
        version: 1,
    }
}

/// Reads the live stream of a map that shows a hundredth of the area, as a dispatcher's browser would.
async fn listen(app: &App, token: &str, heard: Arc<AtomicU64>) -> anyhow::Result<()> {
    let [west, south] = [SOUTH_WEST.lon, SOUTH_WEST.lat].map(|edge| edge + 0.45 * SIDE_DEGREES);
    let side = 0.1 * SIDE_DEGREES;
    let viewport = format!("{west},{south},{},{}", west + side, south + side);
    let response = crate::env::streaming_client()?
        .get(format!("http://{}/v1/live/sse", app.address))
        .query(&[("viewport", viewport)])
        .bearer_auth(token)
        .send()
        .await?
        .error_for_status()?;
    tokio::spawn(async move {
        let mut stream = response.bytes_stream();
        while let Some(Ok(_)) = stream.next().await {
            heard.fetch_add(1, Ordering::Relaxed);
        }
    });
    Ok(())
}
