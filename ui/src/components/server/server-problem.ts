import { describeError } from '../../lib/errors/describe';
import { i18n } from '../../lib/i18n/i18n.svelte';
import type { EmbeddedServer } from '../../lib/state/server.svelte';

/** Why the server of this computer does not run, or did not do what was asked; else nothing. */
export function serverProblem({ problem }: EmbeddedServer): string {
  if (!problem) return '';
  const { code, values } = problem;
  // The port was chosen when the team was made: here the other program has to go.
  return code === 'port-in-use' && values.port
    ? i18n.t('server.port-in-use', { port: values.port })
    : describeError(problem);
}
