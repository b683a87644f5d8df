/**
 * Progress on standard error: a bar on a terminal, otherwise a line now and then.
 */
import cliProgress from "cli-progress";
import { shown } from "../observe/names.ts";

/** Something under way. */
export interface Progress extends Disposable {
  /** @param note a few words about what is going on */
  update(done: number, note?: string): void;
}

/** Between two lines where there is no terminal, in milliseconds. */
const LINE_EVERY_MS = 10_000;

/** Narrower than this, a terminal gets no bar but the figures alone. */
const BAR_FROM_COLUMNS = 70;

/** Where progress is shown. */
export interface ProgressStream {
  isTerminal(): boolean;
  columns(): number;
  writeSync(bytes: Uint8Array): number;
}

const STANDARD_ERROR: ProgressStream = {
  isTerminal: () => Deno.stderr.isTerminal(),
  columns: () => Deno.consoleSize().columns,
  writeSync: (bytes) => Deno.stderr.writeSync(bytes),
};

/**
 * Starts to show progress of `total` steps. Disposing of it ends the bar and leaves its last state on the screen.
 *
 * @param everyMs between two lines where there is no terminal
 */
export function startProgress(
  label: string,
  total: number,
  stream = STANDARD_ERROR,
  everyMs = LINE_EVERY_MS,
): Progress {
  return stream.isTerminal() ? new Bar(label, total, stream) : new Lines(label, total, stream, everyMs);
}

class Bar implements Progress {
  readonly #bar: cliProgress.SingleBar;

  constructor(label: string, total: number, stream: ProgressStream) {
    const columns = stream.columns();
    const bar = columns < BAR_FROM_COLUMNS ? "" : " {bar}";
    this.#bar = new cliProgress.SingleBar({
      format: `${label}${bar} {value}/{total} {note}`,
      barsize: Math.min(24, Math.max(8, columns - label.length - 42)),
      barCompleteChar: "█",
      barIncompleteChar: "░",
      stream: terminal(stream, columns),
      fps: 5,
      hideCursor: false,
      linewrap: false,
      gracefulExit: false,
    });
    this.#bar.start(total, 0, { note: "" });
  }

  update(done: number, note = ""): void {
    this.#bar.update(done, { note: shown(note) });
  }

  [Symbol.dispose](): void {
    this.#bar.stop();
  }
}

/**
 * Standard error, as cli-progress wants it. A terminal that was closed must not end the program in the middle of what it
 * has to put back.
 */
function terminal(stream: ProgressStream, columns: number) {
  const encoder = new TextEncoder();
  return {
    isTTY: true,
    columns,
    write(text: string): boolean {
      try {
        stream.writeSync(encoder.encode(text));
      } catch {
        // Nobody sees it any more.
      }
      return true;
    },
  };
}

class Lines implements Progress {
  #nextMs: number;

  constructor(
    readonly label: string,
    readonly total: number,
    readonly stream: ProgressStream,
    readonly everyMs: number,
  ) {
    this.#nextMs = performance.now() + everyMs;
  }

  update(done: number, note = ""): void {
    if (performance.now() < this.#nextMs) return;
    this.#nextMs = performance.now() + this.everyMs;
    const line = `${this.label} ${done}/${this.total} ${shown(note)}`.trimEnd();
    this.stream.writeSync(new TextEncoder().encode(`${line}\n`));
  }

  [Symbol.dispose](): void {}
}
