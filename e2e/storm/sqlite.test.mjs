import { short } from "./short.mjs";

short("a storm on SQLite: each intent makes one invoice, and panels show what QuickBooks says", { intents: 40 });
