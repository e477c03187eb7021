// The tutorial's handler, with PATCH beside its other routes so that both handlers answer the same requests.
import { randomUUID } from "node:crypto";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";

interface Event {
  requestContext: { http: { method: string } };
  queryStringParameters?: { userId?: string; itemId?: string };
  body?: string;
}

const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const TableName = process.env.TABLE_NAME;

const answer = (statusCode: number, body: unknown) => ({
  statusCode,
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body),
});

export const handler = async (event: Event) => {
  try {
    const { userId, itemId } = event.queryStringParameters ?? {};
    if (!userId) return answer(400, { error: "Missing userId parameter" });
    switch (event.requestContext.http.method) {
      case "GET": {
        if (itemId) {
          const { Item } = await client.send(new GetCommand({ TableName, Key: { userId, itemId } }));
          return Item ? answer(200, Item) : answer(404, { error: "Item not found" });
        }
        const { Items } = await client.send(
          new QueryCommand({
            TableName,
            KeyConditionExpression: "userId = :userId",
            ExpressionAttributeValues: { ":userId": userId },
          }),
        );
        return answer(200, { items: Items });
      }
      case "POST": {
        const { title, status } = JSON.parse(event.body ?? "{}");
        if (!title) return answer(400, { error: "Missing title in request body" });
        const Item = {
          userId,
          itemId: `item-${randomUUID()}`,
          title,
          status: status ?? "pending",
          createdAt: new Date().toISOString(),
        };
        await client.send(new PutCommand({ TableName, Item }));
        return answer(201, Item);
      }
      case "PATCH": {
        if (!itemId) return answer(400, { error: "Missing itemId parameter" });
        const { status } = JSON.parse(event.body ?? "{}");
        const { Attributes } = await client.send(
          new UpdateCommand({
            TableName,
            Key: { userId, itemId },
            UpdateExpression: "SET #status = :status",
            ConditionExpression: "attribute_exists(itemId)",
            ExpressionAttributeNames: { "#status": "status" },
            ExpressionAttributeValues: { ":status": status },
            ReturnValues: "ALL_NEW",
          }),
        );
        return answer(200, Attributes);
      }
      case "DELETE": {
        if (!itemId) return answer(400, { error: "Missing itemId parameter" });
        await client.send(new DeleteCommand({ TableName, Key: { userId, itemId } }));
        return answer(200, { deleted: true });
      }
      default:
        return answer(405, { error: "Method not allowed" });
    }
  } catch (error) {
    console.error(error);
    return answer(500, { error: "Internal server error" });
  }
};
