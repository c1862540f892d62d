// What Fatura promises, walked in Brazilian Portuguese.
import { keyboard, mouse } from "./hands.mjs";
import { walk } from "./walk.mjs";

walk("pt-BR", "light", mouse);
walk("pt-BR", "dark", keyboard);
