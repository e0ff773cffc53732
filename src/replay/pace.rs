//! How fast a recording is given again.
//!
//! Owns how that is written. Never looks at a clock.

use std::str::FromStr;

/// How fast.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Pace {
    /// So many times as fast as it was.
    Times(f64),
    /// As fast as the nodes take it.
    Most,
}

impl FromStr for Pace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "max" {
            return Ok(Self::Most);
        }
        let times: f64 = text.parse().map_err(|_| "it wants a number, such as 10, or `max`")?;
        if times > 0.0 && times.is_finite() {
            Ok(Self::Times(times))
        } else {
            Err("it wants a number above zero".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_a_number_above_zero_or_the_most() {
        assert_eq!("10".parse(), Ok(Pace::Times(10.0)));
        assert_eq!("max".parse(), Ok(Pace::Most));
        for wrong in ["0", "-1", "inf", "fast", "NaN"] {
            assert!(wrong.parse::<Pace>().is_err(), "{wrong}");
        }
    }
}
