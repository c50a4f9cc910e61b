// `node score.mjs ADDRESS BROWSER`: Lighthouse's scores of the page, signed out and signed in, as JSON.
import lighthouse from "lighthouse";
import puppeteer from "puppeteer-core";

const [address, executablePath] = process.argv.slice(2);
const onlyCategories = ["performance", "accessibility", "best-practices"];

async function score(page) {
  // What was stored in the browser stays: by it the page signs in again.
  const flags = { onlyCategories, disableStorageReset: true, logLevel: "error" };
  const { lhr } = await lighthouse(address, flags, undefined, page);
  const found = Object.values(lhr.categories).map(({ id, score, auditRefs }) => {
    const short = auditRefs.map((ref) => lhr.audits[ref.id]).filter((audit) => audit.score !== null && audit.score < 0.9);
    return [id, { score: Math.round(score * 100), short: short.map(({ id, displayValue }) => `${id} ${displayValue ?? ""}`.trim()) }];
  });
  return Object.fromEntries(found);
}

async function signIn(page) {
  await page.goto(address);
  await page.locator("#sign-in").click();
  await page.locator("input:not([type=hidden])").fill("measured");
  await page.keyboard.press("Enter");
  await page.locator("#text").wait();
}

const browser = await puppeteer.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
try {
  const page = await browser.newPage();
  const signedOut = await score(page);
  await signIn(page);
  const signedIn = await score(page);
  console.log(JSON.stringify({ "signed out": signedOut, "signed in": signedIn }));
} finally {
  await browser.close();
}
