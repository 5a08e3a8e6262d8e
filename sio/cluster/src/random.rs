//! Random bytes of the operating system.

use std::time::Duration;

/// Returns random bytes.
///
/// # Panics
///
/// If the operating system has none, which does not happen after it has started.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has random bytes");
    bytes
}

pub(crate) fn number() -> u64 {
    u64::from_le_bytes(bytes())
}

/// Returns a duration of this length, give or take this part of it, so that nodes do not all act at once.
pub(crate) fn about(length: Duration, part: f64) -> Duration {
    let unit = f64::from(u32::from_le_bytes(bytes())) / f64::from(u32::MAX);
    length.mul_f64(1.0 - part + 2.0 * part * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_varies_within_its_part() {
        let all: Vec<_> = (0..200).map(|_| about(Duration::from_secs(3), 0.2).as_secs_f64()).collect();
        assert!(all.iter().all(|seconds| (2.4..=3.6).contains(seconds)));
        assert!(all.iter().any(|seconds| *seconds < 2.9) && all.iter().any(|seconds| *seconds > 3.1));
    }
}
