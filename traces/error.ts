/** What is wrong with a trace, and where. */
import { cutTo, escaped, shown } from "../observe/names.ts";

/** A trace that cannot be read; the message says which file and line, and what is wrong with it. */
export class TraceError extends Error {
  /** @param file its path; a reader of text does not know it, and {@link inFile} adds it */
  constructor(readonly line: number, readonly problem: string, readonly file?: string) {
    super(`cannot read line ${line} of ${file === undefined ? "the trace" : `"${shown(file)}"`}: ${problem}`);
    this.name = "TraceError";
  }

  /** The same, with the file named. */
  inFile(file: string): TraceError {
    return this.file === undefined ? new TraceError(this.line, this.problem, file) : this;
  }
}

/** For messages: a field of a foreign file, escaped and cut short. */
export function quoted(text: string): string {
  return escaped(JSON.stringify(cutTo(text, 40)));
}
