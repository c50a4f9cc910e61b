"""Names that every part of the local stack agrees on."""

REGION = "eu-central-1"
# MiniStack derives the account from the access key; every other key belongs to this account.
ACCOUNT = "000000000000"
STACK_NAME = "afterimage"
PARTITION = "aws"
URL_SUFFIX = "amazonaws.com"

# MiniStack's root credentials, for the stack itself and for tests; functions get their role's.
ADMIN_KEY = "test"
ADMIN_SECRET = "test"  # the emulator's fixed root credential, no real secret

LAMBDA_PATH = "/dev/lambda"
RUNTIME_PATH = "/dev/runtime"
WEBSOCKET_PATH = "/dev/websocket"
ISSUER_PATH = "/dev/identity"
