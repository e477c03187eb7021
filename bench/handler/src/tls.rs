//! A door with TLS in front of the stub, and certificates made on the spot that both handlers are told to trust.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::environment::Store;
use crate::{Result, run};

/// Where Debian, Fedora and Alpine keep the roots: what a function on Lambda reads too, before its first handshake.
const SYSTEM_ROOTS: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// Files with the certificates to trust.
#[derive(Debug, Clone)]
pub struct Trust {
    /// The system's roots and our own: for `SSL_CERT_FILE`.
    pub roots: PathBuf,
    /// Our own root alone: for `NODE_EXTRA_CA_CERTS`, which adds to those that Node has built in.
    pub root: PathBuf,
}

/// A running TLS server; ends with this value.
pub struct Door {
    child: Child,
    port: u16,
    trust: Trust,
}

impl Door {
    /// Opens one in front of the stub on `port`.
    pub fn open(tutorial: &Path, folder: &Path, port: u16) -> Result<Self> {
        let trust = certificates(folder)?;
        let mut node = Command::new("node");
        node.arg(tutorial.join("tls.js")).arg(folder).arg(port.to_string());
        let mut child = node.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let port = line.trim().parse().map_err(|_| "the TLS server does not start")?;
        Ok(Self { child, port, trust })
    }

    /// The stub behind it.
    pub fn store(&self) -> Store {
        let endpoint = format!("https://localhost:{}", self.port);
        Store { endpoint, trust: Some(self.trust.clone()) }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A root on an elliptic curve, and below it a server with RSA: the shape of what AWS shows.
fn certificates(folder: &Path) -> Result<Trust> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n")?;
    let openssl = |arguments: &str| {
        run(Command::new("openssl").args(arguments.split(' ')).current_dir(folder))
    };
    openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=bench-root -keyout root.key -out root.pem",
    )?;
    openssl("req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr")?;
    openssl(
        "x509 -req -in server.csr -CA root.pem -CAkey root.key -CAcreateserial -days 2 -extfile names -out server.pem",
    )?;
    let trust = Trust { roots: folder.join("roots.pem"), root: folder.join("root.pem") };
    let mut roots = fs::read(&trust.root)?;
    if let Some(system) = SYSTEM_ROOTS.iter().find_map(|path| fs::read(path).ok()) {
        roots.extend(system);
    }
    fs::write(&trust.roots, roots)?;
    Ok(trust)
}
