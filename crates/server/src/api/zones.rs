//! Geofences.

use serde::Deserialize;
use tracklane_core::id::{LocationId, ZoneId};
use tracklane_core::model::{Zone, ZoneKind};
use tracklane_engine::records::{NewZone, ZoneFilter};

use crate::paging::list_query;

/// Which zones are asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ZonesQuery {
    /// Of this kind.
    kind: Option<ZoneKind>,
    /// Around this location.
    location_id: Option<LocationId>,
    /// With this reference.
    reference: Option<String>,
    /// Whose name or reference contains this text, in any case.
    q: Option<String>,
    /// Entries per page; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}
list_query!(ZonesQuery);

impl ZonesQuery {
    fn filter(&self) -> ZoneFilter {
        ZoneFilter {
            kind: self.kind,
            location_id: self.location_id,
            reference: self.reference.clone(),
            name: None,
            q: self.q.clone(),
        }
    }
}

crud! {
    zones of Zone, made from NewZone, named by ZoneId, listed by ZonesQuery,
    under "/v1/zones" and "/v1/zones/{id}", tag "Zones", called "zone" and "zones",
    read with ZonesRead "zones:read", written with ZonesWrite "zones:write"
}
