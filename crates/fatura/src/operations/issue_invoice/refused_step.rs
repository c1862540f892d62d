//! The step of an attempt that QuickBooks refused.

use domain::invoice_request::InvoiceRequest;

/// A step of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Creating the customer.
    CreateCustomer,
    /// Updating the customer.
    UpdateCustomer,
    /// Creating the item of a line.
    CreateItem(usize),
    /// All other calls: the lists, the term, the invoice itself.
    CreateInvoice,
}

/// The context in which a refusal is explained.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) request: &'a InvoiceRequest,
    /// The id of the new customer, if it is created already.
    pub(super) customer: Option<&'a str>,
    pub(super) step: Step,
}
