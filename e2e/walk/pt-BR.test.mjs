// Uses all features of docs/walked.md, in Brazilian Portuguese.
import { keyboard, mouse } from "./hands.mjs";
import { walk } from "./walk.mjs";

walk("pt-BR", "light", mouse);
walk("pt-BR", "dark", keyboard);
