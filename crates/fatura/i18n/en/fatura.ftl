cancel = Cancel
close = Close
open-in-quickbooks = Open in QuickBooks
support-copy = Copy for support
support-copied = Copied.
support-selected = Selected: press Ctrl+C (⌘C on a Mac) to copy.
support-details = Details for support

# Plain pages
about-text = Fatura creates QuickBooks Online invoices from your Pipedrive deals: open a deal, click + Invoice, check the form and create the invoice.
about-install = Install in Pipedrive
install-again = Install again
outside-text = Open this page inside Pipedrive: open a deal and use Fatura in the sidebar.
offline-text = Could not reach Fatura. What you typed is kept on this page and is sent when you continue typing or click the button again.
confirm-title = Connect these two companies?
confirm-text = Invoices of your Pipedrive deals will be created in this QuickBooks company.
confirm-replaces = This replaces the connection to { $company }. Its invoices stay in QuickBooks.
confirm-connect = Connect
confirm-asked-by = Requested by
consent-refused-title = Nothing was connected
consent-refused-text = You cancelled on the consent page. Nothing was saved. You can start again at any time.
foreign-flow-title = This link has expired
foreign-flow-text = The link was opened in another browser, was already used, or is more than a few minutes old. Start again from Pipedrive.
connected-elsewhere-title = This QuickBooks company is already connected
connected-elsewhere-text = Another Pipedrive company uses it with Fatura. Disconnect it there first, or choose another QuickBooks company.
connected-elsewhere-named = { $company } is used with Fatura by another Pipedrive company. Disconnect it there first, or choose another QuickBooks company.
connected-elsewhere-other = Choose another company
installed-title = Fatura is installed
installed-text = Fatura is installed in the Pipedrive of { $company } already. Go on in the settings of Fatura, or open a deal: Fatura is in its side bar.
declined-title = Nothing was connected
declined-text = The access to QuickBooks was revoked.
cancelled-at-intuit = You cancelled on Intuit’s page.
cancelled-text = Fatura is installed in the Pipedrive account of { $company }. Only QuickBooks is missing: connect it now, or later in Fatura’s settings.
cancelled-kept-title = Nothing has changed
cancelled-kept-text = You cancelled. { $pipedrive } is still connected to { $quickbooks } in QuickBooks.
try-again = Try again
flow-failed-title = Something went wrong
flow-failed-text = Pipedrive or QuickBooks did not respond as expected. Nothing was saved. Try again in a moment.

# Errors
not-installed-title = Fatura is not installed for you yet
not-installed-text = Your company uses Fatura, but you have not installed it yet. Install it from the Pipedrive Marketplace to see and create invoices.
not-connected-title = QuickBooks is not connected
not-connected-text = Ask an administrator of your Pipedrive account to connect QuickBooks in Fatura’s settings.
reconnect-title = QuickBooks must be reconnected
reconnect-text = QuickBooks ended the access. Ask an administrator to reconnect it in Fatura’s settings. Nothing is lost.
reconnect-task = Reconnect QuickBooks (Fatura)
reconnect-task-text = Fatura no longer has access to QuickBooks. Until somebody reconnects it, no invoices can be created and the status of existing invoices may be out of date. Pending tasks resume automatically afterwards.
too-many-title = Too many requests
too-many-text = Fatura is receiving more requests than it can handle. Wait a minute and try again.
share-used-title = Request limit reached
share-used-text = You have used your share of the requests that Pipedrive allows your company today. Wait a few minutes and try again. Your colleagues are not affected.
not-found-title = Not found
not-found-text = It no longer exists, or you do not have access to it.
admins-only-title = Administrators only
admins-only-text = Only administrators of your Pipedrive account can do this. Ask one of them.
connect-admins-only-title = An administrator has to connect QuickBooks
connect-admins-only-text = Fatura is installed in the Pipedrive account of { $company }. Only administrators can connect QuickBooks: ask one of them to connect it in Fatura’s settings. After that you can create invoices.
connect-admins-only-unnamed = Only administrators of your Pipedrive account can connect QuickBooks. Ask one of them to connect it in Fatura’s settings.
unreadable-request-title = This request is not valid
unreadable-request-text = Fatura could not read the address or the form. Nothing was changed. Go back to Pipedrive and start again.
rights-unknown-title = Pipedrive did not respond
rights-unknown-text = Pipedrive did not respond, so Fatura could not check your permissions. Nothing was changed. Try again in a moment.
provider-busy-title = One moment, please
provider-busy-text = There are too many requests at the moment. Try again in a minute.
misconfigured-title = Fatura is not set up correctly
misconfigured-text = Pipedrive or QuickBooks rejects the credentials of this Fatura installation. Contact its operator. You do not need to reconnect: work in progress continues after the correction.
quickbooks-away-title = QuickBooks is not responding
quickbooks-away-text = Fatura could not reach QuickBooks. Try again in a moment.
reads-refused-title = QuickBooks read limit reached
reads-refused-text = QuickBooks is refusing reads: the monthly limit may have been reached. The status of invoices may be out of date. Invoices that need no lookup are sent as usual; everything else resumes automatically, at the latest at the beginning of next month.
pipedrive-away-title = Pipedrive is not responding
pipedrive-away-text = The data from Pipedrive could not be loaded. Try again in a moment.
pipedrive-blocked-title = Pipedrive is blocking requests
pipedrive-blocked-text = Pipedrive’s firewall blocked the request, so the deal could not be loaded. This usually resolves itself: try again in a few minutes.
quickbooks-blocked-title = QuickBooks is blocking requests
quickbooks-blocked-text = QuickBooks’ firewall blocked the request. Try again in a few minutes.
pipedrive-rights-title = Fatura needs more permissions in Pipedrive
pipedrive-rights-text = Reinstall Fatura from the Pipedrive Marketplace and grant every permission it asks for. If that does not help, contact the operator of this Fatura installation.
quickbooks-rights-title = QuickBooks denied access
quickbooks-environment-title = Fatura is set up for another QuickBooks environment
our-fault-title = Something went wrong in Fatura
our-fault-text = What you typed is not lost. Try again; if it happens again, give support the reference below.

