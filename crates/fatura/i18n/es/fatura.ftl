cancel = Cancelar
close = Cerrar
open-in-quickbooks = Abrir en QuickBooks
support-copy = Copiar para soporte
support-copied = Copiado.
support-selected = Seleccionado: pulsa Ctrl+C (⌘C en Mac) para copiar.
support-details = Detalles para soporte

# Páginas sencillas
about-text = Fatura factura tus tratos de Pipedrive en QuickBooks Online: abre un trato, pulsa + Factura, revisa el formulario y listo.
about-install = Instalar en Pipedrive
install-again = Instalar de nuevo
outside-text = Esta página pertenece a Pipedrive. Abre allí un trato: Fatura está en la barra lateral.
offline-text = No se llega a Fatura. Lo que escribiste sigue aquí; se envía al seguir escribiendo o al pulsar de nuevo el botón.
confirm-title = ¿Conectar estas dos empresas?
confirm-text = Las facturas de tus tratos de Pipedrive se crearán en esta empresa de QuickBooks.
confirm-replaces = Esto termina la conexión con { $company }. Sus facturas se quedan donde están.
confirm-connect = Conectar
confirm-asked-by = Solicitado por
consent-refused-title = No se conectó nada
consent-refused-text = Cancelaste en la página de autorización. No se guardó nada; puedes empezar de nuevo cuando quieras.
foreign-flow-title = Este enlace ha caducado
foreign-flow-text = Se abrió en otro navegador, ya se usó o pasaron más de unos minutos. Empieza de nuevo desde Pipedrive.
connected-elsewhere-title = Esta empresa de QuickBooks ya está conectada
connected-elsewhere-text = Otra empresa de Pipedrive la usa con Fatura. Desconéctala allí primero o elige otra empresa de QuickBooks.
connected-elsewhere-named = Otra empresa de Pipedrive ya usa { $company } con Fatura. Desconéctala allí primero o elige otra empresa de QuickBooks.
connected-elsewhere-other = Elegir otra empresa
installed-title = Fatura está instalada
installed-text = Fatura ya está instalada en el Pipedrive de { $company }. Sigue en los ajustes de Fatura o abre un trato: Fatura está en la barra lateral.
declined-title = No se conectó nada
declined-text = El acceso a QuickBooks se devolvió.
cancelled-at-intuit = Cancelaste en la página de Intuit.
cancelled-text = Fatura está instalada en el Pipedrive de { $company }. Solo falta QuickBooks: conéctalo aquí ahora o, más tarde, en los ajustes de Fatura.
cancelled-kept-title = No ha cambiado nada
cancelled-kept-text = Cancelaste. { $pipedrive } sigue conectada a { $quickbooks } en QuickBooks.
try-again = Intentar de nuevo
flow-failed-title = No funcionó
flow-failed-text = Pipedrive o QuickBooks no respondió como se esperaba. No se guardó nada. Inténtalo de nuevo en un momento.

