cancel = Cancelar
close = Fechar
open-in-quickbooks = Abrir no QuickBooks
support-copy = Copiar para o suporte
support-copied = Copiado.
support-selected = Selecionado: pressione Ctrl+C (⌘C no Mac) para copiar.
support-details = Detalhes para o suporte

# Páginas simples
about-text = O Fatura cobra seus negócios do Pipedrive no QuickBooks Online: abra um negócio, clique em + Fatura, confira o formulário e pronto.
about-install = Instalar no Pipedrive
install-again = Instalar de novo
outside-text = Esta página faz parte do Pipedrive. Abra um negócio por lá: o Fatura está na barra lateral.
offline-text = O Fatura não está acessível. O que você digitou continua aqui; segue assim que você digitar de novo ou clicar no botão.
confirm-title = Conectar estas duas empresas?
confirm-text = As faturas dos seus negócios do Pipedrive serão criadas nesta empresa do QuickBooks.
confirm-replaces = Isto encerra a conexão com { $company }. As faturas dela ficam onde estão.
confirm-connect = Conectar
confirm-asked-by = Solicitado por
consent-refused-title = Nada foi conectado
consent-refused-text = Você cancelou na página de autorização. Nada foi guardado; comece de novo quando quiser.
foreign-flow-title = Este link expirou
foreign-flow-text = Ele foi aberto em outro navegador, já foi usado ou passou do prazo de alguns minutos. Comece de novo pelo Pipedrive.
connected-elsewhere-title = Esta empresa do QuickBooks já está conectada
connected-elsewhere-text = Outra empresa do Pipedrive a usa com o Fatura. Desconecte-a lá primeiro ou escolha outra empresa do QuickBooks.
connected-elsewhere-named = { $company } já é usada com o Fatura por outra empresa do Pipedrive. Desconecte-a lá primeiro ou escolha outra empresa do QuickBooks.
connected-elsewhere-other = Escolher outra empresa
installed-title = O Fatura está instalado
installed-text = O Fatura já está instalado no Pipedrive de { $company }. Continue nas configurações do Fatura ou abra um negócio: o Fatura está na barra lateral.
declined-title = Nada foi conectado
declined-text = O acesso ao QuickBooks foi devolvido.
cancelled-at-intuit = Você cancelou na página da Intuit.
cancelled-text = O Fatura está instalado no Pipedrive de { $company }. Só falta o QuickBooks: conecte-o aqui agora ou, mais tarde, nas configurações do Fatura.
cancelled-kept-title = Nada mudou
cancelled-kept-text = Você cancelou. { $pipedrive } continua conectada a { $quickbooks } no QuickBooks.
try-again = Tentar de novo
flow-failed-title = Não deu certo
flow-failed-text = O Pipedrive ou o QuickBooks não respondeu como esperado. Nada foi guardado. Tente de novo em instantes.

