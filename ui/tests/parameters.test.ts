import { expect, test } from "vitest";
import { added, type Row, readRows, rowAt, suggested } from "../src/parameters";
import { needsOf } from "../src/providers";

const rows = (...pairs: [string, string][]): Row[] => pairs.map(([name, value], id) => ({ id, name, value }));

test("values are JSON where they are JSON, and otherwise text", () => {
  const { params, errors } = readRows(
    rows(
      ["temperature", " 0.50 "],
      ["drop_params", "true"],
      ["extra_headers", '{"X": "1"}'],
      ["tags", "fast, cheap"],
      ["user", "null"],
      ["seed", "12345678901234567890"],
      ["timeout", ""],
      ["", ""],
    ),
  );
  expect(errors).toEqual({});
  expect(params).toEqual({
    temperature: 0.5,
    drop_params: true,
    extra_headers: { X: "1" },
    tags: "fast, cheap",
    user: "null",
    seed: "12345678901234567890",
  });
});

test("names and keys of clouds stay text", () => {
  const text = rows(
    ["api_version", "2.10"],
    ["vertex_project", "123"],
    ["vertex_credentials", '{"type": "x"}'],
  );
  expect(readRows(text).params).toEqual({
    api_version: "2.10",
    vertex_project: "123",
    vertex_credentials: '{"type": "x"}',
  });
});

test("a row without a name and a name that is there twice are refused at their rows", () => {
  const { errors } = readRows(rows(["", "5"], ["rpm", "1"], [" rpm", "2"]));
  expect(errors).toEqual({ 0: "Its name is missing.", 2: "rpm is there twice." });
  expect(readRows(rows(["__proto__", "5"])).params).toHaveProperty(["__proto__"], 5);
});

test("rows follow the provider, and what somebody wrote stays", () => {
  const first = suggested(rows(["rpm", "5"]), ["aws_region_name", "aws_access_key_id"]);
  expect(first.map((row) => row.name)).toEqual(["rpm", "aws_region_name", "aws_access_key_id"]);
  const written = first.map((row) => (row.name === "aws_region_name" ? { ...row, value: "x" } : row));
  const next = suggested(written, ["api_version"]);
  expect(next.map((row) => row.name)).toEqual(["rpm", "aws_region_name", "api_version"]);
  expect(new Set(added(next).map((row) => row.id)).size).toBe(4);
});

test("a field of the answer finds its row", () => {
  const some = rows(["tag", "x"], [" tags ", "y"]);
  for (const field of ["params.tags", "params.tags[0]", "params.tags.a"]) {
    expect(rowAt(field, some)?.id).toBe(1);
  }
  expect(rowAt("params.tags_", some)).toBeUndefined();
  expect(rowAt("name", some)).toBeUndefined();
});

test("only what stands before a slash is a provider", () => {
  expect(needsOf("bedrock/eu.x")?.params).toContain("aws_region_name");
  expect(needsOf("bedrock")).toBeNull();
  expect(needsOf("openai/gpt")).toBeNull();
  expect(needsOf("constructor/x")).toBeNull();
});