# Errores
not-installed-title = Fatura aún no está instalada para ti
not-installed-text = Un colega usa Fatura. Instálala en Pipedrive, en Marketplace, para ver y crear facturas.
not-connected-title = QuickBooks no está conectado
not-connected-text = Pide a un administrador de tu cuenta de Pipedrive que conecte QuickBooks en los ajustes de Fatura.
reconnect-title = Hay que reconectar QuickBooks
reconnect-text = QuickBooks terminó el acceso. Pide a un administrador que lo reconecte en los ajustes de Fatura; no se perdió nada.
reconnect-task = Conectar QuickBooks de nuevo (Fatura)
reconnect-task-text = QuickBooks ya no deja entrar a Fatura. Hasta que alguien lo conecte de nuevo, los tratos no reciben facturas, y las que ya tienen pueden mostrar un estado antiguo. Lo que espera sigue solo después.
too-many-title = Demasiadas solicitudes
too-many-text = Fatura recibe más solicitudes de las que puede atender ahora. Espera un minuto y vuelve a intentarlo.
share-used-title = Demasiadas solicitudes
share-used-text = Usaste tu parte de las solicitudes que Pipedrive le permite hoy a tu empresa. Espera unos minutos y vuelve a intentarlo; tus colegas no se ven afectados.
not-found-title = No encontrado
not-found-text = Ya no existe, o no tienes acceso.
admins-only-title = Solo para administradores
admins-only-text = Solo los administradores de tu cuenta de Pipedrive cambian estos ajustes.
connect-admins-only-title = Un administrador tiene que conectar QuickBooks
connect-admins-only-text = Fatura está instalada en el Pipedrive de { $company }. Solo los administradores conectan QuickBooks: pide a uno de ellos que lo haga en los ajustes de Fatura. Después podrás crear facturas.
connect-admins-only-unnamed = Solo los administradores de tu cuenta de Pipedrive conectan QuickBooks. Pide a uno de ellos que lo haga en los ajustes de Fatura.
unreadable-request-title = No se pudo leer esta solicitud
unreadable-request-text = Fatura no puede leer la dirección o el formulario. No se cambió nada. Vuelve a Pipedrive y empieza de nuevo.
rights-unknown-title = Pipedrive no respondió
rights-unknown-text = Pipedrive no respondió, así que Fatura no pudo comprobar si tienes permiso para esto. No se cambió nada. Inténtalo de nuevo en un momento.
provider-busy-title = Un momento, por favor
provider-busy-text = Demasiadas solicitudes a la vez. Inténtalo de nuevo en un minuto.
misconfigured-title = Fatura no está configurada correctamente
misconfigured-text = Pipedrive o QuickBooks no acepta las credenciales de esta instalación de Fatura. Avisa a quien la opera. No necesitas conectar de nuevo: lo que está en curso continúa después de la corrección.
quickbooks-away-title = QuickBooks no responde
quickbooks-away-text = Lo que ves es el último estado conocido. Inténtalo de nuevo en un momento.
reads-refused-title = QuickBooks rechaza consultas por ahora
reads-refused-text = Las consultas que QuickBooks permite a Fatura por mes se han agotado o QuickBooks las rechaza por otro motivo. Lo que ves es el último estado conocido. Las facturas que creas se envían cuando no hay nada que consultar antes; lo que espera sigue solo, a más tardar cuando empiece el próximo mes.
pipedrive-away-title = Pipedrive no responde
pipedrive-away-text = No se pudo leer el trato. Inténtalo de nuevo en un momento.
pipedrive-blocked-title = Pipedrive rechaza llamadas en este momento
pipedrive-blocked-text = La entrada de Pipedrive rechazó la llamada y no se pudo leer el trato. Se pasa solo: inténtalo de nuevo en unos minutos.
quickbooks-blocked-title = QuickBooks rechaza llamadas en este momento
quickbooks-blocked-text = La entrada de QuickBooks rechazó la llamada. Lo que ves es el último estado conocido; inténtalo de nuevo en unos minutos.
pipedrive-rights-title = Fatura tiene pocos permisos en Pipedrive
pipedrive-rights-text = Vuelve a instalar Fatura en el Marketplace de Pipedrive y permite todo lo que se pide. Si no ayuda, avisa a quien opera Fatura.
quickbooks-rights-title = QuickBooks no deja entrar a Fatura
quickbooks-environment-title = Fatura está configurada para otro QuickBooks
our-fault-title = Algo falló de nuestro lado
our-fault-text = Nada de lo que escribiste se perdió. Inténtalo de nuevo; si vuelve a pasar, indica a soporte la referencia de abajo.

