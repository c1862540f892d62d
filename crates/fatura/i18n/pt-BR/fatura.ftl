cancel = Cancelar
close = Fechar
open-in-quickbooks = Abrir no QuickBooks
support-copy = Copiar para o suporte
support-copied = Copiado.
support-selected = Selecionado: pressione Ctrl+C (⌘C no Mac) para copiar.
support-details = Detalhes para o suporte

# Páginas simples
about-text = O Fatura cria faturas no QuickBooks Online a partir dos seus negócios do Pipedrive: abra um negócio, clique em + Fatura, confira o formulário e crie a fatura.
about-install = Instalar no Pipedrive
install-again = Instalar de novo
outside-text = Abra esta página dentro do Pipedrive: abra um negócio e use o Fatura na barra lateral.
offline-text = Não foi possível acessar o Fatura. O que você digitou continua nesta página e será enviado quando você voltar a digitar ou clicar de novo no botão.
confirm-title = Conectar estas duas empresas?
confirm-text = As faturas dos seus negócios do Pipedrive serão criadas nesta empresa do QuickBooks.
confirm-replaces = Isso substitui a conexão com { $company }. As faturas dela continuam no QuickBooks.
confirm-connect = Conectar
confirm-asked-by = Solicitado por
consent-refused-title = Nada foi conectado
consent-refused-text = Você cancelou na página de autorização. Nada foi salvo. Comece de novo quando quiser.
foreign-flow-title = Este link expirou
foreign-flow-text = O link foi aberto em outro navegador, já foi usado ou passou do prazo de alguns minutos. Comece de novo pelo Pipedrive.
connected-elsewhere-title = Esta empresa do QuickBooks já está conectada
connected-elsewhere-text = Outra empresa do Pipedrive a usa com o Fatura. Desconecte-a lá primeiro ou escolha outra empresa do QuickBooks.
connected-elsewhere-named = { $company } já é usada com o Fatura por outra empresa do Pipedrive. Desconecte-a lá primeiro ou escolha outra empresa do QuickBooks.
connected-elsewhere-other = Escolher outra empresa
installed-title = O Fatura está instalado
installed-text = O Fatura já está instalado no Pipedrive de { $company }. Continue nas configurações do Fatura ou abra um negócio: o Fatura está na barra lateral.
declined-title = Nada foi conectado
declined-text = O acesso ao QuickBooks foi revogado.
cancelled-at-intuit = Você cancelou na página da Intuit.
cancelled-text = O Fatura está instalado na conta do Pipedrive de { $company }. Só falta conectar o QuickBooks: conecte agora ou, mais tarde, nas configurações do Fatura.
cancelled-kept-title = Nada mudou
cancelled-kept-text = Você cancelou. { $pipedrive } continua conectada a { $quickbooks } no QuickBooks.
try-again = Tentar de novo
flow-failed-title = Algo deu errado
flow-failed-text = O Pipedrive ou o QuickBooks não respondeu como esperado. Nada foi salvo. Tente de novo em instantes.

