/** What the learning thread remembers from one run of the agent to the next, and when it writes that down. */

import { osReason } from "../../ffi/errors.ts";
import type { FunctionSamples } from "../learner.ts";
import { FunctionFile, setAside, type StoredFunction, UnusableFileError } from "./function_file.ts";

/** The least time between two writes, in milliseconds. */
export const LEAST_REST_MS = 5_000;

/** The greatest. */
export const MOST_REST_MS = 300_000;

/**
 * How long it rests for each function that it has written, in milliseconds: ten functions a second are some 100 KB, so that
 * thousands of busy functions do not wear out a disk.
 */
export const REST_PER_FUNCTION_MS = 100;

/** How long it waits before it tries again to write, in milliseconds. */
export const RETRY_MS = 60_000;

/** What people should know of it. */
export interface MemoryNote {
  readonly level: "info" | "warning";
  readonly text: string;
}

/** What it has to do with. */
export interface MemoryParts {
  /** Of the file; its folder is made where it is missing. */
  readonly path: string;
  /** What is known now of a function, by its number; undefined where that is too little to keep. */
  readonly samplesOf: (functionId: number) => FunctionSamples | undefined;
  readonly note: (note: MemoryNote) => void;
  readonly nowMs?: () => number;
}

/**
 * Keeps what is known of functions in a file, by their names. Where the file cannot be written, that is said once, and
 * everything else goes on. No method throws.
 */
export class Memory implements Disposable {
  readonly #nowMs: () => number;
  readonly #names = new Map<number, string>();
  /** What was known at the start of functions that have not been met yet. */
  readonly #remembered: Map<string, FunctionSamples>;
  /** Functions of which the file does not have the latest. */
  readonly #changed = new Set<number>();
  /** Names that are to leave the file. */
  readonly #gone = new Set<string>();
  #file: FunctionFile | undefined;
  #failed = false;
  #nextMs = 0;
  /** Until when the file's clock has been told of. */
  #countedMs: number;

  /** Opens the file and reads it; one that is of no use is set aside. */
  constructor(readonly parts: MemoryParts) {
    this.#nowMs = parts.nowMs ?? (() => performance.now());
    this.#countedMs = this.#nowMs();
    this.#remembered = this.#open() ?? FunctionFile.readOnly(parts.path);
    if (this.#remembered.size > 0) {
      this.#note("info", `${this.#remembered.size} functions are known from before, by ${parts.path}`);
    }
  }

  /** A function has been seen for the first time under this number. Returns what is known of it from before. */
  meet(functionId: number, name: string): FunctionSamples | undefined {
    this.#names.set(functionId, name);
    this.#gone.delete(name);
    const samples = this.#remembered.get(name);
    if (samples === undefined) return undefined;
    this.#remembered.delete(name);
    // It was seen, which the file is to know.
    this.#changed.add(functionId);
    return samples;
  }

  /** Something new is known of a function. */
  change(functionId: number): void {
    this.#changed.add(functionId);
  }

  /** Functions that will not be heard of again under these numbers leave the file. */
  forget(functionIds: readonly number[]): void {
    for (const functionId of functionIds) {
      const name = this.#names.get(functionId);
      if (name !== undefined) this.#gone.add(name);
      this.#names.delete(functionId);
      this.#changed.delete(functionId);
    }
  }

  /** To be called after each epoch: writes what has changed, unless it has written just now. */
  writeIfDue(): void {
    if (this.#nowMs() >= this.#nextMs) this.#write();
  }

  /** Writes what has changed, and closes the file. */
  [Symbol.dispose](): void {
    this.#write();
    this.#close();
  }

  #write(): void {
    if (this.#changed.size + this.#gone.size === 0) return;
    if (this.#file === undefined && this.#open() === undefined) return;
    const nowMs = this.#nowMs(), functions = this.#changedFunctions();
    if (functions.length + this.#gone.size === 0) return this.#changed.clear();
    try {
      this.#file!.write(functions, this.#gone, nowMs - this.#countedMs);
    } catch (error) {
      this.#close();
      return this.#fail(error);
    }
    this.#countedMs = nowMs;
    this.#changed.clear();
    this.#gone.clear();
    const restMs = Math.min(Math.max(LEAST_REST_MS, REST_PER_FUNCTION_MS * functions.length), MOST_REST_MS);
    this.#nextMs = this.#nowMs() + restMs;
    if (this.#failed) this.#note("info", `what is learned is kept again in ${this.parts.path}`);
    this.#failed = false;
  }

  #changedFunctions(): StoredFunction[] {
    return [...this.#changed].flatMap((functionId) => {
      const name = this.#names.get(functionId), samples = this.parts.samplesOf(functionId);
      return name === undefined || samples === undefined ? [] : [{ name, samples }];
    });
  }

  /** Opens the file. Returns what is in it; undefined where there is none to be had now. */
  #open(): Map<string, FunctionSamples> | undefined {
    const { path } = this.parts;
    try {
      try {
        return this.#openAndRead();
      } catch (error) {
        if (!(error instanceof UnusableFileError)) throw error;
        this.#close();
        const aside = setAside(path, error.kind);
        this.#note(
          "warning",
          `what was learned before cannot be read from ${path}: ${error.message}; the file is now ${aside}`,
        );
        for (const functionId of this.#names.keys()) this.#changed.add(functionId);
        return this.#openAndRead();
      }
    } catch (error) {
      this.#close();
      this.#fail(error);
      return undefined;
    }
  }

  #openAndRead(): Map<string, FunctionSamples> {
    this.#file = FunctionFile.open(this.parts.path);
    return this.#file.read();
  }

  #fail(error: unknown): void {
    this.#nextMs = this.#nowMs() + RETRY_MS;
    if (this.#failed) return;
    this.#failed = true;
    this.#note(
      "warning",
      `cannot keep what is learned in ${this.parts.path}: ${
        osReason(error)
      }; until that works again a restart loses it`,
    );
  }

  #close(): void {
    try {
      this.#file?.[Symbol.dispose]();
    } catch {
      // what could not be written has been reported
    }
    this.#file = undefined;
  }

  #note(level: MemoryNote["level"], text: string): void {
    this.parts.note({ level, text });
  }
}
