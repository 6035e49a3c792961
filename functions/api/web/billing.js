// What a relay declares about a key's money. Unknown is a dash, never zero.

import { fullDate, number, t } from "./i18n.js";

const UNKNOWN = "—";

export function money(amount, currency) {
  if (amount === null || amount === undefined) return UNKNOWN;
  return currency ? `${number(amount)} ${currency}` : number(amount);
}

/** The balance and the multipliers: a line of a list, or null when none is declared. */
export function worth(billing) {
  if (!billing) return null;
  return [money(billing.balance, billing.currency), rates(billing)].filter((text) => text !== UNKNOWN).join(" · ") || null;
}

/** Both multipliers as a price is said, or a dash. */
export function rates({ multiplier: usual = null, peak_multiplier: peak = null }) {
  const [rate, dearest] = [usual, peak].map((value) => (value === null ? UNKNOWN : `×${number(value)}`));
  return peak === null ? rate : t("multiplier.peak", { rate, peak: dearest });
}

/** Names and values for the item in full; `moment` shows a time. */
export function billingFacts(billing, moment) {
  const { balance = null, currency, key_quota: quota = null, key_used: used, expires_at: end } = billing ?? {};
  return [
    [t("balance"), money(balance, currency)],
    [t("multiplier"), rates(billing ?? {})],
    [t("balance.quota"), quota === null ? null : t("balance.quotaText", { used: money(used), quota: money(quota, currency) })],
    [t("balance.expires"), end ? moment(end, fullDate) : null],
  ];
}
