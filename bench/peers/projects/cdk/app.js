const cdk = require("aws-cdk-lib");
const { aws_apigatewayv2: api, aws_dynamodb: dynamodb, aws_iam: iam, aws_lambda: lambda, aws_logs: logs } = cdk;
const { HttpLambdaIntegration } = require("aws-cdk-lib/aws-apigatewayv2-integrations");

const app = new cdk.App({ defaultStackSynthesizer: new cdk.CliCredentialsStackSynthesizer(), analyticsReporting: false });
const stack = new cdk.Stack(app, "bench-app", { env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION } });
const removalPolicy = cdk.RemovalPolicy.DESTROY;
const table = new dynamodb.Table(stack, "Table", {
  tableName: "bench-app-data",
  partitionKey: { name: "userId", type: dynamodb.AttributeType.STRING },
  sortKey: { name: "itemId", type: dynamodb.AttributeType.STRING },
  billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
  pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
  removalPolicy,
});
const logGroup = new logs.LogGroup(stack, "LogGroup", { logGroupName: "/aws/lambda/bench-app-api", retention: logs.RetentionDays.TWO_WEEKS, removalPolicy });
const role = new iam.Role(stack, "Role", { roleName: "bench-app-lambda-role", assumedBy: new iam.ServicePrincipal("lambda.amazonaws.com") });
const policy = (id, name, actions, resource) => new iam.ManagedPolicy(stack, id, { managedPolicyName: name, roles: [role], statements: [new iam.PolicyStatement({ actions, resources: [resource] })] });
policy("DataPolicy", "bench-app-dynamodb", ["DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"].map((action) => `dynamodb:${action}`), table.tableArn);
policy("LogsPolicy", "bench-app-logs", ["logs:CreateLogStream", "logs:PutLogEvents"], logGroup.logGroupArn);
const handler = new lambda.Function(stack, "Function", {
  functionName: "bench-app-api",
  runtime: lambda.Runtime.PROVIDED_AL2023,
  handler: "bootstrap",
  code: lambda.Code.fromAsset("bootstrap.zip"),
  architecture: lambda.Architecture["{{architecture}}".toUpperCase().replace("ARM64", "ARM_64")],
  memorySize: 256,
  timeout: cdk.Duration.seconds(10),
  environment: { TABLE_NAME: table.tableName, AUTH: "none" },
  role,
  logGroup,
});
const live = new lambda.Alias(stack, "Live", { aliasName: "live", version: handler.currentVersion });
const http = new api.HttpApi(stack, "Api", {
  apiName: "bench-app",
  corsPreflight: { allowOrigins: ["http://localhost:5173"], allowMethods: ["GET", "POST", "PATCH", "DELETE"], allowHeaders: ["content-type"], maxAge: cdk.Duration.seconds(300) },
});
http.addRoutes({ path: "/", methods: [api.HttpMethod.ANY], integration: new HttpLambdaIntegration("Integration", live) });
