// Waiting: always for something, never for a time. Every wait has a deadline and says what it waited for.

export const DEADLINE_MS = 15_000;

/** The promise's outcome, or an error that names `what` after the deadline. */
export async function within(promise, what, milliseconds = DEADLINE_MS) {
  let timer;
  const deadline = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${milliseconds} ms for ${what}`)), milliseconds);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** The arguments of the emitter's next event of that name. */
export function next(emitter, name, milliseconds) {
  const event = new Promise((resolve) => emitter.once(name, (...args) => resolve(args)));
  return within(event, `the event ${name}`, milliseconds);
}

/** Asks `probe` again and again until what it returns passes `isGood`. */
export async function until(probe, isGood, what, milliseconds = DEADLINE_MS) {
  const end = Date.now() + milliseconds;
  for (;;) {
    const value = await probe();
    if (isGood(value)) {
      return value;
    }
    if (Date.now() > end) {
      throw new Error(`waited ${milliseconds} ms for ${what}; last seen: ${JSON.stringify(value)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
