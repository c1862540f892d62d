//! Addresses of the sandbox: one origin (port) for each host of the real providers.

use serde::{Deserialize, Serialize};
use std::{io, net::SocketAddr};
use tokio::net::TcpListener;

/// Base addresses, without a slash at the end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Origins {
    /// The web pages of Pipedrive.
    pub pipedrive_web: String,
    /// Pipedrive's consent page and token endpoint.
    pub pipedrive_oauth: String,
    /// Pipedrive's REST API. Clients append `/api/v1`, `/api/v2` or `/v1`.
    pub pipedrive_api: String,
    /// Intuit's consent page, token endpoint and discovery document.
    pub intuit: String,
    /// The Accounting API. Clients append `/v3/company/{realmId}`.
    pub quickbooks_api: String,
    /// The web pages of QuickBooks.
    pub quickbooks_web: String,
    /// The control port.
    pub control: String,
}

/// One listener for each origin, in the order of [`Origins`]' fields.
pub(crate) type Listeners = [TcpListener; 7];

/// Binds the seven origins on the loopback interface.
///
/// `earlier` has the addresses of an earlier run. They must be free again, because clients have stored them. Without
/// them, the ports from `first_port` on are used, and any free port instead of a port in use.
pub(crate) async fn bind(earlier: Option<&Origins>, first_port: u16) -> io::Result<(Origins, Listeners)> {
    let mut listeners = Vec::new();
    for at in 0_u16..7 {
        listeners.push(match earlier {
            Some(origins) => bind_again(origins.to_array()[usize::from(at)]).await?,
            None => match TcpListener::bind(("127.0.0.1", if first_port == 0 { 0 } else { first_port + at })).await {
                Ok(listener) => listener,
                Err(_) => TcpListener::bind(("127.0.0.1", 0)).await?,
            },
        });
    }
    let listeners: Listeners = listeners.try_into().map_err(|_| io::Error::other("seven origins"))?;
    let mut urls = Vec::new();
    for listener in &listeners {
        urls.push(format!("http://{}", listener.local_addr()?));
    }
    let [pipedrive_web, pipedrive_oauth, pipedrive_api, intuit, quickbooks_api, quickbooks_web, control] =
        urls.try_into().map_err(|_| io::Error::other("seven origins"))?;
    let origins =
        Origins { pipedrive_web, pipedrive_oauth, pipedrive_api, intuit, quickbooks_api, quickbooks_web, control };
    Ok((origins, listeners))
}

async fn bind_again(origin: &str) -> io::Result<TcpListener> {
    let address: SocketAddr = origin.trim_start_matches("http://").parse().map_err(io::Error::other)?;
    TcpListener::bind(address).await.map_err(|error| {
        io::Error::new(error.kind(), format!("this sandbox used {origin} before, and now the port is in use: {error}"))
    })
}

impl Origins {
    fn to_array(&self) -> [&str; 7] {
        [
            &self.pipedrive_web,
            &self.pipedrive_oauth,
            &self.pipedrive_api,
            &self.intuit,
            &self.quickbooks_api,
            &self.quickbooks_web,
            &self.control,
        ]
    }

    /// Returns the addresses of the simulated QuickBooks.
    pub(crate) fn quickbooks(&self) -> sandbox_quickbooks::Origins {
        sandbox_quickbooks::Origins {
            intuit: self.intuit.clone(),
            api: self.quickbooks_api.clone(),
            web: self.quickbooks_web.clone(),
        }
    }

    /// Returns the addresses of the simulated Pipedrive.
    pub(crate) fn pipedrive(&self) -> sandbox_pipedrive::Origins {
        sandbox_pipedrive::Origins {
            web: self.pipedrive_web.clone(),
            oauth: self.pipedrive_oauth.clone(),
            api: self.pipedrive_api.clone(),
        }
    }
}
