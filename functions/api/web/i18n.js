// The page's own words in both languages, and how it writes times. What the API says, the API translates.

const REMEMBERED = "batch-import.language";

const WORDS = {
  title: ["批量导入", "Batch import"],
  skip: ["跳到内容", "Skip to content"],
  "language.other": ["English", "中文"],
  signIn: ["登录", "Sign in"],
  signOut: ["退出登录", "Sign out"],
  token: ["访问令牌", "Access token"],
  "token.hint": [
    "使用 operator 或 viewer 令牌。它只保存在此标签页中，关闭即清除。",
    "An operator or viewer token. It is kept in this tab only, until the tab is closed.",
  ],
  "token.refused": [
    "API 不接受此令牌，请检查是否复制完整。",
    "The API does not accept this token. Check that it is complete and still valid.",
  ],
  "token.missing": ["请输入令牌。", "Enter a token."],

  runs: ["导入批次", "Runs"],
  "runs.hint": [
    "每个批次是一份上游列表，最新的在前。",
    "Each run is one list of relays, newest first.",
  ],
  run: ["批次", "Run"],
  "runs.none": [
    "还没有批次。用 batch-import import 命令或 API 导入一份列表，结果会显示在这里。",
    "No runs yet. Import a list with the batch-import command or the API; its results appear here.",
  ],
  "runs.noMatch": ["没有符合筛选条件的批次。", "No run matches these filters."],
  state: ["状态", "State"],
  mode: ["模式", "Mode"],
  accessMode: ["访问方式", "Access mode"],
  total: ["总数", "Total"],
  completed: ["已完成", "Completed"],
  active: ["可用", "Active"],
  degraded: ["降级", "Degraded"],
  broken: ["损坏", "Broken"],
  warnings: ["警告", "Warnings"],
  started: ["开始", "Started"],
  finished: ["结束", "Finished"],
  took: ["用时 {time}", "took {time}"],
  progress: ["进度", "Progress"],
  "progress.text": ["已完成 {done} / {total}", "{done} of {total} completed"],
  summary: [
    "{state}：已完成 {done} / {total}，可用 {active}，降级 {degraded}，损坏 {broken}，警告 {warnings}",
    "{state}: {done} of {total} completed, {active} active, {degraded} degraded, {broken} broken, {warnings} warned",
  ],
  live: ["运行中，自动刷新", "updates by itself"],
  recentWarnings: ["此批次的警告", "Warnings of this run"],

  cancel: ["取消批次", "Cancel run"],
  "cancel.ask": ["取消此批次？", "Cancel this run?"],
  "cancel.text": [
    "尚未写入宿主的条目将停止；正在处理的条目会安全结束。此操作无法撤销。",
    "Items that are not yet in the host stop; those in flight end safely. This cannot be undone.",
  ],
  "cancel.keep": ["继续运行", "Keep running"],
  "cancel.readOnly": [
    "此令牌只能读取。取消批次需要 operator 令牌。",
    "This token may only read. Cancelling a run takes an operator token.",
  ],
  "cancel.failed": ["未能取消：{reason}", "The run was not cancelled: {reason}"],

  retryFailed: ["重试失败条目", "Retry failed items"],
  "retryFailed.ask": ["重试失败条目？", "Retry the failed items?"],
  "retryFailed.text": [
    "降级和损坏的条目将以相同设置在新批次中重新导入；密钥已清除的条目除外。",
    "Degraded and broken items are imported again in a new run with the same options, if their keys are still held.",
  ],
  "retryFailed.probeKey": ["此批次的 probe_api_key（结束时已清除）", "The run's probe_api_key (erased when it ended)"],
  "retryFailed.keep": ["返回", "Not now"],
  "retryFailed.readOnly": [
    "此令牌只能读取。重试条目需要 operator 令牌。",
    "This token may only read. Retrying items takes an operator token.",
  ],
  "retryFailed.failed": ["未能重试：{reason}", "Nothing was retried: {reason}"],

  filters: ["筛选", "Filters"],
  "filters.clear": ["清除筛选", "Clear filters"],
  any: ["全部", "any"],
  yes: ["是", "yes"],
  no: ["否", "no"],
  unknown: ["未知", "unknown"],
  search: ["搜索", "Search"],
  "search.runs": ["批次、提供方或地址", "run, provider or address"],
  "search.items": ["条目、提供方或地址", "item, provider or address"],

  items: ["条目", "Items"],
  item: ["条目", "Item"],
  "items.none": ["此批次没有条目。", "This run has no items yet."],
  "items.noMatch": ["没有符合筛选条件的条目。", "No item matches these filters."],
  "list.notYet": ["目前查看的范围内没有匹配项。", "No match in what has been looked at so far."],
  "list.more": ["加载更多", "Load more"],
  "list.further": ["继续查找", "Search further"],
  relay: ["上游", "Relay"],
  stage: ["阶段", "Stage"],
  "stage.at": ["阶段 {stage}", "stage {stage}"],
  confirmation: ["确认", "Confirmation"],
  access: ["访问", "Access"],
  account: ["账号", "Account"],
  smokeModel: ["测试模型", "Smoke model"],
  retries: ["重试", "Retries"],
  findings: ["说明", "Findings"],
  hasWarning: ["有警告", "Has warning"],
  providerId: ["提供方 ID", "Provider ID"],
  matched: ["匹配账号", "Matched account"],
  resolution: ["账号处理", "Resolution"],

  close: ["关闭", "Close"],
  fingerprint: ["密钥指纹", "API key fingerprint"],
  lastError: ["最近错误", "Last error"],
  "lastError.at": ["最近错误，阶段 {stage}", "Last error, stage {stage}"],
  advisories: ["提示", "Advisories"],
  decision: ["决定", "Decision"],
  reused: ["沿用已有配置", "Provision reused"],
  reusedProvider: ["沿用自提供方", "Reused from provider"],
  reusedAccount: ["沿用自账号", "Reused from account"],
  platform: ["平台", "Platform"],
  accountId: ["账号 ID", "Account ID"],
  channelId: ["渠道 ID", "Channel ID"],
  lastRetry: ["最近重试", "Last retry"],
  models: ["模型", "Models"],
  requested: ["请求的", "Requested"],
  raw: ["原始 ID", "Raw IDs"],
  normalized: ["规范化", "Normalized"],
  families: ["模型族", "Families"],
  recommended: ["推荐", "Recommended"],
  transport: ["传输能力", "Transport"],
  "transport.none": ["尚未探测。", "Not probed."],
  supports_openai_models: ["模型列表 /v1/models", "Model list /v1/models"],
  supports_openai_chat_completions: ["/v1/chat/completions", "/v1/chat/completions"],
  supports_openai_responses: ["/v1/responses", "/v1/responses"],
  supports_anthropic_messages: ["/v1/messages", "/v1/messages"],
  supports_gemini_generate_content: ["Gemini generateContent", "Gemini generateContent"],
  auth_style: ["认证方式", "Authentication"],
  model_id_style: ["模型 ID 形式", "Model ID style"],
  known_advisories: ["已知提示", "Known advisories"],
  modelProfiles: ["模型能力", "Model profiles"],
  rawModel: ["原始 ID", "Raw ID"],
  family: ["模型族", "Family"],
  stream: ["流式", "Stream"],
  tools: ["工具", "Tools"],
  reasoning: ["推理字段", "Reasoning"],
  smoke: ["测试通过", "Smoke OK"],
  events: ["事件轨迹", "Event trail"],
  "events.hint": ["最早的在前", "oldest first"],
  "events.none": ["还没有事件。", "No events yet."],
  "events.attempt": ["第 {n} 次", "attempt {n}"],

  loading: ["加载中…", "Loading…"],
  retry: ["重试", "Try again"],
  "error.notFound": ["找不到：{reason}", "Not found: {reason}"],
  "error.failed": ["API 返回错误（{status}）：{reason}", "The API answered {status}: {reason}"],
  "error.network": ["无法连接 API，请检查网络。", "The API could not be reached. Check the connection."],
  "error.stale": ["刷新失败，显示的是之前的数据。", "The last refresh failed; what you see may be old."],
};

