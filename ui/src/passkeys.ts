/** Passkeys in this browser. Bytes travel as base64url, which not every browser turns into bytes by itself yet. */

export type CreationOptions = Omit<
  PublicKeyCredentialCreationOptions,
  "challenge" | "user" | "excludeCredentials"
> & {
  challenge: string;
  user: { id: string; name: string; displayName: string };
  excludeCredentials?: { id: string; type: "public-key" }[];
};

/** A credential as the server reads it. */
export interface NewCredential {
  id: string;
  rawId: string;
  type: string;
  response: { clientDataJSON: string; attestationObject: string; transports: string[] };
  clientExtensionResults: Record<string, never>;
}

export const passkeysWork = () => typeof PublicKeyCredential !== "undefined";

/** Asks the browser for a new passkey. Rejects with words for the person when none was made. */
export async function makePasskey(options: CreationOptions): Promise<NewCredential> {
  let made: Credential | null;
  try {
    made = await navigator.credentials.create({
      publicKey: {
        ...options,
        challenge: bytes(options.challenge),
        user: { ...options.user, id: bytes(options.user.id) },
        excludeCredentials: (options.excludeCredentials ?? []).map((one) => ({ ...one, id: bytes(one.id) })),
      },
    });
  } catch (thrown) {
    if (thrown instanceof DOMException && thrown.name === "InvalidStateError") {
      throw new Error("This device has a passkey for you already.");
    }
    throw new Error("No passkey was made: the browser or you cancelled it.");
  }
  if (!(made instanceof PublicKeyCredential)) throw new Error("The browser made no passkey.");
  const response = made.response as AuthenticatorAttestationResponse;
  return {
    id: made.id,
    rawId: text(made.rawId),
    type: made.type,
    response: {
      clientDataJSON: text(response.clientDataJSON),
      attestationObject: text(response.attestationObject),
      transports: response.getTransports?.() ?? [],
    },
    clientExtensionResults: {},
  };
}

export function bytes(encoded: string): Uint8Array<ArrayBuffer> {
  const plain = atob(encoded.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (char) => char.charCodeAt(0));
}

export function text(buffer: ArrayBuffer): string {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
