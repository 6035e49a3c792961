"""The words that refusals are made of: what they speak of, and what they say of it, in the languages of relays.

A message and a code are read alike: ``model_not_found``, ``ModelNotFound`` and "the model was not found" are the same
words. ``domain/refusals.py`` says which pairs of words mean what.
"""

import re
from functools import cache
from typing import NamedTuple

GAP = 48  # characters between two words of one sentence that belong together


class Words(NamedTuple):
    """Regular expressions on the text as ``sentences`` gives it: ``words`` where a word begins, ``parts`` anywhere."""

    meaning: str
    words: str
    parts: str = ""

    @property
    def expression(self) -> str:
        return rf"\b(?:{self.words})" + (f"|{self.parts}" if self.parts else "")


VOCABULARY: tuple[Words, ...] = (
    # --- what refusals speak of
    Words(
        "model",
        r"model ?(?:code|id|name)s?\b|deployments?\b|modell\w*|modelos?\b|modello\b|модел\w*|modèles?\b"
        r"|modelu\b|modeli\b",
        r"(?<!v1[ /])\bmodels?\b(?!=| agents?\b| providers?\b(?! for\b))|模型(?!网关|厂商|平台|供应|提供)|モデル|모델"
        r"|mô hình|نموذج|โมเดล",
    ),
    Words(
        "key",
        r"(?:api ?)?keys?\b|[as]k\b|credentials?\b|auth\b|(?:authentica|certifica)tion\b"
        r"|authori[sz]ation\b|authenticate\b|bearer\b|signature\b|clave\b|chave\b|chiave\b|clé\b|ключ\w*"
        r"|токен\w*|anahtar\w*|klucz\w*|sleutel\b|kunci\b|jetons?\b",
        r"(?<!max )(?<!unexpected )(?<!per )\btoken\b|令牌|密钥|秘钥|密匙|金钥|权杖|鉴权|认证|凭[证据]"
        r"|身份验证|登录|(?<!块)(?<!块的)签名|schlüssel|キー|トークン|인증|키|khóa|مفتاح|คีย์|토큰",
    ),
    Words(
        "header",  # that shows the key
        r"(?:authori[sz]ation|auth)\W{1,3}header\b|header\W{1,3}authori[sz]ation\b",
    ),
    Words(
        "account",
        r"users?\b|accounts?\b|reseller\b|app\b|organi[sz]ations?\b|workspace\b|team\b|tenant\b|customer\b"
        r"|consumer\b|member\b|konto\b|compte\b|cuenta\b|conta\b|аккаунт\w*|hesap\w*|kont[oa]\b|akun\b"
        r"|обліков\w*|utilisateur\b|пользовател\w*|usu[aá]rio\b",
        r"用户|使用者|账号|账户|帐户|帐号|アカウント|계정|tài khoản|الحساب|ユーザー|사용자|người dùng",
    ),
    Words(
        "group",
        r"group\b",
        r"分组",
    ),
    Words(
        "money",
        r"balance\b|package\b|tokens? (?:left|remaining)\b|(?:max|maximum|total) cost\b|trial\b|credits?\b"
        r"|funds?\b|wallet\b|money\b|points\b|spend(?:ing)?\b|budgets?\b|saldo\b|solde\b|fondos\b|bakiye\b|créditos?\b|crédits?\b|баланс\w*"
        r"|средств\w*|кредит\w*|tiền\b|środk\w*|tegoed\b|kredi\w*|кошт\w*",
        r"guthaben|余额|额度|套餐流量|套餐包|流量包|加油包|点数|积分|次数|余量|算力|资源包|资金|残高|クレジット|잔액|크레딧"
        r"|số dư|رصيد|เครดิต",
    ),
    Words(
        "quota",
        r"quotas?\b|allowance\b|kontingent\b|cuota\b|cota\b|квот\w*",
        r"配额|クォータ|할당량|hạn mức",
    ),
    Words(
        "limit",
        r"limit\w*|cap\b|usage\b|limite\b|лимит\w*|límite\b|limiet\b|batas\b|liczb\w*",
        r"用量|上限|限额|限制|费用|超限|制限|제한|한도",
    ),
    Words(
        "window",
        r"daily\b|(?:per|a|this) day\b|days?\b|hours?\b|hourly\b|weekly\b|today\b|session\b|täglich\w*"
        r"|(?:еже)?(?:дневн|недельн)\w*|часов\w*|günlük\b|dzienn\w*|dagelijks\w*|harian\b",
        r"[每单](?:日|天)|时段|今日|当日|当天|[每本]?周(?:消费|限|额)|每周|本周|小时|1日|\d ?時間|[日週]次|毎日"
        r"|일일|오늘|매일",
    ),
    Words(
        "month",  # of a limit, or of money that was paid for
        r"monthly\b|(?:per|this) month\b|(?:еже)?месячн\w*|monatlich\w*|mensuel\w*|mensual\w*",
        r"每月|本月|月消费|月次",
    ),
    Words(
        "plan",
        r"subscriptions?\b(?! key)|plans?\b|membership\b|trial\b|abo\b|abonnement\b|assinatura\b"
        r"|suscripción\b|подписк\w*",
        r"试用|包月|月卡|卡密|套餐|订阅|会员|구독",
    ),
    Words(
        "place",
        r"ips?\b|ip address\b|country\b|regions?\b|territory\b|location\b|firewall\b"
        r"|(?:virtual )?network\b|geo\w*|vnet\b|cidr\b|subnet\b|vpn\b|access control list\b|hosts?\b"
        r"|origin\b|domain\b(?!\")|where you are\b|land\b|pays\b|регион\w*|стран\w*|país\b|ülke\w*|kraj\w*"
        r"|negara\b|країн\w*",
        r"地区|区域|国家|所在地|[国境]内|境外|海外|访问来源|地域|お住まいの国|国や地域|지역",
    ),
    Words(
        "client",
        r"third party\b|gemini cli\b|user agent\b|ua\b|browsers?\b|open ?code\b|cline\b"
        r"|(?:roo|kilo|qwen) ?code\b|coding (?:agents?|tools?|plan|clients?)\b|(?:cli|ide)\b(?! tokens?\b)",
        r"(?<!unauthorized )(?<!gen lang )\bclients?\b(?! (?:error|exception|id)\b)"
        r"|(?<!provider )\b(?:codex|claude code)\b(?! (?:provider|channel|account|upstream|backend)s?\b)"
        r"(?! (?:号池|账号|渠道|通道|上游))"
        r"|客户端|第三方|クライアント",
    ),
    Words(
        "upstream",
        r"upstreams?\b|channels?\b|backends?\b|targets?\b|(?:account|cookie|token|key)s? pool\b|canal\b"
        r"|канал\w*|kênh\b",
        r"(?<!inference )\bproviders?\b|模型(?:网关|厂商)|渠道|通道|管道|上游|供应商|服务商|货源|号池|チャン?ネル"
        r"|アップストリーム|채널|업스트림",
    ),
    Words(
        "content",
        r"contents?\b|contain\w*|prompts?\b|inputs?\b|outputs?\b|requests?\b|messages?\b|conversation\b",
        r"内容|输入|输出|提示词",
    ),
    Words(
        "parameter",
        r"param(?:eter)?s?\b|fields?\b|arguments?\b",
        r"参数|字段",
    ),
    Words(
        "feature",  # of a request
        r"(?<!fast )(?<!\d )reasoning(?: effort)?\b|thinking (?:mode|budget|type)\b|tool choice\b|response format\b"
        r"|json (?:mode|schema)\b",
        r"参数",
    ),
    Words(
        "yours",
        r"you(?:r|rs|'ve|'re)?\b",
        r"[您你]",
    ),
    # --- what they say of it
    Words(
        "offends",
        r"violat\w* (?:\w+ ){0,3}(?:polic\w+|guidelines?)\b|flagged\b|inappropriate\b|unsafe\b|sensitive\b"
        r"|harmful\b|prohibited content\b",
        r"违规|违反|敏感|不当",
    ),
    Words(
        "absent",
        r"not (?:be |been |yet )*(?:found|exist\w*|available|present|listed|recogni[sz]ed|configured"
        r"|deployed|served|provided|registered|installed|activated|mapped|offer\w*|open\w*|accessible"
        r"|supplied|specified|set|submitted|associated)\b"
        r"|not find\b|unable to (?:find|infer|resolve|locate|determine)\b|no such\b"
        r"|no\b(?= (?:\w+ ){0,2}(?:model|key|token|auth\w*|credentials?|deployments?|providers?"
        r"|upstreams?)\b)"
        r"|unknown\b|unrecogni[sz]ed\b|non ?existent\b|missing\b"
        r"|required\b(?! (?:\w+ )?(?:permission|scope|role|field|parameter|action))|no longer\b|empty\b"
        r"|existiert nicht|fehlt\b|introuvable|indisponible|n'existe pas|manquante?\b"
        r"|non (?:trovato|esiste)|не (?:найден\w*|существует)|недоступ\w*|отсутств\w*"
        r"|nicht (?:gefunden|verfügbar|vorhanden)|no (?:está )?(?:encontrad\w|existe|disponible)"
        r"|não (?:encontrad\w|existe|disponível)|bulunamadı|nie (?:istnieje|znaleziono)|niet gevonden"
        r"|bestaat niet|tidak ditemukan|не (?:існує|знайдено)",
        r"n't (?:be )?(?:found|exist\w*|available)\b|不存在|未找到|找不到|未配置|未提供|缺少"
        r"|没有(?:找到|匹配|有效)|无可用|没有可用|暂无|为空|未启用(?!.{0,12}权限)|未上线|見つかりません"
        r"|存在しません|利用(?:できません|いただけません)|찾을 수 없|존재하지 않"
        r"|không (?:tồn tại|tìm thấy)|غير موجود|ไม่พบ",
    ),
    Words(
        "away",
        r"unavailable\b|degraded\b|unhealthy\b|unreachable\b|not (?:ready|loaded)\b|is down\b",
        r"不可用",
    ),
    Words(
        "denied",
        r"not (?:\w+ )?(?:support\w*|accept\w*|allow\w*|permit\w*|authori[sz]ed|enabled|entitled|eligible"
        r"|included?|cover\w*|purchased|whitelisted|in (?:the )?(?:\w+ )?(?:(?:allow|white)?list\w*"
        r"|allow\w*))"
        r"|n't (?:\w+ )?(?:support|allow|include|cover|permit)|unsupported|denied\b|denies\b|forbidden\b"
        r"|no (?:access|permission|right)|can ?not access\b"
        r"|n[o']t have (?:\w+ ){0,3}(?:access|permission|right)|unpurchased\b|restrict\w*|blocked\b"
        r"|prohibited\b|rejected\b|unauthori[sz]ed\b|lacks?\b|is gated\b|gated behind\b|not welcome\b"
        r"|agree\b"
        r"|requires? (?:an? )?(?:\w+ ){0,3}(?:subscription|plan|verif\w*|upgrade|account|access|terms"
        r"|grant|paid|tier|newer|opt in)\b"
        r"|insufficient permission|keine berechtigung|не (?:входит|в (?:белом )?списке)|запрещ\w*"
        r"|nicht (?:unterstützt|erlaubt|berechtigt|freigegeben)"
        r"|non (?:pris en charge|autorisé\w*|supporté\w*)"
        r"|no (?:está )?(?:permitid\w|soportad\w|autorizad\w)|não (?:permitid\w|suportad\w|autorizad\w)"
        r"|desteklenmiyor|yetkiniz yok|nie (?:jest )?(?:obsługiwan\w*|dozwolon\w*)"
        r"|niet (?:ondersteund|toegestaan)|tidak (?:didukung|diizinkan)|не підтриму\w*"
        r"|pas (?:d')?(?:accès|de permission|autorisé\w*)|n'autorise pas|accès à aucun|не имеет доступа"
        r"|нет (?:прав|доступа)|não tem acesso|sem permissão|no tiene acceso|sin permiso"
        r"|no (?:está )?inclu\w+|não (?:está )?inclu\w+|non (?:è )?inclus\w|pas inclus\w*|nicht enthalten"
        r"|dahil değil|не (?:включ|предусмотр)\w*|không bao gồm|tidak termasuk|nie obejmuje",
        r"无权|无权限|没有权限|无法(?:处理|使用)|不包?含|未绑定|不在.{0,8}(?:白名单|范围|许可)|不支持|不允许|不能(?:使用|在|用)|不可(?:使用|用于)|禁止"
        r"|请勿|不得|未开通|未授权|未开放|拒绝|阻止|受限|被限制|[无没].{0,8}权限"
        r"|не (?:поддержив|разреш)\w*|サポートされていません|許可されていません|対応していません"
        r"|지원하지 않|허용되지|không (?:được )?(?:hỗ trợ|phép)|アクセス(?:権が)?(?:ありません|できません)"
        r"|権限がありません|권한이 없|không có quyền",
    ),
    Words(
        "needed",
        r"requires?\b|required\b|subscribe to\b|needs?\b|needed\b|benötigt\w*",
        r"需要|须",
    ),
    Words(
        "off",
        r"disabled\b|deactivated\b|deprecated\b|decommission\w*|retired\b|sunset\b|discontinued\b"
        r"|removed\b|deleted\b|expired?\b|revoked\b|suspended\b|banned\b|b(?:lack|lock)listed\b"
        r"|terminated\b|offline\b|inactive\b|under review\b|(?:is|are) over\b|blocked\b|not active\b"
        r"|cancell?ed\b|restricted\b(?! to\b)|archived\b|(?:reached|at) (?:its|the) end\b"
        r"|end of (?:\w+ )?life\b|frozen\b|locked\b|closed\b|rotated\b|ended\b|revo[ck]ad\w|revogad\w|révoquée?\b"
        r"|widerrufen|отозван\w*|iptal\b|thu hồi|dicabut\b|unieważnion\w*|ingetrokken\b"
        r"|abgelaufen|gesperrt|deaktiviert|caducad\w|expirad\w|expirée?\b|ист[её]к\w*|заблокирован\w*"
        r"|отключ\w*|süresi dol\w*|wygasł\w*|verlopen\b|geblokkeerd|kedaluwarsa|diblokir|hết hạn"
        r"|désactivée?\b|bannie?\b|expirou\b|des(?:ativ|habilit)ad\w|banid\w|bloquead\w|ban\b"
        r"|bị (?:cấm|khóa)",
        r"停用|禁用|停止服务|审核中|待审核|非活动|未激活|吊销|撤销|注销|作废|锁定|移除|下线|下架|封禁|被封"
        r"|过期|失效|到期|已删除|被删除|冻结|期限(?:が)?切れ|만료|منتهي|หมดอายุ|無効化|차단|비활성화"
        r"|vô hiệu hóa",
    ),
    Words(
        "bad",
        r"invalid\w*|incorrect\w*|misspell?\w*|wrong\b|bad\b|illegal\b|malformed\b|not (?:a )?valid\b"
        r"|not in the (?:\w+ )?format\b|leaked\b|compromised\b|not be (?:validated|verified)"
        r"|(?:another|different) (?:project|account|organi[sz]ation|workspace|team|tenant|user|product"
        r"|service|region|environment)\b"
        r"|falsch\w*|invalide\w*|incorrecta?\b|non valid\w|inconnue?\b|ungültig\w*|inválid\w*"
        r"|no (?:es )?válid\w|неверн\w*|недействит\w*|неправильн\w*|некоррект\w*|geçersiz\w*|hatalı\b"
        r"|nieprawidłow\w*|nieważn\w*|ongeldig\w*|tidak (?:valid|sah)|недійсн\w*|недопустим\w*",
        r"n[o']t match\b|不属于|不匹配|有误|写错|错误|不正确|无效|非法|不合法|状态不可用|無効(?!化)|不正"
        r"|正しくありません|유효하지|잘못된|không hợp lệ|غير صالح|ไม่ถูกต้อง",
    ),
    Words(
        "failed",
        r"fail(?:ed|s|ure)?\b|can(?:'t|not| not) (?:decode|parse|read)\b|error\b|returned\b"
        r"|(?:stream|connection) closed\b|fehlgeschlagen|échou\w*|ошибк\w*",
        r"返回空|失败|异常",
    ),
    Words(
        "spent",
        r"insufficient\b|not (?:\w+ )?(?:enough|sufficient|have any)|too low\b|exhausted\b|depleted\b"
        r"|used up\b|used all\b|exceed(?:ed|s)?\b|run out\b|ran out\b|out of\b|no (?:more |remaining )?"
        r"|n't have any\b|zero\b|negative\b|reached\b|hit\b|empty\b|low\b|aufgebraucht"
        r"|nicht (?:genug|ausreichend)|kein\b|insuffisant\w*|insuficiente\w*|agotad\w|esgotad\w|sin\b"
        r"|insufficient[ei]|yetersiz|erschöpft|épuisé\w*|недостат(?:очно|ньо)|вичерпан\w*|исчерпан\w*"
        r"|закончил\w*|превышен\w*|hết\b|tükendi|aşıldı|niewystarczając\w*|wyczerpan\w*|przekroczon\w*"
        r"|onvoldoende|overschreden|tidak (?:cukup|mencukupi)|habis\b|terlampaui",
        r"不足|用尽|耗尽|[用耗][完光]|已尽|为0|为零|不够|过低|超出|超过|达到|欠|到達|超過|使い切|達し|超え"
        r"|부족|소진|không đủ|초과|غير كاف|ไม่เพียงพอ",
    ),
    Words(
        "only",
        r"only\b|limited to\b|official\b|must (?:be|come from)\b|please use\b|please switch\b|outside of\b",
        r"仅|只|之外|以外|请使用|请在|请通过|限定|专用|専用",
    ),
)