# Erros
not-installed-title = O Fatura ainda não está instalado para você
not-installed-text = Um colega usa o Fatura. Instale-o no Pipedrive, em Marketplace, para ver e criar faturas.
not-connected-title = O QuickBooks não está conectado
not-connected-text = Peça a um administrador da sua conta do Pipedrive que conecte o QuickBooks nas configurações do Fatura.
reconnect-title = É preciso reconectar o QuickBooks
reconnect-text = O QuickBooks encerrou o acesso. Peça a um administrador que reconecte nas configurações do Fatura; nada se perdeu.
reconnect-task = Conectar o QuickBooks de novo (Fatura)
reconnect-task-text = O QuickBooks não deixa mais o Fatura entrar. Até que alguém o conecte de novo, os negócios não recebem faturas, e as que já têm podem mostrar um status antigo. O que está esperando continua sozinho depois.
too-many-title = Muitas solicitações
too-many-text = O Fatura está recebendo mais solicitações do que consegue atender agora. Aguarde um minuto e tente de novo.
share-used-title = Muitas solicitações
share-used-text = Você usou sua parte das solicitações que o Pipedrive permite hoje à sua empresa. Aguarde alguns minutos e tente de novo; seus colegas não são afetados.
not-found-title = Não encontrado
not-found-text = Não existe mais, ou você não tem acesso.
admins-only-title = Só para administradores
admins-only-text = Só administradores da sua conta do Pipedrive mudam estas configurações.
connect-admins-only-title = Um administrador precisa conectar o QuickBooks
connect-admins-only-text = O Fatura está instalado no Pipedrive de { $company }. Só administradores conectam o QuickBooks: peça a um deles que faça isso nas configurações do Fatura. Depois disso você pode criar faturas.
connect-admins-only-unnamed = Só administradores da sua conta do Pipedrive conectam o QuickBooks. Peça a um deles que faça isso nas configurações do Fatura.
unreadable-request-title = Não foi possível ler esta solicitação
unreadable-request-text = O Fatura não consegue ler o endereço ou o formulário. Nada foi alterado. Volte ao Pipedrive e comece de novo.
rights-unknown-title = O Pipedrive não respondeu
rights-unknown-text = O Pipedrive não respondeu, por isso o Fatura não pôde verificar se você tem permissão para isso. Nada foi alterado. Tente de novo em instantes.
provider-busy-title = Um momento, por favor
provider-busy-text = Muitos pedidos de uma vez. Tente de novo em um minuto.
misconfigured-title = O Fatura não está configurado corretamente
misconfigured-text = O Pipedrive ou o QuickBooks não aceita as credenciais desta instalação do Fatura. Avise quem a opera. Não é preciso conectar de novo: o que está em andamento continua depois da correção.
quickbooks-away-title = O QuickBooks não responde
quickbooks-away-text = O que você vê é o último estado conhecido. Tente de novo em instantes.
reads-refused-title = O QuickBooks recusa consultas por enquanto
reads-refused-text = As consultas que o QuickBooks permite ao Fatura por mês acabaram, ou o QuickBooks as recusa por outro motivo. O que você vê é o último estado conhecido. As faturas que você cria são enviadas quando nada precisa ser consultado antes; o que espera continua sozinho, no máximo quando o próximo mês começar.
pipedrive-away-title = O Pipedrive não responde
pipedrive-away-text = Não foi possível ler o negócio. Tente de novo em instantes.
pipedrive-blocked-title = O Pipedrive não aceita chamadas no momento
pipedrive-blocked-text = A entrada do Pipedrive recusou a chamada, e o negócio não pôde ser lido. Isto passa sozinho: tente de novo em alguns minutos.
quickbooks-blocked-title = O QuickBooks não aceita chamadas no momento
quickbooks-blocked-text = A entrada do QuickBooks recusou a chamada. O que você vê é o último estado conhecido; tente de novo em alguns minutos.
pipedrive-rights-title = O Fatura tem poucas permissões no Pipedrive
pipedrive-rights-text = Instale o Fatura de novo no Marketplace do Pipedrive e permita tudo o que é pedido. Se isso não ajudar, avise quem opera o Fatura.
quickbooks-rights-title = O QuickBooks não deixa o Fatura entrar
quickbooks-environment-title = O Fatura está configurado para outro QuickBooks
our-fault-title = Algo deu errado do nosso lado
our-fault-text = Nada do que você digitou se perdeu. Tente de novo; se acontecer outra vez, informe ao suporte a referência abaixo.

# Painel
panel-new-invoice = Fatura
panel-refresh = Atualizar
panel-invoices = Faturas deste negócio
panel-empty = Nenhuma fatura neste negócio.
panel-open-settings = Abrir as configurações do Fatura
panel-due = vence em { $due }
panel-left-to-pay = falta pagar { $amount }
panel-read-at = Atualizado às { $time }
panel-checking = Estamos verificando com o QuickBooks se a fatura existe.
panel-stuck = Não se sabe se o QuickBooks a tem. Alguém precisa olhar.
panel-unreadable = O que o QuickBooks responde sobre esta fatura não pode ser lido desde { $time }; o que se vê aqui pode estar desatualizado. Abra a fatura no QuickBooks e confira os endereços de e-mail dela.
panel-refused = O QuickBooks recusou. Abra o formulário para corrigir.
status-open = Em aberto
status-partially-paid = Parcialmente paga
status-overdue = Atrasado
status-paid = Pago
status-voided = Anulado
status-deleted = Excluído
status-checking = Verificando
status-stuck = Precisa de atenção
status-refused = Recusada

