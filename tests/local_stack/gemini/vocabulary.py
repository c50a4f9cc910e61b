"""The words of English, German, French, Spanish, Japanese and Arabic that a picture is made of.

Each entry lists pieces of regular expressions, with `_` for a space. What is searched is folded
first: small letters without accents. Japanese has no spaces, so its words are found anywhere;
Arabic ones with their article, short prepositions and endings.
"""

import re
import unicodedata
from collections.abc import Mapping

SEEN: Mapping[str, str] = {
    "day": r"daylight daytime noon by_day (?:am|bei)_tage? mittag\w* de_jour en_plein_jour midi "
    r"de_dia mediodia 昼 日中 نهار ظهر",
    "sunset": r"sunset dusk sundown evening sonnenuntergang abend\w* coucher_(?:du|de)_soleil "
    r"crepuscule soir puesta_de(?:l)?_sol atardecer ocaso 夕 日没 غروب مساء",
    "sunrise": r"sunrise dawn morning sonnenaufgang morgen\w* lever_(?:du|de)_soleil aube matin "
    r"amanecer alba 朝 日の出 夜明け شروق فجر صباح",
    "night": r"night midnight starry stars? galaxy milky aurora nacht\w* nachts sterne?n?\w* nuit "
    r"etoiles? etoilee? noche estrellas? estrellad[oa] 夜(?!明け) 星 ليل نجوم",
    "aurora": r"aurora northern_lights polarlicht\w* aurore オーロラ شفق",
    "sun": r"sun sunny sunlight sonne sonnig\w* soleil ensoleill\w* sol soleado 太陽 晴れ شمس",
    "moon": r"moon moonlit moonlight crescent mond\w* lune luna 月(?!曜) قمر",
    "huge": r"huge giant enormous big riesig\w* gross(?:e[nrs]?)? grande? enorme geante? gigante "
    r"大き 巨大 كبير ضخم",
    "water": r"sea ocean lake water river bay harbou?r coast pond fjord meer "
    r"(?<!to_)(?<!me_)(?<!you_)(?<!i_)see fluss wasser hafen mer lac riviere eau port fleuve cote "
    r"mar lago rio agua oceano puerto 海 湖 川 水面 港 بحر بحيره بحيرة نهر ماء ميناء محيط",
    "beach": r"beach shore strand island insel plage ile playa isla 浜 ビーチ 島 شاطئ جزير",
    "waves": r"waves? surf wellen? vagues olas? 波 موج امواج",
    "mountain": r"mountains? alps? peaks? himalaya\w* volcano fjord berge?n? gebirge montagnes? "
    r"volcan montanas? sierra 山 جبل جبال",
    "hill": r"hills? valley countryside hugel tal collines? vallee colinas? valle 丘 谷 تل تلال",
    "forest": r"forests? woods? woodland trees? pines? jungle walde? baume? foret bois arbres? "
    r"bosques? arboles arbol selva 森 林 木々 غاب شجر اشجار",
    "snow": r"snow\w* winter\w* ice icy arctic frozen schnee\w* verschneit\w* neige hiver glace "
    r"enneige\w* nieve invierno hielo nevad[oa]s? 雪 冬 氷 ثلج ثلوج شتاء جليد",
    "cloud": r"clouds? cloudy wolken? bewolkt nuages? nuageux nubes? nublado 雲 曇 غيوم سحاب سحب",
    "rain": r"rain\w* storm\w* wet drizzle regen\w* sturm\w* pluie orage pluvieu\w* lluvi\w* "
    r"tormenta 雨 嵐 مطر عاصف",
    "fog": r"fog\w* mist\w* haze nebel\w* neblig brouillard brume niebla bruma 霧 もや ضباب",
    "city": r"city skyline town skyscrapers? buildings? street cyberpunk neon stadt\w* strasse "
    r"ville rue gratte-ciel ciudad calle rascacielos 街 都市 都会 ビル مدين شارع",
    "desert": r"deserts? dunes? sahara wuste desierto dunas? 砂漠 砂丘 صحراء كثبان",
    "boat": r"boats? sailboats? ships? yacht sail\w* boote? schiffe? segelboote? bateaux? "
    r"voiliers? navire barcos? velero barca 船 ヨット ボート قارب سفين مركب",
    "house": r"house cabin cottage hut home barn haus hauschen hutte maison cabane chaumiere casa "
    r"cabana 家 小屋 بيت منزل كوخ",
    "lighthouse": r"lighthouse leuchtturm phare faro 灯台 منار",
    "bird": r"birds? gulls? seagulls? geese swans? vogel mowen? schwane? oiseaux? mouettes? "
    r"cygnes? pajaros? aves? gaviotas? 鳥 طائر طيور عصفور عصافير نورس",
    "flower": r"flowers? blossoms? poppies poppy tulips? roses? daisies wildflowers blumen? bluten "
    r"fleurs? coquelicots? tulipes? flor flores amapolas? 花 バラ زهر ورد ازهار",
    "meadow": r"meadow field fields grass garden park lawn wiese feld garten prairie champs? "
    r"jardin parc herbe prado campo hierba parque 草原 野原 庭 公園 مرج حقل حديق عشب",
    "balloon": r"balloons? heissluftballon\w* ballons? montgolfieres? globos? 気球 منطاد بالون",
    "fox": r"fox foxes fuchs\w* renards? zorr[oa]s? 狐 きつね キツネ ثعلب",
    "cat": r"cats? kittens? katzen? kater katzchen chats? chatte chatons? gat[oa]s? gatit[oa]s? "
    r"猫 ねこ ネコ قط قطط هر",
    "dog": r"dogs? pupp(?:y|ies) hund\w* welpen? chiens? chiots? perr[oa]s? perrit[oa]s? "
    r"cachorros? 犬 いぬ イヌ كلب كلاب جرو",
    "abstract": r"abstract pattern geometric nebula wallpaper swirl\w* abstrakt\w* abstrait\w* "
    r"abstract[oa]s? motif 抽象 模様 تجريدي نمط",
}
COLOURS: Mapping[str, str] = {
    "red": r"red rot(?:e[nrs]?)? rouges? roj[oa]s? 赤 احمر حمراء",
    "orange": r"oranges? naranja オレンジ 橙 برتقالي",
    "yellow": r"yellow gelb(?:e[nrs]?)? jaunes? amarill[oa]s? 黄 اصفر صفراء",
    "gold": r"gold golden dore(?:e?s?) dorad[oa]s? 金色 ذهبي",
    "green": r"green grun(?:e[nrs]?)? verte?s? verdes? 緑 اخضر خضراء",
    "turquoise": r"turquoise turkis\w* turquesa ターコイズ فيروزي",
    "teal": r"teal",
    "blue": r"blue blau(?:e[nrs]?)? bleue?s? azul(?:es)? 青 ازرق زرقاء",
    "indigo": r"indigo",
    "purple": r"purple lila 紫 بنفسجي",
    "violet": r"violet violett\w* violette?s? violeta ارجواني",
    "pink": r"pink rosa ピンク 桃色 وردي",
    "magenta": r"magenta",
    "brown": r"brown braun(?:e[nrs]?)? marron(?:es)? brune?s? 茶色 بني",
    "black": r"black schwarz(?:e[nrs]?)? noire?s? negr[oa]s? 黒 اسود سوداء",
    "white": r"white weiss(?:e[nrs]?)? blanc(?:he)?s? blanc[oa]s? 白 ابيض بيضاء",
    "grey": r"grey gray grau(?:e[nrs]?)? grise?s? gris(?:es)? 灰色 グレー رمادي",
    "silver": r"silver silbern\w* argente?s? platead[oa]s? 銀 فضي",
}
STYLES: Mapping[str, str] = {
    "woodcut": r"wood-?cuts? linocuts? woodblock holzschnitte?n? linolschnitte?n? xylogra\w* "
    r"gravures?(?:_sur_bois)? linogravures? grabados? xilografias? 木版画? 版画 "
    r"نقش_(?:على_)?(?:ال)?خشب حفر_(?:على_)?(?:ال)?خشب",
    "sketch": r"sketch(?:es)? pencil charcoal bleistift\w* skizzen? kohlezeichnung crayon croquis "
    r"lapiz boceto carboncillo 鉛筆 スケッチ رسم_بالرصاص قلم_رصاص",
    "watercolour": r"watercolou?rs? aquarelle?n? acuarelas? 水彩画? الوان_مائي",
    "pixels": r"pixel\w* 8-?bit pixeles ドット絵 بكسل",
    "mono": r"black[_-]and[_-]white monochrome schwarz-?weiss noir_et_blanc blanco_y_negro "
    r"白黒 モノクロ ابيض_واسود",
}
WITHOUT = (
    r"without no_more remove take_away minus delete erase get_rid_of ohne entfern\w* losche? sans "
    r"enleve[rz]? retire[rz]? supprime[rz]? sin quita\w* elimina\w* بدون بلا احذف ازل"
)
# Japanese says it behind the thing.
WITHOUT_BEFORE = r"(?:を|の|が)?(?:なし|無し|抜き|消し|取っ|取り除|除い|いない)"
_JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_ARABIC = re.compile(r"[\u0600-\u06ff]")


