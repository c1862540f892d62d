cancel = Cancel
close = Close
open-in-quickbooks = Open in QuickBooks
support-copy = Copy for support
support-copied = Copied.
support-selected = Selected: press Ctrl+C (⌘C on a Mac) to copy.
support-details = Details for support

# Plain pages
about-text = Fatura bills your Pipedrive deals in QuickBooks Online: open a deal, press + Invoice, check the form, done.
about-install = Install in Pipedrive
install-again = Install again
outside-text = This page belongs into Pipedrive. Open a deal there; Fatura is in its side bar.
offline-text = Fatura cannot be reached. What you typed is still here; it is sent when you go on typing or press the button again.
confirm-title = Connect these two companies?
confirm-text = Invoices of your Pipedrive deals will be created in this QuickBooks company.
confirm-replaces = This ends the connection with { $company }. Its invoices stay where they are.
confirm-connect = Connect
confirm-asked-by = Requested by
consent-refused-title = Nothing was connected
consent-refused-text = You cancelled on the consent page. Nothing was stored; you can start again whenever you like.
foreign-flow-title = This link has expired
foreign-flow-text = It was opened in another browser, used before, or more than a few minutes ago. Start again from Pipedrive.
connected-elsewhere-title = This QuickBooks company is connected already
connected-elsewhere-text = Another Pipedrive company uses it with Fatura. Disconnect it there first, or choose another QuickBooks company.
connected-elsewhere-named = { $company } is used with Fatura by another Pipedrive company. Disconnect it there first, or choose another QuickBooks company.
connected-elsewhere-other = Choose another company
installed-title = Fatura is installed
installed-text = Fatura is installed in the Pipedrive of { $company } already. Go on in the settings of Fatura, or open a deal: Fatura is in its side bar.
declined-title = Nothing was connected
declined-text = The access to QuickBooks was handed back.
cancelled-at-intuit = You cancelled on Intuit’s page.
cancelled-text = Fatura is installed in the Pipedrive of { $company }. Only QuickBooks is missing: connect it here now, or later in the settings of Fatura.
cancelled-kept-title = Nothing has changed
cancelled-kept-text = You cancelled. { $pipedrive } is still connected to { $quickbooks } in QuickBooks.
try-again = Try again
flow-failed-title = That did not work
flow-failed-text = Pipedrive or QuickBooks did not answer as expected. Nothing was stored. Please try again in a moment.

# Errors
not-installed-title = Fatura is not installed for you yet
not-installed-text = A colleague uses Fatura. Install it in Pipedrive under Marketplace to see and create invoices yourself.
not-connected-title = QuickBooks is not connected
not-connected-text = Ask an administrator of your Pipedrive account to connect QuickBooks in the settings of Fatura.
reconnect-title = QuickBooks has to be connected again
reconnect-text = QuickBooks ended the access. Ask an administrator to reconnect it in the settings of Fatura; nothing is lost.
reconnect-task = Connect QuickBooks again (Fatura)
reconnect-task-text = QuickBooks no longer lets Fatura in. Until somebody connects it again, deals get no invoices, and those that they have may show an old status. What waits goes on by itself afterwards.
too-many-title = Too many requests
too-many-text = Fatura gets more requests than it can answer now. Wait a minute and try again.
share-used-title = Too many requests
share-used-text = You have used your share of the requests that Pipedrive allows your company today. Wait a few minutes and try again; your colleagues are not affected.
not-found-title = Not found
not-found-text = It does not exist any more, or you may not see it.
admins-only-title = For administrators
admins-only-text = Only administrators of your Pipedrive account change these settings.
connect-admins-only-title = An administrator has to connect QuickBooks
connect-admins-only-text = Fatura is installed in the Pipedrive of { $company }. Only administrators connect QuickBooks: ask one of them to do it in the settings of Fatura. After that you can create invoices.
connect-admins-only-unnamed = Only administrators of your Pipedrive account connect QuickBooks. Ask one of them to do it in the settings of Fatura.
unreadable-request-title = This request cannot be read
unreadable-request-text = Fatura cannot read the address or the form. Nothing was changed. Go back to Pipedrive and start again.
rights-unknown-title = Pipedrive did not answer
rights-unknown-text = Pipedrive did not answer, so Fatura could not check whether you may do this. Nothing was changed. Please try again in a moment.
provider-busy-title = One moment, please
provider-busy-text = Too many requests at once. Please try again in a minute.
misconfigured-title = Fatura is not set up correctly
misconfigured-text = Pipedrive or QuickBooks does not accept the credentials of this Fatura installation. Please tell whoever operates it. You do not need to connect again: work in progress continues after the correction.
quickbooks-away-title = QuickBooks does not answer
quickbooks-away-text = What you see is the last known state. Please try again in a moment.
reads-refused-title = QuickBooks refuses reading for now
reads-refused-text = The reads that QuickBooks allows Fatura in a month are used up, or QuickBooks refuses them for another reason. What you see is the last known state. Invoices that you create are sent where nothing has to be read first; what waits goes on by itself, at the latest when the next month begins.
pipedrive-away-title = Pipedrive does not answer
pipedrive-away-text = The deal could not be read. Please try again in a moment.
pipedrive-blocked-title = Pipedrive refuses calls at the moment
pipedrive-blocked-text = The front of Pipedrive refused the call, so the deal could not be read. This passes by itself: try again in a few minutes.
quickbooks-blocked-title = QuickBooks refuses calls at the moment
quickbooks-blocked-text = The front of QuickBooks refused the call. What you see is the last known state; try again in a few minutes.
pipedrive-rights-title = Fatura has too few rights in Pipedrive
pipedrive-rights-text = Install Fatura again in the Pipedrive Marketplace, and allow all that is asked for. If that does not help, tell whoever operates Fatura.
quickbooks-rights-title = QuickBooks does not let Fatura in
quickbooks-environment-title = Fatura is set up for another QuickBooks
our-fault-title = Something went wrong on our side
our-fault-text = Nothing you typed is lost. Please try again; if it happens again, tell support the reference below.

