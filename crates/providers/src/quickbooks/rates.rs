//! Exchange rates of a QuickBooks company.

use super::Api;
use crate::ProviderError;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::Value;

impl Api {
    /// Reads the company's exchange rate for a day: units of the home currency for one unit of `currency`. Returns
    /// `None` if the company has none.
    pub async fn read_exchange_rate(&self, currency: &str, day: Date) -> Result<Option<Decimal>, ProviderError> {
        let mut url = self.build_url(&["exchangerate"])?;
        url.query_pairs_mut().append_pair("sourcecurrencycode", currency).append_pair("asofdate", &day.to_string());
        let answer: Value =
            match self.http.send_json(self.authorized(self.http.client.get(url)), super::ANSWER_FORMAT).await {
                Ok(answer) => answer,
                Err(ProviderError::NotFound | ProviderError::Refused(_)) => return Ok(None),
                Err(error) => return Err(error),
            };
        let rate = answer.get("ExchangeRate").and_then(|row| row.get("Rate")).map(ToString::to_string);
        let rate = rate.and_then(|rate| rate.parse().ok().or_else(|| Decimal::from_scientific(&rate).ok()));
        Ok(rate.filter(|rate| *rate > Decimal::ZERO))
    }
}