# Panel
panel-new-invoice = Invoice
panel-refresh = Refresh
panel-invoices = Invoices of this deal
panel-empty = No invoices on this deal yet.
panel-open-settings = Open Fatura settings
panel-due = due { $due }
panel-left-to-pay = { $amount } due
panel-read-at = As of { $time }
panel-checking = Checking in QuickBooks whether the invoice exists.
panel-stuck = It is not certain that this invoice exists in QuickBooks. Please check.
panel-unreadable = QuickBooks has returned no readable data for this invoice since { $time }; the details here may be out of date. Open the invoice in QuickBooks and check its email addresses.
panel-refused = QuickBooks rejected this invoice. Open the form to correct it.
status-open = Open
status-partially-paid = Partially paid
status-overdue = Overdue
status-paid = Paid
status-voided = Voided
status-deleted = Deleted
status-checking = Checking
status-stuck = Needs attention
status-refused = Rejected

menu-label = More actions for invoice { $number }
menu-send = Send by email
menu-pdf = Download PDF
menu-void = Void
menu-delete = Delete
menu-admins-only = Only administrators can void and delete invoices.
send-to = Send invoice { $number } to
send-text = QuickBooks sends it with the subject and message set there.
send-ok = Send
void-title = Void invoice { $number }?
void-text = Its amount of { $total } becomes zero in QuickBooks. This cannot be undone.
void-ok = Void invoice
delete-title = Delete invoice { $number }?
delete-text = The invoice of { $total } is removed from the books in QuickBooks. This cannot be undone. To keep a record, void it instead.
delete-text-paid = If QuickBooks refuses to delete an invoice that has payments, void it instead.
delete-ok = Delete invoice
paid-already = { $amount } has already been paid.
paid-already-by =
    { $count ->
        [one] { $amount } was paid already, by one payment: { $payments }.
       *[other] { $amount } was paid already, by { $count } payments: { $payments }.
    }