menu-label = Mais opções da fatura { $number }
menu-send = Enviar por e-mail
menu-pdf = Baixar PDF
menu-void = Anular
menu-delete = Excluir
menu-admins-only = Só administradores anulam e excluem faturas.
send-to = Enviar a fatura { $number } para
send-text = O QuickBooks envia, com o assunto e o texto definidos lá.
send-ok = Enviar
void-title = Anular a fatura { $number }?
void-text = O valor de { $total } passa a zero no QuickBooks. A anulação não pode ser desfeita.
void-ok = Anular fatura
delete-title = Excluir a fatura { $number }?
delete-text = A fatura de { $total } sai dos livros no QuickBooks. A exclusão não pode ser desfeita; para mantê-la visível, anule.
delete-text-paid = Se o QuickBooks recusar a exclusão de uma fatura com pagamentos, anule-a.
delete-ok = Excluir fatura
paid-already = { $amount } já foram pagos.
paid-already-by =
    { $count ->
        [one] { $amount } já foram pagos em um pagamento: { $payments }.
       *[other] { $amount } já foram pagos em { $count } pagamentos: { $payments }.
    }
paid-payment = { $amount } em { $date }
paid-credit = { $amount } por nota de crédito em { $date }
paid-more = { $payments }; e mais { $count }
payments-stay = Os pagamentos continuam no QuickBooks como crédito não aplicado do cliente.
unlink-title = Desvincular { $customer }?
unlink-text = A próxima fatura pergunta de novo quem é o cliente. As faturas ficam.
unlink-ok = Desvincular
act-voiding = Anulando…
act-deleting = Excluindo…
act-sending = Enviando…
act-voided = Fatura { $number } anulada
act-deleted = Fatura { $number } excluída
act-sent = Fatura { $number } enviada
act-not-voided = A fatura não foi anulada.
act-not-deleted = A fatura não foi excluída.
act-not-sent = A fatura não foi enviada.
act-corrected = Fatura { $number } corrigida
act-correcting = Corrigindo…
act-not-corrected = Ela não foi corrigida.
act-changed = Ela mudou no QuickBooks nesse meio-tempo: agora está “{ $badge }”. Confira antes de repetir.
act-not-now = Agora ela está “{ $badge }”, e isso não permite.
act-no-address = Informe o e-mail de destino.
act-has-payments-delete = O QuickBooks não exclui uma fatura que tem pagamentos. Desvincule-os antes no QuickBooks ou anule a fatura.
act-has-payments-void = O QuickBooks não anula uma fatura que tem pagamentos. Desvincule-os antes no QuickBooks.
panel-draft = Há um rascunho de { $time }.
panel-open-draft = Abrir
support = Ajuda e suporte
panel-menu = Mais opções
panel-settings = Configurações
panel-unlink = Desvincular cliente
panel-unlinked = Cliente desvinculado
panel-customer = Cliente
panel-outstanding = A receber
panel-overdue = Em atraso
panel-paid = Recebido
panel-empty-person = Nenhuma fatura para esta pessoa.
panel-empty-organization = Nenhuma fatura para esta organização.
panel-no-deals = Não há negócio aberto nem ganho para faturar.
panel-choose-deal = Qual negócio?
panel-deal-open = Aberto
panel-deal-won = Ganho
panel-deal-invoices =
    { $count ->
        [one] { $count } fatura
       *[other] { $count } faturas
    }
panel-admins-create = Só administradores criam faturas.
panel-show-more =
    { $count ->
        [one] Mostrar mais uma
       *[other] Mostrar mais ({ $count })
    }
panel-issued = emitida em { $date }
panel-sent = ✓ enviada
panel-not-sent = não enviada
panel-paid-so-far = { $amount } pagos
panel-overdue-for =
    { $days ->
        [one] venceu ontem
       *[other] venceu há { $days } dias
    }
panel-silent = O QuickBooks não responde desde { $time }. O que você vê é o último estado conhecido.
panel-reads-refused = O QuickBooks recusa consultas por enquanto: as consultas do mês podem ter acabado. O que você vê é o último estado conhecido; ele será atualizado assim que o QuickBooks permitir.
panel-mend = Abrir o formulário
panel-remove = Remover
panel-removed = Fatura recusada removida
panel-not-removed = Ela está sendo tentada de novo e não foi removida.
panel-invoices-person = Faturas dos negócios desta pessoa
panel-invoices-organization = Faturas dos negócios desta organização
panel-stuck-disconnected = Não foi enviada: a empresa do QuickBooks não está mais conectada. Conecte-a de novo e verifique, ou remova a fatura.
panel-stuck-unsent = Não foi enviada: sempre falhou. Verifique de novo ou remova a fatura.
panel-removed-unsent = Fatura removida. O QuickBooks não tem nada dela.

