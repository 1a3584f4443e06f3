//! Axes: from values to places, and ticks at 1, 2 and 5 times powers of ten.

/// Ticks that an axis may have.
const MOST_TICKS: usize = 6;

/// Ticks that a logarithmic axis may have.
const MOST_DECADES: usize = 9;

/// From here on values are shown by their magnitude.
const LOG_FROM: f64 = 20.0;

/// A tick: its value and its label.
pub type Tick = (f64, String);

/// A numeric axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    lo: f64,
    hi: f64,
    is_log: bool,
    from: f64,
    to: f64,
}

impl Axis {
    /// An axis on which all these values lie, with some room, between two places; logarithmic
    /// where the largest is many times the smallest. `None` without a finite value.
    #[must_use]
    pub fn around(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Option<Self> {
        let (lo, hi) = range(values)?;
        let is_log = lo > 0.0 && hi / lo > LOG_FROM;
        let mut axis = Self { lo, hi, is_log, from, to };
        axis.widen();
        Some(axis)
    }

    /// The same, logarithmic whatever the range.
    #[must_use]
    pub fn of_ratios(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Option<Self> {
        let (lo, hi) = range(values.filter(|&value| value > 0.0))?;
        let mut axis = Self { lo, hi, is_log: true, from, to };
        axis.widen();
        Some(axis)
    }

    /// From one value to another, without room at the ends.
    #[must_use]
    pub fn exact(lo: f64, hi: f64, from: f64, to: f64) -> Self {
        Self { lo, hi: if hi > lo { hi } else { lo + 1.0 }, is_log: false, from, to }
    }

    /// Room at both ends: a share of the length, more where all values are equal.
    fn widen(&mut self) {
        let (lo, hi) = (self.scaled(self.lo), self.scaled(self.hi));
        let room = match hi - lo {
            0.0 if self.is_log => 0.05,
            0.0 if lo == 0.0 => 1.0,
            0.0 => lo.abs() * 0.05,
            length => length * 0.04,
        };
        let unscaled = |value: f64| if self.is_log { libm::exp(value) } else { value };
        (self.lo, self.hi) = (unscaled(lo - room), unscaled(hi + room));
    }

    fn scaled(&self, value: f64) -> f64 {
        if self.is_log { libm::log(value) } else { value }
    }

    /// Where a value lies; at the end for what lies beyond it.
    #[must_use]
    pub fn place(&self, value: f64) -> f64 {
        let (lo, hi) = (self.scaled(self.lo), self.scaled(self.hi));
        let share = (self.scaled(value.clamp(self.lo, self.hi)) - lo) / (hi - lo);
        self.from + share * (self.to - self.from)
    }

    /// Whether equal distances are equal ratios.
    #[must_use]
    pub fn is_log(&self) -> bool {
        self.is_log
    }

    /// Ticks at round values of `size` stored units, labelled in those units.
    #[must_use]
    pub fn ticks(&self, size: f64) -> Vec<Tick> {
        let (lo, hi) = (self.lo / size, self.hi / size);
        let mut found = if self.is_log && hi / lo > 6.0 { decades(lo, hi) } else { steps(lo, hi) };
        if found.len() < 3 {
            found = steps(lo, hi);
        }
        found.into_iter().map(|(value, label)| (value * size, label)).collect()
    }
}

fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.filter(|value| value.is_finite()).fold(None, |range, value| match range {
        None => Some((value, value)),
        Some((lo, hi)) => Some((f64::min(lo, value), f64::max(hi, value))),
    })
}

/// A mantissa and a power of ten, read as a decimal number so that it is the nearest one.
fn decimal(mantissa: i64, exponent: i32) -> f64 {
    format!("{mantissa}e{exponent}").parse().expect("a decimal number")
}

/// Multiples of 1, 2 or 5 times a power of ten.
fn steps(lo: f64, hi: f64) -> Vec<Tick> {
    let exponent = libm::floor(libm::log10((hi - lo) / MOST_TICKS as f64)) as i32;
    for (step, exponent) in
        [(1, exponent), (2, exponent), (5, exponent), (1, exponent + 1), (2, exponent + 1)]
    {
        let width = decimal(step, exponent);
        let (first, last) = (libm::ceil(lo / width) as i64, libm::floor(hi / width) as i64);
        if last - first < MOST_TICKS as i64 {
            let tick = |count: i64| {
                let value = decimal(count * step, exponent);
                (value, plain(value, exponent))
            };
            return (first..=last).map(tick).collect();
        }
    }
    Vec::new()
}

/// 1, 2 and 5 times powers of ten, or powers of ten, or every second, third, … of them.
fn decades(lo: f64, hi: f64) -> Vec<Tick> {
    let (first, last) = (libm::floor(libm::log10(lo)) as i32, libm::ceil(libm::log10(hi)) as i32);
    let all = |mantissas: &[i64], every: i32| -> Vec<Tick> {
        let powers = (first..=last).filter(|power| power.rem_euclid(every) == 0);
        let ticks = powers.flat_map(|power| mantissas.iter().map(move |&m| (m, power)));
        let ticks = ticks.map(|(mantissa, power)| {
            let value = decimal(mantissa, power);
            (value, magnitude(value, mantissa, power))
        });
        ticks.filter(|(value, _)| (lo..=hi).contains(value)).collect()
    };
    let choices = [(&[1, 2, 5][..], 1), (&[1], 1), (&[1], 2), (&[1], 3), (&[1], 6)];
    let mut found = choices.iter().map(|(mantissas, every)| all(mantissas, *every));
    let fits = |ticks: &Vec<Tick>| ticks.len() <= MOST_DECADES;
    found.find(fits).unwrap_or_else(|| all(&[1], 12))
}

/// A number with as many decimals as its step has.
fn plain(value: f64, exponent: i32) -> String {
    let decimals = usize::try_from(-exponent).unwrap_or(0);
    let text = format!("{value:.decimals$}");
    if text.trim_start_matches('-').chars().all(|c| c == '0' || c == '.') {
        return "0".to_owned();
    }
    text
}

/// `0.01`, `200`, and beyond that `10⁵`, `2·10⁶`.
fn magnitude(value: f64, mantissa: i64, power: i32) -> String {
    if (-3..=4).contains(&power) {
        return plain(value, power.min(0));
    }
    powered(mantissa, power)
}

fn powered(mantissa: i64, power: i32) -> String {
    let digits: String = power.to_string().chars().map(raised).collect();
    if mantissa == 1 { format!("10{digits}") } else { format!("{mantissa}·10{digits}") }
}

fn raised(c: char) -> char {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    c.to_digit(10).map_or('⁻', |digit| DIGITS[digit as usize])
}

/// A whole number of few leading digits as a product; `None` if that is no shorter.
fn shortened(value: f64) -> Option<String> {
    let text = format!("{value:.0}");
    let kept = text.trim_end_matches('0');
    let power = i32::try_from(text.len() - kept.len()).ok()?;
    let mantissa: i64 = kept.parse().ok()?;
    (power >= 4 && kept.len() <= 2).then(|| powered(mantissa, power))
}

/// A level of a parameter as the label of a tick.
#[must_use]
pub fn level(value: f64) -> String {
    if (1e5..1e18).contains(&value)
        && value.fract() == 0.0
        && let Some(short) = shortened(value)
    {
        return short;
    }
    if (value.abs() >= 1e7 || value.abs() < 1e-3) && value != 0.0 {
        return format!("{value:e}");
    }
    format!("{value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn steps_are_one_two_or_five_and_exact() {
        assert_eq!(labels(&steps(0.0, 1.0)), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(&steps(2.9, 3.6)), ["3.0", "3.2", "3.4", "3.6"]);
        assert_eq!(steps(0.0, 1.0)[3].0.to_bits(), 0.6_f64.to_bits());
        assert_eq!(labels(&steps(-5e6, 5e6)), ["-4000000", "-2000000", "0", "2000000", "4000000"]);
    }

    #[test]
    fn wide_ranges_have_ticks_at_powers() {
        assert_eq!(labels(&decades(0.8, 60.0)), ["1", "2", "5", "10", "20", "50"]);
        assert_eq!(labels(&decades(0.5, 2e6)), ["1", "10", "100", "1000", "10000", "10⁵", "10⁶"]);
        assert_eq!(level(1e6), "10⁶");
        assert_eq!((level(200_000.0), level(123_456.0)), ("2·10⁵".into(), "123456".into()));
    }

    #[test]
    fn values_lie_between_the_ends_of_their_axis() {
        let axis = Axis::around([1.0, 2.0, 3.0].into_iter(), 0.0, 100.0).expect("values");
        assert!((axis.place(2.0) - 50.0).abs() < 1e-9);
        assert!(axis.place(1.0) > 0.0 && axis.place(f64::INFINITY) <= 100.0);
        let same = Axis::around([5.0].into_iter(), 0.0, 100.0).expect("a value");
        assert!((same.place(5.0) - 50.0).abs() < 1e-9);
        let wide = Axis::around([1.0, 100.0].into_iter(), 0.0, 100.0).expect("values");
        assert!(wide.is_log() && (wide.place(10.0) - 50.0).abs() < 1e-9);
        assert_eq!(Axis::around([f64::NAN].into_iter(), 0.0, 1.0), None);
    }
}