# Panel
panel-new-invoice = Invoice
panel-refresh = Refresh
panel-invoices = Invoices of this deal
panel-empty = No invoices on this deal yet.
panel-open-settings = Open the settings of Fatura
panel-due = due { $due }
panel-left-to-pay = { $amount } left to pay
panel-read-at = As of { $time }
panel-checking = We are checking with QuickBooks whether the invoice exists.
panel-stuck = It is not known whether QuickBooks has it. Somebody has to look.
panel-unreadable = What QuickBooks answers for this invoice cannot be read since { $time }; what is shown here may be old. Open the invoice in QuickBooks and check its email addresses.
panel-refused = QuickBooks refused it. Open the form to mend it.
status-open = Open
status-partially-paid = Partially paid
status-overdue = Overdue
status-paid = Paid
status-voided = Voided
status-deleted = Deleted
status-checking = Checking
status-stuck = Needs a look
status-refused = Refused

menu-label = More for invoice { $number }
menu-send = Send by email
menu-pdf = Download PDF
menu-void = Void
menu-delete = Delete
menu-admins-only = Only administrators void and delete invoices.
send-to = Send invoice { $number } to
send-text = QuickBooks sends it, with the subject and text that are set there.
send-ok = Send
void-title = Void invoice { $number }?
void-text = Its amount of { $total } becomes zero in QuickBooks. This cannot be undone.
void-ok = Void invoice
delete-title = Delete invoice { $number }?
delete-text = The invoice of { $total } leaves the books in QuickBooks. This cannot be undone; to keep it visible there, void it instead.
delete-text-paid = If QuickBooks refuses to delete an invoice that has payments, void it instead.
delete-ok = Delete invoice
paid-already = { $amount } was paid already.
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
unlink-text = The next invoice asks again which customer is billed. The invoices stay.
unlink-ok = Unlink
act-voiding = Voiding…
act-deleting = Deleting…
act-sending = Sending…
act-voided = Invoice { $number } voided
act-deleted = Invoice { $number } deleted
act-sent = Invoice { $number } sent
act-not-voided = It was not voided.
act-not-deleted = It was not deleted.
act-not-sent = It was not sent.
act-corrected = Invoice { $number } was corrected
act-correcting = Being corrected…
act-not-corrected = It was not corrected.
act-changed = The invoice has changed in QuickBooks meanwhile: “{ $badge }” is how it stands now. Look again before you repeat this.
act-not-now = The invoice is “{ $badge }” now, which does not allow it.
act-no-address = Enter the email address it goes to.
act-has-payments-delete = QuickBooks does not delete an invoice that has payments. Unlink them in QuickBooks first, or void the invoice instead.
act-has-payments-void = QuickBooks does not void an invoice that has payments. Unlink them in QuickBooks first.
panel-draft = A draft of { $time } waits.
panel-open-draft = Open it
support = Help and support
panel-menu = More
panel-settings = Settings
panel-unlink = Unlink customer
panel-unlinked = Customer unlinked
panel-customer = Customer
panel-outstanding = Outstanding
panel-overdue = Overdue
panel-paid = Paid
panel-empty-person = No invoices for this person yet.
panel-empty-organization = No invoices for this organization yet.
panel-no-deals = There is no open or won deal to bill.
panel-choose-deal = Which deal?
panel-deal-open = Open
panel-deal-won = Won
panel-deal-invoices =
    { $count ->
        [one] { $count } invoice
       *[other] { $count } invoices
    }
