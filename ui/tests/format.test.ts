import { describe, expect, test } from "vitest";
import { curl } from "../src/format/curl";
import { deviceName } from "../src/format/device";
import { exactMoney, money } from "../src/format/money";
import { axisTicks, count, plural, share } from "../src/format/number";
import { exactTime, relativeTime, wholeDay } from "../src/format/time";

describe("money", () => {
  test.each([
    ["0", "$0"],
    ["0.000", "$0"],
    ["0.0015", "$0.0015"],
    ["0.00000123456", "$0.000001235"],
    ["0.5", "$0.50"],
    ["0.123456", "$0.1235"],
    ["1.5", "$1.50"],
    ["3", "$3"],
    ["12.3456", "$12.35"],
    ["4.1707", "$4.17"],
    ["99.999", "$100"],
    ["570.52", "$571"],
    ["3458.03", "$3,458"],
    ["9999.9", "$10K"],
    ["12345.6", "$12.35K"],
    ["1234567", "$1.235M"],
    ["-0.25", "-$0.25"],
  ])("%s is %s", (amount, shown) => expect(money(amount)).toBe(shown));

  test("an unknown price is not zero", () => {
    expect(money(null)).toBe("no price set");
    expect(money("")).toBe("no price set");
  });

  test("what is not a number stays as it is", () => expect(money("lots")).toBe("lots"));

  test("the exact amount is kept for the title", () => {
    expect(exactMoney("12.345678")).toBe("$12.345678");
    expect(exactMoney("0")).toBeUndefined();
    expect(exactMoney(null)).toBeUndefined();
  });
});

describe("numbers", () => {
  test.each([
    [0, "0"],
    [184203, "184,203"],
    [1_420_000, "1.42 M"],
    [1_420_000_000, "1.42 B"],
  ])("%d is %s", (value, shown) => expect(count(value)).toBe(shown));

  test("plural", () => {
    expect(plural(1, "key")).toBe("1 key");
    expect(plural(0, "key")).toBe("0 keys");
    expect(plural(2, "entry", "entries")).toBe("2 entries");
  });

  test.each([
    [0, 10, "0%"],
    [1, 0, "0%"],
    [1, 250, "0.4%"],
    [1, 100000, "under 0.1%"],
    [3, 4, "75%"],
  ])("%d of %d is %s", (part, whole, shown) => expect(share(part, whole)).toBe(shown));

  test.each([
    [0, true, [0]],
    [1, true, [0, 1]],
    [10, true, [0, 5, 10]],
    [150, true, [0, 50, 100, 150]],
    [0.0045, false, [0, 0.002, 0.004, 0.006]],
  ])("ticks up to %d", (max, whole, ticks) => expect(axisTicks(max, whole)).toEqual(ticks));

  test.each([1, 2, 3, 7, 99, 101, 8765, 0.3, 1e-9])("ticks reach %d in at most six steps", (max) => {
    const ticks = axisTicks(max, false);
    expect(ticks.at(-1)).toBeGreaterThanOrEqual(max);
    expect(ticks.length).toBeLessThanOrEqual(7);
  });
});

describe("time", () => {
  const now = Date.parse("2026-11-21T12:00:00Z");
  const ago = (seconds: number) => relativeTime(new Date(now - seconds * 1000).toISOString(), now);

  test.each([
    [0, "just now"],
    [-3, "just now"],
    [-30, "in under a minute"],
    [50, "1 min ago"],
    [600, "10 min ago"],
    [7200, "2 h ago"],
    [90000, "yesterday"],
    [4 * 86400, "4 d ago"],
    [60 * 86400, "22 Sept"],
    [-86400, "in 1 d"],
    [-30 * 86400 + 5, "in 30 d"],
    [-3600, "in 1 h"],
  ])("%d s ago is %s", (seconds, shown) => expect(ago(seconds)).toBe(shown));

  test("another year is named", () => expect(relativeTime("2024-03-01T12:00:00Z", now)).toBe("1 Mar 2024"));
  test("the exact time names its zone", () =>
    expect(exactTime("2026-11-21T12:00:00Z", "UTC")).toBe("21 Nov 2026, 12:00:00 UTC"));

  test("a day has 24 hours, with gaps filled", () => {
    const day = wholeDay("2026-11-21T00:00:00Z", [{ at: "2026-11-21T03:00:00Z", requests: 7, spend: null }]);
    expect(day).toHaveLength(24);
    expect(day[3]).toEqual({ at: Date.parse("2026-11-21T03:00:00Z"), requests: 7, spend: null });
    expect(day[4]).toEqual({ at: Date.parse("2026-11-21T04:00:00Z"), requests: 0, spend: "0" });
  });
});

describe("device names", () => {
  test.each([
    ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"],
    [
      "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0",
      "Edge on Windows",
    ],
    [
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605 Version/18 Safari/605",
      "Safari on macOS",
    ],
    ["gatewright/0.1.0 (Linux)", "gatewright 0.1.0 on Linux"],
    ["curl/8.5.0", "curl 8.5.0"],
    [null, "Unknown device"],
  ])("%s", (agent, shown) => expect(deviceName(agent)).toBe(shown));
});

describe("curl", () => {
  test("goes to chat completions, whatever the base URL ends with", () => {
    for (const base of ["http://localhost:4000", "http://localhost:4000/", "http://localhost:4000/v1"]) {
      expect(curl(base, "echo", "sk-1")).toContain("curl http://localhost:4000/v1/chat/completions \\");
    }
  });
  test("a quote in a model's name does not leave the shell's quotes", () =>
    expect(curl("http://h", "it's", "k")).toContain(`"model":"it'\\''s"`));
});
