import axe from 'axe-core';

/**
 * What axe finds wrong, each as one line. Colours are measured in
 * `contrast.test.ts`, as nothing is drawn here.
 */
export async function problems(container: Element): Promise<string[]> {
  const { violations } = await axe.run(container, {
    rules: { 'color-contrast': { enabled: false }, region: { enabled: false } },
  });
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html }) => `${id}: ${html.slice(0, 300)}`),
  );
}