panel-admins-create = Only administrators create invoices.
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
panel-silent = QuickBooks has not answered since { $time }. What you see is the last known state.
panel-reads-refused = QuickBooks refuses reading for now: the reads of the month may be used up. What you see is the last known state; it is brought up to date as soon as QuickBooks allows it.
panel-mend = Open the form
panel-remove = Remove
panel-removed = Refused invoice removed
panel-not-removed = It is being tried again and was not removed.
panel-invoices-person = Invoices of this person’s deals
panel-invoices-organization = Invoices of this organization’s deals
panel-stuck-disconnected = Not sent: its QuickBooks company is not connected any more. Connect that company again and look again, or remove the invoice.
panel-stuck-unsent = Not sent: it kept failing. Look again, or remove the invoice.
panel-removed-unsent = Invoice removed. QuickBooks has nothing of it.

# History of a deal
history-created = Invoice { $number } created in QuickBooks: { $total } for { $customer }, due { $due }.
history-open = Invoice { $number } is open again: { $balance } to pay, due { $due }.
history-partially-paid = Invoice { $number } is partially paid: { $balance } of { $total } left to pay.
history-paid = Invoice { $number } is paid: { $total }.
history-overdue = Invoice { $number } is overdue: { $balance } was due { $due }.
history-voided = Invoice { $number } was voided in QuickBooks.
history-deleted = Invoice { $number } was deleted in QuickBooks.

# Form
form-title = New invoice
form-deal-value = Deal value { $value }
form-already-billed =
    { $count ->
        [one] { $amount } of { $value } billed (1 invoice). This form has the remaining amount.
       *[other] { $amount } of { $value } billed ({ $count } invoices). This form has the remaining amount.
    }
form-fully-billed =
    { $count ->
        [one] This deal is fully billed: { $amount } of { $value } (1 invoice). There is nothing left to bill.
       *[other] This deal is fully billed: { $amount } of { $value } ({ $count } invoices). There is nothing left to bill.
    }
