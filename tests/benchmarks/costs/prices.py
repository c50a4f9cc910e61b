"""List prices in US dollars, in one place. Nobody could look at AWS's own list from here.

AWS: us-east-1, first tier, without the free tier, as documents of 2025 and 2026 repeat them, put
together on 2026-11-25; check them before you rely on one, and expect other regions to be up to a
quarter dearer. Lambda, S3, EventBridge, KMS and Secrets Manager: from memory, of the same day.

DynamoDB       airbyte.com/data-engineering-resources/dynamodb-pricing
API Gateway    amnic.com/blogs/aws-api-gateway-pricing
CloudFront     aws.amazon.com/cloudfront/pricing; docs.aws.amazon.com/whitepapers/latest/
               how-aws-pricing-works/cloudfront.html; cur.vantage.sh/aws/amazoncloudfront;
               docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/PayingForInvalidation.html
CloudWatch     factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards
S3             cloudburn.io/blog/amazon-s3-pricing
Gemini         third parties' tables of November 2026; the text model's price doubles in 2027
"""

LAMBDA_GB_S = 0.0000133334  # arm64
LAMBDA_REQUEST = 0.20e-6
DYNAMODB_WRITE = 0.625e-6
DYNAMODB_READ = 0.125e-6
DYNAMODB_GB_MONTH = 0.25
DYNAMODB_BACKUP_GB_MONTH = 0.20  # point-in-time recovery
S3_PUT = 5e-6
S3_GET = 0.4e-6
S3_GB_MONTH = 0.023
HTTP_REQUEST = 1.00e-6
WEBSOCKET_MESSAGE = 1.00e-6
WEBSOCKET_MINUTE = 0.25e-6
EDGE_REQUEST = 1.00e-6  # HTTPS; Europe 1.20
EDGE_GB = 0.085
EDGE_FUNCTION = 0.10e-6
EDGE_INVALIDATION = 0.005  # a path or a tag, once 1,000 of a month are used; "Pay for file
# invalidation" in CloudFront's guide counts them together
LOGS_GB = 0.50
SECRET_MONTH = 0.40
SECRET_CALL = 5e-6
ALARM_MONTH = 0.10  # for each metric that it looks at
DASHBOARD_MONTH = 3.00
KEY_MONTH = 1.00
KEY_REQUEST = 3e-6
METRIC_MONTH = 0.30

TEXT_TOKEN_IN = 0.75e-6  # gemini-3.8-flash until 2026-12-31
TEXT_TOKEN_OUT = 3.75e-6
