// Starts `zrig lsp` and connects the editor with it.
const vscode = require('vscode');
const { LanguageClient } = require('vscode-languageclient/node');

let client;

function start() {
  const command = vscode.workspace.getConfiguration('zrig').get('path') || 'zrig';
  const server = { command, args: ['lsp'] };
  client = new LanguageClient('zrig', 'zrig', { run: server, debug: server }, {
    // Of YAML files in no language of ours the server takes those that look like a topology.
    documentSelector: [
      { scheme: 'file', language: 'zrig' },
      { scheme: 'file', language: 'rhai' },
      { scheme: 'file', language: 'yaml' },
    ],
  });
  return client.start();
}

async function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand('zrig.restart', async () => {
      await client?.stop();
      await start();
    }),
  );
  await start();
}

function deactivate() {
  return client?.stop();
}

module.exports = { activate, deactivate };
