/** The configuration file of `--config`: JSON with comments, the long options as keys. */
import { osReason } from "../ffi/errors.ts";
import { type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import { shown } from "../observe/names.ts";
import { FailedError, UsageError } from "./errors.ts";
import type { OptionTable, RawValue, RawValues } from "./table.ts";
import { got } from "./values.ts";

/**
 * Reads a configuration file. Whether the values are in range is for {@link readValues} to say.
 *
 * @param table the options that may be keys, all but `config` itself.
 * @throws {FailedError} where the file cannot be read.
 * @throws {UsageError} that names file, line and key: broken JSON, an unknown key, a key given twice, a wrong type.
 */
export function readConfig(
  path: string,
  table: OptionTable,
  readFile: (path: string) => string = Deno.readTextFileSync,
): RawValues {
  const file = shown(path);
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    // Deno appends the error's number and the operation.
    const why = osReason(error);
    throw new FailedError(`cannot read the configuration file ${file}: ${shown(why)}`);
  }
  const at = (offset: number) => `${file}, line ${text.slice(0, offset).split("\n").length}`;

  const errors: ParseError[] = [];
  const root = parsed(file, text, errors);
  const [broken] = errors;
  if (broken !== undefined) {
    const what = printParseErrorCode(broken.error).replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`);
    throw new UsageError(`${at(broken.offset)}: not JSON with comments: ${what.toLowerCase()}`);
  }
  if (root === undefined) return new Map();
  if (root.type !== "object") {
    throw new UsageError(`${at(root.offset)}: wanted an object with options as its keys`);
  }

  const values = new Map<string, RawValue[]>();
  for (const { offset, children: [keyNode, valueNode] = [] } of root.children ?? []) {
    const key = String(keyNode?.value);
    const label = `${at(offset)}: "${shown(key)}"`;
    const spec = Object.hasOwn(table, key) && key !== "config" ? table[key] : undefined;
    if (spec === undefined) {
      const keys = Object.keys(table).filter((name) => name !== "config");
      throw new UsageError(`${label} is not an option: allowed are ${keys.join(", ")}`);
    }
    if (values.has(key)) throw new UsageError(`${label} is given twice: wanted once`);
    const nodes: Node[] = spec.repeats && valueNode?.type === "array"
      ? valueNode.children ?? []
      : [valueNode!];
    values.set(
      key,
      nodes.map((node) => {
        if (node.type === spec.kind.json) return { label, text: String(node.value) };
        const wanted = spec.repeats ? "a string or an array of strings" : spec.kind.wanted;
        throw new UsageError(`${label} must be ${wanted} (got ${describe(node)})`);
      }),
    );
  }
  return values;
}

function parsed(file: string, text: string, errors: ParseError[]): Node | undefined {
  try {
    return parseTree(text, errors, { allowTrailingComma: true, allowEmptyContent: true });
  } catch (error) {
    // The parser calls itself for each level.
    if (error instanceof RangeError) throw new UsageError(`${file}: nested too deeply`);
    throw error;
  }
}

function describe(node: Node): string {
  return node.type === "object" || node.type === "array"
    ? `an ${node.type}`
    : got(JSON.stringify(node.value)).slice("got ".length);
}
