// Shows times in the reader's zone, with the exact time on hover, and counts durations on.

const DAY = 86400000;
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const date = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const year = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
let ahead = 0;

/** Notes how far the server's clock is ahead of the browser's, by the header Date. */
export function heard(response) {
  const told = Date.parse(response.headers.get("date") ?? "");
  if (told && Math.abs(told - Date.now()) > 2000) ahead = told - Date.now();
}

export function dress(root) {
  for (const time of root.querySelectorAll("time")) {
    const then = new Date(time.dateTime);
    const age = Date.now() + ahead - then;
    const today = age < DAY && then.toDateString() === new Date().toDateString();
    time.textContent = today ? clock.format(then) : (age < 300 * DAY ? date : year).format(then);
    time.title = exact.format(then);
  }
  for (const span of root.querySelectorAll("[data-since]")) count(span);
}

function count(span) {
  span.textContent = words((Date.now() + ahead - Date.parse(span.dataset.since)) / 1000);
}

function words(seconds) {
  if (seconds < 10) return `${Math.max(seconds, 0).toFixed(1)} s`;
  const whole = Math.round(seconds);
  for (const [unit, name, smaller, other] of [[86400, "d", 3600, "h"], [3600, "h", 60, "min"], [60, "min", 1, "s"]]) {
    if (whole < unit) continue;
    const rest = Math.floor((whole % unit) / smaller);
    return `${Math.floor(whole / unit)} ${name}` + (rest ? ` ${rest} ${other}` : "");
  }
  return `${whole} s`;
}

export function tick() {
  for (const span of document.querySelectorAll("main [data-since]")) count(span);
}