# Panel
panel-new-invoice = Factura
panel-refresh = Actualizar
panel-invoices = Facturas de este trato
panel-empty = Este trato aún no tiene facturas.
panel-open-settings = Abrir los ajustes de Fatura
panel-due = vence el { $due }
panel-left-to-pay = falta pagar { $amount }
panel-read-at = Actualizado a las { $time }
panel-checking = Estamos comprobando con QuickBooks si la factura existe.
panel-stuck = No se sabe si QuickBooks la tiene. Alguien tiene que mirar.
panel-unreadable = Lo que QuickBooks responde sobre esta factura no se puede leer desde { $time }; lo que ves aquí puede ser antiguo. Abre la factura en QuickBooks y revisa sus direcciones de correo.
panel-refused = QuickBooks la rechazó. Abre el formulario para corregirla.
status-open = Pendiente
status-partially-paid = Pagada en parte
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
menu-admins-only = Solo los administradores anulan y eliminan facturas.
send-to = Enviar la factura { $number } a
send-text = La envía QuickBooks, con el asunto y el texto definidos allí.
send-ok = Enviar
void-title = ¿Anular la factura { $number }?
void-text = Su importe de { $total } pasa a cero en QuickBooks. No se puede deshacer.
void-ok = Anular factura
delete-title = ¿Eliminar la factura { $number }?
delete-text = La factura de { $total } sale de los libros en QuickBooks. No se puede deshacer; para que siga visible allí, anúlala.
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
unlink-text = La próxima factura vuelve a preguntar quién es el cliente. Las facturas se quedan.
unlink-ok = Desvincular
act-voiding = Anulando…
act-deleting = Eliminando…
act-sending = Enviando…
act-voided = Factura { $number } anulada
act-deleted = Factura { $number } eliminada
act-sent = Factura { $number } enviada
act-not-voided = No se anuló.
act-not-deleted = No se eliminó.
act-not-sent = No se envió.
act-corrected = Factura { $number } corregida
act-correcting = Corrigiendo…
act-not-corrected = No se corrigió.
act-changed = La factura cambió en QuickBooks entretanto: ahora está «{ $badge }». Revísala antes de repetir.
act-not-now = La factura está ahora «{ $badge }», y eso no lo permite.
act-no-address = Escribe el correo al que se envía.
act-has-payments-delete = QuickBooks no elimina una factura que tiene pagos. Desvincúlalos antes en QuickBooks o anula la factura.
act-has-payments-void = QuickBooks no anula una factura que tiene pagos. Desvincúlalos antes en QuickBooks.
panel-draft = Espera un borrador de { $time }.
panel-open-draft = Abrirlo
support = Ayuda y soporte
panel-menu = Más opciones
panel-settings = Ajustes
panel-unlink = Desvincular cliente
panel-unlinked = Cliente desvinculado
panel-customer = Cliente
panel-outstanding = Pendiente
panel-overdue = Vencido
panel-paid = Pagado
panel-empty-person = Esta persona aún no tiene facturas.
panel-empty-organization = Esta organización aún no tiene facturas.
panel-no-deals = No hay ningún trato abierto ni ganado que facturar.
panel-choose-deal = ¿Qué trato?
panel-deal-open = Abierto
panel-deal-won = Ganado
panel-deal-invoices =
    { $count ->
        [one] { $count } factura
       *[other] { $count } facturas
    }
panel-admins-create = Solo los administradores crean facturas.
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
panel-silent = QuickBooks no responde desde { $time }. Lo que ves es el último estado conocido.
panel-reads-refused = QuickBooks rechaza consultas por ahora: es posible que las consultas del mes se hayan agotado. Lo que ves es el último estado conocido; se actualizará en cuanto QuickBooks lo permita.
panel-mend = Abrir el formulario
panel-remove = Quitar
panel-removed = Factura rechazada quitada
panel-not-removed = Se está intentando de nuevo y no se quitó.
panel-invoices-person = Facturas de los tratos de esta persona
panel-invoices-organization = Facturas de los tratos de esta organización
panel-stuck-disconnected = No se envió: su empresa de QuickBooks ya no está conectada. Conéctala de nuevo y comprueba, o quita la factura.
panel-stuck-unsent = No se envió: siempre falló. Comprueba de nuevo o quita la factura.
panel-removed-unsent = Factura quitada. QuickBooks no tiene nada de ella.

