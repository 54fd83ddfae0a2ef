"""A model of a provider by LiteLLM's name, from the config file and from the dashboard, at an address of one's own."""

from pathlib import Path

from tests.servers import Gatewright, Upstream, eventually, gatewright

ASK = {"model": "llama", "messages": [{"role": "user", "content": "Hi"}]}


def test_a_provider_by_its_name_is_asked_by_the_rest_of_the_name(tmp_path: Path) -> None:
    upstream = Upstream()
    config = tmp_path / "config.yaml"
    config.write_text(f"""
model_list:
  - model_name: llama
    litellm_params: {{model: groq/meta-llama/llama-4-scout-17b, api_base: "{upstream.base}", api_key: sk-groq}}
  - model_name: local
    litellm_params: {{model: ollama/llama3, api_base: "{upstream.base.removesuffix("/v1")}"}}
""")
    try:
        with gatewright(tmp_path / "data", config=config, workers=1) as server:
            walk(server, upstream)
    finally:
        upstream.close()


def walk(server: Gatewright, upstream: Upstream) -> None:
    with server.admin() as http:
        assert http.post("/v1/chat/completions", json=ASK).status_code == 200
        assert http.post("/v1/chat/completions", json={**ASK, "model": "local"}).status_code == 200
        refused = http.post("/api/v1/models", json={"name": "x", "upstream_model": "nowhere/x"})
        assert refused.status_code == 400
        assert "'nowhere'" in refused.text
        new = {"name": "routed", "upstream_model": "openrouter/vendor/model", "api_base": upstream.base}
        added = http.post("/api/v1/models", json=new)
        assert added.status_code == 201, added.text
        row = added.json()
        assert (row["provider"], row["upstream_model"], row["api_base"]) == (
            "openrouter",
            "vendor/model",
            upstream.base,
        )
        assert http.post("/v1/chat/completions", json={**ASK, "model": "routed"}).status_code == 200
        assert [sent["model"] for sent in upstream.requests] == [
            "meta-llama/llama-4-scout-17b",
            "llama3",
            "vendor/model",
        ]
        assert upstream.paths == ["/v1/chat/completions"] * 3
        assert upstream.headers[0]["authorization"] == "Bearer sk-groq"
        assert "authorization" not in upstream.headers[1]
        eventually(lambda: http.get("/api/v1/overview").json()["requests"] == 3, "three requests in the ledger")
