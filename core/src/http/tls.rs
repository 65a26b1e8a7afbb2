//! Decides which certificates are trusted; docs/decisions/0001-tls.md explains the choices.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{VerifierBuilderError, WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{self, CryptoProvider};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};

use crate::config::certificate_file;
use crate::error::{Error, ErrorKind, Result, io_reason};

/// Returns the TLS settings, with the certificates of the system or those of `ca_bundle` alone.
pub(crate) fn client_config(ca_bundle: Option<&Path>) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let trusted = match ca_bundle {
        Some(path) => {
            let trusted = Trusted::new(from_bundle(path)?, &provider);
            TrustSource::Bundle(Arc::new(trusted.map_err(|error| unusable(&error))?))
        }
        None => {
            check_variables()?;
            TrustSource::System
        }
    };
    let verifier = Arc::new(Verifier { provider: Arc::clone(&provider), trusted });
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn unusable(error: &dyn std::fmt::Display) -> Error {
    config_error(format!("TLS cannot be set up: {error}."))
}

/// Trusted certificates, and the usual verifier with them.
struct Trusted {
    webpki: Arc<WebPkiServerVerifier>,
    /// The same certificates, whole.
    certificates: HashSet<CertificateDer<'static>>,
}

/// Certificates that were read.
struct Roots {
    store: RootCertStore,
    certificates: Vec<CertificateDer<'static>>,
}

impl Trusted {
    fn new(roots: Roots, provider: &Arc<CryptoProvider>) -> Result<Self, VerifierBuilderError> {
        let (store, provider) = (Arc::new(roots.store), Arc::clone(provider));
        let webpki = WebPkiServerVerifier::builder_with_provider(store, provider).build()?;
        Ok(Self { webpki, certificates: roots.certificates.into_iter().collect() })
    }
}

/// Which certificates a verifier trusts.
enum TrustSource {
    /// Those of the system, which are read for the first handshake: that takes some milliseconds, and
    /// a program that talks to a server on its own machine needs none.
    System,
    Bundle(Arc<Trusted>),
}

/// The usual verifier, which also accepts a server's certificate that is itself among the trusted
/// ones. `openssl req -x509` makes such certificates: self-signed and marked as an authority.
/// OpenSSL and curl accept them, webpki does not.
struct Verifier {
    provider: Arc<CryptoProvider>,
    trusted: TrustSource,
}

impl Verifier {
    fn trusted(&self) -> Result<&Trusted, rustls::Error> {
        match &self.trusted {
            TrustSource::Bundle(trusted) => Ok(trusted),
            TrustSource::System => system_certificates(&self.provider),
        }
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let trusted = self.trusted()?;
        let verified = trusted.webpki.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match verified {
            // webpki checks the dates of the certificate before this.
            Err(error)
                if is_authority_as_server(&error) && trusted.certificates.contains(end_entity) =>
            {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Returns whether a certificate was rejected only because it is one of an authority. rustls passes
/// this reason on as an opaque error.
fn is_authority_as_server(error: &rustls::Error) -> bool {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::Other(other)) => {
            other.to_string().contains("CaUsedAsEndEntity")
        }
        _ => false,
    }
}

/// Returns the explanation of a certificate error; `None` for any other error.
pub(super) fn explanation(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    // The HTTP libraries wrap it in I/O errors, which `source` skips.
    let mut error = error;
    while let Some(inner) = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref)
    {
        error = inner;
    }
    let error = error.downcast_ref::<rustls::Error>()?;
    if is_authority_as_server(error) {
        return Some(format!("the server's certificate is self-signed and not trusted. {ADD}"));
    }
    let rustls::Error::InvalidCertificate(problem) = error else { return None };
    Some(match problem {
        CertificateError::UnknownIssuer => {
            format!("the server's certificate comes from an issuer that is not trusted. {ADD}")
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the server's certificate has expired, or the clock of this machine is wrong".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the server's certificate is not valid yet, or the clock of this machine is wrong"
                .to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the server's certificate is for another host name".to_owned()
        }
        _ => return None,
    })
}

/// What to do about a certificate that is not trusted.
const ADD: &str = "If you trust it, set SSL_CERT_FILE or `ca_bundle` to a PEM file with it or with \
                   its issuer's certificate";

/// Returns the certificates of the system, which are read once per process, or Mozilla's if the
/// system has none.
fn system_certificates(provider: &Arc<CryptoProvider>) -> Result<&'static Trusted, rustls::Error> {
    static TRUSTED: OnceLock<Result<Trusted, String>> = OnceLock::new();
    let trusted = TRUSTED.get_or_init(|| {
        let found = rustls_native_certs::load_native_certs();
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(found.certs.iter().cloned());
        if store.is_empty() {
            tracing::debug!(
                errors = found.errors.len(),
                "no certificates found on this system; using the bundled ones"
            );
            store = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        }
        let roots = Roots { store, certificates: found.certs };
        Trusted::new(roots, provider).map_err(|error| error.to_string())
    });
    trusted.as_ref().map_err(|error| rustls::Error::General(error.clone()))
}

/// Returns an error if a variable names a certificate file that cannot be used. It is read once per
/// process.
fn check_variables() -> Result<()> {
    static CHECKED: OnceLock<Result<()>> = OnceLock::new();
    let check = || {
        let Some(path) = certificate_file() else { return Ok(()) };
        read_pem(&path).map(drop).map_err(|problem| {
            let path = path.display();
            config_error(format!("SSL_CERT_FILE is {path}, which cannot be used: {problem}."))
        })
    };
    CHECKED.get_or_init(check).clone()
}

fn from_bundle(path: &Path) -> Result<Roots> {
    let unusable = |problem: &dyn std::fmt::Display| {
        config_error(format!("The CA bundle {} cannot be read: {problem}.", path.display()))
    };
    let certificates = read_pem(path).map_err(|problem| unusable(&problem))?;
    let mut store = RootCertStore::empty();
    for certificate in &certificates {
        store.add(certificate.clone()).map_err(|error| unusable(&error))?;
    }
    Ok(Roots { store, certificates })
}

/// Reads the certificates of a PEM file; there is at least one.
fn read_pem(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let file = std::fs::File::open(path).map_err(|error| io_reason(&error))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_reader_iter(file).collect();
    let certificates = certificates.map_err(|error| error.to_string())?;
    if certificates.is_empty() {
        return Err("it contains no certificate; it must be a PEM file".to_owned());
    }
    Ok(certificates)
}

fn config_error(message: String) -> Error {
    Error::new(ErrorKind::Config, message)
}
