// Uses all features of docs/walked.md, in English.
import { keyboard, mouse } from "./hands.mjs";
import { walk } from "./walk.mjs";

walk("en", "light", keyboard);
walk("en", "dark", mouse);
