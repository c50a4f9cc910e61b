#!/bin/sh
# botocore signs other addresses, if its own list of places is read from another folder.
#
# Seen with botocore 1.43.106 on 2026-11-30.
#
# botocore reads its data from its own folder, or from one that AWS_DATA_PATH names before it. Where
# `endpoints.json` comes from the other folder, the rules of all services' addresses
# (`endpoint-rule-set-1.json`) are switched off, also where the file is a byte for byte copy of its own:
# it looks where the file lies and not what stands in it. Presigned addresses of S3 then have another
# host, and DynamoDB's address no longer has the account in it. Copied models and rules are taken as they are.
# Whoever copies or cuts botocore's data, for a smaller package or a quicker start, has to put them in
# place of the old ones.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check botocore==1.43.106
data=$("$folder/venv/bin/python" -c 'import botocore.loaders as l; print(l.Loader.BUILTIN_DATA_PATH)')

cat >"$folder/ask.py" <<'END'
from urllib.parse import urlsplit

from botocore.credentials import Credentials
from botocore.session import Session


class Asked(Exception):
    pass


def stop(request, **_):
    raise Asked(request.url)


session = Session()
session._credentials = Credentials("x", "y", account_id="111122223333")
pictures = session.create_client("s3", region_name="eu-central-1")
signed = pictures.generate_presigned_url("get_object", Params={"Bucket": "pictures", "Key": "a"})
print("  S3, presigned:", urlsplit(signed).netloc)
tables = session.create_client("dynamodb", region_name="eu-central-1")
tables.meta.events.register("before-send", stop)
try:
    tables.list_tables()
except Asked as address:
    print("  DynamoDB:", urlsplit(str(address)).netloc)
END
ask() { # what it is called, and what AWS_DATA_PATH names
  echo "$1:"
  env -u AWS_DATA_PATH ${2:+"AWS_DATA_PATH=$2"} AWS_CONFIG_FILE=/dev/null "$folder/venv/bin/python" "$folder/ask.py"
}
mkdir "$folder/models" "$folder/places"
cp -R "$data/s3" "$data/dynamodb" "$data"/partitions.json* "$folder/models"
cp "$data"/endpoints.json* "$folder/places"
{
  ask "botocore's own folder" ""
  ask "a copy of its models and rules before it" "$folder/models"
  ask "a copy of its list of places before it" "$folder/places"
} >"$folder/seen"
cat >"$folder/expected" <<'END'
botocore's own folder:
  S3, presigned: pictures.s3.amazonaws.com
  DynamoDB: 111122223333.ddb.eu-central-1.amazonaws.com
a copy of its models and rules before it:
  S3, presigned: pictures.s3.amazonaws.com
  DynamoDB: 111122223333.ddb.eu-central-1.amazonaws.com
a copy of its list of places before it:
  S3, presigned: pictures.s3.eu-central-1.amazonaws.com
  DynamoDB: dynamodb.eu-central-1.amazonaws.com
END
cat "$folder/seen"
diff "$folder/expected" "$folder/seen" && echo "as found"
