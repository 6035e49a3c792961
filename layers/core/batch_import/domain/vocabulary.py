"""The words that refusals are made of: what they speak of, and what they say of it, in the languages of relays.

A message and a code are read alike: ``model_not_found``, ``ModelNotFound`` and "the model was not found" are the same
words. ``domain/refusals.py`` says which pairs of words mean what.
"""

import re
from functools import cache
from typing import NamedTuple

GAP = 48  # characters between two words of one sentence that belong together


class Words(NamedTuple):
    meaning: str
    words: str  # a regular expression on the text as ``sentences`` gives it


VOCABULARY: tuple[Words, ...] = (
    # --- what refusals speak of
    Words(
        "model",
        r"(?<!v1[ /])\bmodels?\b(?!=| agents?\b)|\bmodel ?(?:code|id|name)s?\b|\bdeployments?\b|\bmodell\w*"
        r"|\bmodelos?\b"
        r"|\bmodello\b"
        r"|模型"
        r"|モデル|모델|\bмодел\w*|\bmodèles?\b|mô hình"
        r"|\bmodelu\b|\bmodeli\b|نموذج|โมเดล",
    ),
    Words(
        "key",
        r"\b(?:api ?)?keys?\b|\b[as]k\b|(?<!max )(?<!unexpected )(?<!per )\btoken\b|\bcredentials?\b|\bauth\b"
        r"|\b(?:authentica|certifica)tion\b|\bauthori[sz]ation\b|\bauthenticate\b|\bbearer\b|\bsignature\b|\bclave\b"
        r"|\bchave\b|\bchiave\b"
        r"|令牌|密钥|秘钥|密匙|金钥|权杖|鉴权|认证|凭[证据]|身份验证|登录|(?<!块)(?<!块的)签名"
        r"|schlüssel|\bclé\b|\bключ\w*|\bтокен\w*|キー|トークン|인증|키|khóa"
        r"|\banahtar\w*|\bklucz\w*|\bsleutel\b|\bkunci\b|مفتاح|คีย์",
    ),
    Words(
        "account",
        r"\busers?\b|\baccounts?\b|\breseller\b|\bapp\b|\borgani[sz]ations?\b|\bworkspace\b|\bteam\b|\btenant\b"
        r"|\bcustomer\b|\bconsumer\b"
        r"|\bmember\b|\bkonto\b|\bcompte\b|\bcuenta\b|\bconta\b"
        r"|用户|使用者|账号|账户|帐户|帐号"
        r"|アカウント|\bаккаунт\w*|계정|tài khoản"
        r"|\bhesap\w*|\bkont[oa]\b|\bakun\b|\bобліков\w*|الحساب",
    ),
    Words(
        "group",
        r"\bgroup\b"
        r"|分组",
    ),
    Words(
        "money",
        r"\bbalance\b|\btrial\b|\bcredits?\b|\bfunds?\b|\bwallet\b|\bmoney\b|\bpoints\b|\bspend(?:ing)?\b|\bbudgets?\b"
        r"|guthaben|\bsaldo\b|\bsolde\b|\bfondos\b|\bbakiye\b"
        r"|余额|额度|套餐流量|点数|积分|次数|余量|算力|资源包|资金|残高"
        r"|クレジット|\bcréditos?\b|\bcrédits?\b|\bбаланс\w*|\bсредств\w*|\bкредит\w*|잔액|크레딧|số dư"
        r"|\btiền\b|\bśrodk\w*|\btegoed\b|\bkredi\w*|\bкошт\w*|رصيد|เครดิต",
    ),
    Words(
        "quota",
        r"\bquotas?\b|\ballowance\b|\bkontingent\b|\bcuota\b|\bcota\b"
        r"|配额"
        r"|\bквот\w*|クォータ|할당량",
    ),
    Words(
        "limit",
        r"\blimit\w*|\bcap\b|\busage\b|\blimite\b"
        r"|用量|上限|限额|限制|费用|超限|制限"
        r"|\bлимит\w*|\blímite\b|제한|한도"
        r"|\blimiet\b|\bbatas\b|\bliczb\w*",
    ),
    Words(
        "window",
        r"\bdaily\b|\b(?:per|a|this) day\b|\bdays?\b|\bhours?\b|\bhourly\b|\bweekly\b|\btoday\b|\bsession\b"
        r"|[每单](?:日|天)|今日|当日|当天|[每本]?周(?:消费|限|额)|每周|本周|小时|1日|\d ?時間|[日週]次|毎日"
        r"|\btäglich\w*|\b(?:еже)?(?:дневн|недельн)\w*|\bчасов\w*"
        r"|일일|오늘|매일|\bgünlük\b|\bdzienn\w*|\bdagelijks\w*|\bharian\b",
    ),
    Words(
        "month",  # of a limit, or of money that was paid for
        r"\bmonthly\b|\b(?:per|this) month\b"
        r"|每月|本月|月消费|月次|\b(?:еже)?месячн\w*"
        r"|\bmonatlich\w*|\bmensuel\w*|\bmensual\w*",
    ),
    Words(
        "plan",
        r"\bsubscriptions?\b(?! key)|\bplans?\b|\bmembership\b|\btrial\b|\babo\b|\babonnement\b|\bassinatura\b"
        r"|试用|包月|月卡|卡密|套餐|订阅|会员"
        r"|\bsuscripción\b|\bподписк\w*|구독",
    ),
    Words(
        "place",
        r"\bips?\b|\bip address\b|\bcountry\b|\bregions?\b|\bterritory\b|\blocation\b|\bfirewall\b"
        r"|\b(?:virtual )?network\b|\bgeo\w*|\bvnet\b|\bcidr\b|\bsubnet\b|\bvpn\b|\baccess control list\b|\bhosts?\b"
        r"|\borigin\b|\bdomain\b|\bwhere you are\b|\bland\b|\bpays\b"
        r"|地区|区域|国家|所在地|地域|お住まいの国"
        r"|\bрегион\w*|\bстран\w*|\bpaís\b|国や地域|지역"
        r"|\bülke\w*|\bkraj\w*|\bnegara\b|\bкраїн\w*",
    ),
    Words(
        "client",
        r"(?<!unauthorized )\bclients?\b(?! (?:error|exception|id)\b)|\bthird party\b|\bcodex\b|\bclaude code\b"
        r"|\bgemini cli\b"
        r"|\buser agent\b|\bua\b|\bbrowsers?\b|\bopen ?code\b|\bcline\b|\b(?:roo|kilo|qwen) ?code\b"
        r"|\bcoding (?:agents?|tools?|plan|clients?)\b|\b(?:cli|ide)\b(?! tokens?\b)"
        r"|客户端|第三方"
        r"|クライアント",
    ),
    Words(
        "upstream",
        r"\bupstreams?\b|\bproviders?\b|\bchannels?\b|\bbackends?\b|\btargets?\b|\b(?:account|cookie|token"
        r"|key)s? pool\b"
        r"|渠道|通道|管道|上游|供应商|服务商|货源|号池",
    ),
    # --- what they say of it
    Words(
        "absent",
        r"\bnot (?:be )?(?:found|exist\w*|available|present|listed|recogni[sz]ed|configured|deployed|served"
        r"|provided|registered|installed|activated|mapped|offer\w*|open\w*|accessible|supplied|specified|set)\b"
        r"|\bnot find\b"
        r"|\bunable to (?:find|infer|resolve|locate|determine)\b"
        r"|n't (?:be )?(?:found|exist\w*|available)\b|\bno such\b"
        r"|\bno\b(?= (?:\w+ ){0,2}(?:model|key|token|auth\w*|credentials?|deployments?|providers?|upstreams?)\b)"
        r"|\bunknown\b"
        r"|\bunrecogni[sz]ed\b|\bnon ?existent\b|\bmissing\b"
        r"|\brequired\b(?! (?:\w+ )?(?:permission|scope|role|field|parameter|action))|\bno longer\b|\bempty\b"
        r"|\bexistiert nicht|\bfehlt\b|\bintrouvable|\bindisponible|\bn'existe pas|\bmanquante?\b"
        r"|\bnon (?:trovato|esiste)"
        r"|不存在|未找到|找不到|未配置|未提供|缺少|没有找到|没有有效|无可用|没有可用|为空|未启用|未上线"
        r"|\bне (?:найден\w*|существует)|\bнедоступ\w*|\bотсутств\w*|\bnicht (?:gefunden|verfügbar|vorhanden)"
        r"|\bno (?:está )?(?:encontrad\w|existe|disponible)|\bnão (?:encontrad\w|existe|disponível)|見つかりません"
        r"|存在しません|利用(?:できません|いただけません)|찾을 수 없|존재하지 않|không (?:tồn tại|tìm thấy)"
        r"|\bbulunamadı|\bnie (?:istnieje|znaleziono)|\bniet gevonden|\bbestaat niet|\btidak ditemukan"
        r"|\bне (?:існує|знайдено)|غير موجود|ไม่พบ",
    ),
    Words(
        "away",
        r"\bunavailable\b|\bdegraded\b|\bunhealthy\b|\bunreachable\b|\bnot (?:ready|loaded)\b|\bis down\b"
        r"|不可用",
    ),
    Words(
        "denied",
        r"\bnot (?:\w+ )?(?:support\w*|accept\w*|allow\w*|permit\w*|authori[sz]ed|enabled|entitled|eligible|included?"
        r"|cover\w*|purchased|whitelisted|in (?:the )?(?:\w+ )?(?:(?:allow|white)?list\w*|allow\w*))"
        r"|\bn't (?:\w+ )?(?:support|allow|include|cover|permit)|\bunsupported|\bdenied\b|\bdenies\b|\bforbidden\b"
        r"|\bno (?:access|permission|right)|\bcan ?not access\b|\bn[o']t have (?:\w+ ){0,3}(?:access|permission"
        r"|right)|\bunpurchased\b"
        r"|\brestrict\w*|\bblocked\b|\bprohibited\b|\brejected\b|\bunauthori[sz]ed\b|\blacks?\b|\bis gated\b"
        r"|\bgated behind\b|\bnot welcome\b|\bagree\b"
        r"|\brequires? (?:an? )?(?:\w+ ){0,3}(?:subscription|plan|verif\w*|upgrade|account|access|terms|grant|paid"
        r"|tier|newer|opt in)\b|\binsufficient permission|\bkeine berechtigung"
        r"|无权|无权限|没有权限|无法(?:处理|使用)|不支持|不允许|不能(?:使用|在|用)|不可(?:使用|用于)|禁止|请勿|不得|未开通|未授权|未开放|拒绝|阻止|受限"
        r"|被限制|[无没].{0,8}权限"
        r"|не (?:поддержив|разреш)\w*|\bне (?:входит|в (?:белом )?списке)|\bзапрещ\w*"
        r"|\bnicht (?:unterstützt|erlaubt|berechtigt|freigegeben)"
        r"|\bnon (?:pris en charge|autorisé\w*|supporté\w*)|\bno (?:está )?(?:permitid\w|soportad\w|autorizad\w)"
        r"|\bnão (?:permitid\w|suportad\w|autorizad\w)|サポートされていません|許可されていません|対応していません"
        r"|지원하지 않|허용되지|không (?:được )?(?:hỗ trợ|phép)"
        r"|\bdesteklenmiyor|\byetkiniz yok|\bnie (?:jest )?(?:obsługiwan\w*|dozwolon\w*)"
        r"|\bniet (?:ondersteund|toegestaan)|\btidak (?:didukung|diizinkan)|\bне підтриму\w*",
    ),
    Words(
        "needed",
        r"\brequires?\b|\brequired\b|\bsubscribe to\b|\bneeds?\b|\bneeded\b|\bbenötigt\w*"
        r"|需要|须",
    ),
    Words(
        "off",
        r"\bdisabled\b|\bdeactivated\b|\bdeprecated\b|\bdecommission\w*|\bretired\b|\bsunset\b|\bdiscontinued\b"
        r"|\bremoved\b|\bdeleted\b|\bexpired?\b|\brevoked\b|\bsuspended\b|\bbanned\b|\bb(?:lack|lock)listed\b"
        r"|\bterminated\b|\boffline\b"
        r"|\binactive\b|\bunder review\b|\b(?:is|are) over\b|\bblocked\b|\bnot active\b|\bcancell?ed\b|\brestricted\b"
        r"|\barchived\b|\bend of life\b"
        r"|\bfrozen\b|\blocked\b|\bclosed\b|\brotated\b|\bended\b|\babgelaufen|\bgesperrt|\bdeaktiviert|\bcaducad\w"
        r"|\bexpirad\w"
        r"|停用|禁用|停止服务|审核中|待审核|非活动|未激活|吊销|撤销|注销|作废|锁定|移除|下线|下架|封禁|被封|过期|失效"
        r"|到期|已删除|被删除|冻结"
        r"|\bexpirée?\b|\bист[её]к\w*|\bзаблокирован\w*|\bотключ\w*|期限(?:が)?切れ|만료"
        r"|\bsüresi dol\w*|\bwygasł\w*|\bverlopen\b|\bgeblokkeerd|\bkedaluwarsa|\bdiblokir|\bhết hạn|منتهي|หมดอายุ",
    ),
    Words(
        "bad",
        r"\binvalid\w*|\bincorrect\w*|\bmisspell?\w*|\bwrong\b|\bbad\b|\billegal\b|\bmalformed\b"
        r"|\bnot (?:a )?valid\b|\bnot in the (?:\w+ )?format\b|n[o']t match\b|\bleaked\b|\bcompromised\b"
        r"|\bnot be (?:validated|verified)"
        r"|\bfalsch\w*|\binvalide\w*"
        r"|\bincorrecta?\b|\bnon valid\w|\binconnue?\b"
        r"|有误|写错|错误|不正确|无效|非法|不合法|状态不可用|無効|不正"
        r"|\bungültig\w*|\binválid\w*|\bno (?:es )?válid\w|\bневерн\w*|\bнедействит\w*|\bнеправильн\w*|\bнекоррект\w*"
        r"|正しくありません|유효하지|잘못된|không hợp lệ"
        r"|\bgeçersiz\w*|\bhatalı\b|\bnieprawidłow\w*|\bnieważn\w*|\bongeldig\w*|\btidak (?:valid|sah)"
        r"|\bнедійсн\w*|غير صالح|ไม่ถูกต้อง",
    ),
    Words(
        "failed",
        r"\bfail(?:ed|s|ure)?\b|\berror\b|\breturned\b|\b(?:stream|connection) closed\b|返回空|\bfehlgeschlagen"
        r"|失败|异常"
        r"|\béchou\w*|\bошибк\w*",
    ),
    Words(
        "spent",
        r"\binsufficient\b|\bnot (?:\w+ )?(?:enough|sufficient|have any)|\btoo low\b|\bexhausted\b|\bdepleted\b"
        r"|\bused up\b|\bused all\b|\bexceed(?:ed|s)?\b|\brun out\b|\bran out\b|\bout of\b"
        r"|\bno (?:more |remaining )?|\bn't have any\b|\bzero\b|\bnegative\b|\breached\b|\bhit\b|\bempty\b|\blow\b"
        r"|\baufgebraucht"
        r"|\bnicht (?:genug|ausreichend)|\bkein\b|\binsuffisant\w*|\binsuficiente\w*|\bagotad\w|\besgotad\w|\bsin\b"
        r"|\binsufficient[ei]|\byetersiz"
        r"|不足|用尽|耗尽|[用耗][完光]|已尽|为0|为零|不够|过低|超出|超过|达到|欠|到達|超過"
        r"|\berschöpft|\bépuisé\w*|\bнедостат(?:очно|ньо)|\bвичерпан\w*|\bисчерпан\w*|\bзакончил\w*|\bпревышен\w*"
        r"|使い切|達し|超え|부족"
        r"|소진|không đủ|\bhết\b"
        r"|초과|\btükendi|\başıldı|\bniewystarczając\w*|\bwyczerpan\w*|\bprzekroczon\w*|\bonvoldoende"
        r"|\boverschreden|\btidak (?:cukup|mencukupi)|\bhabis\b|\bterlampaui|غير كاف|ไม่เพียงพอ",
    ),
    Words(
        "only",
        r"\bonly\b|\blimited to\b|\bofficial\b|\bmust (?:be|come from)\b|\bplease use\b|\bplease switch\b"
        r"|\boutside of\b"
        r"|仅|只|之外|以外|请使用|请在|请通过|限定|专用|専用",
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
    r"|\b(?:invalid|bad|malformed) (?:input )?(?:request|argument)(?: error)?\b|\b\w*(?:api|server) error\b"
)
_ADVICE = re.compile(
    r"\W*(?:please |kindly |you (?:can|may|should) |bitte |veuillez )?(?:check|verify|make sure|ensure|visit|see\b"
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
def _compiled() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((each.meaning, re.compile(each.words.translate(_TRADITIONAL))) for each in VOCABULARY)


def meanings(sentence: str) -> dict[str, list[tuple[int, int]]]:
    """Where each meaning's words stand in a sentence."""
    return {meaning: [found.span() for found in pattern.finditer(sentence)] for meaning, pattern in _compiled()}
