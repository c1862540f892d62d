import { short } from "./short.mjs";

short("a storm on SQLite: each intent makes one invoice, and the panels match QuickBooks", { intents: 40 });