# Erros
not-installed-title = O Fatura ainda não está instalado para você
not-installed-text = Sua empresa usa o Fatura, mas você ainda não o instalou. Instale-o pelo Marketplace do Pipedrive para ver e criar faturas.
not-connected-title = O QuickBooks não está conectado
not-connected-text = Peça a um administrador da sua conta do Pipedrive que conecte o QuickBooks nas configurações do Fatura.
reconnect-title = Reconecte o QuickBooks
reconnect-text = O QuickBooks encerrou o acesso. Peça a um administrador que reconecte o QuickBooks nas configurações do Fatura. Nada foi perdido.
reconnect-task = Reconectar o QuickBooks (Fatura)
reconnect-task-text = O Fatura não tem mais acesso ao QuickBooks. Até que alguém o reconecte, não é possível criar faturas e o status das faturas existentes pode estar desatualizado. As tarefas pendentes continuam automaticamente depois.
too-many-title = Muitas solicitações
too-many-text = O Fatura está recebendo mais solicitações do que consegue atender. Aguarde um minuto e tente de novo.
share-used-title = Limite de solicitações atingido
share-used-text = Você usou a sua parte das solicitações que o Pipedrive permite hoje à sua empresa. Aguarde alguns minutos e tente de novo. Seus colegas não são afetados.
not-found-title = Não encontrado
not-found-text = Isso não existe mais ou você não tem acesso.
admins-only-title = Só para administradores
admins-only-text = Só administradores da sua conta do Pipedrive podem fazer isso. Peça a um deles.
connect-admins-only-title = Um administrador precisa conectar o QuickBooks
connect-admins-only-text = O Fatura está instalado na conta do Pipedrive de { $company }. Só administradores podem conectar o QuickBooks: peça a um deles que faça isso nas configurações do Fatura. Depois disso, você poderá criar faturas.
connect-admins-only-unnamed = Só administradores da sua conta do Pipedrive podem conectar o QuickBooks. Peça a um deles que faça isso nas configurações do Fatura.
unreadable-request-title = Solicitação inválida
unreadable-request-text = O Fatura não conseguiu ler o endereço ou o formulário. Nada foi alterado. Volte ao Pipedrive e comece de novo.
rights-unknown-title = O Pipedrive não respondeu
rights-unknown-text = O Pipedrive não respondeu, e por isso o Fatura não pôde verificar a sua permissão. Nada foi alterado. Tente de novo em instantes.
provider-busy-title = Um momento, por favor
provider-busy-text = Há muitas solicitações no momento. Tente de novo em um minuto.
misconfigured-title = O Fatura não está configurado corretamente
misconfigured-text = O Pipedrive ou o QuickBooks não aceita as credenciais desta instalação do Fatura. Avise o responsável pela instalação. Não é preciso reconectar: o que está em andamento continua depois da correção.
quickbooks-away-title = O QuickBooks não está respondendo
quickbooks-away-text = Não foi possível falar com o QuickBooks. Tente de novo em instantes.
reads-refused-title = Limite de consultas do QuickBooks atingido
reads-refused-text = O QuickBooks está recusando consultas: o limite mensal pode ter sido atingido. O status das faturas pode estar desatualizado. Faturas que não dependem de consultas são enviadas normalmente; o restante continua automaticamente, o mais tardar no início do próximo mês.
pipedrive-away-title = O Pipedrive não está respondendo
pipedrive-away-text = Não foi possível carregar os dados do Pipedrive. Tente de novo em instantes.
pipedrive-blocked-title = O Pipedrive está bloqueando solicitações
pipedrive-blocked-text = O firewall do Pipedrive bloqueou a solicitação, e o negócio não pôde ser carregado. Isso costuma se resolver sozinho: tente de novo em alguns minutos.
quickbooks-blocked-title = O QuickBooks está bloqueando solicitações
quickbooks-blocked-text = O firewall do QuickBooks bloqueou a solicitação. Tente de novo em alguns minutos.
pipedrive-rights-title = O Fatura precisa de mais permissões no Pipedrive
pipedrive-rights-text = Reinstale o Fatura pelo Marketplace do Pipedrive e conceda todas as permissões solicitadas. Se isso não resolver, avise o responsável pela instalação do Fatura.
quickbooks-rights-title = O QuickBooks negou o acesso
quickbooks-environment-title = O Fatura está configurado para outro ambiente do QuickBooks
our-fault-title = Algo deu errado no Fatura
our-fault-text = O que você digitou não se perdeu. Tente de novo; se acontecer outra vez, informe ao suporte a referência abaixo.