# Histórico do negócio
history-created = Fatura { $number } criada no QuickBooks: { $total } para { $customer }, vencimento em { $due }.
history-open = Fatura { $number } está de novo em aberto: { $balance } a pagar, vencimento em { $due }.
history-partially-paid = Fatura { $number } parcialmente paga: faltam { $balance } de { $total }.
history-paid = Fatura { $number } paga: { $total }.
history-overdue = Fatura { $number } em atraso: { $balance } venceu em { $due }.
history-voided = Fatura { $number } anulada no QuickBooks.
history-deleted = Fatura { $number } excluída no QuickBooks.

# Formulário
form-title = Nova fatura
form-deal-value = Valor do negócio: { $value }
form-already-billed =
    { $count ->
        [one] { $amount } de { $value } já faturados (1 fatura). Este formulário traz o valor restante.
       *[other] { $amount } de { $value } já faturados ({ $count } faturas). Este formulário traz o valor restante.
    }
form-fully-billed =
    { $count ->
        [one] Este negócio já foi totalmente faturado: { $amount } de { $value } (1 fatura). Não há mais nada a faturar.
       *[other] Este negócio já foi totalmente faturado: { $amount } de { $value } ({ $count } faturas). Não há mais nada a faturar.
    }
form-billed-foreign = Também faturado em outra moeda: { $amounts }. Esse valor não entra na soma.
form-under-way = { $name } está criando agora uma fatura de { $total } para este negócio.
form-colleague-draft = { $name } tem um rascunho de fatura para este negócio, salvo às { $time }.
form-deal-incomplete = Nem tudo o que o Pipedrive respondeu sobre este negócio pôde ser lido. Antes de criar, compare itens, preços e descontos com o negócio.
form-deal-changed = O negócio mudou desde que você salvou este rascunho: era { $before }, agora é { $now }.
form-restored = Rascunho das { $time } recuperado.
form-discard = Recomeçar a partir do negócio
form-group-customer = Dados do cliente
form-group-billing = Dados da cobrança
form-to = Para
form-customer = Cliente no QuickBooks
form-customer-placeholder = Busque ou crie um novo
form-create-customer = Criar “{ $name }”
form-email = E-mail
form-tax-id = CNPJ/CPF
form-address = Endereço
form-city = Cidade
form-state = Estado
form-postal-code = CEP
form-country = País
form-issued = Emissão
form-due = Vencimento
form-currency = Moeda
form-number = Número da fatura
form-invoice-code = Imposto sobre vendas
form-message = Mensagem na fatura
form-memo = Observação interna
form-lines = Itens
form-item = Item
form-create-item = Criar “{ $name }”
form-description = Descrição
form-quantity = Quantidade
form-unit-price = Preço unitário
form-discount = Desc. %
form-tax = Imposto
form-taxable = Tributável
form-not-taxable = Não tributável
form-amount = Valor
form-add-line = Adicionar linha
form-remove-line = Remover esta linha
form-choose = Escolha…
form-subtotal = Subtotal
form-discount-sum = Desconto
form-total = Total
form-create = Criar fatura
form-mend = A fatura ainda não foi criada:
reason-linked = já usado
reason-tax-id = mesmo CNPJ/CPF
reason-name = mesmo nome
reason-email = mesmo e-mail
issued-short = Fatura { $number } criada
issued-short-unnumbered = Fatura criada
issued-title-unnumbered = A fatura de { $total } foi criada no QuickBooks.
issued-title = A fatura { $number }, de { $total }, está no QuickBooks.
issued-earlier = Ela já foi criada por este formulário. O que você mudou depois não foi enviado; altere no QuickBooks.
checking-title = Estamos verificando com o QuickBooks se a fatura existe
checking-text = Ela foi enviada, mas ainda não houve resposta. Não a crie de novo: avisamos aqui e no negócio assim que soubermos.
waiting-title = A fatura está sendo criada
waiting-text = Ela ainda não foi enviada ao QuickBooks. O resultado aparece aqui e no negócio.
waiting-reconnect = A fatura não foi enviada. Peça a um administrador que reconecte o QuickBooks nas configurações do Fatura: ela será criada automaticamente depois, uma única vez.
checking-other = Outra janela está criando uma fatura deste formulário com outro conteúdo. O que você digitou aqui não foi enviado.
stuck-title = Alguém precisa olhar esta fatura
stuck-doubt = Ela foi enviada ao QuickBooks, não houve resposta, e não é encontrada lá. Para não criar uma segunda, ela não é enviada de novo sozinha. Procure-a no QuickBooks: se estiver lá, verifique de novo aqui daqui a pouco; se não, mande enviar de novo.
stuck-failed = Tentamos por muito tempo e sempre falhou. Nada do que você digitou se perdeu. Mande tentar de novo; se travar outra vez, avise o suporte.
stuck-look-again = Verificar de novo
stuck-resend = Não está lá: enviar de novo
stuck-resend-title = Enviar a fatura de novo?
stuck-resend-text = Só se você procurou no QuickBooks e ela não está lá. Senão, haverá duas.
stuck-work = Trabalho parado
stuck-work-text = Sempre falhou e espera que alguém olhe.
stuck-again = Tentar de novo
stuck-invoice = Fatura
stuck-act = Anular, excluir ou enviar
stuck-entry = Registro no histórico
stuck-fields = Campos de um negócio
stuck-changes = O que mudou no QuickBooks
stuck-row = { $kind } · negócio { $deal } · { $since } · { $attempts } tentativas
unreadable-title = Faturas que o QuickBooks não mostra
unreadable-text = O QuickBooks não consegue responder sobre elas, em geral por causa de um endereço de e-mail inválido; o status delas fica parado. Abra cada uma no QuickBooks, corrija o endereço e salve.
unreadable-row = Fatura { $number } · negócio { $deal } · desde { $since }
stuck-job = { $kind } · { $since } · { $attempts } tentativas
stuck-taken-up = Está sendo tentado de novo.
stuck-disconnected = Ela não foi enviada: a empresa do QuickBooks não está mais conectada. Conecte-a de novo e mande tentar de novo, ou remova a fatura no painel do negócio.
undo = Desfazer
tax-excluded = Imposto à parte
tax-included = Imposto incluso
tax-none = Sem imposto
form-group-part = O que faturar
form-part = Parte do negócio a faturar
form-part-kind = Porcentagem ou valor
form-part-remaining = Restante
form-part-all = O negócio inteiro
form-excess = Com as faturas anteriores, esta fatura passa { $amount } do valor do negócio.
form-excess-first = Esta fatura passa { $amount } do valor do negócio.
line-deposit = Entrada de { $percent } %: { $title }
line-deposit-amount = Entrada: { $title }
line-part = Parcela de { $percent } %: { $title }
line-part-amount = Parcela: { $title }
line-remaining = Valor restante: { $title }
term-days = { $days } dias
ask-changed =
    { $count ->
        [0] As faturas deste negócio mudaram desde que você abriu este formulário: agora não há nenhuma.
        [one] As faturas deste negócio mudaram desde que você abriu este formulário: agora { $amount } estão faturados em 1 fatura.
       *[other] As faturas deste negócio mudaram desde que você abriu este formulário: agora { $amount } estão faturados em { $count } faturas.
    }
