// Uses all features of docs/walked.md, in Spanish.
import { keyboard, mouse } from "./hands.mjs";
import { walk } from "./walk.mjs";

walk("es", "light", mouse);
walk("es", "dark", keyboard);
