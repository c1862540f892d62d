cancel = Cancelar
close = Cerrar
open-in-quickbooks = Abrir en QuickBooks
support-copy = Copiar para soporte
support-copied = Copiado.
support-selected = Seleccionado: pulsa Ctrl+C (⌘C en Mac) para copiar.
support-details = Detalles para soporte

# Páginas sencillas
about-text = Fatura crea facturas en QuickBooks Online a partir de tus tratos de Pipedrive: abre un trato, haz clic en + Factura, revisa el formulario y crea la factura.
about-install = Instalar en Pipedrive
install-again = Instalar de nuevo
outside-text = Abre esta página dentro de Pipedrive: abre un trato y usa Fatura en la barra lateral.
offline-text = No se pudo acceder a Fatura. Lo que escribiste se conserva en esta página y se envía cuando sigues escribiendo o vuelves a hacer clic en el botón.
confirm-title = ¿Conectar estas dos empresas?
confirm-text = Las facturas de tus tratos de Pipedrive se crearán en esta empresa de QuickBooks.
confirm-replaces = Esto sustituye la conexión con { $company }. Sus facturas se quedan en QuickBooks.
confirm-connect = Conectar
confirm-asked-by = Solicitado por
consent-refused-title = No se conectó nada
consent-refused-text = Cancelaste en la página de autorización. No se guardó nada. Puedes empezar de nuevo cuando quieras.
foreign-flow-title = Este enlace ha caducado
foreign-flow-text = El enlace se abrió en otro navegador, ya se usó o tiene más de unos minutos. Empieza de nuevo desde Pipedrive.
connected-elsewhere-title = Esta empresa de QuickBooks ya está conectada
connected-elsewhere-text = Otra empresa de Pipedrive la usa con Fatura. Desconéctala allí primero o elige otra empresa de QuickBooks.
connected-elsewhere-named = Otra empresa de Pipedrive ya usa { $company } con Fatura. Desconéctala allí primero o elige otra empresa de QuickBooks.
connected-elsewhere-other = Elegir otra empresa
installed-title = Fatura está instalada
installed-text = Fatura ya está instalada en el Pipedrive de { $company }. Sigue en los ajustes de Fatura o abre un trato: Fatura está en la barra lateral.
declined-title = No se conectó nada
declined-text = Se revocó el acceso a QuickBooks.
cancelled-at-intuit = Cancelaste en la página de Intuit.
cancelled-text = Fatura está instalada en la cuenta de Pipedrive de { $company }. Solo falta conectar QuickBooks: conéctalo ahora o, más tarde, en los ajustes de Fatura.
cancelled-kept-title = No ha cambiado nada
cancelled-kept-text = Cancelaste. { $pipedrive } sigue conectada a { $quickbooks } en QuickBooks.
try-again = Intentar de nuevo
flow-failed-title = Algo salió mal
flow-failed-text = Pipedrive o QuickBooks no respondió como se esperaba. No se guardó nada. Inténtalo de nuevo en un momento.

