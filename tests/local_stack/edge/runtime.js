// CloudFront's JavaScript runtime 2.0, as narrow as its documentation and narrower: what a function
// uses that is not listed here is missing, and so fails. Pages: "JavaScript runtime features for
// CloudFront Functions" and "JavaScript runtime 2.0 features for CloudFront Functions".
"use strict";
((digest, log) => {
  delete globalThis.__digest;
  delete globalThis.__log;

  // Listed methods, by global: its own, and those of its prototype ("*" is all of them).
  const LISTED = {
    Object: [
      "create defineProperties defineProperty freeze getOwnPropertyDescriptor " +
        "getOwnPropertyNames getPrototypeOf isExtensible isFrozen isSealed keys " +
        "preventExtensions seal assign is entries values",
      "hasOwnProperty isPrototypeOf propertyIsEnumerable toString valueOf",
    ],
    String: [
      "fromCharCode fromCodePoint",
      "charAt concat indexOf lastIndexOf match replace search slice split substr substring " +
        "toLowerCase trim toUpperCase codePointAt endsWith includes repeat startsWith padStart " +
        "padEnd trimStart trimEnd toString valueOf",
    ],
    Array: [
      "isArray of",
      "concat every filter forEach indexOf join lastIndexOf map pop push reduce reduceRight " +
        "reverse shift slice some sort splice unshift copyWithin fill find findIndex includes " +
        "toString",
    ],
    Function: ["", "apply bind call toString"],
    Number: ["*", "*"],
    Boolean: ["*", "*"],
    Math: ["*", ""],
    JSON: ["parse stringify", ""],
    RegExp: ["", "*"],
    Error: ["", "*"],
    EvalError: ["", "*"],
    InternalError: ["", "*"],
    RangeError: ["", "*"],
    ReferenceError: ["", "*"],
    SyntaxError: ["", "*"],
    TypeError: ["", "*"],
    URIError: ["", "*"],
  };
  const PLAIN = [
    "decodeURI", "decodeURIComponent", "encodeURI", "encodeURIComponent", "isFinite", "isNaN",
    "parseFloat", "parseInt", "NaN", "Infinity", "undefined", "globalThis",
  ];
  // Without these the engine itself would not work.
  const NEEDED = ["length", "name", "prototype", "constructor"];

  const names = Object.getOwnPropertyNames;

  function prune(object, listed) {
    if (object === undefined || listed === "*") return;
    const kept = listed.split(" ").concat(NEEDED);
    for (const name of names(object)) {
      if (!kept.includes(name)) delete object[name];
    }
  }

  // Each run gets the time at which it began, however often it asks.
  let now = 0;

  // Hash and HMAC behave as in Node.js, with listed algorithms and encodings.
  function hashing(algorithm, key) {
    if (!["md5", "sha1", "sha256"].includes(algorithm)) {
      throw new TypeError("not a listed algorithm: " + algorithm);
    }
    const parts = [];
    let done = false;
    return {
      update(data) {
        if (done || typeof data !== "string") throw new TypeError("update wants a string, before digest");
        parts.push(data);
        return this;
      },
      digest(encoding) {
        if (done || !["hex", "base64", "base64url"].includes(encoding)) {
          throw new TypeError("digest wants a listed encoding, once; Buffers are not provided here");
        }
        done = true;
        return digest(algorithm, key, parts.join(""), encoding);
      },
    };
  }
  const crypto = {
    createHash: (algorithm) => hashing(algorithm, null),
    createHmac(algorithm, key) {
      if (typeof key !== "string") throw new TypeError("the key must be a string here");
      return hashing(algorithm, key);
    },
  };

  const stringify = JSON.stringify;
  const parse = JSON.parse;

  for (const name of names(globalThis)) {
    if (!(name in LISTED) && !PLAIN.includes(name)) delete globalThis[name];
  }
  const kept = names(LISTED).map((name) => [globalThis[name], LISTED[name]]);
  for (const [object, [own, inherited]] of kept) {
    prune(object.prototype, inherited);
    prune(object, own);
  }
  // Both would compile text.
  delete Function.prototype.constructor;
  delete globalThis.Function;

  globalThis.Date = { now: () => now };
  globalThis.console = { log: (...words) => log(words.join(" ")) };
  globalThis.require = (name) => {
    if (name !== "crypto") throw new TypeError("not provided here: module " + name);
    return crypto;
  };

  // Called by the host: runs `handler` on one event, both as JSON.
  return (handler, event, milliseconds) => {
    now = milliseconds;
    const result = handler(parse(event));
    return result === undefined ? "null" : stringify(result);
  };
})(globalThis.__digest, globalThis.__log);
