// What a relay declares about a key's money. Unknown is a dash, never zero.

import { fullDate, number, t } from "./i18n.js";

const UNKNOWN = "—";

export function money(amount, currency) {
  if (amount === null || amount === undefined) return UNKNOWN;
  return currency ? `${number(amount)} ${currency}` : number(amount);
}

/** The balance, and the multiplier where it is not one: a line of a list, or null when nothing is declared. */
export function worth(billing) {
  if (!billing || (billing.balance === null && billing.multiplier === null)) return null;
  const rate = billing.multiplier === null ? null : `×${number(billing.multiplier)}`;
  return [billing.balance === null ? null : money(billing.balance, billing.currency), rate].filter(Boolean).join(" · ");
}

/** Both multipliers as a price is said, or a dash. */
export function rates({ multiplier: usual, peak_multiplier: peak }) {
  const [rate, dearest] = [usual, peak].map((value) => (value === null ? UNKNOWN : `×${number(value)}`));
  return peak === null ? rate : t("multiplier.peak", { rate, peak: dearest });
}

/** Names and values for the item in full; `moment` shows a time. */
export function billingFacts(billing, moment) {
  const { balance = null, currency, key_quota: quota = null, key_used: used, expires_at: end } = billing ?? {};
  return [
    [t("balance"), money(balance, currency)],
    [t("multiplier"), multiplier(billing)],
    [t("balance.quota"), quota === null ? null : t("balance.quotaText", { used: money(used), quota: money(quota, currency) })],
    [t("balance.expires"), end ? moment(end, fullDate) : null],
  ];
}

function multiplier(billing) {
  const { multiplier: rate = null, peak_multiplier: peak = null } = billing ?? {};
  if (rate === null) return UNKNOWN;
  return peak === null ? number(rate) : t("multiplier.peak", { rate: number(rate), peak: number(peak) });
}