_TRADITIONAL = str.maketrans(
    "額餘點積訂閱賬戶號鑰認證鑑鑒權組應貨務錯誤無沒過刪凍結鎖達區國請頻並併發訪問斷攔擊為護維時暫關閉敗異"
    "統內滿飽載負費單儲啟開許絕購買資數據會員實驗碼錄陸徑線絡網設備聯檢確試種類讓該這當態狀寫壞節個們從與"
    "對進還夠體轉換適價預現產終僅專須將級續執總計記處緩隊擁擠條規則輸帳後複復參長詞語頁銷係繫監測幣質週滾視漸釋",
    "额余点积订阅账户号钥认证鉴鉴权组应货务错误无没过删冻结锁达区国请频并并发访问断拦击为护维时暂关闭败异"
    "统内满饱载负费单储启开许绝购买资数据会员实验码录陆径线络网设备联检确试种类让该这当态状写坏节个们从与"
    "对进还够体转换适价预现产终仅专须将级续执总计记处缓队拥挤条规则输帐后复复参长词语页销系系监测币质周滚视渐释",
)
_SCRIPTS = re.compile(r"(?<=[a-z\d])(?=[\u3040-\u9fff\uac00-\ud7af])|(?<=[\u3040-\u9fff\uac00-\ud7af])(?=[a-z\d])")
_FIELD = re.compile(r'"@?[A-Za-z_]+": ')  # the name of one, where an error's text is JSON
_URL = re.compile(r"\b(?:https?://|www\.)\S+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_JOINT = re.compile(r"(?<=[^\W\d_])[-.](?=[^\W\d_])|_")
_END = re.compile(r"[.!?;](?=\s|$)|[。！？；，]|, *(?=please|check|make sure)")
_BLAND = re.compile(
    r"\binvalid (?:\w+ )?(?:response|answer|content|output)\b"
    r"|\b(?:invalid|bad|malformed) (?:input )?(?:request|argument|gateway)(?: error)?\b|\b\w*(?:api|server) error\b"
    r"|\brequest (?:was |has been )?(?:blocked|rejected)\b"
    r"|\b(?:no fallback|received) model group\b.*"  # LiteLLM, behind any error
)
_ADVICE = re.compile(
    r"\W*(?:to \w+(?: \w+){0,4}, ?)?(?:please |kindly |you (?:can|may|should) |bitte |veuillez )?"
    r"(?:check|verify|make sure|ensure|visit|see\b"
    r"|refer|learn more|contact|read\b|consult|find\b|review|manage|if you|(?:über)?prüfen|vérifi)"
    r"|\W*请?(?:检查|确认|核对|联系|参考|查看|阅读)"
)


def without_addresses(text: str) -> str:
    return _URL.sub(" ", text)


def plain(text: str) -> str:
    """In small letters, with simplified characters and straight apostrophes."""
    return text.lower().replace("\u2019", "'").translate(_TRADITIONAL)


def sentences(text: str, model: str = "") -> list[str]:
    """``text`` without addresses and in small letters, names of several words taken apart, by sentence or line.

    The model that was asked for is called "model". Advice is left out where something else is said.
    """
    if len(model) > 2:
        named = rf"(model\w*[\s=:`'\"]+)?(?<!\w){re.escape(model)}(?!\w)"
        text = re.sub(named, lambda found: found[1] or " model ", text, flags=re.IGNORECASE)
    text = plain(_HUMP.sub(" ", _FIELD.sub(" ", without_addresses(text))))
    text = _SCRIPTS.sub(" ", _JOINT.sub(" ", text))
    lines = [_BLAND.sub(" ", line) for line in _END.sub("\n", text).splitlines()]
    said = [line for line in lines if line.strip() and not _ADVICE.match(line)]
    return said or lines


@cache
def _compiled() -> dict[str, re.Pattern[str]]:
    return {each.meaning: re.compile(each.expression.translate(_TRADITIONAL)) for each in VOCABULARY}


class Meanings(dict[str, list[tuple[int, int]]]):
    """Where each meaning's words stand in a sentence; they are looked for when they are asked for."""

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self._sentence = sentence

    def __missing__(self, meaning: str) -> list[tuple[int, int]]:
        found = [found.span() for found in _compiled()[meaning].finditer(self._sentence)]
        return self.setdefault(meaning, found)