ask-newest = A mais recente foi criada por { $name }.
ask-excess = Esta fatura passa { $amount } do valor do negócio.
ask-create = Criar mesmo assim
ask-reload = Preencher com o valor restante
stale-elsewhere = Este formulário está aberto em outra janela. O que você digita aqui não é salvo.
stale-here = Continuar aqui
stale-ended = A fatura deste formulário já foi criada.
stale-new = Começar uma nova fatura com o que está digitado aqui
form-prices-in = Os preços estão em { $from }. Como ficam em { $to }?
form-prices-convert = Converter pela cotação de hoje no QuickBooks
form-prices-empty = Limpar os preços
form-no-rate = O QuickBooks não tem cotação entre essas moedas. Limpe os preços e digite-os.
form-discount-one-line = Na fatura: itens com o preço cheio e uma linha de desconto.
form-discount-in-prices = Na fatura: o desconto de um item reduz o preço unitário dele.
form-discount-no-line = Esta empresa do QuickBooks não tem linha de desconto: o desconto reduz o preço unitário de cada item.
form-printed-price = impresso como { $price }
form-items-tax = imposto do item
form-update-customer = Atualizar cliente no QuickBooks
form-update-text = Endereço, e-mail e número fiscal são exportados onde forem diferentes.
form-nothing-to-update = O QuickBooks tem o mesmo endereço, e-mail e número fiscal.
form-source = de { $field }
form-source-empty = Vazio no Pipedrive:
form-not-in-pipedrive = Não preenchido no Pipedrive.
form-tax-mode = Imposto
form-follow-term = Definido à mão – usar o prazo
form-preset = Predefinição
form-preset-none = Nenhuma
form-preset-text = Mensagem, prazo, cópias e campos próprios. O modelo visual é o que o QuickBooks usa; ele não pode ser escolhido de fora.
form-cc = Cópia para (Cc)
form-custom = Campo
form-online-payment = O cliente pode pagar on-line
form-item-placeholder = Busque ou crie um novo
form-will-create = Novo no QuickBooks
form-no-items = Nada encontrado
form-line-menu = Mais opções da linha
form-line-up = Mover para cima
form-line-down = Mover para baixo
form-line-copy = Duplicar
form-line-removed = Linha removida.
form-discount-whole = Desconto no total
form-discount-kind = Porcentagem ou valor
form-total-before-tax = Total antes do imposto
form-automated-tax = O QuickBooks acrescenta o imposto do endereço do cliente.
form-missing =
    { $count ->
        [one] Falta uma coisa:
       *[other] Faltam { $count } coisas:
    }
