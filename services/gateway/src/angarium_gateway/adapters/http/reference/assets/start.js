'use strict';

// Loaded before Scalar: its validator tests whether it may compile code, which the page forbids.
globalThis.__zod_globalConfig = { jitless: true };

// Scalar and its editor insert style sheets, of which the page allows only those with its nonce.
const { content: nonce } = document.querySelector('meta[property="csp-nonce"]');
const { createElement } = document;
document.createElement = function (...given) {
  const element = createElement.apply(this, given);
  if (element instanceof HTMLStyleElement) element.nonce = nonce;
  return element;
};

// Samples name the address of a platform that runs on the reader's machine. Here they name the
// address that the page came from, so that a copied command works as it is.
async function openApiDocument() {
  const response = await fetch('/api/v1/openapi.json');
  const text = await response.text();
  return JSON.parse(text.replaceAll('http://127.0.0.1:8080', location.origin));
}

document.addEventListener('DOMContentLoaded', async () => {
  Scalar.createApiReference('#reference', {
    content: await openApiDocument(),
    metaData: { title: document.title },
    favicon: '/docs/assets/favicon.svg',
    authentication: { preferredSecurityScheme: 'HTTPBearer' },
    persistAuth: false,
    hiddenClients: true,
    documentDownloadType: 'json',
    defaultOpenFirstTag: true,
    orderSchemaPropertiesBy: 'preserve',
    // Nothing that leaves this origin: no fonts, proxy, telemetry or hosted client.
    withDefaultFonts: false,
    telemetry: false,
    hideClientButton: true,
    showDeveloperTools: 'never',
    agent: { disabled: true },
    mcp: { disabled: true },
  });
});
