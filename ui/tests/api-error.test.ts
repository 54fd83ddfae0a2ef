import { expect, test } from "vitest";
import { ApiError, asApiError, errorFromAnswer, formErrors } from "../src/api-error";

test("a problem keeps its detail, hint, fields and reference", () => {
  const error = errorFromAnswer(400, {
    title: "Bad Request",
    code: "invalid_request",
    detail: "The name is taken.",
    hint: "Choose another.",
    errors: [
      { field: "name", detail: "is taken" },
      { field: "name", detail: "is also too short" },
    ],
    request_id: "req_1",
  });
  expect(error).toMatchObject({
    status: 400,
    code: "invalid_request",
    message: "The name is taken.",
    hint: "Choose another.",
    fields: { name: "is taken" },
    requestId: "req_1",
  });
});

test("an answer that is not a problem still says something, with the header's reference", () => {
  const error = errorFromAnswer(502, undefined, "req_2");
  expect(error.message).toBe("The server answered with status 502.");
  expect(error.hint).toContain("log");
  expect(error.requestId).toBe("req_2");
});

test("malformed members do not break the mapping", () => {
  expect(errorFromAnswer(400, { errors: "no list", hint: null }).fields).toEqual({});
  expect(errorFromAnswer(403, null).message).toBe("Your role does not allow this.");
});

test("the directory's answers name every field", () => {
  const error = errorFromAnswer(
    400,
    { name: ["It is taken.", "It is short."], slug: ["Required."] },
    "req_3",
  );
  expect(error).toMatchObject({
    message: "name: It is taken. It is short.",
    fields: { name: "It is taken. It is short.", slug: "Required." },
    requestId: "req_3",
  });
  const whole = errorFromAnswer(400, { non_field_errors: ["A binding names it."] });
  expect(whole.message).toBe("A binding names it.");
  expect(formErrors(whole, ["name"]).whole).toBe(whole);
  expect(errorFromAnswer(409, { detail: "Nobody would be left.", code: "last_admin" }).code).toBe(
    "last_admin",
  );
  expect(errorFromAnswer(400, { name: [], other: [1] }).message).toBe("The server answered with status 400.");
});

test("a form shows field errors at fields and everything else on top", () => {
  const atField = errorFromAnswer(400, { detail: "x", errors: [{ field: "name", detail: "is empty" }] });
  expect(formErrors(atField, ["name"])).toEqual({ fields: { name: "is empty" }, whole: null });
  expect(formErrors(atField, ["other"]).whole).toBe(atField);
  const hinted = errorFromAnswer(400, {
    detail: "x",
    hint: "Write a name.",
    errors: [{ field: "name", detail: "It is empty." }],
  });
  expect(formErrors(hinted, ["name"]).fields).toEqual({ name: "It is empty. Write a name." });
  expect(formErrors(null, ["name"])).toEqual({ fields: {}, whole: null });
});

test("anything thrown becomes an ApiError", () => {
  expect(asApiError(new Error("broken"))).toBeInstanceOf(ApiError);
  expect(asApiError("text").message).toBe("Something went wrong.");
});
