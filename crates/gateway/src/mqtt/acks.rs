//! Acknowledgements on their way to the broker.

use std::collections::VecDeque;

use rumqttc::{AsyncClient, Publish, QoS};

use super::broker::Heard;

/// How many requests may be on their way to the connection.
pub(super) const CHANNEL: usize = 2_048;

/// Acknowledgements that wait for room on the way to the connection, in the order of their messages.
#[derive(Default)]
pub(super) struct Acks(VecDeque<(u64, Publish)>);

impl Acks {
    /// Adds those of messages that need not come again.
    pub fn add(&mut self, heard: &[Heard]) {
        // Messages of QoS 0 want none.
        let wanted = heard.iter().filter(|heard| heard.publish.qos != QoS::AtMostOnce);
        self.0.extend(wanted.map(|heard| {
            let mut ack = Publish::new(String::new(), heard.publish.qos, Vec::new());
            ack.pkid = heard.publish.pkid;
            (heard.connection, ack)
        }));
    }

    /// Sends what there is room for. What came in an earlier connection is not acknowledged in this one: the broker has
    /// sent it again, perhaps under another number.
    pub fn send(&mut self, client: &AsyncClient, connection: u64) {
        while let Some((of, ack)) = self.0.front() {
            if *of == connection && client.try_ack(ack).is_err() {
                return;
            }
            self.0.pop_front();
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