# Errores
not-installed-title = Fatura aún no está instalada para ti
not-installed-text = Tu empresa usa Fatura, pero aún no la has instalado. Instálala desde el Marketplace de Pipedrive para ver y crear facturas.
not-connected-title = QuickBooks no está conectado
not-connected-text = Pide a un administrador de tu cuenta de Pipedrive que conecte QuickBooks en los ajustes de Fatura.
reconnect-title = Hay que volver a conectar QuickBooks
reconnect-text = QuickBooks terminó el acceso. Pide a un administrador que lo vuelva a conectar en los ajustes de Fatura. No se perdió nada.
reconnect-task = Volver a conectar QuickBooks (Fatura)
reconnect-task-text = Fatura ya no tiene acceso a QuickBooks. Hasta que alguien lo vuelva a conectar, no se pueden crear facturas y el estado de las facturas existentes puede estar desactualizado. Las tareas pendientes continúan automáticamente después.
too-many-title = Demasiadas solicitudes
too-many-text = Fatura está recibiendo más solicitudes de las que puede atender. Espera un minuto e inténtalo de nuevo.
share-used-title = Límite de solicitudes alcanzado
share-used-text = Usaste tu parte de las solicitudes que Pipedrive permite hoy a tu empresa. Espera unos minutos e inténtalo de nuevo. Tus colegas no se ven afectados.
not-found-title = No encontrado
not-found-text = Ya no existe o no tienes acceso.
admins-only-title = Solo para administradores
admins-only-text = Solo los administradores de tu cuenta de Pipedrive pueden hacer esto. Pídeselo a uno de ellos.
connect-admins-only-title = Un administrador tiene que conectar QuickBooks
connect-admins-only-text = Fatura está instalada en la cuenta de Pipedrive de { $company }. Solo los administradores pueden conectar QuickBooks: pide a uno de ellos que lo haga en los ajustes de Fatura. Después podrás crear facturas.
connect-admins-only-unnamed = Solo los administradores de tu cuenta de Pipedrive pueden conectar QuickBooks. Pide a uno de ellos que lo haga en los ajustes de Fatura.
unreadable-request-title = Solicitud no válida
unreadable-request-text = Fatura no pudo leer la dirección o el formulario. No se cambió nada. Vuelve a Pipedrive y empieza de nuevo.
rights-unknown-title = Pipedrive no respondió
rights-unknown-text = Pipedrive no respondió, así que Fatura no pudo comprobar tus permisos. No se cambió nada. Inténtalo de nuevo en un momento.
provider-busy-title = Un momento, por favor
provider-busy-text = Hay demasiadas solicitudes en este momento. Inténtalo de nuevo en un minuto.
misconfigured-title = Fatura no está configurada correctamente
misconfigured-text = Pipedrive o QuickBooks rechaza las credenciales de esta instalación de Fatura. Avisa a su responsable. No hace falta volver a conectar: lo que está en curso continúa después de la corrección.
quickbooks-away-title = QuickBooks no responde
quickbooks-away-text = No se pudo contactar con QuickBooks. Inténtalo de nuevo en un momento.
reads-refused-title = Límite de consultas de QuickBooks alcanzado
reads-refused-text = QuickBooks está rechazando consultas: es posible que se haya alcanzado el límite mensual. El estado de las facturas puede estar desactualizado. Las facturas que no necesitan consultas se envían con normalidad; el resto continúa automáticamente, a más tardar al comenzar el próximo mes.
pipedrive-away-title = Pipedrive no responde
pipedrive-away-text = No se pudieron cargar los datos de Pipedrive. Inténtalo de nuevo en un momento.
pipedrive-blocked-title = Pipedrive está bloqueando solicitudes
pipedrive-blocked-text = El cortafuegos de Pipedrive bloqueó la solicitud y no se pudo cargar el trato. Suele resolverse solo: inténtalo de nuevo en unos minutos.
quickbooks-blocked-title = QuickBooks está bloqueando solicitudes
quickbooks-blocked-text = El cortafuegos de QuickBooks bloqueó la solicitud. Inténtalo de nuevo en unos minutos.
pipedrive-rights-title = Fatura necesita más permisos en Pipedrive
pipedrive-rights-text = Vuelve a instalar Fatura desde el Marketplace de Pipedrive y concede todos los permisos solicitados. Si eso no lo resuelve, avisa al responsable de esta instalación de Fatura.
quickbooks-rights-title = QuickBooks denegó el acceso
quickbooks-environment-title = Fatura está configurada para otro entorno de QuickBooks
our-fault-title = Algo salió mal en Fatura
our-fault-text = Lo que escribiste no se perdió. Inténtalo de nuevo; si vuelve a pasar, indica a soporte la referencia de abajo.

# Panel
panel-new-invoice = Factura
panel-refresh = Actualizar
panel-invoices = Facturas de este trato
panel-empty = Este trato aún no tiene facturas.
panel-open-settings = Abrir los ajustes de Fatura
panel-due = vence el { $due }
panel-left-to-pay = saldo de { $amount }
panel-read-at = Actualizado: { $time }
panel-checking = Comprobando en QuickBooks si la factura existe.
panel-stuck = No se sabe si esta factura existe en QuickBooks. Compruébalo.
panel-unreadable = Desde { $time }, QuickBooks no devuelve datos legibles de esta factura; la información de aquí puede estar desactualizada. Abre la factura en QuickBooks y revisa sus direcciones de correo.
panel-refused = QuickBooks rechazó esta factura. Abre el formulario para corregirla.
status-open = Abierta
status-partially-paid = Pagada parcialmente
status-overdue = Vencida
status-paid = Pagada
status-voided = Anulada
status-deleted = Eliminada
status-checking = Comprobando
status-stuck = Requiere atención
status-refused = Rechazada

