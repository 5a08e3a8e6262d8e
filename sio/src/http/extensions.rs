//! Agreeing to permessage-deflate (RFC 6455 §9.1, RFC 7692 §7.1).
//!
//! ```text
//! Sec-WebSocket-Extensions = #( extension *( ";" parameter [ "=" ( token | quoted-string ) ] ) )
//! ```
//!
//! Each element is an offer, and the first one that can be met is. Others are passed over: a WebSocket without compression
//! is as good, so no request is refused for what it offers.

use hyper::header::{self, HeaderMap, HeaderValue};

const PERMESSAGE_DEFLATE: &str = "permessage-deflate";

/// The answer: neither side refers to messages before the one that it compresses.
const AGREED: HeaderValue =
    HeaderValue::from_static("permessage-deflate; server_no_context_takeover; client_no_context_takeover");

/// The same, to an offer that limits the window of the server to what it is anyway. It has to be said so.
const AGREED_TO_WINDOW: HeaderValue = HeaderValue::from_static(
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=15",
);

/// Returns the answer to a request with an offer of permessage-deflate that can be met.
pub(super) fn agree(headers: &HeaderMap) -> Option<HeaderValue> {
    let values = headers.get_all(header::SEC_WEBSOCKET_EXTENSIONS).iter();
    let values = values.filter_map(|value| value.to_str().ok());
    // No value of a parameter that is known here has a comma or a semicolon in it.
    values.flat_map(|value| value.split(',')).find_map(answer)
}

/// Returns the answer to an offer, if it can be met. One with parameters that are not known, or said twice, has to be
/// declined (RFC 7692 §7.1).
fn answer(offer: &str) -> Option<HeaderValue> {
    let mut parts = offer.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case(PERMESSAGE_DEFLATE) {
        return None;
    }
    let mut seen = [false; 4];
    for part in parts {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (name.trim_end(), Some(unquoted(value.trim_start()))),
            None => (part, None),
        };
        let parameter = match (&*name.to_ascii_lowercase(), value) {
            ("server_no_context_takeover", None) => 0,
            ("client_no_context_takeover", None) => 1,
            // Any window of the client will do.
            ("client_max_window_bits", None) => 2,
            ("client_max_window_bits", Some(value)) if is_window(value) => 2,
            // The window of the compressor here is this, and cannot be smaller.
            ("server_max_window_bits", Some("15")) => 3,
            _ => return None,
        };
        if std::mem::replace(&mut seen[parameter], true) {
            return None;
        }
    }
    Some(if seen[3] { AGREED_TO_WINDOW } else { AGREED })
}

/// From 8 to 15, without zeros in front.
fn is_window(value: &str) -> bool {
    matches!(value, "8" | "9" | "10" | "11" | "12" | "13" | "14" | "15")
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreed(values: &[&str]) -> Option<HeaderValue> {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            headers.append(header::SEC_WEBSOCKET_EXTENSIONS, value);
        }
        agree(&headers)
    }

    #[test]
    fn the_first_offer_that_can_be_met_is() {
        let (plain, window) = (Some(AGREED), Some(AGREED_TO_WINDOW));
        for (offers, answer) in [
            (&[][..], None),
            (&[""], None),
            (&["permessage-deflate"], plain.clone()),
            (&["Permessage-Deflate ; CLIENT_MAX_WINDOW_BITS"], plain.clone()),
            // Chromium, and the package `ws` of Node.
            (&["permessage-deflate; client_max_window_bits"], plain.clone()),
            // Python's `websockets`.
            (&["permessage-deflate; server_max_window_bits=12; client_max_window_bits=12"], None),
            (&["permessage-deflate; client_max_window_bits=8"], plain.clone()),
            (&["permessage-deflate; client_max_window_bits=\"10\""], plain.clone()),
            (&["permessage-deflate; server_no_context_takeover; client_no_context_takeover"], plain.clone()),
            (&["permessage-deflate;server_max_window_bits=15"], window.clone()),
            (&["permessage-deflate; server_max_window_bits=\"15\""], window.clone()),
            (&["permessage-deflate; server_max_window_bits = 15"], window.clone()),
            // An offer that cannot be met is declined, and the next one is looked at.
            (&["permessage-deflate; server_max_window_bits=10, permessage-deflate"], plain.clone()),
            (&["permessage-deflate; server_max_window_bits=10", "permessage-deflate"], plain.clone()),
            (&["permessage-bzip2; x=1, x-webkit-deflate-frame, permessage-deflate"], plain.clone()),
            (&["\u{e9}", "permessage-deflate"], plain.clone()),
            (&["permessage-deflate; server_max_window_bits"], None),
            (&["permessage-deflate; server_max_window_bits=16"], None),
            (&["permessage-deflate; server_max_window_bits=015"], None),
            (&["permessage-deflate; client_max_window_bits=7"], None),
            (&["permessage-deflate; client_max_window_bits=08"], None),
            (&["permessage-deflate; client_max_window_bits="], None),
            (&["permessage-deflate; client_max_window_bits=\""], None),
            (&["permessage-deflate; client_no_context_takeover=1"], None),
            (&["permessage-deflate; server_no_context_takeover=true"], None),
            (&["permessage-deflate; client_no_context_takeover; client_no_context_takeover"], None),
            (&["permessage-deflate; client_max_window_bits; client_max_window_bits=15"], None),
            (&["permessage-deflate; level=9"], None),
            (&["permessage-deflate;"], None),
            (&["permessage-deflate permessage-deflate"], None),
            (&["x-permessage-deflate"], None),
        ] {
            assert_eq!(agreed(offers), answer, "{offers:?}");
        }
    }
}
