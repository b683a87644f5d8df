/** Kinds of values that options take: how each is read from text, and how to say what is allowed. */
import { Exclusions, NO_EXCLUSIONS } from "../observe/exclusions.ts";
import { PatternError } from "../observe/glob.ts";
import { parseListen, ServerError } from "../api/address.ts";
import { shown } from "../observe/names.ts";

/** A kind of value. */
export interface Kind<T> {
  /** What the help shows for the value: `FILE`, `avg|LR`; undefined for a switch, which takes none. */
  readonly placeholder: string | undefined;
  /** Completes "must be …" and "needs …". */
  readonly wanted: string;
  /** Its type in a configuration file. */
  readonly json: "string" | "number" | "boolean";
  /** The value, or undefined where the text is none of this kind. */
  parse(text: string): T | undefined;
}

/** An address to listen on. */
export interface Address {
  /** A name or address, without brackets. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
}

/** A switch: given or not; `true`, `false`, `1` or `0` in the environment. */
export function flag(): Kind<boolean> {
  const values: Record<string, boolean> = { true: true, "1": true, false: false, "0": false };
  return {
    placeholder: undefined,
    wanted: "true or false",
    json: "boolean",
    parse: (text) => Object.hasOwn(values, text) ? values[text] : undefined,
  };
}

/** One of some words. */
export function oneOf<const Word extends string>(
  words: readonly Word[],
  placeholder = words.join("|"),
): Kind<Word> {
  return {
    placeholder,
    wanted: words.length === 1 ? words[0]! : `one of ${words.join(", ")}`,
    json: "string",
    parse: (text) => words.find((word) => word === text),
  };
}

/** Bounds of a number; without `most` any finite number from the least on. */
export interface Range {
  readonly least: number;
  readonly most?: number;
  /** The least itself is not allowed. */
  readonly above?: boolean;
  readonly integer?: boolean;
  /** Shown in help and messages: `seconds`. */
  readonly unit?: string;
}

const DECIMAL = /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$/i;

/** A decimal number within bounds. */
export function number({ least, most, above, integer, unit }: Range): Kind<number> {
  const what = integer ? "a whole number" : "a number";
  const bounds = most !== undefined
    ? above ? `above ${least} and at most ${most}` : `from ${least} to ${most}`
    : above
    ? `above ${least}`
    : `of at least ${least}`;
  return {
    placeholder: unit === "seconds" ? "SECONDS" : "N",
    wanted: `${what}${unit === undefined ? "" : ` of ${unit},`} ${bounds}`,
    json: "number",
    parse(text) {
      const value = DECIMAL.test(text) ? Number(text) : NaN;
      const inside = (above ? value > least : value >= least) && value <= (most ?? Number.MAX_VALUE);
      return inside && (!integer || Number.isSafeInteger(value)) ? value : undefined;
    },
  };
}

/** The name of a file or folder; `mostBytes` where the system limits it. */
export function path(placeholder: "FILE" | "FILE..." | "FOLDER" | "SOCKET", mostBytes = 4095): Kind<string> {
  return {
    placeholder,
    wanted: `a path of 1 to ${mostBytes} bytes`,
    json: "string",
    parse(text) {
      const bytes = new TextEncoder().encode(text).length;
      return bytes > 0 && bytes <= mostBytes && !text.includes("\0") ? text : undefined;
    },
  };
}

/** `HOST:PORT`, with brackets around an IPv6 address. */
export function address(): Kind<Address> {
  return {
    placeholder: "HOST:PORT",
    wanted: "HOST:PORT with a port from 0 to 65535, such as 127.0.0.1:8083 or [::1]:8083",
    json: "string",
    parse(text) {
      try {
        const { hostname, port } = parseListen(text);
        return { host: hostname, port };
      } catch (error) {
        if (error instanceof ServerError) return undefined;
        throw error;
      }
    },
  };
}

/** An `http` or `https` address of a server. */
export function url(): Kind<URL> {
  return {
    placeholder: "URL",
    wanted: "an http or https URL, such as http://127.0.0.1:5002",
    json: "string",
    parse(text) {
      const parsed = URL.parse(text);
      return parsed !== null && /^https?:$/.test(parsed.protocol) && parsed.hostname !== ""
        ? parsed
        : undefined;
    },
  };
}

/** Any text, for values that another part reads. */
export function text(placeholder: string, wanted: string): Kind<string> {
  return { placeholder, wanted, json: "string", parse: (value) => value };
}

/** A glob that excludes: on a cgroup's path, or on a function's name. */
export function excludedGlob(of: "cgroup" | "function"): Kind<string> {
  return {
    placeholder: "GLOB",
    wanted: of === "cgroup"
      ? "a glob on a cgroup's path, such as /system.slice/**"
      : "a glob on a function's name",
    json: "string",
    parse(text) {
      try {
        new Exclusions({ ...NO_EXCLUSIONS, [`${of}s`]: [text] });
        return text;
      } catch (error) {
        if (error instanceof PatternError) return undefined;
        throw error;
      }
    },
  };
}

/** How a message shows a value that was not wanted. */
export function got(value: unknown): string {
  if (value === "") return "got nothing";
  return `got ${shown(typeof value === "string" ? value : JSON.stringify(value) ?? String(value))}`;
}