menu-label = Más opciones de la factura { $number }
menu-send = Enviar por correo
menu-pdf = Descargar PDF
menu-void = Anular
menu-delete = Eliminar
menu-admins-only = Solo los administradores pueden anular y eliminar facturas.
send-to = Enviar la factura { $number } a
send-text = QuickBooks la envía con el asunto y el texto definidos allí.
send-ok = Enviar
void-title = ¿Anular la factura { $number }?
void-text = El importe de { $total } pasa a ser cero en QuickBooks. No se puede deshacer.
void-ok = Anular factura
delete-title = ¿Eliminar la factura { $number }?
delete-text = La factura de { $total } se elimina de la contabilidad en QuickBooks. No se puede deshacer. Para conservar el registro, anúlala.
delete-text-paid = Si QuickBooks no permite eliminar una factura con pagos, anúlala.
delete-ok = Eliminar factura
paid-already = Ya se pagaron { $amount }.
paid-already-by =
    { $count ->
        [one] Ya se pagaron { $amount } en un pago: { $payments }.
       *[other] Ya se pagaron { $amount } en { $count } pagos: { $payments }.
    }
paid-payment = { $amount } el { $date }
paid-credit = { $amount } con nota de crédito el { $date }
paid-more = { $payments }; y { $count } más
payments-stay = Los pagos se quedan en QuickBooks como crédito sin aplicar del cliente.
unlink-title = ¿Desvincular a { $customer }?
unlink-text = La próxima factura vuelve a preguntar cuál es el cliente. Las facturas existentes no cambian.
unlink-ok = Desvincular
act-voiding = Anulando…
act-deleting = Eliminando…
act-sending = Enviando…
act-voided = Factura { $number } anulada
act-deleted = Factura { $number } eliminada
act-sent = Factura { $number } enviada
act-not-voided = La factura no se anuló.
act-not-deleted = La factura no se eliminó.
act-not-sent = La factura no se envió.
act-corrected = Factura { $number } corregida
act-correcting = Corrigiendo…
act-not-corrected = La factura no se corrigió.
act-changed = La factura cambió en QuickBooks: su estado ahora es «{ $badge }». Revísala antes de intentarlo de nuevo.
act-not-now = Esto no es posible mientras el estado de la factura sea «{ $badge }».
act-no-address = Escribe el correo del destinatario.
act-has-payments-delete = QuickBooks no elimina una factura que tiene pagos. Desvincúlalos antes en QuickBooks o anula la factura.
act-has-payments-void = QuickBooks no anula una factura que tiene pagos. Desvincúlalos antes en QuickBooks.
panel-draft = Borrador guardado: { $time }
panel-open-draft = Abrir borrador
support = Ayuda y soporte
panel-menu = Más opciones
panel-settings = Ajustes
panel-unlink = Desvincular cliente
panel-unlinked = Cliente desvinculado
panel-customer = Cliente
panel-outstanding = Por vencer
panel-overdue = Vencido
panel-paid = Pagado
panel-empty-person = Esta persona aún no tiene facturas.
panel-empty-organization = Esta organización aún no tiene facturas.
panel-no-deals = No hay tratos abiertos ni ganados para facturar.
panel-choose-deal = Elige el trato
panel-deal-open = Abierto
panel-deal-won = Ganado
panel-deal-invoices =
    { $count ->
        [one] { $count } factura
       *[other] { $count } facturas
    }
panel-admins-create = Solo los administradores pueden crear facturas.
panel-show-more =
    { $count ->
        [one] Mostrar una más
       *[other] Mostrar más ({ $count })
    }
panel-issued = emitida el { $date }
panel-sent = ✓ enviada
panel-not-sent = no enviada
panel-paid-so-far = { $amount } pagados
panel-overdue-for =
    { $days ->
        [one] venció ayer
       *[other] venció hace { $days } días
    }
panel-silent = Última respuesta de QuickBooks: { $time }. Los datos son los últimos conocidos.
panel-reads-refused = QuickBooks está rechazando consultas: es posible que se haya alcanzado el límite mensual. Los datos son los últimos conocidos y se actualizarán en cuanto QuickBooks lo permita.
panel-mend = Abrir formulario
panel-remove = Quitar
panel-removed = Factura rechazada eliminada de la lista
panel-not-removed = La factura se está procesando de nuevo y no se quitó.
panel-invoices-person = Facturas de los tratos de esta persona
panel-invoices-organization = Facturas de los tratos de esta organización
panel-stuck-disconnected = No se envió: su empresa de QuickBooks ya no está conectada. Conéctala de nuevo y comprueba, o quita la factura.
panel-stuck-unsent = No se envió: siempre falló. Comprueba de nuevo o quita la factura.
panel-removed-unsent = Factura quitada. QuickBooks no tiene nada de ella.

