//! `tracklane admin`: what the owner of the machine may do without a login. Works on the store directly, with or without a
//! running server; a running one sees a change after `access.cache_seconds` at the latest.

mod backup;

use std::io::Read;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::json;
use tracklane_core::model::{Caller, Role, Tenant, TenantSettings};
use tracklane_core::time::Env;
use tracklane_engine::Offline;
use tracklane_engine::access::{NewApiKey, NewUser};
use tracklane_engine::records::NewTenant;
use tracklane_store::{Page, Scope, tenants, users};

use crate::args::Global;
use crate::exit::{NotFound, Usage};
use crate::output::{self, Format};

/// Manage an installation from its own machine, without a login.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tracklane admin create-key --name 'Web shop' --role operator
  tracklane admin reset-password admin@example.com
  tracklane admin create-tenant --name 'Second Company' --slug second --admin boss@second.example
  tracklane admin backup /var/backups/tracklane/monday")]
pub struct AdminArgs {
    /// The data folder.
    #[arg(long, global = true, value_name = "FOLDER")]
    data: Option<PathBuf>,
    #[command(subcommand)]
    command: AdminCommand,
}

#[derive(Debug, Subcommand)]
enum AdminCommand {
    /// Make a tenant.
    CreateTenant {
        /// Its name, shown on tracking pages.
        #[arg(long)]
        name: String,
        /// Its short name: lower-case letters, digits and hyphens.
        #[arg(long)]
        slug: String,
        /// Make an admin with this e-mail address, too.
        #[arg(long, value_name = "EMAIL")]
        admin: Option<String>,
    },
    /// Make a user.
    CreateUser {
        /// What they log in with.
        #[arg(long)]
        email: String,
        /// Their name.
        #[arg(long)]
        name: String,
        /// admin, operator or viewer.
        #[arg(long, default_value = "operator")]
        role: Role,
        /// The short name of their tenant.
        #[arg(long, default_value = "default", value_name = "SLUG")]
        tenant: String,
        /// Read the password from standard input; otherwise one is made up and printed.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Give a user a new password and end their sessions.
    ResetPassword {
        /// What they log in with.
        email: String,
        /// Read the password from standard input; otherwise one is made up and printed.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Make an API key. It is printed once.
    CreateKey {
        /// What it is for.
        #[arg(long)]
        name: String,
        /// What it may do at most.
        #[arg(long, default_value = "operator")]
        role: Role,
        /// What it may do of that, such as shipments:read; may repeat.
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// Requests per minute; the installation's default when left out.
        #[arg(long, value_name = "N")]
        requests_per_minute: Option<u32>,
        /// The short name of its tenant.
        #[arg(long, default_value = "default", value_name = "SLUG")]
        tenant: String,
    },
    /// Copy records, positions and the master key to a new folder, while the server runs or not.
    ///
    /// The copy is a data folder of its own: start a server on it to restore.
    Backup {
        /// The folder to make.
        folder: PathBuf,
    },
    /// Sign new logins with a new key; those made before go on until they expire.
    RotateSigningKey,
}

/// Runs the sub-command.
///
/// # Errors
/// As the engine answers.
pub async fn run(global: &Global, args: AdminArgs) -> anyhow::Result<()> {
    let data = args.data.map(|path| path.display().to_string());
    let settings = super::settings(global, &[("--data", "server", "data", data)])?;
    if let AdminCommand::Backup { folder } = &args.command {
        // The records are copied, not opened: they may be those of an older program.
        return backup::run(global, &settings, folder).await;
    }
    let env = crate::env::real();
    let offline = crate::app::offline(&settings, env.clone()).await?;
    let admin = Admin { offline, env, output: global.output };
    match args.command {
        AdminCommand::CreateTenant { name, slug, admin: email } => admin.create_tenant(name, slug, email).await,
        AdminCommand::CreateUser { email, name, role, tenant, password_stdin } => {
            let password = admin.password(password_stdin)?;
            admin.create_user(&admin.tenant(&tenant).await?, email, name, role, password).await
        }
        AdminCommand::ResetPassword { email, password_stdin } => {
            let password = admin.password(password_stdin)?;
            admin.reset_password(&email, password).await
        }
        AdminCommand::CreateKey { name, role, scopes, requests_per_minute, tenant } => {
            let tenant = admin.tenant(&tenant).await?;
            let key = NewApiKey {
                name,
                role,
                scopes,
                driver_id: None,
                customer_id: None,
                device_id: None,
                requests_per_minute,
                expires_at: None,
            };
            let made = admin.offline.access.create_api_key(&Caller::system(tenant.id), key).await?;
            admin.say(&made, &made.secret)
        }
        AdminCommand::Backup { .. } => Ok(()),
        AdminCommand::RotateSigningKey => {
            admin.offline.access.rotate_signing_key().await?;
            admin.say(&json!({ "rotated": true }), "new logins are signed with a new key")
        }
    }
}

struct Admin {
    offline: Offline,
    env: Env,
    output: Format,
}

impl Admin {
    fn say<T: Serialize>(&self, value: &T, text: &str) -> anyhow::Result<()> {
        match self.output {
            Format::Json => output::json(value),
            Format::Table => output::line(text),
        }
    }

    /// A password from standard input, or one made up: 20 characters that are easy to read out, 100 bits.
    fn password(&self, from_stdin: bool) -> anyhow::Result<String> {
        if !from_stdin {
            const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
            let bytes = self.env.random::<20>();
            return Ok(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect());
        }
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("failed to read the password")?;
        let password = text.trim_end_matches(['\r', '\n']);
        if password.is_empty() {
            Err(Usage("no password on standard input".to_owned()).into())
        } else {
            Ok(password.to_owned())
        }
    }

    async fn tenant(&self, slug: &str) -> anyhow::Result<Tenant> {
        let mut db = self.offline.base.store.read(Scope::System).await?;
        let found = tenants::find_by_slug_any_tenant(&mut db, slug).await?;
        Ok(found.ok_or_else(|| NotFound(format!("there is no tenant {slug:?}")))?)
    }

    async fn create_tenant(&self, name: String, slug: String, email: Option<String>) -> anyhow::Result<()> {
        let mut db = self.offline.base.store.read(Scope::System).await?;
        let first = tenants::list_any_tenant(&mut db, Page::first(1)).await?.items.pop();
        drop(db);
        let first = first.ok_or_else(|| NotFound("there is no tenant yet: start the server once".to_owned()))?;
        let input = NewTenant { name, slug, settings: TenantSettings::default() };
        let tenant = self.offline.records.tenants.create(&Caller::system(first.id), input).await?;
        self.say(&tenant, &format!("tenant {} ({})", tenant.slug, tenant.id))?;
        match email {
            Some(email) => {
                self.create_user(&tenant, email, "Admin".to_owned(), Role::Admin, self.password(false)?).await
            }
            None => Ok(()),
        }
    }

    async fn create_user(
        &self,
        tenant: &Tenant,
        email: String,
        name: String,
        role: Role,
        password: String,
    ) -> anyhow::Result<()> {
        let new = NewUser {
            email,
            name,
            role,
            driver_id: None,
            customer_id: None,
            disabled: false,
            password: Some(password.clone()),
        };
        let user = self.offline.access.create_user(&Caller::system(tenant.id), new).await?;
        self.say(&json!({ "user": user, "password": password }), &format!("{}  {password}", user.email))
    }

    async fn reset_password(&self, email: &str, password: String) -> anyhow::Result<()> {
        let mut db = self.offline.base.store.read(Scope::System).await?;
        let found = users::find_by_email_any_tenant(&mut db, &email.to_lowercase()).await?;
        drop(db);
        let (user, _) = found.ok_or_else(|| NotFound(format!("there is no user {email:?}")))?;
        let new = NewUser { password: Some(password.clone()), ..NewUser::from(&user) };
        let caller = Caller::system(user.tenant_id);
        let user = self.offline.access.update_user(&caller, user.id, user.version, new).await?;
        self.say(&json!({ "user": user, "password": password }), &format!("{}  {password}", user.email))
    }
}