leave-title = Fechar o formulário?
leave-text = O que você digitou fica guardado como rascunho e volta quando o formulário abrir.
leave-stale-title = Suas últimas alterações não foram salvas
leave-stale-text = Este formulário está aberto em outra janela. Se você fechar, perde o que digitou aqui.
leave-ok = Fechar
leave-cancel = Continuar editando
issued-differs = O QuickBooks tem { $total }. O formulário mostrava { $expected }.
issued-correct = Corrigir no QuickBooks
problem-closed-until = Os livros estão fechados até { $date }. Escolha uma data de emissão posterior.
problem-too-much = O desconto é maior que as linhas.
form-mend-more = { $count ->
    [one] E mais um erro, indicado no respectivo campo.
   *[other] E mais { $count } erros, cada um indicado no respectivo campo.
}
leave-lost-text = Não foi possível salvar o que você digitou por último. Se fechar o formulário agora, essas alterações serão perdidas.

# Problemas
problem-choose-customer = Escolha um cliente no QuickBooks ou crie um novo.
problem-no-lines = A fatura precisa de pelo menos uma linha.
problem-choose-item = Linha { $line }: escolha um item do QuickBooks ou crie um novo.
problem-choose-tax = Linha { $line }: escolha um imposto.
problem-missing = Falta preencher: { $field }.
problem-not-a-number = { $field }: não é um número.
problem-other-currency = { $field }: este valor está em outra moeda. A fatura está em { $currency }.
problem-not-a-date = { $field }: não é uma data.
problem-not-an-email = Isto não é um endereço de e-mail.
problem-too-long = { $field }: no máximo { $most } caracteres.
problem-control-character = { $field }: contém um caractere invisível que o QuickBooks não aceita. Apague o texto e digite-o de novo.
problem-unknown = { $field }: o QuickBooks não tem (mais) esta opção.
problem-not-positive = { $field }: não pode ser negativo nem zero.
problem-too-large = { $field }: grande demais. Quantidade, preço, valor e total devem ser menores que { $limit }.
problem-too-many-decimals = { $field }: no máximo { $most } casas decimais.
problem-not-a-percentage = { $field }: deve estar entre 0 e 100.
problem-before-issued = O vencimento é anterior à emissão.
problem-unlikely-year = { $field }: confira o ano { $year }.
problem-other-company = Este formulário foi preenchido para outra empresa do QuickBooks. Feche-o e abra-o de novo: o que você digitou é mantido, e você escolhe o cliente e os itens de novo.
problem-customer-currency = Este cliente é faturado em { $currency }. Escolha { $currency } ou outro cliente.
problem-name-taken = O QuickBooks já tem um cliente, fornecedor ou funcionário com este nome. Escolha esse cliente ou mude o nome.
problem-number-taken = Este número de fatura já foi usado. Escolha outro.
problem-period-closed = Os livros do QuickBooks estão fechados nesta data. Escolha uma emissão posterior.
problem-customer-inactive = Este cliente foi desativado ou excluído no QuickBooks. Escolha outro.
problem-item-inactive = Um item foi desativado ou excluído no QuickBooks. Escolha outro.
problem-negative-total = A soma dos itens é menor que zero. Uma fatura não pode ter total negativo.
problem-part-pending = Esta parte ainda não estava nos itens. Confira os itens e o total e crie a fatura.
problem-prices-in = Os preços ainda estão em { $currency }. Converta ou limpe os preços.
problem-unsupported-character = O QuickBooks não aceita o caractere “{ $character }”. Remova-o.