# Historial del trato
history-created = Factura { $number } creada en QuickBooks: { $total } para { $customer }, vence el { $due }.
history-open = La factura { $number } está abierta de nuevo: { $balance } por pagar, vence el { $due }.
history-partially-paid = Factura { $number } pagada en parte: faltan { $balance } de { $total }.
history-paid = Factura { $number } pagada: { $total }.
history-overdue = Factura { $number } vencida: { $balance } venció el { $due }.
history-voided = Factura { $number } anulada en QuickBooks.
history-deleted = Factura { $number } eliminada en QuickBooks.

# Formulario
form-title = Nueva factura
form-deal-value = Valor del trato: { $value }
form-already-billed =
    { $count ->
        [one] { $amount } de { $value } ya facturados (1 factura{ $basis }). Este formulario trae el importe restante.
       *[other] { $amount } de { $value } ya facturados ({ $count } facturas{ $basis }). Este formulario trae el importe restante.
    }
form-fully-billed =
    { $count ->
        [one] Este trato ya está facturado por completo: { $amount } de { $value } (1 factura{ $basis }). No queda nada por facturar.
       *[other] Este trato ya está facturado por completo: { $amount } de { $value } ({ $count } facturas{ $basis }). No queda nada por facturar.
    }
amount-before-tax = , sin impuestos
amount-with-tax = , con impuestos
form-billed-foreign = También facturado en otra moneda: { $amounts }. No está incluido en la suma.
form-under-way = { $name } está creando en este momento una factura de { $total } para este trato.
form-colleague-draft = { $name } tiene un borrador de factura para este trato (guardado: { $time }).
form-deal-incomplete = Algunos datos de este trato no se pudieron leer de Pipedrive. Antes de crear la factura, compara conceptos, precios y descuentos con el trato.
form-deal-changed = El trato cambió desde que se guardó este borrador: era { $before }, ahora es { $now }.
form-restored = Borrador recuperado ({ $time })
form-discard = Empezar de nuevo desde el trato
form-group-customer = Datos del cliente
form-group-billing = Datos de facturación
form-to = Para
form-customer = Cliente en QuickBooks
form-customer-placeholder = Busca o crea uno nuevo
form-create-customer = Crear «{ $name }»
form-email = Correo electrónico
form-tax-id = Identificación fiscal
form-address = Dirección
form-city = Ciudad
form-state = Estado o provincia
form-postal-code = Código postal
form-country = País
form-issued = Fecha de emisión
form-due = Vencimiento
form-currency = Moneda
form-number = Número de factura
form-invoice-code = Impuesto sobre ventas
form-message = Mensaje en la factura
form-memo = Nota interna
form-lines = Conceptos de la factura
form-item = Concepto
form-create-item = Crear «{ $name }»
form-description = Descripción
form-quantity = Cantidad
form-unit-price = Precio unitario
form-discount = Dto. %
form-tax = Impuesto
form-taxable = Gravable
form-not-taxable = No gravable
form-amount = Importe
form-add-line = Añadir línea
form-remove-line = Quitar esta línea
form-choose = Elige…
form-subtotal = Subtotal
form-discount-sum = Descuento
form-total = Total
form-create = Crear factura
form-mend = La factura no se creó:
reason-linked = usado antes
reason-tax-id = misma identificación fiscal
reason-name = mismo nombre
reason-email = mismo correo
issued-short = Factura { $number } creada
issued-short-unnumbered = Factura creada
issued-title-unnumbered = La factura por { $total } se creó en QuickBooks.
issued-title = La factura { $number } por { $total } se creó en QuickBooks.
issued-earlier = Este formulario ya creó la factura. Los cambios posteriores no se enviaron; hazlos en QuickBooks.
checking-title = Comprobando si la factura se creó
checking-text = La factura se envió, pero QuickBooks aún no respondió. No la crees de nuevo: el resultado aparece aquí y en el trato.
waiting-title = La factura se está creando
waiting-text = Aún no se envió a QuickBooks. El resultado aparece aquí y en el trato.
waiting-reconnect = La factura no se envió. Pide a un administrador que vuelva a conectar QuickBooks en los ajustes de Fatura: después se creará automáticamente, una sola vez.
checking-other = Otra ventana está creando una factura de este formulario con otro contenido. Lo que escribiste aquí no se envió.
stuck-title = Esta factura requiere atención
stuck-doubt = La factura se envió a QuickBooks, pero no hubo respuesta y no se encontró allí. Para evitar un duplicado, Fatura no la envía de nuevo automáticamente. Búscala en QuickBooks: si está allí, comprueba de nuevo en un momento; si no está, envíala de nuevo.
stuck-failed = Todos los intentos fallaron. Lo que escribiste no se perdió. Inténtalo de nuevo; si vuelve a fallar, contacta con soporte.
stuck-look-again = Comprobar de nuevo
stuck-resend = No está allí: enviarla de nuevo
stuck-resend-title = ¿Enviar la factura de nuevo?
stuck-resend-text = Hazlo solo si la buscaste en QuickBooks y no está allí. De lo contrario, la factura quedará duplicada.
stuck-work = Tareas con errores
stuck-work-text = Estas tareas fallaron repetidamente y requieren atención.
stuck-again = Intentar de nuevo
stuck-invoice = Factura
stuck-act = Anular, eliminar o enviar
stuck-entry = Nota en el historial del trato
stuck-fields = Campos del trato
stuck-changes = Cambios en QuickBooks
stuck-row = { $kind } · trato { $deal } · { $since } · { $attempts } intentos
unreadable-title = Facturas que QuickBooks no puede mostrar
unreadable-text = QuickBooks no devuelve datos de estas facturas, casi siempre por una dirección de correo no válida. Su estado no se actualiza. Abre cada una en QuickBooks, corrige la dirección y guarda.
unreadable-row = Factura { $number } · trato { $deal } · desde { $since }
stuck-job = { $kind } · { $since } · { $attempts } intentos
stuck-taken-up = Intentando de nuevo.
stuck-disconnected = No se envió: su empresa de QuickBooks ya no está conectada. Conéctala de nuevo y haz que se intente de nuevo, o quita la factura en el panel del trato.
undo = Deshacer
tax-excluded = Impuesto no incluido
tax-included = Impuesto incluido
tax-none = Sin impuesto
form-group-part = Qué facturar
form-part = Parte del trato que se factura
form-part-kind = Porcentaje o importe
form-part-remaining = Restante
form-part-all = Todo el trato
form-excess = Con las facturas anteriores, se supera el valor del trato en { $amount }.
form-excess-first = Esta factura supera el valor del trato en { $amount }.
line-deposit = Anticipo del { $percent } %: { $title }
line-deposit-amount = Anticipo: { $title }
line-part = Pago parcial del { $percent } %: { $title }
line-part-amount = Pago parcial: { $title }
line-remaining = Importe restante: { $title }
term-days = { $days } días
ask-changed =
    { $count ->
        [0] Las facturas de este trato han cambiado desde que abriste este formulario: ahora no hay ninguna.
        [one] Las facturas de este trato han cambiado desde que abriste este formulario: ahora hay { $amount } facturados en 1 factura{ $basis }.
       *[other] Las facturas de este trato han cambiado desde que abriste este formulario: ahora hay { $amount } facturados en { $count } facturas{ $basis }.
    }
