//! Senders and recipients.

use serde::{Deserialize, Serialize};

use crate::id::{CustomerId, TenantId};
use crate::position::Point;
use crate::time::Timestamp;

/// A postal address with, where somebody measured or confirmed it, its point.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Address {
    /// Street and number, or the whole address as one line.
    #[schema(min_length = 1, max_length = 500)]
    pub line1: Option<String>,
    /// Flat, floor, company.
    #[schema(min_length = 1, max_length = 500)]
    pub line2: Option<String>,
    /// City.
    #[schema(min_length = 1, max_length = 200)]
    pub city: Option<String>,
    /// State or region.
    #[schema(min_length = 1, max_length = 200)]
    pub state: Option<String>,
    /// Postal code.
    #[schema(min_length = 1, max_length = 20)]
    pub postal_code: Option<String>,
    /// Country, ISO 3166-1 alpha-2, upper case.
    #[schema(pattern = "^[A-Z]{2}$")]
    pub country: Option<String>,
    /// The point; never made up from the city.
    pub point: Option<Point>,
}

/// A sender or recipient.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Customer {
    /// Their id.
    pub id: CustomerId,
    /// Their tenant.
    pub tenant_id: TenantId,
    /// The tenant's own reference, unique in the tenant.
    pub reference: Option<String>,
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Phone number, E.164.
    pub phone: Option<String>,
    /// Language for messages, BCP 47.
    pub language: Option<String>,
    /// Address.
    pub address: Address,
    /// When the record was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Grows with each write.
    pub version: i64,
}

impl Customer {
    /// The first word of the name: all that a public tracking page shows.
    pub fn first_name(&self) -> &str {
        self.name.split_whitespace().next().unwrap_or_default()
    }
}
