//! The cookie that names a session to a load balancer.

use hyper::header::HeaderValue;
use sio_core::id::SessionId;

/// `SameSite` of a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameSite {
    /// `Strict`
    Strict,
    /// `Lax`
    Lax,
    /// `None`: only together with [`Cookie::secure`]; [`Builder::build`](crate::Builder::build) refuses it alone.
    None,
}

/// A cookie whose value is the id of the Engine.IO session, set by the answer that opens it.
///
/// Load balancers can route by it; the server itself does not read it.
///
/// # Examples
///
/// ```
/// use sio::options::{Cookie, SameSite};
///
/// let cookie = Cookie::new("io").same_site(SameSite::Strict).secure(true);
/// # let _ = cookie;
/// ```
#[derive(Debug, Clone)]
pub struct Cookie {
    name: String,
    path: String,
    same_site: SameSite,
    http_only: bool,
    secure: bool,
}

impl Cookie {
    /// Makes a cookie of this name for the path `/`, `HttpOnly`, `SameSite=Lax`, not `Secure`.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        let (name, path) = (name.into(), "/".to_owned());
        Self { name, path, same_site: SameSite::Lax, http_only: true, secure: false }
    }

    /// Sets the path for which browsers send the cookie. Default `/`.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Sets the `SameSite` attribute. Default [`SameSite::Lax`].
    #[must_use]
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = same_site;
        self
    }

    /// Sets whether the cookie is hidden from scripts. Default true.
    #[must_use]
    pub fn http_only(mut self, http_only: bool) -> Self {
        self.http_only = http_only;
        self
    }

    /// Sets whether the cookie is sent over encrypted connections only. Default false.
    #[must_use]
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// False when name or path hold what a header cannot.
    pub(crate) fn is_valid(&self) -> bool {
        let plain =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() && !b";,=\"".contains(&byte));
        !self.name.is_empty() && plain(&self.name) && plain(&self.path)
    }

    /// False when browsers drop it (RFC 6265bis §5.7): `SameSite=None` without `Secure`.
    pub(crate) fn is_kept(&self) -> bool {
        self.secure || self.same_site != SameSite::None
    }

    pub(crate) fn header(&self, id: &SessionId) -> Option<HeaderValue> {
        let mut text = format!("{}={}; Path={}", self.name, id.as_str(), self.path);
        if self.http_only {
            text.push_str("; HttpOnly");
        }
        text.push_str(match self.same_site {
            SameSite::Strict => "; SameSite=Strict",
            SameSite::Lax => "; SameSite=Lax",
            SameSite::None => "; SameSite=None",
        });
        if self.secure {
            text.push_str("; Secure");
        }
        let mut value = HeaderValue::from_str(&text).ok()?;
        // The id is a secret: logs of headers must not show it.
        value.set_sensitive(true);
        Some(value)
    }
}