# Historial del trato
history-created = Factura { $number } creada en QuickBooks: { $total } para { $customer }, vence el { $due }.
history-open = La factura { $number } vuelve a estar pendiente: { $balance } por pagar, vence el { $due }.
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
        [one] { $amount } de { $value } ya facturados (1 factura). Este formulario trae el importe restante.
       *[other] { $amount } de { $value } ya facturados ({ $count } facturas). Este formulario trae el importe restante.
    }
form-fully-billed =
    { $count ->
        [one] Este trato ya está facturado por completo: { $amount } de { $value } (1 factura). No queda nada por facturar.
       *[other] Este trato ya está facturado por completo: { $amount } de { $value } ({ $count } facturas). No queda nada por facturar.
    }
form-billed-foreign = También facturado en otra moneda: { $amounts }. No forma parte de la suma.
form-under-way = { $name } está creando ahora mismo una factura de { $total } para este trato.
form-colleague-draft = { $name } tiene un borrador de factura para este trato, guardado a las { $time }.
form-deal-incomplete = No se pudo leer todo lo que Pipedrive respondió sobre este trato. Antes de crear la factura, compara conceptos, precios y descuentos con el trato.
form-deal-changed = El trato ha cambiado desde que guardaste este borrador: era { $before }, ahora es { $now }.
form-restored = Borrador de las { $time } recuperado.
form-discard = Empezar de nuevo desde el trato
form-group-customer = Datos del cliente
form-group-billing = Datos de facturación
form-to = Para
form-customer = Cliente en QuickBooks
form-customer-placeholder = Busca o crea uno nuevo
form-create-customer = Crear «{ $name }»
form-email = Correo electrónico
form-tax-id = Número de identificación fiscal
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
form-lines = Conceptos
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
form-mend = La factura aún no se creó:
reason-linked = ya usado
reason-tax-id = misma identificación fiscal
reason-name = mismo nombre
reason-email = mismo correo
issued-short = Factura { $number } creada
issued-short-unnumbered = Factura creada
issued-title-unnumbered = La factura por { $total } se creó en QuickBooks.
issued-title = La factura { $number } por { $total } está en QuickBooks.
issued-earlier = Ya se creó con este formulario. Lo que cambiaste después no se envió; cámbialo en QuickBooks.
checking-title = Estamos comprobando con QuickBooks si la factura existe
checking-text = Se envió, pero aún no hubo respuesta. No la crees de nuevo: te avisamos aquí y en el trato en cuanto lo sepamos.
waiting-title = La factura se está creando
waiting-text = Aún no se envió a QuickBooks. El resultado aparece aquí y en el trato.
waiting-reconnect = La factura no se envió. Pide a un administrador que vuelva a conectar QuickBooks en los ajustes de Fatura: después se creará automáticamente, una sola vez.
checking-other = Otra ventana está creando una factura de este formulario con otro contenido. Lo que escribiste aquí no se envió.
stuck-title = Alguien tiene que mirar esta factura
stuck-doubt = Se envió a QuickBooks, no hubo respuesta y allí no se encuentra. Para no crear una segunda, no se envía de nuevo por sí sola. Búscala en QuickBooks: si está, vuelve a comprobar aquí en un momento; si no, haz que se envíe de nuevo.
stuck-failed = Se intentó durante mucho tiempo y siempre falló. No se ha perdido nada de lo que escribiste. Haz que se intente de nuevo; si se atasca otra vez, avisa al soporte.
stuck-look-again = Comprobar de nuevo
stuck-resend = No está: enviarla de nuevo
stuck-resend-title = ¿Enviar la factura de nuevo?
stuck-resend-text = Solo si la buscaste en QuickBooks y no está. Si no, habrá dos.
stuck-work = Trabajo atascado
stuck-work-text = Siempre falló y espera a que alguien mire.
stuck-again = Intentar de nuevo
stuck-invoice = Factura
stuck-act = Anular, eliminar o enviar
stuck-entry = Entrada en el historial
stuck-fields = Campos de un trato
stuck-changes = Lo que cambió en QuickBooks
stuck-row = { $kind } · trato { $deal } · { $since } · { $attempts } intentos
unreadable-title = Facturas que QuickBooks no muestra
unreadable-text = QuickBooks no puede responder sobre ellas, casi siempre por una dirección de correo no válida; su estado queda parado. Abre cada una en QuickBooks, corrige la dirección y guarda.
unreadable-row = Factura { $number } · trato { $deal } · desde { $since }
stuck-job = { $kind } · { $since } · { $attempts } intentos
stuck-taken-up = Se está intentando de nuevo.
stuck-disconnected = No se envió: su empresa de QuickBooks ya no está conectada. Conéctala de nuevo y haz que se intente de nuevo, o quita la factura en el panel del trato.
undo = Deshacer
tax-excluded = Impuesto aparte
tax-included = Impuesto incluido
tax-none = Sin impuesto
form-group-part = Qué facturar
form-part = Parte del trato que se factura
form-part-kind = Porcentaje o importe
form-part-remaining = Restante
form-part-all = Todo el trato
form-excess = Con las facturas anteriores, esta factura supera en { $amount } el valor del trato.
form-excess-first = Esta factura supera en { $amount } el valor del trato.
line-deposit = Anticipo del { $percent } %: { $title }
line-deposit-amount = Anticipo: { $title }
line-part = Pago parcial del { $percent } %: { $title }
line-part-amount = Pago parcial: { $title }
line-remaining = Importe restante: { $title }
term-days = { $days } días
ask-changed =
    { $count ->
        [0] Las facturas de este trato han cambiado desde que abriste este formulario: ahora no hay ninguna.
        [one] Las facturas de este trato han cambiado desde que abriste este formulario: ahora hay { $amount } facturados en 1 factura.
       *[other] Las facturas de este trato han cambiado desde que abriste este formulario: ahora hay { $amount } facturados en { $count } facturas.
    }
