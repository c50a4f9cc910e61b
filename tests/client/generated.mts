// A program around the lines of the documentation; prints what became of them.
declare const process: { argv: string[] };
const [, , url, token, imageId, base64] = process.argv as [string, string, string, string, string, string];
const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
const file = new Blob([bytes], { type: "image/png" });

/* documented */

const code: string | undefined = sent.error?.error?.code ?? brought.error?.error?.code;
const id: string | undefined = brought.data?.image.id;
console.log(JSON.stringify([sent.response.status, brought.response.status, code ?? null, id === imageId]));
