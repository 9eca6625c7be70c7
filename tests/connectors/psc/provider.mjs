// A certified OpenID Connect provider that behaves like Pro Santé Connect: claims of the directory, level eidas1,
// PKCE required, access tokens of four minutes, its own discovery address, Keycloak's `refresh_expires_in`.
// Its argument is JSON: { identities, clients, signing?, ssoSeconds? }. It says where it listens in one line, and ends with its input.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const { identities, clients, signing = 'RS256', ssoSeconds = 1800 } = JSON.parse(process.argv[2]);
const pair = signing === 'ES256'
  ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
  : generateKeyPairSync('rsa', { modulusLength: 2048 });
const server = createServer();

server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: clients.map((client) => ({ id_token_signed_response_alg: signing, ...client })),
    jwks: { keys: [{ ...pair.privateKey.export({ format: 'jwk' }), use: 'sig', alg: signing, kid: 'first' }] },
    cookies: { keys: ['the provider of the tests'] },
    findAccount: (_, id) => identities[id] && { accountId: id, claims: () => ({ ...identities[id], sub: id }) },
    scopes: ['openid', 'scope_all'],
    claims: {
      openid: ['sub'],
      scope_all: [...new Set(Object.values(identities).flatMap(Object.keys))].filter((name) => name !== 'sub'),
      acr: null, auth_time: null, sid: null, iss: null,
    },
    acrValues: ['eidas1'],
    pkce: { required: () => true },
    ttl: { AccessToken: 240, IdToken: 240, AuthorizationCode: 60, Interaction: 600, Session: 14400, Grant: 14400 },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      jwtUserinfo: { enabled: true },
      rpInitiatedLogout: { enabled: true },
    },
    enabledJWA: {
      clientAuthSigningAlgValues: ['RS256', 'ES256', 'PS256'],
      idTokenSigningAlgValues: [signing], userinfoSigningAlgValues: [signing],
    },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    // Its own dispatcher reaches no machine like this one.
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  });
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.path === '/token' && ctx.body?.access_token) ctx.body.refresh_expires_in = ssoSeconds;
  });
  const answer = provider.callback();

  async function interact(request, response) {
    const details = await provider.interactionDetails(request, response);
    if (request.method === 'GET') {
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      const people = Object.entries(identities)
        .map(([id, who]) => `<button name="login" value="${id}">${who.given_name} ${who.family_name}</button>`);
      response.end(`<!doctype html><html lang="fr"><title>Fournisseur d’essai</title><h1>Fournisseur d’essai</h1>
        <form method="post">${details.prompt.name === 'login' ? people.join('') : '<button name="consent" value="yes">Continuer</button>'}
        <button name="abort" value="yes">Annuler</button></form>`);
      return;
    }
    let body = '';
    for await (const part of request) body += part;
    const form = new URLSearchParams(body);
    if (form.get('abort')) {
      await provider.interactionFinished(request, response, { error: 'access_denied' });
    } else if (form.get('login')) {
      const login = { accountId: form.get('login'), acr: form.get('acr') ?? 'eidas1', remember: true };
      await provider.interactionFinished(request, response, { login });
    } else {
      const grant = new provider.Grant({ accountId: details.session.accountId, clientId: details.params.client_id });
      grant.addOIDCScope('openid scope_all');
      await provider.interactionFinished(
        request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true },
      );
    }
  }

  server.on('request', (request, response) => {
    if (request.url.startsWith('/interaction/')) {
      interact(request, response).catch((error) => { response.statusCode = 400; response.end(String(error)); });
      return;
    }
    if (request.url === '/.well-known/wallet-openid-configuration') request.url = '/.well-known/openid-configuration';
    answer(request, response);
  });
  console.log(issuer);
});
process.stdin.resume().on('end', () => process.exit());
