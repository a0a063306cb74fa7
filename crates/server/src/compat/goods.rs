//! What deliveries and orders have in common: who they are for, from where to where, by whom and until when. Both systems
//! say the same in words of their own, so a macro writes the bodies of each, and the way to a shipment of ours and back.

use serde::{Deserialize, Serialize};
use tracklane_core::model::Address;
use tracklane_engine::records::NewCustomer;

/// Who something is for, as a new customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewParty {
    /// Name, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Phone number, E.164; `contact` is a synonym.
    #[serde(default, alias = "contact")]
    #[schema(pattern = r"^\+[1-9][0-9]{6,14}$")]
    pub phone: Option<String>,
    /// E-mail address.
    #[serde(default)]
    #[schema(max_length = 254, pattern = r"^[^@\s]+@[^@\s.]([^@\s]*[^@\s.])?$")]
    pub email: Option<String>,
    /// Address as one line.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500)]
    pub address: Option<String>,
}

impl From<NewParty> for NewCustomer {
    fn from(customer: NewParty) -> Self {
        Self {
            reference: None,
            name: customer.name,
            email: customer.email,
            phone: customer.phone,
            language: None,
            address: Address { line1: customer.address, ..Address::default() },
        }
    }
}

/// Their names of our fields, where both systems have a field: the words as they write them.
macro_rules! goods_names {
    ($recipient_id:literal $driver:literal $origin:literal $origin_point:literal $destination:literal
     $destination_point:literal $eta:literal, $($more:tt)*) => {
        &[
            ("/recipient_id", $recipient_id),
            ("/recipient", "/customer"),
            ("/origin/address/point/lat", concat!($origin_point, "/latitude")),
            ("/origin/address/point/lon", concat!($origin_point, "/longitude")),
            ("/origin", $origin),
            ("/destination/address/point/lat", concat!($destination_point, "/latitude")),
            ("/destination/address/point/lon", concat!($destination_point, "/longitude")),
            ("/destination", $destination),
            ("/legs/0/driver_id", $driver),
            ("/driver_id", $driver),
            ("/eta_to", $eta),
            $($more)*
        ]
    };
}

/// Writes the body that makes something: `$reference` and `$driver` are their names of ours, each with a synonym.
macro_rules! new_goods {
    (
        $(#[$about:meta])* $Name:ident in $case:tt,
        reference $reference:ident or $reference_too:literal, driver $driver:ident or $driver_too:literal,
        $($(#[$note:meta])* $field:ident: $Type:ty,)*
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Default, PartialEq, serde::Deserialize, utoipa::ToSchema)]
        #[serde(default, rename_all = $case, deny_unknown_fields)]
        pub struct $Name {
            /// The caller's own reference, by which it can be read too; there is a synonym.
            #[serde(alias = $reference_too)]
            #[schema(min_length = 1, max_length = 100)]
            pub $reference: Option<String>,
            /// Who it is for; customers leave it out or name themselves.
            pub customer_id: Option<tracklane_core::id::CustomerId>,
            /// Who it is for, as a new customer.
            pub customer: Option<super::goods::NewParty>,
            /// Who brings it; there is a synonym.
            #[serde(alias = $driver_too)]
            pub $driver: Option<tracklane_core::id::DriverId>,
            /// From where, as one line.
            #[schema(min_length = 1, max_length = 500)]
            pub pickup_address: Option<String>,
            /// From where.
            pub pickup_location: Option<super::places::Coordinates>,
            /// To where, as one line; `address` is a synonym.
            #[serde(alias = "address")]
            #[schema(min_length = 1, max_length = 500)]
            pub delivery_address: Option<String>,
            /// To where; `location` is a synonym.
            #[serde(alias = "location")]
            pub delivery_location: Option<super::places::Coordinates>,
            /// Up to when it is promised.
            pub estimated_delivery: Option<tracklane_core::Timestamp>,
            $($(#[$note])* pub $field: $Type,)*
        }

        impl $Name {
            /// The shipment that it describes, as far as both systems do.
            fn to_shipment(&self) -> tracklane_engine::shipments::NewShipment {
                use super::places::location;
                tracklane_engine::shipments::NewShipment {
                    reference: self.$reference.clone(),
                    recipient_id: self.customer_id,
                    recipient: self.customer.clone().map(Into::into),
                    origin: location(self.pickup_address.clone(), self.pickup_location, "Pick-up"),
                    destination: location(self.delivery_address.clone(), self.delivery_location, "Delivery"),
                    driver_id: self.$driver,
                    eta_to: self.estimated_delivery,
                    ..Default::default()
                }
            }
        }
    };
}

/// Writes the body that shows something.
macro_rules! shown_goods {
    (
        $(#[$about:meta])* $Name:ident in $case:tt, words of $tongue:expr,
        reference $reference:ident, driver $driver:ident,
        $($(#[$note:meta])* $field:ident: $Type:ty = $of:expr,)*
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
        #[serde(rename_all = $case)]
        pub struct $Name {
            /// Its id.
            pub id: tracklane_core::id::ShipmentId,
            /// The caller's own reference.
            pub $reference: Option<String>,
            /// Who it is for.
            pub customer_id: Option<tracklane_core::id::CustomerId>,
            /// Who brings it; customers are not told.
            pub $driver: Option<tracklane_core::id::DriverId>,
            /// `pending` or `placed`, `assigned`, `picked_up`, `in_transit`, `out_for_delivery`, `delivered`, `failed`,
            /// `cancelled`, or another word of ours.
            pub status: &'static str,
            /// From where, as one line; not in lists.
            pub pickup_address: Option<String>,
            /// From where; not in lists.
            pub pickup_location: Option<super::places::Coordinates>,
            /// To where, as one line; not in lists.
            pub delivery_address: Option<String>,
            /// To where; not in lists.
            pub delivery_location: Option<super::places::Coordinates>,
            /// Up to when it is promised.
            pub estimated_delivery: Option<tracklane_core::Timestamp>,
            /// When it was delivered.
            pub delivered_at: Option<tracklane_core::Timestamp>,
            /// When it was made.
            pub created_at: tracklane_core::Timestamp,
            /// When it was last changed.
            pub updated_at: tracklane_core::Timestamp,
            $($(#[$note])* pub $field: $Type,)*
        }

        impl From<&tracklane_core::model::Shipment> for $Name {
            fn from(shipment: &tracklane_core::model::Shipment) -> Self {
                Self {
                    id: shipment.id,
                    $reference: shipment.reference.clone(),
                    customer_id: shipment.recipient_id.or(shipment.sender_id),
                    $driver: shipment.driver_id,
                    status: $tongue.say(shipment.status),
                    pickup_address: None,
                    pickup_location: None,
                    delivery_address: None,
                    delivery_location: None,
                    estimated_delivery: shipment.eta_to,
                    delivered_at: shipment.delivered_at,
                    created_at: shipment.created_at,
                    updated_at: shipment.updated_at,
                    $($field: $of(shipment),)*
                }
            }
        }

        impl From<&tracklane_engine::shipments::ShipmentDetail> for $Name {
            fn from(detail: &tracklane_engine::shipments::ShipmentDetail) -> Self {
                use super::places::{line, point};
                let (origin, destination) = (detail.origin.as_ref(), detail.destination.as_ref());
                Self {
                    pickup_address: origin.map(line),
                    pickup_location: origin.and_then(point),
                    delivery_address: destination.map(line),
                    delivery_location: destination.and_then(point),
                    ..Self::from(&detail.shipment)
                }
            }
        }
    };
}
pub(super) use {goods_names, new_goods, shown_goods};
