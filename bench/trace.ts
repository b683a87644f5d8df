/** The traces that a load is sent by: read and written in `traces/`, under the names that this folder uses. */
export { parseTrace, TraceError, type TraceRow, writeTrace } from "../traces/alps.ts";