def fold(text: str) -> str:
    """Small letters without accents, vowel signs and other marks, in one width."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def pattern(text: str) -> re.Pattern[str]:
    """A regular expression for folded text; its own letters lose their marks, too."""
    letters = unicodedata.normalize("NFKD", text)
    return re.compile("".join(letter for letter in letters if not unicodedata.combining(letter)))


def expression(words: str) -> str:
    """One regular expression for a list of words, for folded text."""
    scripts: dict[str, list[str]] = {"latin": [], "japanese": [], "arabic": []}
    for word in fold(words).split():
        japanese, arabic = _JAPANESE.search(word), _ARABIC.search(word)
        script = "japanese" if japanese else "arabic" if arabic else "latin"
        scripts[script].append(word.replace("_", " "))
    found = []
    if latin := scripts["latin"]:
        found.append(rf"\b(?:{'|'.join(latin)})(?![a-z])")
    if japanese_words := scripts["japanese"]:
        found.append("|".join(japanese_words))
    if arabic_words := scripts["arabic"]:
        stem = "|".join(arabic_words)
        found.append(rf"\b[وف]?[بكل]?(?:ال|ل)?(?:{stem})(?:ه|ة|ي|ا|ات|ان|ين|ية|يه)?\b")
    return f"(?:{'|'.join(found)})"


OTHER_COLOUR = pattern(
    r"\b(?:an)?other colou?rs?\b|\bdifferent colou?rs?\b|andere[nr]? farben?|autres? couleurs?|"
    r"otros? color(?:es)?|(?:別|違う|他)の色|لون اخر|الوان اخري"
)
CLAUSE_END = pattern(r"[,.;:!?、。،]|\b(?:but|aber|mais|pero|with|mit|avec|con|and_make)\b|لكن")
PATTERNS = {name: re.compile(expression(words)) for name, words in SEEN.items()}
STYLE_PATTERNS = {name: re.compile(expression(words)) for name, words in STYLES.items()}
COLOUR = re.compile("|".join(f"(?P<{name}>{expression(words)})" for name, words in COLOURS.items()))
_WITHOUT = re.compile(expression(WITHOUT))
_ANY = "|".join(expression(words) for words in SEEN.values())
_WITHOUT_BEFORE = re.compile(rf"(?:{_ANY}){fold(WITHOUT_BEFORE)}")


def things(text: str) -> set[str]:
    """Names of `SEEN` in the text."""
    words = fold(text)
    return {name for name, pattern in PATTERNS.items() if pattern.search(words)}


def style(text: str) -> str | None:
    words = fold(text)
    return next((name for name, known in STYLE_PATTERNS.items() if known.search(words)), None)


def colours(text: str) -> list[str]:
    """Names of `COLOURS`, in the text's order; "black and white" is a style and no colour."""
    words = STYLE_PATTERNS["mono"].sub(" ", fold(text))
    return [str(match.lastgroup) for match in COLOUR.finditer(words)]


