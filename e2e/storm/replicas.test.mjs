import { createDatabase } from "./database.mjs";
import { short } from "./short.mjs";

const skip = process.env.TEST_POSTGRES_URL ? false : "TEST_POSTGRES_URL is not set";
// The server is not restarted: other tests work on it at the same time. `make storm` does.
short("a storm on PostgreSQL with three replicas", { intents: 40, replicas: 3 }, async () => ({ database: { url: (await createDatabase()).url } }), skip);
