//! Chance that can be repeated, and the shapes that spans have.

/// A stream of numbers that follows from its seed: SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom
/// number generators", 2014).
pub struct Dice(u64);

impl Dice {
    /// The stream of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xD134_2543_DE82_EF95) ^ 0x5851_F42D_4C95_7F2D)
    }

    /// From 0 to below 1.
    pub fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Between two bounds.
    pub fn between(&mut self, least: f64, most: f64) -> f64 {
        least + self.share() * (most - least)
    }

    /// A whole number, both bounds included.
    pub fn whole(&mut self, least: usize, most: usize) -> usize {
        least + (self.share() * (most - least + 1) as f64) as usize
    }

    /// Exponential with mean 1.
    pub fn exponential(&mut self) -> f64 {
        -(1.0 - self.share()).ln()
    }

    /// Standard normal (Box and Muller, 1958).
    pub fn normal(&mut self) -> f64 {
        let radius = (2.0 * self.exponential()).sqrt();
        radius * (std::f64::consts::TAU * self.share()).cos()
    }
}

/// How long things take, with mean 1.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Memoryless.
    Exponential,
    /// Log-normal, with the standard deviation of its logarithm.
    LogNormal(f64),
    /// A few long ones among many short ones: share of the long ones, and how many times longer they are.
    Mixed(f64, f64),
    /// Weibull with this shape: below 1 the hazard falls.
    Weibull(f64),
}

impl Shape {
    /// One such span.
    pub(super) fn draw(self, dice: &mut Dice) -> f64 {
        match self {
            Shape::Exponential => dice.exponential(),
            Shape::LogNormal(sigma) => (sigma * dice.normal() - sigma * sigma / 2.0).exp(),
            Shape::Mixed(share, times) => {
                let short = 1.0 / (1.0 - share + share * times);
                let mean = if dice.share() < share {
                    short * times
                } else {
                    short
                };
                mean * dice.exponential()
            }
            Shape::Weibull(shape) => {
                dice.exponential().powf(1.0 / shape) / gamma(1.0 + 1.0 / shape)
            }
        }
    }
}

/// The gamma function for 1 to 4, by Stirling's series after shifting up; good to six digits.
fn gamma(x: f64) -> f64 {
    let mut z = x;
    let mut product = 1.0;
    while z < 8.0 {
        product *= z;
        z += 1.0;
    }
    let series = 1.0 + 1.0 / (12.0 * z) + 1.0 / (288.0 * z * z);
    (std::f64::consts::TAU / z).sqrt() * (z / std::f64::consts::E).powf(z) * series / product
}
