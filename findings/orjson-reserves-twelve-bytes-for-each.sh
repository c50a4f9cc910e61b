#!/bin/sh
# orjson reserves twelve bytes of address space for each byte of the JSON that it reads.
#
# Seen with orjson 3.13.0 on 2026-11-30.
#
# `orjson.loads` asks for room for the worst there could be, all at once: twelve bytes for each byte of
# the document, whatever stands in it. One that is a single long text, such as a picture in base64, touches
# hardly any of it, so the resident memory shows nothing. The reservation counts all the same where
# address space is bounded (`ulimit -v`, RLIMIT_AS), or where the system promises no more memory than it
# has. The thirteenth byte is the text that comes out. The standard library takes two, of which that is one.
#
# Needs Linux, for /proc.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check orjson==3.13.0

cat >"$folder/read.py" <<'END'
import importlib
import sys


def said(name):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(name))


library, megabytes = importlib.import_module(sys.argv[1]), int(sys.argv[2])
document = b'{"picture": "' + b"A" * (megabytes * 2**20) + b'"}'
size, resident = said("VmSize"), said("VmHWM")
read = library.loads(document)
reserved = (said("VmPeak") - size) / len(document)
touched = (said("VmHWM") - resident) / len(document)
assert len(read["picture"]) == megabytes * 2**20
print(f"{sys.argv[1]}, {megabytes} MB: {reserved:.0f} bytes of address space, {touched:.0f} of memory", end=" ")
print("for each byte of JSON")
END
for megabytes in 4 32; do
  for library in json orjson; do
    "$folder/venv/bin/python" "$folder/read.py" $library $megabytes
  done
done >"$folder/seen"
cat >"$folder/expected" <<'END'
json, 4 MB: 2 bytes of address space, 1 of memory for each byte of JSON
orjson, 4 MB: 13 bytes of address space, 1 of memory for each byte of JSON
json, 32 MB: 2 bytes of address space, 1 of memory for each byte of JSON
orjson, 32 MB: 13 bytes of address space, 1 of memory for each byte of JSON
END
cat "$folder/seen"
diff "$folder/expected" "$folder/seen" && echo "as found"