ask-newest = La más reciente la creó { $name }.
ask-nothing-left = No queda nada por facturar.
ask-excess = Esta factura supera el valor del trato en { $amount }{ $basis }.
ask-create = Crear de todos modos
ask-reload = Rellenar con el importe restante
stale-elsewhere = Este formulario está abierto en otra ventana. Los cambios hechos aquí no se guardan.
stale-here = Continuar aquí
stale-ended = Este formulario ya creó la factura.
stale-new = Empezar una factura nueva con estos datos
form-prices-in = Los precios están en { $from }. ¿Cómo quedan en { $to }?
form-prices-convert = Convertir al tipo de cambio de hoy en QuickBooks
form-prices-empty = Borrar los precios
form-no-rate = QuickBooks no tiene tipo de cambio para estas monedas. Borra los precios y escríbelos.
form-discount-one-line = En la factura: líneas con su precio completo y una línea de descuento.
form-discount-in-prices = En la factura: el descuento de cada línea está incluido en el precio unitario.
form-discount-no-line = Esta empresa de QuickBooks no usa líneas de descuento: el descuento se incluye en el precio unitario de cada línea.
form-printed-price = impreso como { $price }
form-items-tax = impuesto del concepto
form-update-customer = Actualizar cliente en QuickBooks
form-update-text = La dirección, el correo y la identificación fiscal se exportan si son distintos.
form-nothing-to-update = QuickBooks ya tiene esta dirección, correo e identificación fiscal.
form-source = de { $field }
form-source-empty = Vacío en Pipedrive:
form-not-in-pipedrive = Sin completar en Pipedrive.
form-tax-mode = Impuesto
form-follow-term = Modificado: usar el plazo
form-preset = Preajuste
form-preset-none = Ninguno
form-preset-text = Mensaje, plazo, copias y campos personalizados. El diseño es el definido en QuickBooks.
form-cc = Copia a (Cc)
form-custom = Campo
form-online-payment = El cliente puede pagar en línea
form-item-placeholder = Busca o crea uno nuevo
form-will-create = Nuevo en QuickBooks
form-no-items = Sin resultados
form-line-menu = Más opciones de la línea
form-line-up = Subir
form-line-down = Bajar
form-line-copy = Duplicar
form-line-removed = Línea eliminada.
form-pasted = Pegado como:
form-pasted-unused = Columnas sin usar:
form-discount-whole = Descuento de la factura
form-discount-kind = Porcentaje o importe
form-total-before-tax = Total antes de impuestos
form-automated-tax = QuickBooks añade el impuesto según la dirección del cliente.
form-missing =
    { $count ->
        [one] Falta una cosa:
       *[other] Faltan { $count } cosas:
    }