paid-payment = { $amount } on { $date }
paid-credit = { $amount } by credit memo on { $date }
paid-more = { $payments }; and { $count } more
payments-stay = The payments stay in QuickBooks as unapplied credit of the customer.
unlink-title = Unlink { $customer }?
unlink-text = The next invoice asks again which customer to bill. Existing invoices do not change.
unlink-ok = Unlink
act-voiding = Voiding…
act-deleting = Deleting…
act-sending = Sending…
act-voided = Invoice { $number } voided
act-deleted = Invoice { $number } deleted
act-sent = Invoice { $number } sent
act-not-voided = The invoice was not voided.
act-not-deleted = The invoice was not deleted.
act-not-sent = The invoice was not sent.
act-corrected = Invoice { $number } was corrected
act-correcting = Correcting…
act-not-corrected = The invoice was not corrected.
act-changed = The invoice has changed in QuickBooks: its status is now “{ $badge }”. Check it before you try again.
act-not-now = This is not possible while the invoice’s status is “{ $badge }”.
act-no-address = Enter the recipient’s email address.
act-has-payments-delete = QuickBooks does not delete an invoice that has payments. Unlink them in QuickBooks first, or void the invoice instead.
act-has-payments-void = QuickBooks does not void an invoice that has payments. Unlink them in QuickBooks first.
panel-draft = Draft saved: { $time }
panel-open-draft = Open draft
support = Help and support
panel-menu = More
panel-settings = Settings
panel-unlink = Unlink customer
panel-unlinked = Customer unlinked
panel-customer = Customer
panel-outstanding = Not yet due
panel-overdue = Overdue
panel-paid = Paid
panel-empty-person = No invoices for this person yet.
panel-empty-organization = No invoices for this organization yet.
panel-no-deals = There are no open or won deals to bill.
panel-choose-deal = Choose a deal
panel-deal-open = Open
panel-deal-won = Won
panel-deal-invoices =
    { $count ->
        [one] { $count } invoice
       *[other] { $count } invoices
    }
panel-admins-create = Only administrators can create invoices.
panel-show-more =
    { $count ->
        [one] Show one more
       *[other] Show more ({ $count })
    }
panel-issued = issued { $date }
panel-sent = ✓ emailed
panel-not-sent = not emailed
panel-paid-so-far = { $amount } paid
panel-overdue-for =
    { $days ->
        [one] overdue since yesterday
       *[other] { $days } days overdue
    }
panel-silent = Last response from QuickBooks: { $time }. The details shown are the last known.
panel-reads-refused = QuickBooks is refusing reads: the monthly limit may have been reached. The details shown are the last known and are updated as soon as QuickBooks allows it.
panel-mend = Open form
panel-remove = Remove
panel-removed = Rejected invoice removed
panel-not-removed = The invoice is being retried and was not removed.
panel-invoices-person = Invoices of this person’s deals
panel-invoices-organization = Invoices of this organization’s deals
panel-stuck-disconnected = Not sent: its QuickBooks company is not connected any more. Connect that company again and look again, or remove the invoice.
panel-stuck-unsent = Not sent: it kept failing. Look again, or remove the invoice.
panel-removed-unsent = Invoice removed. QuickBooks has nothing of it.

# History of a deal
history-created = Invoice { $number } created in QuickBooks: { $total } for { $customer }, due { $due }.
history-open = Invoice { $number } is open again: { $balance } to pay, due { $due }.
history-partially-paid = Invoice { $number } is partially paid: { $balance } of { $total } still due.
history-paid = Invoice { $number } is paid: { $total }.
history-overdue = Invoice { $number } is overdue: { $balance } was due { $due }.
history-voided = Invoice { $number } was voided in QuickBooks.
history-deleted = Invoice { $number } was deleted in QuickBooks.

# Form
form-title = New invoice
form-deal-value = Deal value { $value }
form-already-billed =
    { $count ->
        [one] { $amount } of { $value } billed (1 invoice{ $basis }). This form has the remaining amount.
       *[other] { $amount } of { $value } billed ({ $count } invoices{ $basis }). This form has the remaining amount.
    }
form-fully-billed =
    { $count ->
        [one] This deal is fully billed: { $amount } of { $value } (1 invoice{ $basis }). There is nothing left to bill.
       *[other] This deal is fully billed: { $amount } of { $value } ({ $count } invoices{ $basis }). There is nothing left to bill.
    }
