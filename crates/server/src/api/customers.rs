//! Senders and recipients.

use serde::Deserialize;
use tracklane_core::id::CustomerId;
use tracklane_core::model::Customer;
use tracklane_engine::records::{CustomerFilter, NewCustomer};

use crate::paging::list_query;

/// Which customers are asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CustomersQuery {
    /// With exactly this reference.
    reference: Option<String>,
    /// With this e-mail address, in any case.
    email: Option<String>,
    /// Whose name or reference contains this text, in any case.
    q: Option<String>,
    /// Entries per page; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}
list_query!(CustomersQuery);

impl CustomersQuery {
    fn filter(&self) -> CustomerFilter {
        CustomerFilter { reference: self.reference.clone(), email: self.email.clone(), q: self.q.clone() }
    }
}

crud! {
    customers of Customer, made from NewCustomer, named by CustomerId, listed by CustomersQuery,
    under "/v1/customers" and "/v1/customers/{id}", tag "Customers", called "customer" and "customers",
    read with CustomersRead "customers:read", written with CustomersWrite "customers:write"
}