leave-title = ¿Cerrar el formulario?
leave-text = Lo que escribiste se guarda como borrador y vuelve al abrir el formulario.
leave-stale-title = Tus últimos cambios no se guardaron
leave-stale-text = Este formulario está abierto en otra ventana. Si lo cierras, se pierden los cambios hechos aquí.
leave-ok = Cerrar
leave-cancel = Seguir editando
issued-differs = El total en QuickBooks es { $total }; el formulario mostraba { $expected }.
issued-correct = Corregir en QuickBooks
problem-closed-until = La contabilidad está cerrada hasta el { $date }. Elige una fecha de emisión posterior.
problem-too-much = El descuento es mayor que el total de las líneas.
form-mend-more = { $count ->
    [one] Y un error más, indicado en su campo.
   *[other] Y { $count } errores más, cada uno indicado en su campo.
}
leave-lost-text = No se pudo guardar lo último que escribiste. Si cierras el formulario ahora, se pierde.

# Problemas
problem-choose-customer = Elige un cliente de QuickBooks o crea uno.
problem-no-lines = Una factura necesita al menos una línea.
problem-choose-item = Línea { $line }: elige un concepto de QuickBooks o crea uno.
problem-choose-tax = Línea { $line }: elige un impuesto.
problem-missing = Falta rellenar: { $field }.
problem-not-a-number = { $field }: no es un número.
problem-other-currency = { $field }: este importe está en otra moneda. La factura está en { $currency }.
problem-not-a-date = { $field }: no es una fecha.
problem-not-an-email = Esta dirección de correo no es válida.
problem-too-long = { $field }: { $most } caracteres como máximo.
problem-control-character = { $field }: contiene un carácter invisible que QuickBooks no admite. Borra el texto y vuelve a escribirlo.
problem-unknown = { $field }: esta opción no está disponible en QuickBooks.
problem-not-positive = { $field }: no puede ser negativo ni cero.
problem-too-large = { $field }: valor demasiado alto. La cantidad, el precio, el importe y el total deben ser menores que { $limit }.
problem-too-many-decimals = { $field }: { $most } decimales como máximo.
problem-not-a-percentage = { $field }: debe estar entre 0 y 100.
problem-before-issued = El vencimiento es anterior a la emisión.
problem-unlikely-year = { $field }: revisa el año { $year }.
problem-other-company = Este formulario se rellenó para otra empresa de QuickBooks. Ciérralo y vuelve a abrirlo: lo que escribiste se conserva, y eliges de nuevo el cliente y los conceptos.
problem-customer-currency = A este cliente se le factura en { $currency }. Elige { $currency } u otro cliente.
problem-name-taken = QuickBooks ya tiene un cliente, proveedor o empleado con este nombre. Elige ese cliente o cambia el nombre.
problem-number-taken = Este número de factura ya está en uso. Elige otro.
problem-period-closed = La contabilidad está cerrada en esta fecha en QuickBooks. Elige una fecha de emisión posterior.
problem-customer-inactive = Este cliente se desactivó o eliminó en QuickBooks. Elige otro.
problem-item-inactive = Un concepto se desactivó o eliminó en QuickBooks. Elige otro.
problem-negative-total = La suma de las líneas es menor que cero. Una factura no puede tener un total negativo.
problem-part-pending = Las líneas aún no incluían esta parte. Revisa las líneas y el total y crea la factura.
problem-prices-in = Los precios siguen en { $currency }. Conviértelos o bórralos.
problem-unsupported-character = QuickBooks no admite el carácter «{ $character }». Quítalo.

