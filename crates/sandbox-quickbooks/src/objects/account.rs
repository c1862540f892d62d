//! The chart of accounts.

use super::{
    currencies::currency_name,
    draft::{begin_write, finish_write, resolve},
};
use crate::{
    company::{Company, WriteContext},
    entity::Entity,
    events::Operation,
    fault::Fault,
};
use serde_json::{Value, json};

/// Types of accounts: name, classification, and the default subtype.
const ACCOUNT_TYPES: [(&str, &str, &str); 15] = [
    ("Bank", "Asset", "CashOnHand"),
    ("Accounts Receivable", "Asset", "AccountsReceivable"),
    ("Other Current Asset", "Asset", "OtherCurrentAssets"),
    ("Fixed Asset", "Asset", "OtherFixedAssets"),
    ("Other Asset", "Asset", "OtherLongTermAssets"),
    ("Accounts Payable", "Liability", "AccountsPayable"),
    ("Credit Card", "Liability", "CreditCard"),
    ("Other Current Liability", "Liability", "OtherCurrentLiabilities"),
    ("Long Term Liability", "Liability", "OtherLongTermLiabilities"),
    ("Equity", "Equity", "OpeningBalanceEquity"),
    ("Income", "Revenue", "ServiceFeeIncome"),
    ("Cost of Goods Sold", "Expense", "SuppliesMaterialsCogs"),
    ("Expense", "Expense", "OtherMiscellaneousServiceCost"),
    ("Other Income", "Revenue", "OtherMiscellaneousIncome"),
    ("Other Expense", "Expense", "OtherMiscellaneousExpense"),
];

/// Returns the type of a subtype, for requests with only a subtype.
fn type_of_subtype(subtype: &str) -> Option<&'static str> {
    let found = ACCOUNT_TYPES.iter().find(|(_, _, default)| *default == subtype).map(|(name, ..)| *name);
    found.or(match subtype {
        "Checking" | "Savings" | "MoneyMarket" | "RentsHeldInTrust" | "TrustAccounts" => Some("Bank"),
        "Inventory"
        | "UndepositedFunds"
        | "PrepaidExpenses"
        | "AllowanceForBadDebts"
        | "EmployeeCashAdvances"
        | "LoansToOthers" => Some("Other Current Asset"),
        "SalesOfProductIncome"
        | "DiscountsRefundsGiven"
        | "NonProfitIncome"
        | "OtherPrimaryIncome"
        | "UnappliedCashPaymentIncome" => Some("Income"),
        "CostOfLaborCos" | "EquipmentRentalCos" | "OtherCostsOfServiceCos" | "ShippingFreightDeliveryCos" => {
            Some("Cost of Goods Sold")
        }
        "AdvertisingPromotional"
        | "OfficeGeneralAdministrativeExpenses"
        | "Travel"
        | "Insurance"
        | "RentOrLeaseOfBuildings"
        | "BankCharges"
        | "LegalProfessionalFees"
        | "RepairMaintenance"
        | "Utilities"
        | "Auto"
        | "BadDebts"
        | "DuesSubscriptions" => Some("Expense"),
        "SalesTaxPayable" | "GlobalTaxPayable" | "GlobalTaxSuspense" | "PayrollTaxPayable" | "DeferredRevenue"
        | "LineOfCredit" => Some("Other Current Liability"),
        "NotesPayable" => Some("Long Term Liability"),
        "RetainedEarnings" | "OwnersEquity" | "PaidInCapitalOrSurplus" | "PartnersEquity" => Some("Equity"),
        "Buildings"
        | "FurnitureAndFixtures"
        | "Land"
        | "LeaseholdImprovements"
        | "MachineryAndEquipment"
        | "Vehicles" => Some("Fixed Asset"),
        "InterestEarned" | "DividendIncome" | "TaxExemptInterest" => Some("Other Income"),
        "Depreciation" | "ExchangeGainOrLoss" | "PenaltiesSettlements" | "Amortization" => Some("Other Expense"),
        _ => None,
    })
}

pub(crate) fn write(company: &mut Company, body: &Value, context: &WriteContext) -> Result<Value, Fault> {
    let draft = begin_write(company, Entity::Account, body)?;
    let (mut row, before) = (draft.row, draft.before);
    let name = row.get("Name").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    if name.is_empty() {
        return Err(Fault::missing("Name"));
    }
    if name.contains([':', '"']) {
        return Err(Fault::characters("Name", "The name of an account must not hold a colon or a double quote"));
    }
    let subtype = row.get("AccountSubType").and_then(Value::as_str).map(str::to_owned);
    let kind = match (row.get("AccountType").and_then(Value::as_str), subtype.as_deref()) {
        (Some(kind), _) => kind.to_owned(),
        (None, Some(subtype)) => {
            type_of_subtype(subtype).ok_or_else(|| Fault::enumeration("AccountSubType", &json!(subtype)))?.to_owned()
        }
        (None, None) => return Err(Fault::missing("AccountType")),
    };
    let Some((_, classification, default)) = ACCOUNT_TYPES.iter().find(|(name, ..)| *name == kind) else {
        return Err(Fault::enumeration("AccountType", &json!(kind)));
    };
    if subtype.as_deref().and_then(type_of_subtype).is_some_and(|of| of != kind) {
        return Err(Fault::enumeration("AccountSubType", &json!(subtype)));
    }
    row.insert("AccountType".into(), json!(kind));
    row.entry("AccountSubType").or_insert(json!(default));
    row.insert("Classification".into(), json!(classification));
    let parent = resolve(company, &mut row, "ParentRef", Entity::Account)?;
    row.insert("SubAccount".into(), json!(parent.is_some()));
    let full_name = match &parent {
        Some(parent) => format!("{}:{name}", parent["FullyQualifiedName"].as_str().unwrap_or_default()),
        None => name.clone(),
    };
    let id = row.get("Id").and_then(Value::as_str).unwrap_or_default().to_owned();
    if company.ids_with_name(Entity::Account, &full_name).iter().any(|(_, owner)| *owner != id) {
        return Err(Fault::duplicate_name("Another account is already using this name. Please use a different name."));
    }
    row.insert("Name".into(), json!(name));
    row.insert("FullyQualifiedName".into(), json!(full_name));
    row.entry("Active").or_insert(json!(true));
    row.entry("CurrentBalance").or_insert(json!(0));
    row.entry("CurrentBalanceWithSubAccounts").or_insert(json!(0));
    let currency = row
        .get("CurrencyRef")
        .and_then(|reference| reference["value"].as_str())
        .unwrap_or(company.home_currency())
        .to_owned();
    if !company.has_currency(&currency) {
        return Err(Fault::invalid_reference("CurrencyRef"));
    }
    row.insert("CurrencyRef".into(), json!({ "value": currency, "name": currency_name(&currency) }));
    Ok(finish_write(
        company,
        Entity::Account,
        row,
        Operation::for_list_write(before.as_ref(), &body["Active"]),
        context,
    ))
}
