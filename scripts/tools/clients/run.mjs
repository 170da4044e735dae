// What every client script shares: where the simulator is, a step that says what it shows, and a refusal that must come.
import assert from 'node:assert/strict';

export const access = JSON.parse(process.env.ACCESS);

export async function step(what, work) {
  try {
    const value = await work();
    console.log(`  ${what}`);
    return value;
  } catch (error) {
    console.error(`FAILED at: ${what}`);
    console.error(error?.response?.data ?? error?.body ?? error);
    process.exit(1);
  }
}

// refused wants a call to fail, and gives the failure to look at.
export async function refused(call) {
  let value;
  try {
    value = await call();
  } catch (error) {
    return error;
  }
  assert.fail(`answered ${JSON.stringify(value)}, want a refusal`);
}

export function done(library) {
  console.log(`${library}: all as documented`);
}