# Painel
panel-new-invoice = Fatura
panel-refresh = Atualizar
panel-invoices = Faturas deste negócio
panel-empty = Nenhuma fatura neste negócio.
panel-open-settings = Abrir as configurações do Fatura
panel-due = vence em { $due }
panel-left-to-pay = saldo de { $amount }
panel-read-at = Atualizado: { $time }
panel-checking = Verificando no QuickBooks se a fatura existe.
panel-stuck = Não se sabe se esta fatura existe no QuickBooks. Verifique.
panel-unreadable = Desde { $time }, o QuickBooks não retorna dados legíveis desta fatura; as informações daqui podem estar desatualizadas. Abra a fatura no QuickBooks e confira os endereços de e-mail.
panel-refused = O QuickBooks recusou esta fatura. Abra o formulário para corrigi-la.
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
menu-admins-only = Só administradores podem anular e excluir faturas.
send-to = Enviar a fatura { $number } para
send-text = O QuickBooks envia a fatura com o assunto e o texto definidos nele.
send-ok = Enviar
void-title = Anular a fatura { $number }?
void-text = O valor de { $total } passa a ser zero no QuickBooks. A anulação não pode ser desfeita.
void-ok = Anular fatura
delete-title = Excluir a fatura { $number }?
delete-text = A fatura de { $total } é removida da contabilidade no QuickBooks. A exclusão não pode ser desfeita. Para manter o registro, anule a fatura.
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
unlink-text = A próxima fatura volta a perguntar qual é o cliente. As faturas existentes não mudam.
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
act-not-corrected = A fatura não foi corrigida.
act-changed = A fatura mudou no QuickBooks: o status agora é “{ $badge }”. Confira antes de tentar de novo.
act-not-now = Isso não é possível enquanto o status da fatura for “{ $badge }”.
act-no-address = Informe o e-mail do destinatário.
act-has-payments-delete = O QuickBooks não exclui uma fatura que tem pagamentos. Desvincule-os antes no QuickBooks ou anule a fatura.
act-has-payments-void = O QuickBooks não anula uma fatura que tem pagamentos. Desvincule-os antes no QuickBooks.
panel-draft = Rascunho salvo: { $time }
panel-open-draft = Abrir rascunho
support = Ajuda e suporte
panel-menu = Mais opções
panel-settings = Configurações
panel-unlink = Desvincular cliente
panel-unlinked = Cliente desvinculado
panel-customer = Cliente
panel-outstanding = A vencer
panel-overdue = Em atraso
panel-paid = Recebido
panel-empty-person = Nenhuma fatura para esta pessoa.
panel-empty-organization = Nenhuma fatura para esta organização.
panel-no-deals = Não há negócios abertos ou ganhos para faturar.
panel-choose-deal = Escolha o negócio
panel-deal-open = Aberto
panel-deal-won = Ganho
panel-deal-invoices =
    { $count ->
        [one] { $count } fatura
       *[other] { $count } faturas
    }
panel-admins-create = Só administradores podem criar faturas.
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
panel-silent = Última resposta do QuickBooks: { $time }. As informações são as últimas conhecidas.
panel-reads-refused = O QuickBooks está recusando consultas: o limite mensal pode ter sido atingido. As informações são as últimas conhecidas e serão atualizadas assim que o QuickBooks permitir.
panel-mend = Abrir formulário
panel-remove = Remover
panel-removed = Fatura recusada removida
panel-not-removed = A fatura está sendo processada de novo e não foi removida.
panel-invoices-person = Faturas dos negócios desta pessoa
panel-invoices-organization = Faturas dos negócios desta organização
panel-stuck-disconnected = Não foi enviada: a empresa do QuickBooks não está mais conectada. Conecte-a de novo e verifique, ou remova a fatura.
panel-stuck-unsent = Não foi enviada: sempre falhou. Verifique de novo ou remova a fatura.
panel-removed-unsent = Fatura removida. O QuickBooks não tem nada dela.

# Histórico do negócio
history-created = Fatura { $number } criada no QuickBooks: { $total } para { $customer }, vencimento em { $due }.
history-open = Fatura { $number } em aberto de novo: { $balance } a pagar, vencimento em { $due }.
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
        [one] { $amount } de { $value } já faturados (1 fatura{ $basis }). Este formulário traz o valor restante.
       *[other] { $amount } de { $value } já faturados ({ $count } faturas{ $basis }). Este formulário traz o valor restante.
    }