ask-newest = La más reciente la creó { $name }.
ask-excess = Esta factura supera en { $amount } el valor del trato.
ask-create = Crear de todos modos
ask-reload = Rellenar con el importe restante
stale-elsewhere = Este formulario está abierto en otra ventana. Lo que escribas aquí no se guarda.
stale-here = Continuar aquí
stale-ended = La factura de este formulario ya se creó.
stale-new = Empezar una factura nueva con lo escrito aquí
form-prices-in = Los precios están en { $from }. ¿Cómo quedan en { $to }?
form-prices-convert = Convertir al tipo de cambio de hoy en QuickBooks
form-prices-empty = Vaciar los precios
form-no-rate = QuickBooks no tiene tipo de cambio entre estas monedas. Vacía los precios y escríbelos.
form-discount-one-line = En la factura: líneas con su precio completo y una línea de descuento.
form-discount-in-prices = En la factura: el descuento de una línea reduce su precio unitario.
form-discount-no-line = Esta empresa de QuickBooks no tiene línea de descuento: el descuento reduce el precio unitario de cada línea.
form-printed-price = impreso como { $price }
form-items-tax = impuesto del concepto
form-update-customer = Actualizar cliente en QuickBooks
form-update-text = Dirección, correo y número fiscal se exportan donde sean distintos.
form-nothing-to-update = QuickBooks tiene la misma dirección, el mismo correo y el mismo número fiscal.
form-source = de { $field }
form-source-empty = Vacío en Pipedrive:
form-not-in-pipedrive = Sin completar en Pipedrive.
form-tax-mode = Impuesto
form-follow-term = Puesto a mano: usar el plazo
form-preset = Preajuste
form-preset-none = Ninguno
form-preset-text = Mensaje, plazo, copias y campos propios. El diseño es el que usa QuickBooks; no se puede elegir desde fuera.
form-cc = Copia a (Cc)
form-custom = Campo
form-online-payment = El cliente puede pagar en línea
form-item-placeholder = Busca o crea uno nuevo
form-will-create = Nuevo en QuickBooks
form-no-items = No se encontró nada
form-line-menu = Más opciones de la línea
form-line-up = Subir
form-line-down = Bajar
form-line-copy = Duplicar
form-line-removed = Línea eliminada.
form-discount-whole = Descuento sobre el total
form-discount-kind = Porcentaje o importe
form-total-before-tax = Total antes de impuestos
form-automated-tax = QuickBooks añade el impuesto de la dirección del cliente.
form-missing =
    { $count ->
        [one] Falta una cosa:
       *[other] Faltan { $count } cosas:
    }