# Refusals of QuickBooks
refusal-reference = Algo que usa esta factura se desactivó o eliminó en QuickBooks: el cliente, un concepto, un impuesto o una cuenta. Vuelve a abrir el formulario, elige de nuevo y crea la factura.
refusal-term = El plazo de este vencimiento se desactivó en QuickBooks. Crea la factura de nuevo: la lista de plazos se ha actualizado.
refusal-account = Una cuenta que usa esta factura se desactivó o eliminó en QuickBooks. Un administrador debe elegir otra: en el concepto, en QuickBooks, o para conceptos nuevos, en los ajustes de Fatura.
refusal-class = Una clase o ubicación se desactivó o eliminó en QuickBooks. Pide a un administrador de QuickBooks que la reactive o elija otra.
refusal-no-income-account = QuickBooks no tiene una cuenta de ingresos para un concepto nuevo. Elige un concepto existente o pide a un administrador que cree una cuenta de ingresos en QuickBooks.
refusal-item-name-taken = QuickBooks ya tiene un concepto con este nombre. Elige ese concepto o cambia el nombre.
refusal-number-assigned = QuickBooks dio a esta factura un número que ya se usó. Crea la factura de nuevo; si se repite, pide a un administrador que corrija la numeración en QuickBooks.
refusal-not-linkable = QuickBooks no permite esto por otra transacción vinculada a la factura. Desvincúlala en QuickBooks e inténtalo de nuevo.
refusal-required = QuickBooks exige un dato que este formulario no tiene. Pide a un administrador que revise la configuración de QuickBooks o avisa a soporte.
refusal-value = QuickBooks no acepta este valor. Corrígelo y crea la factura de nuevo.
refusal-characters = QuickBooks no admite un carácter de este texto. Quita los signos poco comunes y crea la factura de nuevo.
refusal-email-address = QuickBooks no acepta una de las direcciones de correo. Revisa el correo y las copias.
refusal-email-missing = La factura no tiene dirección de correo. Escribe una y envíala de nuevo.
refusal-email-not-delivered = QuickBooks no pudo entregar el correo. Revisa la dirección y envíalo de nuevo.
refusal-other-email-address = Una factura que ya está en QuickBooks tiene una dirección de correo no válida, y por eso QuickBooks no puede buscar facturas. Corrige esa dirección en QuickBooks y crea la factura de nuevo.
refusal-currency = QuickBooks no acepta esta moneda para este cliente. Elige la moneda del cliente u otro cliente.
refusal-amount = QuickBooks calcula otro importe a partir de la cantidad y el precio. Redondea el precio y crea la factura de nuevo.
refusal-discount = QuickBooks no acepta este descuento. Quítalo o baja los precios de las líneas.
refusal-tax-required = QuickBooks exige un impuesto en cada línea. Elige un impuesto, aunque sea del 0 %.
refusal-tax = Los impuestos de esta factura no encajan con la configuración de impuestos de QuickBooks. Elige otro impuesto o pide a un administrador que revise esa configuración.
refusal-custom-field = QuickBooks no acepta uno de los campos personalizados. Revisa su valor o bórralo.
refusal-customer-not-billable = No se puede facturar a este cliente en QuickBooks. Elige otro.
refusal-period-closed = La contabilidad en QuickBooks está cerrada para la fecha de esta factura. Un administrador de QuickBooks debe reabrir el período.
refusal-stale = Otra persona hizo un cambio en QuickBooks al mismo tiempo. Inténtalo de nuevo.
refusal-gone = La factura ya no está en QuickBooks.
refusal-deposited = La factura forma parte de un depósito o tiene pagos vinculados. Quítalos en QuickBooks e inténtalo de nuevo.
refusal-settled = Un pago de esta factura se liquidó electrónicamente. Reembólsalo en QuickBooks.
refusal-bank-matched = La transacción está emparejada con un movimiento bancario. Deshaz la coincidencia en QuickBooks e inténtalo de nuevo.
refusal-no-permission = El usuario de QuickBooks que hizo la conexión no tiene permiso para esto. Pide a un administrador que vuelva a conectar QuickBooks con un usuario que lo tenga.
refusal-feature = La suscripción o la configuración de esta empresa de QuickBooks no incluye esto. Pide a un administrador de QuickBooks que lo active.
refusal-subscription = La suscripción de esta empresa de QuickBooks terminó o tiene un problema de pago. Pide a un administrador que la renueve en QuickBooks.
refusal-locked = Esta empresa de QuickBooks está bloqueada en este momento. Inténtalo más tarde.
refusal-maintenance = QuickBooks está en mantenimiento. Inténtalo más tarde.
refusal-reconnect = Fatura no tiene acceso a esta empresa de QuickBooks. Pide a un administrador que vuelva a conectar QuickBooks en los ajustes de Fatura y conceda todos los permisos solicitados.
refusal-environment = Esta instalación de Fatura está configurada para otro entorno de QuickBooks: una empresa de prueba con claves de producción, o al revés. Avisa a su responsable.
refusal-request = QuickBooks no aceptó la solicitud de Fatura. El problema no está en lo que escribiste. Envía este texto a soporte.
refusal-unknown = QuickBooks rechazó la factura y no se creó nada. Corrige lo que indica y crea la factura de nuevo.
refusal-quote = QuickBooks dice: { $detail }