form-fully-billed =
    { $count ->
        [one] Este negócio já foi totalmente faturado: { $amount } de { $value } (1 fatura{ $basis }). Não há mais nada a faturar.
       *[other] Este negócio já foi totalmente faturado: { $amount } de { $value } ({ $count } faturas{ $basis }). Não há mais nada a faturar.
    }
amount-before-tax = , sem imposto
amount-with-tax = , com imposto
form-billed-foreign = Também faturado em outra moeda: { $amounts }. Esse valor não está na soma.
form-under-way = { $name } está criando uma fatura de { $total } para este negócio neste momento.
form-colleague-draft = { $name } tem um rascunho de fatura para este negócio (salvo: { $time }).
form-deal-incomplete = Alguns dados deste negócio não puderam ser lidos do Pipedrive. Antes de criar a fatura, compare itens, preços e descontos com o negócio.
form-deal-changed = O negócio mudou desde que este rascunho foi salvo: era { $before }, agora é { $now }.
form-restored = Rascunho recuperado ({ $time })
form-discard = Recomeçar a partir do negócio
form-group-customer = Detalhes de cliente
form-group-billing = Detalhes de faturamento
form-to = Para
form-customer = Cliente no QuickBooks
form-customer-placeholder = Busque ou crie um novo
form-create-customer = Criar “{ $name }”
form-email = E-mail
form-tax-id = Identificação fiscal
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
form-lines = Itens da fatura
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
form-mend = A fatura não foi criada:
reason-linked = usado antes
reason-tax-id = mesma identificação fiscal
reason-name = mesmo nome
reason-email = mesmo e-mail
issued-short = Fatura { $number } criada
issued-short-unnumbered = Fatura criada
issued-title-unnumbered = A fatura de { $total } foi criada no QuickBooks.
issued-title = A fatura { $number }, de { $total }, foi criada no QuickBooks.
issued-earlier = Este formulário já criou a fatura. As alterações feitas depois não foram enviadas; faça-as no QuickBooks.
checking-title = Verificando se a fatura foi criada
checking-text = A fatura foi enviada, mas o QuickBooks ainda não respondeu. Não a crie de novo: o resultado aparece aqui e no negócio.
waiting-title = A fatura está sendo criada
waiting-text = Ela ainda não foi enviada ao QuickBooks. O resultado aparece aqui e no negócio.
waiting-reconnect = A fatura não foi enviada. Peça a um administrador que reconecte o QuickBooks nas configurações do Fatura: ela será criada automaticamente depois, uma única vez.
checking-other = Outra janela está criando uma fatura deste formulário com outro conteúdo. O que você digitou aqui não foi enviado.
stuck-title = Esta fatura precisa de atenção
stuck-doubt = A fatura foi enviada ao QuickBooks, mas não houve resposta e ela não foi encontrada lá. Para evitar duplicidade, o Fatura não a envia de novo automaticamente. Procure-a no QuickBooks: se ela estiver lá, verifique de novo em instantes; se não estiver, envie de novo.
stuck-failed = Todas as tentativas falharam. O que você digitou não se perdeu. Tente de novo; se falhar outra vez, fale com o suporte.
stuck-look-again = Verificar de novo
stuck-resend = Não está lá: enviar de novo
stuck-resend-title = Enviar a fatura de novo?
stuck-resend-text = Faça isso só se você a procurou no QuickBooks e ela não está lá. Caso contrário, a fatura será duplicada.
stuck-work = Tarefas com falha
stuck-work-text = Estas tarefas falharam repetidamente e precisam de atenção.
stuck-again = Tentar de novo
stuck-invoice = Fatura
stuck-act = Anular, excluir ou enviar
stuck-entry = Anotação no histórico do negócio
stuck-fields = Campos do negócio
stuck-changes = Alterações no QuickBooks
stuck-row = { $kind } · negócio { $deal } · { $since } · { $attempts } tentativas
unreadable-title = Faturas que o QuickBooks não consegue mostrar
unreadable-text = O QuickBooks não retorna dados destas faturas, em geral por causa de um endereço de e-mail inválido. O status delas não é atualizado. Abra cada uma no QuickBooks, corrija o endereço e salve.
unreadable-row = Fatura { $number } · negócio { $deal } · desde { $since }
stuck-job = { $kind } · { $since } · { $attempts } tentativas
stuck-taken-up = Tentando de novo.
stuck-disconnected = Ela não foi enviada: a empresa do QuickBooks não está mais conectada. Conecte-a de novo e mande tentar de novo, ou remova a fatura no painel do negócio.
undo = Desfazer
tax-excluded = Imposto não incluso
tax-included = Imposto incluso
tax-none = Sem imposto
form-group-part = O que faturar
form-part = Parte do negócio a faturar
form-part-kind = Porcentagem ou valor
form-part-remaining = Restante
form-part-all = O negócio inteiro
form-excess = Com as faturas anteriores, o valor do negócio é ultrapassado em { $amount }.
form-excess-first = Esta fatura ultrapassa o valor do negócio em { $amount }.
line-deposit = Entrada de { $percent }%: { $title }
line-deposit-amount = Entrada: { $title }
line-part = Parcela de { $percent }%: { $title }
line-part-amount = Parcela: { $title }
line-remaining = Valor restante: { $title }
term-days = { $days } dias
ask-changed =
    { $count ->
        [0] As faturas deste negócio mudaram desde que você abriu este formulário: agora não há nenhuma.
        [one] As faturas deste negócio mudaram desde que você abriu este formulário: agora { $amount } estão faturados em 1 fatura{ $basis }.
       *[other] As faturas deste negócio mudaram desde que você abriu este formulário: agora { $amount } estão faturados em { $count } faturas{ $basis }.
    }
