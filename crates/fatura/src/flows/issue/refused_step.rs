//! The step of an attempt that QuickBooks refused.

use domain::invoice_request::InvoiceRequest;

/// The call of an attempt that QuickBooks refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The customer is created.
    CreateCustomer,
    /// The customer is brought up to date.
    UpdateCustomer,
    /// The item of a line is created.
    CreateItem(usize),
    /// Anything else: the lists, the term, the invoice itself.
    CreateInvoice,
}

/// The context in which a refusal is explained.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) draft: &'a InvoiceRequest,
    /// The id of the customer, where it is known.
    pub(super) customer: Option<&'a str>,
    pub(super) step: Step,
}
