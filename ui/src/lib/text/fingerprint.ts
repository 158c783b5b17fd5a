/** Of a certificate error that a person has to judge. */
const CERTIFICATE = /^certificate-/;

export function isCertificateTrouble(code: string | undefined): boolean {
  return code !== undefined && CERTIFICATE.test(code);
}

/** A fingerprint in groups of four, as it is read aloud. */
export function groupsOf(fingerprint: string): string[] {
  return fingerprint.match(/.{1,4}/gsu) ?? [];
}
