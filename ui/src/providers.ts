/** What a provider needs besides a model's name, in words, and the parameters that one usually fills in for it. */
export interface Needs {
  text: string;
  params: readonly string[];
}

const BEDROCK: Needs = {
  text: "Amazon Bedrock needs a region, and an API key or a pair of access keys.",
  params: ["aws_region_name", "aws_access_key_id", "aws_secret_access_key"],
};
const OWN_SERVER: Needs = {
  text: "This is a server of your own: it needs its address as API base.",
  params: [],
};
const THIS_MACHINE: Needs = {
  text: "Without an API base it is looked for on the gateway's own machine.",
  params: [],
};

const NEEDS: Readonly<Record<string, Needs>> = {
  azure: {
    text: "Azure OpenAI needs the resource's address as API base, and an API key or an app of Entra ID (tenant_id, client_id, client_secret). The name is the deployment's.",
    params: ["api_version"],
  },
  azure_ai: {
    text: "Azure AI Foundry needs the resource's address as API base, and an API key or an app of Entra ID (tenant_id, client_id, client_secret).",
    params: ["api_version"],
  },
  bedrock: BEDROCK,
  bedrock_converse: BEDROCK,
  vertex_ai: {
    text: "Vertex AI needs a project, a location, and the JSON of a service account's key.",
    params: ["vertex_project", "vertex_location", "vertex_credentials"],
  },
  hosted_vllm: OWN_SERVER,
  lm_studio: OWN_SERVER,
  litellm_proxy: OWN_SERVER,
  custom_openai: OWN_SERVER,
  ollama: THIS_MACHINE,
  ollama_chat: THIS_MACHINE,
  llamafile: THIS_MACHINE,
};

/** By what stands before the first slash of an upstream model; null when there is nothing special to say. */
export function needsOf(upstreamModel: string): Needs | null {
  const [prefix, ...rest] = upstreamModel.trim().split("/");
  return prefix !== undefined && rest.length > 0 && Object.hasOwn(NEEDS, prefix)
    ? (NEEDS[prefix] ?? null)
    : null;
}

/** Offered while somebody types a parameter's name. */
export const PARAMETERS: readonly string[] = [
  "api_version",
  "aws_access_key_id",
  "aws_region_name",
  "aws_role_name",
  "aws_secret_access_key",
  "aws_session_token",
  "client_id",
  "client_secret",
  "extra_headers",
  "max_retries",
  "max_tokens",
  "order",
  "organization",
  "rpm",
  "tags",
  "temperature",
  "tenant_id",
  "timeout",
  "tpm",
  "vertex_credentials",
  "vertex_location",
  "vertex_project",
  "weight",
];

/** Covered while they are typed. */
export const SECRETS: ReadonlySet<string> = new Set([
  "aws_external_id",
  "aws_secret_access_key",
  "aws_session_token",
  "azure_ad_token",
  "client_secret",
  "vertex_credentials",
]);

/** Names, versions and keys: text, even when all of it is digits. */
export const TEXTS: ReadonlySet<string> = new Set([
  ...SECRETS,
  "api_version",
  "aws_access_key_id",
  "aws_region_name",
  "aws_role_name",
  "aws_session_name",
  "azure_scope",
  "client_id",
  "model_id",
  "organization",
  "region_name",
  "tenant_id",
  "vertex_location",
  "vertex_project",
]);

export const EXAMPLES: Readonly<Record<string, string>> = {
  api_version: "2025-02-01-preview",
  aws_access_key_id: "AKIA…",
  aws_region_name: "eu-central-1",
  extra_headers: '{"X-Team": "red"}',
  rpm: "60",
  tags: "fast, cheap",
  temperature: "0.2",
  vertex_credentials: '{"type": "service_account", …}',
  vertex_location: "europe-west4",
  vertex_project: "my-project",
  weight: "2",
};
