/** An MCP server over streamable HTTP: a client that has no token learns from the 401 where to get one (RFC 9728). */
import express, { type Request } from 'express';
import { guardApp, protectedResourceMiddleware, requireAccessToken } from 'axioms-routing-controllers';
import type { AxiomsRequest } from 'axioms-routing-controllers';

const resourceUrl = process.env.PUBLIC_URL ?? 'http://localhost:3000/mcp';

interface Call {
  readonly id?: string | number;
  readonly method: string;
  readonly params?: { readonly name?: string; readonly protocolVersion?: string };
}

const whoAmI = { name: 'who_am_i', description: 'Returns the subject of the token', inputSchema: { type: 'object' } };

/** What the methods answer. A real server leaves this to an SDK of the Model Context Protocol. */
function resultOf({ method, params }: Call, request: Request): object | undefined {
  switch (method) {
    case 'initialize':
      return {
        protocolVersion: params?.protocolVersion ?? '2025-06-18',
        capabilities: { tools: {} },
        serverInfo: { name: 'books', version: '1.0.0' },
      };
    case 'tools/list':
      return { tools: [whoAmI] };
    case 'tools/call':
      return { content: [{ type: 'text', text: (request as unknown as AxiomsRequest).user?.sub ?? '' }] };
    default:
      return undefined;
  }
}

export const app = express();
const server = guardApp(app, {
  audience: resourceUrl,
  issuerUrl: process.env.AXIOMS_ISS_URL ?? 'https://auth.example.com',
  resourceUrl,
});
app.use(protectedResourceMiddleware(server));
app.post('/mcp', requireAccessToken({ scopes: ['mcp'] }), express.json(), (request, response) => {
  const call = request.body as Call;
  if (call.id === undefined) return void response.status(202).end(); // a notification
  const result = resultOf(call, request);
  const error = { code: -32601, message: 'There is no such method' };
  response.json({ jsonrpc: '2.0', id: call.id, ...(result === undefined ? { error } : { result }) });
});
app.listen(Number(process.env.PORT ?? 3000));
