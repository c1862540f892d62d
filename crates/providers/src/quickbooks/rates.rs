//! Exchange rates of the company.

use super::Api;
use crate::ProviderError;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::Value;

impl Api<'_> {
    /// How much of the home currency one unit of a currency is, as the company has it for a day; `None` where it has none.
    pub async fn exchange_rate(&self, currency: &str, day: Date) -> Result<Option<Decimal>, ProviderError> {
        let mut url = self.url(&["exchangerate"])?;
        url.query_pairs_mut().append_pair("sourcecurrencycode", currency).append_pair("asofdate", &day.to_string());
        let answer: Value = match self.http.json(self.authorized(self.http.client.get(url)), super::EXPLAIN).await {
            Ok(answer) => answer,
            Err(ProviderError::NotFound | ProviderError::Refused(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let rate = answer.get("ExchangeRate").and_then(|row| row.get("Rate")).map(ToString::to_string);
        let rate = rate.and_then(|rate| rate.parse().ok().or_else(|| Decimal::from_scientific(&rate).ok()));
        Ok(rate.filter(|rate| *rate > Decimal::ZERO))
    }
}
