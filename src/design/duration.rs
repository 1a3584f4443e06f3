//! Durations as people write them: text with units.

use std::time::Duration;

/// Reads `"10m"`, `"1m 30s"`, `"500ms"`, `"PT5M"`. A bare number has no unit and is refused, as is
/// anything negative or longer than a thousand days.
pub fn parse(text: &str) -> Result<Duration, String> {
    let signed: jiff::SignedDuration = text.trim().parse().map_err(|_| {
        format!("`{text}` is not a duration; write a number and a unit, such as \"30s\", \"10m\" or \"500ms\"")
    })?;
    let duration =
        Duration::try_from(signed).map_err(|_| "a duration must not be negative".to_owned())?;
    if duration > Duration::from_secs(1_000 * 86_400) {
        return Err("a duration is at most 1000 days".to_owned());
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(parse("10m"), Ok(Duration::from_secs(600)));
        assert_eq!(parse("1m 30s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert!(parse("30").is_err());
        assert!(parse("-3s").is_err());
        assert!(parse("99999999h").is_err());
    }
}