# Refusals of QuickBooks
refusal-reference = Algo que esta fatura usa foi desativado ou excluído no QuickBooks: o cliente, um item, um imposto ou uma conta. Abra o formulário de novo, escolha outra vez e crie a fatura.
refusal-term = O prazo que corresponde a este vencimento foi desativado no QuickBooks. Crie a fatura de novo: a lista de prazos foi atualizada.
refusal-account = Uma conta que esta fatura usa foi desativada ou excluída no QuickBooks. Um administrador escolhe outra conta no item, no QuickBooks, ou a conta para novos itens, nas configurações do Fatura.
refusal-class = Uma classe ou um local foi desativado ou excluído no QuickBooks. Peça a um administrador do QuickBooks que o reative ou escolha outro.
refusal-no-income-account = O QuickBooks não tem conta de receita para um item novo. Escolha um item existente ou peça a um administrador que crie uma conta de receita no QuickBooks.
refusal-item-name-taken = O QuickBooks já tem um item com este nome. Escolha esse item ou mude o nome.
refusal-number-assigned = O QuickBooks atribuiu a esta fatura um número que já foi usado. Crie a fatura de novo; se isso se repetir, peça a um administrador que corrija a numeração no QuickBooks.
refusal-not-linkable = O QuickBooks não permite isto por causa de outra transação vinculada a esta fatura. Desfaça o vínculo no QuickBooks e tente de novo.
refusal-required = O QuickBooks exige um dado que este formulário não tem. Peça a um administrador que verifique as configurações do QuickBooks, ou fale com o suporte.
refusal-value = O QuickBooks não aceita este valor. Corrija-o e crie a fatura de novo.
refusal-characters = O QuickBooks não aceita um caractere deste texto. Remova sinais incomuns e crie a fatura de novo.
refusal-email-address = O QuickBooks não aceita um dos endereços de e-mail. Verifique o e-mail e as cópias.
refusal-email-missing = A fatura não tem endereço de e-mail. Digite um e envie de novo.
refusal-email-not-delivered = O QuickBooks não conseguiu entregar o e-mail. Verifique o endereço e envie de novo.
refusal-other-email-address = Uma fatura que já está no QuickBooks tem um endereço de e-mail inválido, e por isso o QuickBooks não consegue pesquisar faturas. Corrija esse endereço no QuickBooks e crie a fatura de novo.
refusal-currency = O QuickBooks não aceita esta moeda para este cliente. Escolha a moeda do cliente ou outro cliente.
refusal-amount = O QuickBooks calcula outro valor a partir de quantidade e preço. Arredonde o preço e crie a fatura de novo.
refusal-discount = O QuickBooks não aceita este desconto. Remova-o ou baixe os preços das linhas.
refusal-tax-required = O QuickBooks exige um imposto em cada linha. Escolha um imposto, mesmo que seja de 0 %.
refusal-tax = Os impostos desta fatura não combinam com as configurações de impostos do QuickBooks. Escolha outro imposto ou peça a um administrador que verifique essas configurações.
refusal-custom-field = O QuickBooks não aceita um dos campos próprios da empresa. Verifique o que foi digitado nele ou esvazie-o.
refusal-customer-not-billable = O QuickBooks não fatura para este cliente. Escolha outro.
refusal-period-closed = Os livros do QuickBooks estão fechados para a data desta fatura. Um administrador do QuickBooks precisa reabrir o período.
refusal-stale = Outra pessoa fez uma alteração no QuickBooks ao mesmo tempo. Tente de novo.
refusal-gone = A fatura não existe mais no QuickBooks.
refusal-deposited = A fatura está em um depósito ou tem pagamentos vinculados. Remova-os no QuickBooks e tente de novo.
refusal-settled = Um pagamento desta fatura foi liquidado eletronicamente. Reembolse-o no QuickBooks.
refusal-bank-matched = A transação está conciliada com o banco. Desfaça a correspondência no QuickBooks e tente de novo.
refusal-no-permission = O usuário do QuickBooks que fez a conexão não tem permissão para isto. Peça a um administrador que conecte o QuickBooks de novo com um usuário que a tenha.
refusal-feature = A assinatura ou as configurações desta empresa do QuickBooks não incluem isto. Peça a um administrador do QuickBooks que o ative.
refusal-subscription = A assinatura desta empresa do QuickBooks terminou ou tem uma pendência de pagamento. Peça a um administrador que a regularize no QuickBooks.
refusal-locked = Esta empresa do QuickBooks está bloqueada no momento. Tente de novo mais tarde.
refusal-maintenance = O QuickBooks está em manutenção. Tente de novo mais tarde.
refusal-reconnect = O QuickBooks não deixa o Fatura entrar nesta empresa. Peça a um administrador que conecte o QuickBooks de novo nas configurações do Fatura e permita tudo o que é pedido.
refusal-environment = Esta instalação do Fatura está configurada para outro ambiente do QuickBooks: uma empresa de teste com chaves de produção, ou o contrário. Avise quem opera o Fatura.
refusal-request = O QuickBooks não aceita a forma do pedido do Fatura. Nada do que você digitou está errado. Avise o suporte com este texto.
refusal-unknown = O QuickBooks recusou a fatura, e nada foi criado. Corrija o que ele indica e crie a fatura de novo.
refusal-quote = O QuickBooks diz: { $detail }