ask-newest = A mais recente foi criada por { $name }.
ask-nothing-left = Não há mais nada a faturar.
ask-excess = Esta fatura ultrapassa o valor do negócio em { $amount }{ $basis }.
ask-create = Criar mesmo assim
ask-reload = Preencher com o valor restante
stale-elsewhere = Este formulário está aberto em outra janela. As alterações feitas aqui não são salvas.
stale-here = Continuar aqui
stale-ended = Este formulário já criou a fatura.
stale-new = Começar uma nova fatura com estes dados
form-prices-in = Os preços estão em { $from }. Como ficam em { $to }?
form-prices-convert = Converter pela cotação de hoje no QuickBooks
form-prices-empty = Limpar os preços
form-no-rate = O QuickBooks não tem cotação entre essas moedas. Limpe os preços e digite-os.
form-discount-one-line = Na fatura: itens com preço cheio e uma linha de desconto.
form-discount-in-prices = Na fatura: o desconto de cada item está incluído no preço unitário.
form-discount-no-line = Esta empresa do QuickBooks não usa linha de desconto: o desconto é incluído no preço unitário de cada item.
form-printed-price = impresso como { $price }
form-items-tax = imposto do item
form-update-customer = Atualizar cliente no QuickBooks
form-update-text = Endereço, e-mail e identificação fiscal são exportados se forem diferentes.
form-nothing-to-update = O QuickBooks já tem este endereço, e-mail e identificação fiscal.
form-source = de { $field }
form-source-empty = Vazio no Pipedrive:
form-not-in-pipedrive = Não preenchido no Pipedrive.
form-tax-mode = Imposto
form-follow-term = Alterado – usar o prazo
form-preset = Predefinição
form-preset-none = Nenhuma
form-preset-text = Mensagem, prazo, cópias e campos personalizados. O layout é o definido no QuickBooks.
form-cc = Cópia para (Cc)
form-custom = Campo
form-online-payment = O cliente pode pagar on-line
form-item-placeholder = Busque ou crie um novo
form-will-create = Novo no QuickBooks
form-no-items = Nenhum resultado
form-line-menu = Mais opções da linha
form-line-up = Mover para cima
form-line-down = Mover para baixo
form-line-copy = Duplicar
form-line-removed = Linha removida.
form-pasted = Colado como:
form-pasted-unused = Colunas não usadas:
form-discount-whole = Desconto na fatura
form-discount-kind = Porcentagem ou valor
form-total-before-tax = Total antes do imposto
form-automated-tax = O QuickBooks acrescenta o imposto conforme o endereço do cliente.
form-missing =
    { $count ->
        [one] Falta uma coisa:
       *[other] Faltam { $count } coisas:
    }
