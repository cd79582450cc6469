// node watch.mjs URL: prints each comment's id as it comes, with npm's `eventsource`.
import { EventSource } from "eventsource";

const source = new EventSource(process.argv[2]);
source.addEventListener("comment", (event) => process.stdout.write(`${event.lastEventId}\n`));
source.addEventListener("error", (event) => process.stderr.write(`error: ${event.message}\n`));
