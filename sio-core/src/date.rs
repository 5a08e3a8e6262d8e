//! Dates as JavaScript's JSON writes them (ECMAScript, "Date Time String Format"), to the millisecond.

use std::fmt::{self, Display};

/// The largest distance from 1970 that JavaScript has dates for: a hundred million days.
const MAX: i64 = 8_640_000_000_000_000;
const DAY: i64 = 24 * 60 * 60 * 1_000;
/// Days in four hundred years, after which the calendar begins anew.
const DAYS_OF_ERA: i64 = 146_097;
/// From the first of March of the year 0 to the first of January 1970.
const DAYS_TO_1970: i64 = 719_468;

/// A date to be displayed, given as milliseconds since 1970.
///
/// # Examples
///
/// ```
/// use sio_core::date::Date;
///
/// let date = Date::new(951_782_400_123).expect("JavaScript has it");
/// assert_eq!(date.to_string(), "2000-02-29T00:00:00.123Z");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Date(i64);

impl Date {
    /// Makes a date of milliseconds since 1970, negative ones before. `None` for a date that JavaScript does not have.
    #[must_use]
    pub fn new(milliseconds: i64) -> Option<Self> {
        (-MAX..=MAX).contains(&milliseconds).then_some(Self(milliseconds))
    }
}

impl Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil(self.0.div_euclid(DAY));
        match year {
            0..=9_999 => write!(f, "{year:04}")?,
            _ => write!(f, "{year:+07}")?,
        }
        let time = self.0.rem_euclid(DAY);
        let (hour, minute) = (time / 3_600_000, time / 60_000 % 60);
        let (second, millisecond) = (time / 1_000 % 60, time % 1_000);
        write!(f, "-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z")
    }
}

/// The year, month and day of a number of days since 1970. Years are counted from March, so that the day that is
/// sometimes there is the last one, and months have 153 days in five.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + DAYS_TO_1970;
    let (era, of_era) = (days.div_euclid(DAYS_OF_ERA), days.rem_euclid(DAYS_OF_ERA));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_javascript() {
        // `new Date(…).toISOString()` of Node.js 20.
        for (milliseconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (1_577_934_245_006, "2020-01-02T03:04:05.006Z"),
            (1_582_934_400_000, "2020-02-29T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (-2_203_977_600_000, "1900-02-28T00:00:00.000Z"),
            (-2_203_891_200_000, "1900-03-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (253_402_300_800_000, "+010000-01-01T00:00:00.000Z"),
            (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
            (-62_167_219_200_001, "-000001-12-31T23:59:59.999Z"),
            (MAX, "+275760-09-13T00:00:00.000Z"),
            (-MAX, "-271821-04-20T00:00:00.000Z"),
        ] {
            assert_eq!(Date::new(milliseconds).unwrap().to_string(), text);
        }
        for none in [MAX + 1, -MAX - 1, i64::MAX, i64::MIN] {
            assert!(Date::new(none).is_none());
        }
    }
}
