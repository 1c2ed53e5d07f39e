/**
 * Byte streams as the edges take them: shaped like Deno's own, and as easily made by a test.
 *
 * @module
 */

/** Where bytes come from, as `Deno.stdin` gives them. */
export interface ByteReader {
  /** Fills some of the buffer, at once or later: how many bytes, or `null` at the end. */
  read(buffer: Uint8Array): Promise<number | null> | number | null;
}

/** Where bytes go, as `Deno.stdout` takes them. */
export interface ByteWriter {
  /** Writes some of the bytes, at least one, at once or later: how many. */
  write(bytes: Uint8Array): Promise<number> | number;
}

/** Writes all of the bytes, however many the writer takes at a time. Rejects when a write fails. */
export async function writeAll(writer: ByteWriter, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await writer.write(bytes.subarray(sent));
}

const DROP_BYTES = 4096;

/**
 * Reads and drops what still comes, to the end or the failure of it.
 *
 * @param heard Called when something has come.
 */
export async function drain(reader: ByteReader, heard: () => void = () => {}): Promise<void> {
  const buffer = new Uint8Array(DROP_BYTES);
  try {
    while (await reader.read(buffer) !== null) heard();
  } catch {
    // What has failed has ended, too.
  }
}