amount-before-tax = , before tax
amount-with-tax = , with tax
form-billed-foreign = Also billed in another currency: { $amounts }. This is not included in the sum.
form-under-way = { $name } is currently creating an invoice of { $total } for this deal.
form-colleague-draft = { $name } has a draft invoice for this deal (saved: { $time }).
form-deal-incomplete = Some data of this deal could not be read from Pipedrive. Before you create the invoice, compare items, prices and discounts with the deal.
form-deal-changed = The deal has changed since this draft was saved: it was { $before }, now it is { $now }.
form-restored = Restored draft ({ $time })
form-discard = Start over from the deal
form-group-customer = Customer details
form-group-billing = Billing details
form-to = To
form-customer = Customer in QuickBooks
form-customer-placeholder = Search, or create a new one
form-create-customer = Create “{ $name }”
form-email = Email
form-tax-id = Tax ID
form-address = Address
form-city = City
form-state = State
form-postal-code = Postal code
form-country = Country
form-issued = Issue date
form-due = Due date
form-currency = Currency
form-number = Invoice number
form-invoice-code = Sales tax
form-message = Message on the invoice
form-memo = Private memo
form-lines = Invoice items
form-item = Item
form-create-item = Create “{ $name }”
form-description = Description
form-quantity = Quantity
form-unit-price = Unit price
form-discount = Disc. %
form-tax = Tax
form-taxable = Taxable
form-not-taxable = Not taxable
form-amount = Amount
form-add-line = Add a line
form-remove-line = Remove this line
form-choose = Choose…
form-subtotal = Subtotal
form-discount-sum = Discount
form-total = Total
form-create = Create invoice
form-mend = The invoice was not created:
reason-linked = used before
reason-tax-id = same tax ID
reason-name = same name
reason-email = same email
issued-short = Invoice { $number } created
issued-short-unnumbered = Invoice created
issued-title-unnumbered = The invoice for { $total } was created in QuickBooks.
issued-title = Invoice { $number } for { $total } was created in QuickBooks.
issued-earlier = This form has already created the invoice. Later changes were not sent; make them in QuickBooks.
checking-title = Checking whether the invoice was created
checking-text = The invoice was sent, but QuickBooks has not responded yet. Do not create it again: the result appears here and on the deal.
waiting-title = The invoice is being created
waiting-text = It has not been sent to QuickBooks yet. The result appears here and on the deal.
waiting-reconnect = The invoice has not been sent. Ask an administrator to reconnect QuickBooks in Fatura’s settings: it is created automatically afterwards, once.
checking-other = Another window is creating an invoice from this form with other content. What you typed here was not sent.
stuck-title = This invoice needs attention
stuck-doubt = The invoice was sent to QuickBooks, but no response arrived and it was not found there. To avoid a duplicate, Fatura does not send it again automatically. Search for it in QuickBooks: if it is there, check again in a moment; if it is not, send it again.
stuck-failed = All attempts failed. What you typed is not lost. Try again; if it fails once more, contact support.
stuck-look-again = Check again
stuck-resend = It is not there: send it again
stuck-resend-title = Send the invoice again?
stuck-resend-text = Only do this if you searched QuickBooks and it is not there. Otherwise the invoice will exist twice.
stuck-work = Failed tasks
stuck-work-text = These tasks failed repeatedly and need attention.
stuck-again = Try again
stuck-invoice = Invoice
stuck-act = Void, delete or send
stuck-entry = Note in the deal’s history
stuck-fields = Deal fields
stuck-changes = Changes in QuickBooks
stuck-row = { $kind } · deal { $deal } · { $since } · tried { $attempts } times
unreadable-title = Invoices that QuickBooks does not show
unreadable-text = QuickBooks returns no data for these invoices, usually because of an invalid email address. Their status is not updated. Open each one in QuickBooks, correct the address and save.
unreadable-row = Invoice { $number } · deal { $deal } · since { $since }
stuck-job = { $kind } · { $since } · tried { $attempts } times
stuck-taken-up = Trying again.
stuck-disconnected = It was not sent: its QuickBooks company is not connected any more. Connect that company again and have it tried again, or remove the invoice in the panel of the deal.
undo = Undo
tax-excluded = Tax exclusive
tax-included = Tax inclusive
tax-none = No tax
form-group-part = What to bill
form-part = Part of the deal to bill
form-part-kind = Percent or amount
form-part-remaining = Remaining
form-part-all = The whole deal
form-excess = Together with earlier invoices, this exceeds the deal value by { $amount }.
form-excess-first = This invoice exceeds the deal value by { $amount }.
line-deposit = { $percent }% deposit: { $title }
line-deposit-amount = Deposit: { $title }
line-part = { $percent }% part payment: { $title }
line-part-amount = Part payment: { $title }
line-remaining = Remaining amount: { $title }
term-days = Net { $days }
ask-changed =
    { $count ->
        [0] The invoices of this deal have changed since you opened this form: now there is none.
        [one] The invoices of this deal have changed since you opened this form: now { $amount } are billed in 1 invoice{ $basis }.
       *[other] The invoices of this deal have changed since you opened this form: now { $amount } are billed in { $count } invoices{ $basis }.
    }
