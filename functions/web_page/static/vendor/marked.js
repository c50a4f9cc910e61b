/* The lexer of marked 18.2.1, cut out by esbuild 0.28.2 (docs/decisions/marked-in-the-page.md). MIT, see marked.LICENSE.md. */
function Ae(){return{async:!1,breaks:!1,extensions:null,gfm:!0,hooks:null,pedantic:!1,renderer:null,silent:!1,tokenizer:null,walkTokens:null}}var F=Ae();var L={exec:()=>null};function $(o){let e=[];return t=>{let n=Math.max(0,Math.min(3,t-1)),i=e[n];return i||(i=o(n),e[n]=i),i}}function g(o,e=""){let t=typeof o==
"string"?o:o.source,n={replace:(i,l)=>{let c=typeof l=="string"?l:l.source;return c=c.replace(S.caret,"$1"),t=t.replace(i,c),n},getRegex:()=>new RegExp(t,e)};return n}
var de=((o="")=>{try{return!!new RegExp("(?<=1)(?<!1)"+o)}catch{return!1}})(),S={codeRemoveIndent:/^(?: {0,3}\t| {1,4})/gm,listInterruptsParagraph:/^ {0,3}(?:[*+-]|1[.)])[ \t]+[^ \t\n]/,
outputLinkReplace:/\\([\[\]])/g,indentCodeCompensation:/^(\s+)(?:```)/,beginningSpace:/^\s+/,endingHash:/#$/,startingSpaceChar:/^ /,endingSpaceChar:/ $/,endingSpaceTabChar:/[ \t]$/,
nonSpaceChar:/[^ ]/,newLineCharGlobal:/\n/g,tabCharGlobal:/\t/g,leadingSpaceTab:/^[ \t]+/,multipleSpaceGlobal:/\s+/g,blankLine:/^[ \t]*$/,doubleBlankLine:/\n[ \t]*\n[ \t]*$/,
blockquoteStart:/^ {0,3}>/,blockquoteSetextReplace:/\n {0,3}((?:=+|-+)[ \t]*)(?=\n|$)/g,blockquoteSetextReplace2:/^ {0,3}>[ \t]?/gm,blockquoteMarkerWhitespace:/^( {0,3}>)(\t[ \t]*)/gm,
nestedBlockMarker:/^ {0,3}(?:(?:[*+-]|\d{1,9}[.)])(?: |$)|> ?)/,listReplaceNesting:/^ {1,4}(?=( {4})*[^ ])/g,listIsTask:/^\[[ xX]\][ \t]+\S/,listReplaceTask:/^\[[ xX]\][ \t]+/,
listTaskCheckbox:/\[[ xX]\]/,anyLine:/\n.*\n/,hrefBrackets:/^<(.*)>$/,tableDelimiter:/[:|]/,tableAlignChars:/^\||\| *$/g,tableRowBlankLine:/\n[ \t]*$/,tableAlignRight:/^ *-+: *$/,
tableAlignCenter:/^ *:-+: *$/,tableAlignLeft:/^ *:-+ *$/,startATag:/^<a /i,endATag:/^<\/a>/i,startPreScriptTag:/^<(pre|code|kbd|script)(\s|>)/i,endPreScriptTag:/^<\/(pre|code|kbd|script)(\s|>)/i,
startAngleBracket:/^</,endAngleBracket:/>$/,pedanticHrefTitle:/^([^'"]*[^\s])\s+(['"])(.*)\2/,unicodeAlphaNumeric:/[\p{L}\p{N}]/u,numericCharacterReference:/&#(?:(\d{1,7})|[Xx]([A-Fa-f0-9]{1,6}));/,
numericCharacterReferenceOrAmpersand:/&#(?:(\d{1,7})|[Xx]([A-Fa-f0-9]{1,6}));|&(?!(#\d{1,7}|#[Xx][a-fA-F0-9]{1,6}|\w+);)/g,escapeTest:/[&<>"']/,escapeReplace:/[&<>"']/g,
escapeTestNoEncode:/[<>"']|&(?!(#\d{1,7}|#[Xx][a-fA-F0-9]{1,6}|\w+);)/,escapeReplaceNoEncode:/[<>"']|&(?!(#\d{1,7}|#[Xx][a-fA-F0-9]{1,6}|\w+);)/g,caret:/(^|[^\[])\^/g,
percentDecode:/%25/g,findPipe:/\|/g,splitPipe:/ \|/,slashPipe:/\\\|/g,carriageReturn:/\r\n|\r/g,spaceLine:/^ +$/gm,notSpaceStart:/^\S*/,endingNewline:/\n$/,listItemRegex:o=>new RegExp(
`^( {0,3}${o})((?:[	 ][^\\n]*)?(?:\\n|$))`),nextBulletRegex:$(o=>new RegExp(`^ {0,${o}}(?:[*+-]|\\d{1,9}[.)])((?:[ 	][^\\n]*)?(?:\\n|$))`)),hrRegex:$(o=>new RegExp(
`^ {0,${o}}((?:-[ 	]*){3,}|(?:_[ 	]*){3,}|(?:\\*[ 	]*){3,})(?:\\n+|$)`)),fencesBeginRegex:$(o=>new RegExp(`^ {0,${o}}(?:\`\`\`|~~~)`)),headingBeginRegex:$(o=>new RegExp(
`^ {0,${o}}#{1,6}(?:\\s|$)`)),pedanticHeadingBeginRegex:$(o=>new RegExp(`^ {0,${o}}#`)),htmlBeginRegex:$(o=>new RegExp(`^ {0,${o}}(?:</?(?:${ee})(?:[ \\t]+|$|/?>\
)|<(?:(?:script|pre|style|textarea)(?:[\\s>]|$)|!--)|<\\?|<![A-Za-z]|<!\\[CDATA\\[)`,"i")),blockquoteBeginRegex:$(o=>new RegExp(`^ {0,${o}}>`)),nestedContainerMarkers:/^(?: {0,3}(?:(?:[*+-]|\d{1,9}[.)])[ \t]+|>[ \t]?))+/},
ze=/^(?:[ \t]*(?:\n|$))+/,Ee=/^((?: {4}| {0,3}\t)[^\n]+(?:\n(?:[ \t]*(?:\n|$))*)?)+/,Ie=/^ {0,3}(`{3,}(?=[^`\n]*(?:\n|$))|~{3,})([^\n]*)(?:\n|$)(?:|([\s\S]*?)(?:\n|$))(?: {0,3}(?:(?=`)\1`*|(?=~)\1~*) *(?=\n|$)|$)/,
N=/^ {0,3}((?:-[\t ]*){3,}|(?:_[ \t]*){3,}|(?:\*[ \t]*){3,})(?:\n+|$)/,Oe=/^ {0,3}(#{1,6})(?=\s|$)(.*)(?:\n+|$)/,Y=/ {0,3}(?:[*+-]|\d{1,9}[.)])/,ee="address|art\
icle|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6\
]|head|header|hr|html|iframe|legend|li|link|main|menu|menuitem|meta|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead\
|title|tr|track|ul",j=g(" {0,3}(?:</?(?:tag)(?:[ \\t]+|\\n|/?>)|<(?:(?:script|pre|style|textarea)(?:[\\s>]|$)|!--)|<\\?|<![A-Za-z]|<!\\[CDATA\\[)").replace("tag",
ee).getRegex(),ke=/^(?!bull |blockCode|fences|blockquote|heading|html|table)((?:.|\n(?!\s*?\n|bull |fences|blockquote|heading|hr|html|table))+?)\n {0,3}(=+|-+)[ \t]*(?:\n+|$)/,
xe=g(ke).replace(/bull/g,Y).replace(/blockCode/g,/(?: {4}| {0,3}\t)/).replace(/fences/g,/ {0,3}(?:`{3,}|~{3,})/).replace(/blockquote/g,/ {0,3}>/).replace(/heading/g,
/ {0,3}#{1,6}(?:\s|$)/).replace(/hr/g,/ {0,3}(?:(?:-[\t ]*){3,}|(?:_[ \t]*){3,}|(?:\*[ \t]*){3,})(?:\n+|$)/).replace(/\|table/g,"").replace(/html/g,j).getRegex(),
Be=g(ke).replace(/bull/g,Y).replace(/blockCode/g,/(?: {4}| {0,3}\t)/).replace(/fences/g,/ {0,3}(?:`{3,}|~{3,})/).replace(/blockquote/g,/ {0,3}>/).replace(/heading/g,
/ {0,3}#{1,6}(?:\s|$)/).replace(/hr/g,/ {0,3}(?:(?:-[\t ]*){3,}|(?:_[ \t]*){3,}|(?:\*[ \t]*){3,})(?:\n+|$)/).replace(/table/g,/ {0,3}\|?(?:[:\- ]*\|)+[\:\- ]*\n/).
replace(/html/g,j).getRegex(),te=/^([^\n]+(?:\n(?!hr|heading|lheading|blockquote|fences|list|html|table|[ \t]+\n)[^\n]+)*)/,De=/^[^\n]+/,ne=/(?!\s*\])(?:\\[\s\S]|[^\[\]\\\n]|\n(?![ \t]*\n))+/,
qe=g(/^ {0,3}\[(label)\]: *(?:\n[ \t]*)?([^<\s][^\s]*|<(?:\\.|[^\n<>\\])*>)(?:(?: +(?:\n[ \t]*)?| *\n[ \t]*)(title))? *(?:\n+|$)/).replace("label",ne).replace("\
title",/(?:"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\\n]|\n(?!\n))*'|\((?:\\[\s\S]|[^()\\])*\))/).getRegex(),Me=g(/^(bull)([ \t][^\n]*?)?(?:\n|$)/).replace(/bull/g,
Y).getRegex(),ie=/<!--(?:-?>|[\s\S]*?(?:-->|$))/,Ze=g("^ {0,3}(?:<(script|pre|style|textarea)[\\s>][\\s\\S]*?(?:</\\1>[^\\n]*\\n*|$)|comment[^\\n]*(\\n+|$)|<\\?[\\s\\S]*?(\
?:\\?>[^\\n]*\\n*|$)|<![A-Z][\\s\\S]*?(?:>[^\\n]*\\n*|$)|<!\\[CDATA\\[[\\s\\S]*?(?:\\]\\]>[^\\n]*\\n*|$)|</?(tag)(?:[ \\t]+|\\n|/?>|$)[\\s\\S]*?(?:(?:\\n[ 	]*)+\\n|$)|<(?!(?:script|\
pre|style|textarea)(?![a-z0-9-]))([a-z][a-z0-9-]*)(?:attribute)*?[ \\t]*/?>(?=[ \\t]*(?:\\n|$))[\\s\\S]*?(?:(?:\\n[ 	]*)+\\n|$)|</[a-z][a-z0-9-]*\\s*>(?=[ \\t]*(?:\\n|$))\
[\\s\\S]*?(?:(?:\\n[ 	]*)+\\n|$))","i").replace("comment",ie).replace("tag",ee).replace("attribute",/[ \t]+[a-zA-Z:_][\w.:-]*(?:[ \t]*=[ \t]*"[^"\n]*"|[ \t]*=[ \t]*'[^'\n]*'|[ \t]*=[ \t]*[^\s"'=<>`]+)?/).
getRegex(),me=o=>g(te).replace("hr",N).replace("heading"," {0,3}#{1,6}(?:\\s|$)").replace("|lheading","").replace("|table","").replace("blockquote"," {0,3}>").replace(
"fences"," {0,3}(?:`{3,}(?=[^`\\n]*(?:\\n|$))|~~~)[^\\n]*(?:\\n|$)").replace("list",o).replace("html",j).getRegex(),Ne=me(/ {0,3}(?:[*+-]|1[.)])[ \t]+[^ \t\n]/),
je=me(/ {0,3}(?:[*+-]|\d{1,9}[.)])(?:[ \t]|\n|$)/),Qe=g(/^( {0,3}> ?(?:(?![ \t]*(?:\n|$))(paragraph)|[^\n]*)(?:\n|$))+/).replace("paragraph",je).getRegex(),se={
blockquote:Qe,code:Ee,def:qe,fences:Ie,heading:Oe,hr:N,html:Ze,lheading:xe,list:Me,newline:ze,paragraph:Ne,table:L,text:De},he=g("^ *([^\\n ].*)\\n {0,3}((?:\\| *)\
?:?-+:? *(?:\\| *:?-+:? *)*(?:\\| *)?)(?:\\n((?:(?! *\\n|hr|heading|blockquote|code|fences|list|html).*(?:\\n|$))*)\\n*|$)").replace("hr",N).replace("heading","\
 {0,3}#{1,6}(?:\\s|$)").replace("blockquote"," {0,3}>").replace("code","(?: {4}| {0,3}	)[^\\n]").replace("fences"," {0,3}(?:`{3,}(?=[^`\\n]*(?:\\n|$))|~~~)[^\\n]*(\
?:\\n|$)").replace("list"," {0,3}(?:[*+-]|1[.)])[ \\t]").replace("html",j).getRegex(),He={...se,lheading:Be,table:he,paragraph:g(te).replace("hr",N).replace("he\
ading"," {0,3}#{1,6}(?:\\s|$)").replace("|lheading","").replace("table",he).replace("blockquote"," {0,3}>").replace("fences"," {0,3}(?:`{3,}(?=[^`\\n]*(?:\\n|$))|\
~~~)[^\\n]*(?:\\n|$)").replace("list"," {0,3}(?:[*+-]|1[.)])[ \\t]+[^ \\t\\n]").replace("html",j).getRegex()},Ge={...se,html:g(`^ *(?:comment(?: *\\n|\\s*$)|<(tag\
)[\\s\\S]+?</\\1>(?: *\\n{2,}|\\s*$)|<tag(?:"[^"]*"|'[^']*'|\\s[^'"/>\\s]*)*?/?>(?: *\\n{2,}|\\s*$))`).replace("comment",ie).replace(/tag/g,"(?!(?:a|em|strong|s\
mall|s|cite|q|dfn|abbr|data|time|code|var|samp|kbd|sub|sup|i|b|u|mark|ruby|rt|rp|bdi|bdo|span|br|wbr|ins|del|img)\\b)\\w+(?!:|[^\\w\\s@]*@)\\b").getRegex(),def:/^ *\[([^\]]+)\]: *<?([^\s>]+)>?(?: +(["(][^\n]+[")]))? *(?:\n+|$)/,
heading:/^(#{1,6})(.*)(?:\n+|$)/,fences:L,lheading:/^(.+?)\n {0,3}(=+|-+) *(?:\n+|$)/,paragraph:g(te).replace("hr",N).replace("heading",` *#{1,6} *[^
]`).replace("|table","").replace("blockquote"," {0,3}>").replace("|fences","").replace("|list","").replace("|html","").replace("|tag","").replace("lheading",xe).
getRegex()},We=/^\\([!"#$%&'()*+,\-./:;<=>?@\[\]\\^_`{|}~])/,ve=/^(`+)([^`]|[^`][\s\S]*?[^`])\1(?!`)/,be=/^( {2,}|\\)\n(?!\s*$)[ \t]*/,Fe=/^(`+|[^`])(?:(?= {2,}\n)|[\s\S]*?(?:(?=[\\<!\[`*_]|\b_|$)|[^ ](?= {2,}\n)))/,
T=/[\p{P}\p{S}]/u,I=/[\s\p{P}\p{S}]/u,Q=/[^\s\p{P}\p{S}]/u,Ke=g(/^((?![*_])punctSpace)/,"u").replace(/punctSpace/g,I).getRegex(),Ue=/[\p{Pi}\p{Ps}"']/u,we=/(?!~)[\p{P}\p{S}]/u,
Xe=/(?!~)[\s\p{P}\p{S}]/u,Je=/(?:[^\s\p{P}\p{S}]|~)/u,Ve=g(/link|precode-code|html/,"g").replace("link",/\[(?:[^\[\]`]|(?<a>`+)[^`]+\k<a>(?!`))*?\]\((?:\\[\s\S]|[^\\\(\)]|\((?:\\[\s\S]|[^\\\(\)])*\))*\)/).
replace("precode-",de?"(?<!`)()":"(^^|[^`])").replace("code",/(?<b>`+)[^`]+\k<b>(?!`)/).replace("html",/<(?! )[^<>]*?>/).getRegex(),Se=/^(?:\*+(?:((?!\*)punct)|([^\s*]))?)|^_+(?:((?!_)punct)|([^\s_]))?/,
Ye=g(Se,"u").replace(/punct/g,T).getRegex(),et=g(Se,"u").replace(/punct/g,we).getRegex(),tt=/^(?:\*+(?:((?!\*)(?!openQuote)punct)|([^\s*]))?)|^_+(?:((?!_)(?!openQuote)punct)|([^\s_]))?/,
nt=g(tt,"u").replace(/openQuote/g,Ue).replace(/punct/g,T).getRegex(),Re="^[^_*]*?__[^_*]*?\\*[^_*]*?(?=__)|[^*]+(?=[^*])|(?!\\*)punct(\\*+)(?=[\\s]|$)|notPunctSpace\
(\\*+)(?!\\*)(?=punctSpace|$)|(?!\\*)punctSpace(\\*+)(?=notPunctSpace)|[\\s](\\*+)(?!\\*)(?=punct)|(?!\\*)punct(\\*+)(?!\\*)(?=punct)|notPunctSpace(\\*+)(?=notPunctSpace)",
it=g(Re,"gu").replace(/notPunctSpace/g,Q).replace(/punctSpace/g,I).replace(/punct/g,T).getRegex(),st=g(Re,"gu").replace(/notPunctSpace/g,Je).replace(/punctSpace/g,
Xe).replace(/punct/g,we).getRegex(),rt="^[^_*]*?__[^_*]*?\\*[^_*]*?(?=__)|[^*]+(?=[^*])|(?!\\*)punct(\\*+)(?=[\\s]|$)|notPunctSpace(\\*+)(?!\\*)(?=punctSpace|$)|(?!\\*\
)[\\s](\\*+)(?=notPunctSpace)|[\\s](\\*+)(?!\\*)(?=punct)|(?!\\*)punct(\\*+)(?!\\*)(?=punct)|(?:(?!\\*)punct|notPunctSpace)(\\*+)(?!\\*)(?=notPunctSpace)",lt=g(
rt,"gu").replace(/notPunctSpace/g,Q).replace(/punctSpace/g,I).replace(/punct/g,T).getRegex(),ot=g("^[^_*]*?\\*\\*[^_*]*?_[^_*]*?(?=\\*\\*)|[^_]+(?=[^_])|(?!_)punct(\
_+)(?=[\\s]|$)|notPunctSpace(_+)(?!_)(?=punctSpace|$)|(?!_)punctSpace(_+)(?=notPunctSpace)|[\\s](_+)(?!_)(?=punct)|(?!_)punct(_+)(?!_)(?=punct)","gu").replace(/notPunctSpace/g,
Q).replace(/punctSpace/g,I).replace(/punct/g,T).getRegex(),at="^[^_*]*?\\*\\*[^_*]*?_[^_*]*?(?=\\*\\*)|[^_]+(?=[^_])|(?!_)punct(_+)(?=[\\s]|$)|notPunctSpace(_+)(?!_)\
(?=punctSpace|$)|(?!_)[\\s](_+)(?=notPunctSpace)|[\\s](_+)(?!_)(?=punct)|(?!_)punct(_+)(?!_)(?=punct)|(?:(?!_)punct|notPunctSpace)(_+)(?!_)(?=notPunctSpace)",ct=g(
at,"gu").replace(/notPunctSpace/g,Q).replace(/punctSpace/g,I).replace(/punct/g,T).getRegex(),ut=g(/^~~?(?:((?!~)punct)|[^\s~])/,"u").replace(/punct/g,T).getRegex(),
pt="^[^~]+(?=[^~])|(?!~)punct(~~?)(?=[\\s]|$)|notPunctSpace(~~?)(?!~)(?=punctSpace|$)|(?!~)punctSpace(~~?)(?=notPunctSpace)|[\\s](~~?)(?!~)(?=punct)|(?!~)punct(~~\
?)(?!~)(?=punct)|notPunctSpace(~~?)(?=notPunctSpace)",ht=g(pt,"gu").replace(/notPunctSpace/g,Q).replace(/punctSpace/g,I).replace(/punct/g,T).getRegex(),gt=g(/\\(punct)/,
"gu").replace(/punct/g,T).getRegex(),ft=g(/(`+)(?:[^`]|[^`][\s\S]*?[^`])\1(?!`)|`+|\\(punct)/,"gu").replace(/punct/g,T).getRegex(),dt=g(/^<(scheme:[^\s\x00-\x1f<>]*|email)>/).
replace("scheme",/[a-zA-Z][a-zA-Z0-9+.-]{1,31}/).replace("email",/[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+(@)[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+(?![-_])/).
getRegex(),kt=g(ie).replace("(?:-->|$)","-->").getRegex(),xt=g("^comment|^</[a-zA-Z][a-zA-Z0-9-]*\\s*>|^<[a-zA-Z][a-zA-Z0-9-]*(?:attribute)*?\\s*/?>|^<\\?[\\s\\S]*?\\\
?>|^<![a-zA-Z]+\\s[\\s\\S]*?>|^<!\\[CDATA\\[[\\s\\S]*?\\]\\]>").replace("comment",kt).replace("attribute",/\s+[a-zA-Z:_][\w.:-]*(?:\s*=\s*"[^"]*"|\s*=\s*'[^']*'|\s*=\s*[^\s"'=<>`]+)?/).
getRegex(),Te=/\[(?:\\[\s\S]|[^\[\]\\])*\]/,K=g(/(?:\[(?:brackets|\\[\s\S]|[^\[\]\\])*\]|\\[\s\S]|`+(?!`)[^`]*?`+(?!`)|``+(?=\])|[^\[\]\\`])*?/).replace("bracke\
ts",Te).getRegex(),mt=g(/^!?\[(label)\]\([ \t\n]*(href)(?:(?:[ \t]+(?:\n[ \t]*)?|\n[ \t]*)(title))?[ \t\n]*\)/).replace("label",K).replace("href",/<(?:\\.|[^\n<>\\])*>|(?!<)[^ \t\n\x00-\x1f]+|(?=\))/).
replace("title",/"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*'|\((?:\\[\s\S]|[^)\\])*\)/).getRegex(),bt=g(/^!?\[(label)\]\[(ref)\]/).replace("label",K).replace(
"ref",ne).getRegex(),wt=g(/^!?\[(ref)\](?:\[\])?/).replace("ref",ne).getRegex(),ge=/(?!\s*\])(?:\\[\s\S]|[^\[\]\\]){1,999}/,St=g(/(?:[^\[\]\\`]*(?:\[(?:brackets|\\[\s\S]|[^\[\]\\])*\]|\\[\s\S]|`+(?!`)[^`]*?`+(?!`)|``+(?=\]))){0,999}?[^\[\]\\`]*?/).
replace("brackets",Te).getRegex(),Rt=g("reflink|nolink(?!\\()","g").replace("reflink",g(/^!?\[(label)\]\[(ref)\]/).replace("label",St).replace("ref",ge).getRegex()).
replace("nolink",g(/^!?\[(ref)\](?:\[\])?/).replace("ref",ge).getRegex()).getRegex(),fe=/[hH][tT][tT][pP][sS]?|[fF][tT][pP]/,Tt=/[A-Za-z0-9._+-]+@[a-zA-Z0-9-_]+(?:\.[a-zA-Z0-9-_]*[a-zA-Z0-9])+(?![\w-])/,
Pt=g(/(?:mailto:email|xmpp:email(?:\/[A-Za-z0-9@.]+)?)/).replace(/email/g,Tt).getRegex(),re={_backpedal:L,anyPunctuation:gt,anyPunctuationOutsideCode:ft,autolink:dt,
blockSkip:Ve,br:be,code:ve,del:L,delLDelim:L,delRDelim:L,emStrongLDelim:Ye,emStrongRDelimAst:it,emStrongRDelimUnd:ot,escape:We,link:mt,nolink:wt,punctuation:Ke,
reflink:bt,reflinkSearch:Rt,tag:xt,text:Fe,url:L},Ct={...re,emStrongLDelim:nt,emStrongRDelimAst:lt,emStrongRDelimUnd:ct,link:g(/^!?\[(label)\]\((.*?)\)/).replace(
"label",K).getRegex(),reflink:g(/^!?\[(label)\]\s*\[([^\]]*)\]/).replace("label",K).getRegex()},V={...re,emStrongRDelimAst:st,emStrongLDelim:et,delLDelim:ut,delRDelim:ht,
url:g(/^emailProtocol|^((?:protocol):\/\/|www\.)(?:[a-zA-Z0-9\-]+\.?)+[^\s<]*|^email/).replace("emailProtocol",Pt).replace("protocol",fe).replace("email",/[A-Za-z0-9._+-]+(@)[a-zA-Z0-9-_]+(?:\.[a-zA-Z0-9-_]*[a-zA-Z0-9])+(?![\w-])/).
getRegex(),_backpedal:/(?:[^?!.,:;*_'"~()&]+|\([^)]*\)|&(?![a-zA-Z0-9]+;$)|[?!.,:;*_'"~)]+(?!$))+/,del:/^(~~?)(?=[^\s~])((?:\\[\s\S]|[^\\])*?(?:\\[\s\S]|[^\s~\\]))\1(?=[^~]|$)/,
text:g(/^(?:[^a-zA-Z0-9](?=emailProtocol)|(`+|~+|[^`~])(?:(?=[`~])|(?= {2,}\n)|(?=[a-zA-Z0-9.!#$%&'*+\/=?_`{\|}~-]+@)|[\s\S]*?(?:(?=[\\<!\[`*~_]|\b_|protocol:\/\/|wwwStart|$)|[^ ](?= {2,}\n)|[^a-zA-Z0-9](?=emailProtocol)|[^a-zA-Z0-9.!#$%&'*+\/=?_`{\|}~-](?=[a-zA-Z0-9.!#$%&'*+\/=?_`{\|}~-]+@))))/).
replace("protocol",fe).replace(/emailProtocol/g,/(?:mailto|xmpp):/).replace("wwwStart",de?"(?<![^\\s*_~(])www\\.":"www\\.").getRegex()},yt={...V,br:g(be).replace(
"{2,}","*").getRegex(),text:g(V.text).replace("\\b_","\\b_| {2,}\\n").replace(/\{2,\}/g,"*").getRegex()},H={normal:se,gfm:He,pedantic:Ge},O={normal:re,gfm:V,breaks:yt,
pedantic:Ct};function Pe(o){return S.numericCharacterReference.test(o)?o.replace(S.numericCharacterReferenceOrAmpersand,(e,t,n)=>{if(t===void 0&&n===void 0)return"&amp;";let i=t===
void 0?Number.parseInt(n,16):Number.parseInt(t,10);return i===0||i>1114111||i>=55296&&i<=57343?"�":i===38?"&amp;":String.fromCodePoint(i)}):o}function le(o,e){let t=o.replace(S.findPipe,(l,c,s)=>{let r=!1,p=c;for(;--p>=0&&s[p]==="\\";)r=!r;return r?"|":" |"}),n=t.split(S.splitPipe),i=0;if(n[0].trim()||
n.shift(),n.length>0&&!n.at(-1)?.trim()&&n.pop(),e)if(n.length>e)n.splice(e);else for(;n.length<e;)n.push("");for(;i<n.length;i++)n[i]=n[i].trim().replace(S.slashPipe,
"|");return n}function P(o,e,t){let n=o.length;if(n===0)return"";let i=0;for(;i<n;){let l=o.charAt(n-i-1);if(l===e&&!t)i++;else if(l!==e&&t)i++;else break}return o.
slice(0,n-i)}function oe(o){let e=o.split(`
`),t=e.length-1;for(;t>=0&&S.blankLine.test(e[t]);)t--;return e.length-t<=2?o:e.slice(0,t+1).join(`
`)}function D(o){return o.trim().replace(S.multipleSpaceGlobal," ").toLowerCase().toUpperCase().toLowerCase()}function ae(o,e){if(o.indexOf(e[0])===-1&&o.indexOf(
e[1])===-1)return-1;let t=0;for(let n=0;n<o.length;n++)if(o[n]==="\\")n++;else if(o[n]===e[0])t++;else if(o[n]===e[1]&&(t--,t<0))return n;return t>0?-2:-1}var B=new WeakMap;
function ce(o){let e={"*":-1,_:-1},t=-1,n=o.length;for(let i=0;i<n;i++){let l=o[i];if(l!=="*"&&l!=="_"&&l!=="~")continue;let c=i===0?`
`:o[i-1],s=i+1;for(;s<n&&o[s]===l;)s++;c!==" "&&c!=="	"&&c!==`
`&&c!=="\r"&&c!=="\f"&&(l==="~"?t=i:e[l]=i),i=s-1}return{maskedSrc:o,lastPossibleEmStrongCloserIndex:e,lastPossibleDelCloserIndex:t}}function Ce(o,e){let t=ce(e),
n=B.get(o);n?n.push(t):B.set(o,[t])}function ye(o){let e=B.get(o);e&&(e.pop(),e.length===0&&B.delete(o))}function U(o,e,t){let n=B.get(o)?.at(-1);return n&&n.maskedSrc===
e?n.lastPossibleEmStrongCloserIndex[t]:ce(e).lastPossibleEmStrongCloserIndex[t]}function X(o,e){let t=B.get(o)?.at(-1);return t&&t.maskedSrc===e?t.lastPossibleDelCloserIndex:
ce(e).lastPossibleDelCloserIndex}function G(o,e=0){let t=e,n="";for(let i of o)if(i==="	"){let l=4-t%4;n+=" ".repeat(l),t+=l}else n+=i,t++;return n}function _t(o,e){let t="";for(let n=0;n<o.length;n++){if(o[n]==="`"){let i=e.inline.code.exec(o.slice(n));if(i){t+=i[0],n+=i[0].length-1;continue}}if(o[n]==="\\"&&
(o[n+1]==="["||o[n+1]==="]")){t+=o[n+1],n++;continue}t+=o[n]}return t}function _e(o,e,t,n,i){let l=e.href,c=e.title||null,s=_t(o[1],i),r=o[0].charAt(0)==="!",p=n.
state.inLink,a=n.state.linkEmitted,w=n.state.inRawBlock;n.state.inLink=!0,n.state.linkEmitted=!1;let h=n.inlineTokens(s),u=n.state.linkEmitted;if(n.state.linkEmitted=
a,n.state.inLink=p,!r){if(u){n.state.inRawBlock=w;return}n.state.linkEmitted=!0}return{type:r?"image":"link",raw:t,href:l,title:c,text:s,tokens:h}}function $t(o,e,t){
let n=o.match(t.other.indentCodeCompensation);if(n===null)return e;let i=n[1];return e.split(`
`).map(l=>{let c=l.match(t.other.beginningSpace);if(c===null)return l;let[s]=c;return l.slice(Math.min(s.length,i.length))}).join(`
`)}function $e(o,e,t,n){if(!e.includes("<"))return!1;for(let i=0;i<e.length;i++){if(e[i]==="\\"){i++;continue}if(e[i]==="`"){let s=n.inline.code.exec(e.slice(i));
if(s){i+=s[0].length-1;continue}}if(e[i]!=="<")continue;let l=o.slice(t+i),c=n.inline.tag.exec(l)||n.inline.autolink.exec(l);if(c){if(c[0].length>e.length-i)return!0;
i+=c[0].length-1}}return!1}var y=class{options;rules;lexer;constructor(e){this.options=e||F}space(e){let t=this.rules.block.newline.exec(e);if(t&&t[0].length>0)
return{type:"space",raw:t[0]}}code(e){let t=this.rules.block.code.exec(e);if(t){let n=this.options.pedantic?t[0]:oe(t[0]),i=n.replace(this.rules.other.codeRemoveIndent,
"");return{type:"code",raw:n,codeBlockStyle:"indented",text:i}}}fences(e){let t=this.rules.block.fences.exec(e);if(t){let n=t[0],i=$t(n,t[3]||"",this.rules);return t[3]!==
void 0&&(i===""||i.endsWith(`
`))&&(i+=`
`),{type:"code",raw:n,lang:t[2]?t[2].trim().replace(this.rules.inline.anyPunctuation,"$1"):t[2],text:i}}}heading(e){let t=this.rules.block.heading.exec(e);if(t){
let n=t[2].trim();if(this.rules.other.endingHash.test(n)){let i=P(n,"#");(this.options.pedantic||!i||this.rules.other.endingSpaceTabChar.test(i))&&(n=i.trim())}
return{type:"heading",raw:P(t[0],`
`),depth:t[1].length,text:n,tokens:this.lexer.inline(n)}}}hr(e){let t=this.rules.block.hr.exec(e);if(t)return{type:"hr",raw:P(t[0],`
`)}}blockquote(e){let t=this.rules.block.blockquote.exec(e);if(t){let n=P(t[0],`
`).split(`
`),i="",l="",c=[];for(;n.length>0;){let s=!1,r=[],p;for(p=0;p<n.length;p++)if(this.rules.other.blockquoteStart.test(n[p]))r.push(n[p]),s=!0;else if(!s)r.push(n[p]);else
break;n=n.slice(p);let a=r.join(`
`),w=a.replace(this.rules.other.blockquoteMarkerWhitespace,(f,k,x)=>x.startsWith(" ")?k+" "+x.slice(1):k+G(x,k.length)).replace(this.rules.other.blockquoteSetextReplace,
`
    $1`).replace(this.rules.other.blockquoteSetextReplace2,"");i=i?`${i}
${a}`:a,l=l?`${l}
${w}`:w;let h=this.lexer.state.top;if(this.lexer.state.top=!0,this.lexer.blockTokens(w,c,!0),this.lexer.state.top=h,n.length===0)break;let u=c.at(-1);if(u?.type===
"code"||u?.type==="heading"||u?.type==="hr"||u?.type==="html"||u?.type==="table")break;if(u?.type==="blockquote"){let f=u,k=n.join(`
`),x=f.raw+`
`+k.replace(this.rules.other.blockquoteSetextReplace2,""),d=this.blockquote(x);c[c.length-1]=d;let m=x.substring(d.raw.length).replace(/^\n/,""),C=m?m.split(`
`).length:0,b=C?n.slice(0,-C):n;if(b.length>0&&(i=`${i}
${b.join(`
`)}`),l=l.substring(0,l.length-f.text.length)+d.text,n=n.slice(b.length),n.length>0&&this.rules.other.blockquoteStart.test(n[0]))continue;break}else if(u?.type===
"list"){let f=u,k=f.raw+`
`+n.join(`
`),x=this.list(k);c[c.length-1]=x;let d=x.raw.length>f.raw.length?k.slice(f.raw.length+1,x.raw.length).split(`
`).length:0;if(d>0){let m=n.slice(0,d).join(`
`);i=`${i}
${m}`,l=`${l}
${m}`}if(n=n.slice(d),n.length>0&&!this.rules.other.blockquoteStart.test(n[0]))break;continue}}return{type:"blockquote",raw:i,tokens:c,text:l}}}list(e){let t=this.
rules.block.list.exec(e);if(t){if(!this.options.pedantic&&this.lexer.state.lastToken?.type==="text"&&!this.rules.other.listInterruptsParagraph.test(e))return;let n=e,
i=()=>n.length-e.length,l=t[1].trim(),c=l.length>1,s={type:"list",raw:"",ordered:c,start:c?+l.slice(0,-1):"",loose:!1,items:[]};l=c?`\\d{1,9}\\${l.slice(-1)}`:`\
\\${l}`,this.options.pedantic&&(l=c?l:"[*+-]");let r=this.rules.other.listItemRegex(l),p=!1;for(;e;){let h=!1,u="";if(!(t=r.exec(e))||this.rules.block.hr.test(e))
break;let f=i();e=e.substring(t[0].length);let k=t[2].split(`
`,1)[0],x=t[1].length,d=this.options.pedantic?G(k,x):k.replace(this.rules.other.leadingSpaceTab,A=>G(A,x)),m=e.split(`
`,1)[0],C=!d.trim(),b=0;if(this.options.pedantic?(b=2,u=d.trimStart()):C?b=x+1:(b=d.search(this.rules.other.nonSpaceChar),b=b>4?1:b,u=d.slice(b),b+=x),C&&this.rules.
other.blankLine.test(m)&&(e=e.substring(m.length+1),h=!0),!h){let A=this.rules.other.nextBulletRegex(b),M=this.rules.other.hrRegex(b),W=this.rules.other.fencesBeginRegex(
b),_=this.options.pedantic?this.rules.other.pedanticHeadingBeginRegex(b):this.rules.other.headingBeginRegex(b),Z=this.rules.other.htmlBeginRegex(b),v=this.rules.
other.blockquoteBeginRegex(b),J=!1;for(;e;){let pe=e.split(`
`,1)[0],z;if(m=pe,this.options.pedantic?(m=m.replace(this.rules.other.listReplaceNesting,"  "),z=m):z=m.replace(this.rules.other.leadingSpaceTab,R=>G(R)),W.test(
m)||_.test(m)||Z.test(m)||v.test(m)||A.test(m)||M.test(m))break;if(z.search(this.rules.other.nonSpaceChar)>=b||!m.trim())u+=`
`+z.slice(b),J=!1;else{if(C)break;let R=d;if(!this.options.pedantic&&!u.includes(`
`)&&!d.includes("	")){let E;for(;!M.test(R)&&(E=this.rules.other.nestedBlockMarker.exec(R));)R=R.slice(E[0].length);if(!R.trim())break}if(R.replace(this.rules.other.
tabCharGlobal,"    ").search(this.rules.other.nonSpaceChar)>=4||W.test(R)||_.test(R)||Z.test(R)||M.test(R))break;if(!this.options.pedantic&&!J){let E=d.replace(
this.rules.other.nestedContainerMarkers,"");if(this.rules.block.fences.test(E)||this.rules.block.heading.test(E)||this.rules.block.hr.test(E))break}let Le=!this.
options.pedantic&&/^ {0,3}(?:=+|-+) *$/.test(m)&&this.rules.block.lheading.test(`${d}
${m}`)?`    ${z.replace(/^ {0,3}/,"")}`:m;u+=`
`+Le,J=!0}C=!m.trim(),e=e.substring(pe.length+1),d=z.slice(b)}}let q=n.slice(f,i());s.loose||(p?s.loose=!0:this.rules.other.doubleBlankLine.test(q)&&(p=!0)),s.items.
push({type:"list_item",raw:q,task:!!this.options.gfm&&this.rules.other.listIsTask.test(u),loose:!1,text:u,tokens:[]})}let a=s.items.at(-1);if(a)a.raw=a.raw.trimEnd(),
a.text=a.text.trimEnd();else return;s.raw=n.slice(0,i()).trimEnd();let w=[];for(let h of s.items)if(this.lexer.state.top=!1,w.push(this.lexer.inlineQueue.length),
h.tokens=this.lexer.blockTokens(h.text,[]),!s.loose){let u=h.tokens.filter(k=>k.type==="space"),f=u.length>0&&u.some(k=>this.rules.other.anyLine.test(k.raw));s.
loose=f}for(let h=0;h<s.items.length;h++){let u=s.items[h],f=u.tokens[0];if(u.task&&(f?.type==="text"||f?.type==="paragraph")){u.text=u.text.replace(this.rules.
other.listReplaceTask,""),f.raw=f.raw.replace(this.rules.other.listReplaceTask,""),f.text=f.text.replace(this.rules.other.listReplaceTask,"");let k=this.lexer.inlineQueue;
for(let d=w[h];d<k.length;d++)if(k[d].tokens===f.tokens){k[d].src=k[d].src.replace(this.rules.other.listReplaceTask,"");break}let x=this.rules.other.listTaskCheckbox.
exec(u.raw);if(x){let d={type:"checkbox",raw:x[0]+" ",checked:x[0]!=="[ ]"};u.checked=d.checked,s.loose?u.tokens[0]&&["paragraph","text"].includes(u.tokens[0].type)&&
"tokens"in u.tokens[0]&&u.tokens[0].tokens?(u.tokens[0].raw=d.raw+u.tokens[0].raw,u.tokens[0].text=d.raw+u.tokens[0].text,u.tokens[0].tokens.unshift(d)):u.tokens.
unshift({type:"paragraph",raw:d.raw,text:d.raw,tokens:[d]}):u.tokens.unshift(d)}}else u.task&&(u.task=!1)}if(s.loose)for(let h of s.items){h.loose=!0;for(let u of h.
tokens)u.type==="text"&&(u.type="paragraph")}return s}}html(e){let t=this.rules.block.html.exec(e);if(t){if(this.lexer.state.lastToken?.type==="paragraph"&&!this.
rules.other.htmlBeginRegex(4).test(e))return;let n=oe(t[0]);return{type:"html",block:!0,raw:n,pre:t[1]==="pre"||t[1]==="script"||t[1]==="style",text:n}}}def(e){
let t=this.rules.block.def.exec(e);if(t){if(!this.rules.other.startAngleBracket.test(t[2])&&ae(t[2],"()")!==-1)return;let n=D(t[1]),i=t[2]?t[2].replace(this.rules.
other.hrefBrackets,"$1").replace(this.rules.inline.anyPunctuation,"$1"):"",l=t[3]?t[3].substring(1,t[3].length-1).replace(this.rules.inline.anyPunctuation,"$1"):
t[3];return{type:"def",tag:n,raw:P(t[0],`
`),href:i,title:l}}}table(e){let t=this.rules.block.table.exec(e);if(!t||!this.rules.other.tableDelimiter.test(t[2]))return;let n=le(t[1]),i=t[2].replace(this.rules.
other.tableAlignChars,"").split("|"),l=t[3]?.trim()?t[3].replace(this.rules.other.tableRowBlankLine,"").split(`
`):[],c={type:"table",raw:P(t[0],`
`),header:[],align:[],rows:[]};if(n.length===i.length){for(let s of i)this.rules.other.tableAlignRight.test(s)?c.align.push("right"):this.rules.other.tableAlignCenter.
test(s)?c.align.push("center"):this.rules.other.tableAlignLeft.test(s)?c.align.push("left"):c.align.push(null);for(let s=0;s<n.length;s++)c.header.push({text:n[s],
tokens:this.lexer.inline(n[s]),header:!0,align:c.align[s]});for(let s of l)c.rows.push(le(s,c.header.length).map((r,p)=>({text:r,tokens:this.lexer.inline(r),header:!1,
align:c.align[p]})));return c}}lheading(e){let t=this.rules.block.lheading.exec(e);if(t){let n=t[1].trim();return{type:"heading",raw:P(t[0],`
`),depth:t[2].charAt(0)==="="?1:2,text:n,tokens:this.lexer.inline(n)}}}paragraph(e){let t=this.rules.block.paragraph.exec(e);if(t){let n=t[1].charAt(t[1].length-
1)===`
`?t[1].slice(0,-1):t[1];return{type:"paragraph",raw:t[0],text:n,tokens:this.lexer.inline(n)}}}text(e){let t=this.rules.block.text.exec(e);if(t)return{type:"text",
raw:t[0],text:t[0],tokens:this.lexer.inline(t[0])}}escape(e){if(e.charCodeAt(0)!==92)return;let t=this.rules.inline.escape.exec(e);if(t)return{type:"escape",raw:t[0],
text:t[1]}}tag(e){if(e.charCodeAt(0)!==60)return;let t=this.rules.inline.tag.exec(e);if(t)return!this.lexer.state.inLink&&this.rules.other.startATag.test(t[0])?
this.lexer.state.inLink=!0:this.lexer.state.inLink&&this.rules.other.endATag.test(t[0])&&(this.lexer.state.inLink=!1),!this.lexer.state.inRawBlock&&this.rules.other.
startPreScriptTag.test(t[0])?this.lexer.state.inRawBlock=!0:this.lexer.state.inRawBlock&&this.rules.other.endPreScriptTag.test(t[0])&&(this.lexer.state.inRawBlock=
!1),{type:"html",raw:t[0],inLink:this.lexer.state.inLink,inRawBlock:this.lexer.state.inRawBlock,block:!1,text:t[0]}}link(e){if(this.lexer.state.linkParenPossible===
!1)return;let t=e.charCodeAt(0);if(t!==91&&t!==33)return;let n=this.rules.inline.link.exec(e);if(n){let i=n[0].charAt(0)==="!"?2:1;if(!this.options.pedantic&&$e(
e,n[1],i,this.rules))return;let l=n[2].trim();if(!this.options.pedantic&&this.rules.other.startAngleBracket.test(l)){if(!this.rules.other.endAngleBracket.test(l))
return;let p=P(l.slice(0,-1),"\\");if((l.length-p.length)%2===0)return}else{let p=ae(n[2],"()");if(p===-2)return;if(p>-1){let w=(n[0].indexOf("!")===0?5:4)+n[1].
length+p;n[2]=n[2].substring(0,p),n[0]=n[0].substring(0,w).trim(),n[3]=""}}let c=P(n[0].slice(0,-1),"\\");if((n[0].length-c.length)%2===0)return;let s=n[2],r="";
if(this.options.pedantic){let p=this.rules.other.pedanticHrefTitle.exec(s);p&&(s=p[1],r=p[3])}else r=n[3]?n[3].slice(1,-1):"";return s=s.trim(),this.rules.other.
startAngleBracket.test(s)&&(this.options.pedantic&&!this.rules.other.endAngleBracket.test(l)?s=s.slice(1):s=s.slice(1,-1)),_e(n,{href:s&&s.replace(this.rules.inline.
anyPunctuation,"$1"),title:r&&r.replace(this.rules.inline.anyPunctuation,"$1")},n[0],this.lexer,this.rules)}}reflink(e,t){let n=e.charCodeAt(0);if(n!==91&&n!==33)
return;let i;if((i=this.rules.inline.reflink.exec(e))||(i=this.rules.inline.nolink.exec(e))){let l=i[0].charAt(0)==="!"?2:1;if(!this.options.pedantic&&$e(e,i[1],
l,this.rules))return;let c=t[D(i[2]||i[1])];if(!c){let s=i[0].charAt(0);return{type:"text",raw:s,text:s}}return _e(i,c,i[0],this.lexer,this.rules)}}emStrong(e,t,n=""){
let i=this.rules.inline.emStrongLDelim.exec(e);if(!i||!i[1]&&!i[2]&&!i[3]&&!i[4])return;let l=i[0][0],c=n===l,s=t.length-e.length,r=s;for(;!this.options.pedantic&&
r>0&&t[r-1]===l;)r--;let p=[...t.slice(Math.max(0,r-2),r)].at(-1)??"",a=p==="*"||p==="_"||!!this.rules.inline.punctuation.exec(p);r<s&&(n=p);let w=r<s?a:n==="*"||
n==="_"||!!this.rules.inline.punctuation.exec(n);if(i[4]&&n.match(this.rules.other.unicodeAlphaNumeric))return;let h=i[1]||i[3]||"";if(!h||!n||w){let u=[...i[0]].
length-1,f,k,x=u,d=0,m=s-r+u,C=!this.options.pedantic&&!!p.trim()&&(!!h||l==="*"&&!a);if(l!=="*"&&l!=="_")return;let b=l==="*"?this.rules.inline.emStrongRDelimAst:
this.rules.inline.emStrongRDelimUnd,q=U(this,t,l),A=t.length-e.length+u;if(q<A)return;t=t.slice(-1*e.length+u);let M=q-A;for(b.lastIndex=0;(i=b.exec(t))!==null&&
!(i.index>M);){if(f=i[1]||i[2]||i[3]||i[4]||i[5]||i[6],!f)continue;if(k=[...f].length,i[3]||i[4]){x+=k;continue}else if((i[5]||i[6]||C)&&m%3&&!((m+k)%3)){if(c&&
(i[5]||i[6]))break;d+=k;continue}if(x-=k,x>0)continue;k=Math.min(k,k+x+d);let W=[...i[0]][0].length,_=e.slice(0,u+i.index+W+k);if(Math.min(u,k)%2){let v=_.slice(
1,-1);return{type:"em",raw:_,text:v,tokens:this.lexer.inlineTokens(v)}}let Z=_.slice(2,-2);return{type:"strong",raw:_,text:Z,tokens:this.lexer.inlineTokens(Z)}}}}codespan(e){
if(e.charCodeAt(0)!==96)return;let t=this.rules.inline.code.exec(e);if(t){let n=t[2].replace(this.rules.other.newLineCharGlobal," "),i=this.rules.other.nonSpaceChar.
test(n),l=this.rules.other.startingSpaceChar.test(n)&&this.rules.other.endingSpaceChar.test(n);return i&&l&&(n=n.substring(1,n.length-1)),{type:"codespan",raw:t[0],
text:n}}}br(e){let t=e.charCodeAt(0);if(t!==32&&t!==92&&t!==10)return;let n=this.rules.inline.br.exec(e);if(n)return{type:"br",raw:n[0]}}del(e,t,n=""){if(e.charCodeAt(
0)!==126)return;let i=this.rules.inline.delLDelim.exec(e);if(!i)return;if(!(i[1]||"")||!n||this.rules.inline.punctuation.exec(n)){let c=[...i[0]].length-1,s,r,p=c,
a=this.rules.inline.delRDelim,w=X(this,t),h=t.length-e.length+c;if(w<h)return;t=t.slice(-1*e.length+c);let u=w-h;for(a.lastIndex=0;(i=a.exec(t))!==null&&!(i.index>
u);){if(s=i[1]||i[2]||i[3]||i[4]||i[5]||i[6],!s||(r=[...s].length,r!==c))continue;if(i[3]||i[4]){p+=r;continue}if(p-=r,p>0)continue;r=Math.min(r,r+p);let f=[...i[0]][0].
length,k=e.slice(0,c+i.index+f+r),x=k.slice(c,-c);return{type:"del",raw:k,text:x,tokens:this.lexer.inlineTokens(x)}}}}autolink(e){if(e.charCodeAt(0)!==60)return;
let t=this.rules.inline.autolink.exec(e);if(t){let n,i;return t[2]==="@"?(n=t[1],i="mailto:"+n):(n=t[1],i=n),{type:"link",raw:t[0],text:n,href:i,autolink:!0,tokens:[
{type:"text",raw:n,text:n}]}}}url(e){let t;if(t=this.rules.inline.url.exec(e)){let n,i;if(t[2]==="@")n=t[0],i="mailto:"+n;else{let l;do l=t[0],t[0]=this.rules.inline.
_backpedal.exec(t[0])?.[0]??"";while(l!==t[0]);n=t[0],t[1]==="www."?i="http://"+t[0]:i=t[0]}return{type:"link",raw:t[0],text:n,href:i,autolink:!0,tokens:[{type:"\
text",raw:n,text:n}]}}}inlineText(e){let t=this.rules.inline.text.exec(e);if(t){let n=this.lexer.state.inRawBlock;return{type:"text",raw:t[0],text:n?t[0]:Pe(t[0]),
escaped:n}}}};var ue=class o{tokens;options;state;inlineQueue;tokenizer;constructor(e){this.tokens=[],this.tokens.links=Object.create(null),this.options=e||F,this.options.tokenizer=
this.options.tokenizer||new y,this.tokenizer=this.options.tokenizer,this.tokenizer.options=this.options,this.tokenizer.lexer=this,this.inlineQueue=[],this.state=
{inLink:!1,inRawBlock:!1,linkEmitted:!1,linkParenPossible:!0,top:!0};let t={other:S,block:H.normal,inline:O.normal};this.options.pedantic?(t.block=H.pedantic,t.
inline=O.pedantic):this.options.gfm&&(t.block=H.gfm,this.options.breaks?t.inline=O.breaks:t.inline=O.gfm),this.tokenizer.rules=t}static get rules(){return{block:H,
inline:O}}static lex(e,t){return new o(t).lex(e)}static lexInline(e,t){return new o(t).inlineTokens(e)}lex(e){e=e.replace(S.carriageReturn,`
`),this.blockTokens(e,this.tokens);for(let t=0;t<this.inlineQueue.length;t++){let n=this.inlineQueue[t];this.state.inRawBlock=!1,this.inlineTokens(n.src,n.tokens)}
return this.inlineQueue=[],this.tokens}blockTokens(e,t=[],n=!1){this.tokenizer.lexer=this;let i=this.state.lastToken;this.options.pedantic&&(e=e.replace(S.tabCharGlobal,
"    ").replace(S.spaceLine,""));let l=1/0,c,s=this.options.gfm&&!this.options.pedantic&&this.tokenizer.paragraph===y.prototype.paragraph;for(;e;){if(e.length<l)
l=e.length;else{this.infiniteLoopError(e.charCodeAt(0));break}this.state.lastToken=t.at(-1);let r;if(this.options.extensions?.block?.some(a=>(r=a.call({lexer:this},
e,t))?(e=e.substring(r.raw.length),t.push(r),!0):!1))continue;if(r=this.tokenizer.space(e)){e=e.substring(r.raw.length);let a=t.at(-1);r.raw.length===1&&a!==void 0?
a.raw+=`
`:t.push(r);continue}if(r=this.tokenizer.code(e)){e=e.substring(r.raw.length);let a=t.at(-1);a?.type==="paragraph"||a?.type==="text"?(a.raw+=(a.raw.endsWith(`
`)?"":`
`)+r.raw,a.text+=`
`+r.text,this.inlineQueue.at(-1).src=a.text):t.push(r);continue}if(r=this.tokenizer.fences(e)){e=e.substring(r.raw.length),t.push(r);continue}if(r=this.tokenizer.
heading(e)){e=e.substring(r.raw.length),t.push(r);continue}if(r=this.tokenizer.hr(e)){e=e.substring(r.raw.length),t.push(r);continue}if(r=this.tokenizer.blockquote(
e)){e=e.substring(r.raw.length),t.push(r);continue}if(r=this.tokenizer.list(e)){e=e.substring(r.raw.length),t.push(r);continue}if(r=this.tokenizer.html(e)){e=e.
substring(r.raw.length),t.push(r);continue}if(r=this.tokenizer.def(e)){e=e.substring(r.raw.length);let a=t.at(-1);a?.type==="paragraph"||a?.type==="text"?(a.raw+=
(a.raw.endsWith(`
`)?"":`
`)+r.raw,a.text+=`
`+r.raw,this.inlineQueue.at(-1).src=a.text):(this.tokens.links[r.tag]||(this.tokens.links[r.tag]={href:r.href,title:r.title}),t.push(r));continue}if(r=this.tokenizer.
table(e)){e=e.substring(r.raw.length),t.push(r);continue}if(r=this.tokenizer.lheading(e)){e=e.substring(r.raw.length),t.push(r);continue}let p=e;if(this.options.
extensions?.startBlock){let a=1/0,w=e.slice(1),h;this.options.extensions.startBlock.forEach(u=>{h=u.call({lexer:this},w),typeof h=="number"&&h>=0&&(a=Math.min(a,
h))}),a<1/0&&a>=0&&(p=e.substring(0,a+1))}if(this.state.top&&(r=this.tokenizer.paragraph(p))){let a=t.at(-1);(n||a===c&&s)&&a?.type==="paragraph"?(a.raw+=(a.raw.
endsWith(`
`)?"":`
`)+r.raw,a.text+=`
`+r.text,this.inlineQueue.pop(),this.inlineQueue.at(-1).src=a.text,c=a):(t.push(r),c=r),n=p.length!==e.length,e=e.substring(r.raw.length);continue}if(r=this.tokenizer.
text(e)){e=e.substring(r.raw.length);let a=t.at(-1);a?.type==="text"?(a.raw+=(a.raw.endsWith(`
`)?"":`
`)+r.raw,a.text+=`
`+r.text,this.inlineQueue.pop(),this.inlineQueue.at(-1).src=a.text):t.push(r);continue}if(e){this.infiniteLoopError(e.charCodeAt(0));break}}return this.state.top=
!0,this.state.lastToken=i,t}inline(e,t=[]){return this.inlineQueue.push({src:e,tokens:t}),t}linkInText(e){if(!e.includes("["))return!1;let t=this.tokenizer.rules.
inline.link;for(let n of e.matchAll(this.tokenizer.rules.inline.blockSkip))if(t.test(n[0])&&e.charAt(n.index-1)!=="!")return!0;for(let n of e.matchAll(this.tokenizer.
rules.inline.reflinkSearch)){let i=n[0],l=i.lastIndexOf("[");if(!(i.charAt(0)==="!"||!Object.hasOwn(this.tokens.links,D(i.slice(l+1,-1))))&&!(l>1&&this.linkInText(
i.slice(1,l-1))))return!0}return!1}inlineTokens(e,t=[]){this.tokenizer.lexer=this;let n=this.state.linkParenPossible;this.state.linkParenPossible=e.includes(")");
try{return this.#t(e,t)}finally{this.state.linkParenPossible=n}}#t(e,t){let n=e.includes("*")||e.includes("_")||e.includes("~"),i=n||this.options.hooks?.emStrongMask||
this.tokenizer.emStrong!==y.prototype.emStrong||this.tokenizer.del!==y.prototype.del?this.#i(e):e;if(!n)return this.#e(e,i,t);Ce(this.tokenizer,i);try{return this.#e(
e,i,t)}finally{ye(this.tokenizer)}}#e(e,t,n){let i=!1,l="",c=1/0;for(;e;){if(e.length<c)c=e.length;else{this.infiniteLoopError(e.charCodeAt(0));break}i||(l=""),
i=!1;let s;if(this.options.extensions?.inline?.some(a=>(s=a.call({lexer:this},e,n))?(e=e.substring(s.raw.length),n.push(s),!0):!1))continue;if(s=this.tokenizer.
escape(e)){e=e.substring(s.raw.length),n.push(s);continue}if(s=this.tokenizer.tag(e)){e=e.substring(s.raw.length),n.push(s);continue}if(s=this.tokenizer.link(e)){
e=e.substring(s.raw.length),n.push(s);continue}if(s=this.tokenizer.reflink(e,this.tokens.links)){e=e.substring(s.raw.length);let a=n.at(-1);s.type==="text"&&a?.
type==="text"?(a.raw+=s.raw,a.text+=s.text):n.push(s);continue}let r=e[0];if(r==="*"||r==="_"){let a=t.length-e.length;if(U(this.tokenizer,t,r)<=a){let h=1;for(;h<
e.length&&e.charCodeAt(h)===r.charCodeAt(0);)h++;let u=e.substring(0,h),f=n.at(-1);f?.type==="text"&&!f.escaped?(f.raw+=u,f.text+=u):n.push({type:"text",raw:u,text:u,
escaped:!1}),e=e.substring(h),l=r,i=!0;continue}}else if(r==="~"){let a=t.length-e.length;if(X(this.tokenizer,t)<=a){let h=1;for(;h<e.length&&e.charCodeAt(h)===
126;)h++;let u=e.substring(0,h),f=n.at(-1);f?.type==="text"&&!f.escaped?(f.raw+=u,f.text+=u):n.push({type:"text",raw:u,text:u,escaped:!1}),e=e.substring(h),l=r,
i=!0;continue}}if(s=this.tokenizer.emStrong(e,t,l)){e=e.substring(s.raw.length),n.push(s);continue}if(s=this.tokenizer.codespan(e)){e=e.substring(s.raw.length),
n.push(s);continue}if(s=this.tokenizer.br(e)){e=e.substring(s.raw.length),n.push(s);continue}if(s=this.tokenizer.del(e,t,l)){e=e.substring(s.raw.length),n.push(
s);continue}if(s=this.tokenizer.autolink(e)){e=e.substring(s.raw.length),n.push(s);continue}if(!this.state.inLink&&(s=this.tokenizer.url(e))){e=e.substring(s.raw.
length),n.push(s);continue}let p=e;if(this.options.extensions?.startInline){let a=1/0,w=e.slice(1),h;this.options.extensions.startInline.forEach(u=>{h=u.call({lexer:this},
w),typeof h=="number"&&h>=0&&(a=Math.min(a,h))}),a<1/0&&a>=0&&(p=e.substring(0,a+1))}if(s=this.tokenizer.inlineText(p)){e=e.substring(s.raw.length),s.raw.slice(
-1)!=="_"&&(l=s.raw.slice(-1)),i=!0;let a=n.at(-1);a?.type==="text"?(a.raw+=s.raw,a.text+=s.text):n.push(s);continue}if(e){this.infiniteLoopError(e.charCodeAt(0));
break}}return n}#n(e){let{blockSkip:t,tag:n,autolink:i}=this.tokenizer.rules.inline,l="",c=0,s;for(t.lastIndex=0;s=t.exec(e);){let r=s.index+(s[2]?s[2].length:0),
p=s.index+s[0].length;if(e.charAt(r)==="<"){let a=e.slice(r),w=n.exec(a)||i.exec(a);if(!w){t.lastIndex=r+1;continue}p=r+w[0].length,t.lastIndex=p}l+=e.slice(c,r)+
"["+"a".repeat(p-r-2)+"]",c=p}return l+e.slice(c)}#i(e){let t=e;if(this.tokens.links&&e.includes("[")){let n=this.tokenizer.rules.inline.reflinkSearch,i=l=>{let c=l.
lastIndexOf("[");if(!Object.hasOwn(this.tokens.links,D(l.slice(c+1,-1))))return l;if(c>1&&l.charAt(0)!=="!"){let s=l.slice(1,c-1);if(this.linkInText(s))return"["+
s.replace(n,i)+"]["+"a".repeat(l.length-c-2)+"]"}return"["+"a".repeat(l.length-2)+"]"};t=t.replace(n,i)}return t=t.replace(this.tokenizer.rules.inline.anyPunctuationOutsideCode,
(n,i,l)=>l?"+".repeat(n.length):i?i+n.slice(i.length,-i.length).replace(/`/g,"+")+i:n),t=this.#n(t),t=this.options.hooks?.emStrongMask?.call({lexer:this},t)??t,
t}infiniteLoopError(e){let t="Infinite loop on byte: "+e;if(this.options.silent)console.error(t);else throw new Error(t)}};export{ue as Lexer,y as Tokenizer};
