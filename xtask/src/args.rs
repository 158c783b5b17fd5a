//! What follows the command's name on the command line.

use anyhow::{Result, bail};

/// Arguments not taken yet. A command takes what it knows and then calls
/// [`Args::finish`], so that a misspelt flag is an error, not a surprise.
pub(crate) struct Args {
    own: Vec<String>,
    passed_on: Vec<String>,
}

impl Args {
    /// Splits at the first `--`: what comes after is for the program started.
    pub(crate) fn new(words: impl Iterator<Item = String>) -> Self {
        let mut own = Vec::new();
        let mut passed_on = Vec::new();
        let mut after = false;
        for word in words {
            if after {
                passed_on.push(word);
            } else if word == "--" {
                after = true;
            } else {
                own.push(word);
            }
        }
        Self { own, passed_on }
    }

    pub(crate) fn asks_for_help(&self) -> bool {
        self.own.iter().any(|word| word == "-h" || word == "--help")
    }

    /// Takes a flag without a value; true if it was there.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let before = self.own.len();
        self.own.retain(|word| word != name);
        self.own.len() != before
    }

    /// Takes `--name VALUE` or `--name=VALUE`, as often as it is given; commas part values.
    pub(crate) fn list(&mut self, name: &str) -> Result<Vec<String>> {
        let mut values = Vec::new();
        let mut rest = Vec::new();
        let mut words = std::mem::take(&mut self.own).into_iter();
        while let Some(word) = words.next() {
            let value = if word == name {
                match words.next() {
                    Some(value) => value,
                    None => bail!("{name} needs a value"),
                }
            } else if let Some(value) = word
                .strip_prefix(name)
                .and_then(|tail| tail.strip_prefix('='))
            {
                value.to_owned()
            } else {
                rest.push(word);
                continue;
            };
            values.extend(
                value
                    .split(',')
                    .map(str::trim)
                    .filter(|part| !part.is_empty())
                    .map(str::to_owned),
            );
        }
        self.own = rest;
        Ok(values)
    }

    /// Takes the next plain word.
    pub(crate) fn word(&mut self) -> Option<String> {
        let at = self.own.iter().position(|word| !word.starts_with('-'))?;
        Some(self.own.remove(at))
    }

    /// Ends the reading and returns what followed `--`.
    pub(crate) fn finish_passing_on(self) -> Result<Vec<String>> {
        match self.own.first() {
            Some(word) => bail!("`{word}` is not understood here; try --help"),
            None => Ok(self.passed_on),
        }
    }

    /// Ends the reading of a command that passes nothing on.
    pub(crate) fn finish(self) -> Result<()> {
        match self.finish_passing_on()?.first() {
            Some(word) => bail!("nothing takes `{word}` after `--` here"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(text: &str) -> Args {
        Args::new(text.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn lists_take_commas_and_both_spellings() {
        let mut args = args("--only a,b --only=c --skip-install");
        assert_eq!(args.list("--only").unwrap(), ["a", "b", "c"]);
        assert!(args.flag("--skip-install"));
        args.finish().unwrap();
    }

    #[test]
    fn what_follows_the_dashes_is_passed_on() {
        let args = args("-- --profile x");
        assert_eq!(args.finish_passing_on().unwrap(), ["--profile", "x"]);
    }

    #[test]
    fn unknown_flags_and_missing_values_are_errors() {
        assert!(args("--onyl x").finish().is_err());
        assert!(args("-- x").finish().is_err());
        assert!(args("--only").list("--only").is_err());
    }
}
