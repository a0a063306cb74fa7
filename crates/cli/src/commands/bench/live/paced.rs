//! Very many subscribers, each to its own driver, while positions come at half of the rate that the server takes.

use std::sync::Arc;
use std::time::Duration;

use super::subscribers::{Plan, Subscribers};
use super::{LiveArgs, wants_positions};
use crate::commands::bench::load::fleet::{SIDE_DEGREES, SOUTH_WEST};
use crate::commands::bench::machine;
use crate::commands::bench::report::Figure;
use crate::commands::bench::requests::{Requests, post};
use crate::commands::bench::rounds::{Halves, Sample, apart};
use crate::commands::bench::stage::Stage;

/// Connections that positions come over.
const CONNECTIONS: usize = 64;
/// How long it is tried what the server takes.
const TRIAL: Duration = Duration::from_secs(2);
/// How long messages may be under way when no more are sent.
const SETTLE: Duration = Duration::from_millis(500);
/// Degrees of latitude that a device goes between two fixes: about two metres.
const STEP_DEGREES: f64 = 0.000_02;

/// The figures.
///
/// # Errors
/// When subscribers do not start, or a position is not accepted.
pub async fn figures(args: &LiveArgs, stage: &Stage) -> anyhow::Result<Vec<Figure>> {
    let requests = positions(stage);
    let taken = ceiling(&requests).await?;
    let pace = args.pace.map_or(taken / 2.0, |pace| pace.max(1.0));
    let before = machine::resident_bytes();
    let plan = Plan {
        server: stage.address,
        path: "/v1/live".to_owned(),
        token: stage.token.clone(),
        say: stage.drivers.iter().map(|driver| wants_positions(Some(*driver))).collect(),
        count: args.many as usize,
        deaf: 0,
        timed: true,
    };
    let mut subscribers = Subscribers::start(&plan).await?;
    let each = machine::resident_bytes().saturating_sub(before) as f64 / f64::from(args.many);
    eprintln!("{} subscribers take {each:.0} bytes each; {pace:.0} positions per second", args.many);
    let requests = requests.paced(pace);
    let (mut times, mut rates) = (Halves::default(), Halves::default());
    let (mut sent, mut heard) = (0, 0);
    for round in 1..=args.rounds.rounds {
        subscribers.begin().await?;
        let (requests, lasts) = (requests.clone(), args.rounds.lasts());
        let driven = apart(move || async move { requests.round(lasts).await }).await?;
        tokio::time::sleep(SETTLE).await;
        let told = subscribers.tell().await?;
        let took = told.histogram()?;
        sent += driven.count;
        heard += told.messages;
        let p99_ms = took.value_at_quantile(0.99) as f64 / 1e3;
        eprintln!("paced, round {round}: {:.0} positions/s, heard after {p99_ms:.1} ms in 99 of 100", driven.value);
        times.measured.push(Sample { value: p99_ms, count: told.messages, times: Some(took), busy_seconds: None });
        rates.measured.push(driven);
    }
    let with = |figure: Figure| figure.with("subscribers", args.many).with("pace", pace.round());
    let memory = Halves { floor: Vec::new(), measured: vec![Sample::of(each)] };
    Ok(vec![
        with(Figure::of("paced", "ms", "", "from the fix to its subscriber, 99 of 100", &times)?)
            .against([41])
            .counting("positions", sent)
            .counting("heard", heard),
        with(Figure::of("paced_rate", "positions/s", "", "positions taken meanwhile", &rates)?),
        with(Figure::of("subscriber", "bytes", "", "memory of a subscriber", &memory)?),
    ])
}

/// How many positions per second the server takes while few listen. The devices come to their places meanwhile.
async fn ceiling(requests: &Requests) -> anyhow::Result<f64> {
    let requests = requests.clone();
    Ok(apart(move || async move { requests.round(TRIAL).await }).await?.value)
}

/// Positions of all devices in turn, each with the present instant as its time.
fn positions(stage: &Stage) -> Requests {
    let (env, token) = (crate::env::real(), stage.token.clone());
    let devices: Arc<[_]> = stage.devices.iter().map(|device| device.id.to_string()).collect();
    let write = move |number: u64, buffer: &mut Vec<u8>| {
        let (index, visit) = (number as usize % devices.len(), number / devices.len() as u64);
        let lon = SOUTH_WEST.lon + SIDE_DEGREES * index as f64 / devices.len() as f64;
        let lat = SOUTH_WEST.lat + visit as f64 * STEP_DEGREES;
        let body = format!(
            r#"{{"device":"{}","fix_time":"{:.6}","lat":{lat:.7},"lon":{lon:.7},"speed_mps":15.0,"course_deg":0.0,"accuracy_m":5.0}}"#,
            devices[index],
            env.now(),
        );
        post(buffer, "/v1/positions", &token, body.as_bytes());
    };
    Requests::new(stage.address, CONNECTIONS, 202, write)
}
