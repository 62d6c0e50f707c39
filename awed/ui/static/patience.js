// Requests that end: of a connection that was lost on the way a browser may never hear.

/** Milliseconds after which an answer does not come any more. */
const LIMIT = 60000;

/** As fetch, but gives up when it takes too long, also while the body comes. *wait*: seconds for which the server may
 * wait until it answers. *signal* ends it as well. */
export function patiently(address, { wait = 0, signal, ...options }) {
  const over = new AbortController();
  setTimeout(() => over.abort(new DOMException("no answer in time", "TimeoutError")), LIMIT + wait * 1000);
  return fetch(address, { ...options, signal: signal ? AbortSignal.any([signal, over.signal]) : over.signal });
}
