//! [`TraceParent`]: the place in a trace that somebody else has begun.

use std::fmt;
use std::str::FromStr;

/// A span of another program: the value of the header `traceparent` of W3C's
/// [Trace Context](https://www.w3.org/TR/trace-context/#traceparent-header).
///
/// # Examples
///
/// ```
/// use sio::observe::TraceParent;
///
/// let parent: TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse()?;
/// assert_eq!(parent.span_id(), 0x00f0_67aa_0ba9_02b7);
/// assert!(parent.is_sampled());
/// # Ok::<(), sio::observe::InvalidTraceParent>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceParent {
    trace_id: u128,
    span_id: u64,
    flags: u8,
}

/// A text is not a `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a `traceparent` of W3C's Trace Context")]
#[non_exhaustive]
pub struct InvalidTraceParent;

impl TraceParent {
    /// Returns the id of the trace, which is not zero.
    #[must_use]
    pub fn trace_id(&self) -> u128 {
        self.trace_id
    }

    /// Returns the id of the span, which is not zero.
    #[must_use]
    pub fn span_id(&self) -> u64 {
        self.span_id
    }

    /// Returns the flags as they were sent.
    #[must_use]
    pub fn flags(&self) -> u8 {
        self.flags
    }

    /// Returns whether the other program records its trace.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.flags & 1 != 0
    }
}

/// Reads any version: later ones may have more after the flags (section 3.2.4 of the specification).
impl FromStr for TraceParent {
    type Err = InvalidTraceParent;

    fn from_str(text: &str) -> Result<Self, InvalidTraceParent> {
        let mut parts = text.splitn(5, '-');
        let mut number = |digits: usize| {
            let part = parts.next().filter(|part| part.len() == digits)?;
            let is_lower_hex = part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            if is_lower_hex { u128::from_str_radix(part, 16).ok() } else { None }
        };
        let numbers = (number(2), number(32), number(16), number(2));
        let (Some(version), Some(trace_id), Some(span_id), Some(flags)) = numbers else {
            return Err(InvalidTraceParent);
        };
        let has_more = parts.next().is_some();
        if version == 0xff || (version == 0 && has_more) || trace_id == 0 || span_id == 0 {
            return Err(InvalidTraceParent);
        }
        // Neither has more digits than its type.
        Ok(Self { trace_id, span_id: span_id as u64, flags: flags as u8 })
    }
}

/// Writes version 00.
impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, self.flags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn it_is_read_as_it_is_written() {
        assert_eq!(VALID.parse::<TraceParent>().unwrap().to_string(), VALID);
        let later = VALID.replacen("00", "cc", 1) + "-anything-more";
        assert_eq!(later.parse::<TraceParent>().unwrap().to_string(), VALID);
        let unsampled = VALID.replace("-01", "-02");
        assert!(!unsampled.parse::<TraceParent>().unwrap().is_sampled());
    }

    #[test]
    fn anything_else_is_refused() {
        let upper = VALID.to_uppercase();
        let invalid = [
            "",
            "-",
            "00-0-0-0",
            &VALID[1..],
            &VALID[..54],
            &upper,
            &VALID.replacen("00", "ff", 1),
            &format!("{VALID}-more"),
            &format!(" {VALID}"),
            &VALID.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            &VALID.replace("00f067aa0ba902b7", &"0".repeat(16)),
            &VALID.replace("4bf9", "+bf9"),
            "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01",
        ];
        for text in invalid {
            assert_eq!(text.parse::<TraceParent>(), Err(InvalidTraceParent), "{text}");
        }
    }
}