/** What the API's values are called where it gives no badge: the choices of a filter. Others are shown as they are. */
const VALUES = {
  "matched_account_state.active": ["已启用", "active"],
  "matched_account_state.disabled": ["已停用", "disabled"],
  "matched_account_state.deprecated": ["已弃用", "deprecated"],
  "matched_account_state.broken": ["已损坏", "broken"],
  "account_resolution.created": ["新建", "created"],
  "account_resolution.reused": ["复用", "reused"],
  "account_resolution.reactivated": ["已快速启用", "reactivated"],
  "account_resolution.replaced": ["已替换", "replaced"],
  "has_warning.true": ["是", "yes"],
  "has_warning.false": ["否", "no"],
};

let current = remembered() ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");

function remembered() {
  const found = localStorage.getItem(REMEMBERED);
  return found === "zh" || found === "en" ? found : null;
}

export const language = () => current;

export function switchLanguage() {
  current = current === "zh" ? "en" : "zh";
  localStorage.setItem(REMEMBERED, current);
}

/** The word of `key`, with {names} filled in. */
export function t(key, values = {}) {
  const text = WORDS[key][current === "zh" ? 0 : 1];
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** An enum's value as a reader sees it. */
export function valueText(field, value) {
  return VALUES[`${field}.${value}`]?.[current === "zh" ? 0 : 1] ?? value.replaceAll("_", " ");
}

const locale = () => (current === "zh" ? "zh-CN" : "en-GB");
const format = (iso, options) => new Intl.DateTimeFormat(locale(), options).format(new Date(iso));

export const shortTime = (iso) => format(iso, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
export const clockTime = (iso) => format(iso, { timeStyle: "medium" });
export const fullTime = (iso) => format(iso, { dateStyle: "full", timeStyle: "long" });

/** Hours, minutes and seconds; nothing for less than a second. */
export function duration(from, until) {
  const seconds = Math.round((new Date(until) - new Date(from)) / 1000);
  const parts = { hour: Math.floor(seconds / 3600), minute: Math.floor(seconds / 60) % 60, second: seconds % 60 };
  const write = ([unit, amount]) =>
    new Intl.NumberFormat(locale(), { style: "unit", unit, unitDisplay: "narrow" }).format(amount);
  const some = Object.entries(parts).filter(([, amount]) => amount > 0);
  return some.map(write).join(" ");
}
