#!/bin/sh
# npm packs a package without the file that `main` and `exports` name, if that file is a link.
#
# Seen with npm 11.19.1 on 2026-11-29.
#
# A package whose only module is a symbolic link to its one source works for whoever runs it in the
# repository. `npm pack`, and so `npm publish`, leaves the link out: no error, no warning, status 0,
# although `files`, `main` and `exports` all name it. What was published cannot be imported. A copy,
# which `prepack` may make, is packed. Only installing the packed file in an empty folder shows it.
#
# Needs node and npm.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix tools npm@11.19.1 >log
npm() { node "$folder/tools/node_modules/npm/bin/npm-cli.js" "$@"; }

mkdir source
echo 'export const answer = 42;' >source/index.js

look() { # a package's name, and the command that brings its module there
  mkdir "$1"
  "$2" $3 "$folder/source/index.js" "$1/index.js"
  cat >"$1/package.json" <<END
{"name": "$1", "version": "1.0.0", "type": "module",
 "files": ["index.js"], "main": "index.js", "exports": "./index.js"}
END
  (cd "$1" && node -e 'import("./index.js").then(({ answer }) => console.log("in its folder:", answer))')
  said=$(cd "$1" && npm pack --json 2>warned)
  echo "npm pack: status $?, $(grep -c index.js "$1/warned" || true) warnings of it"
  tar -tzf "$1/$1-1.0.0.tgz" | sed 's/^/  /'
  mkdir "uses-$1"
  (cd "uses-$1" && npm install --silent --no-audit --no-fund "../$1/$1-1.0.0.tgz" &&
    node -e "import('$1').then(({ answer }) => console.log('installed:', answer),
      ({ code }) => console.log('installed:', code))")
}
{ look copied cp "" && look linked ln -s; } >seen
cat >expected <<'END'
in its folder: 42
npm pack: status 0, 0 warnings of it
  package/index.js
  package/package.json
installed: 42
in its folder: 42
npm pack: status 0, 0 warnings of it
  package/package.json
installed: ERR_MODULE_NOT_FOUND
END
cat seen
diff expected seen && echo "as found"
