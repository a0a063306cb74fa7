//! TLS to the broker.

use std::sync::Arc;

use rumqttc::TlsConfiguration;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// TLS that believes the certificates of a file, or those that the system believes.
///
/// # Errors
/// What cannot be read, in words.
pub(super) fn configuration(ca_file: &str) -> Result<TlsConfiguration, String> {
    let mut roots = RootCertStore::empty();
    if ca_file.is_empty() {
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            return Err("the system has no certificates; name some by ca_file".to_owned());
        }
    } else {
        let failed = |error: &dyn std::fmt::Display| format!("failed to read ca_file {ca_file}: {error}");
        for certificate in CertificateDer::pem_file_iter(ca_file).map_err(|error| failed(&error))? {
            let certificate = certificate.map_err(|error| failed(&error))?;
            roots.add(certificate).map_err(|error| failed(&error))?;
        }
        if roots.is_empty() {
            return Err(failed(&"it holds no certificate"));
        }
    }
    let builder =
        ClientConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?;
    Ok(TlsConfiguration::Rustls(Arc::new(builder.with_root_certificates(roots).with_no_client_auth())))
}
