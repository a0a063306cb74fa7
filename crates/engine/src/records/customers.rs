//! Senders and recipients.

use serde::{Deserialize, Serialize};
use tracklane_core::id::CustomerId;
use tracklane_core::model::{Address, Caller, Customer, Role};
use tracklane_core::{Env, Invalid};
use tracklane_store::Db;

use super::book::{Record, stored_in};
use crate::base::Base;
use crate::check;
use crate::error::{Error, Result};

/// What a tenant says about a customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCustomer {
    /// The tenant's own reference, unique in the tenant, 1 to 100 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    pub reference: Option<String>,
    /// Name, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// E-mail address.
    #[serde(default)]
    #[schema(max_length = 254, pattern = r"^[^@\s]+@[^@\s.]([^@\s]*[^@\s.])?$")]
    pub email: Option<String>,
    /// Phone number, E.164.
    #[serde(default)]
    #[schema(pattern = r"^\+[1-9][0-9]{6,14}$")]
    pub phone: Option<String>,
    /// Language for messages, BCP 47.
    #[serde(default)]
    #[schema(max_length = 35, pattern = "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")]
    pub language: Option<String>,
    /// Address.
    #[serde(default)]
    pub address: Address,
}

impl From<&Customer> for NewCustomer {
    fn from(customer: &Customer) -> Self {
        Self {
            reference: customer.reference.clone(),
            name: customer.name.clone(),
            email: customer.email.clone(),
            phone: customer.phone.clone(),
            language: customer.language.clone(),
            address: customer.address.clone(),
        }
    }
}

impl NewCustomer {
    /// Checks every field.
    ///
    /// # Errors
    /// Names each field that breaks its rule.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        check::reference(&mut invalid, self.reference.as_deref());
        check::name(&mut invalid, &self.name);
        if let Some(email) = &self.email {
            check::email(&mut invalid, "/email", email);
        }
        if let Some(phone) = &self.phone {
            check::phone(&mut invalid, "/phone", phone);
        }
        if let Some(language) = &self.language {
            check::language(&mut invalid, "/language", language);
        }
        check::address(&mut invalid, "/address", &self.address);
        invalid.into_result()
    }
}

impl Record for Customer {
    const WORD: &'static str = "customer";
    type Id = CustomerId;
    type Input = NewCustomer;

    stored_in!(customers, CustomerFilter);

    fn check(input: &NewCustomer) -> Result<(), Invalid> {
        input.check()
    }

    fn build(input: NewCustomer, caller: &Caller, env: &Env) -> Self {
        let now = env.now();
        Self {
            id: CustomerId::new(env),
            tenant_id: caller.tenant_id,
            reference: input.reference,
            name: input.name,
            email: input.email,
            phone: input.phone,
            language: input.language,
            address: input.address,
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }

    fn revise(&mut self, input: NewCustomer, env: &Env) {
        let NewCustomer { reference, name, email, phone, language, address } = input;
        (self.reference, self.name, self.email, self.phone) = (reference, name, email, phone);
        (self.language, self.address) = (language, address);
        self.updated_at = env.now();
    }

    fn own_of(caller: &Caller) -> Result<Option<CustomerId>> {
        match caller.role {
            Role::Admin | Role::Operator | Role::Viewer => Ok(None),
            Role::Customer => caller.customer_id.map(Some).ok_or(Error::Forbidden),
            Role::Driver | Role::Device => Err(Error::Forbidden),
        }
    }

    async fn check_references(&self, _: &mut Db) -> Result<()> {
        Ok(())
    }

    fn remember(_: &Base, _: Option<&Self>, _: Option<&Self>) {}
}
