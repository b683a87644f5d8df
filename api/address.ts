/**
 * Addresses of the HTTP interface: where it listens, and which names and numbers mean this machine.
 */
import { isIPv4, isIPv6 } from "node:net";

/** An address that cannot be listened on, or a listener that could not be opened: one line, made to be shown. */
export class ServerError extends Error {
  constructor(readonly reason: "address" | "in_use" | "permission" | "failed", message: string) {
    super(message);
    this.name = "ServerError";
  }
}

/** Host (without brackets) and port. */
export interface HostPort {
  hostname: string;
  /** 0 to 65535; 0 lets the kernel choose. */
  port: number;
}

const HOST_NAME =
  /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/i;

/**
 * Reads `HOST:PORT` or `[IPV6]:PORT`. A host is an IP address or a name; port 0 lets the kernel choose.
 *
 * @throws {ServerError} naming the value and what was wanted.
 */
export function parseListen(text: string): HostPort {
  const wrong = (why: string): ServerError =>
    new ServerError(
      "address",
      `cannot listen on ${
        JSON.stringify(text)
      }: ${why}; wanted HOST:PORT or [IPV6]:PORT, for example 127.0.0.1:8083`,
    );
  const colon = text.lastIndexOf(":");
  if (colon < 0) throw wrong("there is no port");
  const host = text.slice(0, colon);
  const portText = text.slice(colon + 1);
  const port = Number(portText);
  if (!/^\d{1,5}$/.test(portText) || port > 65535) {
    throw wrong(`the port must be a number from 0 to 65535, not ${JSON.stringify(portText)}`);
  }
  if (host.startsWith("[")) {
    const hostname = host.slice(1, -1);
    if (!host.endsWith("]") || !isIPv6(hostname)) {
      throw wrong(`${JSON.stringify(host)} is not an IPv6 address`);
    }
    return { hostname, port };
  }
  if (host.includes(":")) throw wrong("an IPv6 address needs brackets");
  if (host === "") throw wrong("there is no host (0.0.0.0 is every address of this machine)");
  // Digits and dots only: somebody meant an IPv4 address, so a resolver must not be asked for it as a name.
  if (/^[\d.]+$/.test(host) ? !isIPv4(host) : !HOST_NAME.test(host)) {
    throw wrong(`${JSON.stringify(host)} is neither an IP address nor a host name`);
  }
  return { hostname: host, port };
}

/** `HOST:PORT`, with brackets where the host is an IPv6 address. */
export function formatHostPort({ hostname, port }: HostPort): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

/**
 * One spelling for each host: lower case, IPv6 compressed, no brackets, an IPv4-mapped address as IPv4. Undefined for
 * what is no host (and never an exception: this is what strangers send).
 */
export function canonicalHost(host: string): string | undefined {
  const bare = host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
  if (isIPv6(bare)) {
    if (bare.includes("%")) return bare.toLowerCase();
    const compressed = new URL(`http://[${bare}]`).hostname.slice(1, -1);
    const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(compressed);
    if (!mapped) return compressed;
    const [high, low] = [parseInt(mapped[1] ?? "", 16), parseInt(mapped[2] ?? "", 16)];
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  }
  if (isIPv4(bare)) return bare;
  return host === bare && HOST_NAME.test(bare) ? bare.toLowerCase() : undefined;
}

/** The host of a `Host` header or a URL's authority, in {@link canonicalHost}'s spelling; the port, if any, is ignored. */
export function hostOfAuthority(authority: string): string | undefined {
  const match = /^(\[[^\]]*\]|[^:[\]]*)(?::\d{0,5})?$/.exec(authority);
  return match?.[1] === undefined ? undefined : canonicalHost(match[1]);
}

/** Whether a host reaches this machine only: `localhost`, 127.0.0.0/8 or `::1`. */
export function isLoopbackHost(host: string): boolean {
  const canonical = canonicalHost(host);
  return canonical === "localhost" || canonical === "::1" ||
    (canonical !== undefined && isIPv4(canonical) && canonical.startsWith("127."));
}

/** Whether a host stands for every address of the machine: `0.0.0.0` or `::`. */
export function isWildcardHost(host: string): boolean {
  const canonical = canonicalHost(host);
  return canonical === "0.0.0.0" || canonical === "::";
}

/** Whether a host is an IP address rather than a name. */
export function isAddressLiteral(host: string): boolean {
  const canonical = canonicalHost(host);
  return canonical !== undefined && (isIPv4(canonical) || isIPv6(canonical));
}