def any_colour(text: str, seed: int) -> list[str]:
    """One of `COLOURS` where the text wants another and does not say which."""
    return [list(COLOURS)[seed % len(COLOURS)]] if OTHER_COLOUR.search(fold(text)) else []


def coloured_things(text: str) -> dict[str, str]:
    """Colours that belong to a thing: "a red fox", "a blue wooden boat", "un chat noir"."""
    words = fold(text)
    found: dict[str, str] = {}
    for hue in COLOUR.finditer(words):
        owners = [
            (len(between), name)
            for name, known in PATTERNS.items()
            for match in known.finditer(words)
            if (between := _between(words, hue, match)) is not None
        ]
        if owners:
            found.setdefault(min(owners)[1], str(hue.lastgroup))
    return found


def _between(words: str, hue: re.Match[str], thing: re.Match[str]) -> str | None:
    """What stands between a colour and its thing; None where they do not belong together."""
    before, behind = words[hue.end() : thing.start()], words[thing.end() : hue.start()]
    if hue.end() <= thing.start() and re.fullmatch(r"い|の|色の|\s+(?:\w+\s+)?|", before):
        return before
    return behind if thing.end() <= hue.start() and re.fullmatch(r"\s+|を", behind) else None


def split_wish(text: str) -> tuple[str, set[str]]:
    """The wish without what is wished away, and the names of that: "at night without the cat"."""
    words, gone = fold(text), set[str]()
    for behind in _WITHOUT_BEFORE.finditer(words):
        gone |= things(behind.group())
    words = _WITHOUT_BEFORE.sub(" ", words)
    while match := _WITHOUT.search(words):
        rest = words[match.end() :]
        ending = CLAUSE_END.search(rest)
        cut = ending.start() if ending else len(rest)
        gone |= things(rest[:cut])
        words = words[: match.start()] + " " + rest[cut:]
    return words, gone