form-billed-foreign = Also billed in another currency: { $amounts }. This is not part of the sum.
form-under-way = { $name } is creating an invoice of { $total } for this deal right now.
form-colleague-draft = { $name } has a draft invoice for this deal, saved at { $time }.
form-deal-incomplete = Not all that Pipedrive answered for this deal could be read. Before you create the invoice, compare items, prices and discounts with the deal.
form-deal-changed = The deal has changed since you saved this draft: it was { $before }, now it is { $now }.
form-restored = Draft of { $time } restored.
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
form-lines = Items
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
form-mend = The invoice was not created yet:
reason-linked = used before
reason-tax-id = same tax ID
reason-name = same name
reason-email = same email
issued-short = Invoice { $number } created
issued-short-unnumbered = Invoice created
issued-title-unnumbered = The invoice for { $total } was created in QuickBooks.
issued-title = Invoice { $number } over { $total } stands in QuickBooks.
issued-earlier = It was created from this form before. What you changed since was not sent; change it in QuickBooks.
checking-title = We are checking with QuickBooks whether the invoice exists
checking-text = It was sent, but no answer came back yet. Please do not create it again: this page tells you as soon as we know, and so does the deal.
waiting-title = The invoice is being created
waiting-text = It has not been sent to QuickBooks yet. The result appears here and on the deal.
waiting-reconnect = The invoice has not been sent. Ask an administrator to reconnect QuickBooks in Fatura’s settings: it is created automatically afterwards, once.
checking-other = Another window is creating an invoice from this form with other content. What you typed here was not sent.
stuck-title = Somebody has to look at this invoice
stuck-doubt = It was sent to QuickBooks, no answer came back, and it is not to be found there. So that no second one is made, it is not sent again by itself. Please look for it in QuickBooks: if it is there, look again here in a moment; if not, have it sent again.
stuck-failed = It was tried for long and kept failing. Nothing you typed is lost. Have it tried again; if it gets stuck once more, tell support.
stuck-look-again = Look again
stuck-resend = It is not there: send it again
stuck-resend-title = Send the invoice again?
stuck-resend-text = Only if you have looked in QuickBooks and it is not there. Otherwise there will be two.
stuck-work = Work that is stuck
stuck-work-text = It kept failing and waits for somebody to look.
stuck-again = Try again
stuck-invoice = Invoice
stuck-act = Void, delete or send
stuck-entry = Entry in the history
stuck-fields = Fields of a deal
stuck-changes = What has changed in QuickBooks
stuck-row = { $kind } · deal { $deal } · { $since } · tried { $attempts } times
unreadable-title = Invoices that QuickBooks does not show
unreadable-text = QuickBooks cannot answer for them, mostly because of an invalid email address; their status stands still. Open each in QuickBooks, correct the address and save.
unreadable-row = Invoice { $number } · deal { $deal } · since { $since }
stuck-job = { $kind } · { $since } · tried { $attempts } times
stuck-taken-up = It is being tried again.
stuck-disconnected = It was not sent: its QuickBooks company is not connected any more. Connect that company again and have it tried again, or remove the invoice in the panel of the deal.
undo = Undo
tax-excluded = Tax on top
tax-included = Tax included
tax-none = No tax
form-group-part = What to bill
form-part = Part of the deal to bill
form-part-kind = Percent or amount
form-part-remaining = Remaining
form-part-all = The whole deal
form-excess = Together with the earlier invoices, this bills { $amount } more than the deal.
form-excess-first = This bills { $amount } more than the deal.
line-deposit = { $percent } % deposit: { $title }
line-deposit-amount = Deposit: { $title }
line-part = { $percent } % part payment: { $title }
line-part-amount = Part payment: { $title }
line-remaining = Remaining amount: { $title }
term-days = Net { $days }
ask-changed =
    { $count ->
        [0] The invoices of this deal have changed since you opened this form: now there is none.
        [one] The invoices of this deal have changed since you opened this form: now { $amount } are billed in 1 invoice.
       *[other] The invoices of this deal have changed since you opened this form: now { $amount } are billed in { $count } invoices.
    }
ask-newest = The newest was created by { $name }.
ask-excess = This invoice bills { $amount } more than the deal.
ask-create = Create it anyway
ask-reload = Fill in the remaining amount
stale-elsewhere = This form is open in another window. What you type here is not saved.
stale-here = Continue here
stale-ended = The invoice of this form has been created.
stale-new = Start a new invoice with what is typed here
form-prices-in = The prices are in { $from }. What should they be in { $to }?
form-prices-convert = Convert at today’s QuickBooks rate
form-prices-empty = Empty the prices
form-no-rate = QuickBooks has no exchange rate between these currencies. Empty the prices and type them.
form-discount-one-line = On the invoice: lines at their full price, and one discount line.
form-discount-in-prices = On the invoice: the discount of a line lowers its unit price.
form-discount-no-line = This QuickBooks company has no discount line: the discount lowers the unit price of each line.
form-printed-price = printed as { $price }
form-items-tax = tax of the item
form-update-customer = Update customer in QuickBooks
form-update-text = Address, email and tax ID are exported where they differ.
form-nothing-to-update = QuickBooks has the same address, email and tax ID.
form-source = from { $field }
form-source-empty = Empty in Pipedrive:
form-not-in-pipedrive = Not filled in in Pipedrive.
form-tax-mode = Tax
form-follow-term = Set by hand – use the term
form-preset = Preset
form-preset-none = None
form-preset-text = Message, term, copies and own fields. The design is the one that QuickBooks uses; it cannot be chosen from outside.
form-cc = Copy to (Cc)
form-custom = Field
form-online-payment = The customer can pay online
form-item-placeholder = Search, or create a new one
form-will-create = New in QuickBooks
form-no-items = Nothing found
form-line-menu = More for this line
form-line-up = Move up
form-line-down = Move down
form-line-copy = Duplicate
form-line-removed = Line removed.
form-discount-whole = Discount on the whole
form-discount-kind = Percent or amount
form-total-before-tax = Total before tax
form-automated-tax = QuickBooks adds the sales tax of the customer’s address.
form-missing =
    { $count ->
        [one] One thing to do:
       *[other] { $count } things to do:
    }
