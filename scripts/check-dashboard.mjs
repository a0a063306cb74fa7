// Asks a Prometheus everything that a dashboard asks: check-dashboard.mjs FILE URL. Fails on a question that it does not
// understand, on places that overlap, and when nothing at all has an answer.
import { readFileSync } from "node:fs";

const [file, url] = process.argv.slice(2);
const { panels } = JSON.parse(readFileSync(file, "utf8"));
const faults = [];
let asked = 0;
let answered = 0;

const overlap = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
panels.forEach((panel, index) => {
  for (const other of panels.slice(index + 1)) {
    if (overlap(panel.gridPos, other.gridPos)) faults.push(`${panel.title} lies over ${other.title}`);
    if (panel.id === other.id) faults.push(`${panel.title} has the number of ${other.title}`);
  }
});
for (const panel of panels.filter((panel) => panel.targets)) {
  for (const { expr } of panel.targets) {
    const query = expr.replaceAll("$__rate_interval", "30s").replaceAll("$instance", ".*");
    const answer = await (await fetch(`${url}/api/v1/query?${new URLSearchParams({ query })}`)).json();
    asked += 1;
    if (answer.status !== "success") faults.push(`${panel.title}: ${answer.error}`);
    else if (answer.data.result.length > 0) answered += 1;
  }
}
if (answered * 2 < asked) faults.push(`only ${answered} of ${asked} questions have an answer`);
for (const fault of faults) console.error(`check-dashboard: ${fault}`);
console.log(`check-dashboard: ${asked} questions understood, ${answered} with an answer from a server that has done nothing yet`);
process.exit(faults.length > 0 ? 1 : 0);