# Configurações
entity-organization = Organização
entity-person = Pessoa
entity-deal = Negócio
settings-connection = QuickBooks
settings-connected = Conectado a { $company } ({ $country }, { $currency })
settings-connected-since = desde { $date }, por { $user }
settings-not-connected = Nenhuma empresa do QuickBooks está conectada. Conecte uma para criar faturas a partir dos negócios.
settings-connect = Conectar ao QuickBooks
settings-disconnect = Desconectar
disconnect-title = Desconectar { $company }?
disconnect-text = Não será possível criar faturas até que alguém conecte de novo. As faturas no QuickBooks e o histórico aqui permanecem.
settings-title = O que preenche a fatura
settings-text = Vale sempre que alguém de { $company } abre o formulário.
settings-to = Para
settings-address = Endereço
settings-email = E-mail
settings-tax-id = CNPJ/CPF
settings-due = Vencimento
settings-none = Nenhum
settings-field-missing = (campo removido no Pipedrive)
settings-days-after = Dias após a emissão
settings-days = dias
settings-days-range = Informe um número inteiro de dias, de 0 a { $most }.
settings-income-account = Conta para itens novos
settings-income-account-text = Para produtos que o QuickBooks ainda não conhece.
settings-save = Salvar
settings-saved = Configurações salvas
settings-not-saved = As configurações ainda não foram salvas:
who-everyone = Todos que têm o Fatura
who-admins = Administradores
settings-try = Experimente
settings-try-deal = O que diria o formulário deste negócio:
settings-defaults = Padrões
settings-item = Item para produtos desconhecidos
settings-item-create = Criar um item
settings-deposit-item = Item para entradas e parcelas
settings-deposit-item-lines = O item das linhas do negócio
settings-discounts = Descontos
settings-discounts-in-prices = Embutir o desconto de um item no preço unitário, em vez de uma linha de desconto
settings-tax-code = Imposto para linhas sem imposto
settings-customer = Cliente
settings-update-customer = “Atualizar cliente no QuickBooks” começa marcado
settings-presets = Predefinições
settings-presets-text = Escolhidas pelo nome no formulário. O QuickBooks não deixa outros programas escolherem o modelo visual.
settings-preset-add = Adicionar uma predefinição
settings-presets-most = Pode haver no máximo { $most } predefinições.
preset-name = Nome
preset-remove = Remover esta predefinição
settings-rights = Quem pode o quê
settings-create = Criar faturas
settings-void = Anular e excluir faturas
settings-language = Idioma do histórico do negócio
settings-language-usual = Automático: { $language }
settings-language-text = Automático é o idioma da maioria das pessoas daqui que têm o Fatura. As páginas seguem o idioma de cada pessoa.
settings-write-back = Campos do negócio
settings-write-back-text = Campos próprios do negócio que acompanham as faturas, para filtros, automações e relatórios no Pipedrive. Um número conta as faturas na moeda do negócio; um texto mostra cada moeda em separado.
write-invoiced = Valor faturado
write-balance = Valor a receber
write-status = Status da fatura mais nova
write-number = Número da fatura mais nova
settings-changed = Salvo. Mudou: { $names }
settings-unsaved = Há mudanças não salvas.
settings-won = Negócios ganhos
settings-draft-on-won = Um negócio ganho recebe um rascunho sozinho
settings-not-chosen = { $field }: escolha uma opção da lista ou deixe o campo vazio.
settings-conflict = Outra pessoa alterou estas configurações
settings-conflict-text = Elas foram salvas depois que você abriu esta página; as suas ainda não foram salvas. Salvar agora mudaria: { $names }. Confira e salve de novo.