ask-newest = The most recent one was created by { $name }.
ask-nothing-left = There is nothing left to bill.
ask-excess = This invoice exceeds the deal value by { $amount }{ $basis }.
ask-create = Create anyway
ask-reload = Fill in the remaining amount
stale-elsewhere = This form is open in another window. Changes made here are not saved.
stale-here = Continue here
stale-ended = This form has already created the invoice.
stale-new = Start a new invoice with this data
form-prices-in = The prices are in { $from }. What should they be in { $to }?
form-prices-convert = Convert at today’s QuickBooks rate
form-prices-empty = Clear the prices
form-no-rate = QuickBooks has no exchange rate for these currencies. Clear the prices and enter them.
form-discount-one-line = On the invoice: full line prices and one discount line.
form-discount-in-prices = On the invoice: line discounts are included in the unit price.
form-discount-no-line = This QuickBooks company does not use discount lines: the discount is included in the unit price of each line.
form-printed-price = printed as { $price }
form-items-tax = the item’s tax
form-update-customer = Update customer in QuickBooks
form-update-text = Address, email and tax ID are exported if they differ.
form-nothing-to-update = QuickBooks already has this address, email and tax ID.
form-source = from { $field }
form-source-empty = Empty in Pipedrive:
form-not-in-pipedrive = Not filled in in Pipedrive.
form-tax-mode = Tax
form-follow-term = Edited – use the payment terms
form-preset = Preset
form-preset-none = None
form-preset-text = Message, payment terms, copies and custom fields. The layout is the one set in QuickBooks.
form-cc = Copy to (Cc)
form-custom = Field
form-online-payment = The customer can pay online
form-item-placeholder = Search, or create a new one
form-will-create = New in QuickBooks
form-no-items = No results
form-line-menu = More actions for this line
form-line-up = Move up
form-line-down = Move down
form-line-copy = Duplicate
form-line-removed = Line removed.
form-pasted = Pasted as:
form-pasted-unused = Columns not used:
form-discount-whole = Invoice discount
form-discount-kind = Percent or amount
form-total-before-tax = Total before tax
form-automated-tax = QuickBooks adds the sales tax for the customer’s address.
form-missing =
    { $count ->
        [one] One thing to do:
       *[other] { $count } things to do:
    }
leave-title = Close the form?
leave-text = What you typed is saved as a draft and comes back when you open the form.
leave-stale-title = Your latest changes are not saved
leave-stale-text = This form is open in another window. If you close it, the changes made here are lost.
leave-ok = Close
leave-cancel = Keep editing
issued-differs = The total in QuickBooks is { $total }; the form showed { $expected }.
issued-correct = Correct it in QuickBooks
problem-closed-until = The books are closed through { $date }. Choose a later issue date.
problem-too-much = The discount is greater than the total of the lines.
form-mend-more = { $count ->
    [one] And one more; it is shown at its field.
   *[other] And { $count } more; each is shown at its field.
}
leave-lost-text = What you typed last could not be saved. If you close the form now, it is lost.

