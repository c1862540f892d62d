//! Texts of the pages in three languages.

use crate::users::User;

/// One line for each text: English, Portuguese, Spanish.
macro_rules! words {
    ($($name:ident: $english:literal, $portuguese:literal, $spanish:literal;)*) => {
        /// The texts of a page.
        pub(crate) struct Words {
            pub(crate) lang: &'static str,
            $(pub(crate) $name: &'static str,)*
        }

        const ENGLISH: Words = Words { lang: "en", $($name: $english,)* };
        const PORTUGUESE: Words = Words { lang: "pt-BR", $($name: $portuguese,)* };
        const SPANISH: Words = Words { lang: "es", $($name: $spanish,)* };
    };
}

words! {
    deals: "Deals", "Negócios", "Tratos";
    persons: "People", "Pessoas", "Personas";
    organizations: "Organizations", "Organizações", "Organizaciones";
    pipeline: "Pipeline", "Funil", "Embudo";
    list: "List", "Lista", "Lista";
    marketplace: "Marketplace", "Marketplace", "Marketplace";
    tools: "Tools and apps", "Ferramentas e aplicativos", "Herramientas y aplicaciones";
    sign_out: "Sign out", "Sair", "Salir";
    theme: "Theme", "Tema", "Tema";
    language: "Language", "Idioma", "Idioma";
    title: "Title", "Título", "Título";
    name: "Name", "Nome", "Nombre";
    value: "Value", "Valor", "Valor";
    organization: "Organization", "Organização", "Organización";
    person: "Contact person", "Pessoa de contato", "Persona de contacto";
    owner: "Owner", "Proprietário", "Propietario";
    stage: "Stage", "Etapa", "Etapa";
    products: "Products", "Produtos", "Productos";
    product: "Product", "Produto", "Producto";
    quantity: "Quantity", "Quantidade", "Cantidad";
    price: "Price", "Preço", "Precio";
    discount: "Discount", "Desconto", "Descuento";
    tax: "Tax %", "Imposto %", "Impuesto %";
    total: "Amount", "Valor", "Importe";
    no_products: "No products on this deal.", "Nenhum produto neste negócio.", "Este trato no tiene productos.";
    details: "Details", "Detalhes", "Detalles";
    address: "Address", "Endereço", "Dirección";
    email: "Email", "E-mail", "Correo";
    phone: "Phone", "Telefone", "Teléfono";
    install: "Install", "Instalar", "Instalar";
    installed: "Installed", "Instalado", "Instalada";
    uninstall: "Uninstall", "Desinstalar", "Desinstalar";
    uninstall_all: "Uninstall for everyone", "Desinstalar para todos", "Desinstalar para todos";
    share: "Add for everyone", "Adicionar para todos", "Añadir para todos";
    unshare: "Stop sharing", "Parar de compartilhar", "Dejar de compartir";
    shared_with_you: "An admin has added this app for you. Install it to use it.", "Um administrador adicionou este aplicativo para você. Instale-o para usar.", "Un administrador ha añadido esta aplicación para ti. Instálala para usarla.";
    no_right_to_install: "You may not install apps. Ask an admin of your company.", "Você não tem permissão para instalar aplicativos. Peça a um administrador da empresa.", "No puedes instalar aplicaciones. Pídeselo a un administrador de tu empresa.";
    settings: "Settings", "Configurações", "Ajustes";
    no_apps: "No apps installed yet. Find them in the Marketplace.", "Nenhum aplicativo instalado. Procure no Marketplace.", "Aún no hay aplicaciones. Búscalas en el Marketplace.";
    app_actions: "App actions", "Ações de aplicativos", "Acciones de aplicaciones";
    open: "Open", "Aberto", "Abierto";
    won: "Won", "Ganho", "Ganado";
    lost: "Lost", "Perdido", "Perdido";
    deleted: "Deleted", "Excluído", "Eliminado";
    reopen: "Reopen", "Reabrir", "Reabrir";
    close: "Close", "Fechar", "Cerrar";
    cancel: "Cancel", "Cancelar", "Cancelar";
    save: "Save", "Salvar", "Guardar";
    add: "Add", "Adicionar", "Añadir";
    edit: "Edit", "Editar", "Editar";
    remove: "Remove", "Remover", "Quitar";
    delete: "Delete", "Excluir", "Eliminar";
    new_deal: "New deal", "Novo negócio", "Nuevo trato";
    new_person: "New person", "Nova pessoa", "Nueva persona";
    new_organization: "New organization", "Nova organização", "Nueva organización";
    history: "History", "Histórico", "Historial";
    no_history: "Nothing has happened yet.", "Nada aconteceu ainda.", "Aún no ha pasado nada.";
    note: "Note", "Anotação", "Nota";
    activity: "Activity", "Atividade", "Actividad";
    file: "File", "Arquivo", "Archivo";
    subject: "Subject", "Assunto", "Asunto";
    due: "Due", "Vencimento", "Vencimiento";
    mark_done: "Mark as done", "Marcar como feita", "Marcar como hecha";
    done: "Done", "Feita", "Hecha";
    created: "Created", "Criado", "Creado";
    changed: "changed from", "alterado de", "cambió de";
    to: "to", "para", "a";
    empty: "empty", "vazio", "vacío";
    through_api: "by an app", "por um aplicativo", "por una aplicación";
    light: "Light", "Claro", "Claro";
    dark: "Dark", "Escuro", "Oscuro";
    not_found: "There is nothing here.", "Não há nada aqui.", "Aquí no hay nada.";
    back: "Back", "Voltar", "Volver";
    simulated: "simulated", "simulado", "simulado";
}

/// Returns the texts in a user's language.
pub(crate) fn for_user(user: &User) -> &'static Words {
    match user.locale.get(..2) {
        Some("pt") => &PORTUGUESE,
        Some("es") => &SPANISH,
        _ => &ENGLISH,
    }
}
