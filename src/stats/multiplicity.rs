//! Adjustment of p-values for being one of many.

/// How the p-values of a family are adjusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adjust {
    /// Holm (1979): the chance of any false claim in the family.
    Holm,
    /// Benjamini and Hochberg (1995): the expected share of false claims.
    BenjaminiHochberg,
    /// Not at all.
    None,
}

/// The adjusted p-values, in the order given; a missing one stays missing and does not count.
#[must_use]
pub fn adjust(p: &[Option<f64>], how: Adjust) -> Vec<Option<f64>> {
    match how {
        Adjust::Holm => holm(p),
        Adjust::BenjaminiHochberg => benjamini_hochberg(p),
        Adjust::None => p.to_vec(),
    }
}

fn ascending(p: &[Option<f64>]) -> Vec<(usize, f64)> {
    let mut present: Vec<(usize, f64)> =
        p.iter().enumerate().filter_map(|(at, p)| p.map(|p| (at, p))).collect();
    present.sort_by(|(_, a), (_, b)| a.total_cmp(b));
    present
}

fn holm(p: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut adjusted = vec![None; p.len()];
    let order = ascending(p);
    let mut largest = 0.0_f64;
    for (rank, &(at, p)) in order.iter().enumerate() {
        largest = largest.max((p * (order.len() - rank) as f64).min(1.0));
        adjusted[at] = Some(largest);
    }
    adjusted
}

fn benjamini_hochberg(p: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut adjusted = vec![None; p.len()];
    let order = ascending(p);
    let mut smallest = 1.0_f64;
    for (rank, &(at, p)) in order.iter().enumerate().rev() {
        smallest = smallest.min(p * (order.len() as f64 / (rank + 1) as f64));
        adjusted[at] = Some(smallest);
    }
    adjusted
}
