//! What is calculated with places and directions.

use std::ops::{Add, Mul, Sub};

use crate::model::Point;

impl Point {
    /// A direction that a client steers to, at most one long.
    pub(crate) fn steering(x: f32, y: f32) -> Self {
        // JSON has numbers that are infinite here.
        let direction = Self { x: x.clamp(-1.0, 1.0), y: y.clamp(-1.0, 1.0) };
        if direction.length() > 1.0 { direction.towards() } else { direction }
    }

    pub(crate) fn length(self) -> f32 {
        self.x.hypot(self.y)
    }

    /// The same direction, one long; one of no length stays so.
    pub(crate) fn towards(self) -> Self {
        let length = self.length();
        if length > 0.0 { self * length.recip() } else { self }
    }
}

impl Add for Point {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { x: self.x + other.x, y: self.y + other.y }
    }
}

impl Sub for Point {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self { x: self.x - other.x, y: self.y - other.y }
    }
}

impl Mul<f32> for Point {
    type Output = Self;

    fn mul(self, factor: f32) -> Self {
        Self { x: self.x * factor, y: self.y * factor }
    }
}