# Problems
problem-choose-customer = Choose a customer in QuickBooks, or create one.
problem-no-lines = An invoice needs at least one line.
problem-choose-item = Line { $line }: choose a QuickBooks item, or create one.
problem-choose-tax = Line { $line }: choose a tax.
problem-missing = { $field } is missing.
problem-not-a-number = { $field } is not a number.
problem-other-currency = { $field }: this amount is in another currency. The invoice is in { $currency }.
problem-not-a-date = { $field } is not a date.
problem-not-an-email = This is not a valid email address.
problem-too-long = { $field } may have { $most } characters at most.
problem-control-character = { $field } contains an invisible character that QuickBooks does not accept. Delete the text and type it again.
problem-unknown = { $field }: this option is not available in QuickBooks.
problem-not-positive = { $field } must not be negative or zero.
problem-too-large = { $field } is too large. Quantity, price, amount and total must each be below { $limit }.
problem-too-many-decimals = { $field } may have { $most } decimals at most.
problem-not-a-percentage = { $field } must be between 0 and 100.
problem-before-issued = The due date is before the issue date.
problem-unlikely-year = { $field }: check the year { $year }.
problem-other-company = This form was filled in for another QuickBooks company. Close it and open it again: what you typed is kept, and you choose the customer and the items again.
problem-customer-currency = This customer is billed in { $currency }. Choose { $currency }, or another customer.
problem-name-taken = QuickBooks already has a customer, vendor or employee with this name. Choose that customer, or change the name.
problem-number-taken = This invoice number is already in use. Choose another.
problem-period-closed = The books are closed for this date in QuickBooks. Choose a later issue date.
problem-customer-inactive = This customer was made inactive or deleted in QuickBooks. Choose another.
problem-item-inactive = An item was made inactive or deleted in QuickBooks. Choose another.
problem-negative-total = The lines add up to less than zero. An invoice cannot have a negative total.
problem-part-pending = The lines did not include this part yet. Check the lines and the total, then create the invoice.
problem-prices-in = The prices are still in { $currency }. Convert or clear them.
problem-unsupported-character = QuickBooks does not accept the character “{ $character }”. Remove it.

# Refusals of QuickBooks
refusal-reference = Something that this invoice uses was made inactive or deleted in QuickBooks: the customer, an item, a tax or an account. Open the form again, choose anew and create the invoice.
refusal-term = The payment term of this due date was made inactive in QuickBooks. Create the invoice again: the list of terms has been updated.
refusal-account = An account that this invoice uses was made inactive or deleted in QuickBooks. An administrator has to choose another account: on the item in QuickBooks, or for new items in the settings of Fatura.
refusal-class = A class or location was made inactive or deleted in QuickBooks. Ask an administrator of QuickBooks to make it active again or to choose another.
refusal-no-income-account = QuickBooks has no income account for a new item. Choose an existing item, or ask an administrator to create an income account in QuickBooks.
refusal-item-name-taken = QuickBooks already has an item with this name. Choose that item, or change the name.
refusal-number-assigned = QuickBooks gave this invoice a number that is already in use. Create the invoice again; if this repeats, ask an administrator to correct the numbering in QuickBooks.
refusal-not-linkable = QuickBooks does not allow this because of another transaction that is linked to the invoice. Unlink it in QuickBooks, then try again.
refusal-required = QuickBooks requires a value that this form does not have. Ask an administrator to check the settings of QuickBooks, or tell support.
refusal-value = QuickBooks does not accept this value. Correct it, then create the invoice again.
refusal-characters = QuickBooks does not accept a character in this text. Remove unusual characters, then create the invoice again.
refusal-email-address = QuickBooks does not accept one of the email addresses. Check the email and the copies.
refusal-email-missing = The invoice has no email address. Enter one and send it again.
refusal-email-not-delivered = QuickBooks could not deliver the email. Check the address and send it again.
refusal-other-email-address = An invoice that is already in QuickBooks has an invalid email address, which keeps QuickBooks from searching invoices. Correct that address in QuickBooks, then create the invoice again.
refusal-currency = QuickBooks does not accept this currency for this customer. Choose the customer’s currency, or another customer.
refusal-amount = QuickBooks calculates a different amount from the quantity and price. Round the price, then create the invoice again.
refusal-discount = QuickBooks does not accept this discount. Remove it, or lower the prices of the lines.
refusal-tax-required = QuickBooks requires a tax on each line. Choose a tax, even if it is one of 0 %.
refusal-tax = The taxes of this invoice do not fit the tax settings of QuickBooks. Choose another tax, or ask an administrator to check those settings.
refusal-custom-field = QuickBooks does not accept one of the custom fields. Check its value, or clear it.
refusal-customer-not-billable = This customer cannot be billed in QuickBooks. Choose another.
refusal-period-closed = The books in QuickBooks are closed for the date of this invoice. An administrator of QuickBooks has to reopen the period.
refusal-stale = Somebody else made a change in QuickBooks at the same time. Try again.
refusal-gone = The invoice is no longer in QuickBooks.
refusal-deposited = The invoice is part of a deposit, or payments are linked to it. Remove them in QuickBooks, then try again.
refusal-settled = A payment of this invoice was settled electronically. Refund it in QuickBooks instead.
refusal-bank-matched = The transaction is matched with a bank transaction. Undo the match in QuickBooks, then try again.
refusal-no-permission = The QuickBooks user who connected Fatura does not have permission for this. Ask an administrator to connect QuickBooks again as a user who has it.
refusal-feature = The subscription or the settings of this QuickBooks company do not include this. Ask an administrator of QuickBooks to turn it on.
refusal-subscription = The subscription of this QuickBooks company has ended or has a billing problem. Ask an administrator to renew it in QuickBooks.
refusal-locked = This QuickBooks company is locked at the moment. Try again later.
refusal-maintenance = QuickBooks is under maintenance. Try again later.
refusal-reconnect = Fatura has no access to this QuickBooks company. Ask an administrator to reconnect QuickBooks in Fatura’s settings and to grant every permission it asks for.
refusal-environment = This Fatura installation is set up for another QuickBooks environment: a test company with production keys, or the reverse. Contact its operator.
refusal-request = QuickBooks did not accept Fatura’s request. The problem is not what you typed. Send this text to support.
refusal-unknown = QuickBooks refused the invoice, and nothing was created. Correct what it names, then create the invoice again.
refusal-quote = QuickBooks says: { $detail }

