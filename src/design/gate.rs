//! What makes a comparison fail a gate.

/// One condition under which a comparison fails: `slower > 5%`.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// As it was written.
    pub text: String,
    /// By how much worse than its baseline a cell may be, as a share: 0.05.
    pub allowed: f64,
}

/// What a comparison that decides nothing does to the gate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Undecided {
    /// It is told apart from both: exit code 8.
    #[default]
    Report,
    /// It fails.
    Fail,
    /// It passes.
    Pass,
}

/// The gate of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Gate {
    /// Any of these fails it.
    pub rules: Vec<Rule>,
    /// What undecided comparisons do.
    pub undecided: Undecided,
}

/// How rules are written, for messages.
pub const SYNTAX: &str = "slower > 5%";

impl Rule {
    /// Reads a rule.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (word, share) = text.split_once('>').ok_or("a rule has the form `slower > 5%`")?;
        let word = word.trim();
        if !matches!(word, "slower" | "worse") {
            return Err(format!("a rule begins with `slower` or `worse`, not with `{word}`"));
        }
        let share = share.trim();
        let number = share
            .strip_suffix('%')
            .ok_or_else(|| format!("`{share}` has no unit: write per cent, such as 5%"))?;
        let percent: f64 =
            number.trim().parse().map_err(|_| format!("`{}` is not a number", number.trim()))?;
        if !(0.0..=1000.0).contains(&percent) {
            return Err(format!("{percent}% is not between 0% and 1000%"));
        }
        Ok(Self { text: text.trim().to_owned(), allowed: percent / 100.0 })
    }
}

impl Gate {
    /// The gate that counts: the rule of the command line, else that of the file. What the file
    /// says of undecided comparisons holds for both.
    #[must_use]
    pub fn chosen(typed: Option<&Rule>, of_file: Option<&Self>) -> Option<Self> {
        match typed {
            Some(rule) => Some(Self {
                rules: vec![rule.clone()],
                undecided: of_file.map_or(Undecided::default(), |gate| gate.undecided),
            }),
            None => of_file.cloned(),
        }
    }

    /// Its rules in one text.
    #[must_use]
    pub fn text(&self) -> String {
        let rules: Vec<&str> = self.rules.iter().map(|rule| rule.text.as_str()).collect();
        rules.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_a_word_and_a_share() {
        assert_eq!(
            Rule::parse(" slower > 5% "),
            Ok(Rule { text: "slower > 5%".to_owned(), allowed: 0.05 })
        );
        assert_eq!(Rule::parse("worse>0.5 %").map(|rule| rule.allowed), Ok(0.005));
        for wrong in [
            "",
            "slower",
            "slower > 5",
            "slower < 5%",
            "faster > 5%",
            "slower > x%",
            "slower > -1%",
            "slower > nan%",
        ] {
            assert!(Rule::parse(wrong).is_err(), "{wrong}");
        }
    }
}