leave-title = Close the form?
leave-text = What you typed is kept as a draft; the form opens with it again.
leave-stale-title = Your last changes are not saved
leave-stale-text = This form is open in another window. If you close it, what you typed here is lost.
leave-ok = Close
leave-cancel = Keep editing
issued-differs = QuickBooks has { $total }. The form showed { $expected }.
issued-correct = Correct it in QuickBooks
problem-closed-until = The books are closed up to { $date }. Choose a later issue date.
problem-too-much = The discount is greater than the lines.
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
problem-not-an-email = This is not an email address.
problem-too-long = { $field } may have { $most } characters at most.
problem-control-character = { $field } contains an invisible character that QuickBooks does not accept. Delete the text and type it again.
problem-unknown = { $field }: QuickBooks does not have this choice (any more).
problem-not-positive = { $field } must not be negative or zero.
problem-too-large = { $field } is too large. Quantity, price, amount and total have to be below { $limit } each.
problem-too-many-decimals = { $field } may have { $most } decimals at most.
problem-not-a-percentage = { $field } has to lie between 0 and 100.
problem-before-issued = The due date lies before the issue date.
problem-unlikely-year = { $field }: check the year { $year }.
problem-other-company = This form was filled in for another QuickBooks company. Close it and open it again: what you typed is kept, and you choose the customer and the items again.
problem-customer-currency = This customer is billed in { $currency }. Choose { $currency }, or another customer.
problem-name-taken = QuickBooks has a customer, vendor or employee of this name already. Choose that customer, or change the name.
problem-number-taken = This invoice number was used already. Choose another.
problem-period-closed = The books are closed for this date in QuickBooks. Choose a later issue date.
problem-customer-inactive = This customer was made inactive or deleted in QuickBooks. Choose another.
problem-item-inactive = An item was made inactive or deleted in QuickBooks. Choose another.
problem-negative-total = The lines come to less than zero. An invoice cannot have a negative total.
problem-part-pending = This part was not in the lines yet. Check the lines and the total, then create the invoice.
problem-prices-in = The prices are still in { $currency }. Convert or empty them.
problem-unsupported-character = QuickBooks cannot hold the character “{ $character }”. Remove it.

