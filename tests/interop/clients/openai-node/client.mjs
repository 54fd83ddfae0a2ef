// Chat with OpenAI's Node.js SDK: plain, streamed, and with the errors that a gateway answers. Writes one JSON object.
import OpenAI from "openai";

const messages = [{ role: "user", content: "Hi" }];
const client = new OpenAI({ maxRetries: 0 });

async function stream() {
  const parts = [];
  let usage = null;
  const options = { stream: true, stream_options: { include_usage: true } };
  for await (const chunk of await client.chat.completions.create({ model: "house", messages, ...options })) {
    parts.push(chunk.choices[0]?.delta?.content ?? "");
    usage = chunk.usage ?? usage;
  }
  return { text: parts.join(""), tokens: usage?.total_tokens };
}

async function refusal(call) {
  try {
    await call();
    return null;
  } catch (error) {
    return { name: error.constructor.name, status: error.status, code: error.code, param: error.param, id: error.requestID };
  }
}

const anybody = new OpenAI({ apiKey: process.env.UNLIMITED_KEY, maxRetries: 0 });
const stranger = new OpenAI({ apiKey: "sk-nobody", maxRetries: 0 });
const ask = (who, model) => () => who.chat.completions.create({ model, messages });
const models = [];
for await (const model of client.models.list()) models.push(model.id);
const plain = await client.chat.completions.create({ model: "house", messages });
console.log(
  JSON.stringify({
    models,
    plain: { text: plain.choices[0].message.content, tokens: plain.usage.total_tokens, id: plain._request_id },
    stream: await stream(),
    unknown_model: await refusal(ask(anybody, "nope")),
    forbidden_model: await refusal(ask(client, "other")),
    wrong_key: await refusal(ask(stranger, "house")),
    no_messages: await refusal(() => client.chat.completions.create({ model: "house" })),
  }),
);
