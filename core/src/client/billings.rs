//! The account's bill.

use std::sync::Arc;

use futures_util::FutureExt as _;
use serde_json::Value;

use super::Client;
use super::ask::ReadRequest;
use super::paginator::{Page, Paginator};
use crate::account::{Billing, BillingFilter};
use crate::http::endpoints::billings;

impl Client {
    /// The account's charges, newest first, fetched as they are needed.
    ///
    /// # Errors
    /// The stream's last item is an error where a page could not be had.
    pub fn billings(&self, filter: BillingFilter) -> Paginator<Billing> {
        let request = move |page| billings::search(&filter, page);
        self.bill(billings::SEARCH_PATH, billings::SEARCH_PAGE, request)
    }

    /// Every charge of a month, such as `2026-03`: the service's export for accounting.
    ///
    /// # Errors
    /// The stream's last item is an error where a page could not be had.
    pub fn billings_of_month(&self, year_month: impl Into<String>) -> Paginator<Billing> {
        let year_month = year_month.into();
        let request = move |page| billings::month(&year_month, page);
        self.bill(billings::MONTH_PATH, billings::MONTH_PAGE, request)
    }

    fn bill(
        &self,
        path: &'static str,
        page_size: usize,
        request: impl Fn(u32) -> Value + Send + Sync + 'static,
    ) -> Paginator<Billing> {
        let (client, request) = (self.clone(), Arc::new(request));
        let fetch = move |number| {
            let (client, body) = (client.clone(), request(number));
            async move {
                let request = ReadRequest::Post(path, &body);
                let (items, count) =
                    client.ask("reading the bill", request, billings::parse).await?;
                Ok(Page { items, is_full: count >= page_size })
            }
            .boxed()
        };
        Paginator::new(fetch, |record: &Billing| record.id.clone())
    }
}
