/**
 * Loads what the gate has to know of the protocols that its clients speak, and no more.
 *
 * @module
 */

import type { GateOptions } from "./gate_options.ts";
import type { GreetingName } from "./services/greetings.ts";
import type { Service } from "./services/service.ts";
import { type ServiceName, SERVICES } from "./services/services.ts";

/** The protocols of a gate; `undefined` where it knows of none. */
export interface Protocols {
  /** What the upstream and its clients speak. */
  service: Service | undefined;
  /** What a client hears that is rejected. */
  rejection: Service | undefined;
}

/** Loads the protocols that some options name. */
export async function loadProtocols(
  { service, rejectAs }: Pick<GateOptions, "service" | "rejectAs">,
): Promise<Protocols> {
  const told = rejectAs === "close" || rejectAs === "line" ? undefined : rejectAs;
  const [loaded, rejection] = await Promise.all([
    service && loadService(service),
    told && loadService(told),
  ]);
  return { service: loaded, rejection };
}

/** Loads the service of a name: from a file of its own, or from its row of the greetings. */
export async function loadService(name: ServiceName): Promise<Service> {
  const loaded = await SERVICES[name]();
  return "service" in loaded ? loaded.service : loaded.greetingService(name as GreetingName);
}