# Ajustes
entity-organization = Organización
entity-person = Persona
entity-deal = Trato
settings-connection = QuickBooks
settings-connected = Conectado con { $company } ({ $country }, { $currency })
settings-connected-since = desde el { $date }, por { $user }
settings-not-connected = Aún no hay una empresa de QuickBooks conectada. Conecta una para crear facturas desde tus tratos.
settings-connect = Conectar con QuickBooks
settings-disconnect = Desconectar
disconnect-title = ¿Desconectar { $company }?
disconnect-text = No se podrán crear facturas hasta que alguien conecte de nuevo. Las facturas en QuickBooks y su historial aquí se quedan.
settings-title = Valores predeterminados de la factura
settings-text = Se usan cada vez que alguien de { $company } abre el formulario de factura.
settings-to = Para
settings-address = Dirección
settings-email = Correo electrónico
settings-tax-id = Identificación fiscal
settings-due = Plazo
settings-none = Ninguno
settings-field-missing = (campo eliminado en Pipedrive)
settings-days-after = Días después de la emisión
settings-days = días
settings-days-range = Escribe un número entero de días, de 0 a { $most }.
settings-income-account = Cuenta para conceptos nuevos
settings-income-account-text = Para productos que aún no existen en QuickBooks.
settings-save = Guardar
settings-saved = Ajustes guardados
settings-not-saved = Los ajustes no se guardaron:
who-everyone = Todos los usuarios de Fatura
who-admins = Administradores
settings-try = Vista previa
settings-try-deal = Cómo se rellenaría el formulario para este trato:
settings-defaults = Valores predeterminados de conceptos
settings-item = Concepto para productos que no existen en QuickBooks
settings-item-create = Crear un concepto
settings-deposit-item = Concepto para anticipos y pagos parciales
settings-deposit-item-lines = El concepto de las líneas del trato
settings-discounts = Descuentos
settings-discounts-in-prices = Incluir el descuento de cada línea en el precio unitario, en vez de una línea de descuento
settings-tax-code = Impuesto predeterminado
settings-customer = Cliente
settings-update-customer = «Actualizar cliente en QuickBooks» seleccionado de forma predeterminada
settings-presets = Preajustes
settings-presets-text = Se eligen por nombre en el formulario. El diseño de la factura es el definido en QuickBooks.
settings-preset-add = Añadir un preajuste
settings-presets-most = Puede haber hasta { $most } preajustes.
preset-name = Nombre
preset-remove = Quitar este preajuste
settings-rights = Permisos
settings-create = Crear facturas
settings-void = Anular y eliminar facturas
settings-language = Idioma del historial del trato
settings-language-usual = Automático: { $language }
settings-language-text = Automático: el idioma de la mayoría de los usuarios de Fatura en tu empresa. Las páginas usan el idioma de cada persona.
settings-write-back = Campos del trato
settings-write-back-text = Campos personalizados del trato que Fatura actualiza a partir de sus facturas, para filtros, automatizaciones e informes en Pipedrive. Un campo numérico suma las facturas en la moneda del trato; un campo de texto muestra cada moneda por separado.
write-invoiced = Importe facturado
write-balance = Saldo pendiente
write-status = Estado de la factura más reciente
write-number = Número de la factura más reciente
settings-changed = Guardado. Modificado: { $names }
settings-unsaved = Hay cambios sin guardar.
settings-won = Tratos ganados
settings-draft-on-won = Crear un borrador automáticamente cuando se gana un trato
settings-not-chosen = { $field }: elige una opción de la lista o deja el campo vacío.
settings-conflict = Otra persona cambió estos ajustes
settings-conflict-text = Se guardaron después de que abriste esta página; los tuyos aún no se guardaron. Guardar ahora cambiaría: { $names }. Revísalos y guarda de nuevo.
