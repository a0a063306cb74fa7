//! What hears devices beside the server, as the server shows it.

use std::sync::Arc;

use tracklane_gateway::{Counts, Gateway};
use tracklane_server::beside::{Beside, DeviceCounts};

/// The gateway, as the server shows it.
pub struct DevicesBeside(pub Arc<Gateway>);

impl Beside for DevicesBeside {
    fn health(&self) -> Vec<(&'static str, Option<String>)> {
        self.0.broker_health().into_iter().map(|health| ("mqtt", health.err())).collect()
    }

    fn counts(&self) -> Vec<DeviceCounts> {
        let shown = |counts: Counts| DeviceCounts {
            protocol: counts.protocol,
            connections: counts.open,
            messages: counts.messages.iter().map(|(outcome, count)| (outcome.as_str(), *count)).collect(),
            endings: counts.endings.iter().map(|(ending, count)| (ending.as_str(), *count)).collect(),
        };
        self.0.counts().into_iter().map(shown).collect()
    }
}
