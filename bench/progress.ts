/**
 * Progress on standard error: a bar on a terminal, otherwise a line now and then.
 */
import cliProgress from "cli-progress";

/** Something under way. */
export interface Progress extends Disposable {
  /** @param note a few words about what is going on */
  update(done: number, note?: string): void;
}

/** Between two lines where there is no terminal, in milliseconds. */
const LINE_EVERY_MS = 10_000;

/** Narrower than this, a terminal gets no bar but the figures alone. */
const BAR_FROM_COLUMNS = 70;

/** Starts to show progress of `total` steps. Disposing of it ends the bar and leaves its last state on the screen. */
export function startProgress(label: string, total: number): Progress {
  return Deno.stderr.isTerminal() ? new Bar(label, total) : new Lines(label, total);
}

class Bar implements Progress {
  readonly #bar: cliProgress.SingleBar;

  constructor(label: string, total: number) {
    const { columns } = Deno.consoleSize();
    const bar = columns < BAR_FROM_COLUMNS ? "" : " {bar}";
    this.#bar = new cliProgress.SingleBar({
      format: `${label}${bar} {value}/{total} {note}`,
      barsize: Math.min(24, Math.max(8, columns - label.length - 42)),
      barCompleteChar: "█",
      barIncompleteChar: "░",
      stream: terminal(columns),
      fps: 5,
      hideCursor: false,
      linewrap: false,
      gracefulExit: false,
    });
    this.#bar.start(total, 0, { note: "" });
  }

  update(done: number, note = ""): void {
    this.#bar.update(done, { note });
  }

  [Symbol.dispose](): void {
    this.#bar.stop();
  }
}

/**
 * Standard error, as cli-progress wants it. A terminal that was closed must not end the program in the middle of what it
 * has to put back.
 */
function terminal(columns: number) {
  const encoder = new TextEncoder();
  return {
    isTTY: true,
    columns,
    write(text: string): boolean {
      try {
        Deno.stderr.writeSync(encoder.encode(text));
      } catch {
        // Nobody sees it any more.
      }
      return true;
    },
  };
}

class Lines implements Progress {
  #nextMs = performance.now() + LINE_EVERY_MS;

  constructor(readonly label: string, readonly total: number) {}

  update(done: number, note = ""): void {
    if (performance.now() < this.#nextMs) return;
    this.#nextMs = performance.now() + LINE_EVERY_MS;
    console.error(`${this.label} ${done}/${this.total} ${note}`.trimEnd());
  }

  [Symbol.dispose](): void {}
}
