import type { MessageKey } from '../i18n/keys';
import type { ApiError } from '../rpc/generated/ApiError';
import type { ErrorCode } from '../rpc/generated/ErrorCode';
import type { ConnectionView } from '../rpc/generated/ConnectionView';
import { isCertificateTrouble } from '../text/fingerprint';

/** Short losses are nobody's business: the banner comes after this long. */
export const QUIET_MS = 3_000;

/** After these the password is asked for; each has a sentence of its own. */
const PASSWORD_REASONS: Partial<Record<ErrorCode, MessageKey>> = {
  'wrong-password': 'connection.password',
  'sign-in-expired': 'connection.expired',
  'sign-in-downgraded': 'connection.downgraded',
};

/** Messages that wait are not promised to go out then. */
const CLOSED_REASONS: Partial<Record<ErrorCode, MessageKey>> = {
  'account-removed': 'connection.removed',
  'account-disabled': 'connection.disabled',
};

/** Whether the server hears us. */
export function isConnected(view: ConnectionView): boolean {
  return view.state === 'online' || view.state === 'catching-up';
}

/** The connection of one account, and whether it is worth a banner. */
export class Connection {
  #view = $state.raw<ConnectionView>({ state: 'connecting' });
  #overdue = $state(false);
  #times = $state(0);
  #now = $state(Date.now());
  #quietTimer: ReturnType<typeof setTimeout> | undefined;
  #countdown: ReturnType<typeof setInterval> | undefined;

  get view(): ConnectionView {
    return this.#view;
  }

  /** How often it came to be: what could not be had before may be had now. */
  get times(): number {
    return this.#times;
  }

  /** Why the password has to be typed again, if it has to. */
  get passwordReason(): MessageKey | null {
    if (this.#view.state !== 'offline' || !this.#view.error) return null;
    return PASSWORD_REASONS[this.#view.error.code] ?? null;
  }

  /** Whether the account waits for the right password. */
  get needsPassword(): boolean {
    return this.passwordReason !== null;
  }

  /** What only somebody else can mend: the account is closed or locked. */
  get closedReason(): MessageKey | null {
    if (this.#view.state !== 'offline' && this.#view.state !== 'waiting') return null;
    return (this.#view.error && CLOSED_REASONS[this.#view.error.code]) ?? null;
  }

  /** The server does not prove itself: why, for a person to judge. */
  get certificateTrouble(): ApiError | null {
    const error = 'error' in this.#view ? this.#view.error : null;
    return isCertificateTrouble(error?.code) ? error : null;
  }

  get bannerVisible(): boolean {
    // What only the person can mend is said at once.
    return (
      this.needsPassword ||
      this.closedReason !== null ||
      this.certificateTrouble !== null ||
      this.#overdue
    );
  }

  /** Whole seconds until the next try; null when none is planned. */
  get secondsToRetry(): number | null {
    if (this.#view.state !== 'waiting') return null;
    return Math.max(0, Math.ceil((this.#view.retry_at_ms - this.#now) / 1000));
  }

  update(view: ConnectionView): void {
    if (view.state === 'online' && this.#view.state !== 'online') this.#times += 1;
    this.#view = view;
    if (isConnected(view)) {
      clearTimeout(this.#quietTimer);
      this.#quietTimer = undefined;
      this.#overdue = false;
    } else if (this.#quietTimer === undefined) {
      // Counted from the loss, however often the state changes in between.
      this.#quietTimer = setTimeout(() => {
        this.#overdue = true;
      }, QUIET_MS);
    }
    clearInterval(this.#countdown);
    if (view.state === 'waiting') {
      this.#now = Date.now();
      this.#countdown = setInterval(() => {
        this.#now = Date.now();
      }, 1000);
    }
  }

  close(): void {
    clearTimeout(this.#quietTimer);
    clearInterval(this.#countdown);
  }
}
