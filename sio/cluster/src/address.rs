//! [`host_and_port`]: addresses as in URLs.

/// Returns `host:port`, where addresses of IPv6 stand in brackets.
pub(crate) fn host_and_port(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
