// The tracking page as the server renders it, in short: the elements that src/tracking/tracking.ts brings to life.
const escape = (text) =>
  String(text).replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);

export function trackingPage(data) {
  const steps = data.timeline.map(
    (entry) =>
      `<li><p>${escape(entry.text)}</p><p class="when"><time datetime="${entry.occurred_at}">${escape(entry.occurred_at)}</time>${entry.place ? ` · ${escape(entry.place)}` : ''}</p></li>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex"><meta name="referrer" content="no-referrer">
<title>${escape(data.status_text)} · ${escape(data.tenant_name)}</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/tracking.css">
<script type="application/json" id="tracklane-data">${JSON.stringify(data).replaceAll('<', '\\u003c')}</script>
<script type="module" src="/assets/tracking.js"></script>
</head>
<body class="tracking">
<header><p class="tenant">${escape(data.tenant_name)}</p>${data.reference ? `<p class="reference">Shipment <b>${escape(data.reference)}</b></p>` : ''}</header>
<main>
<section class="now">
<h1 data-tracklane-status data-status="${data.status}">${escape(data.status_text)}</h1>
<p data-tracklane-eta>${data.eta_from ? `Expected ${escape(data.eta_from)}` : ''}</p>
</section>
<div data-tracklane-map hidden></div>
<section class="history"><h2>What happened</h2><ol data-tracklane-timeline>${steps.join('')}</ol></section>
</main>
</body>
</html>`;
}
