"""CPU of translation between wire formats, ours beside llm-rosetta's and LiteLLM's: the same input, the same minute.

python bench/translating.py [--rounds 5] [--pairs] [--json out.json]

The request is a conversation of 30 messages with tools, chat completions to Anthropic messages; the stream is one of
Anthropic's with 300 pieces of text, to chat completion chunks. `--pairs` adds that request from every dialect of a
client to every other one of a provider. Each side begins with the bytes of the request and ends with those of the
provider's body: reading and writing JSON is part of every figure, in each library with the JSON that it uses itself.
How much of it that is, measured by itself, stands beside it.

Each library runs in its own environment under `.interop/` (made by `make interop`; a library whose environment is
missing is left out) and in its own process.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

from conversation import MODELS, PAIRS, PIECES, REQUESTS, events

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = {
    "gatewright": Path(sys.executable),
    "llm-rosetta": ROOT / ".interop" / "llm-rosetta" / "bin" / "python",
    "litellm": ROOT / ".interop" / "litellm" / "bin" / "python",
}
MAIN = ("chat", "messages")
OPTIONS = ("max_tokens", "temperature", "tools")


def body_of(client, provider):
    return json.dumps(REQUESTS[client](MODELS[provider])).encode()


def gatewright():
    """Bytes in, bytes out: what a request pays."""
    import msgspec
    from gatewright.translation.carriage import Carriage
    from gatewright.translation.dialect import Dialect
    from gatewright.translation.model import Heading
    from gatewright.translation.registry import client_half, provider_half

    halves = dict(zip(MODELS, Dialect, strict=True))
    split = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
    encode = msgspec.json.Encoder().encode

    def asking(source, target):
        client, provider = client_half(halves[source]), provider_half(halves[target])
        body, model = body_of(source, target), MODELS[target]

        def asked():
            found = client.read(split(body))
            return encode(provider.write(found, model, Carriage(found, drop=False, where="It")))

        return asked

    def only_json():
        return encode(msgspec.json.decode(body_of_main))

    body_of_main = body_of(*MAIN)
    client, provider = client_half(Dialect.CHAT), provider_half(Dialect.MESSAGES)
    wire = [f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in events()]
    heading = Heading("req-1", "public", 1, client.read(split(body_of_main)))

    def streamed():
        reader, writer, out = provider.reader(), client.writer(heading), []
        for data in wire:
            out.append(writer.write(reader.feed(data)))
        out.append(writer.write(reader.finish()) + writer.finish())
        return b"".join(out)

    return {pair: asking(*pair) for pair in PAIRS}, streamed, only_json


def rosetta():
    """Its converters; it has none for Amazon Bedrock."""
    from llm_rosetta import AnthropicConverter, GoogleConverter, OpenAIChatConverter, OpenAIResponsesConverter

    chat, anthropic = OpenAIChatConverter(), AnthropicConverter()
    halves = {"chat": chat, "responses": OpenAIResponsesConverter(), "messages": anthropic, "gemini": GoogleConverter()}

    def asking(source, target):
        body = body_of(source, target)

        def asked():
            made = halves[target].request_to_provider(halves[source].request_from_provider(json.loads(body)))
            return json.dumps(made[0] if isinstance(made, tuple) else made)

        return asked

    wire = [json.dumps(one) for one in events()]

    def streamed():
        source, target, out = anthropic.create_stream_context(), chat.create_stream_context(), []
        for data in wire:
            for event in as_list(anthropic.stream_response_from_provider(json.loads(data), context=source)):
                for chunk in as_list(chat.stream_response_to_provider(event, context=target)):
                    out.append("data: " + json.dumps(chunk) + "\n\n")
        return "".join(out)

    return {pair: asking(*pair) for pair in PAIRS if pair[1] in halves}, streamed, json_of(body_of(*MAIN))


def json_of(body):
    return lambda: json.dumps(json.loads(body))


def as_list(found):
    return [] if found is None else found if isinstance(found, list) else [found]


def litellm():
    """Its transformations and its chunk parser, without what its proxy does around them.

    Between two dialects that it has no transformation for, it goes by way of chat completions.
    """
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "true"
    from litellm.completion_extras.litellm_responses_transformation import transformation as responses
    from litellm.llms.anthropic.chat.handler import ModelResponseIterator
    from litellm.llms.anthropic.chat.transformation import AnthropicConfig
    from litellm.llms.anthropic.pass_through.adapters.transformation import LiteLLMAnthropicMessagesAdapter
    from litellm.llms.anthropic.pass_through.responses_adapters import transformation as direct
    from litellm.llms.bedrock.chat.converse_transformation import AmazonConverseConfig
    from litellm.llms.gemini.chat.transformation import GoogleAIStudioGeminiConfig
    from litellm.llms.openai.chat.gpt_transformation import OpenAIGPTConfig
    from litellm.llms.vertex_ai.gemini.transformation import transform_request_body
    from litellm.responses.litellm_completion_transformation.transformation import LiteLLMCompletionResponsesConfig

    configs = {
        "chat": OpenAIGPTConfig(),
        "messages": AnthropicConfig(),
        "gemini": GoogleAIStudioGeminiConfig(),
        "converse": AmazonConverseConfig(),
    }
    adapter, to_responses = LiteLLMAnthropicMessagesAdapter(), responses.LiteLLMResponsesTransformationHandler()
    straight = direct.LiteLLMAnthropicToResponsesAPIAdapter()
    from_responses = LiteLLMCompletionResponsesConfig.transform_responses_api_request_to_chat_completion_request

    def as_chat(source, made):
        if source == "messages":
            return adapter.translate_anthropic_to_openai(made)[0]
        if source == "responses":
            return from_responses(made.pop("model"), made.pop("input"), made)
        return made

    def written(target, model, made):
        given = {name: made[name] for name in OPTIONS if name in made}
        if target == "responses":
            found = to_responses.transform_request(model, made["messages"], given, {}, {}, SimpleNamespace())
            return {name: value for name, value in found.items() if name not in ("litellm_logging_obj", "client")}
        options = configs[target].map_openai_params(given, {}, model, False)
        if target == "gemini":
            return transform_request_body(made["messages"], model, options, "gemini", {}, None)
        return configs[target].transform_request(model, made["messages"], options, {}, {})

    def asked(source, target, body):
        made = json.loads(body)
        if (source, target) == ("messages", "responses"):
            return json.dumps(straight.translate_request(made))
        return json.dumps(written(target, MODELS[target], as_chat(source, made)))

    wire = [json.dumps(one) for one in events()]

    def streamed():
        parser = ModelResponseIterator(iter(()), sync_stream=True)
        return "".join("data: " + parser.chunk_parser(json.loads(data)).model_dump_json() + "\n\n" for data in wire)

    return {pair: partial(asked, *pair, body_of(*pair)) for pair in PAIRS}, streamed, json_of(body_of(*MAIN))


SIDES = {"gatewright": gatewright, "llm-rosetta": rosetta, "litellm": litellm}


def cpu_us(work, slices=11, seconds=0.04):
    """Microseconds of CPU of one call: the least of some slices, since what else the machine does only adds to it."""
    work()
    found = []
    for _ in range(slices):
        calls, began = 0, time.process_time()
        while time.process_time() - began < seconds:
            work()
            calls += 1
        found.append((time.process_time() - began) * 1e6 / calls)
    return min(found)


def measure_one(name, pairs):
    asked, streamed, only_json = SIDES[name]()
    whole = str(body_of(*MAIN)).count("Ulm")
    for pair, work in asked.items():
        assert str(work()).count("Ulm") == whole, f"{name} lost something from {pair[0]} to {pair[1]}"
    assert str(streamed()).count("a few words") == PIECES, f"{name} lost something of the stream"
    requests = {arrow(pair): cpu_us(work) for pair, work in asked.items() if pairs or pair == MAIN}
    print(json.dumps(requests | {"json": cpu_us(only_json), "chunk": cpu_us(streamed) / PIECES}))


def arrow(pair):
    return " → ".join(pair)


def measured(rounds, pairs):
    """The least of each figure of each library, the libraries taking turns."""
    found = {name: [] for name, python in ENVIRONMENTS.items() if python.exists()}
    for _ in range(rounds):
        for name, taken in found.items():
            command = [str(ENVIRONMENTS[name]), str(Path(__file__).resolve()), "--one", name, *(["--pairs"] * pairs)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(f"error: {name} failed:\n{done.stderr[-800:]}")
            taken.append(json.loads(done.stdout.splitlines()[-1]))
    return {name: {figure: min(one[figure] for one in taken) for figure in taken[0]} for name, taken in found.items()}


def print_main(figures):
    ours = figures["gatewright"]
    request = arrow(MAIN)
    print("| translation | request of 30 messages, CPU us | of it JSON | x ours | stream, CPU us a chunk | x ours |")
    print("| ----------- | ------------------------------ | ---------- | ------ | ---------------------- | ------ |")
    for name, one in figures.items():
        asked, chunk = one[request], one["chunk"]
        print(
            f"| {name:11} | {asked:30.0f} | {one['json']:10.0f} | {asked / ours[request]:6.1f} |"
            f" {chunk:22.2f} | {chunk / ours['chunk']:6.1f} |"
        )


def print_pairs(figures):
    """The request from every client's dialect to every provider's; in brackets, how many times ours."""
    print("\n| request of 30 messages, CPU us |", " | ".join(f"{name:12}" for name in figures), "|")
    print("| ------------------------------ |", " | ".join("-" * 12 for _ in figures), "|")
    for pair in map(arrow, PAIRS):
        ours = figures["gatewright"][pair]
        cells = (f"{one[pair]:4.0f} ({one[pair] / ours:.1f})" if pair in one else "" for one in figures.values())
        print(f"| {pair:30} |", " | ".join(f"{cell:12}" for cell in cells), "|")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pairs", action="store_true", help="every dialect of a client to every one of a provider")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        return measure_one(options.one, options.pairs)
    figures = measured(options.rounds, options.pairs)
    print_main(figures)
    if options.pairs:
        print_pairs(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))
    return None


if __name__ == "__main__":
    main()
