//! The entities of the Accounting API that the sandbox simulates.

use serde::{Deserialize, Serialize};

macro_rules! entities {
    ($($name:ident),+ $(,)?) => {
        /// A kind of object, named as in the API.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub(crate) enum Entity { $($name),+ }

        impl Entity {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Returns the name as answers spell it.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }
        }
    };
}

entities! {
    CompanyInfo, Preferences, Account, Term, TaxAgency, TaxRate, TaxCode, PaymentMethod, CompanyCurrency, ExchangeRate,
    Class, Department, Item, Customer, Vendor, Employee, Estimate, Invoice, SalesReceipt, CreditMemo, RefundReceipt,
    Payment, Attachable,
}

/// A series of ids, which is also a space of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Series {
    /// Customers, vendors and employees.
    Names,
    /// All transactions.
    Transactions,
    /// Any other entity has a series of its own.
    Own(Entity),
}

impl Entity {
    /// Finds an entity by its name, in any case.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|entity| entity.name().eq_ignore_ascii_case(name))
    }

    pub(crate) fn series(self) -> Series {
        match self {
            Self::Customer | Self::Vendor | Self::Employee => Series::Names,
            _ if self.is_transaction() => Series::Transactions,
            _ => Series::Own(self),
        }
    }

    pub(crate) fn is_transaction(self) -> bool {
        self.is_sales_form() || self == Self::Payment
    }

    /// Whether the entity has lines, taxes and totals.
    pub(crate) fn is_sales_form(self) -> bool {
        matches!(self, Self::Estimate | Self::Invoice | Self::SalesReceipt | Self::CreditMemo | Self::RefundReceipt)
    }

    /// Whether the entity is made inactive instead of deleted.
    pub(crate) fn is_name_list(self) -> bool {
        matches!(
            self,
            Self::Account
                | Self::Term
                | Self::TaxCode
                | Self::TaxRate
                | Self::PaymentMethod
                | Self::CompanyCurrency
                | Self::Class
                | Self::Department
                | Self::Item
                | Self::Customer
                | Self::Vendor
                | Self::Employee
        )
    }

    /// Returns the member that holds the name of a row.
    pub(crate) fn name_member(self) -> Option<&'static str> {
        match self {
            Self::Customer | Self::Vendor | Self::Employee | Self::TaxAgency => Some("DisplayName"),
            Self::CompanyCurrency => Some("Code"),
            _ if self.is_name_list() => Some("Name"),
            _ => None,
        }
    }

    /// Whether change data capture covers the entity (the reference, 5.10).
    pub(crate) fn has_change_data(self) -> bool {
        !matches!(self, Self::TaxAgency | Self::TaxCode | Self::TaxRate | Self::ExchangeRate)
    }
}
