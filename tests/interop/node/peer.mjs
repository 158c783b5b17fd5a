// What the scripts of this folder have in common. The test says by environment
// where the server is; its certificate is trusted by NODE_EXTRA_CA_CERTS.

export const domain = process.env.XMPP_DOMAIN;
export const password = process.env.XMPP_PASSWORD;
export const websocket = `wss://localhost:${process.env.XMPP_HTTPS}/ws`;
export const direct = `xmpps://localhost:${process.env.XMPP_HTTPS}`;
export const starttls = `xmpp://localhost:${process.env.XMPP_TCP}`;

export const PATIENCE = 15_000;

/** Waits for something that has to happen. */
export function within(what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited too long for: ${what}`)), PATIENCE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** The next event of this name, of those that fit. */
export function next(emitter, name, fits = () => true) {
  const happened = new Promise((resolve) => {
    const listener = (event) => {
      if (!fits(event)) return;
      emitter.removeListener(name, listener);
      resolve(event);
    };
    emitter.on(name, listener);
  });
  return within(name, happened);
}

/** Runs the script; any failure is the exit code. */
export function main(script) {
  script().then(
    () => {
      console.log("all as expected");
      process.exit(0);
    },
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
}