leave-title = ¿Cerrar el formulario?
leave-text = Lo que escribiste se guarda como borrador y vuelve al abrir el formulario.
leave-stale-title = Tus últimos cambios no se guardaron
leave-stale-text = Este formulario está abierto en otra ventana. Si lo cierras, pierdes lo que escribiste aquí.
leave-ok = Cerrar
leave-cancel = Seguir editando
issued-differs = QuickBooks tiene { $total }. El formulario mostraba { $expected }.
issued-correct = Corregir en QuickBooks
problem-closed-until = Los libros están cerrados hasta el { $date }. Elige una fecha de emisión posterior.
problem-too-much = El descuento es mayor que las líneas.
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
problem-not-an-email = Esto no es una dirección de correo.
problem-too-long = { $field }: { $most } caracteres como máximo.
problem-control-character = { $field }: contiene un carácter invisible que QuickBooks no admite. Borra el texto y vuelve a escribirlo.
problem-unknown = { $field }: QuickBooks no tiene (ya) esta opción.
problem-not-positive = { $field }: no puede ser negativo ni cero.
problem-too-large = { $field }: demasiado grande. La cantidad, el precio, el importe y el total deben ser menores que { $limit }.
problem-too-many-decimals = { $field }: { $most } decimales como máximo.
problem-not-a-percentage = { $field }: debe estar entre 0 y 100.
problem-before-issued = El vencimiento es anterior a la emisión.
problem-unlikely-year = { $field }: revisa el año { $year }.
problem-other-company = Este formulario se rellenó para otra empresa de QuickBooks. Ciérralo y vuelve a abrirlo: lo que escribiste se conserva, y eliges de nuevo el cliente y los conceptos.
problem-customer-currency = A este cliente se le factura en { $currency }. Elige { $currency } u otro cliente.
problem-name-taken = QuickBooks ya tiene un cliente, proveedor o empleado con este nombre. Elige ese cliente o cambia el nombre.
problem-number-taken = Este número de factura ya se usó. Elige otro.
problem-period-closed = Los libros de QuickBooks están cerrados en esta fecha. Elige una emisión posterior.
problem-customer-inactive = Este cliente se desactivó o eliminó en QuickBooks. Elige otro.
problem-item-inactive = Un concepto se desactivó o eliminó en QuickBooks. Elige otro.
problem-negative-total = La suma de las líneas es menor que cero. Una factura no puede tener un total negativo.
problem-part-pending = Esta parte aún no estaba en las líneas. Revisa las líneas y el total y crea la factura.
problem-prices-in = Los precios siguen en { $currency }. Conviértelos o vacíalos.
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
refusal-custom-field = QuickBooks no acepta uno de los campos propios de la empresa. Revisa lo que está escrito en él o vacíalo.
refusal-customer-not-billable = QuickBooks no factura a este cliente. Elige otro.
refusal-period-closed = Los libros de QuickBooks están cerrados en la fecha de esta factura. Un administrador de QuickBooks debe reabrir el período.
refusal-stale = Otra persona hizo un cambio en QuickBooks al mismo tiempo. Inténtalo de nuevo.
refusal-gone = La factura ya no está en QuickBooks.
refusal-deposited = La factura está en un depósito o tiene pagos vinculados. Quítalos en QuickBooks e inténtalo de nuevo.
refusal-settled = Un pago de esta factura se liquidó electrónicamente. Reembólsalo en QuickBooks.
refusal-bank-matched = La transacción está emparejada con un movimiento bancario. Deshaz la coincidencia en QuickBooks e inténtalo de nuevo.
refusal-no-permission = El usuario de QuickBooks que hizo la conexión no tiene permiso para esto. Pide a un administrador que vuelva a conectar QuickBooks con un usuario que lo tenga.
refusal-feature = La suscripción o la configuración de esta empresa de QuickBooks no incluye esto. Pide a un administrador de QuickBooks que lo active.
refusal-subscription = La suscripción de esta empresa de QuickBooks terminó o tiene un problema de pago. Pide a un administrador que la renueve en QuickBooks.
refusal-locked = Esta empresa de QuickBooks está bloqueada en este momento. Inténtalo más tarde.
refusal-maintenance = QuickBooks está en mantenimiento. Inténtalo más tarde.
refusal-reconnect = QuickBooks no deja que Fatura entre en esta empresa. Pide a un administrador que vuelva a conectar QuickBooks en los ajustes de Fatura y permita todo lo que se pide.
refusal-environment = Esta instalación de Fatura está configurada para otro entorno de QuickBooks: una empresa de prueba con claves de producción, o al revés. Avisa a quien opera Fatura.
refusal-request = QuickBooks no acepta la forma en que Fatura lo pidió. Nada de lo que escribiste está mal. Avisa a soporte con este texto.
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
settings-title = Qué rellena una factura
settings-text = Vale cada vez que alguien de { $company } abre el formulario.
settings-to = Para
settings-address = Dirección
settings-email = Correo electrónico
settings-tax-id = Número de identificación fiscal
settings-due = Vencimiento
settings-none = Ninguno
settings-field-missing = (campo eliminado en Pipedrive)
settings-days-after = Días después de la emisión
settings-days = días
settings-days-range = Escribe un número entero de días, de 0 a { $most }.
settings-income-account = Cuenta para conceptos nuevos
settings-income-account-text = Para productos que QuickBooks aún no conoce.
settings-save = Guardar
settings-saved = Ajustes guardados
settings-not-saved = Los ajustes aún no se guardaron:
who-everyone = Todos los que tienen Fatura
who-admins = Administradores
settings-try = Pruébalo
settings-try-deal = Lo que diría el formulario de este trato:
settings-defaults = Valores por defecto
settings-item = Concepto para productos desconocidos
settings-item-create = Crear un concepto
settings-deposit-item = Concepto para anticipos y pagos parciales
settings-deposit-item-lines = El concepto de las líneas del trato
settings-discounts = Descuentos
settings-discounts-in-prices = Incluir el descuento de una línea en su precio unitario, en vez de una línea de descuento
settings-tax-code = Impuesto para líneas sin él
settings-customer = Cliente
settings-update-customer = «Actualizar cliente en QuickBooks» empieza marcado
settings-presets = Preajustes
settings-presets-text = Se eligen por nombre en el formulario. QuickBooks no deja que otros programas elijan su diseño.
settings-preset-add = Añadir un preajuste
settings-presets-most = Puede haber { $most } preajustes como máximo.
preset-name = Nombre
preset-remove = Quitar este preajuste
settings-rights = Quién puede qué
settings-create = Crear facturas
settings-void = Anular y eliminar facturas
settings-language = Idioma del historial del trato
settings-language-usual = Automático: { $language }
settings-language-text = Automático es el idioma de la mayoría de las personas que tienen Fatura aquí. Las páginas siguen el idioma de cada persona.
settings-write-back = Campos del trato
settings-write-back-text = Campos propios del trato que siguen sus facturas, para filtros, automatizaciones e informes en Pipedrive. Un número cuenta las facturas en la moneda del trato; un texto indica cada moneda por separado.
write-invoiced = Importe facturado
write-balance = Importe por pagar
write-status = Estado de la factura más nueva
write-number = Número de la factura más nueva
settings-changed = Guardado. Cambió: { $names }
settings-unsaved = Hay cambios sin guardar.
settings-won = Tratos ganados
settings-draft-on-won = Un trato ganado recibe un borrador por sí solo
settings-not-chosen = { $field }: elige una opción de la lista o deja el campo vacío.
settings-conflict = Otra persona cambió estos ajustes
settings-conflict-text = Se guardaron después de que abriste esta página; los tuyos aún no se guardaron. Guardar ahora cambiaría: { $names }. Revísalos y guarda de nuevo.
