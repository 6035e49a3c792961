"""Note codes of the intake and their texts in Chinese and English."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class Note(StrEnum):
    """What was changed, set aside or left open while a row was read."""

    INVISIBLE_REMOVED = "invisible_removed"
    PUNCTUATION_REMOVED = "punctuation_removed"
    TEXT_SET_ASIDE = "text_set_aside"
    BEARER_REMOVED = "bearer_removed"
    SCHEME_ADDED = "scheme_added"
    QUERY_REMOVED = "query_removed"
    CREDENTIALS_REMOVED = "credentials_removed"
    ENDPOINT_REMOVED = "endpoint_removed"
    ROOT_KEPT = "root_kept"
    HOST_APPENDS_VERSION = "host_appends_version"
    EXACT_ADDRESS = "exact_address"
    NO_VERSION_MEANT = "no_version_meant"
    SEVERAL_KEYS = "several_keys"
    SEVERAL_ADDRESSES = "several_addresses"
    ADDRESS_FROM_ABOVE = "address_from_above"
    ADDRESS_SET_ASIDE = "address_set_aside"
    PAIRED_BY_POSITION = "paired_by_position"
    KEY_FROM_QUERY = "key_from_query"
    UNUSUAL_KEY = "unusual_key"
    UNUSUAL_ADDRESS = "unusual_address"
    CUT_OFF = "cut_off"
    NO_ADDRESS = "no_address"
    NO_KEY = "no_key"
    BAD_ADDRESS = "bad_address"
    BAD_KEY = "bad_key"
    ADDRESS_PLACEHOLDER = "address_placeholder"
    KEY_PLACEHOLDER = "key_placeholder"
    KEY_MASKED = "key_masked"
    KEY_FROM_ENVIRONMENT = "key_from_environment"
    KEY_MAY_BE_SEVERAL = "key_may_be_several"
    ADDRESS_UNCLEAR = "address_unclear"
    KEY_UNCLEAR = "key_unclear"
    NOT_A_RELAY = "not_a_relay"
    NOT_AN_API_KEY = "not_an_api_key"
    DISABLED = "disabled"
    FIELD_IGNORED = "field_ignored"
    MODELS_CUT = "models_cut"
    SAME_PAIR = "same_pair"
    SAME_ADDRESS_NEW_KEY = "same_address_new_key"


class Text(NamedTuple):
    zh: str
    en: str


TEXTS: Mapping[Note, Text] = {
    Note.INVISIBLE_REMOVED: Text("已去除不可见字符", "invisible characters were removed"),
    Note.PUNCTUATION_REMOVED: Text("已去除多余的标点或引号", "surplus punctuation or quotation marks were removed"),
    Note.TEXT_SET_ASIDE: Text("密钥或地址旁的文字未使用", "text beside the key or address was not used"),
    Note.BEARER_REMOVED: Text("已去除 Bearer 前缀", "the prefix Bearer was removed"),
    Note.SCHEME_ADDED: Text("地址缺少协议，已按 https:// 处理", "the address had no scheme; https:// was added"),
    Note.QUERY_REMOVED: Text("已去除地址中的查询参数或片段", "the address's query or fragment was removed"),
    Note.CREDENTIALS_REMOVED: Text(
        "已去除地址中的用户名和密码", "the user name and password in the address were removed"
    ),
    Note.ENDPOINT_REMOVED: Text("已去除地址末尾的接口路径", "the endpoint path at the end of the address was removed"),
    Note.ROOT_KEPT: Text("地址不以版本号结尾，按原样保留", "the address ends in no version and was kept as it is"),
    Note.HOST_APPENDS_VERSION: Text(
        "sub2api 会在该地址后追加 /v1，导入时确认能否调用",
        "sub2api appends /v1 to this address; the import finds out whether it works",
    ),
    Note.EXACT_ADDRESS: Text("地址以 # 结尾：按原样使用", "the address ended in '#': use exactly this address"),
    Note.NO_VERSION_MEANT: Text("地址以 / 结尾：原工具不追加 /v1", "the address ended in '/': its tool appends no /v1"),
    Note.SEVERAL_KEYS: Text("同一地址有多个密钥，每个密钥一行", "several keys for one address: one row for each"),
    Note.SEVERAL_ADDRESSES: Text("同一密钥有多个地址，每个地址一行", "several addresses for one key: one row for each"),
    Note.ADDRESS_FROM_ABOVE: Text("地址取自上文", "the address was taken from a line above"),
    Note.ADDRESS_SET_ASIDE: Text("附近的另一个地址未使用", "another address beside it was not used"),
    Note.PAIRED_BY_POSITION: Text("多个地址与多个密钥按顺序配对", "addresses and keys were paired by their positions"),
    Note.KEY_FROM_QUERY: Text("密钥取自地址的查询参数", "the key was taken from the address's query"),
    Note.UNUSUAL_KEY: Text("密钥的形式不常见，请核对", "the key has an unusual form; please check it"),
    Note.UNUSUAL_ADDRESS: Text("地址没有域名后缀，请核对", "the host name has no dot; please check the address"),
    Note.CUT_OFF: Text("文本在此条目中途截断，请核对", "the text breaks off inside this entry"),
    Note.NO_ADDRESS: Text("缺少地址", "the address is missing"),
    Note.NO_KEY: Text("缺少密钥", "the key is missing"),
    Note.BAD_ADDRESS: Text("地址无效", "the address is not valid"),
    Note.BAD_KEY: Text(
        "密钥含有空格、非 ASCII 字符或过长", "the key has a blank, a non-ASCII character or is too long"
    ),
    Note.ADDRESS_PLACEHOLDER: Text("地址是占位符", "the address is a placeholder"),
    Note.KEY_PLACEHOLDER: Text("密钥是占位符", "the key is a placeholder"),
    Note.KEY_MASKED: Text("密钥已被遮盖，无法使用", "the key is masked and cannot be used"),
    Note.KEY_FROM_ENVIRONMENT: Text("密钥引用了环境变量", "the key is a reference to an environment variable"),
    Note.KEY_MAY_BE_SEVERAL: Text("可能是一个密钥，也可能是多个", "this may be one key or several"),
    Note.ADDRESS_UNCLEAR: Text("不确定密钥属于哪个地址", "it is not clear which address the key belongs to"),
    Note.KEY_UNCLEAR: Text("不确定哪一部分是密钥", "it is not clear which part is the key"),
    Note.NOT_A_RELAY: Text("地址像是网页而不是接口", "the address looks like a web page, not like an API"),
    Note.NOT_AN_API_KEY: Text(
        "凭证不是 API 密钥（如登录令牌）", "the credential is no API key (a login token, for example)"
    ),
    Note.DISABLED: Text("导出文件中该条目已停用", "the export has this entry disabled"),
    Note.FIELD_IGNORED: Text("有未使用的字段", "some fields were not used"),
    Note.MODELS_CUT: Text("模型过多，只保留前 50 个", "too many models: the first 50 were kept"),
    Note.SAME_PAIR: Text("与前面的行相同", "the same pair as an earlier row"),
    Note.SAME_ADDRESS_NEW_KEY: Text("sub2api 已有该地址的账号，密钥不同", "sub2api has this address, with another key"),
}


def texts_of(notes: set[Note], language: str) -> dict[str, str]:
    """The sentences of ``notes`` by code; ``language`` is ``zh`` or ``en``."""
    return {note.value: str(getattr(TEXTS[note], language)) for note in sorted(notes)}
