//! Scripts in the page of the app.

use serde_json::Value;

use super::App;

impl App {
    /// Runs a script in the page that gives texts.
    pub async fn texts_by(&self, script: &str) -> Vec<String> {
        let result = self.client.execute(script, vec![]).await;
        serde_json::from_value(result.unwrap_or_default()).unwrap_or_default()
    }

    /// Runs a script in the page that gives a number.
    pub async fn number(&self, script: &str) -> Option<f64> {
        self.client.execute(script, vec![]).await.ok()?.as_f64()
    }

    /// Runs a script in the page.
    ///
    /// # Panics
    /// If the page does not take it.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) {
        let done = self.client.execute(script, arguments).await;
        assert!(done.is_ok(), "{}: {done:?}", self.name);
    }

    /// Runs a script in the page that calls its last argument with a number.
    ///
    /// # Panics
    /// If it does not.
    pub async fn number_later(&self, script: &str, arguments: Vec<Value>) -> f64 {
        let result = self.client.execute_async(script, arguments).await;
        match result.as_ref().map(Value::as_f64) {
            Ok(Some(number)) => number,
            _ => panic!("{}: {result:?}", self.name),
        }
    }
}
