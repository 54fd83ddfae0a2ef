"""CPU of translation between wire formats, ours beside llm-rosetta's and LiteLLM's: the same input, the same minute.

python bench/translating.py [--rounds 5] [--json out.json]

The request is a conversation of 30 messages with tools, chat completions to Anthropic messages; the stream is one of
Anthropic's with 300 pieces of text, to chat completion chunks. Each library runs in its own environment under
`.interop/` (made by `make interop`; a library whose environment is missing is left out) and in its own process.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = {
    "gatewright": Path(sys.executable),
    "llm-rosetta": ROOT / ".interop" / "llm-rosetta" / "bin" / "python",
    "litellm": ROOT / ".interop" / "litellm" / "bin" / "python",
}
PIECES = 300
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a town.",
        "parameters": {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]},
    },
}


def request():
    """Thirty messages in OpenAI's format."""
    messages = [{"role": "system", "content": "You answer briefly. " * 20}]
    for turn in range(7):
        call = {
            "id": f"call_{turn}",
            "type": "function",
            "function": {"name": "weather", "arguments": '{"town":"Ulm"}'},
        }
        messages += [
            {"role": "user", "content": [{"type": "text", "text": "What is the weather like in Ulm? " * 8}]},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"call_{turn}", "content": '{"sky":"clear","degrees":21}'},
            {"role": "assistant", "content": "It is clear, and 21 degrees. " * 8},
        ]
    messages.append({"role": "user", "content": "Thank you."})
    return {"model": "claude-sonnet-4-5", "max_tokens": 1000, "temperature": 0.5, "messages": messages, "tools": [TOOL]}


def events():
    """A streamed answer of Anthropic's."""
    usage = {"input_tokens": 100, "cache_read_input_tokens": 20, "cache_creation_input_tokens": 0, "output_tokens": 1}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": [], "usage": usage}
    message |= {"stop_reason": None, "stop_sequence": None}
    text = {"type": "text_delta", "text": "a few words "}
    return [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *({"type": "content_block_delta", "index": 0, "delta": text} for _ in range(PIECES)),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 300},
        },
        {"type": "message_stop"},
    ]


def gatewright():
    """Bytes in, bytes out: what a request pays."""
    import msgspec
    from gatewright.translation.carriage import Carriage
    from gatewright.translation.dialect import Dialect
    from gatewright.translation.model import Heading
    from gatewright.translation.registry import client_half, provider_half

    body = json.dumps(request()).encode()
    wire = [f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in events()]
    client, provider = client_half(Dialect.CHAT), provider_half(Dialect.MESSAGES)
    split = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode

    def asked():
        found = client.read(split(body))
        return msgspec.json.encode(
            provider.write(found, "claude-sonnet-4-5", Carriage(found, drop=False, where="Anthropic"))
        )

    heading = Heading("req-1", "public", 1, client.read(split(body)))

    def streamed():
        reader, writer, out = provider.reader(), client.writer(heading), []
        for data in wire:
            out.append(writer.write(reader.feed(data)))
        out.append(writer.write(reader.finish()) + writer.finish())
        return b"".join(out)

    return asked, streamed


def rosetta():
    """Its converters, with the JSON that a gateway would have to read and write besides."""
    from llm_rosetta import AnthropicConverter, OpenAIChatConverter

    body = json.dumps(request())
    wire = [json.dumps(one) for one in events()]
    chat, anthropic = OpenAIChatConverter(), AnthropicConverter()

    def asked():
        made = anthropic.request_to_provider(chat.request_from_provider(json.loads(body)))
        return json.dumps(made[0] if isinstance(made, tuple) else made)

    def streamed():
        source, target, out = anthropic.create_stream_context(), chat.create_stream_context(), []
        for data in wire:
            for event in as_list(anthropic.stream_response_from_provider(json.loads(data), context=source)):
                for chunk in as_list(chat.stream_response_to_provider(event, context=target)):
                    out.append("data: " + json.dumps(chunk) + "\n\n")
        return "".join(out)

    return asked, streamed


def as_list(found):
    return [] if found is None else found if isinstance(found, list) else [found]


def litellm():
    """Its transformation and its chunk parser, with the JSON besides."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "true"
    from litellm.llms.anthropic.chat.handler import ModelResponseIterator
    from litellm.llms.anthropic.chat.transformation import AnthropicConfig

    body = json.dumps(request())
    wire = [json.dumps(one) for one in events()]
    config = AnthropicConfig()

    def asked():
        made = json.loads(body)
        given = {name: made[name] for name in ("max_tokens", "temperature", "tools")}
        options = config.map_openai_params(given, {}, made["model"], False)
        return json.dumps(config.transform_request(made["model"], made["messages"], options, {}, {}))

    def streamed():
        parser = ModelResponseIterator(iter(()), sync_stream=True)
        return "".join("data: " + parser.chunk_parser(json.loads(data)).model_dump_json() + "\n\n" for data in wire)

    return asked, streamed


SIDES = {"gatewright": gatewright, "llm-rosetta": rosetta, "litellm": litellm}


def cpu_us(work, seconds=0.4):
    """Microseconds of CPU of one call."""
    work()
    calls, began = 0, time.process_time()
    while time.process_time() - began < seconds:
        work()
        calls += 1
    return (time.process_time() - began) * 1e6 / calls


def measure_one(name):
    asked, streamed = SIDES[name]()
    assert "Ulm" in str(asked()) and str(streamed()).count("a few words") == PIECES, f"{name} lost something"
    print(json.dumps({"request_us": cpu_us(asked), "chunk_us": cpu_us(streamed) / PIECES}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        return measure_one(options.one)
    found = {name: [] for name, python in ENVIRONMENTS.items() if python.exists()}
    for _ in range(options.rounds):
        for name, rounds in found.items():
            command = [str(ENVIRONMENTS[name]), str(Path(__file__).resolve()), "--one", name]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(f"error: {name} failed:\n{done.stderr[-800:]}")
            rounds.append(json.loads(done.stdout.splitlines()[-1]))
    medians = {
        name: {figure: statistics.median(one[figure] for one in rounds) for figure in rounds[0]}
        for name, rounds in found.items()
    }
    ours = medians["gatewright"]
    print("| translation | request of 30 messages, CPU us | x ours | stream, CPU us a chunk | x ours |")
    print("| ----------- | ------------------------------ | ------ | ---------------------- | ------ |")
    for name, one in medians.items():
        asked, chunk = one["request_us"], one["chunk_us"]
        print(
            f"| {name:11} | {asked:30.0f} | {asked / ours['request_us']:6.1f} | {chunk:22.2f} | {chunk / ours['chunk_us']:6.1f} |"
        )
    if options.json:
        options.json.write_text(json.dumps(medians, indent=1))
    return None


if __name__ == "__main__":
    main()