# Refusals of QuickBooks
refusal-reference = Something that this invoice uses was made inactive or deleted in QuickBooks: the customer, an item, a tax or an account. Open the form again, choose anew and create the invoice.
refusal-term = The payment term of this due date was made inactive in QuickBooks. Create the invoice again: the list of terms has been updated.
refusal-account = An account that this invoice uses was made inactive or deleted in QuickBooks. An administrator has to choose another account: on the item in QuickBooks, or for new items in the settings of Fatura.
refusal-class = A class or location was made inactive or deleted in QuickBooks. Ask an administrator of QuickBooks to make it active again or to choose another.
refusal-no-income-account = QuickBooks has no income account for a new item. Choose an existing item, or ask an administrator to create an income account in QuickBooks.
refusal-item-name-taken = QuickBooks has an item of this name already. Choose that item, or change the name.
refusal-number-assigned = QuickBooks gave this invoice a number that was used already. Create the invoice again; if this repeats, ask an administrator to correct the numbering in QuickBooks.
refusal-not-linkable = QuickBooks does not allow this because of another transaction that is linked to the invoice. Unlink it in QuickBooks, then try again.
refusal-required = QuickBooks requires a value that this form does not have. Ask an administrator to check the settings of QuickBooks, or tell support.
refusal-value = QuickBooks does not accept this value. Correct it, then create the invoice again.
refusal-characters = QuickBooks does not accept a character of this text. Remove unusual signs, then create the invoice again.
refusal-email-address = QuickBooks does not accept one of the email addresses. Check the email and the copies.
refusal-email-missing = The invoice has no email address. Enter one and send it again.
refusal-email-not-delivered = QuickBooks could not deliver the email. Check the address and send it again.
refusal-other-email-address = An invoice that is already in QuickBooks has an invalid email address, which keeps QuickBooks from searching invoices. Correct that address in QuickBooks, then create the invoice again.
refusal-currency = QuickBooks does not accept this currency for this customer. Choose the customer’s currency, or another customer.
refusal-amount = QuickBooks computes another amount from quantity and price. Round the price, then create the invoice again.
refusal-discount = QuickBooks does not accept this discount. Remove it, or lower the prices of the lines.
refusal-tax-required = QuickBooks requires a tax on each line. Choose a tax, even if it is one of 0 %.
refusal-tax = The taxes of this invoice do not fit the tax settings of QuickBooks. Choose another tax, or ask an administrator to check those settings.
refusal-custom-field = QuickBooks does not accept one of the company’s own fields. Check what is typed in it, or empty it.
refusal-customer-not-billable = QuickBooks does not bill this customer. Choose another.
refusal-period-closed = The books in QuickBooks are closed for the date of this invoice. An administrator of QuickBooks has to open the period again.
refusal-stale = Somebody else made a change in QuickBooks at the same time. Try again.
refusal-gone = The invoice is not in QuickBooks any more.
refusal-deposited = The invoice is part of a deposit, or payments are linked to it. Remove them in QuickBooks, then try again.
refusal-settled = A payment of this invoice was settled electronically. Refund it in QuickBooks instead.
refusal-bank-matched = The transaction is matched with a bank transaction. Undo the match in QuickBooks, then try again.
refusal-no-permission = The QuickBooks user who connected Fatura may not do this. Ask an administrator to connect QuickBooks again as a user who may.
refusal-feature = The subscription or the settings of this QuickBooks company do not include this. Ask an administrator of QuickBooks to turn it on.
refusal-subscription = The subscription of this QuickBooks company has ended or has a billing problem. Ask an administrator to renew it in QuickBooks.
refusal-locked = This QuickBooks company is locked at the moment. Try again later.
refusal-maintenance = QuickBooks is under maintenance. Try again later.
refusal-reconnect = QuickBooks does not let Fatura into this company. Ask an administrator to connect QuickBooks again in the settings of Fatura, and to allow all that is asked for.
refusal-environment = This installation of Fatura is set up for another environment of QuickBooks: a test company with production keys, or the reverse. Tell whoever operates Fatura.
refusal-request = QuickBooks does not accept the way in which Fatura asked. Nothing that you typed is wrong. Tell support, with this text.
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
disconnect-text = No invoices can be created until somebody connects again. The invoices in QuickBooks and their history here stay.
settings-title = What fills an invoice
settings-text = Applied whenever somebody at { $company } opens the invoice form.
settings-to = To
settings-address = Address
settings-email = Email
settings-tax-id = Tax ID
settings-due = Due
settings-none = None
settings-field-missing = (field removed in Pipedrive)
settings-days-after = Days after the issue date
settings-days = days
settings-days-range = Enter a whole number of days from 0 to { $most }.
settings-income-account = Account for new items
settings-income-account-text = For products that QuickBooks does not know yet.
settings-save = Save
settings-saved = Settings saved
settings-not-saved = The settings were not saved yet:
who-everyone = Everyone who has Fatura
who-admins = Administrators
settings-try = Try it
settings-try-deal = What the form of this deal would say:
settings-defaults = Defaults
settings-item = Item for unknown products
settings-item-create = Create an item
settings-deposit-item = Item for deposits and part payments
settings-deposit-item-lines = The item of the deal’s lines
settings-discounts = Discounts
settings-discounts-in-prices = Put the discount of a line into its unit price, instead of one discount line
settings-tax-code = Tax for lines without one
settings-customer = Customer
settings-update-customer = “Update customer in QuickBooks” starts ticked
settings-presets = Presets
settings-presets-text = Chosen by name in the form. QuickBooks does not let other programs choose its design.
settings-preset-add = Add a preset
settings-presets-most = There may be { $most } presets at most.
preset-name = Name
preset-remove = Remove this preset
settings-rights = Who may do what
settings-create = Create invoices
settings-void = Void and delete invoices
settings-language = Language of the deal’s history
settings-language-usual = Automatic: { $language }
settings-language-text = Automatic is the language of most people here who have Fatura. Pages follow each person’s own language.
settings-write-back = Fields of the deal
settings-write-back-text = Own fields of the deal that follow its invoices, for filters, automations and reports in Pipedrive. A number counts the invoices in the deal’s currency; a text lists each currency by itself.
write-invoiced = Invoiced amount
write-balance = Amount left to pay
write-status = Status of the newest invoice
write-number = Number of the newest invoice
settings-changed = Saved. Changed: { $names }
settings-unsaved = There are unsaved changes.
settings-won = Won deals
settings-draft-on-won = A deal that is won gets a draft by itself
settings-not-chosen = { $field }: choose an entry from the list, or leave the field empty.
settings-conflict = Somebody else has changed these settings
settings-conflict-text = They were saved after you opened this page, and yours were not saved yet. Saving now would change: { $names }. Check these, then save again.
