//! For which hosts the server answers.

use std::sync::Arc;

use super::site::Authority;

/// The hosts for which a server answers, each with or without a port. Default: every host.
///
/// A page of any site can let its own name point to this server's address once it has been loaded (DNS rebinding). A
/// browser takes the server for a part of that page then, and same-origin rules hold nothing back; only the `Host`
/// header tells it.
///
/// # Examples
///
/// ```
/// use sio::options::AllowedHosts;
///
/// let hosts = AllowedHosts::from_iter(["chat.example.com", "localhost:3000"]);
/// # let _ = hosts;
/// ```
#[derive(Debug, Clone, Default)]
pub struct AllowedHosts(Option<Arc<[Listed]>>);

#[derive(Debug)]
struct Listed {
    text: String,
    /// None for what no host is called.
    authority: Option<Authority>,
}

impl AllowedHosts {
    /// Returns whether a request for this host is answered. An entry without a port allows all ports.
    pub(crate) fn allow(&self, host: impl FnOnce() -> Option<Authority>) -> bool {
        let Some(listed) = &self.0 else { return true };
        let Some(host) = host() else { return false };
        let mut listed = listed.iter().filter_map(|listed| listed.authority.as_ref());
        listed.any(|one| one.host == host.host && (one.port.is_none() || one.port == host.port))
    }

    /// The first of the hosts, as it is written.
    #[cfg(feature = "testing")]
    pub(crate) fn first(&self) -> Option<&str> {
        self.0.as_ref()?.first().map(|listed| &*listed.text)
    }

    /// Returns a text for each listed host that no request can have.
    pub(crate) fn problems(&self) -> impl Iterator<Item = String> {
        let wrong =
            self.0.iter().flat_map(|listed| listed.iter()).filter(|listed| listed.authority.is_none());
        wrong.map(|listed| {
            format!("{:?} is not a host: write `example.com` or `example.com:3000`", listed.text)
        })
    }
}

impl<S: Into<String>> FromIterator<S> for AllowedHosts {
    fn from_iter<I: IntoIterator<Item = S>>(hosts: I) -> Self {
        let hosts = hosts.into_iter().map(Into::into);
        Self(Some(hosts.map(|text| Listed { authority: Authority::parse(&text), text }).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_compared_by_name_and_where_written_by_port() {
        let hosts = AllowedHosts::from_iter(["Chat.example", "localhost:3000", "[::1]"]);
        assert_eq!(hosts.problems().count(), 0);
        for (host, expected) in [
            ("chat.example", true),
            ("CHAT.example.:8443", true),
            ("localhost:3000", true),
            ("[0::1]:80", true),
            ("localhost", false),
            ("localhost:3001", false),
            ("evil.example", false),
            ("chat.example.evil.example", false),
            ("chat.example@evil.example", false),
            ("", false),
        ] {
            assert_eq!(hosts.allow(|| Authority::parse(host)), expected, "{host}");
        }
        assert!(AllowedHosts::default().allow(|| None) && !hosts.allow(|| None));
    }

    #[test]
    fn what_no_host_is_called_is_named() {
        for wrong in ["", "*", "http://x", "x/y", "x:y", "*.example.com"] {
            assert_eq!(AllowedHosts::from_iter([wrong]).problems().count(), 1, "{wrong}");
        }
    }
}