# Settings
entity-organization = Organization
entity-person = Person
entity-deal = Deal
settings-connection = QuickBooks
settings-connected = Connected to { $company } ({ $country }, { $currency })
settings-connected-since = since { $date }, by { $user }
settings-not-connected = No QuickBooks company is connected yet. Connect one to create invoices from your deals.
settings-connect = Connect to QuickBooks
settings-disconnect = Disconnect
disconnect-title = Disconnect { $company }?
disconnect-text = No invoices can be created until QuickBooks is connected again. The invoices in QuickBooks and their history here are kept.
settings-title = Invoice defaults
settings-text = Used whenever somebody at { $company } opens the invoice form.
settings-to = To
settings-address = Address
settings-email = Email
settings-tax-id = Tax ID
settings-due = Payment terms
settings-none = None
settings-field-missing = (field removed in Pipedrive)
settings-days-after = Days after the issue date
settings-days = days
settings-days-range = Enter a whole number of days from 0 to { $most }.
settings-income-account = Account for new items
settings-income-account-text = For products that do not exist in QuickBooks yet.
settings-save = Save
settings-saved = Settings saved
settings-not-saved = The settings were not saved:
who-everyone = All Fatura users
who-admins = Administrators
settings-try = Preview
settings-try-deal = How the form would be filled in for this deal:
settings-defaults = Item defaults
settings-item = Item for products that are not in QuickBooks
settings-item-create = Create an item
settings-deposit-item = Item for deposits and part payments
settings-deposit-item-lines = The item of the deal’s lines
settings-discounts = Discounts
settings-discounts-in-prices = Include line discounts in the unit price instead of a discount line
settings-tax-code = Default tax
settings-customer = Customer
settings-update-customer = “Update customer in QuickBooks” is selected by default
settings-presets = Presets
settings-presets-text = Chosen by name in the form. The layout of the invoice is the one set in QuickBooks.
settings-preset-add = Add a preset
settings-presets-most = You can have up to { $most } presets.
preset-name = Name
preset-remove = Remove this preset
settings-rights = Permissions
settings-create = Create invoices
settings-void = Void and delete invoices
settings-language = Language of the deal’s history
settings-language-usual = Automatic: { $language }
settings-language-text = Automatic: the language of most Fatura users in your company. Pages use each person’s own language.
settings-write-back = Deal fields
settings-write-back-text = Custom deal fields that Fatura updates from the deal’s invoices, for filters, automations and reports in Pipedrive. A numeric field adds up the invoices in the deal’s currency; a text field lists each currency separately.
write-invoiced = Invoiced amount
write-balance = Balance due
write-status = Status of the latest invoice
write-number = Number of the latest invoice
settings-changed = Saved. Changed: { $names }
settings-unsaved = There are unsaved changes.
settings-won = Won deals
settings-draft-on-won = Create a draft automatically when a deal is won
settings-not-chosen = { $field }: choose an entry from the list, or leave the field empty.
settings-conflict = Somebody else has changed these settings
settings-conflict-text = They were saved after you opened this page, and yours were not saved yet. Saving now would change: { $names }. Check these, then save again.