leave-title = Fechar o formulário?
leave-text = O que você digitou fica salvo como rascunho e volta quando você abre o formulário.
leave-stale-title = Suas últimas alterações não foram salvas
leave-stale-text = Este formulário está aberto em outra janela. Se você fechar, as alterações feitas aqui serão perdidas.
leave-ok = Fechar
leave-cancel = Continuar editando
issued-differs = O total no QuickBooks é { $total }; o formulário mostrava { $expected }.
issued-correct = Corrigir no QuickBooks
problem-closed-until = A contabilidade está fechada até { $date }. Escolha uma data de emissão posterior.
problem-too-much = O desconto é maior que o total das linhas.
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
problem-not-an-email = Este endereço de e-mail não é válido.
problem-too-long = { $field }: no máximo { $most } caracteres.
problem-control-character = { $field }: contém um caractere invisível que o QuickBooks não aceita. Apague o texto e digite-o de novo.
problem-unknown = { $field }: esta opção não está disponível no QuickBooks.
problem-not-positive = { $field }: não pode ser negativo nem zero.
problem-too-large = { $field }: valor muito alto. Quantidade, preço, valor e total devem ser menores que { $limit }.
problem-too-many-decimals = { $field }: no máximo { $most } casas decimais.
problem-not-a-percentage = { $field }: deve estar entre 0 e 100.
problem-before-issued = O vencimento é anterior à emissão.
problem-unlikely-year = { $field }: confira o ano { $year }.
problem-other-company = Este formulário foi preenchido para outra empresa do QuickBooks. Feche-o e abra-o de novo: o que você digitou é mantido, e você escolhe o cliente e os itens de novo.
problem-customer-currency = Este cliente é faturado em { $currency }. Escolha { $currency } ou outro cliente.
problem-name-taken = O QuickBooks já tem um cliente, fornecedor ou funcionário com este nome. Escolha esse cliente ou mude o nome.
problem-number-taken = Este número de fatura já está em uso. Escolha outro.
problem-period-closed = A contabilidade está fechada nesta data no QuickBooks. Escolha uma data de emissão posterior.
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
refusal-discount = O QuickBooks não aceita este desconto. Remova-o ou reduza os preços das linhas.
refusal-tax-required = O QuickBooks exige um imposto em cada linha. Escolha um imposto, mesmo que seja de 0 %.
refusal-tax = Os impostos desta fatura não são compatíveis com as configurações de impostos do QuickBooks. Escolha outro imposto ou peça a um administrador que verifique essas configurações.
refusal-custom-field = O QuickBooks não aceita um dos campos personalizados. Verifique o valor ou deixe o campo vazio.
refusal-customer-not-billable = Não é possível faturar para este cliente no QuickBooks. Escolha outro.
refusal-period-closed = A contabilidade no QuickBooks está fechada para a data desta fatura. Um administrador do QuickBooks precisa reabrir o período.
refusal-stale = Outra pessoa fez uma alteração no QuickBooks ao mesmo tempo. Tente de novo.
refusal-gone = A fatura não existe mais no QuickBooks.
refusal-deposited = A fatura faz parte de um depósito ou tem pagamentos vinculados. Remova-os no QuickBooks e tente de novo.
refusal-settled = Um pagamento desta fatura foi liquidado eletronicamente. Reembolse-o no QuickBooks.
refusal-bank-matched = A transação está conciliada com o banco. Desfaça a correspondência no QuickBooks e tente de novo.
refusal-no-permission = O usuário do QuickBooks que fez a conexão não tem permissão para isto. Peça a um administrador que conecte o QuickBooks de novo com um usuário que a tenha.
refusal-feature = A assinatura ou as configurações desta empresa do QuickBooks não incluem isto. Peça a um administrador do QuickBooks que o ative.
refusal-subscription = A assinatura desta empresa do QuickBooks terminou ou tem uma pendência de pagamento. Peça a um administrador que a regularize no QuickBooks.
refusal-locked = Esta empresa do QuickBooks está bloqueada no momento. Tente de novo mais tarde.
refusal-maintenance = O QuickBooks está em manutenção. Tente de novo mais tarde.
refusal-reconnect = O Fatura não tem acesso a esta empresa do QuickBooks. Peça a um administrador que reconecte o QuickBooks nas configurações do Fatura e conceda todas as permissões solicitadas.
refusal-environment = Esta instalação do Fatura está configurada para outro ambiente do QuickBooks: uma empresa de teste com chaves de produção, ou o contrário. Avise o responsável pela instalação.
refusal-request = O QuickBooks não aceitou a solicitação do Fatura. O problema não está no que você digitou. Envie este texto ao suporte.
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
settings-title = Padrões da fatura
settings-text = Usados sempre que alguém de { $company } abre o formulário de fatura.
settings-to = Para
settings-address = Endereço
settings-email = E-mail
settings-tax-id = Identificação fiscal
settings-due = Prazo
settings-none = Nenhum
settings-field-missing = (campo removido no Pipedrive)
settings-days-after = Dias após a emissão
settings-days = dias
settings-days-range = Informe um número inteiro de dias, de 0 a { $most }.
settings-income-account = Conta para itens novos
settings-income-account-text = Para produtos que ainda não existem no QuickBooks.
settings-save = Salvar
settings-saved = Configurações salvas
settings-not-saved = As configurações não foram salvas:
who-everyone = Todos os usuários do Fatura
who-admins = Administradores
settings-try = Pré-visualização
settings-try-deal = Como o formulário seria preenchido para este negócio:
settings-defaults = Padrões de itens
settings-item = Item para produtos que não existem no QuickBooks
settings-item-create = Criar um item
settings-deposit-item = Item para entradas e parcelas
settings-deposit-item-lines = O item das linhas do negócio
settings-discounts = Descontos
settings-discounts-in-prices = Incluir o desconto de cada item no preço unitário, em vez de usar uma linha de desconto
settings-tax-code = Imposto padrão
settings-customer = Cliente
settings-update-customer = “Atualizar cliente no QuickBooks” marcado por padrão
settings-presets = Predefinições
settings-presets-text = Escolhidas pelo nome no formulário. O layout da fatura é o definido no QuickBooks.
settings-preset-add = Adicionar uma predefinição
settings-presets-most = É possível ter até { $most } predefinições.
preset-name = Nome
preset-remove = Remover esta predefinição
settings-rights = Permissões
settings-create = Criar faturas
settings-void = Anular e excluir faturas
settings-language = Idioma do histórico do negócio
settings-language-usual = Automático: { $language }
settings-language-text = Automático: o idioma da maioria dos usuários do Fatura na sua empresa. As páginas usam o idioma de cada pessoa.
settings-write-back = Campos do negócio
settings-write-back-text = Campos personalizados do negócio que o Fatura atualiza a partir das faturas, para filtros, automações e relatórios no Pipedrive. Um campo numérico soma as faturas na moeda do negócio; um campo de texto mostra cada moeda separadamente.
write-invoiced = Valor faturado
write-balance = Saldo a receber
write-status = Status da fatura mais recente
write-number = Número da fatura mais recente
settings-changed = Salvo. Alterado: { $names }
settings-unsaved = Há alterações não salvas.
settings-won = Negócios ganhos
settings-draft-on-won = Criar um rascunho automaticamente quando um negócio é ganho
settings-not-chosen = { $field }: escolha uma opção da lista ou deixe o campo vazio.
settings-conflict = Outra pessoa alterou estas configurações
settings-conflict-text = Elas foram salvas depois que você abriu esta página; as suas ainda não foram salvas. Salvar agora mudaria: { $names }. Confira e salve de novo.
